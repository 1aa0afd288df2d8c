"""The explorer of the welcome page, by keyboard: what it shows is what the package says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser, Locator

from interpbook import Classifier, Explanation, word_view
from support.operating import Operator, carried

SENTENCE = "The acting is superb, but the plot is dull and the zzyzx ending is not good."
NEWS = "The striker of the software giant scored twice before the court met."
RESULT = ("tokens", "logits", "ngramScores", "wordScores")


@pytest.fixture(scope="module")
def explorer(browser: Browser, address: str) -> Iterator[Operator]:
    operator = Operator(browser, address, "intro.html", "textcnn-explorer")
    yield operator
    operator.close()


@pytest.fixture(scope="module")
def imdb() -> Classifier:
    return carried("imdb")


def number(text: str) -> float:
    """Read a number as the page writes it."""
    return float(text.replace("−", "-").replace("+", ""))


def words(explorer: Operator) -> Locator:
    return explorer.figure.locator(".live-word")


def rows(table: Locator) -> list[list[str]]:
    """Return the cells of a table's body, a list of texts for each row."""
    return table.evaluate(
        "table => [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => "
        "cell.textContent.trim().replace(/ +/g, ' ')))"
    )


@torch.no_grad()
def spoken_through(
    classifier: Classifier, explanation: Explanation, position: int, label: int
) -> dict[str, tuple[int, float]]:
    """Return each n-gram with a word that filters chose: how many did, what the word adds by it."""
    model = classifier.model
    ids = classifier.encode([explanation.text])[0] + [0] * 5
    vector = model.embedding.weight[ids[position]]
    tokens = [*explanation.tokens, *["·"] * 5]
    found: dict[str, tuple[int, float]] = {}
    per_width, k = model.config.filters_per_width, len(explanation.pooled)
    for p, (start, width) in enumerate(
        zip(explanation.starts.tolist(), explanation.widths.tolist(), strict=True)
    ):
        if explanation.pooled[p] <= 0 or not start <= position < start + width:
            continue
        conv, number = model.convs[p // per_width], p % per_width
        u = conv.weight[number, :, position - start] @ vector + conv.bias[number] / width
        score = model.output.weight[label, p] * u + model.output.bias[label] / (k * width)
        name = " ".join(tokens[start : start + width])
        filters, total = found.get(name, (0, 0.0))
        found[name] = (filters + 1, total + float(score))
    return found


def assert_words_say(explorer: Operator, scores: torch.Tensor, unit: str) -> None:
    """Each word is named with its score, coloured by its sign, and not by colour alone."""
    strongest = float(scores.abs().max())
    assert words(explorer).count() == len(scores)
    for i, score in enumerate(scores.tolist()):
        word = words(explorer).nth(i)
        said = re.fullmatch(
            rf"(\S+): (\S+?)(?: or more)? {unit}(, not in the vocabulary)?",
            word.get_attribute("aria-label"),
        )
        assert said[1] == explorer.result["tokens"][i]
        assert number(said[2]) == pytest.approx(score, abs=0.0051)
        assert bool(said[3]) == (said[1] == "zzyzx")
        kinds = word.get_attribute("class").split()
        assert ("live-unknown" in kinds) == (said[1] == "zzyzx")
        if abs(abs(score) / strongest - 0.05) > 0.001:
            coloured = abs(score) / strongest > 0.05
            assert ("live-for" in kinds) == (coloured and score > 0)
            assert ("live-against" in kinds) == (coloured and score < 0)
        style = word.evaluate("w => getComputedStyle(w).borderBottomStyle")
        assert style == ("dotted" if "live-against" in kinds else "solid")


def test_a_sentence_is_coloured_as_it_is_typed(explorer, imdb):
    explorer.write("")
    assert explorer.status == "Write at least one word."
    explorer.page.keyboard.type(SENTENCE)
    expected = imdb.explain(SENTENCE)
    share = float(expected.probabilities.max())
    said = re.fullmatch(
        r"The model says: (\w+), ([\d.]+)%; the model does not know 1 of 16 words \(in italics\)\.",
        explorer.status,
    )
    assert said[1] == expected.class_names[expected.predicted]
    assert float(said[2]) == pytest.approx(100 * share, abs=0.051)
    view = word_view(expected, expected.predicted, "local")
    assert_words_say(explorer, view.scores, "logits")


def test_arrows_lead_from_word_to_word_and_show_the_ngrams_of_each(explorer, imdb):
    explorer.write(SENTENCE)
    expected = imdb.explain(SENTENCE)
    label = expected.predicted
    strongest = int(word_view(expected, label, "local").scores.abs().argmax())
    explorer.tab_to(words(explorer).nth(strongest))  # one stop of Tab for the sentence
    explorer.page.keyboard.press("Home")
    for position, token in enumerate(expected.tokens):
        assert words(explorer).nth(position).evaluate("w => w === document.activeElement")
        panel = explorer.figure.locator(".live-panel")
        assert f"“{token}”" in panel.inner_text()
        ngrams = spoken_through(imdb, expected, position, label)
        row = float(expected.word_scores[position, label])
        if ngrams:
            *shown, rest, together = rows(panel.locator("table"))
            assert len(shown) == min(len(ngrams), 8)
            for name, filters, score in shown:
                assert ngrams[name][0] == int(filters)
                assert number(score) == pytest.approx(ngrams[name][1], abs=0.0051)
            parts = [number(score) for _, _, score in [*shown, rest]]
            assert sum(parts) == pytest.approx(row, abs=0.0051 * (len(parts) + 1))
            assert number(together[2]) == pytest.approx(row, abs=0.0051)
        else:
            assert number(re.search(r"gives it (\S+),", panel.inner_text())[1]) == pytest.approx(
                row, abs=0.0051
            )
        explorer.page.keyboard.press("ArrowRight")
    explorer.page.keyboard.press("Home")
    assert words(explorer).first.evaluate("w => w === document.activeElement")
    for key, position in (("ArrowLeft", 0), ("End", 15), ("ArrowLeft", 14)):
        explorer.page.keyboard.press(key)
        assert words(explorer).nth(position).evaluate("w => w === document.activeElement")
    explorer.page.keyboard.press("Shift+Tab")
    assert explorer.figure.locator(".live-word:focus").count() == 0


@pytest.mark.parametrize("text", [SENTENCE, "Dull", "A film."])
def test_both_columns_sum_to_the_logits(explorer, imdb, text):
    explorer.write(text)
    expected = imdb.explain(text)
    table = explorer.figure.get_by_role("table", name="Both matrices add up to the logits")
    for row, name, logit in zip(
        rows(table), imdb.class_names, expected.logits.tolist(), strict=True
    ):
        assert row[0] == name
        assert [number(cell) for cell in row[1:]] == pytest.approx([logit] * 3, abs=0.00061)


def test_the_global_view_and_its_clip(explorer, imdb):
    explorer.write(SENTENCE)
    expected = imdb.explain(SENTENCE)
    radio = explorer.figure.get_by_role("radio", name=re.compile("local view"))
    explorer.tab_to(radio)
    explorer.page.keyboard.press("ArrowDown")
    for clip in (5.0, 0.5):
        explorer.slide("Clip at λ", clip)
        view = word_view(expected, expected.predicted, "global", clip)
        assert_words_say(explorer, view.scores, "times the loss")
    explorer.slide("Clip at λ", 5.0)
    explorer.tab_to(explorer.figure.get_by_role("radio", name=re.compile("global view")))
    explorer.page.keyboard.press("ArrowUp")
    assert explorer.figure.get_by_role("slider").count() == 0
    assert_words_say(explorer, word_view(expected, expected.predicted, "local").scores, "logits")


def test_a_class_is_chosen(explorer, imdb):
    explorer.write(SENTENCE)
    expected = imdb.explain(SENTENCE)
    other = 1 - expected.predicted
    explorer.choose("Seen from", str(other))
    assert explorer.result["label"] == other
    assert_words_say(explorer, word_view(expected, other, "local").scores, "logits")
    assert f"speaks for {imdb.class_names[other]}" in explorer.figure.inner_text()
    explorer.choose("Seen from", "")
    assert explorer.result["label"] == expected.predicted


def test_another_model_is_chosen(explorer):
    explorer.write(NEWS)
    expected = carried("ag_news").explain(NEWS)
    explorer.choose("Model", "ag_news")
    explorer.page.wait_for_function(
        "document.querySelector('textcnn-explorer').result.model === 'ag_news'"
    )
    assert explorer.result["text"] == NEWS  # what the reader wrote stays
    assert expected.class_names[expected.predicted] in explorer.status
    options = explorer.figure.get_by_role("combobox", name="Seen from").locator("option")
    assert options.all_inner_texts()[1:] == list(expected.class_names)
    scores = word_view(expected, expected.predicted, "local").scores
    assert_words_say(explorer, scores, "logits")
    explorer.choose("Model", "imdb")
    explorer.page.wait_for_function(
        "document.querySelector('textcnn-explorer').result.model === 'imdb'"
    )


def test_an_example_is_taken(explorer):
    button = explorer.figure.locator(".live-examples button").nth(1)
    explorer.tab_to(button)
    explorer.page.keyboard.press("Enter")
    assert explorer.result["text"] == button.inner_text() != SENTENCE
    assert button.evaluate("node => node === document.activeElement")


def test_the_card_says_how_good_the_carried_model_is(explorer, imdb):
    card = imdb.card
    assert (
        f"right on {card['accuracy']:.1%} of {card['tested']:,} test documents, "
        f"the whole model on {card['whole_accuracy']:.1%}"
    ) in explorer.figure.inner_text()
    assert "8,998 most frequent words" in explorer.figure.inner_text()


@pytest.mark.parametrize("text", ["", "?!", " \n "])
def test_without_a_word_it_asks_for_one(explorer, text):
    explorer.write(text)
    assert explorer.status == "Write at least one word."
    assert words(explorer).count() == 0 and explorer.figure.locator("table").count() == 0
    assert explorer.result["logits"] == []


def test_a_long_text_is_cut_where_the_model_cuts_it(explorer, imdb):
    text = "the film was not good " * 100
    explorer.write(text)
    limit = imdb.model.config.max_length
    assert words(explorer).count() == limit < 500
    assert f"it reads the first {limit} words; {500 - limit} more are left out" in explorer.status
    assert explorer.result["logits"] == pytest.approx(imdb.explain(text).logits.tolist(), abs=1e-4)


def test_a_result_event_follows_every_change(explorer, imdb):
    explorer.write("")
    explorer.page.evaluate(
        "globalThis.seen = []; document.addEventListener('result', event => "
        "seen.push([event.target.localName, event.detail, event.detail === event.target.result]))"
    )
    explorer.page.keyboard.type("A film")
    seen = explorer.page.evaluate("seen")
    assert [detail["text"] for _, detail, _ in seen] == [
        "A",
        "A ",
        "A f",
        "A fi",
        "A fil",
        "A film",
    ]
    assert all(name == "textcnn-explorer" and same for name, _, same in seen)
    expected = imdb.explain("A film")
    tokens, logits, ngrams, words_ = (seen[-1][1][name] for name in RESULT)
    assert tokens == expected.tokens
    assert logits == pytest.approx(expected.logits.tolist(), abs=1e-4)
    assert torch.tensor(ngrams).shape == expected.ngram_scores.shape
    assert torch.tensor(words_).shape == expected.word_scores.shape
