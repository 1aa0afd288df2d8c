"""What a study runs, what a run records, and the committed records themselves."""

from __future__ import annotations

import json
import math
import re
from dataclasses import fields
from itertools import pairwise
from typing import Any

import pytest

from interpbook import filter_study, load_classifier
from interpbook.corpora import PUBLIC, data_folder
from interpbook.experiments import (
    SEEDS,
    Cell,
    Recipe,
    cells,
    encode_corpus,
    read_record,
    read_records,
    registered_studies,
    run_cell,
    train_model,
    write_record,
)
from interpbook.experiments.runner import hardware, is_done, record_path
from interpbook.experiments.studies.xu_du import CHOICES, EPSILON, FILTERS, TABLE1_RECIPES
from interpbook.models import batches, evaluate

RESULTS = data_folder() / "results"


# ------------------------------------------------------------------------------------------ cells


def test_table1_is_seven_k_two_corpora_and_three_seeds():
    grid = cells("table1")
    assert {(c.corpus, c.num_filters, c.seed) for c in grid} == {
        (corpus, k, seed)
        for corpus in ("ag_news", "imdb")
        for k in (30, 75, 150, 225, 300, 450, 600)
        for seed in (0, 1, 2)
    }
    assert len(grid) == 42 and not any(cell.changes for cell in grid)
    assert [cell.seed for cell in grid] == [0] * 14 + [1] * 14 + [2] * 14  # a whole seed first


def test_settings_are_the_papers_where_it_states_them():
    """Section 4.1 and, for epsilon, 4.2."""
    stated = {"ag_news": (0.01, 0.1), "imdb": (0.005, 0.005)}
    for corpus, (learning_rate, epsilon) in stated.items():
        cell = Cell("table1", corpus, 150, 0)
        recipe = cell.recipe
        assert (recipe.learning_rate, cell.settings["epsilon"]) == (learning_rate, epsilon)
        assert (recipe.widths, recipe.filters_per_width, recipe.batch_size) == ((3, 4, 5), 50, 128)
        assert (recipe.embedding_dim, recipe.padding, recipe.excerpts) == (100, "paper", 0)


def test_figure4_is_a_part_of_table1():
    grid = cells("figure4")
    assert [cell.num_filters for cell in grid if cell.seed == 0] == [30, 75, 150, 225]
    assert {cell.corpus for cell in grid} == {"ag_news"}
    assert all(cell in cells("table1") for cell in grid)
    with pytest.raises(ValueError, match="figure4 is drawn from ag_news, got imdb"):
        cells("figure4", corpora=["imdb"])


def test_choices_change_one_thing_each():
    for corpus, choices in CHOICES.items():
        assert all(len(choice) == 1 for choice in choices)
        usual = TABLE1_RECIPES[corpus]
        for choice in choices:
            ((name, value),) = choice.items()
            assert getattr(usual, name) != value, f"{name}={value} is no change"
    grid = cells("choices")
    assert {cell.num_filters for cell in grid} == {150}
    assert len(grid) == len(SEEDS) * sum(map(len, CHOICES.values()))
    assert len(cells("choices", corpora=["reviews"], seeds=[0])) == 9


def test_all_is_all_studies_and_no_two_cells_share_a_record():
    grid = cells("all")
    studies = [study.name for study in registered_studies(whole=True)]
    assert studies[:4] == ["table1", "choices", "table2", "defences"]
    assert grid == [cell for study in studies for cell in cells(study)]
    assert len({(cell.study, cell.name) for cell in grid}) == len(grid)


def test_a_grid_can_be_cut_and_changed():
    grid = cells("table1", corpora=["reviews"], filters=[6, 3], seeds=[7], changes={"epochs": 3})
    names = [cell.name for cell in grid]
    assert names == ["reviews-k6-epochs=3-seed7", "reviews-k3-epochs=3-seed7"]
    recipe = grid[0].recipe
    assert (recipe.epochs, recipe.seed, recipe.filters_per_width) == (3, 7, 2)
    assert recipe.dropout == TABLE1_RECIPES["reviews"].dropout
    changed = cells("choices", corpora=["imdb"], seeds=[0], changes={"dropout": 0.25})
    assert {cell.changes["dropout"] for cell in changed} == {0.25}
    assert changed[0].name == "imdb-k150-dropout=0.25-padding=masked-seed0"


def test_widths_decide_what_k_may_be():
    cell = Cell("table1", "reviews", 8, 0, {"widths": (2, 3)})
    assert (cell.recipe.filters_per_width, cell.recipe.widths) == (4, (2, 3))


def test_a_whole_number_stands_for_a_real_one():
    cell = Cell("table1", "reviews", 3, 0, {"dropout": 0})
    assert cell == Cell("table1", "reviews", 3, 0, {"dropout": 0.0})
    assert cell.name == "reviews-k3-dropout=0.0-seed0"
    assert isinstance(cell.recipe.dropout, float)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epoch": 3}, r"a recipe has the settings vocab_size, .*epochs.*, got 'epoch'"),
        ({"seed": 3}, r"a recipe has the settings .*, got 'seed'"),
        ({"corpus": "mr"}, r"a recipe has the settings .*, got 'corpus'"),
        ({"filters_per_width": 3}, r"a recipe has the settings .*, got 'filters_per_width'"),
        ({"epochs": "three"}, "epochs is a value like 2, got 'three'"),
        ({"epochs": 2.5}, "epochs is a value like 2, got 2.5"),
        ({"epochs": True}, "epochs is a value like 2, got True"),
        ({"dropout": False}, "dropout is a value like 0.5, got False"),
        ({"pretrained": 1}, "pretrained is a value like True, got 1"),
        ({"max_length": None}, "max_length is a value like 400, got None"),
        ({"widths": 3}, r"widths is a value like \(3, 4, 5\), got 3"),
        ({"padding": "none"}, "padding is 'masked' or 'paper', got 'none'"),
        ({"tokenizer": "bytes"}, "expected one of words, cased, marks, got 'bytes'"),
        ({"missing": "drop"}, "expected one of random, zero, mean, got 'drop'"),
        ({"embedding_dim": 50}, "pretrained vectors have 100 dimensions"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(as_users_run_it, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        Cell("table1", "imdb", 150, 0, changes)


@pytest.mark.parametrize("k", [-3, 0, 1, 31, 100])
def test_filters_that_cannot_be_spread_evenly_are_refused(k):
    with pytest.raises(ValueError, match=rf"over 3 widths, so it is a multiple of 3, got {k}"):
        Cell("table1", "imdb", k, 0)


def test_a_study_or_a_corpus_that_is_not_known_is_refused():
    with pytest.raises(
        ValueError, match=r"studies are table1, choices, table2, defences, yuan-.*, got 'figure4'"
    ):
        Cell("figure4", "imdb", 150, 0)
    with pytest.raises(
        ValueError,
        match=r"studies are table1, figure4, choices, table2, defences, yuan-.*, got 'table3'",
    ):
        cells("table3")
    with pytest.raises(ValueError, match="corpora are ag_news, imdb, reviews, headlines, got 'mr'"):
        cells("table1", corpora=["mr"])


def test_more_filters_and_more_epochs_are_more_work():
    work = [Cell("table1", "imdb", k, 0).work for k in FILTERS]
    assert work == sorted(work) and work[0] > 0
    assert Cell("choices", "imdb", 150, 0, {"epochs": 4}).work > work[2]


# ----------------------------------------------------------------------------------------- a run

CELL = Cell("table1", "reviews", 30, 3, {"epochs": 1})


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[dict[str, Any], Any]:
    models = tmp_path_factory.mktemp("models")
    return run_cell(CELL, models), models


def test_a_run_is_a_trained_model_studied_on_the_test_documents(run):
    record, recipe = run[0], CELL.recipe
    corpus = encode_corpus(recipe)
    model, history, _ = train_model(recipe, corpus, progress=False)
    study = filter_study(model, batches(*corpus.test), CELL.settings["epsilon"])
    metrics = record["metrics"]
    assert record["losses"] == [round(loss, 6) for loss in history.losses]
    assert metrics["documents"] == study.documents == len(corpus.test[0])
    assert metrics["accuracy"] == study.accuracy
    assert metrics["accuracy"] == pytest.approx(evaluate(model, *corpus.test), abs=0.002)
    assert metrics["ratio1"] == study.ratio1
    for name, there in (("paper", study), ("calibrated", study.calibrated())):
        found = metrics[name]
        assert found["epsilon"] == there.epsilon
        assert found["kept_accuracy"] == there.kept_accuracy
        assert (found["ratio2"], found["ratio3"]) == (there.ratio2, there.ratio3)
        assert found["counts"] == there.counts.tolist()
        assert found["share_by_width"] == {str(n): x for n, x in there.share_by_width().items()}
    for name in ("alive", "padding", "padding_alive"):
        assert metrics[name] == getattr(study, name).tolist()
    for name, values in study.curve().items():
        assert metrics["curve"][name] == pytest.approx(values, rel=1e-5)
    assert record["vocabulary"] == len(corpus.vocabulary)


def test_a_record_survives_its_file(run, tmp_path):
    write_record(tmp_path / "record.json", run[0])
    assert read_record(tmp_path / "record.json") == {"format": 1, **run[0]}


def test_a_record_states_what_decides_it_and_where_it_ran(run):
    record = run[0]
    assert (record["study"], record["cell"]) == ("table1", "reviews-k30-epochs=1-seed3")
    assert {name: record[name] for name in CELL.settings} == CELL.settings
    assert json.loads(json.dumps(CELL.settings)) == CELL.settings
    check_record(record)


def test_the_model_is_kept_where_asked(run):
    record, models = run
    classifier = load_classifier(models / "table1" / "reviews-k30-epochs=1-seed3")
    assert classifier.card["test_accuracy"] == record["metrics"]["accuracy"]
    assert classifier.card["train"] == record["corpus"]["train"]
    corpus = encode_corpus(CELL.recipe)
    assert evaluate(classifier.model, *corpus.test) == pytest.approx(
        record["metrics"]["accuracy"], abs=0.002
    )


def test_a_model_that_reads_marks_is_not_kept(tmp_path):
    cell = Cell("choices", "reviews", 3, 0, {"tokenizer": "marks", "epochs": 1})
    assert run_cell(cell, tmp_path)["changes"] == cell.changes
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------------------ committed records


def check_record(record: dict[str, Any]) -> None:
    """See that a record has the fields that the book promises, and that they fit together."""
    for split in ("train", "test"):
        corpus = record["corpus"][split]
        assert corpus["files"]
        assert all(re.fullmatch(r"[0-9a-f]{64}", sha) for sha in corpus["files"].values())
        assert corpus["complete"] == (corpus["documents"] == corpus["official_documents"])
        if record["recipe"]["corpus"] in PUBLIC:
            official = PUBLIC[record["recipe"]["corpus"]].splits[split].documents
            assert corpus["official_documents"] == official
    assert set(record["recipe"]) == {field.name for field in fields(Recipe)}
    assert bool(record["vectors"]) == record["recipe"]["pretrained"]
    assert set(record["versions"]) == {"interpbook", "python", "torch"}
    assert set(record["hardware"]) == set(hardware())
    seconds, epochs = record["seconds"], record["recipe"]["epochs"]
    assert len(seconds["epochs"]) == len(record["losses"]) == epochs
    assert seconds["train"] >= sum(seconds["epochs"]) - 0.01 > 0 < seconds["study"]
    check_metrics(record["metrics"], record["k"], record["recipe"]["widths"])


def check_metrics(metrics: dict[str, Any], k: int, widths: list[int]) -> None:
    N, curve = metrics["documents"], metrics["curve"]
    for name in ("alive", "padding", "padding_alive"):
        assert len(metrics[name]) == k and all(0 <= n <= N for n in metrics[name])
    assert all(
        both <= min(alive, padding)
        for both, alive, padding in zip(
            metrics["padding_alive"], metrics["alive"], metrics["padding"], strict=True
        )
    )
    assert metrics["ratio1"] == pytest.approx(1 - sum(metrics["alive"]) / (N * k), abs=1e-12)
    for name in ("paper", "calibrated"):
        found = metrics[name]
        counts, total = found["counts"], sum(found["counts"])
        assert len(counts) == k and all(0 <= n <= N for n in counts)
        assert found["ratio2"] == pytest.approx(1 - total / (N * k), abs=1e-12)
        assert found["ratio3"] == pytest.approx(sum(n > 0 for n in counts) / k, abs=1e-12)
        assert list(found["share_by_width"]) == [str(width) for width in widths]
        for n, (width, share) in enumerate(found["share_by_width"].items()):
            own = sum(counts[n * k // len(widths) : (n + 1) * k // len(widths)])
            assert share == pytest.approx(own / max(total, 1)), width
        place = curve["epsilon"].index(float(f"{found['epsilon']:.6g}"))
        for quantity in ("kept_accuracy", "ratio2", "ratio3"):
            assert curve[quantity][place] == pytest.approx(found[quantity], rel=1e-5)
    assert all(a < b for a, b in pairwise(curve["epsilon"]))
    assert all(a <= b for a, b in pairwise(curve["ratio2"]))
    assert all(a >= b for a, b in pairwise(curve["ratio3"]))
    # Calibrated: costs at most a point of accuracy, and nothing above it does.
    costs = [metrics["accuracy"] - kept for kept in curve["kept_accuracy"]]
    cheap = [e for e, cost in zip(curve["epsilon"], costs, strict=True) if cost <= 0.01 + 1e-6]
    assert math.isclose(max(cheap), metrics["calibrated"]["epsilon"], rel_tol=1e-5)


def records(study: str) -> list[dict[str, Any]]:
    """Read a study's committed records."""
    return list(read_records(RESULTS / study))


@pytest.mark.parametrize("study", ["table1", "choices"])
def test_every_cell_has_its_committed_record_and_no_record_is_without_a_cell(study):
    grid = cells(study)
    assert [cell.name for cell in grid if not is_done(RESULTS, cell)] == [], "run otherwise, or not"
    paths = {record_path(RESULTS, cell) for cell in grid}
    assert set((RESULTS / study).iterdir()) == paths
    assert all(record["study"] == study for record in records(study))


@pytest.mark.parametrize("study", ["table1", "choices"])
def test_committed_records_are_whole_and_fit_together(study):
    for record in records(study):
        check_record(record)
        assert not re.search(r"/(home|root|work|tmp|Users)/", json.dumps(record)), "a local path"


@pytest.mark.parametrize("study", ["table1", "choices"])
def test_committed_records_of_a_corpus_saw_the_same_documents(study):
    found = records(study)
    for corpus in ("ag_news", "imdb"):
        own = [record for record in found if record["recipe"]["corpus"] == corpus]
        assert len({json.dumps(record["corpus"], sort_keys=True) for record in own}) == 1
        assert {record["epsilon"] for record in own} == {EPSILON[corpus]}
    sources = {record["vectors"]["source"] for record in found if record["vectors"]}
    assert len(sources) == 1


def test_studying_imdb_costs_at_most_half_an_epoch():
    """At k = 150, in the very run that trained the model: ratios need no quiet machine."""
    found = [r for r in records("table1") if (r["recipe"]["corpus"], r["k"]) == ("imdb", 150)]
    assert found and all(record["metrics"]["documents"] == 25_000 for record in found)
    for record in found:
        epochs = record["seconds"]["epochs"]
        assert record["seconds"]["study"] <= 0.5 * sum(epochs) / len(epochs)


def test_epsilon_is_stated_for_every_corpus():
    assert set(EPSILON) == set(TABLE1_RECIPES)
