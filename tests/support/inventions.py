"""Invented corpora and word vectors that stand in for the real ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interpbook import Corpus
from interpbook.corpora import Provenance
from interpbook.vectors import WordVectors


def invented_corpus(
    name: str,
    split: str,
    texts: Sequence[str],
    labels: Sequence[int] | None = None,
    class_names: tuple[str, ...] = ("no", "yes"),
) -> Corpus:
    """Return a complete corpus of these texts; without labels the classes take turns."""
    origin = Provenance("invented", {}, len(texts), len(texts))
    turns = np.arange(len(texts)) % len(class_names)
    numbers = turns if labels is None else np.asarray(labels)
    return Corpus(name, split, tuple(texts), numbers, class_names, origin)


def made_up_vectors(
    dim: int = 100, words: tuple[str, ...] = ("fine", "bad", "elsewhere")
) -> WordVectors:
    """Return vectors of a few words, far enough from zero that a mean or a zero would show."""
    table = np.random.default_rng(0).normal(2.0, 1.0, (len(words), dim)).astype(np.float32)
    return WordVectors(words, table, "made up")


def random_vectors(
    words: Sequence[str] = ("the", "café", "don't", "映画"), dim: int = 3, seed: int = 0
) -> WordVectors:
    """Return vectors of these words, drawn from a normal distribution."""
    numbers = np.random.default_rng(seed).normal(size=(len(words), dim))
    return WordVectors(tuple(words), numbers.astype(np.float32), "made up")


def assert_same_vectors(got: WordVectors, expected: WordVectors) -> None:
    """See that words, numbers and their type are the same."""
    assert got.words == expected.words
    assert got.vectors.dtype == np.float32
    np.testing.assert_array_equal(got.vectors, expected.vectors)
