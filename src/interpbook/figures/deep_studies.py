"""Figures of Yuan et al.'s studies: whether interpretations keep the class, what training owes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from interpbook import _html as markup
from interpbook.experiments import Estimate, Record, kept_lead, kept_share, of_corpus
from interpbook.figures.ledger import CORPORA
from interpbook.figures.style import BLUE, GREEN, GREY, INK, ORANGE, new_axes
from interpbook.hidden import METHODS

# What each method is called and looks like: colour, marker and dash tell it apart three times.
_VIOLET, _BROWN = "#762a83", "#8c510a"
_LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "inversion": ("inversion", {"color": BLUE, "marker": "o", "linestyle": "-"}),
    "without l2": ("without L2", {"color": "#6baed6", "marker": "<", "linestyle": "--"}),
    "without similarity": (
        "without similarity",
        {"color": "#4292c6", "marker": ">", "linestyle": "-."},
    ),
    "without either": ("without either", {"color": "#084594", "marker": "v", "linestyle": ":"}),
    "closed form": ("closed form", {"color": GREEN, "marker": "D", "linestyle": "-."}),
    "random locations": (
        "random locations",
        {"color": _VIOLET, "marker": "P", "linestyle": (0, (4, 1, 1, 1, 1, 1))},
    ),
    "weakest locations": (
        "weakest locations",
        {"color": ORANGE, "marker": "^", "linestyle": "--"},
    ),
    "own words": ("own words", {"color": _BROWN, "marker": "s", "linestyle": ":"}),
    "random words": (
        "random words",
        {"color": GREY, "marker": "x", "linestyle": (0, (1, 2))},
    ),
}
# Those that tell most apart. The ablations of the objective lie on the inversion's line.
_DRAWN = ("inversion", "own words", "random locations", "weakest locations", "random words")
_CHANCE = "random words"

# Five columns on a phone; a rule under each method, and the interval in a softer line.
_TABLE_STYLE = """<style>
.ib-preserved .ib :is(th, td) { padding: 0.1rem 0.4rem !important; font-size: 0.88rem; }
.ib-preserved tbody tr:nth-child(odd) td { border-bottom: 0 !important; font-weight: 600; }
.ib-preserved tbody tr:nth-child(even) td { font-size: 0.85rem; }
</style>"""


def preservation_curves(
    records: Sequence[Record], corpus: str, *, methods: Sequence[str] = _DRAWN
) -> Figure:
    """Draw how often interpretations keep the class, by words: a panel for each k, a line a method.

    Bars are 95% intervals of the mean over the runs (``interpbook.pooling``). Random words, what
    chance alone keeps, get a grey band instead, from panel edge to panel edge.

    Parameters
    ----------
    records : sequence of dict
        Of the study ``yuan-interpretations``; those of other corpora are left out.
    corpus : str
        A name that ``load_corpus`` knows.
    methods : sequence of str
        Which of ``preservation.METHODS``, in the legend's order.

    Raises
    ------
    ValueError
        If no method is asked for, one is unknown, or as ``interpbook.pooling.of_corpus``.
    """
    _check_methods(methods)
    chosen = of_corpus(records, corpus)
    locations, words = (chosen[0]["interpretation"][name] for name in ("locations", "words"))
    rows, columns = -(-len(locations) // 2), min(2, len(locations))
    figure, panels = new_axes(
        3.2 * columns, 1.1 + 2.2 * rows, rows=rows, ncols=columns, sharey=True, squeeze=False
    )
    for axes, k in zip(panels.flat, locations, strict=False):
        lines = [method for method in methods if method != _CHANCE]
        if _CHANCE in methods:
            _draw_chance(axes, [kept_share(chosen, _CHANCE, k, m) for m in words])
        for number, method in enumerate(lines):
            # Side by side, so that bars at the same number of words do not cover each other.
            shift = min(0.09, 0.6 / len(lines)) * (number - (len(lines) - 1) / 2)
            estimates = [kept_share(chosen, method, k, m) for m in words]
            name, look = _look(method)
            axes.errorbar(
                np.arange(len(words)) + shift,
                [100 * estimate.value for estimate in estimates],
                _reach(estimates),
                label=name,
                capsize=2,
                markersize=4.5,
                lw=1.6,
                elinewidth=1,
                **look,
            )
        axes.set_title(f"k = {k} location{'s' if k > 1 else ''}", fontsize=10, loc="left")
        axes.set_xticks(range(len(words)), [str(m) for m in words])
        axes.set(xlim=(-0.4, len(words) - 0.6), ylim=(0, 105))
        axes.grid(axis="y", color="#eeeeee")
        axes.set_axisbelow(True)
    for axes in panels.flat[len(locations) :]:
        axes.set_axis_off()
    for axes in panels[:, 0]:
        axes.set_ylabel("class kept (per cent)")
    figure.supxlabel("words m for each location", fontsize=10)
    handles = dict(zip(*reversed(panels[0, 0].get_legend_handles_labels()), strict=True))
    drawn = {_look(method)[0]: method == _CHANCE for method in methods}
    figure.legend(
        [handles[name] for name in drawn],
        [f"{name} (band: 95%)" if chance else name for name, chance in drawn.items()],
        loc="outside upper center",
        ncols=2,
        frameon=False,
    )
    return figure


def _draw_chance(axes: Axes, estimates: Sequence[Estimate]) -> None:
    """Draw a line and the band of its intervals, both on to the panel's edges."""
    name, look = _look(_CHANCE)
    places = [-1, *range(len(estimates)), len(estimates)]
    held = [estimates[0], *estimates, estimates[-1]]
    low, high = ([100 * estimate[side] for estimate in held] for side in (1, 2))
    axes.fill_between(places, low, high, color="#e4e4e4", lw=0)
    axes.plot(places, [100 * e.value for e in held], label=name, markersize=4.5, lw=1.4, **look)


def _reach(estimates: Sequence[Estimate]) -> list[list[float]]:
    """Return how far intervals reach down and up, in per cent."""
    return [
        [100 * (estimate.value - estimate.low) for estimate in estimates],
        [100 * (estimate.high - estimate.value) for estimate in estimates],
    ]


def preservation_html(
    records: Sequence[Record], corpus: str, *, k: int = 3, methods: Sequence[str] = METHODS
) -> str:
    """Return two tables as HTML: the shares kept by each method, and the inversion's leads.

    Each method has two short lines, the value and its 95% interval, so that five columns fit on a
    phone. How runs are pooled stands in the captions.

    Parameters
    ----------
    records, corpus
        As for ``preservation_curves``.
    k : int
        How many locations.
    methods : sequence of str
        Which of ``preservation.METHODS``. The inversion has no lead over itself.

    Raises
    ------
    ValueError
        As ``preservation_curves``, or if the records hold no such k.
    """
    _check_methods(methods)
    chosen = of_corpus(records, corpus)
    read, documents = chosen[0]["interpretation"]["words"], chosen[0]["metrics"]["documents"]
    models = "Of one model"
    if len(chosen) > 1:
        models = f"Mean over {len(chosen)} models that read the same documents"
    locations = f"{k} location{'s' if k > 1 else ''}"
    shares, leads = [], []
    for method in methods:
        name, _ = _look(method)
        estimates = [kept_share(chosen, method, k, m) for m in read]
        shares.append([name, *(f"{100 * e.value:.1f}" for e in estimates)])
        limits = [f"{100 * e.low:.0f}–{100 * e.high:.0f}" for e in estimates]
        shares.append(["95% interval", *limits])
        if method == "inversion":
            continue
        estimates = [kept_lead(chosen, method, k, m) for m in read]
        leads.append([name, *(_number(100 * e.value, 1, sign="+") for e in estimates)])
        limits = [[_number(100 * end, 0) for end in (e.low, e.high)] for e in estimates]
        leads.append(["95% interval", *(f"{low} to {high}" for low, high in limits)])
    tables = [
        markup.table(
            ["words from", *(f"m = {m}" for m in read)],
            shares,
            caption=(
                f"{CORPORA.get(corpus, corpus)}: per cent of {documents} test documents whose "
                f"class the model says again when it reads the m words of each of {locations}. "
                f"{models}; Wilson's interval, for {documents} documents."
            ),
        )
    ]
    if leads:
        tables.append(
            markup.table(
                ["lead over", *(f"m = {m}" for m in read)],
                leads,
                caption=(
                    f"{CORPORA.get(corpus, corpus)}: by how many points the inversion's words of "
                    f"{locations} keep the class more often, compared document by document. "
                    f"{models}; paired interval, for {documents} documents."
                ),
            )
        )
    return f'{_TABLE_STYLE}<div class="ib-preserved">{markup.page(*tables)}</div>'


def _number(number: float, digits: int, *, sign: str = "") -> str:
    """Write a number with a real minus; what rounds to zero has no sign."""
    text = f"{number:{sign}.{digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("+-")


def _check_methods(methods: Sequence[str]) -> None:
    if not methods:
        raise ValueError("expected at least one method, got none")
    for method in methods:
        _look(method)


def _look(method: str) -> tuple[str, dict[str, Any]]:
    if method not in _LOOKS:
        raise ValueError(f"methods are {', '.join(_LOOKS)}, got {method!r}")
    return _LOOKS[method]


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


def yuan_choices(records: Sequence[Record], *, paper: float) -> Figure:
    """Draw a deep network's test accuracy by what was changed in its training.

    A dot for each run, a ring around their mean, the best change on top. The line is the mean of
    the unchanged runs, in a band from the lowest of them to the highest; the dashed line is the
    paper's.

    Parameters
    ----------
    records : sequence of dict
        Of ``yuan-choices``, and of ``yuan-table3`` for the unchanged runs; of one corpus.
    paper : float
        The paper's accuracy in per cent.

    Raises
    ------
    ValueError
        If the records are of several corpora or none, or no run is unchanged, or none changed.
    """
    corpora = sorted({record["recipe"]["corpus"] for record in records})
    if len(corpora) != 1:
        raise ValueError(f"expected the records of one corpus, got {', '.join(corpora) or 'none'}")
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
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set_ylim(len(rows) - 0.3, -0.7)
        axes.set_title(group, fontsize=10, loc="left")
        axes.grid(axis="y", color="#eeeeee")
        axes.set_axisbelow(True)
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
