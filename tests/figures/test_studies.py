"""Figures of studies show what they are given: numbers read back from what was drawn."""

from __future__ import annotations

from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt

from interpbook import figures
from interpbook.experiments import Entry
from interpbook.figures.style import BLUE, GREY, ORANGE


@pytest.fixture(autouse=True)
def on_paper():
    matplotlib.use("agg")
    yield
    plt.close("all")


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_histogram_parts_silent_from_speaking_at_zero():
    values = np.array([[-1.0, 0.0, 0.2], [0.9, -0.01, 4.0]])
    axes = figures.feature_histogram(values).axes[0]
    silent, speaking = axes.containers
    assert sum(bar.get_height() for bar in silent) == 3  # zero is silent
    assert sum(bar.get_height() for bar in speaking) == 3
    assert max(bar.get_x() + bar.get_width() for bar in silent) == pytest.approx(0)
    assert min(bar.get_x() for bar in speaking) == pytest.approx(0)
    assert silent[0].get_hatch() and not speaking[0].get_hatch()
    assert texts(axes.get_legend()) == ["silent: 50.0%", "speaking: 50.0%"]
    low, high = axes.get_xlim()
    assert low < -1 and high > 4


@pytest.mark.parametrize("values", [[0.0], [-1.0, -2.0], [3.0]])
def test_histogram_of_one_kind_alone_is_drawn(values):
    axes = figures.feature_histogram(values).axes[0]
    heights = [bar.get_height() for bar in axes.patches]
    assert sum(heights) == len(values)


def test_histogram_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one score"):
        figures.feature_histogram(np.zeros((0, 150)))


CURVE = {
    "epsilon": [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0],
    "kept_accuracy": [0.9, 0.9, 0.8, 0.5, 0.5, 0.5, 0.5],
    "ratio2": [0.1, 0.6, 0.9, 1.0, 1.0, 1.0, 1.0],
    "ratio3": [1.0, 1.0, 0.4, 0.0, 0.0, 0.0, 0.0],
}


def test_sweep_draws_percent_on_a_log_axis_told_apart_by_dash():
    figure = figures.epsilon_sweep(CURVE, accuracy=0.91, title="T")
    [axes] = figure.axes
    level, *lines = axes.lines
    assert list(level.get_ydata()) == [91, 91]
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-."]
    for line, name in zip(lines, ("kept_accuracy", "ratio2", "ratio3"), strict=True):
        assert list(line.get_xdata()) == CURVE["epsilon"]
        assert list(line.get_ydata()) == pytest.approx([100 * y for y in CURVE[name]])
    assert axes.get_xscale() == "log" and figure.get_suptitle() == "T"
    assert axes.get_xlim() == (0.001, 20)  # everything is gone at 1


def test_sweep_names_marks_apart_whatever_their_order():
    axes = figures.epsilon_sweep(CURVE, accuracy=0.9, marks={"high": 0.1, "low": 0.01}).axes[0]
    left, right = axes.texts
    assert [(t.get_text(), t.xy[0], t.get_ha()) for t in (left, right)] == [
        ("low", 0.01, "right"),
        ("high", 0.1, "left"),
    ]
    assert [list(line.get_xdata()) for line in axes.lines[-2:]] == [[0.01] * 2, [0.1] * 2]


def test_sweep_of_a_curve_that_never_removes_everything_keeps_its_range():
    curve = {**CURVE, "ratio2": [0.1] * 7}
    assert figures.epsilon_sweep(curve, accuracy=0.9).axes[0].get_xlim() == (0.001, 1000)


ENTRY = Entry(
    source="X",
    place="Table 1",
    corpus="ag_news",
    k=30,
    quantity="accuracy",
    setting="-",
    paper=90.0,
    ours=89.0,
    sd=0.5,
    seeds=3,
    tolerance=2.0,
    verdict="reproduced",
    reason="",
    trained_on="62,517 of 120,000",
)
ENTRIES = [
    ENTRY,
    replace(ENTRY, k=600, paper=91.0, ours=88.0, sd=0.25),
    replace(ENTRY, quantity="ratio3", setting="paper", paper=95.0, ours=97.0, tolerance=10.0),
    replace(ENTRY, quantity="ratio3", setting="calibrated", paper=95.0, ours=99.0, tolerance=10.0),
]


def test_table1_draws_theirs_and_ours_by_quantity():
    figure = figures.table1_curves(ENTRIES)
    accuracy, ratio3 = figure.axes
    assert (accuracy.get_ylabel(), ratio3.get_ylabel()) == ("accuracy", "@Ratio3")

    paper = accuracy.lines[0]
    assert (list(paper.get_xdata()), list(paper.get_ydata())) == ([30, 600], [90, 91])
    [ours] = accuracy.containers
    line, _, [bars] = ours
    assert list(line.get_ydata()) == [89, 88]
    assert [segment[:, 1].tolist() for segment in bars.get_segments()] == [
        [88.5, 89.5],
        [87.75, 88.25],
    ]
    [band] = accuracy.collections[:1]
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (88, 93)

    at_paper, calibrated = ratio3.containers
    assert list(at_paper[0].get_ydata()) == [97] and list(calibrated[0].get_ydata()) == [99]
    band = ratio3.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == 100  # no share above that
    assert texts(figure.legends[0]) == [
        "paper (band: tolerance)",
        "ours, the paper's epsilon",
        "ours, calibrated epsilon",
    ]


def test_table1_lines_differ_in_more_than_colour():
    ratio3 = figures.table1_curves(ENTRIES).axes[1]
    paper, at_paper, calibrated = ratio3.lines[0], *(c[0] for c in ratio3.containers)
    lines = paper, at_paper, calibrated
    assert len({line.get_marker() for line in lines}) == 3
    assert len({line.get_linestyle() for line in lines}) == 3
    shades = [colors.to_hex(line.get_color()) for line in lines]
    assert shades == [GREY, BLUE, ORANGE]


def test_table1_as_html_has_three_lines_for_each_k():
    html = figures.table1_html(ENTRIES)
    rows = html.count("<tr>")
    assert rows == 1 + 3 * 2
    assert "<td>paper</td><td>90.0</td><td></td><td></td><td></td><td>95.0</td>" in html
    assert "<td>ours</td><td>89.0</td><td></td><td></td><td></td><td>97.0</td>" in html
    assert "<td>±</td><td>0.5</td>" in html and "99.0" not in html
    assert "AG&#x27;s News" in html and "3 runs, trained on 62,517 of 120,000 documents" in html


def test_table1_of_one_run_has_no_spread():
    html = figures.table1_html([replace(ENTRY, seeds=1, sd=0.0)])
    assert "<td>±</td><td></td>" in html and "0.0</td>" in html


@pytest.mark.parametrize("draw", [figures.table1_curves, figures.table1_html])
def test_table1_wants_one_corpus(draw):
    with pytest.raises(ValueError, match="one corpus, got ag_news, imdb"):
        draw([ENTRY, replace(ENTRY, corpus="imdb")])
    with pytest.raises(ValueError, match="one corpus, got none"):
        draw([])


def test_choices_are_drawn_as_changes_from_the_mean_of_the_base():
    base = {"accuracy": [80.0, 82.0], "@Ratio1": [50.0, 56.0]}
    changed = {
        "epochs=4": {"accuracy": [84.0, 85.0, 86.0], "@Ratio1": [53.0]},
        "dropout=0.0": {"accuracy": [79.0], "@Ratio1": [43.0, 63.0]},
    }
    accuracy, ratio1 = figures.choices_plot(base, changed).axes
    assert [tick.get_text() for tick in accuracy.get_yticklabels()] == list(changed)
    assert accuracy.yaxis_inverted() and accuracy.get_title() == "accuracy"

    dots, ring, *_ = accuracy.collections
    assert dots.get_offsets().tolist() == [[3, 0], [4, 0], [5, 0]]
    assert ring.get_offsets().tolist() == [[4, 0]]
    of_second = [c.get_offsets().tolist() for c in ratio1.collections[2:4]]
    assert of_second == [[[-10, 1], [10, 1]], [[0, 1]]]
    [band] = accuracy.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == (-1, 1)


def test_choices_want_something_to_draw():
    with pytest.raises(ValueError, match="got 0 of the one and 1"):
        figures.choices_plot({}, {"a": {}})
    with pytest.raises(ValueError, match="got 1 of the one and 0"):
        figures.choices_plot({"a": [1.0]}, {})
