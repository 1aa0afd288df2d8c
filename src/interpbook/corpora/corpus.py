"""A corpus: labelled texts with a known origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt


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
        The corpus and the split that :func:`load_corpus` was asked for.
    texts : tuple of str
        N documents.
    labels : ndarray of shape (N,), int64, or None
        Class of each document, 0..c-1, read-only; None for documents without labels.
    class_names : tuple of str
        Names of the c classes.
    provenance : Provenance
        Where the documents came from.
    rationales : tuple of tuples of int
        For each document, the places of the words that make its label true, counted in
        ``tokenize(text)``; empty for corpora other than the book's own.
    facts : tuple of tuples of str
        For each document, the facts planted in it, such as ``"negation"``; empty for corpora
        other than the book's own.

    Examples
    --------
    >>> corpus = Corpus(
    ...     name="toy",
    ...     split="train",
    ...     texts=("a good film", "a dull film"),
    ...     labels=np.array([1, 0]),
    ...     class_names=("negative", "positive"),
    ...     provenance=Provenance("embedded", {}, 2, 2),
    ... )
    >>> corpus
    <Corpus toy train: 2 of 2 documents (complete); negative 1, positive 1>
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
