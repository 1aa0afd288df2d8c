"""Records and small arrays as matplotlib figures, in one style.

Each function draws on new axes and returns the figure. Signed scores get one diverging map, blue
for and orange against, centred on zero, the same for every colour vision. The paper under each
figure is white in both themes, so that ink keeps its contrast.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from interpbook.explanations import Explanation

Array = np.ndarray | Tensor | Sequence

BLUE, ORANGE, INK, FAINT = "#2171b5", "#d95f02", "#222222", "#c8c8c8"
SIGNED = LinearSegmentedColormap.from_list(
    "signed", [ORANGE, "#fdd0a2", "#ffffff", "#c6dbef", BLUE]
)
STYLE = {
    "figure.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "font.size": 10,
    "figure.dpi": 110,
}


def _axes(width: float, height: float) -> tuple[Figure, plt.Axes]:
    _load_backend()
    with plt.rc_context(STYLE):
        return plt.subplots(figsize=(width, height), layout="constrained")


@cache
def _load_backend() -> None:
    """Let a notebook's backend set itself up before the first ``rc_context``.

    It makes pyplot interactive as it loads. Loaded inside the context, with the first figure, that
    would be undone at the context's end, and the notebook would show no figure after the first.
    """
    plt.switch_backend(plt.get_backend())


def signed_heatmap(
    scores: Array,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str = "",
    unit: str = "logits",
    annotate: bool = True,
) -> Figure:
    """Draw a matrix of signed scores, zero white.

    Parameters
    ----------
    scores : array of shape (R, C)
        Signed numbers.
    rows, columns : sequence of str
        R row and C column labels.
    title, unit : str
        Above the figure; on the colour bar.
    annotate : bool
        Write each number into its cell.
    """
    scores = np.asarray(scores)
    figure, axes = _axes(1.8 + 0.95 * scores.shape[1], 0.8 + 0.32 * scores.shape[0])
    limit = max(np.abs(scores).max(initial=0), 1e-12)
    sns.heatmap(
        scores,
        ax=axes,
        cmap=SIGNED,
        norm=TwoSlopeNorm(0, -limit, limit),
        annot=annotate,
        fmt=".2f",
        linewidths=0.5,
        linecolor="#eeeeee",
        xticklabels=list(columns),
        yticklabels=list(rows),
        cbar_kws={"label": unit},
    )
    axes.tick_params(length=0)
    axes.tick_params(axis="y", rotation=0)
    axes.set_title(title)
    return figure


def signed_bars(
    labels: Sequence[str], scores: Array, *, title: str = "", unit: str = "logits"
) -> Figure:
    """Draw one horizontal bar for each labelled score, the first on top."""
    scores = np.asarray(scores, dtype=float)
    figure, axes = _axes(6.4, 0.9 + 0.3 * len(scores))
    colours = [BLUE if score >= 0 else ORANGE for score in scores]
    bars = axes.barh(range(len(scores)), scores, color=colours, height=0.7)
    axes.bar_label(bars, fmt="%+.2f", padding=3, fontsize=8)
    axes.set_yticks(range(len(scores)), labels)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set(xlabel=unit, title=title)
    return figure


def window_scores(tokens: Sequence[str], scores: Array, width: int, *, title: str = "") -> Figure:
    """Draw one filter's score at every window of a sentence, the best window marked.

    Parameters
    ----------
    tokens : sequence of str
        The l words.
    scores : array of shape (l - n + 1,)
        u_i of the window that starts at word i.
    width : int
        n.
    title : str
        Above the figure.
    """
    scores = np.asarray(scores, dtype=float)
    best = int(scores.argmax())
    figure, axes = _axes(max(4.5, 0.75 * len(tokens)), 2.9)
    axes.axvspan(best - 0.45, best + width - 0.55, color=BLUE, alpha=0.12)
    colours = [BLUE if i == best else FAINT for i in range(len(scores))]
    axes.vlines(range(len(scores)), 0, scores, color=colours, linewidth=3)
    axes.scatter(range(len(scores)), scores, color=colours, zorder=3)
    axes.annotate(
        f"u_max = {scores[best]:.2f}",
        (best, scores[best]),
        xytext=(6, 6),
        textcoords="offset points",
    )
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_xticks(range(len(tokens)), tokens, rotation=45, ha="right")
    axes.margins(y=0.2)
    axes.set(
        ylabel="filter score u", xlabel=f"first word of the window (width {width})", title=title
    )
    return figure


def id_grid(ids: Array, words: Sequence[Sequence[str]], *, title: str = "") -> Figure:
    """Draw a padded batch: each cell a word and its id, padding hatched.

    Parameters
    ----------
    ids : array of shape (N, l), int
        0 is padding.
    words : sequence of N sequences of str
        The documents' words, without padding.
    title : str
        Above the figure.
    """
    ids = np.asarray(ids)
    documents, length = ids.shape
    figure, axes = _axes(0.3 + 1.05 * length, 0.5 + 0.75 * documents)
    for d in range(documents):
        for i in range(length):
            empty = ids[d, i] == 0
            axes.add_patch(
                Rectangle(
                    (i, d),
                    1,
                    1,
                    facecolor="#f4f4f4" if empty else "#deebf7",
                    edgecolor="white",
                    hatch="///" if empty else None,
                    linewidth=2,
                )
            )
            word = "" if i >= len(words[d]) else words[d][i]
            axes.text(i + 0.5, d + 0.38, word, ha="center", va="center", color=INK)
            axes.text(
                i + 0.5,
                d + 0.72,
                str(ids[d, i]),
                ha="center",
                va="center",
                color="#555555",
                fontsize=8,
                family="monospace",
            )
    axes.set(xlim=(0, length), ylim=(documents, 0), title=title)
    axes.set_xticks(np.arange(length) + 0.5, range(length))
    axes.set_yticks(np.arange(documents) + 0.5, [f"doc {d}" for d in range(documents)])
    axes.tick_params(length=0)
    axes.set_xlabel("position")
    axes.spines[:].set_visible(False)
    return figure


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
    figure, axes = _axes(6.2, 3.2)
    colours = (BLUE, ORANGE, "#555555", "#41ab5d")
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
    figure, axes = _axes(6.4, 4.2)
    colours = (BLUE, ORANGE, "#555555", "#41ab5d")
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


def histogram(
    values: Array,
    *,
    xlabel: str,
    ylabel: str,
    bins: int = 40,
    mark: float | None = None,
    mark_label: str = "",
    title: str = "",
) -> Figure:
    """Draw how often values occur; ``mark`` draws a labelled vertical line.

    Parameters
    ----------
    values : array of shape (n,)
        Numbers.
    xlabel, ylabel, title : str
        Labels, with units.
    bins : int
        Number of bars.
    mark, mark_label
        A position and its name.
    """
    figure, axes = _axes(6.2, 2.9)
    axes.hist(np.asarray(values).ravel(), bins=bins, color=BLUE, alpha=0.85)
    if mark is not None:
        axes.axvline(mark, color=ORANGE, linewidth=2, linestyle="--", label=mark_label)
        axes.legend(frameon=False)
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return figure


def waterfall(
    labels: Sequence[str],
    scores: Array,
    *,
    total: str = "sum",
    title: str = "",
    unit: str = "logits",
) -> Figure:
    """Draw scores one after the other, each bar from where the last one ended, and their sum.

    Parameters
    ----------
    labels : sequence of str
        R labels.
    scores : array of shape (R,)
        Signed numbers.
    total : str
        The label of the sum, the lowest bar.
    title, unit : str
        Above the figure; on the axis.
    """
    scores = np.asarray(scores, dtype=float)
    ends = scores.cumsum()
    lengths = np.append(scores, scores.sum())
    begins = np.append(ends - scores, 0.0)
    figure, axes = _axes(6.4, 1.0 + 0.3 * len(lengths))
    colours = [BLUE if length >= 0 else ORANGE for length in lengths]
    bars = axes.barh(range(len(lengths)), lengths, left=begins, color=colours, height=0.66)
    bars[-1].set(edgecolor=INK, linewidth=1.5)
    axes.vlines(ends, np.arange(len(ends)) - 0.33, np.arange(len(ends)) + 1.33, color=FAINT, lw=1)
    right = np.maximum(begins, begins + lengths)
    for row, (place, length) in enumerate(zip(right, lengths, strict=True)):
        axes.annotate(
            f"{length:+.2f}",
            (place, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    axes.set_yticks(range(len(lengths)), [*labels, total])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set(xlabel=unit, title=title)
    return figure


def ngram_waterfall(
    explanation: Explanation, label: int | None = None, *, shown: int = 8, title: str = ""
) -> Figure:
    """Draw how the n-grams of one text add up to a class's lead over the mean of the others.

    Parameters
    ----------
    explanation : Explanation
        Of one text.
    label : int, optional
        A class number; the predicted class if left out.
    shown : int
        How many n-grams get a bar of their own, the most decisive ones.
    title : str
        Above the figure.
    """
    label = explanation.predicted if label is None else label
    ngrams = explanation.ngrams(label)
    labels = [" ".join(ngram.words).replace("<pad>", "·") for ngram in ngrams[:shown]]
    scores = [ngram.score for ngram in ngrams[:shown]]
    rest = ngrams[shown:]
    if rest:
        labels.append(f"{len(rest)} more n-grams")
        scores.append(sum(ngram.score for ngram in rest))
    # What A holds besides: the silent filters' equal shares of the output biases.
    lead = float(explanation.evidence(label).sum())
    labels.append(f"{explanation.silent_filters} silent filters")
    scores.append(lead - sum(scores))
    name = explanation.class_names[label]
    return waterfall(labels, scores, title=title, unit=f"lead of {name} (logits)")


def paired_bars(labels: Sequence[str], series: dict[str, Array], *, unit: str = "logits") -> Figure:
    """Draw horizontal bars of two named series side by side, told apart by hatching too.

    Parameters
    ----------
    labels : sequence of str
        What the R groups are, the first on top.
    series : dict of str to array of shape (R,)
        The two series by name.
    unit : str
        Below the figure.
    """
    figure, axes = _axes(6.4, 1.1 + 0.36 * len(labels))
    rows, height = np.arange(len(labels)), 0.38
    looks = ({"color": BLUE}, {"color": FAINT, "hatch": "///", "edgecolor": "#555555"})
    for number, ((name, values), look) in enumerate(zip(series.items(), looks, strict=True)):
        axes.barh(rows + (number - 0.5) * height, np.asarray(values), height, label=name, **look)
    axes.set_yticks(rows, labels)
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    axes.set_xlabel(unit)
    return figure


def padding_map(plans: dict[str, Sequence[Array]], *, title: str = "") -> Figure:
    """Draw batches document by document: tokens filled, the padding above them hatched.

    Parameters
    ----------
    plans : dict of str to sequence of arrays of int
        Each way of making batches: its name, and the documents' lengths batch by batch.
    title : str
        Above the figure.
    """
    _load_backend()
    with plt.rc_context(STYLE):
        figure, rows = plt.subplots(
            len(plans), figsize=(6.6, 0.5 + 1.7 * len(plans)), layout="constrained", sharey=True
        )
    rows = np.atleast_1d(rows)
    for axes, (name, plan) in zip(rows, plans.items(), strict=True):
        plan = [np.asarray(lengths) for lengths in plan]
        first, cells = 0, sum(len(lengths) * lengths.max() for lengths in plan)
        for lengths in plan:
            x = np.arange(first, first + len(lengths)) + 0.5
            axes.bar(x, lengths.max(), 1, color="#f4f4f4", edgecolor=FAINT, hatch="////", lw=0)
            axes.bar(x, lengths, 1, color=BLUE, edgecolor="white", lw=0.4)
            first += len(lengths)
            axes.axvline(first, color=INK, linewidth=0.8)
        padding = 1 - sum(lengths.sum() for lengths in plan) / cells
        axes.set_title(f"{name}: {padding:.0%} of the cells are padding", loc="left")
        axes.set(xlim=(0, first), ylabel="tokens")
    rows[-1].set_xlabel("documents, batch after batch")
    figure.suptitle(title)
    return figure
