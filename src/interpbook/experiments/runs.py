"""Run one cell of a study: train its model or load it, measure it, and return the record."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from interpbook.attacks import AttackStudy, attack_study, with_unknown
from interpbook.classifier import Classifier
from interpbook.corpora import Corpus, load_corpus
from interpbook.experiments.building import (
    as_classifier,
    encode_corpus,
    train_classifier,
    train_model,
)
from interpbook.experiments.deep_runs import measure_deep
from interpbook.experiments.defence_runs import defence_metrics
from interpbook.experiments.records import Record
from interpbook.experiments.xu_du import (
    ATTACKED_DOCUMENTS,
    DEFENDED_DOCUMENTS,
    MAX_CHANGES,
    RANKINGS,
    Cell,
)
from interpbook.experiments.yuan import YUAN_FOLDERS, DeepCell
from interpbook.filters import FilterStudy, filter_study
from interpbook.models import batches

_WORDS = 50  # of the words changed most often, a record holds so many for each ranking


AnyCell = Cell | DeepCell


def run_cell(cell: AnyCell, models: Path | None = None) -> Record:
    """Measure a cell's model and return the record.

    Parameters
    ----------
    cell : Cell or DeepCell
        What to run.
    models : Path, optional
        A folder of trained classifiers: what is trained is kept there, and an attack takes the
        model of the same recipe from there. One that reads marks cannot be kept, nor attacked.

    Raises
    ------
    ValueError, FileNotFoundError, ConnectionError
        If the corpus cannot be loaded.
    """
    measures = {"table2": _attack, "defences": _defend} | dict.fromkeys(YUAN_FOLDERS, measure_deep)
    measure = measures.get(cell.study, _study_filters)
    return {
        "study": cell.study,
        "cell": cell.name,
        **cell.settings,
        "versions": {
            "interpbook": version("interpbook"),
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
        "hardware": hardware(),
        **measure(cell, models),
    }


def _study_filters(cell: Cell, models: Path | None) -> Record:
    recipe = cell.recipe
    start = time.perf_counter()
    corpus = encode_corpus(recipe)
    prepared = time.perf_counter()
    model, history, vectors = train_model(recipe, corpus, progress=False)
    trained = time.perf_counter()
    study = filter_study(model, batches(*corpus.test, batch_size=256), cell.epsilon)
    studied = time.perf_counter()
    if models is not None and recipe.tokenizer != "marks":  # a Classifier reads words only
        classifier = as_classifier(recipe, model, corpus, vectors, study.accuracy)
        classifier.save(models / cell.study / cell.name)
    return {
        "corpus": corpus.provenance,
        "vectors": vectors,
        "vocabulary": len(corpus.vocabulary),
        "seconds": {
            "prepare": round(prepared - start, 3),
            "train": round(trained - prepared, 3),
            "epochs": [round(seconds, 3) for seconds in history.seconds],
            "study": round(studied - trained, 3),
        },
        "losses": [round(loss, 6) for loss in history.losses],
        "metrics": filter_metrics(study),
    }


def _attack(cell: Cell, models: Path | None) -> Record:
    start = time.perf_counter()
    classifier = _trained(cell, models)
    trained = time.perf_counter()
    test, texts, labels = _test_sample(cell, ATTACKED_DOCUMENTS)
    attacks: dict[str, dict[str, Any]] = {}
    for unknown, rankings in RANKINGS.items():
        target = with_unknown(classifier, unknown, seed=cell.seed)
        attacks[unknown] = {
            ranking: attack_metrics(
                attack_study(target, texts, labels, ranking, MAX_CHANGES, seed=cell.seed)
            )
            for ranking in rankings
        }
    attacked = time.perf_counter()
    return {
        **_origin(classifier, test),
        "seconds": {"model": round(trained - start, 3), "attack": round(attacked - trained, 3)},
        "metrics": {"accuracy": classifier.card["test_accuracy"], "attacks": attacks},
    }


def _defend(cell: Cell, models: Path | None) -> Record:
    start = time.perf_counter()
    classifier = _trained(cell, models)
    trained = time.perf_counter()
    test, texts, labels = _test_sample(cell, DEFENDED_DOCUMENTS)
    metrics = defence_metrics(cell, classifier, texts, labels)
    done = time.perf_counter()
    return {
        **_origin(classifier, test),
        "seconds": {"model": round(trained - start, 3), "attack": round(done - trained, 3)},
        "metrics": metrics,
    }


def _test_sample(cell: Cell, documents: int) -> tuple[Corpus, list[str], list[int]]:
    """Draw test documents: the same for every model, so that differences are the models'."""
    test = load_corpus(cell.corpus, "test")
    chosen = np.random.default_rng(0).permutation(len(test.texts))[:documents]
    return test, [test.texts[i] for i in chosen], [int(test.labels[i]) for i in chosen]


def _origin(classifier: Classifier, test: Corpus) -> Record:
    """Say what a classifier was trained on and what it is measured on."""
    return {
        "corpus": {"train": classifier.card["train"], "test": test.provenance.to_dict()},
        "vectors": classifier.card.get("vectors", {}),
        "vocabulary": len(classifier.vocabulary),
    }


def _trained(cell: Cell, models: Path | None) -> Classifier:
    """Load the classifier that Table 1's cell of the same name left, or train it."""
    folder = None if models is None else models / "table1" / cell.name
    if folder is not None and folder.is_dir():
        classifier = Classifier.load(folder)
        if classifier.card["recipe"] == json.loads(json.dumps(asdict(cell.recipe))):
            return classifier
    classifier = train_classifier(cell.recipe, progress=False)
    if folder is not None:
        classifier.save(folder)
    return classifier


def attack_metrics(study: AttackStudy) -> Record:
    """Return what became of one kind of attack, as plain numbers."""
    return {
        "attacked": study.attacked,
        "succeeded": study.succeeded,
        "success": study.success,
        "not_replayed": study.not_replayed,
        "by_budget": [round(share, 6) for share in study.by_budget.tolist()],
        "outcomes": dict(study.outcomes),
        "changed": study.words.total(),
        "words": study.words.most_common(_WORDS),
    }


def filter_metrics(study: FilterStudy) -> dict[str, Any]:
    """Return Table 1's quantities, and what Figures 4 and 5 are drawn from, as plain numbers."""

    def at(study: FilterStudy) -> dict[str, Any]:
        return {
            "epsilon": study.epsilon,
            "kept_accuracy": study.kept_accuracy,
            "ratio2": study.ratio2,
            "ratio3": study.ratio3,
            "share_by_width": {str(n): share for n, share in study.share_by_width().items()},
            "counts": study.counts.tolist(),
        }

    curve = study.curve()
    return {
        "documents": study.documents,
        "accuracy": study.accuracy,
        "ratio1": study.ratio1,
        "paper": at(study),
        "calibrated": at(study.calibrated()),
        "alive": study.alive.tolist(),
        "padding": study.padding.tolist(),
        "padding_alive": study.padding_alive.tolist(),
        "curve": {name: [float(f"{x:.6g}") for x in values] for name, values in curve.items()},
    }


def hardware() -> dict[str, Any]:
    """Say what this computer is, as far as timings depend on it."""
    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.is_file():
        lines = information.read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        name = names[0] if names else name
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": platform.system(),
        "device": "cpu",
    }
