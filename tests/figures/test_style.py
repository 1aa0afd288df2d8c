"""What all figures share: a notebook's backend, grids and legends."""

from __future__ import annotations

import textwrap

import nbformat
import pytest
from matplotlib import colors
from nbclient import NotebookClient

from interpbook.figures.style import faint_grid, legend_above, new_axes


def test_a_grid_is_faint_and_below_what_is_drawn():
    _, axes = new_axes(2, 2)
    faint_grid(axes, "x")
    down, across = axes.xaxis.get_gridlines()[0], axes.yaxis.get_gridlines()[0]
    assert down.get_visible() and not across.get_visible()
    assert axes.get_axisbelow() is True and colors.to_hex(down.get_color()) == "#eeeeee"


def test_a_legend_above_covers_nothing_of_the_axes():
    figure, axes = new_axes(4, 3)
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
