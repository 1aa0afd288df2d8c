"""The built page computes what the package computes, with the weights that the page carries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page

from interpbook import Classifier, Explanation, TextCNN, load_corpus, word_view
from interpbook.text import tokenize
from support.operating import carried, serve_modules
from support.visiting import SITE, Visit

MODELS = ("imdb", "ag_news")
TOLERANCE = 1e-4
LIMIT = 1_500_000
CLIPS = (0.5, 5.0)

ODD = [
    "good",
    "not",
    "?",
    "",
    "   \n\t ",
    "😀🎬👍",
    "a 😀 good 👨‍👩‍👧 film 🇫🇷!",
    "xqzw vrrtl blorft",
    "xqzw",
    "GOOD Good gOOD",
    "It's the director’s ‘best’ film; isn’t it? rock'n'roll 'tis",
    "<img src=x onerror=alert(1)> a good <b>film</b> &amp; more",
    "<script>document.title = 'gone'</script>",
    "naïve café Ångström İstanbul ΟΔΟΣ ΣΊΣΥΦΟΣ straße ﬁlm",
    "cafe\u0301 re\u0301sume\u0301 with marks of their own",
    "फ़िल्म बहुत अच्छी है",
    "שָׁלוֹם עולם",
    "这是一部好电影",
    "a\u200bb zero\u200dwidth soft\u00adhyphen non\u00a0breaking",
    "supercalifragilisticexpialidocious" * 30,
    "a" * 5_000,
    "good " * 500,
    "the film " * 250 + "is awful",
    "good film good film good film good film",
    "1 2 3 10,000 3.14 x² ½ ٣",
    "\"quotes\" 'single' `back` {curly} [square] \\ / | ~ ^ % $ # @",
    "tab\tand\nnew\r\nlines\u2028and\u2029separators",
    "the",
    "the film",
    "the film is",
    "the film is good",
]


def texts() -> list[str]:
    """Return odd texts, sentences of the embedded corpora, and texts as long as several of them."""
    reviews = load_corpus("reviews", split="test").texts
    headlines = load_corpus("headlines", split="test").texts
    long = [" ".join(reviews[i : i + size]) for i, size in enumerate((3, 5, 8, 13, 21, 34, 55))]
    return [*ODD, *reviews[:90], *headlines[:90], *long]


def test_there_are_enough_texts():
    lengths = [len(tokenize(text)) for text in texts()]
    assert len(lengths) >= 200
    assert {0, 1, 500} <= set(lengths)


# The page answers in one string: as objects, the matrices would take most of the test's time.
TYPE = """texts => {
    const element = document.querySelector("textcnn-explorer");
    const box = element.querySelector("textarea");
    return JSON.stringify(texts.map(text => {
        box.value = text;
        box.dispatchEvent(new Event("input"));
        return element.result;
    }));
}"""
PAPER = """texts => {
    const { model } = document.querySelector("textcnn-explorer");
    return JSON.stringify(texts.map(text => model.explain(text, "paper")));
}"""
READ = """async ([texts, clips]) => {
    const { wordView, ngrams } = await import("./modules/network/readings.js");
    const { model } = document.querySelector("textcnn-explorer");
    return JSON.stringify(texts.map(text => {
        const result = model.explain(text);
        return model.classNames.map((_, label) => ({
            local: wordView(result, label, "local"),
            global: clips.map(clip => wordView(result, label, "global", clip)),
            ngrams: ngrams(result, label),
        }));
    }));
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    serve_modules(page, address)
    visit = Visit(page, address, "intro.html")
    page.locator("textcnn-explorer").scroll_into_view_if_needed()
    page.wait_for_selector("textcnn-explorer[data-state=ready]")
    yield page
    assert visit.complaints == []
    context.close()


@pytest.fixture(scope="module", params=MODELS)
def classifier(request: pytest.FixtureRequest, page: Page) -> Classifier:
    """Let the page load a model; return the same one."""
    page.locator("textcnn-explorer select").first.select_option(request.param)
    page.wait_for_function(
        "name => document.querySelector('textcnn-explorer').result.model === name",
        arg=request.param,
    )
    return carried(request.param)


def padded_as_the_paper_does(classifier: Classifier) -> Classifier:
    model = TextCNN(replace(classifier.model.config, padding="paper"))
    model.load_state_dict(classifier.model.state_dict())
    return replace(classifier, model=model)


def readable(texts: list[str]) -> list[str]:
    return [text for text in texts if tokenize(text)]


def assert_close(ours: Any, theirs: torch.Tensor, text: str) -> None:
    found = torch.tensor(ours, dtype=torch.float64)
    assert found.shape == theirs.shape, text[:80]
    assert (found - theirs).abs().max() <= TOLERANCE, text[:80]


def assert_same(found: dict[str, Any], expected: Explanation) -> None:
    """Compare what the page says of a text with what the package says."""
    text = expected.text
    assert_close(found["logits"], expected.logits, text)
    assert_close(found["ngramScores"], expected.ngram_scores, text)
    assert_close(found["wordScores"], expected.word_scores, text)
    assert_close(found["pooled"], expected.pooled, text)
    assert_close(found["probabilities"], expected.probabilities, text)
    assert found["starts"] == expected.starts.tolist(), text[:80]
    assert found["widths"] == expected.widths.tolist()
    assert found["predicted"] == expected.predicted
    assert found["known"] == list(expected.known), text[:80]
    assert found["unread"] == expected.unread


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_small(name):
    assert (SITE / "live" / f"{name}.js").stat().st_size <= LIMIT


def test_javascript_equals_python(page, classifier):
    answered = 0
    given = texts()
    for text, found in zip(given, json.loads(page.evaluate(TYPE, given)), strict=True):
        assert found["tokens"] == tokenize(text)[: classifier.model.config.max_length], text[:80]
        if found["tokens"]:
            assert_same(found, classifier.explain(text))
            answered += 1
        else:
            assert found["logits"] == found["ngramScores"] == found["wordScores"] == []
    assert answered >= 200


def test_javascript_pads_as_the_paper_does(page, classifier):
    padded = padded_as_the_paper_does(classifier)
    given = readable(texts())
    on_padding = 0
    for text, found in zip(given, json.loads(page.evaluate(PAPER, given)), strict=True):
        expected = padded.explain(text)
        assert_same(found, expected)
        on_padding += int((expected.starts >= len(expected.tokens)).sum())
    assert on_padding, "no filter chose padding: this compared nothing but masked windows"


def test_readings_equal_the_package(page, classifier):
    """Both views of every word for every label, and the n-grams in their order."""
    given = readable([*ODD, *texts()[len(ODD) :: 4]])
    seen = 0
    for text, labels in zip(given, json.loads(page.evaluate(READ, [given, CLIPS])), strict=True):
        explanation = classifier.explain(text)
        for label, found in enumerate(labels):
            assert_close(found["local"], word_view(explanation, label, "local").scores, text)
            for clip, scores in zip(CLIPS, found["global"], strict=True):
                view = word_view(explanation, label, "global", clip)
                assert_close(scores, view.scores, text)
            expected = explanation.ngrams(label)
            assert {(n["start"], n["width"]): len(n["filters"]) for n in found["ngrams"]} == {
                (n.start, len(n.words)): n.filters for n in expected
            }, text[:80]
            scores = {(n.start, len(n.words)): n.score for n in expected}
            for ngram in found["ngrams"]:
                score = scores[ngram["start"], ngram["width"]]
                assert ngram["score"] == pytest.approx(score, abs=TOLERANCE), text[:80]
            sizes = [abs(ngram["score"]) for ngram in found["ngrams"]]
            assert sizes == sorted(sizes, reverse=True)
            seen += len(sizes)
    assert seen > 1000
