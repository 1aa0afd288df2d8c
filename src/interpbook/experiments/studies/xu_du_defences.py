"""The study ``defences``: how far B foresees, and what defences do against Table 2's attacks.

Xu & Du (2020) have no such study: it is ours, on their models and by their rankings.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from interpbook.attacks import (
    AttackResult,
    Ranking,
    Speller,
    attack_repaired,
    attack_texts,
    train_unknown,
    typos_repaired,
)
from interpbook.classifier import Classifier
from interpbook.experiments.building import encode_corpus
from interpbook.experiments.records import Record
from interpbook.experiments.studies.xu_du import (
    MAX_CHANGES,
    PAPERS_CORPORA,
    TABLE1_RECIPES,
    XU_DU,
    origin,
    test_sample,
    trained_classifier,
    work_of_attacks,
)
from interpbook.experiments.study import Cell, Study
from interpbook.scores import EffectStudy, effect_study
from interpbook.text import UNKNOWN

# These settings are ours: the number of documents, which are the first of Table 2's; how many edits
# a speller may undo; and how the unknown word's vector is trained.
DEFENDED_DOCUMENTS = 1000
MAX_EDITS = (1, 2)
DEFENDED_RANKINGS: tuple[Ranking, ...] = ("gradient", "word_scores", "updated_word_scores", "exact")
UNKNOWN_TRAINING = {"documents": 10_000, "rate": 0.1, "epochs": 2, "learning_rate": 0.02}


def _settings(cell: Cell) -> dict[str, Any]:
    attack = {"documents": DEFENDED_DOCUMENTS, "max_changes": MAX_CHANGES}
    attack |= {"typo": "look-alike", "rankings": list(DEFENDED_RANKINGS)}
    defence = {"max_edits": list(MAX_EDITS), "unknown": dict(UNKNOWN_TRAINING)}
    return {"attack": attack, "defence": defence}


def defend_model(cell: Cell, models: Path | None) -> Record:
    """Attack the model of Table 1's cell of the same name plain and defended."""
    start = time.perf_counter()
    classifier = trained_classifier(cell, models)
    trained = time.perf_counter()
    test, texts, labels = test_sample(cell, DEFENDED_DOCUMENTS)
    metrics = defence_metrics(cell, classifier, texts, labels)
    done = time.perf_counter()
    return {
        **origin(classifier, test),
        "seconds": {"model": round(trained - start, 3), "attack": round(done - trained, 3)},
        "metrics": metrics,
    }


def defence_metrics(
    cell: Cell, plain: Classifier, texts: Sequence[str], labels: Sequence[int]
) -> Record:
    """Attack a classifier plain and defended: with a trained unknown vector, with a speller.

    Parameters
    ----------
    cell : Cell
        The run, whose seed decides typos and training.
    plain : Classifier
        The classifier of the cell's recipe, undefended.
    texts, labels : sequences of N texts and their classes
        The documents to attack.
    """
    documents = plain.encode(texts)
    vector = _with_trained_vector(cell, plain)
    results = {
        name: {
            ranking: attack_texts(target, texts, labels, ranking, MAX_CHANGES, seed=cell.seed)
            for ranking in DEFENDED_RANKINGS
        }
        for name, target in (("plain", plain), ("vector", vector))
    }
    return {
        "documents": len(texts),
        "words": sum(map(len, documents)),
        "unknown_words": sum(document.count(UNKNOWN) for document in documents),
        "accuracy": {
            "plain": _accuracy(plain, texts, labels),
            "vector": _accuracy(vector, texts, labels),
        },
        "effects": effect_metrics(effect_study(plain.model, documents, labels)),
        "attacks": {
            name: {ranking: _tally(found) for ranking, found in by_ranking.items()}
            for name, by_ranking in results.items()
        },
        "spellers": {
            str(edits): _with_speller(
                cell,
                Speller(plain.vocabulary, edits, lowercase=plain.lowercase),
                plain,
                vector,
                results["plain"],
            )
            for edits in MAX_EDITS
        },
    }


def _with_trained_vector(cell: Cell, plain: Classifier) -> Classifier:
    documents, labels = encode_corpus(cell.recipe).train
    settings = dict(UNKNOWN_TRAINING)
    order = np.random.default_rng(cell.seed).permutation(len(documents))
    order = order[: int(settings.pop("documents"))]
    examples = [documents[i] for i in order], [labels[i] for i in order]
    return train_unknown(plain, *examples, seed=cell.seed, **settings)


def _with_speller(
    cell: Cell,
    speller: Speller,
    plain: Classifier,
    vector: Classifier,
    attacked: dict[Ranking, list[AttackResult]],
) -> Record:
    """Measure a speller: its cost, and attacks by those who do not know of it and who do."""
    unaware = attacked["updated_word_scores"]
    texts = [result.original for result in unaware]
    labels = [result.label for result in unaware]
    words = [change.before for result in unaware for change in result.changes]
    repairs = [speller.repair(text) for text in texts]
    clean = [repair.text for repair in repairs]

    def by_knowing(target: Classifier, ranking: Ranking) -> Record:
        return _tally(
            attack_repaired(target, speller, texts, labels, ranking, MAX_CHANGES, seed=cell.seed)
        )

    return {
        "accuracy": _accuracy(plain, clean, labels),
        "accuracy_with_vector": _accuracy(vector, clean, labels),
        "documents_changed": sum(bool(repair.changes) for repair in repairs),
        "words_changed": sum(len(repair.changes) for repair in repairs),
        "typos": typos_repaired(speller, words, seed=cell.seed),
        "replayed": {
            ranking: _replay_repaired(plain, speller, clean, labels, found)
            for ranking, found in attacked.items()
        },
        "knowing": {ranking: by_knowing(plain, ranking) for ranking in DEFENDED_RANKINGS},
        "knowing_with_vector": {"updated_word_scores": by_knowing(vector, "updated_word_scores")},
    }


def _accuracy(classifier: Classifier, texts: Sequence[str], labels: Sequence[int]) -> float:
    return float((classifier.predict_proba(texts).argmax(axis=1) == np.array(labels)).mean())


def _tally(results: Sequence[AttackResult]) -> Record:
    """Count attacks: how many documents there were to attack, how many fell."""
    begun = [r for r in results if r.outcome not in ("already misclassified", "no word")]
    fallen = sum(result.succeeded for result in begun)
    return {
        "attacked": len(begun),
        "succeeded": fallen,
        "success": fallen / max(len(begun), 1),
        "changed": sum(result.num_changes for result in begun),
    }


def _replay_repaired(
    classifier: Classifier,
    speller: Speller,
    clean: Sequence[str],
    labels: Sequence[int],
    results: Sequence[AttackResult],
) -> Record:
    """Count the changed texts that are misclassified when repaired, though not when left alone.

    Only documents count that were attacked and that, as written, are classified correctly with the
    speller too: what the speller costs by itself is no success of the attack.
    """
    held = classifier.predict_proba(clean).argmax(axis=1) == np.array(labels)
    begun = [
        result
        for result, right in zip(results, held, strict=True)
        if right and result.outcome not in ("already misclassified", "no word")
    ]
    repaired = [speller.repair(result.text).text for result in begun]
    predicted = classifier.predict_proba(repaired).argmax(axis=1)
    fallen = sum(int(found) != result.label for found, result in zip(predicted, begun, strict=True))
    return {
        "attacked": len(begun),
        "succeeded": fallen,
        "success": fallen / max(len(begun), 1),
    }


def effect_metrics(study: EffectStudy) -> Record:
    """Return how well B foresees what a word's going does, for all words and by length of text."""

    def of(study: EffectStudy) -> Record:
        return {
            "documents": len(study.top_agrees),
            "words": len(study),
            "pearson": round(study.pearson, 6),
            "spearman": round(study.spearman, 6),
            "slope": round(study.slope, 6),
            "wrong_sign": {str(above): study.wrong_sign(above) for above in (0.0, 0.1, 0.5)},
            "large": {
                str(above): int((study.predicted.abs() > above).sum()) for above in (0.0, 0.1, 0.5)
            },
            "top_agrees": float(study.top_agrees.mean()),
        }

    documents = study.documents.unique_consecutive(return_counts=True)[1]
    first = documents.cumsum(0) - documents
    edges = np.quantile(study.lengths[first].numpy(), [0, 0.25, 0.5, 0.75, 1])
    parts = np.searchsorted(edges[1:-1], study.lengths.numpy(), side="left")
    by_length = [
        {
            "longest": int(study.lengths[torch.from_numpy(parts == part)].max()),
            **of(study.chosen(torch.from_numpy(parts == part))),
        }
        for part in np.unique(parts)
    ]
    return {**of(study), "by_length": by_length}


STUDIES = (
    Study(
        name="defences",
        paper=XU_DU,
        recipes=TABLE1_RECIPES,
        corpora=PAPERS_CORPORA,
        cells=lambda corpus: [(150, {})],
        measure=defend_model,
        settings=_settings,
        work=work_of_attacks,
    ),
)
