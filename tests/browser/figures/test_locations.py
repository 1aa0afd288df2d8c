"""The map of chapter 8 on the built page: driven by keyboard, equal to the package's saliency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page

from interpbook import Classifier, load_classifier, nearest_words, tokenize
from interpbook.hidden import Fields, closed_form, location_saliency
from support.operating import Operator, press
from support.visiting import violations

FIGURE = "textcnn-locations"


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    operator = Operator(browser, address, "chapters/08_hidden_locations.html", FIGURE)
    yield operator.page
    operator.close()


def shown(page: Page) -> dict[str, Any]:
    return page.evaluate(f"document.querySelector('{FIGURE}').result")


def enter(page: Page, sentence: int, label: int | None = None) -> None:
    """Choose a sentence and a class, and go into the grid's first cell, by keyboard alone."""
    page.locator(f"{FIGURE} select").first.focus()
    press(page, "Home", *["ArrowDown"] * sentence, "Tab")
    if label is not None:
        press(page, "Home", *["ArrowDown"] * label)
    press(page, "Tab", "Control+Home", "Home")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "gridcell"


def classifier_of(sentence: dict[str, Any]) -> Classifier:
    return load_classifier("mr_deep" if len(sentence["classes"]) == 2 else "ag_news_deep")


def sentences(page: Page) -> list[dict[str, Any]]:
    return page.evaluate(f"document.querySelector('{FIGURE}').data.sentences")


@pytest.mark.parametrize("sentence", range(5))
def test_every_cell_is_the_packages_saliency(page, sentence):
    given = sentences(page)[sentence]
    text = given["name"].split(": ", 1)[1]
    classifier = classifier_of(given)
    ids = torch.tensor(classifier.encode([text]))
    with torch.no_grad():
        logits = classifier.model(ids)[0]
    label = (int(logits.argmax()) + 1) % len(logits)  # not the one that stands there already
    enter(page, sentence, label)
    assert shown(page)["label"] == label
    cells = page.locator(f"{FIGURE} tbody tr")
    texts = [row.split("\t") for row in cells.all_inner_texts()][: len(given["tokens"])]
    assert [row[0] for row in texts] == tokenize(text, lowercase=False)
    for layer in range(len(given["channels"])):
        expected = location_saliency(classifier.model, ids, layer, label)[0]
        for row, value in zip(texts, expected.tolist(), strict=True):
            said = row[layer + 1].replace("−", "-")
            assert (said == "·") == (value == 0), (row, layer)
            assert said == "·" or float(said) == pytest.approx(value, abs=0.0051)


def test_the_frame_is_the_receptive_field(page):
    for sentence in (0, 2):
        given = sentences(page)[sentence]
        deep, length = classifier_of(given).model, len(given["tokens"])
        enter(page, sentence)
        top = len(given["channels"]) - 1
        press(page, "End")
        for location in range(length):
            found = shown(page)
            assert (found["layer"], found["location"]) == (top, location)
            for below in range(top):
                seen = page.locator(f"{FIGURE} tbody tr td:nth-of-type({below + 1})").evaluate_all(
                    "cells => cells.map(cell => cell.classList.contains('live-seen'))"
                )
                field = deep.receptive_field(top - below, location, length)
                assert [i for i, framed in enumerate(seen) if framed] == list(field)
            words = deep.receptive_field(top, location, length)
            assert found["sees"] == [given["tokens"][i] for i in words]
            press(page, "ArrowDown")


def test_arrow_keys_move_and_stop_at_the_edges(page):
    enter(page, 0)
    assert (shown(page)["layer"], shown(page)["location"]) == (0, 0)
    press(page, "ArrowLeft", "ArrowUp")
    assert (shown(page)["layer"], shown(page)["location"]) == (0, 0)
    press(page, "ArrowRight", "ArrowDown", "ArrowDown")
    assert (shown(page)["layer"], shown(page)["location"]) == (1, 2)
    press(page, "ArrowUp", "ArrowRight", "ArrowLeft")
    assert (shown(page)["layer"], shown(page)["location"]) == (1, 1)
    press(page, "Control+End", "End", "ArrowRight", "ArrowDown")
    last = (3, len(sentences(page)[0]["tokens"]) - 1)
    assert (shown(page)["layer"], shown(page)["location"]) == last
    assert page.locator(f"{FIGURE} td[tabindex='0']").count() == 1
    assert page.locator(f"{FIGURE} td[aria-selected=true]").count() == 1


def test_share_parts_and_words_of_a_location(page):
    given = sentences(page)[2]
    classifier = classifier_of(given)
    text = given["name"].split(": ", 1)[1]
    ids = torch.tensor(classifier.encode([text]))
    enter(page, 2)
    press(page, "ArrowRight", *["ArrowDown"] * 7)
    found = shown(page)
    scores = location_saliency(classifier.model, ids, 1, found["label"])[0]
    assert found["share"] == pytest.approx(float(scores[7] / scores.sum()), abs=1e-3)
    assert found["sum"] == pytest.approx(float(scores.sum()), abs=1e-3)
    together = found["speaksFor"] + found["speaksAgainst"]
    assert together == pytest.approx(float(scores[7]), abs=1e-4)
    assert found["speaksFor"] > 0 > found["speaksAgainst"]
    said = page.locator(f"{FIGURE} [role=status]").inner_text()
    assert said == (
        f"Layer 1, location 7, at “far”: +{float(scores[7]):.2f} for Sci/Tech, "
        f"{100 * found['share']:.0f}% of the layer; sees 5 words."
    )
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == f"layer 1, location 7, far: +{float(scores[7]):.2f}"
    overall = closed_form(Fields.of(classifier.model, ids, 1, [7]), 0.004).overall
    (near,) = nearest_words(classifier.model, classifier.vocabulary, overall, 6)
    below = page.locator(f"{FIGURE} .live-panel").inner_text()
    assert ", ".join(word for word, _ in near) in below
    assert "locations 5 to 9 of layer 0" in below


def test_each_layer_adds_up_to_the_logit(page):
    enter(page, 4)
    given, label = sentences(page)[4], shown(page)["label"]
    rows = [row.split("\t") for row in page.locator(f"{FIGURE} tfoot tr").all_inner_texts()]
    numbers = [[float(x.replace("−", "-")) for x in row[1:]] for row in rows]
    for total, rest, logit in zip(*numbers, strict=True):
        assert total + rest == pytest.approx(logit, abs=0.012)
        assert logit == pytest.approx(given["logits"][label], abs=0.006)


def test_axe_finds_nothing_after_use(page):
    enter(page, 1)
    press(page, "ArrowRight", "ArrowDown")
    assert violations(page) == []
