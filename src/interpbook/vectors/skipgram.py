"""Train skip-gram word vectors."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field

from tqdm.auto import tqdm

from interpbook.text import check_tokenized
from interpbook.vectors.word_vectors import WordVectors

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

    Examples
    --------
    >>> documents = [["a", "good", "film"], ["a", "dull", "film"]] * 20
    >>> train_skipgram(documents, dim=4, workers=1)
    <WordVectors: 4 words, 4 dimensions, skip-gram>
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
