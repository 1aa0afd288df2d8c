"""What the study of defences runs, what a defended run records, and its committed records."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from interpbook import load_classifier, load_corpus
from interpbook.attacks import Speller, attack_repaired, attack_study
from interpbook.corpora import data_folder
from interpbook.experiments import Cell, cells, read_records, run_cell
from interpbook.experiments.runner import is_done, record_path
from interpbook.experiments.studies import xu_du_defences
from interpbook.scores import effect_study

RESULTS = data_folder() / "results"
DEFENDED = Cell("defences", "reviews", 6, 3, {"epochs": 1})


@pytest.fixture(scope="module")
def defended(tmp_path_factory) -> tuple[dict[str, Any], Any]:
    models = tmp_path_factory.mktemp("defended")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xu_du_defences, "DEFENDED_DOCUMENTS", 80)
        return run_cell(DEFENDED, models), models


def test_defences_are_six_models_of_table1():
    grid = cells("defences")
    assert {(c.corpus, c.num_filters, c.seed) for c in grid} == {
        (corpus, 150, seed) for corpus in ("ag_news", "imdb") for seed in (0, 1, 2)
    }
    assert len(grid) == 6
    assert {cell.name for cell in grid} < {cell.name for cell in cells("table1")}
    assert [cell.recipe for cell in grid if cell.corpus == "imdb"] == [
        cell.recipe for cell in cells("table1") if (cell.corpus, cell.num_filters) == ("imdb", 150)
    ]


def test_a_defended_run_is_what_the_doors_of_the_package_say(defended):
    record, models = defended
    plain = load_classifier(models / "table1" / DEFENDED.name)
    corpus = load_corpus("reviews", split="test")
    chosen = np.random.default_rng(0).permutation(len(corpus.texts))[:80]
    texts, labels = [corpus.texts[i] for i in chosen], [int(corpus.labels[i]) for i in chosen]
    metrics = record["metrics"]
    documents = plain.encode(texts)
    study = effect_study(plain.model, documents, labels)
    assert metrics["documents"] == 80
    assert metrics["words"] == sum(map(len, documents))
    assert metrics["unknown_words"] == sum(document.count(1) for document in documents)
    assert metrics["effects"]["words"] == len(study)
    assert metrics["effects"]["slope"] == pytest.approx(study.slope, abs=1e-4)
    assert metrics["effects"]["top_agrees"] == pytest.approx(study.top_agrees.mean(), abs=0.03)
    right = (plain.predict_proba(texts).argmax(axis=1) == labels).mean()
    assert metrics["accuracy"]["plain"] == pytest.approx(right, abs=0.02)
    found = attack_study(plain, texts, labels, "updated_word_scores", seed=3)
    tally = metrics["attacks"]["plain"]["updated_word_scores"]
    assert tally["attacked"] == pytest.approx(found.attacked, abs=1)
    assert tally["success"] == pytest.approx(found.success, abs=0.05)
    speller = Speller(plain.vocabulary)
    repairs = [speller.repair(text) for text in texts]
    of_one = metrics["spellers"]["1"]
    assert of_one["words_changed"] == sum(len(repair.changes) for repair in repairs)
    assert of_one["documents_changed"] == sum(bool(repair.changes) for repair in repairs)
    knowing = attack_repaired(plain, speller, texts, labels, "exact", seed=3)
    fallen = sum(result.succeeded for result in knowing)
    assert of_one["knowing"]["exact"]["succeeded"] == pytest.approx(fallen, abs=2)


def test_a_defended_record_is_whole(defended):
    record = defended[0]
    assert record["study"] == "defences" and record["cell"] == "reviews-k6-epochs=1-seed3"
    settings = DEFENDED.settings
    settings["attack"]["documents"] = 80
    assert {name: record[name] for name in settings} == settings
    check_defences(record, 80)


# ------------------------------------------------------------------------------ committed records


def check_defences(record: dict[str, Any], N: int) -> None:
    """See that a defended model's numbers fit together."""
    metrics, rankings = record["metrics"], record["attack"]["rankings"]
    assert metrics["documents"] == N
    assert set(metrics["attacks"]) == set(metrics["accuracy"]) == {"plain", "vector"}
    tallies = [
        (name, round(N * metrics["accuracy"][name]), tally)
        for name, attacks in metrics["attacks"].items()
        for tally in attacks.values()
    ]
    for name in metrics["attacks"]:
        assert list(metrics["attacks"][name]) == rankings
    assert list(metrics["spellers"]) == [str(n) for n in record["defence"]["max_edits"]]
    changed = sum(metrics["attacks"]["plain"]["updated_word_scores"][key] for key in ["changed"])
    for speller in metrics["spellers"].values():
        assert list(speller["knowing"]) == list(speller["replayed"]) == rankings
        correct = round(N * speller["accuracy"])
        tallies += [("knowing", correct, tally) for tally in speller["knowing"].values()]
        for tally in speller["replayed"].values():
            plain = metrics["attacks"]["plain"]["gradient"]["attacked"]
            assert tally["attacked"] <= min(correct, plain)
            assert 0 <= tally["succeeded"] <= tally["attacked"]
        for counts in speller["typos"].values():
            assert set(counts) == {"restored", "another", "left"}
            assert sum(counts.values()) <= changed
        assert speller["documents_changed"] <= min(N, speller["words_changed"])
    for name, correct, tally in tallies:
        assert tally["attacked"] == pytest.approx(correct, abs=1), name
        assert tally["success"] == pytest.approx(tally["succeeded"] / tally["attacked"])
        assert tally["changed"] <= record["attack"]["max_changes"] * tally["attacked"]
    effects = metrics["effects"]
    assert sum(part["documents"] for part in effects["by_length"]) == effects["documents"] <= N
    assert sum(part["words"] for part in effects["by_length"]) == effects["words"]
    assert effects["words"] == metrics["words"] - metrics["unknown_words"]


def test_committed_defences_are_whole_and_of_table1s_models():
    grid = cells("defences")
    assert [cell.name for cell in grid if not is_done(RESULTS, cell)] == [], "run otherwise, or not"
    assert set((RESULTS / "defences").iterdir()) == {record_path(RESULTS, c) for c in grid}
    trained = {record["cell"]: record for record in read_records(RESULTS / "table1")}
    for record in read_records(RESULTS / "defences"):
        check_defences(record, 1000)
        assert not re.search(r"/(home|root|work|tmp|Users)/", json.dumps(record)), "a local path"
        assert record["corpus"] == trained[record["cell"]]["corpus"]
        assert record["recipe"] == trained[record["cell"]]["recipe"]
