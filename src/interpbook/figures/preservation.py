"""Figures of interpretations read back: whether the class is kept, and which words come again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from interpbook.experiments import Estimate, Record, kept_share, of_corpus
from interpbook.experiments.names import method_name
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
    legend_above,
    new_axes,
)

# Each method has a colour, a marker and a dash, which tell it apart three times.
_LOOKS: dict[str, dict[str, Any]] = {
    "inversion": {"color": BLUE, "marker": "o", "linestyle": "-"},
    "without l2": {"color": "#6baed6", "marker": "<", "linestyle": "--"},
    "without similarity": {"color": "#4292c6", "marker": ">", "linestyle": "-."},
    "without either": {"color": "#084594", "marker": "v", "linestyle": ":"},
    "closed form": {"color": GREEN, "marker": "D", "linestyle": "-."},
    "random locations": {
        "color": "#762a83",
        "marker": "P",
        "linestyle": (0, (4, 1, 1, 1, 1, 1)),
    },
    "weakest locations": {"color": ORANGE, "marker": "^", "linestyle": "--"},
    "own words": {"color": "#8c510a", "marker": "s", "linestyle": ":"},
    "random words": {"color": GREY, "marker": "x", "linestyle": (0, (1, 2))},
}
# The methods that tell most apart. The ablations of the objective lie on the inversion's line.
_DRAWN = ("inversion", "own words", "random locations", "weakest locations", "random words")
_CHANCE = "random words"
_SHARED = LinearSegmentedColormap.from_list("shared", ["#ffffff", "#c6dbef", BLUE, "#08306b"])


def preservation_curves(
    records: Sequence[Record], corpus: str, *, methods: Sequence[str] = _DRAWN
) -> Figure:
    """Draw how often interpretations keep the class, by words: a panel for each k, a line a method.

    Bars are 95% intervals of the mean over the runs (``interpbook.experiments.kept_share``). Random
    words, what chance alone keeps, get a grey band instead, from panel edge to panel edge.

    Parameters
    ----------
    records : sequence of dict
        Records of the study ``yuan-interpretations``; those of other corpora are left out.
    corpus : str
        A name that ``load_corpus`` knows.
    methods : sequence of str
        Names out of ``interpbook.hidden.METHODS``, in the legend's order.

    Raises
    ------
    ValueError
        If no method is asked for, a method is unknown, or the records do not belong together
        (``interpbook.experiments.of_corpus``).

    Examples
    --------
    >>> from interpbook.corpora import data_folder
    >>> from interpbook.experiments import read_records
    >>> records = list(read_records(data_folder() / "results" / "yuan-interpretations"))
    >>> figure = preservation_curves(records, "mr", methods=["inversion", "random words"])
    >>> len(figure.axes) > 1
    True
    """
    if not methods:
        raise ValueError("expected at least one method, got none")
    names = {method: method_name(method) for method in methods}
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
            axes.errorbar(
                np.arange(len(words)) + shift,
                [100 * estimate.value for estimate in estimates],
                _reach(estimates),
                label=names[method],
                capsize=2,
                markersize=4.5,
                lw=1.6,
                elinewidth=1,
                **_LOOKS[method],
            )
        axes.set_title(f"k = {k} location{'s' if k > 1 else ''}", fontsize=10, loc="left")
        axes.set_xticks(range(len(words)), [str(m) for m in words])
        axes.set(xlim=(-0.4, len(words) - 0.6), ylim=(0, 105))
        faint_grid(axes, "y")
    for axes in panels.flat[len(locations) :]:
        axes.set_axis_off()
    for axes in panels[:, 0]:
        axes.set_ylabel("class kept (per cent)")
    figure.supxlabel("words m for each location", fontsize=10)
    handles = dict(zip(*reversed(panels[0, 0].get_legend_handles_labels()), strict=True))
    figure.legend(
        [handles[name] for name in names.values()],
        [f"{name} (band: 95%)" if of == _CHANCE else name for of, name in names.items()],
        loc="outside upper center",
        ncols=2,
        frameon=False,
    )
    return figure


def _draw_chance(axes: Axes, estimates: Sequence[Estimate]) -> None:
    """Draw the line of what chance keeps and the band of its intervals, to the panel's edges."""
    name, look = method_name(_CHANCE), _LOOKS[_CHANCE]
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


def overlap_maps(panels: Mapping[str, tuple[Array, Sequence[str]]]) -> Figure:
    """Draw which share of their words any two sentences' interpretations have in common.

    Parameters
    ----------
    panels : mapping of str to (array of shape (N, N), sequence of N str)
        For each title the shares, between 0 and 1, and the sentences' classes. Sentences of one
        class are put side by side, the classes in the order of their first sentence.

    Raises
    ------
    ValueError
        If there is no panel, or a matrix is not N by N for N classes.

    Examples
    --------
    >>> import numpy as np
    >>> shares = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.1], [0.0, 0.1, 1.0]])
    >>> figure = overlap_maps({"inversion": (shares, ["bad", "bad", "good"])})
    >>> figure.axes[0].get_title()
    'inversion'
    """
    if not panels:
        raise ValueError("expected at least one matrix of shares, got none")
    figure, axes = new_axes(0.7 + 3.1 * len(panels), 3.4, rows=1, ncols=len(panels), squeeze=False)
    for panel, (title, (shares, classes)) in zip(axes.flat, panels.items(), strict=True):
        picture = _draw_overlaps(panel, np.asarray(shares, dtype=float), list(classes))
        panel.set_title(literal(title), fontsize=10)
    figure.colorbar(picture, ax=axes, label="share of common words", shrink=0.8)
    return figure


def _draw_overlaps(axes: Axes, shares: np.ndarray, classes: list[str]) -> object:
    if shares.shape != (len(classes), len(classes)):
        raise ValueError(
            f"expected a share for each two of {len(classes)} sentences, got an array of shape "
            f"{shares.shape}"
        )
    names = list(dict.fromkeys(classes))
    order = sorted(range(len(classes)), key=lambda n: names.index(classes[n]))
    ends = np.cumsum([0, *(classes.count(name) for name in names)])
    picture = axes.imshow(
        shares[np.ix_(order, order)], cmap=_SHARED, vmin=0, vmax=1, interpolation="nearest"
    )
    for end in ends[1:-1]:
        axes.axhline(end - 0.5, color=ORANGE, linewidth=1)
        axes.axvline(end - 0.5, color=ORANGE, linewidth=1)
    middles = (ends[:-1] + ends[1:] - 1) / 2
    shown = [literal(name) for name in names]
    axes.set_xticks(middles, shown, fontsize=8, rotation=30, ha="right")
    axes.set_yticks(middles, shown, fontsize=8)
    axes.tick_params(length=0)
    return picture


def repeated_words(
    cosines: Array, leads: Array, chosen: Sequence[int], *, name: str, title: str = ""
) -> Figure:
    """Draw a point for each word: how near it is to a vector, and what the model says of it alone.

    Parameters
    ----------
    cosines, leads : arrays of shape (V,)
        Each word's cosine with an interpretation's vector, and the lead of a class, in logits, in a
        text of this word alone.
    chosen : sequence of int
        Numbers of the interpretation's words, which are drawn as triangles.
    name : str
        The class.
    title : str
        Written above the figure.

    Raises
    ------
    ValueError
        If the arrays are not as long as each other.

    Examples
    --------
    >>> cosines, leads = [0.1, 0.8, 0.6, -0.2], [0.0, 2.0, 1.0, -1.0]
    >>> figure = repeated_words(cosines, leads, [1, 2], name="negative")
    >>> figure.axes[0].get_ylabel()
    'lead of negative in a text of this word (logits)'
    """
    cosines, leads = np.asarray(cosines, dtype=float), np.asarray(leads, dtype=float)
    if cosines.shape != leads.shape:
        raise ValueError(
            f"expected a cosine and a lead for each word, got {len(cosines)} and {len(leads)}"
        )
    figure, axes = new_axes(5.8, 3.8)
    rest = np.ones(len(cosines), dtype=bool)
    rest[list(chosen)] = False
    axes.scatter(
        cosines[rest],
        leads[rest],
        s=5,
        color=GREY,
        alpha=0.35,
        lw=0,
        label="a word of the vocabulary",
    )
    axes.scatter(
        cosines[~rest],
        leads[~rest],
        s=46,
        marker="^",
        color=ORANGE,
        edgecolor=INK,
        lw=0.6,
        label="one of the interpretation's words",
    )
    axes.axhline(0, color=FAINT, linewidth=1, zorder=0)
    axes.axvline(0, color=FAINT, linewidth=1, zorder=0)
    legend_above(axes, fontsize=9)
    axes.set(
        xlabel="cosine of the word's vector with $x_{overall}$",
        ylabel=f"lead of {literal(name)} in a text of this word (logits)",
    )
    figure.suptitle(literal(title), fontsize=10)
    return figure
