"""Figures of attacks show what they are given: numbers read back from what was drawn."""

from __future__ import annotations

import re
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt

from interpbook import figures
from interpbook.figures.style import BLUE, FAINT, ORANGE


@pytest.fixture(autouse=True)
def on_paper():
    matplotlib.use("agg")
    yield
    plt.close("all")


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


THEIRS = {"gradient": {30: 29.9, 600: 38.13}, "word_scores": {30: 60.41, 600: 65.62}}
OURS = {
    "trained": {
        "gradient": {30: [20.0, 22.0], 600: [30.0, 30.0]},
        "word_scores": {30: [55.0, 57.0], 600: [60.0, 61.0]},
    },
    "unit normal": {
        "gradient": {30: [35.0, 37.0]},
        "word_scores": {30: [64.0]},
    },
}


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


def test_table2_as_html_has_a_line_for_the_paper_and_for_each_setting():
    html = figures.table2_html(THEIRS, OURS, caption="IMDB <4>.")
    assert html.count("<tr") == 1 + 3 * 2
    assert "<td>30</td><td>paper</td><td>29.9</td><td>60.4</td>" in html
    assert "<td></td><td>trained</td><td>21.0 ± 1.4</td><td>56.0 ± 1.4</td>" in html
    assert "<td></td><td>unit normal</td><td>36.0 ± 1.4</td><td>64.0</td>" in html  # one run
    assert "<td></td><td>unit normal</td><td></td><td></td>" in html  # none
    assert "IMDB &lt;4&gt;. Ours: mean ± standard deviation" in html
    assert [cell.strip() for cell in re.findall(r"<th [^>]*>([^<]*)<", html)] == [
        "k",
        "row",
        "gradient",
        "B",
    ]
    rows = re.findall(r"<tr([^>]*)><td>(\d*)</td><td>([^<]*)</td>", html)
    assert [k for mark, k, _ in rows if "data-paper" in mark] == ["30", "600"]
    assert [name for mark, _, name in rows if "data-last" in mark] == ["unit normal"] * 2


def test_table2_with_one_setting_closes_each_k():
    html = figures.table2_html(THEIRS, {"trained": OURS["trained"]}, caption="C")
    assert re.findall(r"<tr([^>]*)><td>", html) == [" data-paper", " data-last"] * 2


@pytest.mark.parametrize("draw", [figures.table2_curves, figures.table2_html])
def test_table2_of_nothing_is_refused(draw):
    extra = {"caption": "C"} if draw is figures.table2_html else {}
    with pytest.raises(ValueError, match="the paper's values"):
        draw({}, OURS, **extra)
    with pytest.raises(ValueError, match="one to 3 settings"):
        draw(THEIRS, {}, **extra)


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
