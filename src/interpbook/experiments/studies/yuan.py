"""The studies of Yuan et al. (2019): models, their training varied, their interpretations.

``yuan-table3`` trains the two networks as the paper's Table 2 says, ``yuan-choices`` changes one
thing at a time to see what the accuracy owes it, ``yuan-interpretations`` reads interpretations
back. What the paper leaves open is ours: dropout, that the embedding has all words, and the epochs,
which were chosen on training documents held out.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from interpbook.experiments.building import (
    Encoded,
    as_classifier,
    encode_corpus,
    kept_classifier,
    train_model,
)
from interpbook.experiments.quantities import ACCURACY, Quantity
from interpbook.experiments.recipes import RECIPES, DeepRecipe
from interpbook.experiments.records import Record
from interpbook.experiments.study import Cell, Point, Study
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

YUAN = "Yuan et al. 2019"  # as published.csv names the source

_ALL_WORDS = {"vocab_size": 100_000, "precision": "float16"}
YUAN_RECIPES: dict[str, DeepRecipe] = {
    "mr": replace(RECIPES["mr_deep"], **_ALL_WORDS),
    "ag_news": replace(RECIPES["ag_news_deep"], **_ALL_WORDS),
}

# The section "Experimental Setup" states lambda_1, lambda_2, the learning rate and the layer.
INVERSION = {
    "mr": {"l2": 0.004, "similarity": 0.02, "learning_rate": 2e-4},
    "ag_news": {"l2": 0.002, "similarity": 0.01, "learning_rate": 2e-4},
}
# These settings are ours: how many steps, how many test documents, which are drawn once for all
# models, and k and m.
STEPS = 1000
READ_DOCUMENTS = {"mr": 200, "ag_news": 100}  # a climb costs four times as much there
LOCATIONS = (1, 2, 3, 5)
WORDS = (1, 3, 5, 10)

# Changes that show what MR's accuracy owes the word vectors, and what it owes settings that the
# paper leaves open.
CHOICES: dict[str, tuple[dict[str, Any], ...]] = {
    "mr": (
        {"vector_corpora": ()},
        {"vector_corpora": ("ag_news",)},
        {"vector_corpora": ("imdb",)},
        {"tokenizer": "words"},
        {"dropout": 0.0},
        {"padding": "paper"},
        {"epochs": 16},
    ),
    "ag_news": (),
}

_RESTARTS = 4
_QUARTER = 4  # one in so many documents is started anew, and read in deeper layers


# ------------------------------------------------------------------------------------------ cells


def _as_stated(corpus: str) -> list[Point]:
    return [(None, {})]


def _by_choice(corpus: str) -> list[Point]:
    return [(None, choice) for choice in CHOICES.get(corpus, ({},))]


def _interpretation_settings(cell: Cell) -> dict[str, Any]:
    return {
        "interpretation": {
            **INVERSION[cell.corpus],
            "layer": 1,
            "steps": STEPS,
            "documents": READ_DOCUMENTS[cell.corpus],
            "locations": LOCATIONS,
            "words": WORDS,
            "methods": METHODS,
        }
    }


def _work_of_training(cell: Cell) -> float:
    """Return about how many seconds a training takes on two cores."""
    return (3.0 if cell.corpus == "mr" else 240.0) * cell.recipe.epochs


def _work_of_reading(cell: Cell) -> float:
    """Return about how many seconds the interpretations take on two cores."""
    return 500.0 if cell.corpus == "mr" else 1000.0


# -------------------------------------------------------------------------------------- measuring


def measure_accuracy(cell: Cell, models: Path | None) -> Record:
    """Train a cell's network, keep it, and measure its accuracy."""
    return _measured(cell, models, keep=True)


def measure_choice(cell: Cell, models: Path | None) -> Record:
    """Train a network otherwise than the paper and measure its accuracy; it is not kept."""
    return _measured(cell, models, keep=False)


def measure_interpretations(cell: Cell, models: Path | None) -> Record:
    """Read the interpretations of a network of Table 3 back, of a kept one if there is one."""
    return _measured(cell, models, keep=True, read=True)


def _measured(cell: Cell, models: Path | None, *, keep: bool, read: bool = False) -> Record:
    start = time.perf_counter()
    corpus = encode_corpus(cell.recipe)
    prepared = time.perf_counter()
    folder = models / "yuan-table3" / cell.name if keep and models is not None else None
    network = (_kept(cell, corpus, folder) if read else None) or _trained(cell, corpus, folder)
    trained = time.perf_counter()
    documents = corpus.test[0]
    metrics: Record = {"accuracy": network.accuracy}
    if read:
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

    The numbers are the paper's c, N_train, N_test and the size of V, which counts the different
    words of the training documents that the model keeps, without padding and the unknown word.
    Documents are counted as the corpus has them.

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


def _kept(cell: Cell, corpus: Encoded, folder: Path | None) -> _Trained | None:
    """Load the classifier that the cell of ``yuan-table3`` of the same name left, if it did."""
    classifier = folder and kept_classifier(folder, cell.recipe, corpus.vocabulary)
    if not classifier:
        return None
    card = classifier.card
    history = TrainingHistory((), (), ())
    return _Trained(classifier.model, card.get("vectors", {}), card["test_accuracy"], history)


def _trained(cell: Cell, corpus: Encoded, folder: Path | None) -> _Trained:
    """Train a cell's network, and keep it where there is a folder for it."""
    recipe = cell.recipe
    model, history, vectors = train_model(recipe, corpus, progress=False)
    accuracy = evaluate(model, *corpus.test)
    if folder is not None and recipe.tokenizer != "marks":  # a Classifier reads words, not marks
        classifier = as_classifier(recipe, model, corpus, vectors, accuracy)
        classifier.save(folder, precision=recipe.precision)
    return _Trained(model, vectors, accuracy, history)


def interpretation_metrics(
    deep: DeepTextCNN, documents: Sequence[Sequence[int]], corpus: str, seed: int
) -> Record:
    """Return how often interpretations keep the class, and how settled they are, as plain numbers.

    For each k and m, ``kept`` counts the documents that keep their class, ``won`` those that keep
    it by the method alone, and ``lost`` those that keep it by the inversion alone, so that a paired
    interval can be computed.
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

    Three locations of layer 1 are read in each document. ``overlap`` is the share of the ten
    nearest words that two starts, or the closed form and a climb, have in common.
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


# ------------------------------------------------------------------------------------ quantities


def _counted(name: str, what: str, **more: Any) -> Quantity:
    return Quantity(lambda record, setting: record["statistics"][name], counted=what, **more)


_COMMON: dict[str, Any] = {"paper": YUAN, "recipes": YUAN_RECIPES, "corpora": tuple(YUAN_RECIPES)}
STUDIES = (
    Study(
        name="yuan-table3",
        cells=_as_stated,
        measure=measure_accuracy,
        work=_work_of_training,
        quantities={
            "accuracy": ACCURACY,
            "classes": _counted("classes", "classes"),
            "train_documents": _counted("train_documents", "documents", grows_with_corpus=True),
            "test_documents": _counted("test_documents", "documents"),
            "vocabulary": _counted("vocabulary", "words", grows_with_corpus=True),
        },
        **_COMMON,
    ),
    Study(
        name="yuan-choices",
        varies="yuan-table3",
        cells=_by_choice,
        measure=measure_choice,
        work=_work_of_training,
        **_COMMON,
    ),
    Study(
        name="yuan-interpretations",
        cells=_as_stated,
        measure=measure_interpretations,
        settings=_interpretation_settings,
        work=_work_of_reading,
        **_COMMON,
    ),
)
