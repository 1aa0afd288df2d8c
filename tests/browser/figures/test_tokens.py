"""What the network reads of a text on the built page is what the package reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser

from interpbook import Classifier, Vocabulary, decompose, pad
from interpbook.text import PADDING, UNKNOWN, tokenize_with_spans
from support.operating import HOSTILE, Operator, carried

TOLERANCE = 1e-4
WORDS, PLACES = "Words on the list", "Places in the row"
SPECIAL = ["<pad>", "<unk>"]
TEXT = "A slow start; then I was hooked. Superb! 😀"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return carried("imdb")


@pytest.fixture(scope="module")
def reader(browser: Browser, address: str) -> Iterator[Operator]:
    operator = Operator(browser, address, "chapters/01_text_to_tensors.html", "textcnn-tokens")
    yield operator
    operator.close()


def slide(reader: Operator, name: str, value: int) -> None:
    """Move a slider whose steps are round numbers, until it says the value."""
    handle = reader.tab_to(reader.figure.get_by_role("slider", name=name))
    reader.page.keyboard.press("Home")
    for _ in range(100):
        if handle.get_attribute("aria-valuetext") == f"{value:,}":
            return
        reader.page.keyboard.press("ArrowRight")
    raise AssertionError(f"{name!r} does not offer {value}")


def check(reader: Operator, classifier: Classifier) -> None:
    """Hold what the figure publishes and what it draws to the package."""
    found = reader.result
    length, known = len(found["row"]), found["words"] + len(SPECIAL)
    tokens = tokenize_with_spans(found["text"])
    ids = Vocabulary(classifier.vocabulary.words[:known]).encode(token.word for token in tokens)
    assert found["tokens"] == [token.word for token in tokens]
    assert found["ids"] == ids
    assert found["known"] == [id_ != UNKNOWN for id_ in ids]
    read = pad([ids], max_length=length)
    left = length - read.shape[1]
    assert found["row"] == [*read[0].tolist(), *[PADDING] * left]
    assert (found["cut"], found["padding"]) == (len(ids) - read.shape[1], left)
    if ids:
        expected = decompose(classifier.model, read).logits[0]
        assert torch.allclose(torch.tensor(found["logits"]), expected, rtol=0, atol=TOLERANCE)
        assert found["predicted"] == int(expected.argmax())
        answer = f"{classifier.class_names[found['predicted']]}, {expected.softmax(0).max():.1%}"
        assert answer in reader.status
    else:
        assert (found["logits"], found["predicted"]) == ([], -1)

    # The words stand in their places, and all signs that are no words are struck through.
    boxes = reader.figure.locator(".live-box")
    assert reader.figure.locator(".live-boxes").text_content() == found["text"]
    assert boxes.all_text_contents() == [found["text"][token[1] : token[2]] for token in tokens]
    between = list(found["text"])
    for token in tokens:
        between[token.start : token.end] = " " * (token.end - token.start)
    assert "".join(reader.figure.locator("del").all_text_contents()).split() == (
        "".join("".join(between).split()).split()
    )
    below = boxes.evaluate_all("boxes => boxes.map(box => box.dataset.below)")
    assert below == [str(id_) if i < length else "cut" for i, id_ in enumerate(ids)]

    places = reader.figure.get_by_role("listitem").all_inner_texts()
    names = classifier.vocabulary.decode(found["row"])
    assert [place.split() for place in places] == [
        [str(id_), name] for id_, name in zip(found["row"], names, strict=True)
    ]


def test_it_starts_as_the_chapter_says(reader, classifier):
    check(reader, classifier)
    assert reader.result["words"] == len(classifier.vocabulary) - len(SPECIAL)
    assert reader.status.startswith("8 of 8 words are on a list of 8,998; 2 places of the row are")
    assert classifier.class_names[reader.result["predicted"]] == "positive"


def test_a_shorter_list_turns_the_answer(reader, classifier):
    slide(reader, WORDS, 3_000)
    check(reader, classifier)
    assert reader.status.startswith("7 of 8 words are on a list of 3,000;")
    assert not reader.result["known"][reader.result["tokens"].index("hooked")]
    assert classifier.class_names[reader.result["predicted"]] == "negative"
    unknown = reader.figure.locator(".live-box.live-unknown")
    assert unknown.all_text_contents() == ["hooked"]
    assert "unknown, id 1" in unknown.get_attribute("aria-label")
    reader.write(" ".join(classifier.vocabulary.words[100:104]))
    slide(reader, WORDS, 100)
    check(reader, classifier)
    assert reader.result["known"] == [True, True, False, False]
    reader.press("It was good. Not bad.")
    for words in (100, 1, 0):
        slide(reader, WORDS, words)
        check(reader, classifier)
    assert reader.status.startswith("0 of 5 words are on a list of 0;")
    slide(reader, WORDS, 8_998)
    reader.write(TEXT)


def test_a_shorter_row_cuts_the_praise_off(reader, classifier):
    slide(reader, PLACES, 6)
    check(reader, classifier)
    assert "the row has no place for the last 2 words." in reader.status
    assert classifier.class_names[reader.result["predicted"]] == "negative"
    for places in (1, 8, 400):
        slide(reader, PLACES, places)
        check(reader, classifier)
    slide(reader, PLACES, 10)


def test_capitals_and_punctuation_change_nothing(reader):
    before = reader.result["row"], reader.result["logits"]
    reader.write("a SLOW start... then (i) was HOOKED?! superb")
    assert (reader.result["row"], reader.result["logits"]) == before


def test_examples_are_buttons(reader, classifier):
    rows = []
    for example in ("It was good. Not bad.", "It was good? Not! Bad."):
        reader.press(example)
        check(reader, classifier)
        assert reader.result["text"] == example
        rows.append(reader.result["row"])
    assert rows[0] == rows[1]


def test_arrow_keys_mark_a_word_and_its_place(reader):
    reader.write("What a terrib1e movie")
    reader.tab_to(reader.figure.locator(".live-box").first)
    for _ in range(2):
        reader.page.keyboard.press("ArrowRight")
    focused = reader.figure.locator(":focus").get_attribute("aria-label")
    assert focused == "terrib1e: unknown, id 1, not in the model’s vocabulary, place 3"
    marked = reader.figure.locator("li.live-chosen")
    assert marked.inner_text().split() == ["1", "<unk>"]


@pytest.mark.parametrize(
    "text",
    [
        "good",
        "xqzw vrrtl",
        "It's the director’s ‘best’ film; isn’t it?\n\nrock'n'roll 'tis",
        "naïve café 😀🎬 फ़िल्म שָׁלוֹם 这是一部好电影",
        "good film " * 250,
    ],
)
def test_other_texts(reader, classifier, text):
    reader.write(text)
    check(reader, classifier)


@pytest.mark.parametrize("text", ["", "   ", "?! 😀"])
def test_no_word(reader, classifier, text):
    reader.write(text)
    check(reader, classifier)
    assert reader.status.strip() == "Write at least one word."


def test_markup_stays_text(reader, classifier):
    reader.write(HOSTILE)
    assert reader.figure.locator("img, script, b").count() == 0
    check(reader, classifier)
