"""Word vectors: read published ones, train our own, lay them out for a vocabulary."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor
from tqdm.auto import tqdm

from interpbook import vectorfiles
from interpbook.text import PADDING, PADDING_WORD, UNKNOWN_WORD, Vocabulary, check_tokenized

Missing = Literal["random", "zero", "mean"]


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words and their vectors.

    Parameters
    ----------
    words : tuple of str
        V different words.
    vectors : ndarray of shape (V, m), float32
        Their vectors, read-only.
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

        Raises
        ------
        KeyError
            If ``word`` has no vector.
        """
        norms = np.linalg.norm(self.vectors, axis=1)
        query = self[word]
        with np.errstate(invalid="ignore"):
            cosines = self.vectors @ query / (norms * np.linalg.norm(query))
        cosines = np.nan_to_num(cosines, nan=-1.0)  # a zero vector points nowhere
        cosines[self._rows[word]] = -np.inf
        best = np.argsort(-cosines, kind="stable")[: min(count, len(self) - 1)]
        return [(self.words[row], float(cosines[row])) for row in best]


# ----------------------------------------------------------------------------- reading and writing


def read_vectors(source: str | Path) -> WordVectors:
    """Read word vectors from a file, or by the name gensim's downloader has for them.

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
    """
    vectorfiles.write_binary(vectors.words, vectors.vectors, Path(path))


# ---------------------------------------------------------------------------------------- training


def train_skipgram(
    documents: Iterable[Sequence[str]],
    *,
    dim: int = 100,
    window: int = 5,
    min_count: int = 5,
    epochs: int = 3,
    seed: int = 1,
    workers: int = 2,
    progress: bool = False,
    source: str = "skip-gram",
) -> WordVectors:
    """Train skip-gram word vectors with gensim.

    With ``workers=1`` the same documents and seed give the same vectors, in every process; with
    more, the threads race and the vectors differ a little from run to run.

    Parameters
    ----------
    documents : iterable of sequences of str
        Tokenized documents. They are read ``1 + epochs`` times, so a generator will not do.
        gensim reads the first 10,000 words of each.
    dim : int
        Length m of a vector.
    window : int
        How many words to either side count as context.
    min_count : int
        Leave out words that occur less often than this.
    epochs : int
        Passes over the documents.
    seed : int
        Seeds the start values and the samples drawn.
    workers : int
        Threads.
    progress : bool
        Whether to draw a progress bar for each pass.
    source : str
        What to record as the vectors' origin.

    Returns
    -------
    WordVectors
        The most frequent words first.

    Raises
    ------
    TypeError
        If the documents are an iterator or not tokenized.
    ValueError
        If no word occurs ``min_count`` times.

    References
    ----------
    Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their
    Compositionality".
    """
    from gensim.models import Word2Vec  # takes a second that most readers never need

    _check_documents(documents)
    passes = _Passes(documents, 1 + epochs, progress)
    model = Word2Vec(
        vector_size=dim,
        window=window,
        min_count=min_count,
        sg=1,
        seed=seed,
        workers=workers,
        hashfxn=_stable_hash,
    )
    model.build_vocab(passes)
    if not len(model.wv):
        raise ValueError(
            f"no word occurs {min_count} times in these documents: lower min_count or add text"
        )
    model.train(passes, total_examples=model.corpus_count, epochs=epochs)
    return WordVectors(tuple(model.wv.index_to_key), model.wv.vectors, source)


def _check_documents(documents: Iterable[Sequence[str]]) -> None:
    if isinstance(documents, Iterator):
        raise TypeError(
            "expected documents that can be read again and again, got an iterator: pass a list"
        )
    check_tokenized(documents)
    check_tokenized(next(iter(documents), ()))


def _stable_hash(word: str) -> int:
    """Stand in for Python's own hash of strings, which differs from process to process."""
    return zlib.crc32(word.encode("utf-8"))


@dataclass
class _Passes:
    """Documents for gensim, which names the pass it is in: counting words, then the epochs."""

    documents: Iterable[Sequence[str]]
    total: int
    progress: bool
    begun: int = field(default=0)

    def __iter__(self) -> Iterator[list[str]]:
        self.begun += 1
        bar = tqdm(
            total=len(self.documents) if isinstance(self.documents, Sized) else None,
            desc=f"skip-gram, pass {self.begun} of {self.total}",
            disable=not self.progress,
        )
        with bar:
            for document in self.documents:
                yield list(document)
                bar.update()


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
