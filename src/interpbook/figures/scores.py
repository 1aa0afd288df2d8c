"""Figures of signed scores: matrices, bars, running sums, a filter's windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from interpbook.figures.lettering import literal, note
from interpbook.figures.style import (
    BLUE,
    FAINT,
    GREY,
    INK,
    ORANGE,
    SIGNED,
    Array,
    legend_above,
    new_axes,
    signed_norm,
)
from interpbook.scores import Explanation


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
        Written above the figure and on the colour bar.
    annotate : bool
        Write each number into its cell.

    Examples
    --------
    >>> scores = [[0.1, -0.1], [1.2, -0.9]]
    >>> figure = signed_heatmap(scores, ["a", "dull"], ["negative", "positive"])
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['negative', 'positive']
    """
    scores = np.asarray(scores)
    figure, axes = new_axes(1.8 + 0.95 * scores.shape[1], 0.8 + 0.32 * scores.shape[0])
    sns.heatmap(
        scores,
        ax=axes,
        cmap=SIGNED,
        norm=signed_norm(scores),
        annot=np.round(scores, 2) + 0.0 if annotate else False,  # + 0.0: no -0.00
        fmt=".2f",
        linewidths=0.5,
        linecolor="#eeeeee",
        xticklabels=[literal(name) for name in columns],
        yticklabels=[literal(name) for name in rows],
        cbar_kws={"label": unit},
    )
    axes.tick_params(length=0)
    axes.tick_params(axis="y", rotation=0)
    axes.set_title(literal(title))
    return figure


def signed_bars(
    labels: Sequence[str], scores: Array, *, title: str = "", unit: str = "logits"
) -> Figure:
    """Draw one horizontal bar for each labelled score, the first on top.

    Examples
    --------
    >>> figure = signed_bars(["a", "dull", "film"], [0.1, 1.2, -0.3])
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['a', 'dull', 'film']
    """
    scores = np.asarray(scores, dtype=float)
    figure, axes = new_axes(6.4, 0.9 + 0.3 * len(scores))
    colours = [BLUE if score >= 0 else ORANGE for score in scores]
    bars = axes.barh(range(len(scores)), scores, color=colours, height=0.7)
    axes.bar_label(bars, fmt="%+.2f", padding=3, fontsize=8)
    _name_rows(axes, labels, unit, title)
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
        Written above the figure and on the axis.

    Examples
    --------
    >>> figure = waterfall(["a", "dull", "film"], [0.1, 1.2, -0.3], total="logit")
    >>> figure.axes[0].get_yticklabels()[-1].get_text()
    'logit'
    """
    scores = np.asarray(scores, dtype=float)
    ends = scores.cumsum()
    lengths = np.append(scores, scores.sum())
    begins = np.append(ends - scores, 0.0)
    figure, axes = new_axes(6.4, 1.0 + 0.3 * len(lengths))
    colours = [BLUE if length >= 0 else ORANGE for length in lengths]
    bars = axes.barh(range(len(lengths)), lengths, left=begins, color=colours, height=0.66)
    bars[-1].set(edgecolor=INK, linewidth=1.5)
    axes.vlines(ends, np.arange(len(ends)) - 0.33, np.arange(len(ends)) + 1.33, color=FAINT, lw=1)
    right = np.maximum(begins, begins + lengths)
    for row, (place, length) in enumerate(zip(right, lengths, strict=True)):
        note(axes, f"{length:+.2f}", (place, row), (4, 0), va="center")
    _name_rows(axes, [*labels, total], unit, title)
    return figure


def _name_rows(axes: Axes, labels: Sequence[str], unit: str, title: str) -> None:
    """Name bars from the top down, leave room for their numbers, and mark zero."""
    axes.set_yticks(range(len(labels)), [literal(name) for name in labels])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set(xlabel=unit, title=literal(title))


def ngram_waterfall(
    explanation: Explanation, label: int | None = None, *, shown: int = 8, title: str = ""
) -> Figure:
    """Draw how the n-grams of one text add up to a class's lead over the mean of the others.

    Parameters
    ----------
    explanation : Explanation
        Explanation of one text.
    label : int, optional
        A class number; the predicted class if left out.
    shown : int
        How many n-grams get a bar of their own, the most decisive ones.
    title : str
        Written above the figure.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> explanation = load_classifier("reviews").explain("A dull and lifeless film")
    >>> figure = ngram_waterfall(explanation, shown=2)
    >>> figure.axes[0].get_xlabel()
    'lead of negative (logits)'
    """
    label = explanation.predicted if label is None else label
    ngrams = explanation.ngrams(label)
    labels = [str(ngram) for ngram in ngrams[:shown]]
    scores = [ngram.score for ngram in ngrams[:shown]]
    rest = ngrams[shown:]
    if rest:
        labels.append(f"{len(rest):,} more n-grams")
        scores.append(sum(ngram.score for ngram in rest))
    # What A holds besides: the silent filters' equal shares of the output biases.
    lead = float(explanation.evidence(label).sum())
    labels.append(f"{explanation.silent_filters} silent filters")
    scores.append(lead - sum(scores))
    name = literal(explanation.class_names[label])
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
        Written below the figure.

    Examples
    --------
    >>> series = {"B": [0.1, 1.2, 0.0], "what happens": [0.2, 0.9, 0.1]}
    >>> figure = paired_bars(["a", "dull", "film"], series)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['B', 'what happens']
    """
    figure, axes = new_axes(6.4, 1.1 + 0.36 * len(labels))
    rows, height = np.arange(len(labels)), 0.38
    looks = ({"color": BLUE}, {"color": FAINT, "hatch": "///", "edgecolor": GREY})
    for number, ((name, values), look) in enumerate(zip(series.items(), looks, strict=True)):
        axes.barh(
            rows + (number - 0.5) * height, np.asarray(values), height, label=literal(name), **look
        )
    axes.set_yticks(rows, [literal(name) for name in labels])
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=0.8)
    legend_above(axes, ncols=2)
    axes.set_xlabel(unit)
    return figure


def window_scores(tokens: Sequence[str], scores: Array, width: int, *, title: str = "") -> Figure:
    """Draw one filter's score at every window of a sentence, the best window marked.

    Parameters
    ----------
    tokens : sequence of str
        The sentence's l words.
    scores : array of shape (l - n + 1,)
        u_i of the window that starts at word i.
    width : int
        The width n of the filter's windows.
    title : str
        Written above the figure.

    Examples
    --------
    >>> words = "what a dull and lifeless film".split()
    >>> figure = window_scores(words, [0.1, 0.2, 1.5, 0.3], width=3)
    >>> len(figure.axes)
    1
    """
    scores = np.asarray(scores, dtype=float)
    best = int(scores.argmax())
    figure, axes = new_axes(max(4.5, 0.75 * len(tokens)), 2.9)
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
    axes.set_xticks(range(len(tokens)), [literal(name) for name in tokens], rotation=45, ha="right")
    axes.margins(y=0.2)
    axes.set(
        ylabel="filter score u",
        xlabel=f"first word of the window (width {width})",
        title=literal(title),
    )
    return figure
