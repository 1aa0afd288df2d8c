"""General plots: curves over one axis, values with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from interpbook.figures.lettering import literal, note
from interpbook.figures.style import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    ORANGE,
    Array,
    faint_grid,
    new_axes,
)


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

    Examples
    --------
    >>> losses = {"train": [0.9, 0.5, 0.3], "test": [1.0, 0.7, 0.6]}
    >>> figure = curves([1, 2, 3], losses, xlabel="epoch", ylabel="loss")
    >>> figure.axes[0].get_xlabel(), len(figure.axes[0].lines)
    ('epoch', 2)
    """
    figure, axes = new_axes(6.2, 3.2)
    colours = (BLUE, ORANGE, GREY, GREEN)
    for (name, y), colour, dash in zip(
        lines.items(), colours, ("-", "--", "-.", ":"), strict=False
    ):
        axes.plot(
            np.asarray(x), np.asarray(y), dash, color=colour, label=literal(name), linewidth=2
        )
    if logx:
        axes.set_xscale("log")
    if mark is not None:
        axes.axvline(mark, color=FAINT, linewidth=1.5)
    if len(lines) > 1:
        axes.legend(frameon=False)
    axes.set(xlabel=xlabel, ylabel=ylabel, title=literal(title))
    return figure


def estimates(
    labels: Sequence[str], values: Array, halves: Array, *, unit: str, title: str = ""
) -> Figure:
    """Draw measured values with their intervals around zero, the first on top.

    Parameters
    ----------
    labels : sequence of str
        R names.
    values, halves : arrays of shape (R,)
        The middle of each interval, and half its length.
    unit, title : str
        Written on the axis and above the figure.

    Examples
    --------
    >>> figure = estimates(["no dropout", "fewer words"], [1.5, -0.5], [0.5, 1.0], unit="points")
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['no dropout', 'fewer words']
    """
    values, halves = np.asarray(values, dtype=float), np.asarray(halves, dtype=float)
    figure, axes = new_axes(6.4, 1.0 + 0.36 * len(values))
    rows = np.arange(len(values))
    axes.errorbar(values, rows, xerr=halves, fmt="o", color=BLUE, capsize=4, markersize=6)
    for row, (value, half) in enumerate(zip(values, halves, strict=True)):
        note(axes, f"{value:+.1f} ± {half:.1f}", (value, row), (0, 6), ha="center")
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(rows, [literal(name) for name in labels])
    axes.set(ylim=(len(values) - 0.5, -0.7), xlabel=unit, title=literal(title))
    axes.margins(x=0.15)
    return figure


def kept_intervals(
    labels: Sequence[str],
    shares: Array,
    intervals: Sequence[tuple[float, float]],
    *,
    mark: float | None = None,
    unit: str = "class kept (per cent)",
) -> Figure:
    """Draw shares between 0 and 1 with their confidence intervals, in per cent, the first on top.

    Parameters
    ----------
    labels : sequence of str
        R names.
    shares : array of shape (R,)
        Shares between 0 and 1.
    intervals : sequence of R (low, high)
        The intervals' ends; they need not be symmetric around the shares.
    mark : float, optional
        A share to compare with, drawn as a line.
    unit : str
        Written below the figure.

    Raises
    ------
    ValueError
        If labels, shares and intervals are not as many, there is none, or a share lies outside its
        interval.

    Examples
    --------
    >>> figure = kept_intervals(["inversion", "chance"], [0.9, 0.55], [(0.85, 0.95), (0.5, 0.6)])
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['inversion', 'chance']
    """
    shares = np.asarray(shares, dtype=float)
    if not len(labels) == len(shares) == len(intervals) or not len(labels):
        raise ValueError(
            "expected as many labels as shares and intervals, and at least one, got "
            f"{len(labels)}, {len(shares)} and {len(intervals)}"
        )
    low, high = np.asarray(intervals, dtype=float).T
    if not ((low <= shares) & (shares <= high)).all():
        raise ValueError("expected each share inside its interval, low before high")
    figure, axes = new_axes(6.4, 1.0 + 0.36 * len(labels))
    rows = np.arange(len(labels))
    if mark is not None:
        axes.axvline(100 * mark, color=GREY, linewidth=1.2, linestyle="--")
    reach = 100 * np.array([shares - low, high - shares])
    axes.errorbar(100 * shares, rows, xerr=reach, fmt="o", color=BLUE, capsize=4, markersize=6)
    for row, share in enumerate(shares):
        note(axes, f"{100 * share:.0f}", (100 * share, row), (0, 6), ha="center")
    axes.set_yticks(rows, [literal(name) for name in labels])
    faint_grid(axes, "x")
    axes.set(xlim=(-2, 104), ylim=(len(labels) - 0.5, -0.7), xlabel=unit)
    return figure
