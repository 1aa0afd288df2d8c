"""Figures of words show what they are given: numbers read back from what was drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib import colors

from interpbook import Explanation, figures, word_view
from interpbook.figures.style import BLUE, INK, ORANGE
from support.networks import tiny_classifier


def crafted(logits: list[float], rows: list[list[float]], text: str = "") -> Explanation:
    """Explain a text with as many words as there are rows, with these logits and scores."""
    names = [f"class {q}" for q in range(len(logits))]
    e = tiny_classifier(class_names=names).explain(text or " ".join(["good"] * len(rows)))
    return replace(e, logits=torch.tensor(logits), word_scores=torch.tensor(rows))


FOUR = crafted([3.0, 0.0], [[4.0, 0.0], [1.0, 0.0], [0.01, 0.0], [-2.0, 0.0]], "Good! a movie, BAD")


def written(axes):
    return [text.get_text() for text in axes.texts]


def luminance(colour):
    parts = np.array(colors.to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


# Sentences. --------------------------------------------------------------------------------------


def test_words_stand_as_written_with_their_scores_below():
    [axes] = figures.word_views([word_view(FOUR, 0, "local")]).axes
    heading, *rest = written(axes)
    assert heading == "Local view from class 0 (logits)"
    assert rest == ["Good", "+4.0", "a", "+1.0", "movie", "BAD", "-2.0"]


def test_a_word_for_and_one_against_differ_without_colour():
    [axes] = figures.word_views([word_view(FOUR, 0, "local")]).axes
    assert [line.get_linestyle() for line in axes.lines] == ["-", "-", ":"]
    assert [line.get_color() for line in axes.lines] == [BLUE, BLUE, ORANGE]


def test_clipped_scores_are_marked():
    view = word_view(FOUR, 0, "global", clip=0.5)
    assert view.clipped == [True, True, False, True]
    [axes] = figures.word_views([view]).axes
    assert [text for text in written(axes) if "0.5" in text][1:] == ["≥ 0.5", "≥ 0.5", "≤ -0.5"]
    assert "relative change of loss, λ = 0.5" in written(axes)[0]


def test_views_of_a_kind_share_a_scale():
    strong, weak = FOUR, crafted([3.0, 0.0], [[1.0, 0.0]], "movie")
    views = [word_view(e, 0, how) for e in (strong, weak) for how in ("local", "global")]
    [axes] = figures.word_views(views).axes
    shades = [patch.get_facecolor() for patch in axes.patches]
    local = [shades[0], shades[1], shades[6]]  # 4.0, 1.0 and the other text's 1.0
    assert local[1] == local[2] and luminance(local[0]) < luminance(local[1])


def test_the_full_colour_leaves_the_words_readable():
    [axes] = figures.word_views([word_view(FOUR, label, "local") for label in (0, 1)]).axes
    assert {patch.get_facecolor() for patch in axes.patches}
    strongest = [word_view(crafted([sign, 0.0], [[sign, 0.0]]), 0, "local") for sign in (1.0, -1.0)]
    for view in strongest:
        [box] = figures.word_views([view]).axes[0].patches
        light, dark = luminance(box.get_facecolor()), luminance(INK)
        assert (light + 0.05) / (dark + 0.05) > 4.5


def boxes(figure):
    renderer = figure.canvas.get_renderer()
    return [text.get_window_extent(renderer) for text in figure.axes[0].texts]


def test_long_texts_break_into_lines_inside_the_figure():
    long = tiny_classifier().explain("what a good movie and incomprehensibilities " * 12)
    figure = figures.word_views([word_view(long, 0, how) for how in ("global", "local")])
    drawn, page = boxes(figure), figure.bbox
    assert len({round(box.y0) for box in drawn}) > 6
    for box in drawn:
        assert page.x0 <= box.x0 and box.x1 <= page.x1
        assert page.y0 <= box.y0 and box.y1 <= page.y1
    for i, box in enumerate(drawn):
        assert not any(box.overlaps(other) for other in drawn[i + 1 :])


def test_what_is_left_out_is_said():
    names = ("the name of a class that goes on and on", "short")
    long = tiny_classifier(class_names=names).explain("good movie " * 100)
    figure = figures.word_views([word_view(long, 0)])
    [axes] = figure.axes
    assert written(axes)[-1] == "80 more words"
    assert boxes(figure)[0].x1 <= figure.bbox.x1 and boxes(figure)[-1].y0 >= 0
    assert sum(text in ("good", "movie") for text in written(axes)) == 120


@pytest.mark.parametrize("text", ["a $5 film for $6", "cost$$us$much$ good", "x" * 500, "a_b^c"])
def test_awkward_texts_are_drawn(text):
    e = tiny_classifier().explain(text)
    figure = figures.word_views([word_view(e, 0, "local")], title="T")
    figure.canvas.draw()
    assert figure.get_suptitle() == "T"


def test_scores_of_zero_have_no_colour():
    e = crafted([1.0, 0.0], [[0.0, 0.0], [0.0, 0.0]])
    [axes] = figures.word_views([word_view(e, 0, how) for how in ("global", "local")]).axes
    assert not axes.patches and not axes.lines


def test_a_rule_parts_different_texts_only():
    other = crafted([1.0, 0.0], [[0.0, 0.0]])
    same = [word_view(e, 0, how) for e in (FOUR, other) for how in ("global", "local")]
    [axes] = figures.word_views(same[:2]).axes
    inside = len(axes.lines)
    [axes] = figures.word_views(same).axes
    assert len(axes.lines) == inside + 1


def test_no_view_is_refused():
    with pytest.raises(ValueError, match="at least one view"):
        figures.word_views([])


# Equation (13) as a curve. -----------------------------------------------------------------------


def test_words_lie_on_their_texts_curve():
    other = crafted([0.0, 4.0, 1.0], [[2.0, 0.0, 1.0], [-1.0, 0.5, 0.0]], "bad movie")
    views = [word_view(FOUR, 0), word_view(other, 0)]
    figure = figures.leave_out_curves(views, labels=["one", "two"], title="T")
    [axes] = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "two"]
    assert figure.get_suptitle() == "T"
    for number, view in enumerate(views):
        free, cut, words = axes.lines[3 * number : 3 * number + 3]
        assert len(words.get_xdata()) == len(view.tokens)
        assert list(words.get_ydata()) == pytest.approx(view.scores.tolist())
        at_words = np.interp(words.get_xdata(), cut.get_xdata(), cut.get_ydata())
        assert at_words == pytest.approx(view.scores.numpy(), abs=0.02)
        assert (np.diff(free.get_ydata()) > 0).all()
        assert cut.get_ydata() == pytest.approx(np.clip(free.get_ydata(), -5, 5))


def test_the_curve_of_two_classes_is_over_the_difference():
    axes = figures.leave_out_curves([word_view(FOUR, 1)], labels=["one"]).axes[0]
    assert list(axes.lines[2].get_xdata()) == pytest.approx([-4.0, -1.0, -0.01, 2.0])


def test_texts_are_told_apart_by_marker_and_dash():
    views = [word_view(FOUR, label) for label in (0, 1, 0, 1)]
    axes = figures.leave_out_curves(views, labels=list("abcd")).axes[0]
    lines = [axes.lines[3 * n : 3 * n + 3] for n in range(4)]
    assert len({str(cut._dash_pattern) for _, cut, _ in lines}) == 4
    assert len({words.get_marker() for _, _, words in lines}) == 4


def test_the_strongest_words_are_named():
    axes = figures.leave_out_curves([word_view(FOUR, 0)], labels=["one"], named=2).axes[0]
    assert written(axes)[:2] == ["Good", "BAD"]
    assert any(text == "λ = 5" for text in written(axes))


@pytest.mark.parametrize("clip", [0.3, 5.0, 50.0])
def test_lambda_is_inside_the_figure(clip):
    axes = figures.leave_out_curves([word_view(FOUR, 0, clip=clip)], labels=["one"]).axes[0]
    low, high = axes.get_ylim()
    assert low < -1 and high > clip


def test_what_does_not_belong_on_one_curve_is_refused():
    view = word_view(FOUR, 0)
    with pytest.raises(ValueError, match="one to four views, got 0"):
        figures.leave_out_curves([], labels=[])
    with pytest.raises(ValueError, match="one to four views, got 5"):
        figures.leave_out_curves([view] * 5, labels=list("abcde"))
    for other in (word_view(FOUR, 0, "local"), word_view(FOUR, 0, clip=4.0)):
        with pytest.raises(ValueError, match="global views with one lambda"):
            figures.leave_out_curves([view, other], labels=["a", "b"])
    with pytest.raises(ValueError, match="2 labels for 1 view"):
        figures.leave_out_curves([view], labels=["a", "b"])


# Encoded words, and words in a plane. -------------------------------------------------------------


def test_id_grid_hatches_padding_and_writes_ids():
    axes = figures.id_grid([[5, 3], [7, 0]], [["a", "b"], ["c"]]).axes[0]
    assert [bool(cell.get_hatch()) for cell in axes.patches] == [False, False, False, True]
    assert [text.get_text() for text in axes.texts] == ["a", "5", "b", "3", "c", "7", "", "0"]


def test_padding_map_computes_the_share_of_padding():
    figure = figures.padding_map({"random": [[1, 3]], "sorted": [[3], [1]]})
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["random: 33% of the cells are padding", "sorted: 0% of the cells are padding"]


def test_labels_of_a_word_map_keep_apart():
    words = [f"word{i}" for i in range(12)]
    places = np.random.default_rng(0).normal(size=(12, 2)) * [1, 0.3]
    figure = figures.word_map(words, places, ["a", "b"] * 6)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text()]
    assert len(boxes) == 12
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_word_map_puts_words_where_they_belong():
    axes = figures.word_map(["a", "b"], [[0.0, 0.0], [5.0, 5.0]], ["x", "y"]).axes[0]
    assert [text.get_text() for text in axes.texts] == ["a", "b"]
    assert [tuple(dots.get_offsets()[0]) for dots in axes.collections] == [(0, 0), (5, 5)]
