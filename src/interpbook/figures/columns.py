"""A text as a column of words with its locations beside it, on a page measured in points.

The pieces of the figures in ``locations``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation
from matplotlib.textpath import TextPath
from matplotlib.transforms import BboxBase

from interpbook.figures.style import FAINT, GREY, INK, SIGNED, Array, new_axes
from interpbook.hidden import Interpretation
from interpbook.text import shortened

WIDTH, ROW, MARGIN = 352.0, 17.0, 4.0  # points: what a phone shows without shrinking it much
WORDS = 80.0  # where the column of words ends
LANE, CELL = 10.0, 32.0  # widths of a receptive field and of a location
WORD, NUMBER, HEADING = 9.0, 7.5, 8.0  # sizes of type
MOST_WORDS, LONGEST = 40, 14

Number = int | float

# Apart for every colour vision, and from the two signed colours; each with a marker of its own.
LOOKS = (("#332288", "o"), ("#aa4499", "s"), ("#117733", "^"), ("#661100", "D"), ("#555555", "p"))


def sheet(body: Number, title: str) -> tuple[Figure, Axes, float]:
    """Return a page in points, y downwards, for a body so high, and where the body begins."""
    top = 26.0 + 20 * bool(title)
    figure, axes = new_axes(WIDTH / 72, (top + body + MARGIN) / 72)
    figure.set_layout_engine("none")
    axes.set_position((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(top + body + MARGIN, 0))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    if title:
        write(axes, WIDTH / 2, 11, title, size=10, align="center")
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
) -> None:
    """Write one line in the middle of a height."""
    axes.text(x, y, text, fontsize=size, color=colour, ha=align, va="center", style=style, zorder=4)


def short(word: str) -> str:
    """Cut a long word; two dollar signs in a text would be read as mathematics."""
    word = shortened(word, LONGEST)
    while text_width(word.replace("$", "S"), WORD) > WORDS - MARGIN:
        word = word[:-2] + "…"
    return word.replace("$", r"\$")


def wrapped(words: Sequence[str], width: Number) -> list[str]:
    """Set words in lines of this width in points, commas between them."""
    lines: list[str] = []
    for number, word in enumerate(words):
        piece = short(word) + ("," if number + 1 < len(words) else "")
        longer = f"{lines[-1]} {piece}" if lines else piece
        if lines and text_width(longer, WORD) <= width:
            lines[-1] = longer
        else:
            lines.append(piece)
    return lines


def text_width(text: str, size: Number) -> float:
    """Return how wide a text is, in points."""
    return float(TextPath((0, 0), text.replace(r"\$", "S"), size=size).get_extents().width)


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
    """Draw words, receptive fields and saliency from y on; return where each location is left."""
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


def signed_norm(scores: Array) -> TwoSlopeNorm:
    """Return a scale centred on zero."""
    limit = max(float(np.abs(np.asarray(scores)).max(initial=0)), 1e-12)
    return TwoSlopeNorm(0, -limit, limit)


def draw_cell(
    axes: Axes, place: tuple[Number, Number, Number], score: float, norm: TwoSlopeNorm
) -> None:
    """Draw a location of this width with its score; a dot for exactly zero."""
    x, y, width = place
    shade = SIGNED(norm(score))
    axes.add_patch(Rectangle((x, y), width, ROW, facecolor=shade, edgecolor="white", linewidth=1))
    colour = "white" if _luminance(shade) < 0.35 else INK
    text = f"{score:+.2f}" if score else "·"
    write(axes, x + width / 2, y + ROW / 2, text, size=NUMBER, colour=colour, align="center")


def _luminance(colour: Sequence[float]) -> float:
    return float(np.dot(np.asarray(colour[:3]) ** 2.2, [0.2126, 0.7152, 0.0722]))


def numbered(axes: Axes, x: Number, y: Number, number: int, *, size: Number = 10) -> None:
    """Draw the marker of a reading with its number, counted from 1, inside."""
    colour, marker = LOOKS[number]
    axes.plot(x, y, marker, color=colour, markersize=size * (1.25 if marker == "^" else 1.0),
              markeredgecolor="white", markeredgewidth=0.8, zorder=5)  # fmt: skip
    low = "center_baseline" if marker != "^" else "center"
    axes.annotate(
        str(number + 1),
        (x, y),
        xytext=(0, -0.8 if marker == "^" else 0),
        textcoords="offset points",
        fontsize=0.7 * size,
        color="white",
        weight="bold",
        ha="center",
        va=low,
        zorder=6,
    )


def spread_out(axes: Axes, places: Array, apart: Number) -> np.ndarray:
    """Move points of a plane until any two are this many points apart; return data places.

    Only so far as their markers would hide one another.
    """
    _settle(axes)
    pixels = axes.transData.transform(np.asarray(places))
    least = apart * axes.figure.dpi / 72
    for _ in range(100):
        between = pixels[:, None] - pixels[None]
        distance = np.hypot(*between.transpose(2, 0, 1))
        lacking = (least - distance).clip(min=0) * ~np.eye(len(pixels), dtype=bool)
        if lacking.max(initial=0) < 0.01 * least:
            break
        # Points on one place part along a line, the first upwards.
        order = np.sign(np.arange(len(pixels))[None] - np.arange(len(pixels))[:, None])
        between[..., 1] += 1e-6 * least * order
        units = between / np.hypot(*between.transpose(2, 0, 1)).clip(min=1e-12)[..., None]
        pixels = pixels + (0.5 * lacking[..., None] * units).sum(axis=1)
    return axes.transData.inverted().transform(pixels)


def label_apart(
    axes: Axes,
    labels: Sequence[tuple[Array, str, str]],
    markers: Array,
    lines: Sequence[tuple[Array, Array]] = (),
) -> list[Annotation]:
    """Write (place, text, colour) beside their places, off each other, a line to what moved far.

    Parameters
    ----------
    axes : Axes
        Its limits stay.
    labels : sequence of ((x, y), text, colour)
        What to write.
    markers : array of shape (n, 2)
        Places of large markers, to be kept free.
    lines : sequence of (start, end)
        Straight lines, in pixels, that labels avoid if they can.
    """
    _settle(axes)
    axes.figure.canvas.draw()
    pixels = axes.figure.dpi / 72
    frame = axes.get_window_extent()
    boxes = [_around(axes.transData.transform(place), 8 * pixels) for place in markers]
    boxes += [_around(axes.transData.transform(place), 2.5 * pixels) for place, _, _ in labels]
    for start, end in lines:
        along = np.linspace(start, end, 40)
        boxes += [_around(point, pixels) for point in along]
    written = []
    for place, text, colour in labels:
        middle = axes.transData.transform(place)
        label = axes.annotate(
            text, place, xytext=(0, 0), textcoords="offset points", fontsize=8, color=colour,
            ha="center", va="center", zorder=4,
        )  # fmt: skip
        found = label.get_window_extent()
        half = np.array([found.width, found.height]) / 2 + pixels  # a gap between two labels
        best = None
        boxes = np.asarray(boxes).reshape(-1, 2, 2)
        for dx, dy in _offsets(half / pixels):
            centre = middle + np.array([dx, dy]) * pixels
            box = np.array([centre - half, centre + half])
            # Near, if two places are as free.
            cost = 9 * _outside(box, frame) + 3 * _overlap(box, boxes) + np.hypot(dx, dy)
            if best is None or cost < best[0]:
                best = cost, (dx, dy), box
        _, offset, box = best
        label.set_position(offset)
        if np.hypot(*offset) > half[0] / pixels + 14:
            line = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.7}
            axes.annotate(
                "", place, xytext=offset, textcoords="offset points", zorder=1, arrowprops=line
            )
        boxes = [*boxes, box]
        written.append(label)
    return written


def _offsets(half: np.ndarray) -> list[tuple[float, float]]:
    """Return where a label of this half size could have its middle, in points from its place."""
    sides = [(half[0] + 5, 0.0), (-half[0] - 5, 0.0), (0.0, half[1] + 4), (0.0, -half[1] - 4)]
    for ring in range(1, 8):
        for angle in np.arange(0, 2 * np.pi, np.pi / 8):
            x, y = np.cos(angle), np.sin(angle)
            sides.append((x * (half[0] + 4 + 9 * ring), y * (half[1] + 2 + 9 * ring)))
    return sides


def _settle(axes: Axes) -> None:
    """Keep the limits as they are now."""
    axes.get_xlim(), axes.get_ylim()  # settles what is still to be scaled
    axes.set_autoscale_on(False)


def _around(middle: Array, half: Number) -> np.ndarray:
    return np.array([np.asarray(middle) - half, np.asarray(middle) + half])


def _overlap(box: np.ndarray, others: np.ndarray) -> float:
    """Return the area that a box shares with others, in square pixels, summed."""
    sides = np.minimum(box[1], others[:, 1]) - np.maximum(box[0], others[:, 0])
    return float(sides.clip(min=0).prod(axis=1).sum())


def _outside(box: np.ndarray, frame: BboxBase) -> float:
    """Return the part of a box's area that is outside a frame."""
    inside = np.array([[[frame.x0 + 2, frame.y0 + 2], [frame.x1 - 2, frame.y1 - 2]]])
    return float((box[1] - box[0]).prod()) - _overlap(box, inside)
