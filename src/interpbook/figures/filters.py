"""Figures of what filters choose and what they would like to choose."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.typing import ColorType

from interpbook.figures.lettering import drawable, literal, note, text_width
from interpbook.figures.style import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    ORANGE,
    SIGNED,
    Array,
    legend_above,
    new_axes,
    signed_norm,
)
from interpbook.filters import FilterProfile, discriminative_ngrams
from interpbook.scores import Explanation, Ngram
from interpbook.text import PADDING_WORD

# Lengths in points. A line has fewer words than a page's column could hold, since it has to be
# readable on a phone.
_LINE, _WORD, _LANE, _FONT = 390, 15, 7, 10
_LOOKS = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (GREY, ":", "^"), (GREEN, "-.", "D"))
_COUNTS = plt.get_cmap("cividis_r")


def ngram_map(explanations: Sequence[Explanation], epsilon: float, *, shown: int = 6) -> Figure:
    """Write texts and underline their discriminative n-grams, one line style for each size.

    Parameters
    ----------
    explanations : sequence of Explanation
        One explanation for each text.
    epsilon : float
        Threshold in squared logits (``discriminative_ngrams``).
    shown : int
        How many n-grams of a text to underline, the most decisive ones.

    References
    ----------
    Xu & Du (2020), Figure 3.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> explanation = load_classifier("reviews").explain("A dull and lifeless film")
    >>> figure = ngram_map([explanation], epsilon=0.0, shown=2)
    >>> [text.get_text() for text in figure.axes[0].texts[:4]]
    ['predicted: negative', 'A', 'dull', 'and']
    """
    sizes = sorted({int(n) for explanation in explanations for n in explanation.widths})
    looks = dict(zip(sizes, cycle(_LOOKS), strict=False))
    figure, axes = new_axes(_LINE / 72, 1.0)
    top = 0.0
    for explanation in explanations:
        ngrams = discriminative_ngrams(explanation, epsilon)[:shown]
        name = explanation.class_names[explanation.predicted]
        _write(axes, 0.0, top + _WORD, f"predicted: {name}", color=GREY, fontsize=_FONT - 1)
        top += _WORD
        for places in _lines(_pieces(explanation)):
            top += _WORD
            for left, _, piece in places.values():
                _write(axes, left, top, piece, color=INK, fontsize=_FONT)
            here = [ngram for ngram in ngrams if _inside(ngram, places)]
            lanes = _lanes(here)
            for ngram, lane in zip(here, lanes, strict=True):
                _underline(axes, ngram, places, top + 6 + _LANE * lane, looks)
            top += 6 + _LANE * (1 + max(lanes, default=-1))
        top += _WORD
    figure.set_figheight((top + 2 * _WORD) / 72)
    axes.set(xlim=(0, _LINE), ylim=(top, 0))
    axes.set_axis_off()
    handles = [
        Line2D([], [], color=colour, linestyle=dash, linewidth=2, label=f"{n}-gram")
        for n, (colour, dash, _) in looks.items()
    ]
    axes.legend(
        handles=handles, ncols=4, frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0)
    )
    return figure


def _write(axes: plt.Axes, x: float, y: float, text: str, **looks: Any) -> None:
    """Write a reader's text as it is: a pair of dollar signs is no formula here."""
    axes.text(x, y, drawable(text), parse_math=False, **looks)


def _pieces(explanation: Explanation) -> list[tuple[str, str]]:
    """Return each word as the text has it, and the word together with the signs after it."""
    spans = explanation.spans
    ends = [*(span.start for span in spans[1:]), len(explanation.text)]
    if explanation.unread:  # what stands after the last word was not read
        ends[-1] = spans[-1].end
    return [
        (explanation.text[span.start : span.end], explanation.text[span.start : end].rstrip())
        for span, end in zip(spans, ends, strict=True)
    ]


def _lines(pieces: Sequence[tuple[str, str]]) -> list[dict[int, tuple[float, float, str]]]:
    """Break a text into lines: by a word's number where it begins and ends, and what to write."""
    lines: list[dict[int, tuple[float, float, str]]] = [{}]
    left = 0.0
    for i, (word, piece) in enumerate(pieces):
        if lines[-1] and left + text_width(piece, _FONT) > _LINE:
            lines.append({})
            left = 0.0
        lines[-1][i] = (left, left + text_width(word, _FONT), piece)
        left += text_width(piece, _FONT) + 0.5 * _FONT
    return lines


def _inside(ngram: Ngram, places: dict[int, tuple[float, float, str]]) -> list[int]:
    """Return the numbers of the n-gram's words that stand in a line."""
    return [i for i in range(ngram.start, ngram.start + len(ngram.words)) if i in places]


def _lanes(ngrams: Sequence[Ngram]) -> list[int]:
    """Give each n-gram the highest lane under the text that is free over all its words."""
    taken: list[set[int]] = []
    lanes = [0] * len(ngrams)
    reading = sorted(range(len(ngrams)), key=lambda g: (ngrams[g].start, -len(ngrams[g].words)))
    for number in reading:
        words = set(range(ngrams[number].start, ngrams[number].start + len(ngrams[number].words)))
        lane = next((i for i, used in enumerate(taken) if not used & words), len(taken))
        if lane == len(taken):
            taken.append(set())
        taken[lane] |= words
        lanes[number] = lane
    return lanes


def _underline(
    axes: plt.Axes,
    ngram: Ngram,
    places: dict[int, tuple[float, float, str]],
    height: float,
    looks: dict[int, tuple[str, str, str]],
) -> None:
    """Draw the part of an n-gram's line that lies under one line of text."""
    inside = _inside(ngram, places)
    colour, dash, _ = looks[len(ngram.words)]
    left, right = places[inside[0]][0], places[inside[-1]][1]
    begin = min(left + 6, right - 2)  # right of the size's number, even under a single letter
    axes.plot([begin, right], [height, height], dash, color=colour, linewidth=2)
    axes.text(left, height + 2.2, str(len(ngram.words)), color=colour, fontsize=6.5)


def count_strips(
    counts: dict[str, Array], widths: Sequence[int] = (3, 4, 5), *, unit: str = "documents"
) -> Figure:
    """Draw one bar a filter, models below each other: in how many documents it decides.

    A filter that decides in no document has an orange tick below the zero line.

    Parameters
    ----------
    counts : dict of str to array of shape (k,)
        Each model's name and its filters' counts, in the order of the rows of A.
    widths : sequence of int
        Widths of the filters' windows, each with the same number of filters.
    unit : str
        What the counts are of.

    References
    ----------
    Xu & Du (2020), Figure 4, which shows the colours without the bars.

    Examples
    --------
    >>> figure = count_strips({"imdb": [5, 0, 3, 2, 0, 1]}, widths=(3, 4, 5))
    >>> len(figure.axes)
    2
    """
    figure, rows = new_axes(6.2, 0.7 + 1.05 * len(counts), rows=len(counts), sharey=True)
    rows = np.atleast_1d(rows)
    most = max(1, *(int(np.asarray(values).max()) for values in counts.values()))
    norm = LogNorm(1, max(most, 2))
    for axes, (name, values) in zip(rows, counts.items(), strict=True):
        values = np.asarray(values)
        edges = np.linspace(0, len(values), len(widths) + 1) - 0.5
        axes.bar(np.arange(len(values)), values, 1.0, color=_COUNTS(norm(np.maximum(values, 1))))
        silent = np.flatnonzero(values == 0)
        axes.vlines(silent, -0.12 * most, -0.04 * most, color=ORANGE, linewidth=1)
        axes.vlines(edges[1:-1], 0, most, color=GREY, linewidth=0.8, linestyle="--")
        axes.set(
            xlim=(-0.5, len(values) - 0.5), ylabel=literal(name), ylim=(-0.16 * most, 1.05 * most)
        )
        axes.yaxis.label.set(rotation=0, ha="right", va="center")
        for width, left, right in zip(widths, edges, edges[1:], strict=False):
            if axes is rows[0]:
                note(
                    axes,
                    f"width {width}",
                    ((left + right) / 2, 1),
                    (0, 3),
                    xycoords=("data", "axes fraction"),
                    ha="center",
                    color=GREY,
                )
    rows[-1].set_xlabel("position of the filter")
    figure.colorbar(ScalarMappable(norm, _COUNTS), ax=list(rows), label=unit, pad=0.01)
    return figure


def shares_by_k(
    panels: dict[str, dict[str, Float[np.ndarray, "K S"]]],
    filters: Sequence[int],
    *,
    ylabel: str,
) -> Figure:
    """Draw shares over the number of filters: a dot for each seed, a line through the means.

    Parameters
    ----------
    panels : dict of str to dict of str to array of shape (K, S)
        Each panel's title and its named series: K numbers of filters, S seeds; nan where a run is
        missing.
    filters : sequence of K int
        k.
    ylabel : str
        Name of the y axis: what the shares are of.

    Examples
    --------
    >>> import numpy as np
    >>> ratios = {"@Ratio1": np.array([[0.5, 0.6], [0.7, 0.7]])}
    >>> figure = shares_by_k({"imdb": ratios}, filters=[30, 150], ylabel="share of the features")
    >>> figure.axes[0].get_title(loc="left")
    'imdb'
    """
    figure, rows = new_axes(6.0, 0.8 + 2.1 * len(panels), rows=len(panels), sharex=True)
    rows = np.atleast_1d(rows)
    places = np.arange(len(filters))
    for axes, (title, series) in zip(rows, panels.items(), strict=True):
        for (name, values), (colour, dash, marker) in zip(
            series.items(), cycle(_LOOKS), strict=False
        ):
            values = np.asarray(values, dtype=float)
            axes.plot(places, np.nanmean(values, axis=1), dash, color=colour, linewidth=1.8)
            # Side by side, so that the dots of two series do not cover each other.
            shift = 0.12 * (list(series).index(name) - (len(series) - 1) / 2)
            spots = np.repeat(places + shift, values.shape[1])
            axes.plot(spots, values.ravel(), marker, color=colour, markersize=4.5, alpha=0.8)
        axes.set_title(literal(title), loc="left", fontsize=10)
        axes.set_ylabel(ylabel)
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:.0%}")
        axes.set_ylim(bottom=0)
        axes.grid(axis="y", color=FAINT, linewidth=0.5)
    names = list(next(iter(panels.values())))
    handles = [
        Line2D(
            [], [], color=colour, linestyle=dash, marker=marker, markersize=4.5, label=literal(name)
        )
        for name, (colour, dash, marker) in zip(names, cycle(_LOOKS), strict=False)
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(names), frameon=False)
    rows[-1].set_xticks(places, filters)
    rows[-1].set_xlabel("number of filters k")
    return figure


def padding_capture(shares: dict[str, Array], *, marked: Array, mark: str) -> Figure:
    """Draw what kind of window every filter chose, as shares of the documents.

    Parameters
    ----------
    shares : dict of str to array of shape (k,)
        Kinds of windows, from the bottom up; a filter's shares sum to 1. Filters are sorted by the
        last kind, most first.
    marked : array of shape (k,), bool
        Filters to mark with a dot above.
    mark : str
        What the dots mean.

    Examples
    --------
    >>> import numpy as np
    >>> shares = {"words": [0.9, 0.2], "padding": [0.1, 0.8]}
    >>> figure = padding_capture(shares, marked=np.array([False, True]), mark="alive on padding")
    >>> len(figure.axes)
    1
    """
    kinds = {name: np.asarray(values, dtype=float) for name, values in shares.items()}
    order = np.argsort(-list(kinds.values())[-1], kind="stable")
    figure, axes = new_axes(6.2, 3.0)
    looks = (
        {"color": BLUE},
        {"color": "#fdd0a2", "hatch": "////", "edgecolor": ORANGE},
        {"color": "#eeeeee", "hatch": "....", "edgecolor": GREY},
    )
    places, base = np.arange(len(order)), np.zeros(len(order))
    for (name, values), look in zip(kinds.items(), looks, strict=False):
        axes.bar(places, values[order], 1.0, bottom=base, label=literal(name), linewidth=0, **look)
        base += values[order]
    dots = places[np.asarray(marked)[order]]
    axes.plot(dots, np.full(len(dots), 1.04), "v", color=INK, markersize=4, label=literal(mark))
    legend_above(axes, ncols=2)
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:.0%}")
    axes.set(xlim=(-0.5, len(order) - 0.5), ylim=(0, 1.08), ylabel="documents")
    axes.set_xlabel("filters, the one that padding wins most often first")
    return figure


def filter_profile_map(profile: FilterProfile, *, top: int = 5) -> Figure:
    """Draw a filter's wishes slot by slot, its ideal n-gram, and what it found in a corpus.

    Parameters
    ----------
    profile : FilterProfile
        The filter's profile.
    top : int
        How many words to show for each slot, and how many of the n-grams found.

    Examples
    --------
    >>> from interpbook import filter_profile, load_classifier
    >>> profile = filter_profile(load_classifier("reviews"), 7)
    >>> figure = filter_profile_map(profile, top=3)
    >>> profile.ideal.words[0] in {text.get_text() for axes in figure.axes for text in axes.texts}
    True
    """
    found = profile.found[:top]
    wishes = list(zip(*(slot[:top] for slot in profile.slots), strict=True))
    real = [list(zip(ngram.words, ngram.slots, strict=True)) for ngram in found]
    gap = 0.5 if real else 0.0
    rows = len(wishes) + gap + len(real)
    figure, axes = new_axes(0.9 + 1.1 * (profile.width + 0.8), 0.5 + 0.38 * rows)
    norm = signed_norm([score for cells in (*wishes, *real) for _, score in cells])
    heights = [float(row + gap * (row >= len(wishes))) for row in range(len(wishes) + len(real))]
    for row, cells in zip(heights, (*wishes, *real), strict=True):
        for j, (word, score) in enumerate(cells):
            shown = "·" if word == PADDING_WORD else word
            _cell(axes, float(j), row, shown, score, SIGNED(norm(score)))
    # The ideal n-gram: the first wishes of all slots, read together.
    axes.add_patch(plt.Rectangle((-0.5, -0.47), profile.width, 0.94, fill=False, edgecolor=INK))
    scored = {0: profile.ideal, **dict(zip(heights[len(wishes) :], found, strict=True))}
    for row, ngram in scored.items():
        axes.text(profile.width - 0.4, row, f"u = {ngram.score:+.2f}", va="center", fontsize=9)
    ticks = ["ideal", *(f"wish {rank}" for rank in range(2, len(wishes) + 1))]
    ticks += [f"found {rank}" for rank in range(1, len(real) + 1)]
    axes.set(xlim=(-0.52, profile.width + 0.3), ylim=(rows - 0.5, -0.52))
    axes.set_yticks(heights, ticks)
    axes.set_xticks(range(profile.width), [f"slot {j}" for j in range(1, profile.width + 1)])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def _cell(axes: plt.Axes, j: float, row: float, word: str, score: float, colour: ColorType) -> None:
    """Draw one word and its slot score on the colour of the score."""
    axes.add_patch(plt.Rectangle((j - 0.48, row - 0.45), 0.96, 0.9, facecolor=colour))
    ink = max((INK, "white"), key=lambda ink: _contrast(ink, colour))
    _write(axes, j, row - 0.12, word, ha="center", va="center", fontsize=8.5, color=ink)
    axes.text(j, row + 0.26, f"{score:+.2f}", ha="center", va="center", fontsize=6.5, color=ink)


def _contrast(one: ColorType, other: ColorType) -> float:
    """Return the contrast of two colours, 1 to 21, as the accessibility guidelines count it."""
    dark, light = sorted(
        0.05
        + sum(
            share * (level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4)
            for share, level in zip((0.2126, 0.7152, 0.0722), to_rgb(colour), strict=True)
        )
        for colour in (one, other)
    )
    return light / dark


def ideal_against_found(profiles: Sequence[FilterProfile]) -> Figure:
    """Draw every filter's best real n-gram against its ideal one.

    Parameters
    ----------
    profiles : sequence of FilterProfile
        Profiles of filters, each with at least one n-gram found in a corpus.

    Examples
    --------
    >>> from interpbook import best_ngrams, filter_profile, load_classifier, load_corpus
    >>> from interpbook.models import batches
    >>> classifier, corpus = load_classifier("reviews"), load_corpus("reviews", "test")
    >>> documents, labels = classifier.encode(corpus.texts[:50]), corpus.labels[:50]
    >>> found = best_ngrams(classifier.model, batches(documents, labels, batch_size=50))
    >>> profiles = [filter_profile(classifier, p, found=found) for p in range(9)]
    >>> figure = ideal_against_found(profiles)
    >>> len(figure.axes)
    1
    """
    figure, axes = new_axes(5.2, 3.8)
    widths = sorted({profile.width for profile in profiles})
    for width, (colour, _, marker) in zip(widths, cycle(_LOOKS), strict=False):
        chosen = [profile for profile in profiles if profile.width == width]
        axes.plot(
            [profile.ideal.score for profile in chosen],
            [profile.found[0].score for profile in chosen],
            marker,
            color=colour,
            markersize=4.5,
            alpha=0.8,
            label=f"width {width}",
        )
    end = max(profile.ideal.score for profile in profiles)
    axes.plot([0, end], [0, end], color=INK, linewidth=0.8)
    note(axes, "as good as the ideal", (end, end), (-6, 0), ha="right", va="center")
    axes.axhline(0, color=FAINT, linewidth=0.8)
    axes.legend(frameon=False, loc="upper left")
    axes.set(
        xlabel="u of the ideal n-gram", ylabel="u of the best n-gram found", ylim=(None, 1.05 * end)
    )
    return figure
