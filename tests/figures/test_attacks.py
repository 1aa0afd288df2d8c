"""Figures of attacks and defences show what they are given: read back from what was drawn."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from matplotlib import colors

from interpbook import figures
from interpbook.figures.style import BLUE, FAINT, ORANGE
from interpbook.scores import EffectStudy
from support.papers import OURS, THEIRS

RANKINGS = ("gradient", "word_scores", "updated_word_scores", "exact", "random")


def test_curves_draw_percent_against_changes():
    lines = {"word_scores": [0.0, 0.2, 0.5], "gradient": [0.0, 0.1, 0.15]}
    [axes] = figures.attack_curves({"A corpus": lines}).axes
    b, gradient = axes.lines
    assert list(b.get_xdata()) == [0, 1, 2] and list(b.get_ydata()) == [0, 20, 50]
    assert list(gradient.get_ydata()) == pytest.approx([0, 10, 15])
    assert axes.get_title(loc="left") == "A corpus"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("words changed", "per cent fallen")
    assert not axes.collections  # one run has no band


def test_curves_of_several_runs_show_their_mean_and_range():
    shares = np.array([[0.0, 0.1, 0.3], [0.0, 0.3, 0.4]])
    [axes] = figures.attack_curves({"": {"exact": shares}}).axes
    assert list(axes.lines[0].get_ydata()) == pytest.approx([0, 20, 35])
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((0, 40))


def test_curves_have_a_panel_for_each_title_on_one_scale():
    lines = {"random": [0.0, 0.1]}
    first, second = figures.attack_curves({"one": lines, "two": lines}).axes
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["one", "two"]
    assert first.get_ylim() == second.get_ylim()
    assert second.get_xlabel() and not first.get_xlabel()


def test_curves_differ_in_colour_marker_and_dash():
    axes = figures.attack_curves({"": {ranking: [0, 0.5] for ranking in RANKINGS}}).axes[0]
    assert len({colors.to_hex(line.get_color()) for line in axes.lines}) == 5
    assert len({line.get_marker() for line in axes.lines}) == 5
    dashes = {str((line.get_linestyle(), line._unscaled_dash_pattern)) for line in axes.lines}
    assert len(dashes) == 5


@pytest.mark.parametrize("ends", [(0.5,) * 5, (0.2, 0.21, 0.8, 0.81, 0.9), (0, 0, 0, 1, 1)])
def test_names_at_the_ends_stand_in_their_order_and_apart(ends):
    lines = {ranking: [0, end] for ranking, end in zip(RANKINGS, ends, strict=True)}
    figure = figures.attack_curves({"": lines})
    axes = figure.axes[0]
    figure.canvas.draw()
    boxes = sorted((t.get_window_extent() for t in axes.texts), key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))
    heights = {t.get_text(): t.get_position()[1] for t in axes.texts}
    values = {line.get_label(): line.get_ydata()[-1] for line in axes.lines}
    for one in heights:
        for other in heights:
            assert heights[one] < heights[other] or values[one] >= values[other]
    shown = {t.get_text(): t.get_color() for t in axes.texts}
    assert shown == {line.get_label(): line.get_color() for line in axes.lines}


def test_names_far_apart_stand_at_the_ends_of_their_lines():
    runs = {"gradient": [[0, 0.3], [0, 0.1]], "word_scores": [[0, 0.8]]}
    axes = figures.attack_curves({"": runs}).axes[0]
    heights = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert heights == pytest.approx({"gradient": 20, "B": 80})


@pytest.mark.parametrize("panels", [{}, {"A": {}}])
def test_curves_of_nothing_are_refused(panels):
    with pytest.raises(ValueError, match="at least one panel"):
        figures.attack_curves(panels)


def test_table2_draws_theirs_and_ours_by_ranking():
    figure = figures.table2_curves(THEIRS, OURS, title="IMDB")
    gradient, b = figure.axes
    assert gradient.get_ylabel().startswith("gradient") and b.get_ylabel().startswith("B\n")
    assert list(gradient.lines[0].get_ydata()) == [29.9, 38.13]
    trained, unit = (container[0] for container in b.containers)
    assert (list(trained.get_xdata()), list(trained.get_ydata())) == ([30, 600], [56, 60.5])
    assert (list(unit.get_xdata()), list(unit.get_ydata())) == ([30], [64])
    [bars] = gradient.containers[0][2]
    spread = np.std([20, 22], ddof=1)
    assert bars.get_segments()[0][:, 1].tolist() == pytest.approx([21 - spread, 21 + spread])
    assert bars.get_segments()[1][:, 1].tolist() == [30, 30]
    legend = figure.legends[0]
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["paper", "ours, trained", "ours, unit normal"]
    assert legend.get_title().get_text() == "IMDB"
    shown = gradient.lines[0], trained, unit
    assert len({line.get_marker() for line in shown}) == 3
    assert len({line.get_linestyle() for line in shown}) == 3
    assert [colors.to_hex(line.get_color()) for line in (trained, unit)] == [BLUE, ORANGE]


def test_table2_of_nothing_is_refused():
    with pytest.raises(ValueError, match="the paper's values"):
        figures.table2_curves({}, OURS)
    with pytest.raises(ValueError, match="one to 3 settings"):
        figures.table2_curves(THEIRS, {})


def test_attacked_words_are_bars_by_ranking_some_of_them_hatched():
    words = {
        "gradient": {"is": 3.5, "the": 2.0, "great": 1.5},
        "word_scores": {"bad": 2.5, "the": 1.0},
    }
    figure = figures.attacked_words(words, hatched={"is", "the"}, hatched_name="function words")
    gradient, b = figure.axes
    assert (gradient.get_title(), b.get_title()) == ("gradient", "B")
    assert [t.get_text() for t in gradient.get_yticklabels()] == ["is", "the", "great"]
    bars = gradient.patches[:3]
    assert [bar.get_width() for bar in bars] == [3.5, 2, 1.5]
    assert [bar.get_y() + bar.get_height() / 2 for bar in bars] == pytest.approx([0, 1, 2])
    low, high = gradient.get_ylim()
    assert low > high  # the first on top
    assert [bool(bar.get_hatch()) for bar in bars] == [True, True, False]
    assert [colors.to_hex(bar.get_facecolor()) for bar in bars] == [FAINT, FAINT, BLUE]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["function words"]


def test_attacked_words_without_a_kind_have_no_legend():
    figure = figures.attacked_words({"exact": {"bad": 1.0}})
    assert not figure.legends and not figure.axes[0].patches[0].get_hatch()


@pytest.mark.parametrize("words", [{}, {"exact": {}}])
def test_no_words_are_refused(words):
    with pytest.raises(ValueError, match="at least one ranking"):
        figures.attacked_words(words)


def test_an_unknown_ranking_is_named():
    with pytest.raises(ValueError, match=r"rankings are .*, got 'best'"):
        figures.attack_curves({"": {"best": [0, 1]}})


# Effects and defences.


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
