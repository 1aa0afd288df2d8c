"""Word vectors: read published ones, train our own, lay them out for a vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32

from interpbook.vectors import files as vectorfiles
from interpbook.vectors.cosines import highest


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words and their vectors.

    Parameters
    ----------
    words : tuple of str
        V different words.
    vectors : ndarray of shape (V, m), float32
        The words' vectors, one a row, read-only.
    source : str
        Where they come from, for records; never a local path.

    Examples
    --------
    >>> vectors = WordVectors(("up", "down"), np.eye(2, dtype=np.float32), "made up")
    >>> vectors
    <WordVectors: 2 words, 2 dimensions, made up>
    >>> vectors["down"]
    array([0., 1.], dtype=float32)
    """

    words: tuple[str, ...]
    vectors: Float32[np.ndarray, "V m"]
    source: str

    def __post_init__(self) -> None:
        table = np.asarray(self.vectors).view()
        if table.ndim != 2 or table.dtype != np.float32 or len(table) != len(self.words):
            raise ValueError(
                f"expected a float32 table with one row for each of {len(self.words):,} words, "
                f"got shape {table.shape} and dtype {table.dtype}"
            )
        if not table.size:
            raise ValueError("expected at least one word and one dimension, got none")
        if len(self._rows) != len(self.words):
            raise ValueError("word vectors list each word once, got one twice")
        with np.errstate(invalid="ignore"):
            total = table.sum(dtype=np.float64)  # one number tells, and costs no second table
        if not np.isfinite(total):
            raise ValueError("word vectors are finite numbers, got nan or infinity")
        table.flags.writeable = False
        object.__setattr__(self, "vectors", table)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.words)}

    @property
    def dim(self) -> int:
        """Length m of a vector."""
        return self.vectors.shape[1]

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._rows

    def __getitem__(self, word: str) -> Float32[np.ndarray, " m"]:
        if word not in self._rows:
            raise KeyError(f"no vector for {word!r} in {self.source}")
        return self.vectors[self._rows[word]]

    def __repr__(self) -> str:
        return f"<WordVectors: {len(self):,} words, {self.dim} dimensions, {self.source}>"

    def neighbours(self, word: str, count: int = 5) -> list[tuple[str, float]]:
        """List the words whose vectors have the highest cosine with that of ``word``.

        Parameters
        ----------
        word : str
            A word with a vector; it is no neighbour of itself.
        count : int
            How many words to list, if there are as many.

        Returns
        -------
        list of (word, cosine)
            The nearest first, and of equal ones that which comes first in ``words``.

        Raises
        ------
        KeyError
            If ``word`` has no vector.

        Examples
        --------
        >>> table = np.array([[1, 0], [0, 1], [3, 4]], np.float32)
        >>> vectors = WordVectors(("east", "north", "northeast"), table, "made up")
        >>> [(word, round(cosine, 2)) for word, cosine in vectors.neighbours("east")]
        [('northeast', 0.6), ('north', 0.0)]
        """
        norms = np.linalg.norm(self.vectors, axis=1)
        query = self[word]
        with np.errstate(invalid="ignore"):
            cosines = self.vectors @ query / (norms * np.linalg.norm(query))
        cosines = np.nan_to_num(cosines, nan=-1.0)  # a zero vector points nowhere
        itself = torch.arange(len(self)) == self._rows[word]
        rows, best = highest(torch.from_numpy(cosines[None]), itself, min(count, len(self) - 1))
        return [
            (self.words[row], cosine)
            for row, cosine in zip(rows[0].tolist(), best[0].tolist(), strict=True)
        ]


# ----------------------------------------------------------------------------- reading and writing


def read_vectors(source: str | Path) -> WordVectors:
    r"""Read word vectors from a file, or by the name gensim's downloader has for them.

    Parameters
    ----------
    source : str or Path
        A file in word2vec's text or binary format or in GloVe's text format, gzipped or not
        (its content tells which), or a name such as ``"glove-wiki-gigaword-100"``.

    Raises
    ------
    FileNotFoundError
        If the path does not exist.
    ValueError
        If the file is damaged, or gensim knows no such name.
    ConnectionError
        If gensim cannot reach its server.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tiny.txt"
    ...     _ = path.write_text("up 1 0\ndown 0 1\n", encoding="utf-8")
    ...     read_vectors(path)
    <WordVectors: 2 words, 2 dimensions, tiny.txt>
    """
    path = Path(source)
    if path.is_file():
        return WordVectors(*vectorfiles.read_file(path), path.name)
    if isinstance(source, Path) or path.suffix or path.name != source:
        raise FileNotFoundError(
            f"no file {source}: expected word vectors in word2vec or GloVe format, "
            "or a name that gensim.downloader knows"
        )
    return WordVectors(*vectorfiles.load_named(source), f"gensim.downloader {source}")


def save_vectors(vectors: WordVectors, path: str | Path) -> None:
    """Write vectors in word2vec's binary format; the file appears whole or not at all.

    Parameters
    ----------
    vectors : WordVectors
        What to write.
    path : str or Path
        A name that ends in ``.bin``.

    Raises
    ------
    ValueError
        If the name ends otherwise, or a word has a space in it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> vectors = WordVectors(("up", "down"), np.eye(2, dtype=np.float32), "made up")
    >>> with TemporaryDirectory() as folder:
    ...     save_vectors(vectors, Path(folder) / "tiny.bin")
    ...     read_vectors(Path(folder) / "tiny.bin")
    <WordVectors: 2 words, 2 dimensions, tiny.bin>
    """
    vectorfiles.write_binary(vectors.words, vectors.vectors, Path(path))
