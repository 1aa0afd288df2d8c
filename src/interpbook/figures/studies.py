"""Figures of studies over a corpus: what is silent, what is negligible, theirs and ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from interpbook import _html as markup
from interpbook.experiments import Entry
from interpbook.figures.ledger import CORPORA
from interpbook.figures.style import BLUE, FAINT, GREY, INK, ORANGE, Array, new_axes

# Table 1's five rows, as panels from top to bottom.
_PANELS = {
    "accuracy": "accuracy",
    "ratio1": "@Ratio1",
    "kept_accuracy": "accuracy,\nkept features",
    "ratio2": "@Ratio2",
    "ratio3": "@Ratio3",
}
# Ours by epsilon. A number that does not depend on it is drawn like those at the paper's.
_OURS = {
    "paper": ("ours, the paper's epsilon", {"color": BLUE, "marker": "o", "linestyle": "-"}),
    "calibrated": (
        "ours, calibrated epsilon",
        {"color": ORANGE, "marker": "^", "linestyle": "-."},
    ),
}

# Seven columns on a phone; a rule under each k, and the paper's lines in a softer ink.
_TABLE_STYLE = """<style>
.ib-table1 .ib :is(th, td) { padding: 0.1rem 0.28rem !important; font-size: 0.88rem; }
.ib-table1 tbody tr:not(:nth-child(3n)) td { border-bottom: 0 !important; }
.ib-table1 tbody tr:nth-child(3n + 2) td { font-weight: 600; }
</style>"""


def feature_histogram(u_max: Array, *, unit: str = "features") -> Figure:
    """Draw how the filters' best scores are distributed, those that ReLU discards hatched.

    Parameters
    ----------
    u_max : array of any shape
        One number for each filter and document.
    unit : str
        What is counted.

    Raises
    ------
    ValueError
        If there is no number.
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
        Of the model with all its features, as a share.
    marks : mapping of str to float, optional
        Thresholds to mark, by name.
    title : str
        Above the figure.
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
        axes.annotate(
            name,
            (place, 0.04),
            xycoords=axes.get_xaxis_transform(),
            xytext=(side, 0),
            textcoords="offset points",
            ha=align,
            fontsize=9,
        )
    # To the right of where every feature is gone nothing changes any more.
    end = epsilon[np.asarray(curve["ratio2"]) >= 1].min(initial=epsilon.max())
    axes.set_xlim(epsilon.min(), min(20 * end, epsilon.max()))
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    axes.set(xscale="log", xlabel="epsilon (squared logits)", ylabel="per cent", ylim=(-3, 103))
    if title:
        figure.suptitle(title, fontsize=10)
    return figure


def table1_curves(entries: Sequence[Entry]) -> Figure:
    """Draw one corpus's part of Table 1: the paper's values and ours over the number of filters.

    Each row of the table is a panel. The grey band around the paper's line is the tolerance that
    was stated before the runs; bars are one standard deviation over seeds.

    Parameters
    ----------
    entries : sequence of Entry
        Of one corpus.

    Raises
    ------
    ValueError
        If there is no entry, or the entries are of several corpora.
    """
    _check_one_corpus(entries)
    panels = [name for name in _PANELS if any(entry.quantity == name for entry in entries)]
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
        axes.set(xscale="log", ylabel=_PANELS[name])
        axes.set_xticks(k, [str(number) for number in k])
        axes.minorticks_off()
    _share_legend(figure, 1)
    axes.set_xlabel("number of filters $k$; the panels in per cent")
    return figure


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
        The same of each change, the first on top.
    unit : str
        Below the panels.

    Raises
    ------
    ValueError
        If there is no quantity or no change.
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
        axes.set_title(quantity, fontsize=9)
        axes.grid(axis="y", color="#eeeeee")
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=8)
        axes.margins(x=0.12)
    panels[0].set_yticks(range(len(changed)), list(changed), fontsize=9)
    panels[0].invert_yaxis()
    figure.supxlabel(unit, fontsize=9)
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


def table1_html(entries: Sequence[Entry]) -> str:
    """Return one corpus's part of Table 1 as HTML: for each k the paper's row, ours and our spread.

    Narrow enough for a phone: three short lines for each k instead of one long one.

    Parameters
    ----------
    entries : sequence of Entry
        Of one corpus; those at a calibrated epsilon are left out.

    Raises
    ------
    ValueError
        If there is no entry, or the entries are of several corpora.
    """
    _check_one_corpus(entries)
    chosen = {(e.k, e.quantity): e for e in entries if e.setting != "calibrated"}
    rows = []
    for k in sorted({k for k, _ in chosen}):
        line = [chosen.get((k, quantity)) for quantity in _PANELS]
        for first, name, write in (
            (str(k), "paper", lambda e: f"{e.paper:.1f}"),
            ("", "ours", lambda e: f"{e.ours:.1f}"),
            ("", "±", lambda e: f"{e.sd:.1f}" if e.seeds > 1 else ""),
        ):
            rows.append([first, name, *("" if e is None else write(e) for e in line)])
    header = ["k", "row", "acc.", "@R1", "kept", "@R2", "@R3"]
    seeds = sorted({str(e.seeds) for e in chosen.values()})
    caption = (
        f"{CORPORA.get(entries[0].corpus, entries[0].corpus)}, in per cent: accuracy, @Ratio1, "
        "accuracy from the kept features, @Ratio2, @Ratio3. Ours: mean and standard deviation over "
        f"{' or '.join(seeds)} runs, trained on {entries[0].trained_on} documents."
    )
    table = markup.page(markup.table(header, rows, caption=caption))
    return f'{_TABLE_STYLE}<div class="ib-table1">{table}</div>'


def _check_one_corpus(entries: Sequence[Entry]) -> None:
    corpora = sorted({entry.corpus for entry in entries})
    if len(corpora) != 1:
        raise ValueError(f"expected the entries of one corpus, got {', '.join(corpora) or 'none'}")
