"""The HTML of every record: halves of characters show, numbers keep their signs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import interpbook as ib
from interpbook.experiments.records import read_record, write_record
from interpbook.filters import filter_profile
from interpbook.hidden import interpret
from interpbook.widgets import Live
from support.browsing import assert_harmless

HALF = "\ud83d"
CUT = f"{HALF} A dull{HALF} film {HALF}\ude00"
HEBREW = "סרט dull מאוד film"


def small(name: str) -> ib.Classifier:
    """Return the small classifier with another name for its first class."""
    classifier = ib.load_classifier("reviews")
    return ib.Classifier(
        classifier.model,
        classifier.vocabulary,
        (name, "other"),
        lowercase=classifier.lowercase,
        card=classifier.card,
    )


RECORDS: dict[str, Callable[[str], object]] = {
    "explanation": lambda text: small(text).explain(text),
    "view": lambda text: ib.word_view(small(text).explain(text), 0),
    "attack": lambda text: ib.attack(small(text), text, 0, max_changes=2),
    "profile": lambda text: filter_profile(small(text), 0),
    "live": lambda text: Live("explorer", model="reviews", text=text, data={"text": [text]}),
}


@pytest.mark.parametrize("kind", ["explanation", "view", "attack", "profile", "live"])
def test_half_a_character_is_shown_as_such(kind):
    record = RECORDS[kind](CUT)
    html = record._repr_html_()
    html.encode("utf-8")
    assert "\ufffd" in html
    if kind != "live":
        assert_harmless(html)
    repr(record).encode("utf-8", "backslashreplace")


def test_an_interpretation_shows_half_a_character():
    deep = ib.load_classifier("mr_deep")
    html = interpret(deep, CUT, locations=1, steps=2)._repr_html_()
    assert "\ufffd" in html.encode("utf-8").decode("utf-8")


def test_a_live_figure_sends_what_a_notebook_can_hold():
    live = Live("explorer", model="reviews", text=CUT, data={CUT: [CUT, 1.5]})
    sent = json.dumps([live.attributes, live.data, live.element], ensure_ascii=False)
    assert "\ufffd" in sent.encode("utf-8").decode("utf-8")
    bundle, _ = live._repr_mimebundle_()
    json.dumps(bundle, ensure_ascii=False).encode("utf-8")


def test_what_is_saved_holds_no_half_a_character(tmp_path: Path):
    classifier = small(f"cut {HALF}")
    classifier.save(tmp_path / "model")
    assert ib.Classifier.load(tmp_path / "model").class_names[0] == "cut \ufffd"
    write_record(tmp_path / "record.json", {"text": CUT})
    assert read_record(tmp_path / "record.json")["text"].startswith("\ufffd A dull")


@pytest.mark.parametrize("kind", ["explanation", "view", "attack"])
def test_a_sign_stays_before_its_number_among_letters_from_the_right(kind):
    html = RECORDS[kind](HEBREW)._repr_html_()
    assert all(
        re.fullmatch("\u2066.*\u2069", number) for number in re.findall("<rt>(.*?)</rt>", html)
    )
    plain = RECORDS[kind]("A dull and lifeless film")._repr_html_()
    assert not re.search("[\u2066-\u2069]", plain)


def test_a_word_from_the_right_is_isolated_beside_a_number():
    html = RECORDS["explanation"](HEBREW)._repr_html_()
    assert 'title="\u2068סרט\u2069: ' in html and 'title="dull: ' in html
