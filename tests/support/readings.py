"""Invented records of ``yuan-interpretations``: which documents each method keeps is drawn."""

from __future__ import annotations

import json

import numpy as np

from interpbook.experiments import Cell, Record
from interpbook.hidden import METHODS


def kept_documents(seed: int, documents: int = 200) -> dict[str, np.ndarray]:
    """Draw (documents, k, m) yes or no for each method, more often yes for the first methods."""
    rng = np.random.default_rng(seed)
    shares = np.linspace(0.9, 0.4, len(METHODS))
    return {
        method: rng.random((documents, 4, 4)) < share
        for method, share in zip(METHODS, shares, strict=True)
    }


def reading(corpus: str = "mr", seed: int = 0, documents: int = 200) -> Record:
    """Make the record that the counts of these documents would be."""
    kept = kept_documents(seed, documents)
    first = kept["inversion"]
    counts = {
        method: {
            "kept": its.sum(axis=0).tolist(),
            "won": (its & ~first).sum(axis=0).tolist(),
            "lost": (first & ~its).sum(axis=0).tolist(),
        }
        for method, its in kept.items()
    }
    cell = Cell("yuan-interpretations", corpus, None, seed)
    texts = {split: {"files": {split: "hash"}} for split in ("train", "test")}
    record = {"study": cell.study, "cell": cell.name, "corpus": texts, **cell.settings}
    record["metrics"] = {"accuracy": 0.8, "documents": documents, "methods": counts}
    return json.loads(json.dumps(record))
