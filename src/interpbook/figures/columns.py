"""A text as a column of words with its locations beside it, on a page measured in points.

The figures of ``interpbook.figures.locations`` are made of these pieces.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from interpbook.figures.lettering import Number, drawable, literal, note, text_width
from interpbook.figures.style import GREY, INK, SIGNED, new_axes, signed_norm
from interpbook.hidden import Interpretation
from interpbook.text import shortened

WIDTH, ROW, MARGIN = 352.0, 17.0, 4.0  # points: what a phone shows without shrinking it much
WORDS = 80.0  # where the column of words ends
LANE, CELL = 10.0, 32.0  # widths of a receptive field and of a location
WORD, NUMBER, HEADING = 9.0, 7.5, 8.0  # sizes of type
MOST_WORDS, LONGEST = 40, 14

# A colour and a marker for each reading: told apart by every colour vision, from each other and
# from the two signed colours.
LOOKS = (("#332288", "o"), ("#aa4499", "s"), ("#117733", "^"), ("#661100", "D"), ("#555555", "p"))


def sheet(body: Number, title: str) -> tuple[Figure, Axes, float]:
    """Return a page for a body of this height, its axes in points, and the y where the body begins.

    On the page y grows downwards.
    """
    top = 26.0 + 20 * bool(title)
    figure, axes = new_axes(WIDTH / 72, (top + body + MARGIN) / 72)
    figure.set_layout_engine("none")
    axes.set_position((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(top + body + MARGIN, 0))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    if title:
        write(axes, WIDTH / 2, 11, literal(title), size=10, align="center", formulas=True)
    return figure, axes, top


def write(
    axes: Axes,
    x: Number,
    y: Number,
    text: str,
    *,
    size: Number = WORD,
    colour: str = INK,
    align: str = "left",
    style: str = "normal",
    formulas: bool = False,
) -> None:
    """Write one line in the middle of a height; dollar signs stand for themselves or formulas."""
    axes.text(
        x, y, text if formulas else drawable(text), fontsize=size, color=colour, ha=align,
        va="center", style=style, parse_math=formulas, zorder=4,
    )  # fmt: skip


def short(word: str) -> str:
    """Cut a word that is too long for the column of words."""
    word = shortened(word, LONGEST)
    while text_width(word, WORD) > WORDS - MARGIN:
        word = word[:-2] + "…"
    return word


def wrapped(words: Sequence[str], width: Number) -> list[str]:
    """Set words, with commas between them, in lines of this width in points."""
    lines: list[str] = []
    for number, word in enumerate(words):
        piece = short(word) + ("," if number + 1 < len(words) else "")
        longer = f"{lines[-1]} {piece}" if lines else piece
        if lines and text_width(longer, WORD) <= width:
            lines[-1] = longer
        else:
            lines.append(piece)
    return lines


def check_words(words: Sequence[str]) -> None:
    """Raise a ValueError if a figure cannot hold so many words."""
    if len(words) > MOST_WORDS:
        raise ValueError(
            f"the figure holds {MOST_WORDS} words, got {len(words)}: take a shorter text"
        )


def check_readings(interpretation: Interpretation) -> None:
    """Raise a ValueError if a figure cannot hold the interpretation."""
    check_words(interpretation.tokens)
    if len(interpretation.readings) > len(LOOKS):
        raise ValueError(
            f"the figure tells {len(LOOKS)} locations apart, got {len(interpretation.readings)}"
        )


def right_of_cells(interpretation: Interpretation) -> float:
    """Return where the column of locations ends."""
    return WORDS + 8 + LANE * len(interpretation.readings) + CELL


def draw_text(
    axes: Axes, interpretation: Interpretation, y: Number, headings: Number
) -> dict[int, tuple[float, float]]:
    """Draw words, receptive fields and saliency from y on; return each reading's right end."""
    readings, tokens = interpretation.readings, interpretation.tokens
    right = right_of_cells(interpretation)
    write(axes, WORDS, headings - 12, "words", size=HEADING, colour=GREY, align="right")
    name = "embedding" if interpretation.layer == 0 else f"layer {interpretation.layer}"
    write(axes, right - CELL / 2, headings - 12, name, size=HEADING, colour=GREY, align="center")
    for i, token in enumerate(tokens):
        write(axes, WORDS, y + (i + 0.5) * ROW, short(token), align="right")
    norm = signed_norm(interpretation.saliency)
    for i, score in enumerate(interpretation.saliency[: len(tokens)].tolist()):
        draw_cell(axes, (right - CELL, y + i * ROW, CELL), score, norm)
    for number, reading in enumerate(readings):
        colour, field = LOOKS[number][0], reading.field
        x = WORDS + 5 + LANE * number
        box = (x, y + field.start * ROW + 2), LANE - 3, len(field) * ROW - 4
        axes.add_patch(Rectangle(*box, facecolor=colour, alpha=0.2, linewidth=0))
        axes.add_patch(Rectangle(*box, facecolor="none", edgecolor=colour, linewidth=1.2))
        cell = (right - CELL + 1, y + reading.location * ROW + 1.5), CELL - 2, ROW - 3
        axes.add_patch(
            Rectangle(*cell, facecolor="none", edgecolor=colour, linewidth=1.8, zorder=3)
        )
        numbered(axes, x + (LANE - 3) / 2, y + (reading.location + 0.5) * ROW, number)
    return {reading.location: (right, y + (reading.location + 0.5) * ROW) for reading in readings}


def draw_cell(
    axes: Axes, place: tuple[Number, Number, Number], score: float, norm: TwoSlopeNorm
) -> None:
    """Draw a location with its score, a dot for exactly zero; ``place`` is x, y and width."""
    x, y, width = place
    shade = SIGNED(norm(score))
    axes.add_patch(Rectangle((x, y), width, ROW, facecolor=shade, edgecolor="white", linewidth=1))
    colour = "white" if _luminance(shade) < 0.35 else INK
    text = f"{score:+.2f}" if score else "·"
    write(axes, x + width / 2, y + ROW / 2, text, size=NUMBER, colour=colour, align="center")


def _luminance(colour: Sequence[float]) -> float:
    return float(np.dot(np.asarray(colour[:3]) ** 2.2, [0.2126, 0.7152, 0.0722]))


def numbered(axes: Axes, x: Number, y: Number, number: int, *, size: Number = 10) -> None:
    """Draw the marker of a reading, and in it the reading's number, counted from 1."""
    colour, marker = LOOKS[number]
    axes.plot(x, y, marker, color=colour, markersize=size * (1.25 if marker == "^" else 1.0),
              markeredgecolor="white", markeredgewidth=0.8, zorder=5)  # fmt: skip
    low = "center_baseline" if marker != "^" else "center"
    note(
        axes,
        str(number + 1),
        (x, y),
        (0, -0.8 if marker == "^" else 0),
        fontsize=0.7 * size,
        color="white",
        weight="bold",
        ha="center",
        va=low,
        zorder=6,
    )
