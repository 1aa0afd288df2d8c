"""The explorer on the built page computes what the package does, with the page's weights."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser, Page

from interpbook import Classifier, load_corpus
from interpbook.text import tokenize
from interpbook.widgets.weights import read_page_weights
from visiting import SITE, Visit

MODELS = ("imdb", "ag_news")
TOLERANCE = 1e-4
LIMIT = 1_500_000

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


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context()
    visit = Visit(context.new_page(), address, "intro.html")
    visit.page.wait_for_selector("textcnn-explorer[data-state=ready]")
    yield visit.page
    assert visit.complaints == []
    context.close()


def carried(name: str) -> Classifier:
    """Return the classifier that the built page carries."""
    script = (SITE / "live" / f"{name}.js").read_text("ascii")
    return read_page_weights(b64decode(json.loads(script.split("=", 2)[-1].rstrip("; \n"))))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_small(name):
    assert (SITE / "live" / f"{name}.js").stat().st_size <= LIMIT


@pytest.mark.parametrize("name", MODELS)
def test_javascript_equals_python(page, name):
    classifier = carried(name)
    page.locator("textcnn-explorer select").first.select_option(name)
    page.wait_for_function(
        "name => document.querySelector('textcnn-explorer').result.model === name", arg=name
    )
    answered = 0
    for text in texts():
        page.locator("textcnn-explorer textarea").fill(text)
        found = page.evaluate("document.querySelector('textcnn-explorer').result")
        limit = classifier.model.config.max_length
        assert found["tokens"] == tokenize(text)[:limit], text[:80]
        if not found["tokens"]:
            assert found["logits"] == found["ngramScores"] == found["wordScores"] == []
            continue
        expected = classifier.explain(text)
        for ours, theirs in (
            ("logits", expected.logits),
            ("ngramScores", expected.ngram_scores),
            ("wordScores", expected.word_scores),
            ("pooled", expected.pooled),
        ):
            got = torch.tensor(found[ours], dtype=torch.float32)
            assert got.shape == theirs.shape, (ours, text[:80])
            assert (got - theirs).abs().max() <= TOLERANCE, (ours, text[:80])
        assert found["starts"] == expected.starts.tolist(), text[:80]
        answered += 1
    assert answered >= 200
