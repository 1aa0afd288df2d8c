"""The windows that step over a sentence on the built page score as the package's filters do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser

from interpbook import Classifier
from support.operating import HOSTILE, Operator, carried
from support.visiting import Visit

TOLERANCE = 1e-4
CHAPTER, ELEMENT = "chapters/02_textcnn.html", "textcnn-windows"
FILTER = "Filter, the most decisive first"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return carried("imdb")


@pytest.fixture(scope="module")
def stepper(browser: Browser, address: str) -> Iterator[Operator]:
    operator = Operator(browser, address, CHAPTER, ELEMENT)
    yield operator
    operator.close()


def close_to(ours: object, theirs: torch.Tensor) -> bool:
    found = torch.tensor(ours, dtype=torch.float32)
    return torch.allclose(found, theirs, rtol=0, atol=TOLERANCE)


def number(value: float) -> str:
    """Write a number as the figure does."""
    text = f"{abs(value):.3f}"
    return text if float(text) == 0 else ("+" if value > 0 else "−") + text


def check(stepper: Operator, classifier: Classifier) -> None:
    """Hold the scores to the model's own convolution, and the drawing to the scores."""
    found, model = stepper.result, classifier.model
    explained = classifier.explain(found["text"])
    p, width, position = found["filter"], found["width"], found["position"]
    conv, place = divmod(p, model.config.filters_per_width)
    filter_ = model.convs[conv]
    widest = max(model.config.widths)
    ids = classifier.encode([found["text"]])[0]
    ids = torch.tensor([*ids, *[0] * (widest - len(ids))])
    x = model.embedding(ids).detach()
    u = filter_(x.T[None])[0, place].detach()[: len(explained.tokens)]
    assert width == model.config.widths[conv]
    assert close_to(found["scores"], u)
    slots = filter_.weight[place].detach().T * x[position : position + width]
    assert close_to(found["slotScores"], slots.sum(dim=1))
    assert close_to(sum(found["slotScores"]) + found["bias"], u[position])

    seen = found["scores"][: position + 1]
    assert found["best"] == seen.index(max(seen))
    assert found["found"] == (position == len(u) - 1)
    assert close_to(found["pooled"], explained.pooled[p])
    if found["found"]:
        assert found["best"] == int(explained.starts[p])
    v = explained.pooled[p].relu()
    assert close_to(found["v"], v)
    assert close_to(found["added"], model.output.weight[:, p].detach() * v)

    tokens = [*found["tokens"], *["·"] * widest]
    window = " ".join(tokens[position : position + width])
    terms = " ".join(number(score) for score in found["slotScores"])
    total = f"and the bias {number(found['bias'])}, make u = {number(seen[-1])}."
    assert f"Window {position + 1}, “{window}”: {terms}, {total}" in stepper.status
    inside = stepper.figure.locator(".live-box.live-inside")
    below = inside.evaluate_all("boxes => boxes.map(box => box.dataset.below)")
    assert below == [number(score) for score in found["slotScores"]]
    chart = stepper.figure.get_by_role("img").get_attribute("aria-label")
    names = [" ".join(tokens[i : i + width]) for i in range(len(seen))]
    drawn = [f"“{name}” {number(score)}" for name, score in zip(names, seen, strict=True)]
    assert chart.endswith(f"of {len(u)}: {', '.join(drawn)}")
    assert stepper.figure.locator(".live-height").count() == len(seen)
    rows = stepper.figure.get_by_role("table").locator("tbody tr").all_inner_texts()
    for row, added in zip(rows, found["added"], strict=True):
        assert (number(added) in row.split()) == found["found"]


def test_it_starts_as_the_chapter_says(stepper, classifier):
    assert stepper.result["filter"] == 11 and stepper.result["found"]
    assert "Maximum: u = +1.88" in stepper.status and "“plot is dull”" in stepper.status
    check(stepper, classifier)


def test_the_arrow_keys_move_the_window(stepper, classifier):
    handle = stepper.tab_to(stepper.figure.get_by_role("slider", name="Window"))
    stepper.page.keyboard.press("Home")
    count = len(stepper.result["scores"])
    for position in range(count):
        assert stepper.result["position"] == position
        assert handle.get_attribute("aria-valuetext") == f"{position + 1} of {count}"
        check(stepper, classifier)
        coming = count - 1 - position
        assert ("to come." in stepper.status) == (coming > 0)
        stepper.page.keyboard.press("ArrowRight")
    assert handle.evaluate("node => node === document.activeElement")
    assert stepper.result["position"] == count - 1


def test_the_filters_are_listed_by_the_gap_that_they_open(stepper, classifier):
    box = stepper.figure.get_by_role("combobox", name=FILTER)
    listed = [int(v) for v in box.locator("option").evaluate_all("all => all.map(o => o.value)")]
    texts = box.locator("option").all_inner_texts()
    explained = classifier.explain(stepper.result["text"])
    weight = classifier.model.output.weight.detach()
    gaps = (weight.amax(0) - weight.amin(0)) * explained.pooled.relu()
    assert sorted(listed) == list(range(150))
    assert (gaps[listed].diff() <= TOLERANCE).all()
    silent = [p for p, text in zip(listed, texts, strict=True) if "silent" in text]
    assert sorted(silent) == (explained.pooled <= 0).nonzero().flatten().tolist()


def test_the_next_filter(stepper, classifier):
    seen = {}
    for _ in range(6):
        seen[stepper.result["filter"]] = stepper.result["width"]
        stepper.press("Next filter")
        check(stepper, classifier)
    assert 43 in seen and len(seen) == 6 and set(seen.values()) == {3, 4, 5}
    assert stepper.figure.locator(":focus").inner_text() == "Next filter"


def test_a_silent_filter_adds_nothing(stepper, classifier):
    stepper.tab_to(stepper.figure.get_by_role("combobox", name=FILTER))
    stepper.page.keyboard.press("End")  # the least decisive one
    assert stepper.result["pooled"] < 0
    assert stepper.result["v"] == 0 and set(stepper.result["added"]) == {0}
    assert "v = 0: the filter is silent" in stepper.status
    check(stepper, classifier)


def test_words_in_front_leave_the_maximum_alone(stepper, classifier):
    stepper.choose(FILTER, "11")
    before = stepper.result
    stepper.write(f"I say it again: {before['text']}")
    assert stepper.result["filter"] == 11
    assert stepper.result["pooled"] == before["pooled"]
    assert stepper.result["best"] == before["best"] + 4
    check(stepper, classifier)


def test_the_first_among_equals(stepper, classifier):
    stepper.write("good film " * 6)
    check(stepper, classifier)
    best = max(stepper.result["scores"])
    assert stepper.result["scores"].count(best) > 1
    assert stepper.result["best"] == stepper.result["scores"].index(best)


@pytest.mark.parametrize("text", ["good", "not good", "xqzw vrrtl", "so dull, " * 250])
def test_other_texts(stepper, classifier, text):
    stepper.write(text)
    for _ in range(4):
        check(stepper, classifier)
        stepper.press("Next filter")


def test_markup_stays_text(stepper, classifier):
    stepper.write(HOSTILE)
    assert stepper.figure.locator("img, script, b").count() == 0
    assert HOSTILE in stepper.figure.locator(".live-boxes").text_content()
    check(stepper, classifier)


def test_no_word(stepper):
    stepper.write("?!")
    assert stepper.result["tokens"] == []
    assert stepper.status == "Write at least one word."
    assert not stepper.figure.get_by_role("slider").is_visible()
    stepper.write("The plot is dull, but the acting is superb.")
    assert stepper.status.startswith("Window 7")


def test_play_steps_from_the_first_window_until_told_to_stop(stepper):
    stepper.press("Play")
    assert stepper.result["position"] == 0
    stepper.wait_for("position", 1)
    stepper.press("Stop")
    position = stepper.result["position"]
    stepper.page.wait_for_timeout(1500)
    assert stepper.result["position"] == position


def test_reduced_motion_steps_once(browser, address):
    context = browser.new_context(reduced_motion="reduce")
    page = Visit(context.new_page(), address, CHAPTER).page
    page.locator(ELEMENT).scroll_into_view_if_needed()
    page.wait_for_selector(f"{ELEMENT}[data-state=ready]")
    page.get_by_role("button", name="Step", exact=True).focus()
    for position in (0, 1):
        page.keyboard.press("Enter")
        page.wait_for_timeout(1500)
        assert page.evaluate(f"document.querySelector('{ELEMENT}').result.position") == position
    context.close()
