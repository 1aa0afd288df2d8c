"""The classifiers in data/models are what their cards, and data/README.md, say they are."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from interpbook.classifier import load_classifier
from interpbook.corpora import EMBEDDED, data_folder, load_corpus
from interpbook.recipes import RECIPES, Recipe

ROOT = Path(__file__).resolve().parent.parent
MIRROR = Path(os.environ.get("INTERPBOOK_DATA") or ROOT.parent / "shared" / "data")
LIMIT = 5_000_000  # bytes in a file; the repository carries these

every_model = pytest.mark.parametrize("name", sorted(RECIPES))


def readme_rows() -> dict[str, list[str]]:
    text = (data_folder() / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", text, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


def test_every_recipe_has_a_model_and_every_model_a_recipe():
    folders = {path.name for path in (data_folder() / "models").iterdir() if path.is_dir()}
    assert folders == set(RECIPES) == set(readme_rows())


@every_model
def test_the_card_holds_the_recipe_as_it_stands(name):
    card = load_classifier(name).card
    assert Recipe(**card["recipe"] | {"widths": tuple(card["recipe"]["widths"])}) == RECIPES[name]


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


@every_model
def test_the_accuracy_on_the_card_is_measured_again(name, monkeypatch):
    if name not in EMBEDDED:
        if not (MIRROR / "SHA256SUMS").exists():
            pytest.skip("the real corpora are not here: set INTERPBOOK_DATA to a mirror")
        monkeypatch.setenv("INTERPBOOK_DATA", str(MIRROR))
    classifier, corpus = load_classifier(name), load_corpus(name, "test")
    assert corpus.provenance.to_dict() == classifier.card["test"]
    right = classifier.predict_proba(corpus.texts).argmax(axis=1) == corpus.labels
    assert right.mean() == pytest.approx(classifier.card["test_accuracy"], abs=2 / len(corpus))


@pytest.mark.parametrize(("name", "published"), [("imdb", 0.8490), ("ag_news", 0.9025)])
def test_accuracy_is_at_or_above_the_papers(name, published):
    """Xu & Du (2020), Table 1, k = 150."""
    classifier = load_classifier(name)
    assert classifier.model.config.num_filters == 150
    assert classifier.card["test_accuracy"] >= published


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
