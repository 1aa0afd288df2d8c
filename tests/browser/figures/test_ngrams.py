"""A column of A, added up on the built page, has the package's rows and meets its logit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser

from interpbook import Classifier
from support.operating import HOSTILE, Operator, carried

TOLERANCE = 1e-4
SLIDER, ALL = "Rows added", "a row for every n-gram"
REVIEW = "A dull start, but I loved every minute of it."


@pytest.fixture(scope="module")
def classifiers() -> dict[str, Classifier]:
    return {name: carried(name) for name in ("imdb", "ag_news")}


@pytest.fixture(scope="module")
def adder(browser: Browser, address: str) -> Iterator[Operator]:
    operator = Operator(browser, address, "chapters/03_ngram_scores.html", "textcnn-ngrams")
    yield operator
    operator.close()


def number(value: float) -> str:
    """Write a number as the figure does."""
    text = f"{abs(value):.3f}"
    return text if float(text) == 0 else ("+" if value > 0 else "−") + text


def entries(explained, label: int, reading: str) -> torch.Tensor:
    """Return the k numbers that are added up: a column of A, or its lead over the others' mean."""
    scores = explained.ngram_scores
    if reading == "column":
        return scores[:, label]
    others = [q for q in range(scores.shape[1]) if q != label]
    return scores[:, label] - scores[:, others].mean(dim=1)


def check(adder: Operator, classifiers: dict[str, Classifier]) -> None:
    """Hold the rows, their sum and its goal to the package, and the table to the rows."""
    found = adder.result
    explained = classifiers[found["model"]].explain(found["text"])
    scores = entries(explained, found["label"], found["reading"])
    speaking: dict[tuple[int, int], list[int]] = {}
    for p in (explained.pooled > 0).nonzero().flatten().tolist():
        where = int(explained.starts[p]), int(explained.widths[p])
        speaking.setdefault(where, []).append(p)
    *rows, silent = found["rows"]
    of_one = [row for row in rows if "start" in row]
    together = [row for row in rows if "start" not in row]
    assert len(together) <= 1
    for row in of_one:
        assert row["filters"] == speaking.pop((row["start"], row["width"]))
    left = sorted(p for filters in speaking.values() for p in filters)
    assert left == sorted(p for row in together for p in row["filters"])
    assert silent["filters"] == (explained.pooled <= 0).nonzero().flatten().tolist()
    for row in found["rows"]:
        assert abs(row["score"] - float(scores[row["filters"]].sum())) <= TOLERANCE
    sizes = [abs(row["score"]) for row in of_one]
    assert sizes == sorted(sizes, reverse=True)

    logits = explained.logits
    goal = entries_of_logits(logits, found["label"], found["reading"])
    assert abs(found["total"] - goal) <= TOLERANCE
    added = found["rows"][: found["added"]]
    assert abs(found["sum"] - sum(row["score"] for row in added)) <= 1e-9
    if len(added) == len(found["rows"]):
        assert abs(found["sum"] - found["total"]) <= 1e-9
        assert f"All rows together: {number(found['sum'])}." in adder.status
    assert number(found["total"]) in adder.status
    assert number(found["sum"]) in adder.status

    lines = adder.figure.get_by_role("table").locator("tbody tr")
    cells = lines.evaluate_all("all => all.map(tr => [...tr.cells].map(cell => cell.innerText))")
    sum_so_far = 0.0
    assert len(cells) == len(found["rows"]) + 1
    for i, (row, (name, filters, adds, _, so_far)) in enumerate(
        zip(found["rows"], cells, strict=False)
    ):
        sum_so_far += row["score"]
        assert (name, filters) == (row["name"], str(len(row["filters"])))
        shown = [number(row["score"]), number(sum_so_far)] if i < len(added) else ["", ""]
        assert [adds, so_far] == shown
    assert cells[-1][-1] == number(found["sum"])


def entries_of_logits(logits: torch.Tensor, label: int, reading: str) -> float:
    if reading == "column":
        return float(logits[label])
    others = [q for q in range(len(logits)) if q != label]
    return float(logits[label] - logits[others].mean())


def toggle(adder: Operator, role: str, name: str) -> None:
    adder.tab_to(adder.figure.get_by_role(role, name=name))
    adder.page.keyboard.press("Space")


def read(adder: Operator, reading: str) -> None:
    """Choose what is added up, by the arrow keys of the radio buttons."""
    adder.tab_to(adder.figure.locator("input[type=radio]:checked"))
    if adder.result["reading"] != reading:
        adder.page.keyboard.press("ArrowDown")
    assert adder.result["reading"] == reading


def marked(adder: Operator) -> list[str]:
    return adder.figure.locator(".live-word.live-chosen").all_text_contents()


def test_it_starts_as_the_chapter_says(adder, classifiers):
    found = adder.result
    assert (found["model"], found["text"], found["reading"]) == ("imdb", REVIEW, "column")
    assert found["added"] == len(found["rows"]) == 10
    assert "That is the logit of positive, +1.0" in adder.status
    check(adder, classifiers)


def test_the_slider_adds_row_after_row(adder, classifiers):
    handle = adder.tab_to(adder.figure.get_by_role("slider", name=SLIDER))
    adder.page.keyboard.press("Home")
    assert adder.result["sum"] == 0 and marked(adder) == []
    count = len(adder.result["rows"])
    past = []
    for added in range(1, count + 1):
        adder.page.keyboard.press("ArrowRight")
        assert adder.result["added"] == added
        assert handle.get_attribute("aria-valuetext") == f"{added} of {count}"
        check(adder, classifiers)
        row = adder.result["rows"][added - 1]
        end = row.get("start", 0) + row.get("width", 0)
        spans = adder.result["spans"][row.get("start", 0) : end]
        assert marked(adder) == [REVIEW[span["start"] : span["end"]] for span in spans]
        assert adder.figure.locator("tr.live-marked th").inner_text() == row["name"]
        if added < count:
            assert f"{row['name']}: {number(row['score'])}." in adder.status
        past.append(adder.result["sum"] > adder.result["total"])
    assert past[3]  # as the chapter says
    assert handle.evaluate("node => node === document.activeElement")


def test_pointing_at_a_row_marks_its_ngram(adder):
    rows = adder.figure.get_by_role("table").locator("tbody tr")
    rows.nth(0).hover()
    assert " ".join(marked(adder)).lower() == adder.result["rows"][0]["name"].strip("“”")
    adder.figure.locator("textarea").hover()
    assert marked(adder) == []


def test_every_ngram_has_a_row_on_request(adder, classifiers):
    few = adder.result
    toggle(adder, "checkbox", ALL)
    every = adder.result
    assert all("start" in row for row in every["rows"][:-1])
    assert len(every["rows"]) > len(few["rows"])
    assert every["sum"] == pytest.approx(few["sum"], abs=1e-9)
    check(adder, classifiers)
    toggle(adder, "checkbox", ALL)
    check(adder, classifiers)


@pytest.mark.parametrize("reading", ["column", "contrast"])
def test_the_other_class(adder, classifiers, reading):
    read(adder, reading)
    for label, name in enumerate(classifiers["imdb"].class_names):
        adder.choose("Class", str(label))
        assert adder.result["label"] == label
        assert name in adder.status
        check(adder, classifiers)
    adder.choose("Class", "")


def test_the_contrast_is_what_the_package_lists(adder, classifiers):
    read(adder, "contrast")
    explained = classifiers["imdb"].explain(adder.result["text"])
    listed = explained.ngrams(adder.result["label"])
    for row, ngram in zip(adder.result["rows"][:8], listed, strict=False):
        assert (row["name"], len(row["filters"])) == (f"“{' '.join(ngram.words)}”", ngram.filters)
        assert abs(row["score"] - ngram.score) <= TOLERANCE
    read(adder, "column")


def test_the_news_model_in_four_classes(adder, classifiers):
    adder.choose("Model", "ag_news")
    adder.wait_for("model", "ag_news")
    assert adder.result["text"] == "The minister sold his shares in the oil company"
    toggle(adder, "checkbox", ALL)
    scores = {}
    for label, name in enumerate(classifiers["ag_news"].class_names):
        adder.choose("Class", str(label))
        check(adder, classifiers)
        rows = {row["name"]: row["score"] for row in adder.result["rows"]}
        scores[name] = rows["“minister sold his shares”"]
    assert scores["World"] > scores["Business"] > 0
    read(adder, "contrast")
    check(adder, classifiers)
    read(adder, "column")
    toggle(adder, "checkbox", ALL)
    adder.choose("Model", "imdb")
    adder.wait_for("model", "imdb")
    assert adder.result["text"] == REVIEW


@pytest.mark.parametrize(
    "text", ["good", "what a good movie", "xqzw vrrtl blorft", "a " * 5, "so dull, " * 250]
)
def test_other_texts(adder, classifiers, text):
    adder.write(text)
    check(adder, classifiers)


def test_markup_stays_text(adder, classifiers):
    adder.write(HOSTILE)
    assert adder.figure.locator("img, script, b").count() == 0
    assert adder.figure.locator(".live-text").text_content() == HOSTILE
    check(adder, classifiers)


def test_no_word(adder, classifiers):
    adder.write("?!")
    assert adder.result["rows"] == []
    assert adder.status == "Write at least one word."
    assert not adder.figure.get_by_role("slider").is_visible()
    adder.write(REVIEW)
    check(adder, classifiers)
