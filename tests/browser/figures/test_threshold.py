"""The threshold figure: the study at epsilon, and what is left of a sentence there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser

from interpbook import filter_study, load_classifier, load_corpus
from interpbook.corpora import data_folder
from interpbook.experiments import read_records
from interpbook.filters import variances
from interpbook.models import batches
from support.operating import HOSTILE, Operator, carried

PAGE = "chapters/06_how_many_filters.html"
TOLERANCE = 1e-4
RECORDS = {
    (run["recipe"]["corpus"], run["k"]): run
    for run in read_records(data_folder() / "results" / "table1")
    if run["seed"] == 0
}
SENTENCES = [
    "A dull film, but the music is lovely.",
    "Shares fell after the bank warned of weaker profit.",
    "xqzw vrrtl",
    "superb",
    HOSTILE,
    "the film " * 60,
]


@pytest.fixture(scope="module")
def figure(browser: Browser, address: str) -> Iterator[Operator]:
    operator = Operator(browser, address, PAGE, "textcnn-threshold")
    yield operator
    operator.close()


@pytest.fixture(scope="module")
def table1(browser: Browser, address: str) -> Iterator[Operator]:
    """The second figure, over the records."""
    operator = Operator(browser, address, PAGE, "textcnn-threshold", number=1)
    yield operator
    operator.close()


def test_the_study_of_the_chapter(figure):
    classifier, corpus = load_classifier("reviews"), load_corpus("reviews", split="test")
    study = filter_study(
        classifier.model, batches(classifier.encode(corpus.texts), corpus.labels), 0.005
    )
    for steps in (0, 17, -40, 60):
        handle = figure.tab_to(figure.figure.get_by_role("slider", name="Threshold"))
        for _ in range(abs(steps)):
            figure.page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
        found = figure.result
        expected = study.at(min(study.epsilons.tolist(), key=lambda e: abs(e - found["epsilon"])))
        assert found["epsilon"] == pytest.approx(expected.epsilon, rel=1e-3)
        assert found["ratio1"] == pytest.approx(expected.ratio1, abs=TOLERANCE)
        assert found["ratio2"] == pytest.approx(expected.ratio2, abs=TOLERANCE)
        assert found["ratio3"] == pytest.approx(expected.ratio3, abs=TOLERANCE)
        assert found["keptAccuracy"] == pytest.approx(expected.kept_accuracy, abs=TOLERANCE)
        shown = f"@Ratio2 {expected.ratio2:.1%}"
        assert shown in figure.status
        assert shown in figure.figure.get_by_role("img").first.get_attribute("aria-label")
        assert float(handle.get_attribute("aria-valuetext")) == pytest.approx(
            expected.epsilon, rel=0.05
        )
    figure.press("0.005, the paper's")
    assert figure.result["epsilon"] == 0.005
    figure.tab_to(handle)
    for key, text in (("ArrowRight", "0.0056"), ("ArrowLeft", "0.005"), ("ArrowLeft", "0.0045")):
        figure.page.keyboard.press(key)  # no two neighbours read the same
        assert handle.get_attribute("aria-valuetext") == text
    figure.press("calibrated", "Space")
    assert figure.result["epsilon"] == pytest.approx(study.calibrated().epsilon, rel=1e-3)


def test_it_starts_as_the_chapter_says(table1):
    handle = table1.figure.get_by_role("slider", name="Threshold")
    assert handle.get_attribute("aria-valuetext") == "0.0032"
    assert "All together say Business" in table1.status
    assert "those above ε alone, Sports" in table1.status


@pytest.mark.parametrize("corpus", ["ag_news", "imdb"])
@pytest.mark.parametrize("k", [30, 600])
def test_the_records(table1, corpus, k):
    run = RECORDS[corpus, k]["metrics"]
    options = table1.figure.locator("option").all_inner_texts()
    [number] = [i for i, o in enumerate(options) if o.startswith(f"k = {k}: {corpus}")]
    table1.choose("Curves of", str(number))
    table1.wait_for("curve", options[number])
    for mark in ("calibrated", "the paper's"):
        button = table1.figure.get_by_role("button", name=mark)
        table1.tab_to(button)
        table1.page.keyboard.press("Enter")
        found = table1.result
        at = run["curve"]["epsilon"].index(found["epsilon"])
        for ours, theirs in (
            ("keptAccuracy", "kept_accuracy"),
            ("ratio2", "ratio2"),
            ("ratio3", "ratio3"),
        ):
            assert found[ours] == pytest.approx(run["curve"][theirs][at], abs=TOLERANCE)
        assert (found["accuracy"], found["ratio1"]) == (run["accuracy"], run["ratio1"])
        assert found["model"] == corpus


def left_of(found: dict) -> None:
    """Compare the sentence's part of a result with the package."""
    classifier = carried(found["model"])
    expected = classifier.explain(found["text"])
    spread = variances(expected.ngram_scores).double()
    apart = torch.tensor(found["variances"], dtype=torch.float64) - spread
    assert apart.abs().max() <= TOLERANCE
    keep = torch.tensor(found["kept"])
    sure = (spread - found["epsilon"]).abs() > 1e-6
    assert torch.equal(keep[sure], (spread > found["epsilon"])[sure])
    logits = expected.ngram_scores[keep].sum(dim=0)
    assert (torch.tensor(found["keptLogits"]) - logits).abs().max() <= TOLERANCE
    assert (torch.tensor(found["logits"]) - expected.logits).abs().max() <= TOLERANCE
    assert found["silent"] == (expected.pooled <= 0).tolist()
    ends = expected.starts + expected.widths
    for i, readers in enumerate(found["readBy"]):
        assert readers == int((keep & (expected.starts <= i) & (i < ends)).sum())


@pytest.mark.parametrize("sentence", SENTENCES)
def test_what_is_left_of_a_sentence(figure, table1, sentence):
    for operator in (figure, table1):
        operator.write(sentence)
        operator.tab_to(operator.figure.get_by_role("slider", name="Threshold"))
        for _ in range(2):
            for _ in range(15):
                operator.page.keyboard.press("ArrowLeft")
            found = operator.result
            left_of(found)
            count = f"Above ε: {sum(found['kept'])} of 150 filters"
            assert count in operator.status
            for row, width in enumerate((3, 4, 5)):
                part = f"width {width}: {sum(found['kept'][50 * row : 50 * row + 50])} of 50"
                assert part in operator.figure.get_by_role("img").nth(1).get_attribute("aria-label")
        operator.press("calibrated")


@pytest.mark.parametrize("width, lines", [(360, 2), (1280, 1)])
def test_filters_can_be_told_apart(figure, width, lines):
    figure.write("A dull film, but the music is lovely.")
    figure.press("0.005, the paper's")
    figure.page.set_viewport_size({"width": width, "height": 780})
    try:
        picture = figure.figure.locator("svg.live-filters")
        count = (
            "svg => new Set([...svg.querySelectorAll('rect')].map(r => r.getAttribute('y'))).size"
        )
        figure.page.wait_for_function(
            f"([svg, lines]) => ({count})(document.querySelector(svg)) === lines",
            arg=["textcnn-threshold svg.live-filters", 3 * lines],  # redrawn for the new width
            timeout=10_000,
        )
        assert picture.locator("rect, circle").count() == 150
        boxes = picture.locator("rect").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().width)"
        )
        assert min(boxes) > 6.5
        drawn = picture.locator("text").first.evaluate(
            "text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a"
        )
        assert drawn >= 11
    finally:
        figure.page.set_viewport_size({"width": 1280, "height": 720})


def test_no_filter_is_left(figure):
    figure.write("A dull film, but the music is lovely.")
    handle = figure.tab_to(figure.figure.get_by_role("slider", name="Threshold"))
    figure.page.keyboard.press("End")
    assert handle.get_attribute("aria-valuetext") == "10"
    assert not any(figure.result["kept"]) and set(figure.result["keptLogits"]) == {0}
    assert "No row is left" in figure.status and "negative" in figure.status


def test_no_word_and_no_markup(figure):
    figure.write("")
    assert "Write at least one word." in figure.status
    figure.write(HOSTILE)
    assert figure.figure.locator("img, b, .live-text i, .live-text script").count() == 0
    assert "<b>" in figure.figure.locator(".live-text").inner_text()
