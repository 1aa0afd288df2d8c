"""Figures of studies over a corpus: what is silent, what is negligible, what a setting changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from interpbook.experiments import Entry, Record
from interpbook.experiments.names import QUANTITY_NAMES, TABLE1, the_corpus
from interpbook.figures.lettering import literal, note
from interpbook.figures.style import (
    BLUE,
    FAINT,
    GREY,
    INK,
    ORANGE,
    Array,
    faint_grid,
    legend_above,
    new_axes,
)

# Our lines by epsilon. A number that does not depend on it is drawn like those at the paper's.
_OURS = {
    "paper": ("ours, the paper's epsilon", {"color": BLUE, "marker": "o", "linestyle": "-"}),
    "calibrated": (
        "ours, calibrated epsilon",
        {"color": ORANGE, "marker": "^", "linestyle": "-."},
    ),
}

# How a change of a recipe is called, and in which group it stands. MR is all in lower case: there
# the tokenizer changes the text of the vectors, not the words.
_CHANGES = {
    ("vector_corpora", ()): ("vectors", "none (random start)"),
    ("vector_corpora", ("ag_news",)): ("vectors", "from AG's News alone"),
    ("vector_corpora", ("imdb",)): ("vectors", "from IMDB alone"),
    ("tokenizer", "words"): ("vectors", "lower-cased text"),
    ("dropout", 0.0): ("other settings", "no dropout"),
    ("padding", "paper"): ("other settings", "paper's padding"),
    ("epochs", 16): ("other settings", "16 epochs"),
}
_OTHERS = "other settings"


def feature_histogram(u_max: Array, *, unit: str = "features") -> Figure:
    """Draw how the filters' best scores are distributed, those that ReLU discards hatched.

    Parameters
    ----------
    u_max : array of any shape
        One number for each filter and document.
    unit : str
        What the counts are of.

    Raises
    ------
    ValueError
        If there is no number.

    Examples
    --------
    >>> figure = feature_histogram([-1.0, -0.5, 0.5, 1.5, 2.0])
    >>> figure.axes[0].get_ylabel()
    'features'
    """
    values = np.asarray(u_max, dtype=float).ravel()
    if not len(values):
        raise ValueError("expected at least one score, got none")
    edges = np.linspace(-1, 1, 81) * max(np.abs(values).max(initial=0), 1e-12)
    figure, axes = new_axes(6.2, 3.0)
    # Zero is an edge, so no bar holds both kinds; the bar left of it is closed on its right.
    for chosen, name, bins, look in (
        (values <= 0, "silent", edges[:41], {"color": FAINT, "hatch": "///", "edgecolor": GREY}),
        (values > 0, "speaking", edges[40:], {"color": BLUE, "edgecolor": "white"}),
    ):
        heights, _ = np.histogram(values[chosen], bins)
        label = f"{name}: {chosen.mean():.1%}"
        axes.bar(bins[:-1], heights, np.diff(bins), align="edge", label=label, lw=0.4, **look)
    step = edges[1] - edges[0]
    axes.set_xlim(values.min(initial=0) - step, values.max(initial=0) + step)
    axes.axvline(0, color=INK, linewidth=1)
    axes.legend(frameon=False)
    axes.set(xlabel="best score of a filter in a document, $u_{max}$", ylabel=unit)
    return figure


def epsilon_sweep(
    curve: Mapping[str, Array],
    *,
    accuracy: float,
    marks: Mapping[str, float] | None = None,
    title: str = "",
) -> Figure:
    """Draw what a threshold does: kept accuracy, @Ratio2 and @Ratio3 against epsilon.

    Parameters
    ----------
    curve : mapping of str to array of shape (E,)
        ``epsilon``, ``kept_accuracy``, ``ratio2`` and ``ratio3``, as ``FilterStudy.curve`` returns
        them and records hold them.
    accuracy : float
        Accuracy of the model with all its features, as a share.
    marks : mapping of str to float, optional
        Thresholds to mark, by name.
    title : str
        Written above the figure.

    Examples
    --------
    >>> curve = {
    ...     "epsilon": [0.001, 0.01, 0.1],
    ...     "kept_accuracy": [0.9, 0.89, 0.7],
    ...     "ratio2": [0.2, 0.5, 0.9],
    ...     "ratio3": [1.0, 0.8, 0.3],
    ... }
    >>> figure = epsilon_sweep(curve, accuracy=0.9, marks={"paper": 0.01})
    >>> figure.axes[0].get_xscale()
    'log'
    """
    figure, axes = new_axes(6.4, 3.6)
    epsilon = np.asarray(curve["epsilon"])
    axes.axhline(100 * accuracy, color=FAINT, linewidth=1.5)
    for name, label, colour, dash in (
        ("kept_accuracy", "accuracy, kept features", BLUE, "-"),
        ("ratio2", "@Ratio2", ORANGE, "--"),
        ("ratio3", "@Ratio3", GREY, "-."),
    ):
        axes.plot(epsilon, 100 * np.asarray(curve[name]), dash, color=colour, label=label, lw=2)
    # Neighbouring marks would write over each other: the first is named on its left.
    for number, (name, place) in enumerate(sorted((marks or {}).items(), key=lambda item: item[1])):
        side, align = (-4, "right") if number == 0 else (4, "left")
        axes.axvline(place, color=INK, linewidth=1, linestyle=":")
        note(
            axes,
            literal(name),
            (place, 0.04),
            (side, 0),
            xycoords=axes.get_xaxis_transform(),
            ha=align,
            fontsize=9,
        )
    # To the right of where every feature is gone nothing changes any more.
    end = epsilon[np.asarray(curve["ratio2"]) >= 1].min(initial=epsilon.max())
    axes.set_xlim(epsilon.min(), min(20 * end, epsilon.max()))
    legend_above(axes, ncols=3)
    axes.set(xscale="log", xlabel="epsilon (squared logits)", ylabel="per cent", ylim=(-3, 103))
    if title:
        figure.suptitle(literal(title), fontsize=10)
    return figure


def table1_curves(entries: Sequence[Entry]) -> Figure:
    """Draw one corpus's part of Table 1: the paper's values and ours over the number of filters.

    Each row of the table is a panel. The grey band around the paper's line is the tolerance that
    was stated before the runs; bars are one standard deviation over seeds.

    Parameters
    ----------
    entries : sequence of Entry
        Entries of the ledger, all of one corpus.

    Raises
    ------
    ValueError
        If there is no entry, or the entries are of several corpora.

    Examples
    --------
    >>> from interpbook.corpora import data_folder
    >>> from interpbook.experiments import read_ledger
    >>> entries = read_ledger(data_folder() / "results" / "ledger.csv")
    >>> figure = table1_curves([e for e in entries if e.corpus == "imdb" and e.place == "Table 1"])
    >>> len(figure.axes)
    5
    """
    the_corpus((entry.corpus for entry in entries), "entries")
    panels = [name for name in TABLE1 if any(entry.quantity == name for entry in entries)]
    figure, rows = new_axes(5.2, 0.9 + 1.25 * len(panels), rows=len(panels), sharex=True)
    for axes, name in zip(np.atleast_1d(rows), panels, strict=True):
        chosen = sorted((e for e in entries if e.quantity == name), key=lambda entry: entry.k)
        theirs = {entry.k: entry for entry in chosen}
        k, paper = list(theirs), np.array([entry.paper for entry in theirs.values()])
        within = np.array([entry.tolerance for entry in theirs.values()])
        axes.fill_between(k, paper - within, np.minimum(paper + within, 100), color="#eeeeee", lw=0)
        look = {"color": GREY, "marker": "s", "markerfacecolor": "white", "linestyle": "--"}
        axes.plot(k, paper, label="paper (band: tolerance)", markersize=5, **look)
        for epsilon, (label, look) in _OURS.items():
            of = [e for e in chosen if (e.setting if e.setting != "-" else "paper") == epsilon]
            if of:
                axes.errorbar(
                    [entry.k for entry in of],
                    [entry.ours for entry in of],
                    [entry.sd for entry in of],
                    label=label,
                    capsize=2,
                    markersize=5,
                    **look,
                )
        axes.set(xscale="log", ylabel=QUANTITY_NAMES[name].replace(", ", ",\n"))
        axes.set_xticks(k, [str(number) for number in k])
        axes.minorticks_off()
    _share_legend(figure, 1)
    axes.set_xlabel("number of filters $k$; the panels in per cent")
    return figure


def _share_legend(figure: Figure, columns: int) -> None:
    """Put one legend of all panels' lines above them."""
    handles: dict[str, plt.Artist] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(
        handles.values(), handles.keys(), loc="outside upper center", ncols=columns, frameon=False
    )


def choices_plot(
    base: Mapping[str, Array],
    changed: Mapping[str, Mapping[str, Array]],
    *,
    unit: str = "change in points",
) -> Figure:
    """Draw what single changes of a setting do to several quantities, beside the luck of a seed.

    Each panel is a quantity, each row a change: a dot for each run, a ring around their mean. Zero
    is the mean of the unchanged runs, and the grey band reaches from the lowest of them to the
    highest.

    Parameters
    ----------
    base : mapping of str to array of shape (S,)
        Each quantity's values over the unchanged runs.
    changed : mapping of str to mapping of str to array
        Each change's values of the same quantities, the first change on top.
    unit : str
        Written below the panels.

    Raises
    ------
    ValueError
        If there is no quantity or no change.

    Examples
    --------
    >>> base, changed = {"accuracy": [80.0, 81.0]}, {"no dropout": {"accuracy": [82.0, 83.0]}}
    >>> figure = choices_plot(base, changed)
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['no dropout']
    """
    if not base or not changed:
        raise ValueError(
            f"expected quantities and changes, got {len(base)} of the one and {len(changed)} of "
            "the other"
        )
    figure, panels = new_axes(
        1.9 + 1.15 * len(base), 1.0 + 0.27 * len(changed), ncols=len(base), sharey=True
    )
    panels = np.atleast_1d(panels)
    for axes, (quantity, values) in zip(panels, base.items(), strict=True):
        values = np.asarray(values, dtype=float)
        centre = values.mean()
        axes.axvspan(values.min() - centre, values.max() - centre, color="#e4e4e4", lw=0)
        axes.axvline(0, color=INK, linewidth=0.8)
        for row, measured in enumerate(changed.values()):
            moved = np.asarray(measured[quantity], dtype=float) - centre
            colour = BLUE if moved.mean() >= 0 else ORANGE
            axes.scatter(moved, np.full(len(moved), row), s=9, color=colour, zorder=3)
            axes.scatter(
                moved.mean(), row, s=60, facecolors="none", edgecolors=colour, lw=1.4, zorder=3
            )
        axes.set_title(literal(quantity), fontsize=9)
        faint_grid(axes, "y")
        axes.tick_params(labelsize=8)
        axes.margins(x=0.12)
    panels[0].set_yticks(range(len(changed)), [literal(name) for name in changed], fontsize=9)
    panels[0].invert_yaxis()
    figure.supxlabel(unit, fontsize=9)
    return figure


def yuan_choices(records: Sequence[Record], *, paper: float) -> Figure:
    """Draw a deep network's test accuracy by what was changed in its training.

    Each change has a dot for each run and a ring around their mean, the best change on top. The
    line is the mean of the unchanged runs, in a band from the lowest of them to the highest; the
    dashed line is the paper's.

    Parameters
    ----------
    records : sequence of dict
        Records of one corpus: changed runs of ``yuan-choices``, unchanged ones of ``yuan-table3``.
    paper : float
        The paper's accuracy in per cent.

    Raises
    ------
    ValueError
        If the records are of several corpora or none, or no run is unchanged, or none changed.

    Examples
    --------
    >>> from interpbook.corpora import data_folder
    >>> from interpbook.experiments import read_records
    >>> results = data_folder() / "results"
    >>> records = [*read_records(results / "yuan-choices"), *read_records(results / "yuan-table3")]
    >>> figure = yuan_choices([r for r in records if r["recipe"]["corpus"] == "mr"], paper=76.0)
    >>> len(figure.axes)
    2
    """
    the_corpus((record["recipe"]["corpus"] for record in records), "records")
    base: list[float] = []
    groups: dict[str, dict[str, list[float]]] = {"vectors": {}, _OTHERS: {}}
    for record in records:
        accuracy = 100 * record["metrics"]["accuracy"]
        if record["changes"]:
            group, name = _change(record["changes"])
            groups[group].setdefault(name, []).append(accuracy)
        else:
            base.append(accuracy)
    groups = {
        group: dict(sorted(rows.items(), key=lambda item: -float(np.mean(item[1]))))
        for group, rows in groups.items()
        if rows
    }
    if not base or not groups:
        raise ValueError(
            f"expected unchanged runs and changed ones, got {len(base)} of the one and "
            f"{len(records) - len(base)} of the other"
        )
    heights = [len(rows) + 0.4 for rows in groups.values()]
    figure, panels = new_axes(
        5.8, 1.3 + 0.3 * sum(heights), rows=len(groups), sharex=True, height_ratios=heights
    )
    for axes, (group, rows) in zip(np.atleast_1d(panels), groups.items(), strict=True):
        axes.axvspan(min(base), max(base), color="#e4e4e4", lw=0, label="unchanged: range")
        axes.axvline(float(np.mean(base)), color=INK, lw=1, label="unchanged: mean")
        axes.axvline(paper, color=ORANGE, lw=1.5, ls="--", label=f"paper: {paper:.2f}")
        for row, values in enumerate(rows.values()):
            axes.scatter(values, [row] * len(values), s=14, color=BLUE, zorder=3)
            look = {"facecolors": "none", "edgecolors": BLUE, "linewidths": 1.4, "zorder": 3}
            axes.scatter([float(np.mean(values))], [row], s=75, **look)
        axes.set_yticks(range(len(rows)), [literal(name) for name in rows])
        axes.set_ylim(len(rows) - 0.3, -0.7)
        axes.set_title(group, fontsize=10, loc="left")
        faint_grid(axes, "y")
        axes.tick_params(axis="y", length=0)
    dots, ring = axes.collections[-2:]
    handles, names = axes.get_legend_handles_labels()
    figure.legend(
        [*handles, dots, ring],
        [*names, "a run", "mean of its runs"],
        loc="outside upper center",
        ncols=2,
        frameon=False,
    )
    axes.set_xlabel("test accuracy (per cent)")
    return figure


def _change(changes: Mapping[str, Any]) -> tuple[str, str]:
    """Return the group that a record's changes belong to, and what they are called."""
    groups, names = set(), []
    for name, value in sorted(changes.items(), reverse=True):
        value = tuple(value) if isinstance(value, list) else value
        group, text = _CHANGES.get((name, value), (_OTHERS, f"{name} = {value}"))
        groups.add(group)
        names.append(text)
    return "vectors" if groups == {"vectors"} else _OTHERS, ", ".join(names)
