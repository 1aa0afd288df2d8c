"""Figures of studies show what they are given: numbers read back from what was drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib import colors

from interpbook import figures
from interpbook.experiments import cells
from interpbook.experiments.studies.yuan import CHOICES
from interpbook.figures.style import BLUE, GREY, ORANGE
from support.papers import ENTRIES, ENTRY


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


def test_table1_wants_one_corpus():
    with pytest.raises(ValueError, match="one corpus, got ag_news, imdb"):
        figures.table1_curves([ENTRY, replace(ENTRY, corpus="imdb")])
    with pytest.raises(ValueError, match="one corpus, got none"):
        figures.table1_curves([])


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


# Choices of the deep network's training.


def run(accuracy: float, **changes: Any) -> dict[str, Any]:
    return {"changes": changes, "recipe": {"corpus": "mr"}, "metrics": {"accuracy": accuracy}}


RUNS = [
    run(0.80),
    run(0.81),
    run(0.82),
    run(0.75, vector_corpora=[]),
    run(0.77, vector_corpora=[]),
    run(0.79, vector_corpora=["imdb"]),
    run(0.70, dropout=0.0),
    run(0.78, padding="paper"),
    run(0.74, vector_corpora=[], tokenizer="words"),
    run(0.60, missing="zero"),
]


def rows_of(axes) -> dict[str, tuple[list[float], float]]:
    """Read back each row's dots and ring."""
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    found = {}
    for row, label in enumerate(labels):
        dots, ring = axes.collections[2 * row : 2 * row + 2]
        assert set(dots.get_offsets()[:, 1]) == set(ring.get_offsets()[:, 1]) == {row}
        found[label] = dots.get_offsets()[:, 0].tolist(), ring.get_offsets()[0, 0]
    return found


def test_choices_are_drawn_by_group_the_best_on_top():
    vectors, others = figures.yuan_choices(RUNS, paper=79.96).axes
    assert [axes.get_title(loc="left") for axes in (vectors, others)] == [
        "vectors",
        "other settings",
    ]
    found = rows_of(vectors)
    assert list(found) == [
        "from IMDB alone",
        "none (random start)",
        "none (random start), lower-cased text",
    ]
    assert found["none (random start)"] == (pytest.approx([75, 77]), pytest.approx(76))
    assert list(rows_of(others)) == ["paper's padding", "no dropout", "missing = zero"]
    for axes in (vectors, others):
        bottom, top = axes.get_ylim()
        assert bottom > 2 > 0 > top  # three rows, the first on top


def test_choices_stand_beside_the_unchanged_runs_and_the_paper():
    figure = figures.yuan_choices(RUNS, paper=79.96)
    for axes in figure.axes:
        [band] = axes.patches
        assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((80, 82))
        mean, paper = axes.lines
        assert mean.get_xdata() == pytest.approx([81, 81])
        assert paper.get_xdata() == pytest.approx([79.96] * 2)
        assert colors.same_color(paper.get_color(), ORANGE) and paper.get_linestyle() == "--"
    assert sorted(texts(figure.legends[0])) == [
        "a run",
        "mean of its runs",
        "paper: 79.96",
        "unchanged: mean",
        "unchanged: range",
    ]
    dots = figure.axes[0].collections[0]
    assert colors.same_color(dots.get_facecolor()[0], BLUE)


def test_every_choice_of_the_study_has_a_name_of_its_own():
    records = [run(0.8)]
    for cell in cells("yuan-choices", corpora=["mr"], seeds=[0]):
        changes = {n: list(v) if isinstance(v, tuple) else v for n, v in cell.changes.items()}
        records.append(run(0.7, **changes))
    figure = figures.yuan_choices(records, paper=79.96)
    labels = [tick.get_text() for axes in figure.axes for tick in axes.get_yticklabels()]
    assert len(set(labels)) == len(labels) == len(CHOICES["mr"])
    assert not [label for label in labels if "=" in label]


def test_one_group_alone_is_one_panel():
    [axes] = figures.yuan_choices([run(0.8), run(0.7, dropout=0.0)], paper=79.96).axes
    assert axes.get_title(loc="left") == "other settings"


def test_choices_want_changed_and_unchanged_runs_of_one_corpus():
    with pytest.raises(ValueError, match="one corpus, got none"):
        figures.yuan_choices([], paper=79.96)
    other = run(0.9) | {"recipe": {"corpus": "ag_news"}}
    with pytest.raises(ValueError, match="one corpus, got ag_news, mr"):
        figures.yuan_choices([*RUNS, other], paper=79.96)
    with pytest.raises(ValueError, match="got 3 of the one and 0 of the other"):
        figures.yuan_choices(RUNS[:3], paper=79.96)
    with pytest.raises(ValueError, match="got 0 of the one and 2 of the other"):
        figures.yuan_choices(RUNS[3:5], paper=79.96)
