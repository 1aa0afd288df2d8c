"""Labelled texts with a known origin: two corpora of this book and three public ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from interpbook.downloads import file_sha256, obtain
from interpbook.publishers import PUBLIC, PublicCorpus
from interpbook.text import tokenize


@dataclass(frozen=True)
class Provenance:
    """Where a corpus came from and whether all of it came.

    Parameters
    ----------
    source : str
        The publisher's address, ``"mirror"``, or ``"embedded"`` for the book's own corpora.
    files : mapping of str to str
        SHA-256 of each file that was read, by its place in the data folder or mirror.
    documents, official_documents : int
        How many documents were read, and how many the publisher's split holds.

    Examples
    --------
    >>> print(Provenance("mirror", {}, 62_517, 120_000))
    62,517 of 120,000 documents (incomplete)
    """

    source: str
    files: Mapping[str, str]
    documents: int
    official_documents: int

    def __post_init__(self) -> None:
        if not 0 <= self.documents <= self.official_documents:
            raise ValueError(
                f"expected at most {self.official_documents:,} documents, got {self.documents:,}: "
                "this is not the official split"
            )
        object.__setattr__(self, "files", MappingProxyType(dict(self.files)))

    @property
    def complete(self) -> bool:
        """Whether every document of the official split is there."""
        return self.documents == self.official_documents

    def to_dict(self) -> dict[str, object]:
        """Return a record that ``json`` can write."""
        return {
            "source": self.source,
            "files": dict(self.files),
            "documents": self.documents,
            "official_documents": self.official_documents,
            "complete": self.complete,
        }

    def __str__(self) -> str:
        state = "complete" if self.complete else "incomplete"
        return f"{self.documents:,} of {self.official_documents:,} documents ({state})"


@dataclass(frozen=True, eq=False, repr=False)
class Corpus:
    """A split of a corpus.

    Parameters
    ----------
    name, split : str
        What :func:`load_corpus` was asked for.
    texts : tuple of str
        N documents.
    labels : ndarray of shape (N,), int64, or None
        Class of each document, 0..c-1, read-only; None for documents without labels.
    class_names : tuple of str
        Names of the c classes.
    provenance : Provenance
        Where the documents came from.
    rationales : tuple of tuples of int
        Of each document, the places of the words that make its label true, counted in
        ``tokenize(text)``. Known for the book's own corpora, else empty.
    facts : tuple of tuples of str
        Of each document, the facts planted in it, such as ``"negation"``; else empty.
    """

    name: str
    split: str
    texts: tuple[str, ...]
    labels: npt.NDArray[np.int64] | None
    class_names: tuple[str, ...]
    provenance: Provenance
    rationales: tuple[tuple[int, ...], ...] = field(default=())
    facts: tuple[tuple[str, ...], ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.texts:
            raise ValueError(f"a corpus holds at least one document, {self.name!r} came without")
        if self.provenance.documents != len(self):
            raise ValueError(
                f"the provenance counts {self.provenance.documents:,} documents, "
                f"there are {len(self):,}"
            )
        for what, values in (("rationales", self.rationales), ("facts", self.facts)):
            if len(values) not in (0, len(self)):
                raise ValueError(f"expected no {what} or {len(self):,}, got {len(values):,}")
        if self.labels is not None:
            object.__setattr__(self, "labels", self._checked_labels())

    def _checked_labels(self) -> npt.NDArray[np.int64]:
        labels = np.array(self.labels)
        if labels.shape != (len(self),) or labels.dtype.kind not in "iu":
            raise ValueError(
                f"expected {len(self):,} whole numbers as labels, "
                f"got shape {labels.shape} and dtype {labels.dtype}"
            )
        outside = labels[(labels < 0) | (labels >= len(self.class_names))]
        if outside.size:
            raise ValueError(f"labels lie in 0..{len(self.class_names) - 1}, got {outside[0]}")
        labels = labels.astype(np.int64)
        labels.flags.writeable = False
        return labels

    @property
    def class_counts(self) -> dict[str, int]:
        """Number of documents of each class; empty if the documents have no labels."""
        if self.labels is None:
            return {}
        counts = np.bincount(self.labels, minlength=len(self.class_names))
        return dict(zip(self.class_names, counts.tolist(), strict=True))

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {count:,}" for name, count in self.class_counts.items())
        return f"<Corpus {self.name} {self.split}: {self.provenance}; {counts or 'no labels'}>"


# ---------------------------------------------------------------------------------------- loading


def load_corpus(name: str, split: str = "train") -> Corpus:
    """Load a corpus by name.

    ``"reviews"`` and ``"headlines"`` come with the book. ``"mr"``, ``"imdb"`` and ``"ag_news"``
    are downloaded from their publishers on first use, checked and kept in the user's cache; if
    the environment variable ``INTERPBOOK_DATA`` names a folder, they are read from that mirror.

    Parameters
    ----------
    name : str
        One of the five names.
    split : str
        ``"train"`` or ``"test"``; for imdb also ``"unsupervised"``.

    Returns
    -------
    Corpus
        The documents in a fixed order, which may follow their classes: shuffle before training.

    Raises
    ------
    ValueError
        If there is no such corpus or split, or a file is damaged.
    FileNotFoundError
        If a file is missing in the mirror or in the book's data folder.
    ConnectionError
        If a download did not come through.
    """
    if name in EMBEDDED:
        _check_choice("split", split, tuple(EMBEDDED_SPLITS), f"corpus {name!r}")
        return _load_embedded(name, split, data_folder(), EMBEDDED_SPLITS[split])
    _check_choice("corpus", name, (*EMBEDDED, *PUBLIC), "interpbook")
    _check_choice("split", split, tuple(PUBLIC[name].splits), f"corpus {name!r}")
    return _load_public(name, split, PUBLIC[name])


def _check_choice(what: str, value: object, choices: tuple[str, ...], owner: str) -> None:
    if value not in choices:
        raise ValueError(f"{owner} has no {what} {value!r}: choose one of {', '.join(choices)}")


def data_folder() -> Path:
    """Find the data that come with the book.

    In a checkout it is ``data/`` beside ``src/``; an installed wheel carries it as
    ``interpbook/_data``.
    """
    package = Path(__file__).resolve().parent
    candidates = [package / "_data"]
    if package.parent.name == "src":
        candidates.append(package.parent.parent / "data")
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        "the book's data folder is missing (data/ in a checkout, _data in an installed "
        "interpbook): clone the repository again, or reinstall the package"
    )


# --------------------------------------------------------------------------------- public corpora


def _load_public(
    name: str, split: str, public: PublicCorpus, *, cache: Path | None = None
) -> Corpus:
    official = public.splits[split]
    file = obtain(official.file, cache=cache)
    texts, labels = public.read(file, split)
    return Corpus(
        name=name,
        split=split,
        texts=texts,
        labels=None if labels is None else np.array(labels, dtype=np.int64),
        class_names=public.class_names,
        provenance=Provenance(
            file.source, {file.name: file.sha256}, len(texts), official.documents
        ),
    )


# ------------------------------------------------------------------------------ the book's corpora

EMBEDDED: Mapping[str, tuple[str, ...]] = {
    "reviews": ("negative", "positive"),
    "headlines": ("World", "Sports", "Business", "Science"),
}
EMBEDDED_SPLITS: Mapping[str, int] = {"train": 4_000, "test": 1_000}  # documents, of either corpus


def _load_embedded(name: str, split: str, folder: Path, documents: int) -> Corpus:
    place = f"corpora/{name}.{split}.jsonl"
    path = folder / place
    if not path.is_file():
        raise FileNotFoundError(
            f"the book's data folder has no {place}: clone the repository again, or reinstall"
        )
    with path.open("rb") as lines:
        rows = [
            _parse_row(line, f"line {number} of {place}") for number, line in enumerate(lines, 1)
        ]
    if len(rows) != documents:
        raise ValueError(
            f"{place} is damaged: expected {documents:,} documents, got {len(rows):,}; clone the "
            "repository again, or reinstall"
        )
    return Corpus(
        name=name,
        split=split,
        texts=tuple(row["text"] for row in rows),
        labels=np.array([row["label"] for row in rows]),
        class_names=EMBEDDED[name],
        provenance=Provenance("embedded", {place: file_sha256(path)}, len(rows), documents),
        rationales=tuple(tuple(row["rationale"]) for row in rows),
        facts=tuple(tuple(row["facts"]) for row in rows),
    )


def _parse_row(line: bytes, place: str) -> dict:
    try:
        row = json.loads(line)
        length = len(tokenize(row["text"]))
        whole = isinstance(row["label"], int) and isinstance(row["facts"], list)
        whole = whole and all(0 <= index < length for index in row["rationale"])
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise ValueError(
            f"{place} is damaged: expected a JSON object with text, label, facts and a rationale "
            "inside the text; clone the repository again, or reinstall"
        )
    return row
