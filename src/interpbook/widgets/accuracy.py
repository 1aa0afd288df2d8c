"""How accurate the page's models are: ``make page-models`` measures it again.

A page carries fewer words than ``data/models`` and a byte a weight. The record in ``data/results``
says what that costs, on every test document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from interpbook.classifier import load_classifier
from interpbook.corpora import load_corpus
from interpbook.experiments import Record, write_record
from interpbook.widgets.weights import (
    PAGE_MODELS,
    page_weights,
    read_page_weights,
    record_path,
    weights_sha256,
)


def measure(name: str) -> dict[str, Any]:
    """Return the accuracy of a page's model on its corpus's test part, and of what.

    Raises
    ------
    ValueError, FileNotFoundError, ConnectionError
        If there is no such model or its corpus cannot be loaded.

    Examples
    --------
    >>> found = measure("headlines")
    >>> found["words"], found["test"]["documents"]
    (1305, 1000)
    """
    carried = read_page_weights(page_weights(name))
    whole = load_classifier(name)
    test = load_corpus(name, "test")
    right = carried.predict_proba(test.texts).argmax(axis=1) == np.asarray(test.labels)
    return {
        "weights_sha256": weights_sha256(name),
        "words": len(carried.vocabulary),
        "accuracy": float(right.mean()),
        "whole_words": len(whole.vocabulary),
        "whole_accuracy": whole.card["test_accuracy"],
        "test": test.provenance.to_dict(),
    }


def measure_all() -> Record:
    """Return the record of all of the page's models."""
    return {"study": "page-models", "models": {name: measure(name) for name in PAGE_MODELS}}


if __name__ == "__main__":
    record = measure_all()
    write_record(record_path(), record)
    for model, found in record["models"].items():
        print(
            f"{model}: {found['accuracy']:.2%} with {found['words']:,} words, "
            f"{found['whole_accuracy']:.2%} with {found['whole_words']:,}"
        )
