"""A classifier small enough for a reader's browser, as one safetensors file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from safetensors.torch import save

from interpbook._files import data_folder, readable
from interpbook.classifier import Classifier, load_classifier, rebuilt
from interpbook.experiments import read_record
from interpbook.models import as_text_cnn, pack

PAGE_WORDS = 9_000
PAGE_MODELS = ("imdb", "ag_news", "mr", "reviews", "headlines")


def page_weights(name: str, words: int = PAGE_WORDS) -> bytes:
    """Return one of the book's classifiers as a page carries it.

    The file is a safetensors file like any other: the weights as ``precision.pack`` stores them in
    int8, and under the metadata's ``classifier`` all else in JSON. Words beyond the most frequent
    ones are left out, so the page's model takes them for unknown. Its card says on how many
    documents the classifier was trained, and how accurate the page's model and the whole one are
    on the test documents, if ``measured`` knows.

    Parameters
    ----------
    name : str
        "imdb", "ag_news", "mr", "reviews" or "headlines".
    words : int
        The most words V to keep, the two special ones included.

    Raises
    ------
    ValueError
        If a page has no such model.
    """
    classifier = load_classifier(check_model(name))
    model = as_text_cnn(classifier.model)
    kept = classifier.vocabulary.words[:words]
    weights = model.state_dict()
    weights["embedding.weight"] = weights["embedding.weight"][:words]
    train = classifier.card["train"]
    card = {"trained": train["documents"], "official": train["official_documents"]}
    description = {
        "config": asdict(replace(model.config, vocab_size=len(kept))),
        "class_names": classifier.class_names,
        "lowercase": classifier.lowercase,
        "card": card | measured(name, len(kept)),
        "words": kept,
    }
    text = readable(json.dumps(description, ensure_ascii=False, separators=(",", ":")))
    return save(pack(weights, "int8"), metadata={"classifier": text})


def read_page_weights(data: bytes) -> Classifier:
    """Return the classifier that a page computes with, from what ``page_weights`` made.

    Examples
    --------
    >>> classifier = read_page_weights(page_weights("imdb", words=2_000))
    >>> classifier.explain("The acting is superb.")
    Explanation('The acting is superb.': positive 82%)
    """
    return rebuilt(_description(data), data)


def measured(name: str, words: int) -> dict[str, Any]:
    """Return how accurate one of the page's models is; nothing if what was measured is another.

    ``interpbook.widgets.accuracy`` measures. A model trained again, or cut at another number of
    words, is another one.

    Examples
    --------
    >>> sorted(measured("imdb", PAGE_WORDS))
    ['accuracy', 'tested', 'whole_accuracy']
    """
    if not record_path().is_file():
        return {}
    found = read_record(record_path())["models"].get(name, {})
    if (found.get("words"), found.get("weights_sha256")) != (words, weights_sha256(name)):
        return {}
    return {
        "tested": found["test"]["documents"],
        "accuracy": found["accuracy"],
        "whole_accuracy": found["whole_accuracy"],
    }


def record_path() -> Path:
    """Return where the accuracies of the page's models are recorded."""
    return data_folder() / "results" / "page-models.json"


def weights_sha256(name: str) -> str:
    """Return the SHA-256 of the weights that a page's model is made of."""
    return hashlib.sha256(
        (data_folder() / "models" / name / "model.safetensors").read_bytes()
    ).hexdigest()


def check_model(name: str) -> str:
    """Return the name of one of the page's models, or raise a ValueError."""
    if name not in PAGE_MODELS:
        raise ValueError(f"live figures have the models {', '.join(PAGE_MODELS)}, got {name!r}")
    return name


def _description(data: bytes) -> dict[str, Any]:
    """Read the header's metadata: safetensors itself shows them of files alone, not of bytes."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    return json.loads(header["__metadata__"]["classifier"])
