"""The climbs of chapter 9 on the built page: driven by keyboard, equal to the package's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from torch.nn import functional as F

from interpbook import invert, load_classifier, nearest_words, pad
from interpbook.hidden import Fields, closed_form
from support.operating import Operator, press
from support.visiting import violations

FIGURE = "textcnn-trajectory"
NEGATIVE = "a tedious and joyless film that never finds its heart"
LONG_WAY = {"learning_rate": 1.0, "steps": 200}
CHANGES = {  # the climbs of 200 steps, by their place in the list
    2: {},
    3: {"l2": 0.0},
    4: {"similarity": 10_000.0},
}


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    operator = Operator(browser, address, "chapters/09_inversion.html", FIGURE)
    yield operator.page
    operator.close()


def shown(page: Page) -> dict[str, Any]:
    return page.evaluate(f"document.querySelector('{FIGURE}').result")


def go(page: Page, place: int, climb: int, moment: int) -> dict[str, Any]:
    """Choose by keyboard alone: from the first list by Tab to the others."""
    page.locator(f"{FIGURE} select").first.focus()
    press(page, "Home", *["ArrowDown"] * place, "Tab", "Home", *["ArrowDown"] * climb)
    press(page, "Tab", "Home", *["ArrowRight"] * moment)
    assert page.evaluate("document.activeElement.type") == "range"
    return shown(page)


def test_opens_at_the_last_step(page):
    found = shown(page)
    assert (found["climb"], found["step"], found["moment"]) == ("rate 0.0002", 2000, 20)
    said = page.locator(f"{FIGURE} [role=status]").inner_text()
    assert said.startswith("Step 2,000 of 2,000: ")
    page.locator(f"{FIGURE} input[type=range]").focus()
    press(page, "Home")
    assert shown(page)["step"] == 0


@pytest.mark.parametrize(("climb", "change"), CHANGES.items())
def test_equals_the_packages_inversion(page, climb, change):
    classifier = load_classifier("mr_deep")
    deep, ids = classifier.model, pad(classifier.encode([NEGATIVE]))
    (optimum,) = closed_form(Fields.of(deep, ids, 1, [1]), 0.004).overall
    expected = invert(deep, ids, 1, [1], **LONG_WAY, **change)
    for moment in (0, 3, 10, 20):
        found = go(page, 0, climb, moment)
        assert found["step"] == expected.steps[moment]
        value = float(expected.values[moment])
        assert found["value"] == pytest.approx(value, rel=2e-4, abs=2e-4)
        for name, part in found["terms"].items():
            term = expected.terms.get(name)
            wanted = 0.0 if term is None else float(term[moment])
            assert part == pytest.approx(wanted, rel=2e-3, abs=1e-4)
        vector = expected.path[moment, 0]
        cosine = float(F.cosine_similarity(vector, optimum[None]))
        assert found["cosine"] == pytest.approx(cosine, abs=2e-3)
        (near,) = nearest_words(deep, classifier.vocabulary, vector, 6)
        assert found["cosines"] == pytest.approx([x for _, x in near], abs=2e-3)
        assert set(found["words"][:3]) <= {word for word, _ in near}


def test_every_moment_is_what_the_page_was_given(page):
    places = page.evaluate(f"document.querySelector('{FIGURE}').data.places")
    assert [len(place["climbs"]) for place in places] == [5, 5, 4]
    for at, place in enumerate(places):
        for number, climb in enumerate(place["climbs"]):
            last = len(climb["steps"]) - 1
            for moment in (0, 7, last):
                found = go(page, at, number, moment)
                words = [climb["vocabulary"][word] for word in climb["near"][moment]]
                assert (found["location"], found["climb"]) == (place["name"], climb["name"])
                assert found["words"] == words
                assert found["starred"] == len(set(words) & set(place["words"]))
                parts = [of[moment] for of in climb["terms"].values()]
                assert found["value"] == pytest.approx(sum(parts))
                first_two = parts[0] + parts[1]
                share = first_two / place["optimum"] if any(climb["terms"]["l2"]) else None
                assert found["share"] == (share and pytest.approx(share))


def test_what_is_seen_and_heard(page):
    found = go(page, 0, 1, 3)
    step = page.locator(f"{FIGURE} input[type=range]")
    assert step.get_attribute("aria-valuetext") == f"{found['step']:,}" == "300"
    said = page.locator(f"{FIGURE} [role=status]").inner_text()
    assert said.startswith(f"Step 300 of 2,000: objective {found['value']:,.0f}, cosine +0.9")
    assert f"nearest word “{found['words'][0]}”" in said
    rows = page.locator(f"{FIGURE} table").first.locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[1].removesuffix(" ★") for row in rows] == found["words"]
    assert sum("★" in row for row in rows) == found["starred"] == 6
    assert all(f"{x:.2f}" in row for x, row in zip(found["cosines"], rows, strict=True))
    height = page.locator(f"{FIGURE} table").last.locator("tbody tr").last.inner_text()
    assert round(found["share"], 2) == 0.44
    assert height == f"height: response + L2 term, of the optimum\t{100 * found['share']:.1f}%"
    before = go(page, 0, 1, 2)["words"]
    for row, word in zip(rows, found["words"], strict=True):
        moved = row.split("\t")[3]
        assert (moved == "new") == (word not in before)
    labels = [
        svg.get_attribute("aria-label") for svg in page.locator(f"{FIGURE} svg[role=img]").all()
    ]
    assert len(labels) == 2 and all("at the start" in label for label in labels)


def test_going_along_keeps_the_focus_and_changes_the_words(page):
    start = go(page, 2, 0, 0)
    seen = {tuple(start["words"])}
    for _ in range(20):
        press(page, "ArrowRight")
        assert page.evaluate("document.activeElement.type") == "range"
        seen.add(tuple(shown(page)["words"]))
    end = shown(page)
    assert end["moment"] == 20 and end["cosine"] < -0.6 and end["starred"] == 0
    assert len(seen) > 3


def test_axe_finds_nothing_after_use(page):
    go(page, 1, 3, 9)
    assert violations(page) == []
