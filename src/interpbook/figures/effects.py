"""Figures of what a word's going does, and of defences: B against the truth, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from interpbook.figures.style import BLUE, FAINT, GREY, INK, ORANGE, new_axes
from interpbook.scores import EffectStudy

_SERIES = (("o", BLUE, "full"), ("^", ORANGE, "full"), ("s", GREY, "none"))
_SHARES = (
    ("restored", "the very word", {"color": BLUE}),
    ("another", "another known word", {"color": ORANGE, "hatch": "///", "edgecolor": "white"}),
    ("left", "left unknown", {"color": FAINT}),
)


def effect_scatter(study: EffectStudy, *, shown: int = 4000, title: str = "") -> Figure:
    """Draw a point for each word: B's entry to the right, what the logit really loses upwards.

    On the dashed line B says the truth. Points whose two numbers differ in sign are triangles.

    Parameters
    ----------
    study : EffectStudy
        Of many words.
    shown : int
        Draw at most so many words, spread evenly over the documents.
    title : str
        Above the figure.
    """
    chosen = np.unique(np.linspace(0, len(study) - 1, min(shown, len(study))).round().astype(int))
    x, y = (np.asarray(values)[chosen] for values in (study.predicted, study.exact))
    wrong = x * y < 0
    figure, axes = new_axes(5.4, 4.4)
    low, high = min(x.min(), y.min(), 0.0), max(x.max(), y.max(), 0.0)
    axes.plot([low, high], [low, high], "--", color=GREY, lw=1.2, label="B says the truth")
    for of, marker, colour, name in (
        (~wrong, "o", BLUE, "same sign"),
        (wrong, "^", ORANGE, "other sign"),
    ):
        axes.scatter(x[of], y[of], s=9, marker=marker, color=colour, alpha=0.5, lw=0, label=name)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.legend(frameon=False, loc="upper left")
    axes.set(
        xlabel="the word's entry in B for the label (logits)",
        ylabel="fall of the label's logit without it (logits)",
        title=title,
    )
    return figure


def defence_panels(
    panels: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]], *, unit: str
) -> Figure:
    """Draw marks in rows, a panel for each corpus: one mark for each run and kind of attacker.

    Parameters
    ----------
    panels : mapping of str to mapping of str to mapping of str to sequence of float
        For each panel, for each row, the first on top, for each series its values, one a run.
        There are three series at most, told apart by marker as well as by colour.
    unit : str
        Below the panels.

    Raises
    ------
    ValueError
        If there is no panel, or the panels differ in their rows.
    """
    rows = [list(panel) for panel in panels.values()]
    if not rows or any(names != rows[0] for names in rows):
        raise ValueError(f"expected panels with the same rows, got {rows}")
    figure, axes = new_axes(
        6.4, 1.1 + 0.42 * len(rows[0]) * len(panels), rows=len(panels), sharex=True
    )
    seen: dict[str, tuple[str, str, str]] = {}
    for part, (name, panel) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        for row, series in enumerate(panel.values()):
            for label, values in series.items():
                marker, colour, fill = seen.setdefault(label, _SERIES[len(seen)])
                part.plot(
                    values,
                    np.full(len(values), row),
                    marker,
                    color=colour,
                    fillstyle=fill,
                    markersize=7,
                    alpha=0.8,
                    linestyle="none",
                )
        part.set_yticks(range(len(panel)), list(panel), fontsize=9)
        part.set_ylim(len(panel) - 0.5, -0.5)
        part.grid(axis="both", color="#eeeeee")
        part.set_axisbelow(True)
        part.set_title(name, fontsize=10, loc="left")
    for label, (marker, colour, fill) in seen.items():
        part.plot([], [], marker, color=colour, fillstyle=fill, label=label)
    figure.legend(*part.get_legend_handles_labels(), loc="outside upper center", frameon=False)
    part.set_xlabel(unit)
    return figure


def repair_shares(counts: Mapping[str, Mapping[str, int]], *, title: str = "") -> Figure:
    """Draw what a speller makes of each kind of typo, as shares that fill a bar.

    Parameters
    ----------
    counts : mapping of str to mapping of str to int
        For each kind how many were ``"restored"``, made ``"another"`` word, or ``"left"`` unknown
        (``typos_repaired``); kinds of which there are none are left out.
    title : str
        Above the figure.
    """
    kinds = [kind for kind, found in counts.items() if sum(found.values())]
    figure, axes = new_axes(6.2, 1.2 + 0.34 * len(kinds))
    ends = np.zeros(len(kinds))
    for name, label, look in _SHARES:
        share = np.array([100 * counts[kind][name] / sum(counts[kind].values()) for kind in kinds])
        axes.barh(range(len(kinds)), share, left=ends, height=0.66, label=label, **look)
        ends = ends + share
    axes.set_yticks(range(len(kinds)), kinds)
    axes.invert_yaxis()
    axes.set(xlabel="per cent of the typos", xlim=(0, 100), title=title)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure
