"""What others choose is written as it is: words, classes, rows, series, titles."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.text import Text

from interpbook import figures
from interpbook.figures.lettering import drawable, literal

HOSTILE = [
    "$a_b$",
    "_hidden",
    r"\alpha $5 and $9",
    r"\$",
    "a\tb",
    "电影",
    "half \ud83d",
    "$",
    "_$x$",
]
LACKING = "\ufffd"


def shown(figure: Figure) -> list[str]:
    """Return each text of a figure as it is drawn; a formula would be None among them."""
    figure.canvas.draw()
    drawn = []
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text():
            written, is_formula = text._preprocess_math(text.get_text())
            drawn.append("a formula" if is_formula else written.replace("\u200b", ""))
    return drawn


def as_written(text: str) -> str:
    return text.replace("\t", " ").replace("电影", 2 * LACKING).replace("\ud83d", LACKING)


NUMBERS = np.array([1.0, 2.0])
FIGURES: dict[str, Callable[[str], Figure]] = {
    "attack_curves": lambda name: figures.attack_curves({name: {"random": NUMBERS / 2}}),
    "attacked_words": lambda name: figures.attacked_words(
        {"random": {name: 2.0}}, hatched=[name], hatched_name=name
    ),
    "defence_panels": lambda name: figures.defence_panels(
        {name: {name: {name: [1.0, 2.0]}}}, unit="per cent"
    ),
    "estimates": lambda name: figures.estimates([name, "b"], NUMBERS, NUMBERS, unit="", title=name),
    "id_grid": lambda name: figures.id_grid([[2, 0]], [[name]], title=name),
    "curves": lambda name: figures.curves(
        NUMBERS, {name: NUMBERS, "b": NUMBERS}, xlabel="", ylabel="", title=name
    ),
    "padding_map": lambda name: figures.padding_map({name: [[1, 2]]}, title=name),
    "paired_bars": lambda name: figures.paired_bars([name, "b"], {name: NUMBERS, "b": NUMBERS}),
    "repair_shares": lambda name: figures.repair_shares(
        {name: {"restored": 1, "another": 1, "left": 1}}, title=name
    ),
    "signed_heatmap": lambda name: figures.signed_heatmap(
        torch.eye(2), [name, "b"], [name, "b"], title=name
    ),
    "waterfall": lambda name: figures.waterfall([name, "b"], NUMBERS, title=name),
    "window_scores": lambda name: figures.window_scores([name, "b"], NUMBERS, 1, title=name),
    "word_map": lambda name: figures.word_map([name, "b"], np.eye(2), [name, "b"], title=name),
}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", FIGURES)
def test_a_figure_writes_what_it_was_given(kind, text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as that of a glyph which the font lacks
        drawn = shown(FIGURES[kind](text))
    assert any(as_written(text) in written for written in drawn), drawn
    assert "a formula" not in drawn


@pytest.mark.parametrize("kind", ["defence_panels", "curves", "paired_bars", "word_map"])
def test_a_legend_names_what_begins_with_an_underscore(kind):
    figure = FIGURES[kind]("_hidden")
    legends = [*figure.legends, *filter(None, (axes.get_legend() for axes in figure.axes))]
    named = [text.get_text() for legend in legends for text in legend.get_texts()]
    assert any("_hidden" in name for name in named)


def test_a_text_of_plain_signs_stays():
    assert drawable("naïve − λ ≥ 2\nlines") == "naïve − λ ≥ 2\nlines"
    assert literal("a b") == "a b"
