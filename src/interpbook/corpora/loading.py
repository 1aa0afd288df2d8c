"""Labelled texts with a known origin: two corpora of this book and three public ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from interpbook._files import data_folder
from interpbook.corpora.corpus import Corpus, Provenance
from interpbook.corpora.downloads import file_sha256, obtain
from interpbook.corpora.publishers import PUBLIC, PublicCorpus
from interpbook.text import tokenize

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

    Examples
    --------
    >>> corpus = load_corpus("reviews", split="test")
    >>> len(corpus), corpus.class_names, corpus.labels.shape
    (1000, ('negative', 'positive'), (1000,))
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
