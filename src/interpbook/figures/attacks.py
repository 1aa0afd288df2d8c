"""Figures of attacks: success against changes, theirs and ours, and which words are hit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from interpbook import _html as markup
from interpbook.figures.style import BLUE, FAINT, GREEN, GREY, INK, ORANGE, Array, new_axes

# What each ranking is called and looks like: colour, marker and dash tell it apart three times.
_LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "exact": ("exact effect", {"color": INK, "marker": "D", "linestyle": ":"}),
    "updated_word_scores": ("B, updated", {"color": "#1b7837", "marker": "s", "linestyle": "-."}),
    "word_scores": ("B", {"color": BLUE, "marker": "o", "linestyle": "-"}),
    "gradient": ("gradient", {"color": ORANGE, "marker": "^", "linestyle": "--"}),
    "random": ("random", {"color": GREY, "marker": "x", "linestyle": (0, (1, 2))}),
}
# The paper's line and two of ours, by place.
_PAPER = {"color": GREY, "marker": "s", "markerfacecolor": "white", "linestyle": "--"}
_OURS = (
    {"color": BLUE, "marker": "o", "linestyle": "-"},
    {"color": ORANGE, "marker": "^", "linestyle": "-."},
    {"color": GREEN, "marker": "D", "linestyle": ":"},
)

# By corpus, ranking and k, in per cent; ours hold one value for each seed.
Theirs = Mapping[str, Mapping[int, float]]
Ours = Mapping[str, Mapping[str, Mapping[int, Array]]]

_TABLE_STYLE = """<style>
.ib-table2 .ib :is(th, td) { padding: 0.1rem 0.4rem !important; font-size: 0.9rem; }
.ib-table2 .ib :is(th, td):nth-child(2) { text-align: left; }
.ib-table2 tbody tr:not([data-last]) td { border-bottom: 0 !important; }
.ib-table2 tbody tr[data-paper] td { font-weight: 600; }
</style>"""


def attack_curves(panels: Mapping[str, Mapping[str, Array]]) -> Figure:
    """Draw which share of the attacked documents has fallen within 0, 1, 2, ... changes.

    Parameters
    ----------
    panels : mapping of str to mapping of str to array of shape (budgets,) or (S, budgets)
        Each panel's title, and ``AttackStudy.by_budget`` by ranking; of S runs their mean is drawn
        and a band from the lowest to the highest.

    Raises
    ------
    ValueError
        If there is no panel or no line in one, or a ranking is unknown.
    """
    if not panels or not all(panels.values()):
        raise ValueError("expected at least one panel, and a line in each")
    figure, rows = new_axes(
        5.6, 0.5 + 2.7 * len(panels), rows=len(panels), sharex=True, sharey=True
    )
    for axes, (title, lines) in zip(np.atleast_1d(rows), panels.items(), strict=True):
        ends = {}
        for ranking, shares in lines.items():
            name, look = _look(ranking)
            runs = 100 * np.atleast_2d(np.asarray(shares, dtype=float))
            budgets = np.arange(runs.shape[1])
            axes.plot(budgets, runs.mean(axis=0), label=name, markersize=4, lw=1.8, **look)
            if len(runs) > 1:
                low, high = runs.min(axis=0), runs.max(axis=0)
                axes.fill_between(budgets, low, high, color=look["color"], alpha=0.15, lw=0)
            ends[name] = float(runs[:, -1].mean()), look["color"]
        axes.set(ylim=(-3, 103), ylabel="per cent fallen")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.tick_params(labelbottom=True)
        if title:
            axes.set_title(title, fontsize=10, loc="left")
        _label_ends(axes, ends)
    axes.set_xlabel("words changed")
    return figure


def _look(ranking: str) -> tuple[str, dict[str, Any]]:
    if ranking not in _LOOKS:
        raise ValueError(f"rankings are {', '.join(_LOOKS)}, got {ranking!r}")
    return _LOOKS[ranking]


def _label_ends(axes: Axes, ends: Mapping[str, tuple[float, str]], gap: float = 8.0) -> None:
    """Write each line's name right of its end, moved so that no two names touch."""
    order = sorted(ends, key=lambda name: ends[name][0])
    places = np.array([ends[name][0] for name in order])
    # Push neighbours apart, a half each, until all keep the distance.
    while (np.diff(places) < gap - 0.01).any():
        for i, lack in enumerate(gap - np.diff(places)):
            if lack > 0:
                places[i] -= lack / 2
                places[i + 1] += lack / 2
    for name, place in zip(order, places, strict=True):
        axes.text(
            1.03,
            place,
            name,
            transform=axes.get_yaxis_transform(),
            color=ends[name][1],
            fontsize=9,
            va="center",
        )


def table2_curves(theirs: Theirs, ours: Ours, *, title: str = "") -> Figure:
    """Draw one corpus's part of Table 2: success over the number of filters, a panel a ranking.

    Parameters
    ----------
    theirs : mapping of ranking to mapping of int to float
        The paper's success in per cent, by k.
    ours : mapping of str to mapping of ranking to mapping of int to array of shape (S,)
        Ours by setting; the mean over S runs is drawn, with bars of one standard deviation.
    title : str
        Above the figure.

    Raises
    ------
    ValueError
        If there is no number of the paper's, or there are more settings than looks.
    """
    _check(theirs, ours)
    figure, rows = new_axes(
        5.2, 1.2 + 2.0 * len(theirs), rows=len(theirs), sharex=True, sharey=True
    )
    for axes, (ranking, paper) in zip(np.atleast_1d(rows), theirs.items(), strict=True):
        axes.plot(list(paper), list(paper.values()), label="paper", markersize=5, **_PAPER)
        for (setting, measured), look in zip(ours.items(), _OURS, strict=False):
            runs = {k: np.asarray(values, dtype=float) for k, values in measured[ranking].items()}
            axes.errorbar(
                list(runs),
                [values.mean() for values in runs.values()],
                [_spread(values) for values in runs.values()],
                label=f"ours, {setting}",
                capsize=2,
                markersize=5,
                **look,
            )
        axes.set(xscale="log", ylabel=f"{_look(ranking)[0]}\n(per cent)", ylim=(0, 100))
        axes.set_xticks(list(paper), [str(k) for k in paper])
        axes.minorticks_off()
        axes.grid(axis="y", color="#eeeeee")
        axes.set_axisbelow(True)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=1, frameon=False, title=title)
    axes.set_xlabel("number of filters $k$")
    return figure


def table2_html(theirs: Theirs, ours: Ours, *, caption: str) -> str:
    """Return one corpus's part of Table 2 as HTML: for each k the paper's row and ours by setting.

    Narrow enough for a phone: short lines for each k instead of one long one.

    Parameters
    ----------
    theirs, ours
        As for ``table2_curves``.
    caption : str
        What the reader has to know about the numbers; how ours are written is added to it.

    Raises
    ------
    ValueError
        As ``table2_curves``.
    """
    _check(theirs, ours)
    rows, marks = [], []
    for k in next(iter(theirs.values())):
        rows.append([str(k), "paper", *(f"{of[k]:.1f}" for of in theirs.values())])
        marks.append(" data-paper")
        for setting, measured in ours.items():
            cells = [_mean_and_spread(measured[ranking].get(k, ())) for ranking in theirs]
            rows.append(["", setting, *cells])
            marks.append("")
        marks[-1] += " data-last"
    header = ["k", "row", *(_look(ranking)[0] for ranking in theirs)]
    note = f"{caption} Ours: mean ± standard deviation over the runs."
    head, *lines = markup.table(header, rows, caption=note).split("<tbody><tr>")
    body = "<tr>".join(lines).split("<tr>")
    table = "".join(f"<tr{mark}>{line}" for mark, line in zip(marks, body, strict=True))
    return f'{_TABLE_STYLE}<div class="ib-table2">{markup.page(f"{head}<tbody>{table}")}</div>'


def _check(theirs: Theirs, ours: Ours) -> None:
    if not theirs or not all(theirs.values()):
        raise ValueError("expected the paper's values, got none")
    if not 0 < len(ours) <= len(_OURS):
        raise ValueError(f"expected one to {len(_OURS)} settings of ours, got {len(ours)}")


def _spread(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _mean_and_spread(values: Array) -> str:
    values = np.asarray(values, dtype=float)
    if not len(values):
        return ""
    spread = f" ± {_spread(values):.1f}" if len(values) > 1 else ""
    return f"{values.mean():.1f}{spread}"


def attacked_words(
    words: Mapping[str, Mapping[str, float]],
    *,
    hatched: Collection[str] = (),
    hatched_name: str = "",
    unit: str = "per cent of all changes",
) -> Figure:
    """Draw the words that each ranking changes most often, a panel a ranking.

    Parameters
    ----------
    words : mapping of ranking to mapping of str to float
        The words of each ranking, the first on top.
    hatched : collection of str
        Words of a kind to be told apart, by hatching and by colour.
    hatched_name : str
        What they are.
    unit : str
        Below the panels.

    Raises
    ------
    ValueError
        If there is no ranking, or one without a word.
    """
    if not words or not all(words.values()):
        raise ValueError("expected at least one ranking, and a word for each")
    longest = max(len(counts) for counts in words.values())
    figure, panels = new_axes(
        0.3 + 1.75 * len(words), 1.0 + 0.22 * longest, ncols=len(words), sharex=True
    )
    for axes, (ranking, counts) in zip(np.atleast_1d(panels), words.items(), strict=True):
        for row, (word, count) in enumerate(counts.items()):
            special = word in hatched
            look = {"color": FAINT, "hatch": "///", "edgecolor": GREY} if special else {}
            axes.barh(row, count, height=0.75, lw=0.4, **(look or {"color": BLUE}))
        axes.set_yticks(range(len(counts)), list(counts))
        axes.set_ylim(longest - 0.4, -0.6)
        axes.set_title(_look(ranking)[0], fontsize=10)
        axes.tick_params(axis="y", length=0)
    if hatched_name:
        patch = axes.barh(np.nan, np.nan, color=FAINT, hatch="///", edgecolor=GREY, lw=0.4)
        figure.legend([patch], [hatched_name], loc="outside upper center", frameon=False)
    figure.supxlabel(unit, fontsize=9)
    return figure
