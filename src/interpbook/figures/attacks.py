"""Figures of attacks and defences: success against changes, words that are hit, typos repaired.

Also B against the truth, since what a word's going does to a logit is what an attack counts on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from interpbook.experiments.names import ranking_name
from interpbook.figures.lettering import literal
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
from interpbook.scores import EffectStudy

# Each ranking has a colour, a marker and a dash, which tell it apart three times.
_LOOKS: dict[str, dict[str, Any]] = {
    "exact": {"color": INK, "marker": "D", "linestyle": ":"},
    "updated_word_scores": {"color": "#1b7837", "marker": "s", "linestyle": "-."},
    "word_scores": {"color": BLUE, "marker": "o", "linestyle": "-"},
    "gradient": {"color": ORANGE, "marker": "^", "linestyle": "--"},
    "random": {"color": GREY, "marker": "x", "linestyle": (0, (1, 2))},
}
# The paper's line, and ours in the order of the settings.
_PAPER = {"color": GREY, "marker": "s", "markerfacecolor": "white", "linestyle": "--"}
_OURS = (
    {"color": BLUE, "marker": "o", "linestyle": "-"},
    {"color": ORANGE, "marker": "^", "linestyle": "-."},
    {"color": GREEN, "marker": "D", "linestyle": ":"},
)
# What becomes of a typo, in the order in which the shares fill a bar.
_SHARES = (
    ("restored", "the very word", {"color": BLUE}),
    ("another", "another known word", {"color": ORANGE, "hatch": "///", "edgecolor": "white"}),
    ("left", "left unknown", {"color": FAINT}),
)
# The marks of up to three kinds of attackers.
_SERIES = (("o", BLUE, "full"), ("^", ORANGE, "full"), ("s", GREY, "none"))

# Per cent by ranking and k, of ours by setting too; ours hold one value for each seed.
Theirs = Mapping[str, Mapping[int, float]]
Ours = Mapping[str, Mapping[str, Mapping[int, Array]]]


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

    Examples
    --------
    >>> fallen = {"gradient": [0.0, 0.2, 0.4], "word_scores": [0.0, 0.5, 0.8]}
    >>> figure = attack_curves({"imdb": fallen})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['imdb']
    """
    if not panels or not all(panels.values()):
        raise ValueError("expected at least one panel, and a line in each")
    figure, rows = new_axes(
        5.6, 0.5 + 2.7 * len(panels), rows=len(panels), sharex=True, sharey=True
    )
    for axes, (title, lines) in zip(np.atleast_1d(rows), panels.items(), strict=True):
        ends = {}
        for ranking, shares in lines.items():
            name, look = ranking_name(ranking), _LOOKS[ranking]
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
            axes.set_title(literal(title), fontsize=10, loc="left")
        _label_ends(axes, ends)
    axes.set_xlabel("words changed")
    return figure


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
        Our success by setting: the mean over S runs is drawn, with bars of one standard deviation.
    title : str
        Written above the figure.

    Raises
    ------
    ValueError
        If there is no number of the paper's, or there are more settings than looks.

    Examples
    --------
    >>> theirs = {"gradient": {75: 30.0, 150: 40.0}, "word_scores": {75: 50.0, 150: 60.0}}
    >>> ours = {
    ...     "trained": {
    ...         "gradient": {75: [28.0, 30.0], 150: [39.0, 41.0]},
    ...         "word_scores": {75: [52.0, 50.0], 150: [58.0, 60.0]},
    ...     }
    ... }
    >>> figure = table2_curves(theirs, ours, title="IMDB")
    >>> len(figure.axes)
    2
    """
    if not theirs or not all(theirs.values()):
        raise ValueError("expected the paper's values, got none")
    if not 0 < len(ours) <= len(_OURS):
        raise ValueError(f"expected one to {len(_OURS)} settings of ours, got {len(ours)}")
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
                label=f"ours, {literal(setting)}",
                capsize=2,
                markersize=5,
                **look,
            )
        axes.set(xscale="log", ylabel=f"{ranking_name(ranking)}\n(per cent)", ylim=(0, 100))
        axes.set_xticks(list(paper), [str(k) for k in paper])
        axes.minorticks_off()
        faint_grid(axes, "y")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=1, frameon=False, title=literal(title)
    )
    axes.set_xlabel("number of filters $k$")
    return figure


def _spread(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


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
        Words to be told apart from the others, by hatching and by colour.
    hatched_name : str
        What the hatched words are.
    unit : str
        Written below the panels.

    Raises
    ------
    ValueError
        If there is no ranking, or one without a word.

    Examples
    --------
    >>> words = {"gradient": {"the": 4.0, "bad": 3.0}, "word_scores": {"bad": 9.0, "dull": 5.0}}
    >>> figure = attacked_words(words, hatched=["the"], hatched_name="frequent everywhere")
    >>> [label.get_text() for label in figure.axes[1].get_yticklabels()]
    ['bad', 'dull']
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
        axes.set_yticks(range(len(counts)), [literal(name) for name in counts])
        axes.set_ylim(longest - 0.4, -0.6)
        axes.set_title(ranking_name(ranking), fontsize=10)
        axes.tick_params(axis="y", length=0)
    if hatched_name:
        patch = axes.barh(np.nan, np.nan, color=FAINT, hatch="///", edgecolor=GREY, lw=0.4)
        figure.legend([patch], [literal(hatched_name)], loc="outside upper center", frameon=False)
    figure.supxlabel(unit, fontsize=9)
    return figure


def effect_scatter(study: EffectStudy, *, shown: int = 4000, title: str = "") -> Figure:
    """Draw a point for each word: B's entry to the right, what the logit really loses upwards.

    A point on the dashed line is a word of which B says the truth. Points whose two numbers differ
    in sign are triangles.

    Parameters
    ----------
    study : EffectStudy
        What many words' going does, and what B says of it.
    shown : int
        Draw at most so many words, spread evenly over the documents.
    title : str
        Written above the figure.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> from interpbook.scores import effect_study
    >>> classifier = load_classifier("reviews")
    >>> documents = classifier.encode(["A dull film", "A charming and moving film"])
    >>> figure = effect_scatter(effect_study(classifier.model, documents, [0, 1]))
    >>> len(figure.axes)
    1
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
        title=literal(title),
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
        Written below the panels.

    Raises
    ------
    ValueError
        If there is no panel, or the panels differ in their rows.

    Examples
    --------
    >>> rows = {"plain": {"knowing": [90.0, 92.0]}, "with a speller": {"knowing": [60.0, 58.0]}}
    >>> figure = defence_panels({"imdb": rows}, unit="per cent of the documents")
    >>> figure.axes[0].get_title(loc="left")
    'imdb'
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
        part.set_yticks(range(len(panel)), [literal(name) for name in panel], fontsize=9)
        part.set_ylim(len(panel) - 0.5, -0.5)
        faint_grid(part, "both")
        part.set_title(literal(name), fontsize=10, loc="left")
    for label, (marker, colour, fill) in seen.items():
        part.plot([], [], marker, color=colour, fillstyle=fill, label=literal(label))
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
        Written above the figure.

    Examples
    --------
    >>> counts = {"look-alike": {"restored": 80, "another": 15, "left": 5}}
    >>> figure = repair_shares(counts)
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['look-alike']
    """
    kinds = [kind for kind, found in counts.items() if sum(found.values())]
    figure, axes = new_axes(6.2, 1.2 + 0.34 * len(kinds))
    ends = np.zeros(len(kinds))
    for name, label, look in _SHARES:
        share = np.array([100 * counts[kind][name] / sum(counts[kind].values()) for kind in kinds])
        axes.barh(range(len(kinds)), share, left=ends, height=0.66, label=label, **look)
        ends = ends + share
    axes.set_yticks(range(len(kinds)), [literal(name) for name in kinds])
    axes.invert_yaxis()
    axes.set(xlabel="per cent of the typos", xlim=(0, 100), title=literal(title))
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure
