"""The models that a page carries are the book's own, cut and rounded, and say how good they are."""

from __future__ import annotations

from base64 import b64encode

import pytest
import torch

from interpbook.classifier import load_classifier
from interpbook.experiments import read_record
from interpbook.models import pack, unpack
from interpbook.widgets import weights
from interpbook.widgets.weights import (
    PAGE_MODELS,
    PAGE_WORDS,
    measured,
    page_weights,
    read_page_weights,
    record_path,
)

LIMIT = 1_500_000

every_model = pytest.mark.parametrize("name", PAGE_MODELS)


@every_model
def test_what_is_carried_comes_back(name):
    whole, carried = load_classifier(name), read_page_weights(page_weights(name))
    words = min(PAGE_WORDS, len(whole.vocabulary))
    assert carried.vocabulary.words == whole.vocabulary.words[:words]
    assert carried.class_names == whole.class_names
    assert carried.lowercase == whole.lowercase
    expected = unpack(pack(whole.model.state_dict(), "int8"))
    expected["embedding.weight"] = expected["embedding.weight"][:words]
    found = carried.model.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[part], expected[part]) for part in expected)
    settings = [{**vars(c.model.config), "vocab_size": 0} for c in (whole, carried)]
    assert settings[0] == settings[1]


@every_model
def test_a_file_is_small_enough_for_a_page(name):
    assert len(b64encode(page_weights(name))) <= LIMIT


def test_the_same_weights_are_the_same_file():
    assert page_weights("reviews") == page_weights("reviews")


@pytest.mark.parametrize("name", ["imdb", "ag_news"])
def test_words_that_were_cut_are_unknown(name):
    whole, carried = load_classifier(name), read_page_weights(page_weights(name))
    last, cut = whole.vocabulary.words[PAGE_WORDS - 1 : PAGE_WORDS + 1]
    text = f"{last} {cut} zzyzx"
    assert whole.explain(text).known == (True, True, False)
    found = carried.explain(text)
    assert found.known == (True, False, False)
    assert torch.equal(found.logits, carried.explain(f"{last} zzyzx zzyzx").logits)


@pytest.mark.parametrize("name", ["nonsense", "mr_deep", "", ".", "IMDB"])
def test_a_model_that_a_page_does_not_have_is_refused(name):
    with pytest.raises(ValueError, match=f"the models imdb, .*, headlines, got {name!r}$"):
        page_weights(name)


@every_model
def test_the_page_says_what_is_on_record(name):
    card = read_page_weights(page_weights(name)).card
    found, whole = read_record(record_path())["models"][name], load_classifier(name)
    assert card == {
        "trained": whole.card["train"]["documents"],
        "official": whole.card["train"]["official_documents"],
        "tested": found["test"]["documents"],
        "accuracy": found["accuracy"],
        "whole_accuracy": found["whole_accuracy"],
    }


def test_a_model_that_was_not_measured_claims_nothing(monkeypatch, tmp_path):
    assert "accuracy" not in read_page_weights(page_weights("imdb", words=2_000)).card
    with monkeypatch.context() as patch:
        patch.setattr(weights, "weights_sha256", lambda name: "trained again")
        assert measured("reviews", 1_390) == {}
    assert measured("reviews", 1_390)["accuracy"] > 0.8
    monkeypatch.setattr(weights, "record_path", lambda: tmp_path / "none.json")
    assert measured("reviews", 1_390) == {}
