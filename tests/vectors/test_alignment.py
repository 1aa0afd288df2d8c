"""A vocabulary's rows against slow loops."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook.text import Vocabulary
from interpbook.vectors import (
    Coverage,
    WordVectors,
    align,
)
from support.inventions import random_vectors


def slow_align(vectors, vocabulary, seed, missing="random"):
    """Do what ``align`` says, number by number."""
    columns = [
        [float(number) for number in column] for column in zip(*vectors.vectors, strict=True)
    ]
    means = [sum(column) / len(column) for column in columns]
    numbers = [float(number) for row in vectors.vectors for number in row]
    mean = sum(numbers) / len(numbers)
    deviation = (sum((number - mean) ** 2 for number in numbers) / len(numbers)) ** 0.5
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(len(vocabulary), vectors.dim, generator=generator)
    table = []
    for id_, word in enumerate(vocabulary.words):
        if id_ == 0:
            table.append([0.0] * vectors.dim)
        elif id_ > 1 and word in vectors.words:
            table.append([float(n) for n in vectors.vectors[vectors.words.index(word)]])
        elif missing != "random":
            table.append(means if missing == "mean" else [0.0] * vectors.dim)
        else:
            table.append([float(number) * deviation for number in drawn[id_]])
    return torch.tensor(table)


@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True),
    st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1),
    st.integers(0, 2**31),
    st.sampled_from(["random", "zero", "mean"]),
)
def test_alignment_equals_its_slow_twin(known, with_vectors, seed, missing):
    vocabulary = Vocabulary(("<pad>", "<unk>", *known))
    vectors = random_vectors(with_vectors, dim=2, seed=seed)
    weights, coverage = align(vectors, vocabulary, seed=seed, missing=missing)
    torch.testing.assert_close(weights, slow_align(vectors, vocabulary, seed, missing))
    assert weights.dtype == torch.float32
    assert coverage.found == len(set(known) & set(with_vectors))
    assert coverage.total == len(known)
    assert coverage.missing == tuple(word for word in known if word not in with_vectors)[:10]


@pytest.mark.parametrize(("missing", "value"), [("zero", 0.0), ("mean", 3.0)])
def test_words_without_a_vector_get_zeros_or_the_mean(missing, value):
    """The unknown word is one of them; padding is always zero, and a word's own vector stays."""
    vectors = WordVectors(("a", "b"), np.array([[2.0, 2.0], [4.0, 4.0]], np.float32), "made up")
    vocabulary = Vocabulary(("<pad>", "<unk>", "a", "new"))
    weights, coverage = align(vectors, vocabulary, missing=missing)
    assert weights.tolist() == [[0, 0], [value, value], [2, 2], [value, value]]
    assert coverage == align(vectors, vocabulary)[1] == Coverage(1, 2, ("new",))
    assert torch.equal(weights, align(vectors, vocabulary, missing=missing, seed=9)[0])


def test_an_unknown_way_to_fill_in_is_refused(as_users_run_it):
    with pytest.raises(ValueError, match="missing is one of random, zero, mean, got 'drop'"):
        align(random_vectors(), Vocabulary(("<pad>", "<unk>")), missing="drop")


def test_special_words_never_take_a_vector():
    vectors = random_vectors(("<pad>", "<unk>", "a"))
    weights, coverage = align(vectors, Vocabulary(("<pad>", "<unk>", "a")))
    assert not weights[0].any()
    assert not np.allclose(weights[1], vectors["<unk>"])
    assert (coverage.found, coverage.total, coverage.share) == (1, 1, 1.0)


def test_drawn_rows_are_as_long_as_real_ones_and_follow_the_seed():
    vectors = WordVectors(
        ("a", "b"), np.array([[3.0, 1.0] * 50, [1.0, 3.0] * 50], np.float32), "made up"
    )  # mean 2, standard deviation 1
    vocabulary = Vocabulary(("<pad>", "<unk>", *(f"w{i}" for i in range(1_000))))
    weights, _ = align(vectors, vocabulary, seed=5)
    assert weights[1:].std() == pytest.approx(1.0, abs=0.01)
    assert weights[1:].mean() == pytest.approx(0.0, abs=0.02)
    torch.testing.assert_close(weights, align(vectors, vocabulary, seed=5)[0])
    assert not torch.allclose(weights, align(vectors, vocabulary, seed=6)[0])


def test_weights_do_not_share_memory_with_the_vectors():
    vectors = random_vectors()
    weights, _ = align(vectors, Vocabulary(("<pad>", "<unk>", *vectors.words)))
    weights[2:] = 0
    assert vectors.vectors.any()


def test_coverage_is_told_in_words():
    assert str(Coverage(1_234, 2_000, ("x", "y"))) == "1,234 of 2,000 words (61.7%), missing: x, y"
    assert str(Coverage(2, 2, ())) == "2 of 2 words (100.0%)"
    assert Coverage(0, 0, ()).share == 1.0
