"""What an interpretation shows in a notebook, read as a browser reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook.hidden import Interpretation, LocationReading, interpret
from interpbook.text import tokenize_with_spans
from support.browsing import Reader, assert_harmless
from support.deep_networks import deep_network
from support.networks import tiny_classifier

NASTY = "<script>alert('x')</script>\"onmouseover=\"alert(1)' & </td></p>"


def crafted(text: str, **changes) -> Interpretation:
    """Return an interpretation of a text, with its last two words' locations read."""
    spans = tuple(tokenize_with_spans(text, lowercase=False))
    last = len(spans) - 1
    readings = tuple(
        LocationReading(i, range(max(i - 1, 0), i + 1), 0.5 + n, words, torch.ones(4))
        for n, (i, words) in enumerate(
            [(last, (("fine", 0.75), ("good", 0.5))), (max(last - 1, 0), (("bad", 0.25),))]
        )
    )
    found = Interpretation(
        text=text,
        spans=spans,
        unread=0,
        known=(True,) * len(spans),
        class_names=("no", "yes"),
        logits=torch.tensor([0.0, 1.0]),
        target=1,
        layer=1,
        saliency=torch.linspace(-1.0, 2.0, len(spans)),
        readings=readings,
    )
    return replace(found, **changes)


def read(interpretation: Interpretation) -> Reader:
    return Reader(interpretation._repr_html_())


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=40))
def test_text_words_and_names_are_escaped(text):
    shown = f"{NASTY} {text} last"
    interpretation = crafted(shown, class_names=(NASTY, NASTY[::-1]))
    reading = replace(interpretation.readings[0], words=((NASTY, 0.5), (text, 0.5)))
    interpretation = replace(interpretation, readings=(reading,))
    html = interpretation._repr_html_()
    assert_harmless(html)
    assert shown in Reader(html).text_without_numbers
    assert NASTY[::-1] in Reader(html).text


def test_prediction_class_and_layer_are_named():
    assert "Predicted: yes (73.1%). Asked about: yes, layer 1." in read(crafted("A film")).text
    other = crafted("A film", target=0, layer=0)
    assert "Predicted: yes (73.1%). Asked about: no, the embedding." in read(other).text
    assert "saliency for no;" in read(other).text


def test_each_word_has_the_saliency_of_its_location():
    html = crafted("A slow, moving film")._repr_html_()
    assert ("title", "film: location 3, +2.00, reading 1") in Reader(html).attributes
    assert ("title", "moving: location 2, +1.00, reading 2") in Reader(html).attributes
    assert ("title", "slow: location 1, +0.00") in Reader(html).attributes or (
        "title",
        "slow: location 1, -0.00",
    ) in Reader(html).attributes
    assert html.index("<rt>-1.0</rt>") < html.index("<rt>+1.0</rt>") < html.index("<rt>+2.0</rt>")


def test_words_stand_as_the_model_reads_them_and_unknown_ones_are_marked():
    classifier = replace(
        tiny_classifier(),
        model=deep_network(channels=(8, 6), num_classes=2),
        lowercase=False,
    )
    settings = {"words": 1, "steps": 2, "locations": [1, 0]}
    found = interpret(classifier, "Zebra, a GOOD movie", **settings)
    reader = read(found)
    titles = [value for name, value in reader.attributes if name == "title"]
    assert [title.split(":")[0] for title in titles] == ["Zebra", "a", "GOOD", "movie"]
    assert found.known == tuple(word in classifier.vocabulary for word in found.tokens)
    assert found.known == (False, True, False, True)
    assert found._repr_html_().count('ib-unknown"') == 2
    assert "Words in italics are not in the model's vocabulary." in reader.text
    known = read(interpret(classifier, "good movie", **settings))
    assert "Words in italics" not in known.text


def cells(reader: Reader) -> list[str]:
    return [data for tag, data in reader.pieces if tag in ("th", "td")]


def test_the_tables_hold_locations_fields_and_words():
    found = cells(read(crafted("A slow, moving film")))
    assert found == [
        *("reading", "location", "saliency", "words it sees"),
        *("1", "3 film", "+0.50", "moving film"),
        *("2", "2 moving", "+1.50", "slow moving"),
        *("rank", "1 film", "2 moving"),
        *("1", "fine 0.75", "bad 0.25"),
        *("2", "good 0.50"),  # the second reading has one word
    ]


def test_words_that_were_not_read_are_counted():
    cut = crafted("one two three four five")
    cut = replace(
        cut, spans=cut.spans[:3], unread=2, known=cut.known[:3], saliency=cut.saliency[:3]
    )
    cut = replace(cut, readings=(replace(cut.readings[0], location=2, field=range(1, 3)),))
    reader = read(cut)
    assert "reads the first 3 words; 2 more are left out" in reader.text
    assert "four" not in reader.text
    assert "are left out" not in read(crafted("one two three")).text


def test_long_texts_make_short_pages():
    long = crafted("word " * 3000)
    assert len(long._repr_html_()) < 600_000
    assert "2,000 more words are not shown" in read(long).text
    assert "2,999" not in read(long).text.partition("The locations")[0]
    endless = crafted("x" * 50_000)
    assert len(endless._repr_html_()) < 10_000
    assert "1 more words are not shown" in read(endless).text or "1 word" in read(endless).text


@pytest.mark.parametrize("length", [5, 500])
def test_its_name_is_one_short_line(length):
    name = repr(crafted("x" * length, class_names=("no", "y" * 100)))
    assert name.startswith("Interpretation('xxxxx") and "layer 1, locations 0, 0" in name
    assert len(name) < 160 and "\n" not in name


def test_a_location_that_answers_nothing_says_so():
    found = crafted("a good film")
    assert "no answer" not in found._repr_html_()
    silent = tuple(replace(reading, words=()) for reading in found.readings)
    assert replace(found, readings=silent)._repr_html_().count("no answer") == len(silent)
