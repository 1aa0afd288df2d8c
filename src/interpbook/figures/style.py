"""The look of all figures: paper, ink and the two signed colours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from torch import Tensor

Array = np.ndarray | Tensor | Sequence

BLUE, ORANGE, GREY, GREEN = "#2171b5", "#d95f02", "#555555", "#41ab5d"
INK, FAINT = "#222222", "#c8c8c8"
SIGNED = LinearSegmentedColormap.from_list(
    "signed", [ORANGE, "#fdd0a2", "#ffffff", "#c6dbef", BLUE]
)
STYLE = {
    "figure.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
    "figure.dpi": 110,
}


def new_axes(width: float, height: float, *, rows: int = 1, **options: Any) -> tuple[Figure, Any]:
    """Return a figure of this size in inches and its axes, an array of them if ``rows`` > 1."""
    load_backend()
    with plt.rc_context(STYLE):
        return plt.subplots(rows, figsize=(width, height), layout="constrained", **options)


def signed_norm(scores: Array) -> TwoSlopeNorm:
    """Return a scale for ``SIGNED`` that is centred on zero and reaches to the largest score."""
    limit = max(float(np.abs(np.asarray(scores)).max(initial=0)), 1e-12)
    return TwoSlopeNorm(0, -limit, limit)


def faint_grid(axes: Axes, axis: Literal["x", "y", "both"]) -> None:
    """Draw a faint grid below everything else."""
    axes.grid(axis=axis, color="#eeeeee")
    axes.set_axisbelow(True)


def legend_above(axes: Axes, **looks: Any) -> None:
    """Put the legend without a frame in the middle above the axes."""
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), **looks)


@cache
def load_backend() -> None:
    """Let a notebook's backend set itself up before the first ``rc_context``.

    It makes pyplot interactive as it loads. Loaded inside the context, with the first figure, that
    would be undone at the context's end, and the notebook would show no figure after the first.
    """
    plt.switch_backend(plt.get_backend())
