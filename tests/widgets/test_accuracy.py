"""The models that a page carries are as accurate as their record says."""

from __future__ import annotations

import re

import pytest

from interpbook.classifier import load_classifier
from interpbook.corpora import EMBEDDED, data_folder, load_corpus
from interpbook.experiments import read_record
from interpbook.widgets import accuracy
from interpbook.widgets.weights import (
    PAGE_MODELS,
    PAGE_WORDS,
    page_weights,
    read_page_weights,
    record_path,
    weights_sha256,
)
from support.places import MIRROR

every_model = pytest.mark.parametrize("name", PAGE_MODELS)


@every_model
def test_the_record_is_of_the_models_as_they_are_now(name):
    found = read_record(record_path())["models"][name]
    whole = load_classifier(name)
    assert found["weights_sha256"] == weights_sha256(name), "stale: run `make page-models`"
    assert found["words"] == min(PAGE_WORDS, len(whole.vocabulary))
    assert found["whole_words"] == len(whole.vocabulary)
    assert found["whole_accuracy"] == whole.card["test_accuracy"]
    assert found["test"] == whole.card["test"]


def test_the_record_holds_the_models_of_the_page_and_no_others():
    assert tuple(read_record(record_path())["models"]) == PAGE_MODELS


@every_model
def test_the_accuracy_on_record_is_measured_again(name, monkeypatch):
    if name not in EMBEDDED:
        if not (MIRROR / "SHA256SUMS").exists():
            pytest.skip("the real corpora are not here: set INTERPBOOK_DATA to a mirror")
        monkeypatch.setenv("INTERPBOOK_DATA", str(MIRROR))
    found, stated = accuracy.measure(name), read_record(record_path())["models"][name]
    room = 2 / stated["test"]["documents"]
    assert found.pop("accuracy") == pytest.approx(stated.pop("accuracy"), abs=room)
    assert found == stated


@every_model
def test_the_readme_repeats_the_record(name):
    text = (data_folder() / "README.md").read_text("utf-8")
    (cells,) = re.findall(rf"^  \| {name} \| (.*) \|$", text, re.MULTILINE)
    found = read_record(record_path())["models"][name]
    assert cells == (
        f"{found['words']:,} of {found['whole_words']:,} | {found['accuracy']:.2%} | "
        f"{found['whole_accuracy']:.2%}"
    )


def test_accuracy_is_what_counting_one_by_one_gives():
    corpus = load_corpus("headlines", "test")
    carried = read_page_weights(page_weights("headlines"))
    right = sum(
        carried.explain(text).predicted == label
        for text, label in zip(corpus.texts, corpus.labels, strict=True)
    )
    assert accuracy.measure("headlines")["accuracy"] == pytest.approx(right / len(corpus))
