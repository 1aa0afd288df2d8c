"""The test of chapter 10 on the built page: driven by keyboard, equal to the package's study."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page

from interpbook import load_classifier
from interpbook.corpora import data_folder
from interpbook.experiments import kept_share, of_corpus, read_records
from interpbook.hidden import interpretation_words
from support.operating import Operator, press
from support.visiting import violations

FIGURE = "textcnn-readback"
BRISK = {"steps": 100, "learning_rate": 0.004}
SOURCES = {  # as the figure calls them: the classifier, its corpus, and the weights
    "film": ("mr_deep", "mr", {"l2": 0.004, "similarity": 0.02}),
    "news": ("ag_news_deep", "ag_news", {"l2": 0.002, "similarity": 0.01}),
}


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    operator = Operator(browser, address, "chapters/10_interpretations.html", FIGURE)
    yield operator.page
    operator.close()


def shown(page: Page) -> dict[str, Any]:
    return page.evaluate(f"document.querySelector('{FIGURE}').result")


def corpora(page: Page) -> list[dict[str, Any]]:
    return page.evaluate(f"document.querySelector('{FIGURE}').data.corpora")


def go(page: Page, sentence: int, method: int, k: int, m: int) -> dict[str, Any]:
    """Choose by keyboard alone: from the list by Tab to the ways, then to both sliders."""
    page.locator(f"{FIGURE} select").first.focus()
    press(page, "Home", *["ArrowDown"] * sentence, "Tab")
    while (now := page.evaluate("Number(document.activeElement.value)")) != method:
        press(page, "ArrowDown" if now < method else "ArrowUp")
    press(page, "Tab", "Home", *["ArrowRight"] * k, "Tab", "Home", *["ArrowRight"] * m)
    return shown(page)


def test_starts_with_three_locations_of_five_words(page):
    found = shown(page)
    assert (found["method"], found["k"], found["m"]) == ("inversion", 3, 5)
    assert found["kept"] and [len(place) for place in found["words"]] == [5, 5, 5]


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("method", range(5))
def test_words_and_answers_are_the_packages(page, name, method):
    names = [corpus["name"] for corpus in corpora(page)]
    given = corpora(page)[names.index(name)]
    first = sum(len(corpus["texts"]) for corpus in corpora(page)[: names.index(name)])
    model, _, weights = SOURCES[name]
    classifier = load_classifier(model)
    texts = [item["text"] for item in given["texts"]]
    before = classifier.predict_proba(texts)
    found = interpretation_words(
        classifier.model,
        classifier.encode(texts),
        torch.as_tensor(before.argmax(axis=1)),
        given["methods"][method],
        locations=5,
        words=10,
        settings={**weights, **BRISK},
    )
    for number in (0, len(texts) - 1):
        for k, m in ((0, 0), (2, 2), (3, 3)):
            result = go(page, first + number, method, k, m)
            places = [place[: result["m"]] for place in found[number][: result["k"]]]
            words = [classifier.vocabulary.decode(place) for place in places]
            assert result["words"] == words and result["text"] == texts[number]
            # Read as ids: a word of the vocabulary need not be one word to the tokenizer.
            read = torch.tensor([[word for place in places for word in place]])
            with torch.no_grad():
                after = classifier.model(read).softmax(dim=1)[0]
            assert result["before"] == pytest.approx(before[number].tolist(), abs=6e-4)
            assert result["after"] == pytest.approx(after.tolist(), abs=6e-4)
            assert result["kept"] == bool(after.argmax() == before[number].argmax())


def test_the_verdict_is_said_and_the_bars_have_numbers(page):
    for sentence in range(10):
        found = go(page, sentence, 3, 2, 2)
        said = page.locator(f"{FIGURE} [role=status]").inner_text()
        assert said.startswith("Kept: " if found["kept"] else "Not kept: ")
        assert found["kept"] == (found["said"] == found["again"])
        assert f"the model says {found['said']} ({100 * max(found['before']):.1f}%)" in said
        assert f"of the words {found['again']} ({100 * max(found['after']):.1f}%)" in said
        tables = page.locator(f"{FIGURE} table")
        assert tables.count() == 3
        rows = [row.split("\t") for row in tables.nth(1).locator("tbody tr").all_inner_texts()]
        assert [row[1].strip() for row in rows] == [f"{100 * x:.1f}%" for x in found["before"]]
        assert [row[2].strip() for row in rows] == [f"{100 * x:.1f}%" for x in found["after"]]
        lines = [row.split("\t") for row in tables.nth(0).locator("tbody tr").all_inner_texts()]
        assert [line[1].split() for line in lines] == found["words"]


@pytest.mark.parametrize(("sentence", "name"), [(0, "film"), (9, "news")])
def test_shares_are_those_of_the_records(page, sentence, name):
    _, corpus, _ = SOURCES[name]
    records = of_corpus(
        list(read_records(data_folder() / "results" / "yuan-interpretations")), corpus
    )
    given = next(item for item in corpora(page) if item["name"] == name)
    for k, m in ((0, 1), (2, 2), (3, 0)):
        found = go(page, sentence, 1, k, m)
        rows = page.locator(f"{FIGURE} table").nth(2).locator("tbody tr").all_inner_texts()
        for i, (row, method) in enumerate(zip(rows, given["methods"], strict=True)):
            share = kept_share(records, method, found["k"], found["m"])
            value, low, high = (f"{100 * round(x, 3):.1f}%" for x in share)
            kept = [
                item["before"].index(max(item["before"]))
                == item["after"][i][k][m].index(max(item["after"][i][k][m]))
                for item in given["texts"]
            ]
            assert row.split("\t") == [
                method, f"{sum(kept)} of {len(kept)}", f"{value} ({low} to {high})",
            ]  # fmt: skip


def test_keys_keep_the_focus(page):
    go(page, 0, 0, 0, 0)
    for _ in range(3):
        press(page, "ArrowRight")
        assert page.evaluate("document.activeElement.type") == "range"
        words = page.locator(f"{FIGURE} table caption").first.inner_text()
        assert words == f"{shown(page)['m']} words read back"
    assert shown(page)["m"] == 10
    press(page, "Home")
    assert page.locator(f"{FIGURE} table caption").first.inner_text() == "1 word read back"
    press(page, "End")
    slider = page.locator(f"{FIGURE} input[type=range]").nth(1)
    assert slider.get_attribute("aria-valuetext") == "10"


def test_axe_finds_nothing_after_use(page):
    go(page, 8, 4, 1, 3)
    assert violations(page) == []
