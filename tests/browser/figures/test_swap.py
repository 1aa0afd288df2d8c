"""Swapping a word on the built page: B's expectation, and the exact change, are the package's."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser

from interpbook import Classifier, decompose
from interpbook.scores import swap_effects
from interpbook.text import UNKNOWN
from support.operating import HOSTILE, Operator, carried

TOLERANCE = 1e-4
WAYS = ("deleted", "unknown", "word")


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return carried("imdb")


@pytest.fixture(scope="module")
def swap(browser: Browser, address: str) -> Iterator[Operator]:
    operator = Operator(browser, address, "chapters/04_word_scores.html", "textcnn-swap")
    yield operator
    operator.close()


def go_to_word(swap: Operator, position: int) -> None:
    swap.tab_to(swap.figure.locator(".live-text button[tabindex='0']"))
    swap.page.keyboard.press("Home")
    for _ in range(position):
        swap.page.keyboard.press("ArrowRight")


def go(swap: Operator, way: str) -> None:
    """Choose what stands in the word's place, by the arrow keys of the radio buttons."""
    chosen = swap.figure.locator("input[type=radio]:checked")
    swap.tab_to(chosen)
    for _ in WAYS:
        if chosen.input_value() == way:
            return
        swap.page.keyboard.press("ArrowDown")
    raise AssertionError(f"no way {way!r}")


def close_to(ours: list, theirs: torch.Tensor) -> bool:
    found = torch.tensor(ours, dtype=theirs.dtype)
    return torch.allclose(found, theirs, rtol=0, atol=TOLERANCE)


def check(swap: Operator, classifier: Classifier, others: list[int]) -> None:
    """Hold what the figure shows to the package's decomposition of both texts."""
    found, model = swap.result, classifier.model
    ids = classifier.encode([found["text"]])[0]
    at = found["position"]
    before = decompose(model, torch.tensor([ids]))
    after = decompose(model, torch.tensor([[*ids[:at], *others, *ids[at + 1 :]]]))
    exact = (after.logits - before.logits)[0]
    assert close_to(found["expected"], -before.word_scores[0, at])
    assert close_to(found["exact"], exact)
    if len(others) == 1 and others != [ids[at]]:
        effects = swap_effects(model, torch.tensor(ids), others[0])
        assert close_to(found["exact"], effects.exact[at])
        assert close_to(found["expected"], effects.predicted[at])

    label = found["label"]
    sums = [sum(fate[name] for fate in found["fates"]) for name in ("promised", "exact")]
    assert close_to(sums, torch.stack([-before.word_scores[0, at, label], exact[label]]))
    inside = (before.starts[0] <= at) & (at < before.starts[0] + before.widths)
    held = (inside & (before.pooled[0] > 0)).nonzero().flatten().tolist()
    silent = [p for p in held if after.pooled[0, p] <= 0]
    fates = {fate["p"]: fate["fate"] for fate in found["fates"]}
    assert sorted(p for p, fate in fates.items() if fate in ("kept", "elsewhere", "silent")) == held
    assert sorted(p for p, fate in fates.items() if fate == "silent") == silent
    if len(others) != 1:  # no window is left as it was
        assert "kept" not in fates.values()
    else:
        kept = [p for p in held if p not in silent and after.starts[0, p] == before.starts[0, p]]
        assert sorted(p for p, fate in fates.items() if fate == "kept") == kept

    # What stands in the table, and what is announced, are these numbers.
    rows = swap.figure.get_by_role("table", name="How the logits change").locator("tbody tr")
    for q, row in enumerate(rows.all()):
        written = [float(n.replace("−", "-")) for n in row.locator("td").all_inner_texts()]
        gap = abs(exact[q] + before.word_scores[0, at, q])
        numbers = torch.stack([-before.word_scores[0, at, q], exact[q], gap])
        assert torch.allclose(torch.tensor(written), numbers, rtol=0, atol=0.0051)
    assert f"B is off by {abs(found['exact'][label] - found['expected'][label]):.2f}" in swap.status


def test_it_starts_as_the_chapter_says(swap, classifier):
    found = swap.result
    assert found["tokens"][found["position"]] == "wonderful"
    assert re.search(r"to fall by 2\.1\d; it falls by 1\.3\d", swap.status)
    check(swap, classifier, [UNKNOWN])


def test_arrow_keys_choose_the_word(swap, classifier):
    my = swap.result["tokens"].index("my")
    go_to_word(swap, my)
    assert swap.result["position"] == my
    assert "for “my”" in swap.status
    focused = swap.figure.locator(":focus")
    assert re.match(r"my: [+−]?\d\.\d\d logits", focused.get_attribute("aria-label"))
    assert "live-chosen" in focused.get_attribute("class")
    check(swap, classifier, [UNKNOWN])
    go(swap, "deleted")
    assert "Without “my”" in swap.status
    check(swap, classifier, [])
    swap.page.keyboard.press("ArrowDown")
    check(swap, classifier, [UNKNOWN])


def test_a_word_of_the_readers(swap, classifier):
    go_to_word(swap, swap.result["tokens"].index("wonderful"))
    expected = swap.result["expected"]
    swap.press("awful")
    check(swap, classifier, classifier.encode(["awful"])[0])
    assert swap.result["expected"] == expected
    assert swap.result["logitsAfter"][0] > swap.result["logitsAfter"][1]
    for words in ("superb", "not good", "Wonderful", "xqzw"):
        swap.write(words, name="Your word")
        check(swap, classifier, classifier.encode([words])[0])
    swap.write("?!", name="Your word")
    assert swap.status == "Write a word to put in the place of “wonderful”."
    assert swap.result["exact"] == []
    swap.write("wonderful", name="Your word")
    assert "it stays as it is" in swap.status


def test_seen_from_the_other_class(swap, classifier):
    for label, name in enumerate(classifier.class_names):
        swap.choose("Seen from", str(label))
        assert f"the logit of {name}" in swap.status
        check(swap, classifier, classifier.encode(["wonderful"])[0])
    swap.choose("Seen from", "")


@pytest.mark.parametrize("way", ["unknown", "deleted"])
def test_other_texts(swap, classifier, way):
    others = [UNKNOWN] if way == "unknown" else []
    go(swap, way)
    for text in ("A film", "xqzw vrrtl blorft", "good " * 500, "It's the director’s ‘best’ film"):
        swap.write(text, name="Your sentence")
        for position in (0, 1):
            go_to_word(swap, position)
            check(swap, classifier, others)


def test_one_word_and_none(swap, classifier):
    go(swap, "unknown")
    swap.write("Wonderful", name="Your sentence")
    check(swap, classifier, [UNKNOWN])
    go(swap, "deleted")
    assert swap.status == "Without “wonderful” there is no word left to read."
    swap.write("", name="Your sentence")
    assert swap.status == "Write at least one word."
    assert swap.figure.get_by_role("table").count() == 0


def test_markup_stays_text(swap, classifier):
    swap.write(HOSTILE, name="Your sentence")
    go_to_word(swap, swap.result["tokens"].index("good"))
    swap.write(HOSTILE, name="Your word")
    assert swap.figure.locator("img, script, b").count() == 0
    assert HOSTILE in swap.figure.locator(".live-text").nth(1).text_content()
    check(swap, classifier, classifier.encode([HOSTILE])[0])


def test_the_ngrams_are_those_of_the_filters(swap, classifier):
    text = "The ending is wonderful and my whole family cried."
    swap.write(text, name="Your sentence")
    go_to_word(swap, 3)
    go(swap, "unknown")
    swap.tab_to(swap.figure.locator("summary"))
    swap.page.keyboard.press("Enter")
    row = swap.figure.locator("details tbody tr").first
    before, now, filters = (cell.strip() for cell in row.locator("th, td").all_inner_texts()[:3])
    assert row.locator("th strong").inner_text() == "wonderful"
    ids = classifier.encode([text])[0]
    split = [
        decompose(classifier.model, torch.tensor([[*ids[:3], word, *ids[4:]]]))
        for word in (ids[3], UNKNOWN)
    ]
    tokens = swap.result["tokens"]
    words = [tokens, [*tokens[:3], "[unknown]", *tokens[4:]]]

    def ngram(of: int, p: int) -> str:
        scores, start = split[of], int(split[of].starts[0, p])
        chosen = words[of][start : start + int(scores.widths[p])]
        return " ".join(chosen) if scores.pooled[0, p] > 0 else "none: silent"

    same = [p for p in range(150) if (ngram(0, p), ngram(1, p)) == (before, now)]
    assert len(same) == int(filters) > 0
