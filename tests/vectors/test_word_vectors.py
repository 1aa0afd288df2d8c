"""Word vectors check themselves, are looked up and find their neighbours."""

import numpy as np
import pytest

from interpbook.vectors import (
    WordVectors,
    read_vectors,
)
from support.inventions import random_vectors
from support.places import MIRROR


@pytest.mark.parametrize(
    ("words", "table", "message"),
    [
        (("a", "b"), np.zeros((3, 2), np.float32), r"each of 2 words, got shape \(3, 2\)"),
        (("a", "b"), np.zeros((2, 2)), "float32 table .* dtype float64"),
        (("a", "b"), np.zeros(2, np.float32), r"got shape \(2,\)"),
        (("a", "a"), np.zeros((2, 2), np.float32), "each word once"),
        (("a", "b"), np.array([[0, 1], [np.nan, 1]], np.float32), "finite numbers"),
        (("a", "b"), np.array([[np.inf, 1], [-np.inf, 1]], np.float32), "finite numbers"),
        ((), np.zeros((0, 2), np.float32), "at least one word"),
        (("a",), np.zeros((1, 0), np.float32), "at least one word and one dimension"),
    ],
)
def test_word_vectors_check_themselves(words, table, message, as_users_run_it):
    with pytest.raises(ValueError, match=message):
        WordVectors(words, table, "made up")


def test_word_vectors_are_looked_up_and_do_not_change():
    vectors = random_vectors()
    np.testing.assert_array_equal(vectors["café"], vectors.vectors[1])
    assert "café" in vectors and "cafe" not in vectors
    assert (len(vectors), vectors.dim) == (4, 3)
    with pytest.raises(ValueError, match="read-only"):
        vectors.vectors[0] = 0
    with pytest.raises(KeyError, match="no vector for 'cafe' in made up"):
        vectors["cafe"]


def test_neighbours_go_by_cosine():
    table = np.array([[1, 0], [10, 1], [0, 5], [-1, 0], [0, 0]], np.float32)
    vectors = WordVectors(("a", "near", "across", "opposite", "nowhere"), table, "made up")
    assert [word for word, _ in vectors.neighbours("a", 3)] == ["near", "across", "opposite"]
    assert vectors.neighbours("a", 1)[0][1] == pytest.approx(10 / 101**0.5)
    assert len(vectors.neighbours("a", 99)) == 4


def test_real_glove_vectors_have_sane_neighbours():
    path = MIRROR / "vectors/glove.6B.50d.subset.w2v.txt"
    if not path.is_file():
        pytest.skip("no real vectors: set INTERPBOOK_DATA or provide ../shared/data")
    vectors = read_vectors(path)
    assert (len(vectors), vectors.dim) == (8_453, 50)
    assert vectors.words[0] == "the" and vectors["the"][0] == pytest.approx(0.418)
    assert "better" in dict(vectors.neighbours("good"))
    assert {"kingdom", "ii"} & dict(vectors.neighbours("king", 10)).keys()
