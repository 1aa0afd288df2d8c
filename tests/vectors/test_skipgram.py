"""Skip-gram training: gensim's, in any process, with nothing left to chance."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from interpbook.vectors import (
    train_skipgram,
)
from support.inventions import assert_same_vectors
from support.places import ROOT


def two_topics(documents=400, seed=0):
    """Write documents about one of two topics each, so that a topic's words are neighbours."""
    generator = np.random.default_rng(seed)
    topics = [["sun", "rain", "wind", "snow", "cloud"], ["goal", "team", "match", "coach", "win"]]
    return [list(generator.choice(topics[i % 2], size=12)) for i in range(documents)]


def train(documents, **changes):
    settings = {"dim": 10, "epochs": 5, "workers": 1, "min_count": 5}
    return train_skipgram(documents, **(settings | changes))


def test_words_of_a_topic_become_neighbours():
    vectors = train(two_topics(), epochs=15)
    assert len(vectors) == 10 and vectors.dim == 10
    for word, topic in (
        ("sun", {"rain", "wind", "snow", "cloud"}),
        ("goal", {"team", "match", "coach", "win"}),
    ):
        assert {neighbour for neighbour, _ in vectors.neighbours(word, 4)} == topic


def test_one_worker_is_deterministic_and_the_seed_matters():
    first, second = train(two_topics(), seed=3), train(two_topics(), seed=3)
    assert_same_vectors(first, second)
    assert not np.array_equal(first.vectors, train(two_topics(), seed=4)["sun"])
    assert not np.allclose(first["sun"], train(two_topics(), seed=4)["sun"])


def test_it_is_gensims_skip_gram():
    from gensim.models import Word2Vec

    settings = {"window": 2, "min_count": 5, "seed": 7, "workers": 1, "epochs": 2}
    expected = Word2Vec(two_topics(), vector_size=10, sg=1, **settings).wv
    got = train(two_topics(), **settings)
    assert list(got.words) == expected.index_to_key
    np.testing.assert_array_equal(got.vectors, expected.vectors)


def test_another_process_gets_the_same_vectors():
    """Python hashes strings differently in each process: nothing may depend on it."""
    program = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]);"
        "from interpbook.vectors import train_skipgram as train;"
        "words = 'sun rain wind snow cloud'.split();"
        "v = train([words, words[::-1]] * 50, dim=4, workers=1);"
        "print(*v.words, hashlib.sha256(v.vectors.tobytes()).hexdigest())"
    )
    source = str(ROOT / "src")
    printed = subprocess.run(
        [sys.executable, "-c", program, source],
        env=os.environ | {"PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    words = "sun rain wind snow cloud".split()
    here = train_skipgram([words, words[::-1]] * 50, dim=4, workers=1)
    assert printed.split() == [*here.words, hashlib.sha256(here.vectors.tobytes()).hexdigest()]


def test_rare_words_are_left_out_and_the_frequent_come_first():
    documents = [["often"] * 9 + ["sometimes"] * 5 + ["rarely"] * 4] * 1
    assert train(documents, source="a test").words == ("often", "sometimes")
    assert train(documents, source="a test").source == "a test"
    with pytest.raises(ValueError, match="no word occurs 10 times in these documents"):
        train(documents, min_count=10)


def test_any_iterable_that_can_be_read_again_will_do(capsys):
    class Stream:
        passes = 0

        def __iter__(self):
            Stream.passes += 1
            return iter(two_topics())

    assert_same_vectors(train(Stream(), progress=True), train(two_topics()))
    assert Stream.passes == 1 + 1 + 5  # a look at the first document, counting, epochs
    assert "pass 6 of 6" in capsys.readouterr().err
    train(two_topics())
    assert "pass" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ((document for document in two_topics()), "got an iterator: pass a list"),
        (["not tokenized"], "got a str: use tokenize"),
        ("not even documents", "got a str: use tokenize"),
    ],
)
def test_documents_of_another_shape_are_refused(documents, message):
    with pytest.raises(TypeError, match=message):
        train(documents)
