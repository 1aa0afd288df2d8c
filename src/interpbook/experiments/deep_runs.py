"""Run one cell of Yuan et al.'s studies: train its network or load it, measure it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from interpbook.classifier import Classifier
from interpbook.experiments.building import Encoded, as_classifier, encode_corpus, train_model
from interpbook.experiments.records import Record
from interpbook.experiments.yuan import INVERSION, LOCATIONS, READ_DOCUMENTS, STEPS, WORDS, DeepCell
from interpbook.hidden import (
    METHODS,
    Fields,
    PreservationStudy,
    closed_form,
    invert,
    nearest_ids,
    preservation_study,
    strongest_locations,
)
from interpbook.models import DeepTextCNN, TrainingHistory, evaluate, predict
from interpbook.text import pad

_RESTARTS = 4
_QUARTER = 4  # of the documents are started anew, and read in deeper layers


def measure_deep(cell: DeepCell, models: Path | None) -> Record:
    """Measure a cell's network and return what goes into its record.

    Raises
    ------
    ValueError, FileNotFoundError, ConnectionError
        If the corpus cannot be loaded.
    """
    start = time.perf_counter()
    corpus = encode_corpus(cell.recipe)
    prepared = time.perf_counter()
    network = _kept(cell, corpus, models) or _trained(cell, corpus, models)
    trained = time.perf_counter()
    documents = corpus.test[0]
    metrics: Record = {"accuracy": network.accuracy}
    if cell.study == "yuan-interpretations":
        chosen = np.random.default_rng(0).permutation(len(documents))[: READ_DOCUMENTS[cell.corpus]]
        metrics |= interpretation_metrics(
            network.model, [documents[i] for i in chosen], cell.corpus, cell.seed
        )
    return {
        "corpus": corpus.provenance,
        "vectors": network.vectors,
        "statistics": corpus_statistics(corpus),
        "seconds": {
            "prepare": round(prepared - start, 3),
            "train": round(trained - prepared, 3),
            "epochs": [round(seconds, 3) for seconds in network.history.seconds],
            "measure": round(time.perf_counter() - trained, 3),
        },
        "losses": [round(loss, 6) for loss in network.history.losses],
        "metrics": metrics,
    }


def corpus_statistics(corpus: Encoded) -> dict[str, Any]:
    """Return what Yuan et al. state of a corpus: its classes, documents and words.

    The paper's c, N_train, N_test and size of V. The last counts the different words of the
    training documents that the model keeps, without padding and the unknown word. Documents are
    counted as the corpus has them.

    References
    ----------
    Yuan et al. (2019), Table 1.
    """
    return {
        "classes": len(corpus.class_names),
        "train_documents": corpus.provenance["train"]["documents"],
        "test_documents": corpus.provenance["test"]["documents"],
        "vocabulary": len(corpus.vocabulary) - 2,
    }


@dataclass(frozen=True, eq=False)
class _Trained:
    """A network, where its vectors come from, its test accuracy; an empty history if loaded."""

    model: DeepTextCNN
    vectors: dict[str, Any]
    accuracy: float
    history: TrainingHistory


def _kept(cell: DeepCell, corpus: Encoded, models: Path | None) -> _Trained | None:
    """Load the classifier that the cell of ``yuan-table3`` of the same name left, if it did."""
    if models is None or cell.study != "yuan-interpretations":
        return None
    folder = models / "yuan-table3" / cell.name
    if not folder.is_dir():
        return None
    classifier = Classifier.load(folder)
    card = classifier.card
    alike = card["recipe"] == json.loads(json.dumps(asdict(cell.recipe)))
    if not alike or classifier.vocabulary != corpus.vocabulary:  # of another recipe, or other texts
        return None
    history = TrainingHistory((), (), ())
    return _Trained(classifier.model, card.get("vectors", {}), card["test_accuracy"], history)


def _trained(cell: DeepCell, corpus: Encoded, models: Path | None) -> _Trained:
    """Train a cell's network, and keep it unless only its accuracy is asked for."""
    recipe = cell.recipe
    model, history, vectors = train_model(recipe, corpus, progress=False)
    accuracy = evaluate(model, *corpus.test)
    # A Classifier reads words, not marks.
    if models is not None and cell.study != "yuan-choices" and recipe.tokenizer != "marks":
        classifier = as_classifier(recipe, model, corpus, vectors, accuracy)
        classifier.save(models / "yuan-table3" / cell.name, precision=recipe.precision)
    return _Trained(model, vectors, accuracy, history)


def interpretation_metrics(
    deep: DeepTextCNN, documents: Sequence[Sequence[int]], corpus: str, seed: int
) -> Record:
    """Return how often interpretations keep the class, and how settled they are, as plain numbers.

    ``kept`` counts documents for each k and m; ``won`` and ``lost`` those that only the method
    keeps, and only the inversion, so that a paired interval can be computed.
    """
    settings = {**INVERSION[corpus], "steps": STEPS}
    some = documents[: len(documents) // _QUARTER]
    studies = {
        method: preservation_study(
            deep,
            documents,
            method,
            locations=LOCATIONS,
            words=WORDS,
            settings=settings,
            seed=seed,
        )
        for method in METHODS
    }
    return {
        "documents": len(documents),
        "classes": studies["inversion"].targets.bincount().tolist(),
        "methods": {
            method: preservation_metrics(study, studies["inversion"])
            for method, study in studies.items()
        },
        "layers": _by_layer(deep, some, settings, seed),
        "restarts": restart_metrics(deep, some, settings, seed),
    }


def preservation_metrics(study: PreservationStudy, against: PreservationStudy) -> Record:
    """Return counts over documents, rows for k and columns for m."""
    return {
        "kept": study.kept.sum(dim=0).tolist(),
        "kept_by_class": [
            study.kept[study.targets == label].sum(dim=0).tolist()
            for label in range(int(study.targets.max()) + 1)
        ],
        "won": (study.kept & ~against.kept).sum(dim=0).tolist(),
        "lost": (against.kept & ~study.kept).sum(dim=0).tolist(),
    }


def _by_layer(
    deep: DeepTextCNN, documents: Sequence[Sequence[int]], settings: dict[str, float], seed: int
) -> list[Record]:
    """Read interpretations of three locations of each layer back; deeper layers cost more."""
    return [
        {
            "layer": layer,
            "documents": len(documents),
            "kept": preservation_study(
                deep,
                documents,
                layer=layer,
                locations=(3,),
                words=WORDS,
                settings=settings,
                seed=seed,
            )
            .kept.sum(dim=0)[0]
            .tolist(),
        }
        for layer in range(1, deep.config.num_layers + 1)
    ]


def restart_metrics(
    deep: DeepTextCNN, documents: Sequence[Sequence[int]], settings: dict[str, float], seed: int
) -> Record:
    """Return how far random starts agree, and how near a climb comes to the closed form.

    Three locations of layer 1 a document. ``overlap`` is the share of the ten nearest words that
    two starts, or the closed form and a climb, have in common.
    """
    ids = pad(documents)
    targets = predict(deep, documents).argmax(dim=1)
    chosen = strongest_locations(deep, ids, 1, targets)
    found = invert(deep, ids, 1, chosen, **settings, restarts=_RESTARTS, seed=seed)
    exact = closed_form(Fields.of(deep, ids, 1, chosen), settings["l2"]).overall
    lists = [nearest_ids(deep, overall)[0] for overall in found.path[-1]]
    near = nearest_ids(deep, exact)[0]
    pairs = [(a, b) for a in range(_RESTARTS) for b in range(a)]
    return {
        "locations": len(exact),
        "restarts": _RESTARTS,
        "agreement": float(found.agreement().mean()),
        "overlap": float(np.mean([_overlap(lists[a], lists[b]) for a, b in pairs])),
        "gradient": float(found.gradients.mean()),
        "closed_form_cosine": float(F.cosine_similarity(found.path[-1, 0], exact).mean()),
        "closed_form_overlap": _overlap(lists[0], near),
    }


def _overlap(first: torch.Tensor, second: torch.Tensor) -> float:
    """Return the mean share of common entries of two tables' rows."""
    shared = [len({*a} & {*b}) for a, b in zip(first.tolist(), second.tolist(), strict=True)]
    return float(np.mean(shared)) / first.shape[1]
