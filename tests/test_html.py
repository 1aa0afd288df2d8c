from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpbook._html import coloured_text, marked_text, page, paragraph, table
from interpbook.text import shortened
from support.browsing import Reader, assert_harmless

NASTY = "<script>alert('x')</script>\"onmouseover=\"alert(1)' & </td></p>"


def coloured(text: str, spans, scores, **kwargs) -> str:
    titles, unknown = [NASTY] * len(spans), [False] * len(spans)
    return coloured_text(text, spans, scores, titles=titles, unknown=unknown, **kwargs)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_every_part_escapes_its_text(text):
    text = NASTY + text + NASTY  # between words, and as a word
    spans = [(len(text) - len(NASTY), len(text))]
    parts = [
        paragraph(text),
        paragraph(text, note=True),
        coloured(text, spans, [1.0]),
        table([text], [[text]], caption=text),
    ]
    for part in parts:
        assert_harmless(page(part))
        assert text in Reader(part).text


def test_titles_arrive_as_written():
    attributes = Reader(coloured("good", [(0, 4)], [1.0])).attributes
    assert ("title", NASTY) in attributes


def test_the_text_between_the_words_stays():
    html = coloured("¿A good, movie?", [(3, 7), (9, 14)], [2.0, -1.0])
    assert Reader(html).text_without_numbers == "¿A good, movie?"


@pytest.mark.parametrize(
    ("score", "kind", "other"), [(1.0, "ib-for", "ib-against"), (-1.0, "ib-against", "ib-for")]
)
def test_the_sign_shows_without_colour(score, kind, other):
    html = coloured("good", [(0, 4)], [score])
    assert kind in html and other not in html
    assert f"<rt>{score:+.1f}</rt>" in html


def test_weak_words_carry_neither_line_nor_number():
    html = coloured("good a", [(0, 4), (5, 6)], [10.0, 0.1])
    assert html.count("<rt>") == html.count("ib-for") == 1


def test_scores_of_zero_divide_by_nothing():
    html = coloured("good", [(0, 4)], [0.0])
    assert "0.00)" in html and "<rt>" not in html


def test_unknown_words_are_marked():
    html = coloured_text("a b", [(0, 1), (2, 3)], [1.0, 1.0], titles="..", unknown=[True, False])
    assert html.count("ib-unknown") == 1


def test_no_words_make_a_plain_paragraph():
    assert Reader(coloured("…", [], [])).text == "…"


@given(st.text(), st.integers(1, 40))
def test_shortened_texts_are_short(text, length):
    short = shortened(text, length)
    assert short == text if len(text) <= length else len(short) == length


def test_a_word_with_a_note_breaks_only_if_it_is_longer_than_a_line():
    short, long = "good", "g" * 300
    html = marked_text(f"{short} {long}", [(0, 4), (5, 305)], titles=["", ""], notes="12")
    assert re.findall(r"<ruby( class=\"ib-long\")?>", html) == ["", ' class="ib-long"']
