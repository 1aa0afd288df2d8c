"""Word vectors in the order of a vocabulary, as an embedding's weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from interpbook.text import PADDING, PADDING_WORD, UNKNOWN_WORD, Vocabulary
from interpbook.vectors.word_vectors import WordVectors

Missing = Literal["random", "zero", "mean"]


# --------------------------------------------------------------------------------------- alignment


@dataclass(frozen=True)
class Coverage:
    """How many words of a vocabulary have a vector; padding and unknown do not count.

    Parameters
    ----------
    found, total : int
        Words with a vector, and all words.
    missing : tuple of str
        The most frequent words without one, at most ten.

    Examples
    --------
    >>> print(Coverage(3, 4, ("zyzzyva",)))
    3 of 4 words (75.0%), missing: zyzzyva
    """

    found: int
    total: int
    missing: tuple[str, ...]

    @property
    def share(self) -> float:
        """Part of the words that have a vector, 0..1; 1 for a vocabulary without words."""
        return self.found / self.total if self.total else 1.0

    def __str__(self) -> str:
        text = f"{self.found:,} of {self.total:,} words ({self.share:.1%})"
        return f"{text}, missing: {', '.join(self.missing)}" if self.missing else text


def align(
    vectors: WordVectors, vocabulary: Vocabulary, *, seed: int = 0, missing: Missing = "random"
) -> tuple[Float32[Tensor, "V m"], Coverage]:
    """Lay vectors out in the order of a vocabulary, as an embedding's weights.

    Row 0 (padding) is zero. Words with a vector get it. All others, the unknown word among them,
    are by default drawn from a normal distribution with mean zero and the standard deviation of all
    numbers in ``vectors``: so they are as long as real vectors are, and a filter neither overlooks
    them nor mistakes them for something strong. A row that is drawn depends on the seed and its id
    only.

    Parameters
    ----------
    vectors : WordVectors
        Vectors of length m.
    vocabulary : Vocabulary
        V words.
    seed : int
        Seeds the rows that are drawn.
    missing : {"random", "zero", "mean"}
        What a word without a vector gets: a drawn one, zeros, or the mean of all vectors.

    Returns
    -------
    weights : Tensor of shape (V, m), float32
        One row for each id.
    coverage : Coverage
        How many words were found.

    Raises
    ------
    ValueError
        If ``missing`` is none of the three.

    Examples
    --------
    >>> vectors = WordVectors(("up", "down"), np.eye(2, dtype=np.float32), "made up")
    >>> vocabulary = Vocabulary(("<pad>", "<unk>", "down", "left"))
    >>> weights, coverage = align(vectors, vocabulary, missing="zero")
    >>> weights.tolist()
    [[0.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    >>> print(coverage)
    1 of 2 words (50.0%), missing: left
    """
    if missing not in get_args(Missing):
        raise ValueError(f"missing is one of {', '.join(get_args(Missing))}, got {missing!r}")
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(len(vocabulary), vectors.dim, generator=generator)
    weights *= _standard_deviation(vectors.vectors)
    if missing != "random":
        mean = torch.from_numpy(vectors.vectors.mean(axis=0))
        weights[:] = mean if missing == "mean" else 0.0
    weights[PADDING] = 0.0
    without = []
    ids, rows = [], []
    for id_, word in enumerate(vocabulary.words):
        if word in (PADDING_WORD, UNKNOWN_WORD):
            continue
        if word in vectors:
            ids.append(id_)
            rows.append(vectors._rows[word])
        else:
            without.append(word)
    weights[torch.tensor(ids, dtype=torch.int64)] = torch.from_numpy(vectors.vectors[rows])
    return weights, Coverage(len(ids), len(vocabulary) - 2, tuple(without[:10]))


def _standard_deviation(table: Float32[np.ndarray, "V m"]) -> float:
    """Take it in float64 and in pieces: numpy's own would copy all of a large table."""
    total = squares = 0.0
    for piece in np.array_split(table, len(table) // 65_536 + 1):
        numbers = piece.astype(np.float64)
        total += numbers.sum()
        squares += np.square(numbers).sum()
    mean = total / table.size
    return float(np.sqrt(max(squares / table.size - mean**2, 0.0)))
