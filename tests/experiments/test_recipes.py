"""Recipes: what can be asked for, and which network and vectors each one means."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Any

import pytest
import torch

from interpbook import DeepTextCNN, DeepTextCNNConfig, TextCNN, TextCNNConfig
from interpbook.experiments import RECIPES, DeepRecipe, Recipe
from interpbook.experiments.recipes import check_changes
from interpbook.vectors import VectorRecipe

SMALL = {"embedding_dim": 6, "channels": (5, 4), "kernel_size": 3, "max_length": 9}

# ------------------------------------------------------------------------------- what cannot be


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tokenizer": "bytes"}, "expected one of words, cased, marks, got 'bytes'"),
        ({"missing": "drop"}, "expected one of random, zero, mean, got 'drop'"),
        ({"padding": "none"}, "padding is 'masked' or 'paper', got 'none'"),
        ({"padding": "paper"}, "pads every document to max_length: give one"),
        ({"widths": ()}, "widths are one or more positive numbers"),
        ({"dropout": 1.0}, "dropout is a probability below 1"),
        ({"embedding_dim": 50}, "vectors have 100 dimensions, got embedding_dim=50: set pretrain"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(as_users_run_it, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        Recipe("imdb", **changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tokenizer": "bytes"}, "expected one of words, cased, marks, got 'bytes'"),
        ({"missing": "drop"}, "expected one of random, zero, mean, got 'drop'"),
        ({"precision": "int4"}, "expected one of float16, int8, got 'int4'"),
        ({"padding": "none"}, "padding is 'masked' or 'paper', got 'none'"),
        ({"channels": ()}, "channels are one or more positive numbers, got "),
        ({"channels": ("a",)}, "channels are one or more positive numbers, got "),
        ({"kernel_size": 4}, "kernel_size is odd, to have a middle, got 4"),
        ({"max_length": 4}, "the kernel sees 5 locations but max_length is 4"),
        ({"max_length": None}, "max_length is a positive number, got None"),
        ({"dropout": 1.0}, "dropout is a probability below 1"),
        ({"embedding_dim": 0}, "embedding_dim is a positive number, got 0"),
        ({"vector_corpora": ("mr",)}, r"trained on imdb or ag_news or both, got \('mr',\)"),
        ({"vector_corpora": "imdb"}, "trained on imdb or ag_news or both, got 'imdb'"),
        ({"vector_corpora": ("imdb", "imdb")}, "trained on imdb or ag_news or both, got "),
    ],
)
def test_a_deep_recipe_that_cannot_be_is_refused(as_users_run_it, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        DeepRecipe("mr", **changes)


# -------------------------------------------------------------------------- what a recipe means


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_builds_the_network_it_describes(name):
    recipe = RECIPES[name]
    deep = isinstance(recipe, DeepRecipe)
    model = recipe.network(vocab_size=7, num_classes=3)
    assert type(model) is (DeepTextCNN if deep else TextCNN)
    assert deep == name.endswith("_deep") and recipe.corpus == name.removesuffix("_deep")
    assert model.config == recipe.config(vocab_size=7, num_classes=3)
    stated = asdict(recipe)
    shared = [item.name for item in fields(model.config) if item.name in stated]
    assert {"embedding_dim", "padding", "max_length", "dropout"} < {*shared}
    for setting in {*shared} - {"vocab_size"}:  # the words found, at most those asked for
        assert getattr(model.config, setting) == stated[setting], setting
    assert model.embedding.weight.shape == (7, recipe.embedding_dim)
    assert model.output.out_features == 3


def test_every_setting_of_a_network_is_a_recipes():
    """But for the vocabulary and the classes, which the corpus decides."""
    for recipe, config in ((Recipe, TextCNNConfig), (DeepRecipe, DeepTextCNNConfig)):
        settings = {item.name for item in fields(config)} - {"vocab_size", "num_classes"}
        assert settings <= {item.name for item in fields(recipe)}


def test_settings_reach_the_deep_network():
    recipe = DeepRecipe("mr", padding="paper", dropout=0.25, **SMALL)
    model = recipe.network(vocab_size=8, num_classes=4)
    assert model.config == DeepTextCNNConfig(8, 4, 6, (5, 4), 3, 9, "paper", 0.25)
    assert [tuple(conv.weight.shape) for conv in model.convs] == [(5, 6, 3), (4, 5, 3)]


def test_the_deep_recipes_are_table_2():
    """Yuan et al. (2019), but for the vocabulary, and the vectors, which are ours."""
    stated = {
        "mr_deep": (56, (128, 64, 32), 5, 300, 2e-4, 128),
        "ag_news_deep": (195, (512, 256, 128, 64), 5, 300, 5e-4, 64),
    }
    for name, numbers in stated.items():
        recipe = RECIPES[name]
        assert numbers == (
            recipe.max_length,
            recipe.channels,
            recipe.kernel_size,
            recipe.embedding_dim,
            recipe.learning_rate,
            recipe.batch_size,
        )
        assert recipe.tokenizer == "cased", "their words keep their case"
        assert recipe.vectors == VectorRecipe(300, lowercase=False)


@pytest.mark.parametrize(
    ("changes", "vectors"),
    [
        ({}, VectorRecipe(6, False, ("imdb", "ag_news"))),
        ({"vector_corpora": ("imdb",)}, VectorRecipe(6, False, ("imdb",))),
        ({"tokenizer": "words"}, VectorRecipe(6, True)),
        # Marks are cut from lower-cased text.
        ({"tokenizer": "marks"}, VectorRecipe(6, True)),
        ({"vector_corpora": ()}, None),
    ],
)
def test_a_deep_recipe_starts_from_vectors_that_read_as_it_does(changes, vectors):
    assert DeepRecipe("mr", **SMALL, **changes).vectors == vectors


def test_a_recipe_starts_from_the_usual_vectors_or_none():
    assert Recipe("imdb").vectors == VectorRecipe(100, True, ("imdb", "ag_news"))
    assert Recipe("imdb", pretrained=False).vectors is None


def test_only_the_books_deep_classifiers_are_stored_in_bytes():
    assert {name for name, recipe in RECIPES.items() if recipe.precision == "int8"} == {
        "mr_deep",
        "ag_news_deep",
    }
    assert Recipe("imdb").precision == DeepRecipe("mr").precision == "float16"


def test_a_deep_recipe_has_no_excerpts():
    assert DeepRecipe("mr").excerpts == 0
    assert "excerpts" not in asdict(DeepRecipe("mr"))


def test_writing_a_recipe_down_draws_no_random_number():
    before = torch.get_rng_state()
    replace(RECIPES["mr_deep"], seed=4)
    replace(RECIPES["imdb"], seed=4)
    assert torch.equal(torch.get_rng_state(), before)


# ------------------------------------------------------------------------------------- changes


@pytest.mark.parametrize("recipe", [Recipe("imdb", max_length=60), DeepRecipe("mr")])
def test_changes_of_the_right_kind_are_taken(recipe):
    found = check_changes(recipe, {"dropout": 0, "epochs": 3, "padding": "paper"}, fixed=())
    assert found == {"dropout": 0.0, "epochs": 3, "padding": "paper"}
    assert isinstance(found["dropout"], float)
    assert replace(recipe, **found).epochs == 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epoch": 3}, "a recipe has the settings vocab_size, .*, batch_size.*, got 'epoch'"),
        ({"corpus": "imdb"}, "a recipe has the settings vocab_size, .*, got 'corpus'"),
        ({"epochs": "3"}, "epochs is a value like 8, got '3'"),
        ({"epochs": 3.0}, "epochs is a value like 8, got 3.0"),
        ({"epochs": True}, "epochs is a value like 8, got True"),
        ({"epochs": 0}, "epochs is at least 1, got 0"),
        ({"dropout": "none"}, "dropout is a value like 0.5, got 'none'"),
        ({"channels": 3}, r"channels is a value like \(128, 64, 32\), got 3"),
    ],
)
def test_changes_of_another_kind_are_refused(changes: dict[str, Any], sentence: str):
    with pytest.raises(ValueError, match=sentence):
        check_changes(DeepRecipe("mr"), changes, fixed=("corpus",))
