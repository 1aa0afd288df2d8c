"""Figures of encoded texts: ids in a grid, padding in batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from interpbook.figures.style import BLUE, FAINT, GREY, INK, Array, new_axes


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
            word = "" if i >= len(words[d]) else words[d][i]
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
    axes.set(xlim=(0, length), ylim=(documents, 0), title=title)
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
        Above the figure.
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
        axes.set_title(f"{name}: {padding:.0%} of the cells are padding", loc="left")
        axes.set(xlim=(0, first), ylabel="tokens")
    rows[-1].set_xlabel("documents, batch after batch")
    figure.suptitle(title)
    return figure
