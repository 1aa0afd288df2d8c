"""The pieces of a column of words: what fits is whole, what does not is cut or broken."""

from __future__ import annotations

from itertools import pairwise

import matplotlib
import numpy as np
import pytest

from interpbook.figures.columns import (
    LOOKS,
    MARGIN,
    WIDTH,
    WORD,
    WORDS,
    sheet,
    short,
    wrapped,
    write,
)
from interpbook.figures.lettering import text_width


def test_the_colours_are_readable_on_white_and_under_white():
    for colour, _ in LOOKS:
        parts = np.array(matplotlib.colors.to_rgb(colour))
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        assert 1.05 / (float(linear @ [0.2126, 0.7152, 0.0722]) + 0.05) > 4.5


@pytest.mark.parametrize("word", ["a", "moving", "$5", "$$us$", r"\$x$", "w" * 14, "W" * 500])
def test_a_word_is_whole_where_it_fits_and_cut_where_it_does_not(word):
    shown = short(word)
    assert text_width(shown, WORD) <= WORDS - MARGIN
    assert shown == word or (shown.endswith("…") and word.startswith(shown[:-1]))
    assert (shown == word) == (len(word) <= 14 and text_width(word, WORD) <= WORDS - MARGIN)


def test_lines_hold_all_words_in_order_and_break_where_they_must():
    words = ["good", "slow", "moving", "$5", "film"] * 3
    lines = wrapped(words, 90.0)
    assert " ".join(lines) == ", ".join(words)
    assert all(text_width(line, WORD) <= 90.0 for line in lines)
    for line, after in pairwise(lines):
        assert text_width(f"{line} {after.split()[0]}", WORD) > 90.0


def test_a_sheet_is_measured_in_points_and_has_room_for_a_title():
    figure, axes, top = sheet(100, "$x$")
    assert figure.get_size_inches() * 72 == pytest.approx([WIDTH, top + 100 + MARGIN])
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, WIDTH), (top + 100 + MARGIN, 0))
    _, _, without = sheet(100, "")
    assert without < top


def test_words_are_no_formulas_and_titles_may_be():
    _, axes, _ = sheet(100, "$x$")
    write(axes, 0, 0, "$x$")
    title, word = axes.texts
    assert title.get_parse_math() and not word.get_parse_math()
