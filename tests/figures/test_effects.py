"""Figures of effects and defences show what they are given: read back from what was drawn."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from interpbook import figures
from interpbook.scores import EffectStudy


@pytest.fixture(autouse=True)
def on_paper():
    matplotlib.use("agg")
    yield
    plt.close("all")


def study(predicted: list[float], exact: list[float]) -> EffectStudy:
    W = len(predicted)
    return EffectStudy(
        documents=torch.arange(W),
        lengths=torch.ones(W, dtype=torch.int64),
        predicted=torch.tensor(predicted),
        exact=torch.tensor(exact),
    )


def legend(holder) -> list[str]:
    return [text.get_text() for text in holder.get_texts()]


def test_scatter_tells_wrong_signs_apart_by_marker_too():
    figure = figures.effect_scatter(study([2.0, -1.0, 0.5, 0.0], [1.0, -0.5, -0.25, 0.3]))
    [axes] = figure.axes
    same, other = axes.collections
    placed = np.sort(same.get_offsets(), axis=0)
    assert np.allclose(placed, [[-1, -0.5], [0, 0.3], [2, 1]])
    assert other.get_offsets().tolist() == [[0.5, -0.25]]
    shapes = [len(points.get_paths()[0].vertices) for points in (same, other)]
    assert shapes[0] != shapes[1]
    x, y = axes.lines[0].get_data()
    assert list(x) == list(y) == [-1.0, 2.0]
    assert legend(axes.get_legend()) == ["B says the truth", "same sign", "other sign"]


def test_scatter_of_many_words_draws_some_from_everywhere():
    rng = np.random.default_rng(0)
    many = study(rng.uniform(0.1, 1, 1000).tolist(), np.linspace(1, 2, 1000).tolist())
    same, other = figures.effect_scatter(many, shown=50).axes[0].collections
    assert len(same.get_offsets()) == 50 and len(other.get_offsets()) == 0
    heights = same.get_offsets()[:, 1]
    assert heights.min() == 1 and heights.max() == 2


PANELS = {
    "one": {"none": {"knows": [70.0, 72.0]}, "speller": {"knows": [60.0], "does not": [1.0]}},
    "two": {"none": {"knows": [80.0, 81.0]}, "speller": {"knows": [65.0], "does not": [2.0]}},
}


def test_panels_put_every_run_in_its_row():
    figure = figures.defence_panels(PANELS, unit="per cent")
    first, second = figure.axes
    for axes, (name, panel) in zip((first, second), PANELS.items(), strict=True):
        assert axes.get_title(loc="left") == name
        assert [text.get_text() for text in axes.get_yticklabels()] == list(panel)
        drawn = [tuple(map(tuple, line.get_data())) for line in axes.lines if len(line.get_xdata())]
        expected = [
            (tuple(values), (row,) * len(values))
            for row, series in enumerate(panel.values())
            for values in series.values()
        ]
        assert drawn == expected
        low, high = axes.get_ylim()
        assert low > high, "the first row is on top"
    knows, does_not = {(line.get_marker(), line.get_color()) for line in second.lines}
    assert knows[0] != does_not[0] and knows[1] != does_not[1]
    assert legend(figure.legends[0]) == ["knows", "does not"]
    assert second.get_xlabel() == "per cent"


def test_one_panel_is_drawn_and_panels_that_differ_are_refused():
    figure = figures.defence_panels({"one": PANELS["one"]}, unit="x")
    assert len(figure.axes) == 1
    with pytest.raises(ValueError, match="panels with the same rows"):
        figures.defence_panels({"one": PANELS["one"], "two": {"none": {}}}, unit="x")
    with pytest.raises(ValueError, match="panels with the same rows"):
        figures.defence_panels({}, unit="x")


def test_shares_fill_each_bar_and_empty_kinds_are_left_out():
    counts = {
        "drop": {"restored": 6, "another": 3, "left": 1},
        "swap": {"restored": 0, "another": 0, "left": 0},
        "insert": {"restored": 5, "another": 0, "left": 0},
    }
    figure = figures.repair_shares(counts, title="T")
    [axes] = figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["drop", "insert"]
    widths = [[bar.get_width() for bar in bars] for bars in axes.containers]
    assert widths == [[60, 100], [30, 0], [10, 0]]
    assert [bar.get_x() for bar in axes.containers[2]] == [90, 100]
    assert axes.get_title() == "T"
    assert legend(figure.legends[0]) == ["the very word", "another known word", "left unknown"]
    assert axes.containers[1][0].get_hatch() and not axes.containers[0][0].get_hatch()
