"""Figures of words: encoded in batches, in a plane, as the views of B, on equation (13)'s curve."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from interpbook.figures.lettering import drawable, label_apart, literal, note, text_width
from interpbook.figures.style import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    ORANGE,
    Array,
    legend_above,
    new_axes,
)
from interpbook.scores import WordView, leave_out_scores, log_odds_falls
from interpbook.text import shortened

_WIDTH, _MARGIN = 352.0, 4.0  # points: what a phone shows without making it much smaller
_WORD, _NUMBER, _HEADING = 10.0, 7.5, 8.5  # sizes of type, in points
_BOX, _LINE, _HEAD, _GAP = 15.0, 31.0, 16.0, 8.0  # heights, in points
_SHOWN_WORDS = 120
_FAINTEST = 0.05  # share of the strongest score below which a word is plain


def id_grid(ids: Array, words: Sequence[Sequence[str]], *, title: str = "") -> Figure:
    """Draw a padded batch: each cell a word and its id, padding hatched.

    Parameters
    ----------
    ids : array of shape (N, l), int
        The words' ids, with 0 for padding.
    words : sequence of N sequences of str
        The documents' words, without padding.
    title : str
        Written above the figure.

    Examples
    --------
    >>> figure = id_grid([[2, 3, 4], [5, 0, 0]], [["a", "dull", "film"], ["good"]])
    >>> "dull" in {text.get_text() for text in figure.axes[0].texts}
    True
    """
    ids = np.asarray(ids)
    documents, length = ids.shape
    figure, axes = new_axes(0.3 + 1.05 * length, 0.5 + 0.75 * documents)
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
            word = "" if i >= len(words[d]) else literal(words[d][i])
            axes.text(i + 0.5, d + 0.38, word, ha="center", va="center", color=INK)
            axes.text(
                i + 0.5,
                d + 0.72,
                str(ids[d, i]),
                ha="center",
                va="center",
                color=GREY,
                fontsize=8,
                family="monospace",
            )
    axes.set(xlim=(0, length), ylim=(documents, 0), title=literal(title))
    axes.set_xticks(np.arange(length) + 0.5, range(length))
    axes.set_yticks(np.arange(documents) + 0.5, [f"doc {d}" for d in range(documents)])
    axes.tick_params(length=0)
    axes.set_xlabel("position")
    axes.spines[:].set_visible(False)
    return figure


def padding_map(plans: dict[str, Sequence[Array]], *, title: str = "") -> Figure:
    """Draw batches document by document: tokens filled, the padding above them hatched.

    Parameters
    ----------
    plans : dict of str to sequence of arrays of int
        Each way of making batches: its name, and the documents' lengths batch by batch.
    title : str
        Written above the figure.

    Examples
    --------
    >>> figure = padding_map({"as they come": [[3, 9], [4, 8]], "by length": [[3, 4], [8, 9]]})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['as they come: 29% of the cells are padding', 'by length: 8% of the cells are padding']
    """
    figure, rows = new_axes(6.6, 0.5 + 1.7 * len(plans), rows=len(plans), sharey=True)
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
        axes.set_title(f"{literal(name)}: {padding:.0%} of the cells are padding", loc="left")
        axes.set(xlim=(0, first), ylabel="tokens")
    rows[-1].set_xlabel("documents, batch after batch")
    figure.suptitle(literal(title))
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
        Written above the figure.

    Examples
    --------
    >>> places = [[0.0, 0.1], [0.2, 0.0], [2.0, 2.1]]
    >>> figure = word_map(["dull", "boring", "good"], places, ["bad", "bad", "good"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['dull', 'boring', 'good']
    """
    places, groups = np.asarray(places), np.asarray(groups)
    figure, axes = new_axes(6.4, 4.2)
    colours = (BLUE, ORANGE, GREY, GREEN)
    for group, colour, marker in zip(dict.fromkeys(groups), colours, "os^D", strict=False):
        of_group = groups == group
        axes.scatter(*places[of_group].T, color=colour, marker=marker, label=literal(group), s=28)
    legend_above(axes, ncols=4)
    axes.set(xlabel="first component", ylabel="second component", title=literal(title))
    axes.margins(x=0.12)
    labels = [(place, word, INK) for place, word in zip(places, words, strict=True)]
    label_apart(axes, labels, np.empty((0, 2)))
    return figure


def word_views(views: Sequence[WordView], *, title: str = "") -> Figure:
    """Draw sentences as rows of words, each coloured by its score, one view below the other.

    What speaks for the label is blue on a solid line, what speaks against it orange on a dotted
    one, and the score stands below. The strongest word of all the global views gets the full
    colour, and so does that of all the local ones, so views of a kind compare.

    Parameters
    ----------
    views : sequence of WordView
        Views from top to bottom, with a rule between different texts. Of a long text the first 120
        words are drawn.
    title : str
        Written above the figure.

    Raises
    ------
    ValueError
        If there is no view.

    References
    ----------
    Xu & Du (2020), Figure 6.

    Examples
    --------
    >>> from interpbook import load_classifier, word_view
    >>> explanation = load_classifier("reviews").explain("A dull and lifeless film")
    >>> views = [word_view(explanation, 0, how) for how in ("local", "global")]
    >>> figure = word_views(views)
    >>> "dull" in {text.get_text() for text in figure.axes[0].texts}
    True
    """
    if not views:
        raise ValueError("expected at least one view")
    limits = {view.how: 0.0 for view in views}
    for view in views:
        strongest = float(view.scores.abs().max()) if len(view.scores) else 0.0
        limits[view.how] = max(limits[view.how], strongest)

    lines = [_lines(view, limits[view.how]) for view in views]
    new_text = [False, *(a.explanation is not b.explanation for a, b in pairwise(views))]
    height = _GAP * (1 + sum(new_text))
    height += sum(_HEAD + _LINE * len(of_view) + _GAP for of_view in lines)
    height += _HEAD * sum(len(view.scores) > _SHOWN_WORDS for view in views)
    figure, axes = new_axes(_WIDTH / 72, (height + 24 * bool(title)) / 72)
    top = height / (height + 24 * bool(title))
    figure.set_layout_engine("none")
    axes.set_position((0, 0, 1, top))
    axes.set(xlim=(0, _WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    figure.suptitle(literal(title))

    y = _GAP
    for view, of_view, is_new in zip(views, lines, new_text, strict=True):
        if is_new:
            axes.axhline(y, color=FAINT, linewidth=0.8)
            y += _GAP
        axes.text(_MARGIN, y, _heading(view), fontsize=_HEADING, color=GREY, va="top")
        y += _HEAD
        for line in of_view:
            for x, width, index in line:
                share = float(view.scores[index]) / (limits[view.how] or 1.0)
                _draw_word(axes, (x, y, width), _word(view, index), share, _number(view, index))
            y += _LINE
        more = len(view.scores) - _SHOWN_WORDS
        if more > 0:
            axes.text(_MARGIN, y, f"{more:,} more words", fontsize=_HEADING, color=GREY, va="top")
            y += _HEAD
        y += _GAP
    return figure


def _heading(view: WordView) -> str:
    unit = "logits" if view.how == "local" else f"relative change of loss, λ = {view.clip:g}"
    return f"{view.how.capitalize()} view from {literal(shortened(view.class_name, 20))} ({unit})"


def _word(view: WordView, index: int) -> str:
    """Return a word as written, shortened."""
    span = view.explanation.spans[index]
    return drawable(shortened(view.explanation.text[span.start : span.end]))


def _number(view: WordView, index: int) -> str:
    score = float(view.scores[index])
    if view.clipped[index]:
        return f"{'≥' if score > 0 else '≤'} {score:g}"
    return f"{score:+.1f}"


def _lines(view: WordView, limit: float) -> list[list[tuple[float, float, int]]]:
    """Break a view's words into lines of (x, width, index)."""
    lines: list[list[tuple[float, float, int]]] = [[]]
    x = _MARGIN
    for index in range(min(len(view.scores), _SHOWN_WORDS)):
        width = text_width(_word(view, index), _WORD) + 5
        if abs(float(view.scores[index])) >= _FAINTEST * limit > 0:
            width = max(width, text_width(_number(view, index), _NUMBER) + 3)
        if x + width > _WIDTH - _MARGIN and lines[-1]:
            lines.append([])
            x = _MARGIN
        lines[-1].append((x, width, index))
        x += width + 2.5
    return lines


def _draw_word(
    axes: Axes, place: tuple[float, float, float], word: str, share: float, number: str
) -> None:
    x, y, width = place
    axes.text(x + width / 2, y + _BOX / 2, word, fontsize=_WORD, color=INK, ha="center",
              va="center_baseline", parse_math=False, zorder=3)  # fmt: skip
    if abs(share) < _FAINTEST:
        return
    colour, dash = (BLUE, "-") if share > 0 else (ORANGE, ":")
    weight = 0.6 * abs(share)  # ink stays readable on the full colour
    shade = tuple(1 - weight * (1 - part) for part in to_rgb(colour))
    axes.add_patch(Rectangle((x, y), width, _BOX, facecolor=shade, linewidth=0))
    axes.plot([x, x + width], [y + _BOX + 1] * 2, dash, color=colour, linewidth=1.6)
    axes.text(x + width / 2, y + _BOX + 3, number, fontsize=_NUMBER, color=INK, ha="center",
              va="top")  # fmt: skip


def leave_out_curves(
    views: Sequence[WordView], *, labels: Sequence[str], named: int = 2, title: str = ""
) -> Figure:
    """Draw s of equation (13) over the fall of the label's log odds, and the words of each view.

    Within one text s depends on nothing but that fall, so each text has one rising curve, and its
    words lie on it. The curve is solid as clipped, and dotted as it would go on above lambda.

    Parameters
    ----------
    views : sequence of WordView
        Up to four global views with the same lambda.
    labels : sequence of str
        Names of the views in the legend.
    named : int
        How many words of each view, the strongest ones, are written beside their points.
    title : str
        Written above the figure.

    Raises
    ------
    ValueError
        If there is no view, one too many, a local one, or not the same lambda in all; or if the
        labels are not as many as the views.

    Examples
    --------
    >>> from interpbook import load_classifier, word_view
    >>> explanation = load_classifier("reviews").explain("A dull and lifeless film")
    >>> figure = leave_out_curves([word_view(explanation, label=0)], labels=["taken for negative"])
    >>> figure.axes[0].get_legend().get_texts()[0].get_text()
    'taken for negative'
    """
    if not 1 <= len(views) <= 4:
        raise ValueError(f"expected one to four views, got {len(views)}")
    if len(labels) != len(views):
        raise ValueError(f"{len(labels)} labels for {len(views)} view(s)")
    clips = {view.clip for view in views if view.how == "global"}
    if len(clips) != 1 or any(view.how != "global" for view in views):
        raise ValueError("expected global views with one lambda")
    [clip] = clips
    figure, axes = new_axes(6.4, 3.9)
    falls = [_falls(view) for view in views]
    ends = np.concatenate(falls)
    x = np.linspace(min(ends.min(), -1.0) - 0.4, max(ends.max(), 1.0) + 0.4, 400)
    looks = zip((BLUE, ORANGE, GREY, GREEN), "os^D", ("-", "--", "-.", (0, (1, 1))), strict=True)
    for view, fall, label, look in zip(views, falls, labels, looks, strict=False):
        colour, marker, dash = look
        free = _curve(view, x)
        axes.plot(x, free, ":", color=colour, linewidth=1, alpha=0.8)
        axes.plot(x, free.clip(-clip, clip), linestyle=dash, color=colour, linewidth=1.5)
        axes.plot(fall, view.scores, marker, color=colour, markersize=5, label=literal(label))
        for index in np.argsort(-np.abs(fall), kind="stable")[:named].tolist():
            cut = view.clipped[index]  # many of these stand side by side: words at a slant
            left = fall[index] < 0 and not cut
            note(
                axes,
                _word(view, index),
                (fall[index], float(view.scores[index])),
                (-5, 4) if left else (0, 5) if cut else (6, -8),
                ha="right" if left else "left",
                rotation=35 if cut else 0,
                rotation_mode="anchor",
                parse_math=False,
            )
    for level, name in ((clip, f"λ = {clip:g}"), (-1.0, "the loss vanishes: −1")):
        axes.axhline(level, color=FAINT, linewidth=1, zorder=0)
        place, side = (x[0], "left") if level == clip else (x[-1], "right")
        note(axes, name, (place, level), (4 if side == "left" else 0, 2), ha=side, color=GREY)
    axes.axhline(0, color=INK, linewidth=0.6, zorder=0)
    axes.axvline(0, color=INK, linewidth=0.6, zorder=0)
    legend_above(axes, ncols=3)
    axes.set(
        xlim=(x[0], x[-1]),
        ylim=(-1.15 - 0.05 * clip, 1.3 * clip),
        xlabel="fall of the label's log odds without the word's row (logits)",
        ylabel="leave-one-out score",
    )
    figure.suptitle(literal(title))
    return figure


def _falls(view: WordView) -> np.ndarray:
    e = view.explanation
    return log_odds_falls(e.logits, e.word_scores[: len(e.spans)], view.label).numpy()


def _curve(view: WordView, falls: np.ndarray) -> np.ndarray:
    """Return s for falls of the log odds, from rows of B that hold a fall in the label's column."""
    logits = view.explanation.logits
    rows = np.zeros((len(falls), len(logits)))
    rows[:, view.label] = falls
    return leave_out_scores(logits, logits.double().new_tensor(rows), view.label).numpy()
