"""The attack playground changes the words that ib.attack changes, and says what became of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser

from interpbook import attack, load_corpus
from interpbook.experiments.studies.xu_du import RANKINGS
from support.operating import HOSTILE, Operator, carried
from support.visiting import violations

BUTTONS = ("Next change", "Undo", "Start again")
TOLERANCE = 1e-4
ODD = [
    "good",
    "the the the the the",
    "a A i I O",
    "It's the director’s ‘best’ film; isn’t it? rock'n'roll 'tis a café for 10 zebras",
    "QUITE SUPERB Quite Superb 😀 ﬁlm x² Ζωή",
    HOSTILE,
]
TEXTS = {
    "imdb": [*ODD, *load_corpus("reviews", split="test").texts[:5]],
    "ag_news": [*ODD, *load_corpus("headlines", split="test").texts[:5]],
}
TEXTS["imdb"].append(" ".join(load_corpus("reviews", split="test").texts[20:60]))


@pytest.fixture(scope="module")
def playground(browser: Browser, address: str) -> Iterator[Operator]:
    operator = Operator(browser, address, "chapters/11_attacks.html", "textcnn-attack")
    yield operator
    operator.close()


def to_the_end(playground: Operator) -> dict:
    """Press Next change until there is no more to do."""
    playground.tab_to(playground.figure.get_by_role("button", name="Next change"))
    while playground.result["outcome"] == "":
        playground.page.keyboard.press("Enter")
    return playground.result


def test_it_starts_as_the_chapter_says(playground):
    assert playground.result["ranking"] == "word_scores"
    assert [c["before"] for c in to_the_end(playground)["changes"]] == [
        "excellent",
        "superb",
        "loved",
    ]
    assert "The prediction fell after 3 changes: negative" in playground.status
    assert apart(playground)


def apart(playground: Operator) -> bool:
    """Whether the curve and the name of its level keep away from each other."""
    return playground.figure.locator(".live-chart").evaluate(
        """chart => {
          const texts = [...chart.querySelectorAll("text")];
          const box = texts.find((text) => text.textContent.startsWith("below")).getBBox();
          const line = chart.querySelector("polyline");
          for (let at = 0; at <= line.getTotalLength(); at += 1) {
            const { x, y } = line.getPointAtLength(at);
            const [dx, dy] = [x - box.x, y - box.y];
            if (dx > 0 && dx < box.width && dy > 0 && dy < box.height) return false;
          }
          const level = chart.querySelector(".live-level").getPointAtLength(0).y;
          return box.y > level && box.y + box.height < 220 - 46 + 4;
        }"""
    )


def test_the_level_has_its_name_where_the_curve_is_not(playground):
    playground.choose("Model", "imdb")
    playground.wait_for("model", "imdb")
    wanted = (
        "I expected a dull evening, but the film is excellent, "
        "the acting is superb and my family loved it."
    )
    for text in (wanted, wanted + " A great, wonderful, perfect, moving film.", "good"):
        playground.write(text)
        for ranking in ("updated_word_scores", "gradient", "word_scores"):
            playground.choose("The attack takes the word that is first by", ranking)
            to_the_end(playground)
            assert apart(playground), (text, ranking)


@pytest.mark.parametrize("ranking", [name for name in RANKINGS["trained"] if name != "random"])
@pytest.mark.parametrize("model", ["imdb", "ag_news"])
def test_it_goes_the_way_of_the_package(playground, model, ranking):
    classifier = carried(model)
    playground.choose("Model", model)
    playground.wait_for("model", model)
    playground.choose("The attack takes the word that is first by", ranking)
    outcomes = set()
    for text in TEXTS[model]:
        playground.write(text)
        found = to_the_end(playground)
        label = int(classifier.predict_proba([text]).argmax())
        expected = attack(classifier, text, label, ranking)
        ours = [(c["position"], c["before"], c["after"]) for c in found["changes"]]
        theirs = [(c.position, c.before, c.after) for c in expected.changes]
        assert ours == theirs, text[:80]
        assert (found["label"], found["outcome"]) == (label, expected.outcome), text[:80]
        assert found["rewritten"] == expected.text, text[:80]
        apart = torch.tensor(found["logits"], dtype=torch.float32) - expected.logits
        assert apart.abs().max() <= TOLERANCE, text[:80]
        outcomes.add(found["outcome"])
    assert outcomes >= {"prediction changed", "no word left"}
    assert "budget spent" in outcomes or (model, ranking) != ("imdb", "gradient")


def test_by_lot_keeps_to_the_rules(playground):
    playground.write("A slow and careful film about two brothers who cannot agree on a house.")
    playground.choose("The attack takes the word that is first by", "random")
    found = to_the_end(playground)
    positions = [change["position"] for change in found["changes"]]
    assert len(set(positions)) == len(positions) == 10 or found["outcome"] == "prediction changed"


def test_the_reader_picks_a_word_and_takes_it_back(playground):
    page, figure = playground.page, playground.figure
    playground.choose("Model", "imdb")
    playground.wait_for("model", "imdb")
    playground.choose("The attack takes the word that is first by", "word_scores")
    playground.write("The acting is superb and the ending is dull.")
    before = playground.result
    next_word = figure.locator(".live-text button").nth(before["next"])
    playground.tab_to(next_word)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    after = playground.result
    assert [(c["position"], c["before"]) for c in after["changes"]] == [(1, "acting")]
    assert len(after["logits"]) == 2 and after["logits"][0] == before["logits"][0]
    word = figure.locator(".live-text button").nth(1)
    assert word.evaluate("node => node === document.activeElement")
    assert word.locator("s").inner_text() == "acting"  # the original stays readable
    assert after["changes"][0]["after"] in word.inner_text()
    name = f"acting {after['changes'][0]['after']}, change number 1"
    assert word.get_attribute("aria-label") == name
    assert violations(page) == []
    page.keyboard.press("Enter")  # a word is changed once
    assert playground.result["changes"] == after["changes"]
    assert figure.get_by_role("img").get_attribute("aria-label").count(",") == 2
    assert figure.locator("tbody tr").count() == 2

    playground.press("Undo", "Space")
    assert playground.result["changes"] == []
    assert playground.result["logits"] == before["logits"]
    undo = figure.get_by_role("button", name="Undo", exact=True)
    assert undo.get_attribute("aria-disabled") == "true"
    assert undo.evaluate("node => node === document.activeElement")
    page.keyboard.press("Space")
    assert playground.result["changes"] == []
    playground.press("Next change")
    playground.press("Next change")
    playground.press("Start again")
    assert playground.result["changes"] == []
    assert playground.status.startswith("As written: ")


@pytest.mark.parametrize("text", ["", " ?!"])
def test_no_word(playground, text):
    playground.write(text)
    assert playground.status == "Write at least one word."
    assert playground.result["outcome"] == "no word"
    playground.press("Next change")
    assert playground.result["changes"] == []


def test_what_is_typed_is_text(playground):
    playground.write(HOSTILE)
    to_the_end(playground)
    assert playground.figure.locator("img, b, script, .live-text i").count() == 0
    assert "<b>" in playground.figure.locator(".live-text").inner_text()


def test_all_that_is_there_has_a_name(playground):
    playground.choose("Model", "imdb")
    playground.wait_for("model", "imdb")
    playground.write("The acting is superb.")
    for name in BUTTONS:
        assert playground.figure.get_by_role("button", name=name, exact=True).count() == 1
    assert "As written: positive" in playground.status and "margin +" in playground.status
    label = playground.figure.get_by_role("toolbar").get_attribute("aria-label")
    assert "arrow keys" in label and "Enter" in label
