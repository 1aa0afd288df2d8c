"""Lettering: how wide a text is, notes beside places, labels and markers that keep apart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Annotation
from matplotlib.textpath import TextPath
from matplotlib.transforms import BboxBase

from interpbook.figures.style import FAINT, Array

Number = int | float


def drawable(text: str) -> str:
    r"""Replace signs that the figures' fonts lack by \ufffd, and a tab or the like by a space.

    The fonts are those of matplotlib's ``rcParams["font.family"]``, in that order: whoever writes
    Chinese adds a font that has it.

    Examples
    --------
    >>> drawable("na\u00efve \u7535\u5f71") == "na\u00efve \ufffd\ufffd"
    True
    """
    known = _signs(tuple(rcParams["font.family"]))
    return "".join(
        sign if sign == "\n" or ord(sign) in known else " " if sign.isspace() else "\ufffd"
        for sign in text
    )


def literal(text: str) -> str:
    r"""Return what makes matplotlib write a text as it is, where the signs can be drawn.

    A pair of dollar signs would be a formula, and a legend leaves out what begins with an
    underscore. All that others choose goes through here on its way into a figure: words, names of
    classes, rows, series and files, titles.

    Examples
    --------
    >>> print(literal("from $5 to $9"))
    from \$5 to \$9
    """
    text = drawable(text).replace("$", r"\$")
    return f"\u200b{text}" if text.startswith("_") else text


@cache
def _signs(families: tuple[str, ...]) -> frozenset[int]:
    """Return the code points that the fonts of these families have."""
    fonts = (get_font(findfont(FontProperties(family=[family]))) for family in families)
    return frozenset().union(*(font.get_charmap() for font in fonts))


def text_width(text: str, size: Number) -> float:
    """Return how wide a text is as written, in points; ``size`` is its font's size in points.

    Dollar signs stand for themselves. TextPath would take two of them for a formula, so each is
    measured as an S, which is as wide.

    Examples
    --------
    >>> text_width("wide", 20.0) == 2 * text_width("wide", 10.0)
    True
    >>> text_width("$x$", 10.0) == text_width("SxS", 10.0)
    True
    """
    return float(TextPath((0, 0), drawable(text).replace("$", "S"), size=size).get_extents().width)


def note(
    axes: Axes, text: str, place: Array, offset: tuple[Number, Number], **looks: Any
) -> Annotation:
    """Write a text near a place, small unless ``looks`` has a font size.

    ``offset`` is how many points right of the place and above it the text stands.
    """
    return axes.annotate(
        text, place, xytext=offset, textcoords="offset points", **({"fontsize": 8} | looks)
    )


def spread_out(axes: Axes, places: Array, apart: Number) -> np.ndarray:
    """Move places until the markers on any two are this many points apart; return data places.

    Places whose markers would not hide one another stay.
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
    """Write labels beside their places without overlap, and a line to each one that moved far.

    Dollar signs in a text stand for themselves.

    Parameters
    ----------
    axes : Axes
        Axes whose limits stay as they are.
    labels : sequence of ((x, y), text, colour)
        Where each label belongs, what it says, and its colour.
    markers : array of shape (n, 2)
        Places of large markers that no label should cover.
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
            drawable(text), place, xytext=(0, 0), textcoords="offset points", fontsize=8,
            color=colour, ha="center", va="center", zorder=4, parse_math=False,
        )  # fmt: skip
        found = label.get_window_extent()
        half = np.array([found.width, found.height]) / 2 + pixels  # a gap between two labels
        best = None
        boxes = np.asarray(boxes).reshape(-1, 2, 2)
        for dx, dy in _offsets(half / pixels):
            centre = middle + np.array([dx, dy]) * pixels
            box = np.array([centre - half, centre + half])
            # Of two places that are as free, the nearer one.
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
    """Keep the limits that the axes have now."""
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
