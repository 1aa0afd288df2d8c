"""General plots: curves over one axis, words in a plane."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from interpbook.figures.style import BLUE, FAINT, GREEN, GREY, ORANGE, Array, new_axes


def curves(
    x: Array,
    lines: dict[str, Array],
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    logx: bool = False,
    mark: float | None = None,
) -> Figure:
    """Draw named lines over one x, told apart by dash as well as by colour.

    Parameters
    ----------
    x : array of shape (n,)
        Shared positions.
    lines : dict of str to array of shape (n,)
        Each line's name and values.
    xlabel, ylabel, title : str
        Labels, with units.
    logx : bool
        Logarithmic x axis.
    mark : float, optional
        A position to mark with a vertical line.
    """
    figure, axes = new_axes(6.2, 3.2)
    colours = (BLUE, ORANGE, GREY, GREEN)
    for (name, y), colour, dash in zip(
        lines.items(), colours, ("-", "--", "-.", ":"), strict=False
    ):
        axes.plot(np.asarray(x), np.asarray(y), dash, color=colour, label=name, linewidth=2)
    if logx:
        axes.set_xscale("log")
    if mark is not None:
        axes.axvline(mark, color=FAINT, linewidth=1.5)
    if len(lines) > 1:
        axes.legend(frameon=False)
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return figure


def word_map(
    words: Sequence[str], places: Array, groups: Sequence[str], *, title: str = ""
) -> Figure:
    """Draw words at places in a plane, their groups told apart by marker and colour.

    Parameters
    ----------
    words : sequence of str
        R words.
    places : array of shape (R, 2)
        Where they lie, in the units of the projection.
    groups : sequence of str
        Each word's group.
    title : str
        Above the figure.
    """
    places, groups = np.asarray(places), np.asarray(groups)
    figure, axes = new_axes(6.4, 4.2)
    colours = (BLUE, ORANGE, GREY, GREEN)
    for group, colour, marker in zip(dict.fromkeys(groups), colours, "os^D", strict=False):
        of_group = groups == group
        axes.scatter(*places[of_group].T, color=colour, marker=marker, label=group, s=28)
    axes.legend(frameon=False)
    axes.set(xlabel="first component", ylabel="second component", title=title)
    axes.margins(x=0.12)
    figure.canvas.draw()
    _label_apart(axes, words, places)
    return figure


def _label_apart(axes: plt.Axes, words: Sequence[str], places: Array) -> None:
    """Write each word beside its point, where it does not cover one written before."""
    sides = [(6, 3, "left"), (6, -10, "left"), (-6, 3, "right"), (-6, -10, "right")]
    sides += [(6, dy, "left") for dy in (15, -22, 27, -34)]
    taken = []
    for word, place in zip(words, places, strict=True):
        for dx, dy, align in sides:
            label = axes.annotate(
                word, place, xytext=(dx, dy), textcoords="offset points", fontsize=9, ha=align
            )
            box = label.get_window_extent()
            if (dx, dy, align) == sides[-1] or not any(box.overlaps(other) for other in taken):
                break
            label.remove()
        taken.append(box)
