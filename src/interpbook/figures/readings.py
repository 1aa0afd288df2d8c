"""Figures of interpretations read back: shares with intervals, overlaps of word lists, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from interpbook import _html as markup
from interpbook.figures.style import BLUE, FAINT, GREY, INK, ORANGE, Array, new_axes

_SHARED = LinearSegmentedColormap.from_list("shared", ["#ffffff", "#c6dbef", BLUE, "#08306b"])


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
        Each between 0 and 1.
    intervals : sequence of R (low, high)
        Need not be symmetric.
    mark : float, optional
        A share to compare with, drawn as a line.
    unit : str
        Below the figure.

    Raises
    ------
    ValueError
        If the three are not as many, there is none, or a share lies outside its interval.
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
        axes.annotate(
            f"{100 * share:.0f}",
            (100 * share, row),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set_yticks(rows, labels)
    axes.grid(axis="x", color="#eeeeee")
    axes.set_axisbelow(True)
    axes.set(xlim=(-2, 104), ylim=(len(labels) - 0.5, -0.7), xlabel=unit)
    return figure


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
    """
    if not panels:
        raise ValueError("expected at least one matrix of shares, got none")
    figure, axes = new_axes(0.7 + 3.1 * len(panels), 3.4, rows=1, ncols=len(panels), squeeze=False)
    for panel, (title, (shares, classes)) in zip(axes.flat, panels.items(), strict=True):
        picture = _draw_overlaps(panel, np.asarray(shares, dtype=float), list(classes))
        panel.set_title(title, fontsize=10)
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
    axes.set_xticks(middles, names, fontsize=8, rotation=30, ha="right")
    axes.set_yticks(middles, names, fontsize=8)
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
        The interpretation's words, drawn as triangles.
    name : str
        The class.
    title : str
        Above the figure.

    Raises
    ------
    ValueError
        If the arrays are not as long as each other.
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
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=9)
    axes.set(
        xlabel="cosine of the word's vector with $x_{overall}$",
        ylabel=f"lead of {name} in a text of this word (logits)",
    )
    figure.suptitle(title, fontsize=10)
    return figure


def read_back_html(
    text: str,
    words: Sequence[Sequence[str]],
    before: Array,
    after: Array,
    class_names: Sequence[str],
) -> str:
    """Return an interpretation as HTML: the text, the words of each location, and both verdicts.

    Parameters
    ----------
    text : str
        What was interpreted.
    words : sequence of sequences of str
        Of each location, the strongest first.
    before, after : arrays of shape (c,)
        Class probabilities of the text, and of all the words read as a text.
    class_names : sequence of str
        The c names.
    """
    before, after = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    said, again = int(before.argmax()), int(after.argmax())
    verdict = "kept" if said == again else "not kept"
    parts = [
        markup.paragraph(text),
        markup.paragraph(f"The model says {class_names[said]} ({before[said]:.0%})."),
        *(
            markup.paragraph(f"Location {number}: {', '.join(row)}")
            for number, row in enumerate(words, start=1)
        ),
        markup.paragraph(
            f"Of these words it says {class_names[again]} ({after[again]:.0%}): {verdict}."
        ),
    ]
    return markup.page(*parts)
