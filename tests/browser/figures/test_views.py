"""Both views of a text on the built page are the package's, and where they part is marked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser

from interpbook import word_view
from interpbook.scores import leave_out_scores, log_odds_falls
from support.operating import HOSTILE, Operator, carried

TOLERANCE = 1e-4
ODD = [
    "good",
    "xqzw vrrtl blorft",
    "It's the director’s ‘best’ film; isn’t it?",
    "oil " * 250,
    HOSTILE,
]
TEXTS = {
    "ag_news": [*ODD, "Shares fell after the bank warned of weaker profit, the central bank said."],
    "imdb": [*ODD, "This is the worst film: a dull, lifeless, boring waste of time. Awful jokes."],
}


@pytest.fixture(scope="module")
def views(browser: Browser, address: str) -> Iterator[Operator]:
    operator = Operator(browser, address, "chapters/05_two_views.html", "textcnn-views")
    yield operator
    operator.close()


def places(scores: torch.Tensor) -> list[int]:
    """Count from 1 in the order from the largest down; equal scores keep the order of the text."""
    order = sorted(range(len(scores)), key=lambda i: -float(scores[i]))
    return [order.index(i) + 1 for i in range(len(scores))]


def check(views: Operator) -> None:
    """Hold what the figure shows to the package's views."""
    found = views.result
    e = carried(found["model"]).explain(found["text"])
    rows, label, clip = e.word_scores[: len(e.tokens)], found["label"], float(found["clip"])
    free = leave_out_scores(e.logits, rows, label)
    fall = log_odds_falls(e.logits, rows, label)
    expected = {
        "local": word_view(e, label, "local").scores.double(),
        "global": word_view(e, label, "global", clip=clip).scores.double(),
        "free": free,
        "fall": fall,
    }
    for name, theirs in expected.items():
        # s is e to the power of a sum of logits: rounding grows with it.
        near = torch.isclose(torch.tensor(found[name]).double(), theirs, rtol=1e-3, atol=TOLERANCE)
        assert near.all(), (name, found["text"][:80])
    local, fall = (torch.tensor(found[name]) for name in ("local", "fall"))
    assert (found["localPlace"], found["globalPlace"]) == (places(local), places(fall))
    stands = [s.abs() >= 0.05 * s.abs().max() for s in (local, fall)]
    stands = stands[0] | stands[1]
    assert found["opposed"] == (stands & (local * fall < 0)).tolist()
    apart = torch.tensor(found["localPlace"]) - torch.tensor(found["globalPlace"])
    assert found["moved"] == (stands & (apart.abs() >= 2)).tolist()


def go_to_word(views: Operator, position: int, view: int = 0) -> None:
    texts = views.figure.get_by_role("toolbar")
    views.tab_to(texts.nth(view).locator("button[tabindex='0']"))
    views.page.keyboard.press("Home")
    for _ in range(position):
        views.page.keyboard.press("ArrowRight")


def test_it_starts_as_the_chapter_says(views):
    found = views.result
    software = found["tokens"].index("software")
    assert found["globalPlace"][software] == 1
    assert found["localPlace"][software] == len(found["tokens"])
    assert found["opposed"][software]
    assert views.status.startswith("Seen from World, which has 4.")
    assert "“software” speaks most for it in the global view" in views.status
    assert "They differ about the sign of 2 words (≠)" in views.status
    marked = views.figure.locator(".live-text").first.locator(".live-opposed")
    assert marked.all_inner_texts() == ["software", "football"]
    check(views)


def test_from_every_class_at_every_clip(views):
    for label in range(4):
        views.choose("Seen from", str(label))
        for clip in (0.5, 3.0):
            views.slide("Clip at λ (global view)", clip)
            assert (views.result["label"], views.result["clip"]) == (label, clip)
            check(views)
    handle = views.figure.get_by_role("slider")
    assert handle.get_attribute("aria-valuetext") == "3.0"
    views.choose("Seen from", "2")
    software = views.figure.locator(".live-text").first.get_by_text("software")
    assert software.get_attribute("data-number") == "≥ +3.0"
    assert software.get_attribute("aria-label").startswith("software: +3.00 or more times the loss")


def test_a_word_tells_its_row_and_its_place_on_the_curve(views):
    views.press("A court orders the software giant to pay the football league.")
    e = carried("ag_news").explain(views.result["text"])
    for position, view in ((4, 0), (9, 1)):
        go_to_word(views, position, view)
        word = e.tokens[position]
        row = e.word_scores[position]
        table = views.figure.get_by_role("table", name=f"“{word}” in B, and World less each rival")
        shares = e.logits[1:].softmax(dim=0)
        for q, cells in enumerate(table.locator("tbody tr").all()):
            written = cells.locator("td").all_inner_texts()
            assert abs(float(written[0].replace("−", "-")) - float(row[q])) < 0.0051
            if q:
                assert abs(float(written[1].replace("−", "-")) - float(row[0] - row[q])) < 0.0051
                assert abs(float(written[2].rstrip("%")) / 100 - float(shares[q - 1])) < 0.0051
        fall = f"{views.result['fall'][position]:+.2f}".replace("-", "−")
        assert f"“{word}” has D {fall}" in views.figure.get_by_role("img").get_attribute(
            "aria-label"
        )
        chosen = views.figure.locator(".live-chosen").all_inner_texts()
        assert chosen == [word, word]  # in both views
        stops = views.figure.locator(".live-text button[tabindex='0']")
        assert stops.all_inner_texts() == [word, word]  # Tab comes to it in either
        assert views.figure.locator(":focus").inner_text() == word


@pytest.mark.parametrize("model", list(TEXTS))
def test_other_texts(views, model):
    start = {"ag_news": "Oil prices rise", "imdb": "Nothing in it"}[model]
    views.tab_to(views.figure.locator("button", has_text=start))
    views.page.keyboard.press("Enter")
    views.page.wait_for_function(
        "name => document.querySelector('textcnn-views').result.model === name", arg=model
    )
    assert views.result["label"] == 0  # the class that the list says
    check(views)
    for label in ("", "1"):
        views.choose("Seen from", label)
        for text in TEXTS[model]:
            views.write(text)
            check(views)


def test_no_word_and_markup(views):
    views.write("?!")
    assert views.status == "Write at least one word."
    assert views.figure.get_by_role("toolbar").count() == 0
    views.write(HOSTILE)
    assert views.figure.locator("img, script, b").count() == 0
    assert views.figure.locator(".live-text").first.text_content() == HOSTILE
    views.tab_to(views.figure.locator("summary"))
    views.page.keyboard.press("Enter")
    table = views.figure.get_by_role("table", name="All words, in the order of the global view")
    words = table.locator("tbody th").all_inner_texts()
    by_place = sorted(zip(views.result["globalPlace"], views.result["tokens"], strict=True))
    assert words == [word for _, word in by_place]
