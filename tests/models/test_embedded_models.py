"""The classifiers in data/models are what their cards, and data/README.md, say they are."""

from __future__ import annotations

import json
import re

import pytest
import torch

from interpbook.classifier import load_classifier
from interpbook.corpora import EMBEDDED, data_folder, load_corpus
from interpbook.experiments import RECIPES, DeepRecipe, Recipe
from interpbook.models import pack, unpack
from support.places import MIRROR

LIMIT, LIMIT_OF_ALL = 5_000_000, 25_000_000  # bytes; the repository carries these
DEEP = sorted(name for name, recipe in RECIPES.items() if isinstance(recipe, DeepRecipe))

every_model = pytest.mark.parametrize("name", sorted(RECIPES))
every_deep_model = pytest.mark.parametrize("name", DEEP)


def readme_rows() -> dict[str, list[str]]:
    text = (data_folder() / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", text, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


def test_every_recipe_has_a_model_and_every_model_a_recipe():
    folders = {path.name for path in (data_folder() / "models").iterdir() if path.is_dir()}
    assert folders == set(RECIPES) == set(readme_rows())


@every_model
def test_the_card_holds_the_recipe_as_it_stands(name):
    stated = load_classifier(name).card["recipe"]
    tuples = {setting: tuple(x) for setting, x in stated.items() if isinstance(x, list)}
    kind = DeepRecipe if name in DEEP else Recipe
    assert kind(**stated | tuples) == RECIPES[name]


@every_model
def test_the_readme_repeats_the_card(name):
    classifier = load_classifier(name)
    train, test, words, accuracy, command = readme_rows()[name]
    seen = f"{classifier.card['train']['documents']:,}"
    if not classifier.card["train"]["complete"]:
        seen += f" of {classifier.card['train']['official_documents']:,}"
    assert train.endswith(f", {seen} documents")
    assert test == f"{classifier.card['test']['documents']:,}"
    assert words == f"{len(classifier.vocabulary):,}"
    assert accuracy == f"{classifier.card['test_accuracy']:.2%}"
    assert command == f"`interpbook train {name}`"


@every_model
def test_files_are_small_enough_for_git(name):
    assert all(path.stat().st_size < LIMIT for path in (data_folder() / "models" / name).iterdir())


def test_all_files_together_are_small_enough_for_git():
    paths = [path for path in (data_folder() / "models").rglob("*") if path.is_file()]
    assert len(paths) >= 2 * len(RECIPES)
    assert sum(path.stat().st_size for path in paths) < LIMIT_OF_ALL


@every_model
def test_the_accuracy_on_the_card_is_measured_again(name, monkeypatch):
    source = RECIPES[name].corpus
    if source not in EMBEDDED:
        if not (MIRROR / "SHA256SUMS").exists():
            pytest.skip("the real corpora are not here: set INTERPBOOK_DATA to a mirror")
        monkeypatch.setenv("INTERPBOOK_DATA", str(MIRROR))
    classifier, corpus = load_classifier(name), load_corpus(source, "test")
    assert corpus.provenance.to_dict() == classifier.card["test"]
    right = classifier.predict_proba(corpus.texts).argmax(axis=1) == corpus.labels
    assert right.mean() == pytest.approx(classifier.card["test_accuracy"], abs=2 / len(corpus))


@pytest.mark.parametrize(("name", "published"), [("imdb", 0.8490), ("ag_news", 0.9025)])
def test_accuracy_is_at_or_above_the_papers(name, published):
    """Xu & Du (2020), Table 1, k = 150."""
    classifier = load_classifier(name)
    assert classifier.model.config.num_filters == 150
    assert classifier.card["test_accuracy"] >= published


# --------------------------------------------------------------------------------- deep networks


@every_deep_model
def test_a_deep_model_is_the_network_of_its_recipe(name):
    classifier, recipe = load_classifier(name), RECIPES[name]
    words, classes = len(classifier.vocabulary), len(classifier.class_names)
    assert classifier.model.config == recipe.config(words, classes)
    assert words == recipe.vocab_size and not classifier.lowercase
    assert classifier.class_names == load_classifier(recipe.corpus).class_names
    assert not classifier.model.training and not classifier.model.embedding.sparse


@every_deep_model
def test_a_deep_model_is_stored_as_its_recipe_says(name, tmp_path):
    """Saved again, the weights are the same to the last byte, the rest says what network it is."""
    classifier = load_classifier(name)
    weights = classifier.model.state_dict()
    kept = unpack(pack(weights, RECIPES[name].precision))
    assert all(torch.equal(kept[part], weight) for part, weight in weights.items())
    classifier.save(tmp_path, precision=RECIPES[name].precision)
    committed = data_folder() / "models" / name
    assert {path.name for path in tmp_path.iterdir()} == {p.name for p in committed.iterdir()}
    weights = "model.safetensors"
    assert (tmp_path / weights).read_bytes() == (committed / weights).read_bytes()
    before, after = (
        json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
        for folder in (committed, tmp_path)
    )
    assert after.pop("network") == "DeepTextCNN" and "network" not in before
    assert after.pop("sha256") != before.pop("sha256") and after == before


@pytest.mark.parametrize(
    ("name", "published", "room"), [("mr_deep", 0.7996, 0.03), ("ag_news_deep", 0.9205, 0.03)]
)
def test_deep_models_do_nearly_as_well_as_the_papers(name, published, room):
    """Yuan et al. (2019), Table 3; ours has the most frequent words only, in a byte a number."""
    card = load_classifier(name).card
    assert card["test_accuracy"] >= published - room
    assert card["vectors"]["source"].startswith("skip-gram, 300-d, cased")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("mr_deep", "a tedious and joyless film that never finds its heart", "negative"),
        ("mr_deep", "a warm , funny and touching film with a great cast", "positive"),
        ("ag_news_deep", "The striker scored twice as the team won the cup final", "Sports"),
        ("ag_news_deep", "Shares fell after the bank cut its profit forecast", "Business"),
    ],
)
def test_deep_models_read_plain_sentences(name, text, expected):
    classifier = load_classifier(name)
    found = classifier.predict_proba([text])[0].argmax()
    assert classifier.class_names[found] == expected


def test_not_good_is_not_positive_because_of_good_alone():
    classifier = load_classifier("imdb")
    for text in (
        "This film is not good.",
        "The food scenes were not good",
        "It is not a good story.",
    ):
        explanation = classifier.explain(text)
        assert explanation.class_names[explanation.predicted] == "negative", text
        evidence = dict(zip(explanation.tokens, explanation.evidence(1).tolist(), strict=False))
        assert evidence["not"] < 0, text
        assert any("not" in ngram.words for ngram in explanation.ngrams()[:3]), text
