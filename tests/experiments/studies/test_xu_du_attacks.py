"""Attacks on the models of Table 1: what a run records, and the committed records of Table 2."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from interpbook import load_classifier, load_corpus
from interpbook.attacks import attack_study, with_unknown
from interpbook.corpora import data_folder
from interpbook.experiments import (
    SEEDS,
    Cell,
    building,
    cells,
    read_record,
    read_records,
    run_cell,
    write_record,
)
from interpbook.experiments.runner import is_done, record_path
from interpbook.experiments.studies import xu_du, xu_du_defences
from interpbook.experiments.studies.xu_du import FILTERS, MAX_CHANGES, RANKINGS

RESULTS = data_folder() / "results"
FEW = 60
CHANGES = {"epochs": 1}
CELL = Cell("table2", "reviews", 30, 3, CHANGES)


# ----------------------------------------------------------------------------------------- a run


@pytest.fixture
def few(monkeypatch) -> None:
    monkeypatch.setattr(xu_du, "ATTACKED_DOCUMENTS", FEW)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Keep the model of Table 1's cell, as an earlier call left it."""
    folder = tmp_path_factory.mktemp("models")
    run_cell(Cell("table1", "reviews", 30, 3, CHANGES), folder)
    return folder


def fail(*_: Any, **__: Any) -> None:
    raise AssertionError("trained again")


def test_a_run_attacks_the_model_that_table1_left(few, models, monkeypatch):
    monkeypatch.setattr(xu_du, "train_classifier", fail)
    record = run_cell(CELL, models)
    classifier = load_classifier(models / "table1" / CELL.name)
    test = load_corpus("reviews", "test")
    chosen = np.random.default_rng(0).permutation(len(test.texts))[:FEW]
    texts, labels = [test.texts[i] for i in chosen], [int(test.labels[i]) for i in chosen]
    attacks = record["metrics"]["attacks"]
    assert {name: tuple(found) for name, found in attacks.items()} == RANKINGS
    for unknown, ranking in (
        ("trained", "exact"),
        ("unit normal", "gradient"),
        ("mean", "gradient"),
    ):
        target = with_unknown(classifier, unknown, seed=3)
        study = attack_study(target, texts, labels, ranking, MAX_CHANGES, seed=3)
        found = attacks[unknown][ranking]
        assert (found["attacked"], found["succeeded"]) == (study.attacked, study.succeeded)
        assert found["success"] == study.success and found["not_replayed"] == 0
        assert found["by_budget"] == pytest.approx(study.by_budget, abs=1e-6)
        assert found["outcomes"] == study.outcomes
        assert found["changed"] == study.words.total()
        assert dict(found["words"]) == dict(study.words.most_common(50))
    assert record["metrics"]["accuracy"] == classifier.card["test_accuracy"]
    assert record["corpus"]["train"] == classifier.card["train"]
    assert {name: record[name] for name in CELL.settings} == CELL.settings
    assert json.loads(json.dumps(CELL.settings)) == CELL.settings


def test_a_record_survives_its_file(few, models, tmp_path):
    record = run_cell(CELL, models)
    write_record(record_path(tmp_path, CELL), record)
    kept = read_record(record_path(tmp_path, CELL))
    assert kept == {"format": 1, **json.loads(json.dumps(record))}
    assert is_done(tmp_path, CELL)


def test_a_model_of_another_recipe_is_trained_again_and_kept(few, models, tmp_path):
    folder = tmp_path / "table1" / CELL.name
    other = Cell("table1", "reviews", 30, 3, {"epochs": 2})
    run_cell(other, tmp_path)
    (tmp_path / "table1" / other.name).rename(folder)
    found = run_cell(CELL, tmp_path)["metrics"]
    assert load_classifier(folder).card["recipe"]["epochs"] == 1
    assert found == run_cell(CELL, models)["metrics"] == run_cell(CELL)["metrics"]


@pytest.mark.parametrize("study", ["table2", "defences"])
def test_a_kept_model_of_another_vocabulary_is_trained_again(few, monkeypatch, tmp_path, study):
    """The recipe is the same, the corpus has grown: ids of the one are other words to the other."""
    monkeypatch.setattr(xu_du_defences, "DEFENDED_DOCUMENTS", FEW)
    cell = Cell(study, "reviews", 3, 3, {"epochs": 1, "max_length": 20})
    run_cell(Cell("table1", "reviews", 3, 3, cell.changes), tmp_path)
    folder = tmp_path / "table1" / cell.name
    kept = load_classifier(folder)
    there = {split: load_corpus("reviews", split) for split in ("train", "test")}
    train = there["train"]
    grown = replace(train, texts=("Zebra " * 400, *train.texts[1:]))
    monkeypatch.setattr(
        building, "load_corpus", lambda name, split: {**there, "train": grown}[split]
    )
    building._tokenized.cache_clear()
    run_cell(cell, tmp_path)
    building._tokenized.cache_clear()
    found = load_classifier(folder)
    assert "zebra" in found.vocabulary and "zebra" not in kept.vocabulary
    assert found.card["recipe"] == kept.card["recipe"]


# ------------------------------------------------------------------------------ committed records


def records() -> list[dict[str, Any]]:
    return list(read_records(RESULTS / "table2"))


def test_every_cell_has_its_committed_record_and_no_record_is_without_a_cell():
    grid = cells("table2")
    assert [cell.name for cell in grid if not is_done(RESULTS, cell)] == []
    assert set((RESULTS / "table2").iterdir()) == {record_path(RESULTS, cell) for cell in grid}


def test_the_models_attacked_are_those_of_table1():
    for record in records():
        studied = read_record(RESULTS / "table1" / f"{record['cell']}.json")
        assert record["recipe"] == studied["recipe"] and record["corpus"] == studied["corpus"]
        assert record["vectors"] == studied["vectors"]
        assert record["metrics"]["accuracy"] == studied["metrics"]["accuracy"]


def test_committed_attacks_fit_together():
    for record in records():
        documents = record["attack"]["documents"]
        assert documents >= 2000 and record["attack"]["max_changes"] == MAX_CHANGES
        for unknown, rankings in record["metrics"]["attacks"].items():
            assert len({found["attacked"] for found in rankings.values()}) == 1, unknown
            for found in rankings.values():
                outcomes = found["outcomes"]
                assert sum(outcomes.values()) == documents
                untouched = outcomes["already misclassified"] + outcomes.get("no word", 0)
                assert found["attacked"] == documents - untouched
                assert found["not_replayed"] == 0, "every success holds when its text is read anew"
                assert found["succeeded"] == outcomes["prediction changed"]
                assert found["success"] == found["succeeded"] / found["attacked"]
                shares = found["by_budget"]
                assert shares == sorted(shares) and shares[0] == 0 and len(shares) == 11
                assert shares[-1] == pytest.approx(found["success"], abs=1e-6)
                counts = [n for _, n in found["words"]]
                assert counts == sorted(counts, reverse=True) and sum(counts) <= found["changed"]
                assert found["changed"] <= MAX_CHANGES * found["attacked"]


def means(unknown: str, key: str = "success") -> dict[tuple[str, int, str], Any]:
    """Average over seeds: by corpus, k and ranking."""
    found = defaultdict(list)
    for record in records():
        for ranking, attack in record["metrics"]["attacks"][unknown].items():
            found[record["recipe"]["corpus"], record["k"], ranking].append(attack[key])
    assert {len(values) for values in found.values()} == {len(SEEDS)}
    return {place: np.mean(values, axis=0) for place, values in found.items()}


@pytest.mark.parametrize("unknown", RANKINGS)
@pytest.mark.parametrize("k", FILTERS)
def test_b_beats_the_gradient_by_fifteen_points_on_imdb(k, unknown):
    found = means(unknown)
    assert found["imdb", k, "word_scores"] >= found["imdb", k, "gradient"] + 0.15


@pytest.mark.parametrize("corpus", ["ag_news", "imdb"])
@pytest.mark.parametrize("k", FILTERS)
def test_b_computed_again_beats_b_computed_once(corpus, k):
    found = means("trained")
    assert found[corpus, k, "updated_word_scores"] > found[corpus, k, "word_scores"]


@pytest.mark.parametrize("unknown", ["trained", "unit normal"])
def test_the_exact_ranking_is_best_at_a_budget_of_one(unknown):
    found = means(unknown, "by_budget")
    for (corpus, k, ranking), shares in found.items():
        assert shares[1] <= found[corpus, k, "exact"][1], (corpus, k, ranking)
