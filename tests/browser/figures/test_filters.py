"""The filter browser shows the profile of a filter, and the window that it chooses in a text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser

from interpbook import filter_profile
from interpbook.filters import slot_profile
from support.operating import HOSTILE, Operator, carried

TOLERANCE = 1e-4
TEXTS = [
    "The second half is tedious, and the jokes are forgettable.",
    "Browser update closes security holes.",
    "good",
    "xqzw vrrtl blorft grmpf",
    "the film " * 250,
    HOSTILE,
]


@pytest.fixture(scope="module")
def browsed(browser: Browser, address: str) -> Iterator[Operator]:
    operator = Operator(browser, address, "chapters/07_who_speaks.html", "textcnn-filters")
    yield operator
    operator.close()


def test_it_starts_as_the_chapter_says(browsed):
    found = browsed.result
    assert (found["model"], found["filter"], found["width"]) == ("imdb", 60, 4)
    assert "votes for negative" in browsed.status
    assert "“spaceship claus hip slater”" in browsed.status
    assert "“second half is tedious”" in browsed.status and "alive" in browsed.status
    browsed.write("The second half is fine, and the jokes are forgettable.")
    assert "“the jokes are forgettable”" in browsed.status


@pytest.mark.parametrize("model", ["imdb", "ag_news"])
def test_profiles_are_the_package_s(browsed, model):
    classifier = carried(model)
    browsed.choose("Model", model)
    browsed.wait_for("model", model)
    for number in (0, 1, 49, 50, 60, 99, 100, 130, 149):
        browsed.slide("Filter", number)
        found, expected = browsed.result, filter_profile(classifier, number, top=5)
        assert (found["filter"], found["width"]) == (number, expected.width)
        assert found["bias"] == pytest.approx(expected.ideal.bias, abs=TOLERANCE)
        assert found["votes"] == pytest.approx(expected.votes.tolist(), abs=TOLERANCE)
        assert found["classNames"][found["favours"]] == expected.favours
        assert tuple(found["ideal"]["words"]) == expected.ideal.words
        assert found["ideal"]["score"] == pytest.approx(expected.ideal.score, abs=TOLERANCE)
        for ours, theirs in zip(found["slots"], expected.slots, strict=True):
            assert [word for word, _ in ours] == [word for word, _ in theirs]
            assert [s for _, s in ours] == pytest.approx([s for _, s in theirs], abs=TOLERANCE)
        assert f"u = {expected.ideal.score:+.2f}".replace("-", "−") in browsed.status
        assert f"“{' '.join(expected.ideal.words)}”" in browsed.status
        wishes = browsed.figure.get_by_role("table", name="The words that each slot likes best")
        assert wishes.locator("tbody tr").count() == expected.width
        assert wishes.locator("strong").count() == expected.width  # the ideal n-gram
        for j, slot in enumerate(expected.slots):
            shown = wishes.locator("tbody tr").nth(j).inner_text()
            best = [f"{word}\u00a0{score:+.2f}".replace("-", "−") for word, score in slot]
            assert " ".join(shown.split(None, 1)[1].split(" ")) == ", ".join(best)
        slider = browsed.figure.get_by_role("slider", name="Filter")
        assert slider.get_attribute("aria-valuetext") == f"{number}, width {expected.width}"


@pytest.mark.parametrize("model", ["imdb", "ag_news"])
def test_what_a_filter_chooses(browsed, model):
    classifier = carried(model)
    browsed.choose("Model", model)
    browsed.wait_for("model", model)
    lives = set()
    for number in (60, 20, 115):
        browsed.slide("Filter", number)
        table = slot_profile(classifier.model, number)
        for text in TEXTS:
            browsed.write(text)
            found, expected = browsed.result, classifier.explain(text)
            start, width = int(expected.starts[number]), int(expected.widths[number])
            assert (found["start"], found["tokens"]) == (start, list(expected.tokens))
            u_max = float(expected.pooled[number])
            assert found["pooled"] == pytest.approx(u_max, abs=TOLERANCE)
            ids = torch.zeros(max(len(expected.tokens), 5), dtype=torch.int64)
            ids[: len(expected.tokens)] = torch.tensor(classifier.encode([text])[0])
            slots = table[torch.arange(width), ids[start : start + width]]
            assert found["chosen"] == pytest.approx(slots.tolist(), abs=TOLERANCE)
            assert found["row"] == pytest.approx(
                expected.ngram_scores[number].tolist(), abs=TOLERANCE
            )
            marked = browsed.figure.locator(".live-text .live-window").all_inner_texts()
            shown = expected.tokens[start : start + width]
            assert [word.lower() for word in marked] == list(shown)
            assert ("it speaks" in browsed.status) == (u_max > 0)
            assert ("silences it" in browsed.status) == (u_max <= 0)
            lives.add(u_max > 0)
    assert lives == {True, False}


def test_all_slots_are_in_sight_on_a_phone(browsed):
    browsed.page.set_viewport_size({"width": 320, "height": 780})
    try:
        browsed.slide("Filter", 130)
        assert browsed.result["width"] == 5
        wishes = browsed.figure.get_by_role("group", name="The words that each slot likes best")
        assert wishes.evaluate("box => box.scrollWidth <= box.clientWidth")
    finally:
        browsed.page.set_viewport_size({"width": 1280, "height": 720})


def test_no_word_and_no_markup(browsed):
    browsed.write("")
    assert "Write at least one word." in browsed.status
    assert browsed.result["start"] is None and browsed.result["chosen"] == []
    browsed.write(HOSTILE)
    assert browsed.figure.locator("img, b, .live-text i").count() == 0
    assert "<b>" in browsed.figure.locator(".live-text").inner_text()
