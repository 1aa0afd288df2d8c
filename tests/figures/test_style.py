"""What all figures share: a notebook's backend, the signed scale, grids and legends."""

from __future__ import annotations

import textwrap

import nbformat
import numpy as np
import pytest
from matplotlib import colors
from nbclient import NotebookClient

from interpbook.figures.style import (
    BLUE,
    ORANGE,
    SIGNED,
    faint_grid,
    legend_above,
    new_axes,
    signed_norm,
)


@pytest.mark.parametrize("scores", [[-1.0, 4.0], [[3.0, -4.0]], [0.0, 0.0], []])
def test_zero_is_the_middle_of_a_signed_scale_and_white(scores):
    norm = signed_norm(scores)
    limit = max(np.abs(scores).max(initial=0), 1e-12)
    assert (norm.vmin, norm.vcenter, norm.vmax) == (-limit, 0, limit)
    shades = [colors.to_hex(SIGNED(norm(score))) for score in (-limit, limit)]
    assert shades == [ORANGE, BLUE] and SIGNED(norm(0.0))[:3] == pytest.approx([1, 1, 1], abs=0.01)


def test_a_grid_is_faint_and_below_what_is_drawn():
    _, axes = new_axes(2.0, 2.0)
    faint_grid(axes, "x")
    down, across = axes.xaxis.get_gridlines()[0], axes.yaxis.get_gridlines()[0]
    assert down.get_visible() and not across.get_visible()
    assert axes.get_axisbelow() is True and colors.to_hex(down.get_color()) == "#eeeeee"


def test_a_legend_above_covers_nothing_of_the_axes():
    figure, axes = new_axes(4.0, 3.0)
    axes.plot([0, 1], label="line")
    legend_above(axes)
    figure.canvas.draw()
    legend, frame = axes.get_legend().get_window_extent(), axes.get_window_extent()
    assert legend.y0 >= frame.y1
    assert (legend.x0 + legend.x1) / 2 == pytest.approx((frame.x0 + frame.x1) / 2, abs=1)


@pytest.mark.filterwarnings("default")  # a kernel has warnings of its own
def test_a_notebook_shows_every_figure_not_only_the_first():
    draw = textwrap.dedent("""
        from interpbook import figures
        _ = figures.signed_bars(["a"], [1.0])
    """)
    cells = [nbformat.v4.new_code_cell(draw) for _ in range(3)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3").execute()
    assert [[o.output_type for o in cell.outputs] for cell in cells] == [["display_data"]] * 3
