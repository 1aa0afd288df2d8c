"""The padding figure reads a sentence as the package does in both modes of padding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from playwright.sync_api import Browser

from interpbook import Classifier, TextCNN, load_corpus
from support.operating import HOSTILE, Operator, carried

TOLERANCE = 1e-4
TEXTS = [
    "The plot is thin, but the acting is superb.",
    "good",
    "the film",
    "xqzw vrrtl blorft grmpf",
    "the film " * 197 + "is awful",  # two positions short of max_length 400
    "good " * 500,
    HOSTILE,
    *load_corpus("reviews", split="test").texts[:6],
    *load_corpus("headlines", split="test").texts[:6],
]
KINDS = ("words only", "words and padding", "padding only")


@pytest.fixture(scope="module")
def figure(browser: Browser, address: str) -> Iterator[Operator]:
    operator = Operator(browser, address, "chapters/07_who_speaks.html", "textcnn-padding")
    yield operator
    operator.close()


def in_mode(classifier: Classifier, padding: str) -> Classifier:
    """Return a classifier with the same weights and another padding mode."""
    model = TextCNN(replace(classifier.model.config, padding=padding)).eval()
    model.load_state_dict(classifier.model.state_dict())
    return replace(classifier, model=model)


def switch(figure: Operator, to: str) -> None:
    """Choose a padding mode by the arrow keys."""
    chosen = figure.figure.get_by_role("radio", checked=True)
    figure.tab_to(chosen)
    if figure.result["mode"] != to:
        figure.page.keyboard.press("ArrowDown")
    assert figure.result["mode"] == to


def test_it_starts_as_the_chapter_says(figure):
    assert figure.result["mode"] == "masked"
    assert "Padding off: negative" in figure.status and "On: positive" in figure.status
    assert figure.status.endswith("The prediction changes.")
    figure.write("The plot is thin, but the acting is superb from the first scene to the last.")
    assert figure.status.endswith("The prediction stays.")


@pytest.mark.parametrize("model", ["imdb", "ag_news"])
def test_both_modes_are_the_package_s(figure, model):
    figure.choose("Model", model)
    figure.wait_for("model", model)
    readers = {mode: in_mode(carried(model), mode) for mode in ("masked", "paper")}
    for text in TEXTS:
        figure.write(text)
        for mode, reader in readers.items():
            found, expected = figure.result[mode], reader.explain(text)
            assert found["starts"] == expected.starts.tolist(), (mode, text[:60])
            for ours, theirs in (
                ("logits", expected.logits),
                ("ngramScores", expected.ngram_scores),
                ("wordScores", expected.word_scores),  # those of padding included
                ("pooled", expected.pooled),
            ):
                got = torch.tensor(found[ours], dtype=torch.float32)
                assert got.shape == theirs.shape, (mode, ours, text[:60])
                apart = got - theirs
                assert apart.abs().max() <= TOLERANCE, (mode, ours, text[:60])
            length = len(expected.tokens)
            alone = expected.starts >= length
            edge = ~alone & (expected.starts + expected.widths > length)
            for kind, counted in zip((~alone & ~edge, edge, alone), found["windows"], strict=True):
                assert counted["filters"] == int(kind.sum())
                assert counted["alive"] == int((kind & (expected.pooled > 0)).sum())
            with_last = (expected.starts < length) & (expected.starts + expected.widths >= length)
            assert found["lastWord"] == int((with_last & (expected.pooled > 0)).sum())


def test_what_is_shown(figure):
    figure.choose("Model", "imdb")
    figure.wait_for("model", "imdb")
    figure.write(TEXTS[0])
    table = figure.figure.get_by_role("table", name="What the 150 filters chose")
    counted = figure.result["paper"]["windows"]
    for kind, count in zip(KINDS, counted, strict=True):
        row = table.get_by_role("row", name=kind).inner_text()
        assert f"{count['filters']}, alive {count['alive']}" in row
    off, on = (figure.result[mode]["lastWord"] for mode in ("masked", "paper"))
    assert off < 20 and on > 50  # as the chapter says
    row = table.get_by_role("row", name="alive, and reading the last word").inner_text()
    assert row.split()[-2:] == [str(off), str(on)]
    switch(figure, "paper")
    text = figure.figure.locator(".live-text")
    padding = text.locator(".live-word", has_text="·").all_inner_texts()
    assert padding == ["·"] * 5  # as far as the widest filter reaches
    assert figure.status.startswith("Padding on: positive")
    rows = torch.tensor(figure.result["paper"]["wordScores"])
    its_rows = float(rows[9:, figure.result["label"]].sum())
    behind = figure.figure.get_by_text("A dot is padding").inner_text()
    assert f"{its_rows:+.2f}".replace("-", "−") in behind
    switch(figure, "masked")
    assert "·" not in text.inner_text()
    assert figure.figure.get_by_role("group", name="Padding", exact=True).count() == 1


def test_no_word_and_no_markup(figure):
    figure.write("")
    assert figure.status == "Write at least one word."
    assert figure.result["paper"]["logits"] == []
    assert figure.result["masked"]["lastWord"] == figure.result["paper"]["lastWord"] == 0
    figure.write(HOSTILE)
    assert figure.figure.locator("img, b, .live-text i").count() == 0
    assert "<b>" in figure.figure.locator(".live-text").inner_text()
