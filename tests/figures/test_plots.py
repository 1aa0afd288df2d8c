"""General plots show what they are given: numbers read back from what was drawn."""

from __future__ import annotations

import numpy as np
import pytest

from interpbook import figures


def test_curves_differ_by_dash_as_well_as_colour():
    lines = {"a": [0, 1], "b": [1, 0]}
    axes = figures.curves([1, 10], lines, xlabel="x", ylabel="y", logx=True, mark=5.0).axes[0]
    assert [line.get_linestyle() for line in axes.lines[:2]] == ["-", "--"]
    assert axes.get_xscale() == "log" and list(axes.lines[1].get_ydata()) == [1, 0]


def test_estimates_stand_in_the_middle_of_their_intervals():
    figure = figures.estimates(["a", "b"], [1.0, -2.0], [0.5, 0.25], unit="points", title="T")
    [axes] = figure.axes
    [bars] = axes.containers
    dots, _, [whiskers] = bars.lines
    assert list(dots.get_xdata()) == [1.0, -2.0] and list(dots.get_ydata()) == [0, 1]
    ends = [segment[:, 0].tolist() for segment in whiskers.get_segments()]
    assert ends == [[0.5, 1.5], [-2.25, -1.75]]
    assert [text.get_text() for text in axes.texts] == ["+1.0 ± 0.5", "-2.0 ± 0.2"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b"]
    assert axes.yaxis_inverted() and axes.get_xlabel() == "points" and axes.get_title() == "T"


def test_shares_are_drawn_in_per_cent_with_both_ends_of_their_intervals():
    figure = figures.kept_intervals(["a", "b"], [0.5, 1.0], [(0.3, 0.6), (0.9, 1.0)], mark=0.25)
    [axes] = figure.axes
    mark, points, *_ = axes.lines
    assert list(mark.get_xdata()) == [25, 25]
    assert list(points.get_xdata()) == [50, 100] and list(points.get_ydata()) == [0, 1]
    [bars] = axes.collections
    ends = [segment[:, 0].tolist() for segment in bars.get_segments()]
    assert np.allclose(ends, [[30, 60], [90, 100]])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert [label.get_text() for label in axes.texts] == ["50", "100"]
    top, bottom = axes.get_ylim()[::-1]
    assert top < 0 < 1 < bottom  # the first on top


@pytest.mark.parametrize(
    ("labels", "shares", "intervals", "says"),
    [
        (["a"], [0.5, 0.6], [(0.0, 1.0)], "as many labels"),
        ([], [], [], "at least one"),
        (["a"], [0.5], [(0.6, 0.7)], "inside its interval"),
    ],
)
def test_shares_that_do_not_fit_are_refused(labels, shares, intervals, says):
    with pytest.raises(ValueError, match=says):
        figures.kept_intervals(labels, shares, intervals)
