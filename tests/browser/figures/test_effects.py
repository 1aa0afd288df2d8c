"""What a word's going does on the built page, one word or several, is what the package finds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser

from interpbook import Classifier, decompose
from interpbook.scores import swap_effects
from interpbook.scores.effects import PARTS
from interpbook.text import UNKNOWN
from support.operating import HOSTILE, Operator, carried

TOLERANCE = 1e-4
PAGE_PARTS = dict(zip(PARTS, [*PARTS[:4], "runnersUp", "newcomers"], strict=True))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return carried("imdb")


@pytest.fixture(scope="module")
def effects(browser: Browser, address: str) -> Iterator[Operator]:
    operator = Operator(browser, address, "chapters/12_how_far.html", "textcnn-effects")
    yield operator
    operator.close()


def go_to_word(effects: Operator, position: int) -> None:
    effects.tab_to(effects.figure.locator(".live-text button[tabindex='0']"))
    effects.page.keyboard.press("Home")
    for _ in range(position):
        effects.page.keyboard.press("ArrowRight")


def go(effects: Operator, way: str) -> None:
    effects.tab_to(effects.figure.locator("input[type=radio]:checked"))
    effects.page.keyboard.press("ArrowUp" if way == "unknown" else "ArrowDown")
    if effects.result["way"] != way:
        effects.page.keyboard.press("ArrowDown")
    assert effects.result["way"] == way


def without(ids: list[int], gone: list[int], way: str) -> torch.Tensor:
    """Return the document without some of its words."""
    if way == "deleted":
        return torch.tensor([word for i, word in enumerate(ids) if i not in gone])
    return torch.tensor([UNKNOWN if i in gone else word for i, word in enumerate(ids)])


def near(ours: list, theirs: torch.Tensor) -> bool:
    return torch.allclose(torch.tensor(ours, dtype=theirs.dtype), theirs, rtol=0, atol=TOLERANCE)


def check(effects: Operator, classifier: Classifier) -> None:
    """Hold all that the figure shows to the package."""
    found, model = effects.result, classifier.model
    ids, label, gone, way = (
        classifier.encode([found["text"]])[0],
        found["label"],
        found["gone"],
        found["way"],
    )
    left = [i for i in range(len(ids)) if i not in gone]
    current = without(ids, gone, way)
    now = decompose(model, current[None])
    assert near(found["logits"], now.logits[0])
    assert [found["entries"][i] for i in gone] == [None] * len(gone)
    places = left if way == "unknown" else list(range(len(left)))
    entries = [found["entries"][i] for i in left]
    falls = [found["falls"][i] for i in left]
    assert near(entries, now.word_scores[0, places, label])
    if way == "unknown":
        expected = swap_effects(model, current)
        assert near(falls, -expected.exact[places, label])
        if found["position"] in gone:
            assert found["parts"] is None
        else:
            for ours, theirs in PAGE_PARTS.items():
                part = getattr(expected, ours)[found["position"]]
                assert near(found["parts"][theirs], part), ours
    elif len(left) > 1:
        logits = [
            decompose(model, without(ids, [*gone, i], way)[None]).logits[0, label] for i in left
        ]
        assert near(falls, now.logits[0, label] - torch.stack(logits))
        assert found["parts"] is None

    first = decompose(model, torch.tensor([ids]))
    assert [step["position"] for step in found["steps"]] == gone
    for n, step in enumerate(found["steps"], start=1):
        assert near(step["promised"], first.word_scores[0, gone[:n]].sum(dim=0))
        after = decompose(model, without(ids, gone[:n], way)[None])
        assert near(step["lost"], (first.logits - after.logits)[0])


def test_it_starts_as_the_chapter_says(effects, classifier):
    found = effects.result
    assert found["gone"] == [] and found["tokens"][found["position"]] == "tedious"
    at = found["position"]
    assert effects.figure.locator(".live-keys").inner_text() == "B would be right"
    assert 3.6 < found["entries"][at] < 3.8 and 2.1 < found["falls"][at] < 2.2
    film = found["tokens"].index("film")
    assert found["entries"][film] < 0 < found["falls"][film]
    check(effects, classifier)
    rows = effects.figure.get_by_role("table", name="Without “tedious”").locator("tbody td")
    written = [float(number.replace("−", "-")) for number in rows.all_inner_texts()]
    parts = [-found["parts"][name][found["label"]] for name in PAGE_PARTS.values()]
    assert torch.allclose(torch.tensor(written), torch.tensor([*parts, sum(parts)]), atol=0.0051)


def test_the_second_figure_starts_without_three_words(effects, classifier):
    second = effects.page.locator("textcnn-effects").nth(1)
    second.scroll_into_view_if_needed()
    effects.page.wait_for_function(
        "document.querySelectorAll('textcnn-effects')[1].dataset.state === 'ready'"
    )
    found = second.evaluate("figure => figure.result")
    words = [found["tokens"][step["position"]] for step in found["steps"]]
    assert words == ["tedious", "dull", "boring"]
    lost = [step["lost"][0] for step in found["steps"]]
    promised = [step["promised"][0] for step in found["steps"]]
    assert promised[1] - promised[0] > 1.4 and lost[1] - lost[0] < 0.2
    assert round(found["entries"][found["tokens"].index("bored")], 1) == 2.4
    assert f"fall by {promised[-1]:.2f}" in second.get_by_role("status").inner_text()


@pytest.mark.parametrize("way", ["unknown", "deleted"])
def test_words_go_one_after_the_other(effects, classifier, way):
    go(effects, way)
    taken = []
    for word in ("tedious", "dull", "bored"):
        taken.append(effects.result["tokens"].index(word))
        go_to_word(effects, taken[-1])
        assert effects.result["position"] == taken[-1]
        focused = effects.figure.locator(":focus")
        label = focused.get_attribute("aria-label")
        assert label.startswith(f"{word}: +") and "without it" in label
        effects.page.keyboard.press("Enter")
        focused = effects.figure.locator(":focus")  # it was drawn again, and has the focus still
        assert focused.get_attribute("aria-label") == f"{word}: taken away"
        assert focused.get_attribute("aria-pressed") == "true"
        assert effects.result["gone"] == taken
        check(effects, classifier)
    promised, lost = (effects.result["steps"][-1][name][0] for name in ("promised", "lost"))
    assert (
        f"should fall by {promised:.2f}, said the first B; it falls by {lost:.2f}" in effects.status
    )
    rows = effects.figure.get_by_role("table", name="Taken away").locator("tbody tr")
    last = [float(cell.replace("−", "-")) for cell in rows.last.locator("td").all_inner_texts()]
    assert abs(last[1] - promised) < 0.0051 and abs(last[2] - lost) < 0.0051

    go_to_word(effects, taken[0])
    effects.page.keyboard.press("Space")  # back again, from the middle
    assert effects.result["gone"] == taken[1:]
    check(effects, classifier)
    effects.press("Put all back")
    assert effects.result["gone"] == []
    assert effects.status.startswith("All words are there")


def test_the_next_word_of_the_first_b(effects, classifier):
    go(effects, "unknown")
    first = effects.result["entries"]
    order = sorted(range(len(first)), key=lambda i: -first[i])
    for _ in range(6):
        effects.press("Take away B’s next word")
        fallen = len(effects.result["gone"]) == 6
        assert ("the prediction fell with word 6" in effects.status) == fallen
    assert effects.result["gone"] == order[:6]
    assert "The model says positive" in effects.status
    check(effects, classifier)
    effects.press("Take away B’s next word")
    assert effects.result["gone"] == [i for i in order if first[i] > 0]
    assert effects.result["next"] is None and effects.result["fell"] == 6
    assert "No other word has an entry above zero for negative in the first B." in effects.status
    button = effects.figure.get_by_role("button", name="Take away B’s next word")
    assert button.get_attribute("aria-disabled") == "true"
    assert button.evaluate("node => node === document.activeElement")
    effects.page.keyboard.press("Enter")
    assert len(effects.result["gone"]) == 7
    effects.choose("Seen from", "1")
    check(effects, classifier)
    effects.choose("Seen from", "")
    check(effects, classifier)
    effects.press("Put all back")


@pytest.mark.parametrize("way", ["unknown", "deleted"])
def test_other_texts(effects, classifier, way):
    go(effects, way)
    for text in ("A film", "xqzw vrrtl blorft good film", "dull " * 60, "a b c d e f g " * 30):
        effects.write(text)
        go_to_word(effects, 1)
        check(effects, classifier)
        effects.page.keyboard.press("Enter")
        assert effects.result["gone"] == [1]
        check(effects, classifier)


def test_one_word_and_none(effects, classifier):
    go(effects, "unknown")
    effects.write("Tedious")
    go_to_word(effects, 0)
    effects.page.keyboard.press("Enter")
    check(effects, classifier)
    go(effects, "deleted")
    assert effects.result["gone"] == []  # a text has a word
    assert effects.result["falls"] == [None]
    go_to_word(effects, 0)
    effects.page.keyboard.press("Enter")
    assert effects.result["gone"] == []
    assert effects.status == "This is the last word: without it there is nothing to read."
    effects.write("")
    assert effects.status == "Write at least one word."
    assert effects.figure.get_by_role("table").count() == 0


def test_markup_stays_text(effects, classifier):
    go(effects, "unknown")
    effects.write(HOSTILE)
    assert effects.figure.locator("img, script, b").count() == 0
    assert effects.figure.locator(".live-text").text_content() == HOSTILE
    check(effects, classifier)
    effects.tab_to(effects.figure.locator("summary"))
    effects.page.keyboard.press("Enter")
    table = effects.figure.get_by_role("table", name="All words that are there")
    assert table.locator("tbody th").all_inner_texts() == effects.result["tokens"]
