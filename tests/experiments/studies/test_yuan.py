"""What a study of Yuan et al. runs: its cells, their names, and what they state."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from interpbook.experiments import RECIPES, SEEDS, Cell, cells, write_record
from interpbook.experiments.runner import is_done, record_path
from interpbook.experiments.studies import yuan as deep_studies
from interpbook.experiments.studies.yuan import (
    CHOICES,
    INVERSION,
    LOCATIONS,
    WORDS,
    YUAN_RECIPES,
)
from interpbook.hidden import METHODS

YUAN_STUDIES = ("yuan-table3", "yuan-choices", "yuan-interpretations")
ALL = [cell for study in YUAN_STUDIES for cell in cells(study)]


# ---------------------------------------------------------------------------------------- grids


@pytest.mark.parametrize("study", ["yuan-table3", "yuan-interpretations"])
def test_both_networks_are_run_from_three_seeds(study):
    grid = cells(study)
    assert {(cell.corpus, cell.seed) for cell in grid} == {
        (corpus, seed) for corpus in ("mr", "ag_news") for seed in (0, 1, 2)
    }
    assert [cell.seed for cell in grid] == [0, 0, 1, 1, 2, 2]  # a whole seed first
    assert all(cell.study == study and not cell.changes for cell in grid)


def test_choices_change_what_they_say_and_nothing_twice():
    assert set(CHOICES) == set(YUAN_RECIPES)
    for corpus, choices in CHOICES.items():
        usual = YUAN_RECIPES[corpus]
        for choice in choices:
            assert all(getattr(usual, name) != value for name, value in choice.items()), choice
    grid = cells("yuan-choices")
    assert len(grid) == len(SEEDS) * len(CHOICES["mr"]) and {c.corpus for c in grid} == {"mr"}
    assert [cell.changes for cell in grid if cell.seed == 0] == [*CHOICES["mr"]]


def test_no_two_cells_share_a_record():
    assert len({(cell.study, cell.name) for cell in ALL}) == len(ALL)


def test_interpretations_are_of_the_models_of_table3():
    table3 = {cell.name: cell.recipe for cell in cells("yuan-table3")}
    assert {cell.name: cell.recipe for cell in cells("yuan-interpretations")} == table3


def test_a_grid_can_be_cut_and_changed():
    grid = cells("yuan-table3", corpora=["mr"], seeds=[7], changes={"epochs": 3})
    assert [cell.name for cell in grid] == ["mr-epochs=3-seed7"]
    assert (grid[0].recipe.epochs, grid[0].recipe.seed) == (3, 7)
    changed = cells("yuan-choices", corpora=["mr"], seeds=[0], changes={"dropout": 0.25})
    assert {cell.recipe.dropout for cell in changed} == {0.25}


def test_corpora_and_seeds_may_be_iterators():
    grid = cells("yuan-table3", corpora=iter(["mr", "ag_news"]), seeds=iter([0, 1]))
    assert [cell.name for cell in grid] == [
        f"{corpus}-seed{seed}" for seed in (0, 1) for corpus in ("mr", "ag_news")
    ]


# ---------------------------------------------------------------------------------------- cells


def test_the_networks_are_the_papers_with_all_words():
    """The classifiers that the book ships differ in their words and bytes alone."""
    for corpus, recipe in YUAN_RECIPES.items():
        shipped = asdict(RECIPES[f"{corpus}_deep"])
        studied = asdict(recipe)
        differ = {name for name in studied if studied[name] != shipped[name]}
        assert differ == {"vocab_size", "precision"} and recipe.precision == "float16"


def test_interpretations_state_the_papers_numbers():
    """Section "Experimental Setup": lambda_1, lambda_2, the rate and the first hidden layer."""
    stated = {"mr": (0.004, 0.02), "ag_news": (0.002, 0.01)}
    for corpus, (l2, similarity) in stated.items():
        found = Cell("yuan-interpretations", corpus, None, 0).settings["interpretation"]
        assert (found["l2"], found["similarity"], found["layer"]) == (l2, similarity, 1)
        assert found["learning_rate"] == 2e-4
        assert found["methods"] == [*METHODS] and found["documents"] >= 100
    assert 3 in LOCATIONS, "the paper's m"


def test_the_words_read_back_fit_into_a_document():
    for recipe in YUAN_RECIPES.values():
        assert max(LOCATIONS) * max(WORDS) <= recipe.max_length


@pytest.mark.parametrize("study", YUAN_STUDIES)
def test_settings_say_all_that_decides_a_cell(study):
    cell = cells(study, corpora=["mr"], seeds=[5])[0]
    settings = cell.settings
    assert settings["seed"] == settings["recipe"]["seed"] == 5
    assert settings["changes"] == json.loads(json.dumps(cell.changes))
    assert settings["recipe"] == json.loads(json.dumps(asdict(cell.recipe)))
    assert ("interpretation" in settings) == (study == "yuan-interpretations")


@pytest.mark.parametrize("cell", ALL[:3] + ALL[-3:] + cells("yuan-choices", seeds=[0]))
def test_a_record_is_recognised_as_the_cells_own(tmp_path, cell):
    """Tuples become lists in a file, and numbers stay the same."""
    assert not is_done(tmp_path, cell)
    write_record(record_path(tmp_path, cell), {"study": cell.study, **cell.settings})
    assert is_done(tmp_path, cell)
    again = json.loads(json.dumps(cell.settings))
    assert json.loads(json.dumps(again)) == again
    write_record(record_path(tmp_path, cell), {**cell.settings, "seed": cell.seed + 1})
    assert not is_done(tmp_path, cell)


def test_more_epochs_and_interpretations_are_more_work():
    assert all(cell.work > 0 for cell in ALL)
    plain, long = (
        Cell("yuan-choices", "mr", None, 0, {"epochs": epochs}).work for epochs in (8, 16)
    )
    assert plain < long
    for corpus in YUAN_RECIPES:
        table3, interpreted = (
            Cell(study, corpus, None, 0).work for study in ("yuan-table3", "yuan-interpretations")
        )
        assert table3 < interpreted
    assert Cell("yuan-table3", "mr", None, 0).work < Cell("yuan-table3", "ag_news", None, 0).work


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "mr-seed1"),
        ({"vector_corpora": ()}, "mr-vector_corpora=none-seed1"),
        ({"vector_corpora": ("imdb", "ag_news")}, "mr-vector_corpora=imdb+ag_news-seed1"),
        ({"channels": (64, 32)}, "mr-channels=64+32-seed1"),
        ({"tokenizer": "words", "epochs": 2}, "mr-epochs=2-tokenizer=words-seed1"),
        ({"dropout": 0}, "mr-dropout=0.0-seed1"),
    ],
)
def test_a_name_says_what_was_changed(changes, name):
    cell = Cell("yuan-table3", "mr", None, 1, changes)
    assert cell.name == name
    assert {setting: getattr(cell.recipe, setting) for setting in changes} == cell.changes


def test_a_cell_keeps_changes_of_its_own():
    changes: dict[str, Any] = {"epochs": 2}
    cell = Cell("yuan-table3", "mr", None, 1, changes)
    changes["epochs"] = 3
    assert cell.recipe.epochs == 2


# ----------------------------------------------------------------------------------- what cannot be


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epoch": 3}, r"a recipe has the settings vocab_size, .*epochs.*, got 'epoch'"),
        ({"seed": 3}, r"a recipe has the settings .*, got 'seed'"),
        ({"corpus": "imdb"}, r"a recipe has the settings .*, got 'corpus'"),
        ({"widths": (3, 4)}, r"a recipe has the settings .*, got 'widths'"),
        ({"epochs": "3"}, "epochs is a value like 8, got '3'"),
        ({"epochs": 2.5}, "epochs is a value like 8, got 2.5"),
        ({"epochs": True}, "epochs is a value like 8, got True"),
        ({"epochs": 0}, "epochs is at least 1, got 0"),
        ({"embedding_dim": 2.5}, "embedding_dim is a value like 300, got 2.5"),
        ({"embedding_dim": 0}, "embedding_dim is a positive number, got 0"),
        ({"dropout": False}, "dropout is a value like 0.5, got False"),
        ({"dropout": 1}, "dropout is a probability below 1"),
        ({"vector_corpora": "imdb"}, r"vector_corpora is a value like \('imdb', 'ag_news'\), got"),
        ({"vector_corpora": ("mr",)}, r"trained on imdb or ag_news or both, got \('mr',\)"),
        ({"channels": (0,)}, "channels are one or more positive numbers"),
        ({"kernel_size": 4}, "kernel_size is odd, to have a middle, got 4"),
        ({"max_length": None}, "max_length is a value like 56, got None"),
        ({"padding": "none"}, "padding is 'masked' or 'paper', got 'none'"),
        ({"tokenizer": "bytes"}, "expected one of words, cased, marks, got 'bytes'"),
        ({"precision": "int4"}, "expected one of float16, int8, got 'int4'"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(as_users_run_it, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        Cell("yuan-table3", "mr", None, 0, changes)


def test_a_study_or_a_corpus_that_is_not_known_is_refused():
    folders = "studies are .*, yuan-table3, yuan-choices, yuan-interpretations"
    with pytest.raises(ValueError, match=f"{folders}, got 'yuan-table2'"):
        Cell("yuan-table2", "mr", None, 0)
    with pytest.raises(ValueError, match=f"{folders}, got 'yuan-table2'"):
        cells("yuan-table2")
    with pytest.raises(ValueError, match="yuan-table3 chooses no number of filters, got 30"):
        Cell("yuan-table3", "mr", 30, 0)
    for corpora in (["imdb"], ["mr", "imdb"]):
        with pytest.raises(ValueError, match="corpora are mr, ag_news, got 'imdb'"):
            cells("yuan-choices", corpora=corpora)


def test_a_grid_without_a_cell_is_refused():
    with pytest.raises(ValueError, match="yuan-choices has no runs of ag_news"):
        cells("yuan-choices", corpora=["ag_news"])
    assert cells("yuan-table3", corpora=[]) == cells("yuan-table3", seeds=[]) == []


def test_every_corpus_has_its_inversion():
    assert set(INVERSION) == set(YUAN_RECIPES) == set(deep_studies.CHOICES)
