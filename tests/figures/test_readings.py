"""Figures of interpretations read back show what they are given."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt

from interpbook import figures


@pytest.fixture(autouse=True)
def on_paper():
    matplotlib.use("agg")
    yield
    plt.close("all")


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


def test_overlaps_put_sentences_of_a_class_side_by_side():
    shares = np.array([[1.0, 0.1, 0.8], [0.1, 1.0, 0.2], [0.8, 0.2, 1.0]])
    figure = figures.overlap_maps({"one": (shares, ["bad", "good", "bad"])})
    axes = figure.axes[0]
    [picture] = axes.images
    drawn = np.asarray(picture.get_array())
    assert drawn.tolist() == [[1.0, 0.8, 0.1], [0.8, 1.0, 0.2], [0.1, 0.2, 1.0]]
    assert picture.get_clim() == (0, 1)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["bad", "good"]
    assert axes.get_yticks().tolist() == [0.5, 2.0]
    borders = sorted(line.get_ydata()[0] for line in axes.lines if line.get_xdata()[0] == 0)
    assert borders == [1.5]
    assert axes.get_title() == "one"


def test_overlaps_have_a_panel_for_each_model():
    one = (np.eye(2), ["a", "b"])
    figure = figures.overlap_maps({"x": one, "y": one})
    assert [axes.get_title() for axes in figure.axes[:2]] == ["x", "y"]
    assert figure.axes[2].get_ylabel() == "share of common words"


@pytest.mark.parametrize(
    ("panels", "says"),
    [({}, "at least one"), ({"x": (np.eye(3), ["a", "b"])}, "each two of 2 sentences")],
)
def test_overlaps_that_do_not_fit_are_refused(panels, says):
    with pytest.raises(ValueError, match=says):
        figures.overlap_maps(panels)


def test_words_of_the_interpretation_have_a_marker_of_their_own():
    figure = figures.repeated_words(
        [0.9, -0.2, 0.1], [5.0, -1.0, 0.5], [0], name="negative", title="T"
    )
    [axes] = figure.axes
    rest, chosen = axes.collections
    assert rest.get_offsets().tolist() == [[-0.2, -1.0], [0.1, 0.5]]
    assert chosen.get_offsets().tolist() == [[0.9, 5.0]]
    shapes = [len(points.get_paths()[0].vertices) for points in (rest, chosen)]
    assert shapes[0] != shapes[1]
    assert "lead of negative" in axes.get_ylabel()


def test_as_many_cosines_as_leads_are_asked_for():
    with pytest.raises(ValueError, match="got 2 and 1"):
        figures.repeated_words([0.1, 0.2], [1.0], [0], name="x")


@pytest.mark.parametrize(
    ("after", "verdict"), [([0.2, 0.8], "good (80%): kept"), ([0.7, 0.3], "bad (70%): not kept")]
)
def test_a_reading_says_what_the_model_says_before_and_after(after, verdict):
    page = figures.read_back_html(
        "a <b> film", [["fine", "warm"], ["apt"]], [0.1, 0.9], after, ["bad", "good"]
    )
    assert "a &lt;b&gt; film" in page and "<b>" not in page
    assert "The model says good (90%)." in page
    assert "Location 1: fine, warm" in page and "Location 2: apt" in page
    assert f"Of these words it says {verdict}." in page
