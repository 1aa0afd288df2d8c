"""Word vectors of the public corpora's own text, trained once and kept in the user's cache."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pooch

from interpbook._files import write_whole
from interpbook.corpora import load_corpus
from interpbook.text import tokenize
from interpbook.vectors.skipgram import train_skipgram
from interpbook.vectors.word_vectors import WordVectors, read_vectors, save_vectors

# Splits that a classifier is never tested on.
_SPLITS = {"imdb": ("train", "unsupervised"), "ag_news": ("train",)}
_SKIPGRAM = {"window": 5, "epochs": 3, "seed": 1, "workers": 2}


@dataclass(frozen=True)
class VectorRecipe:
    """Which skip-gram vectors: their length, whether case is kept, and whose text.

    Parameters
    ----------
    dim : int
        Length m of a vector.
    lowercase : bool
        Whether texts are lower-cased first.
    corpora : tuple of str
        Whose text: ``"imdb"`` (train and unsupervised), ``"ag_news"`` (train), or both.

    Raises
    ------
    ValueError
        If the length is not positive, or there is no such corpus, none, or one twice.

    Examples
    --------
    >>> VectorRecipe(dim=300, lowercase=False, corpora=("imdb",)).path.name
    'skipgram-imdb-300d-cased.bin'
    """

    dim: int = 100
    lowercase: bool = True
    corpora: tuple[str, ...] = ("imdb", "ag_news")

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise ValueError(f"dim is a positive number, got {self.dim}")
        names = tuple(self.corpora)
        if not names or len({*names}) < len(names) or not {*names} <= _SPLITS.keys():
            raise ValueError(
                f"word vectors are trained on {' or '.join(_SPLITS)} or both, got {self.corpora!r}"
            )
        object.__setattr__(self, "corpora", names)

    @property
    def path(self) -> Path:
        """The file of these vectors; a note beside it says what they were trained on."""
        case = "" if self.lowercase else "-cased"
        name = f"skipgram-{'-'.join(self.corpora)}-{self.dim}d{case}.bin"
        return Path(pooch.os_cache("interpbook")) / name


@lru_cache(maxsize=1)
def public_vectors(recipe: VectorRecipe = VectorRecipe(), *, progress: bool = True) -> WordVectors:
    """Return skip-gram vectors of the public corpora's own text, trained on first use.

    They are kept in the user's cache, with a note of what they were trained on, and those asked for
    last in memory too: others are read again, not trained again. Two threads train them, so a
    second training differs a little from the first.

    Raises
    ------
    ValueError, FileNotFoundError, ConnectionError
        If a corpus cannot be loaded (``load_corpus``).
    """
    path, note = recipe.path, recipe.path.with_suffix(".txt")
    if path.exists() and note.exists():
        return replace(read_vectors(path), source=note.read_text(encoding="utf-8").strip())
    corpora = [load_corpus(name, split) for name in recipe.corpora for split in _SPLITS[name]]
    parts = "; ".join(f"{corpus.name} {corpus.split}, {corpus.provenance}" for corpus in corpora)
    kind = f"{recipe.dim}-d" if recipe.lowercase else f"{recipe.dim}-d, cased"
    vectors = train_skipgram(
        [tokenize(text, lowercase=recipe.lowercase) for corpus in corpora for text in corpus.texts],
        dim=recipe.dim,
        **_SKIPGRAM,
        progress=progress,
        source=f"skip-gram, {kind}, window 5, 3 epochs, on {parts}",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    note.unlink(missing_ok=True)
    save_vectors(vectors, path)
    write_whole(note, (vectors.source + "\n").encode())
    return vectors
