"""Figures of interpretations read back show what the records hold: numbers are read back."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from matplotlib import colors

from interpbook import figures
from interpbook.experiments import kept_share
from interpbook.hidden import METHODS
from support.readings import reading

RECORDS = [reading(seed=seed) for seed in range(3)]
DRAWN = ["inversion", "own words", "random locations", "weakest locations", "random words"]
K, M = (1, 2, 3, 5), (1, 3, 5, 10)


def names(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


# Curves.


def test_curves_have_a_panel_for_each_k_on_one_scale():
    figure = figures.preservation_curves(RECORDS, "mr")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["k = 1 location", *(f"k = {k} locations" for k in (2, 3, 5))]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert [tick.get_text() for tick in figure.axes[3].get_xticklabels()] == list(map(str, M))
    assert names(figure) == [*DRAWN[:4], "random words (band: 95%)"]


def test_curves_draw_shares_and_their_intervals():
    for axes, k in zip(figures.preservation_curves(RECORDS, "mr").axes, K, strict=True):
        drawn = {container.get_label(): container for container in axes.containers}
        assert list(drawn) == DRAWN[:4]
        for method, (line, _, [bars]) in drawn.items():
            expected = [kept_share(RECORDS, method, k, m) for m in M]
            assert list(line.get_ydata()) == pytest.approx([100 * e.value for e in expected])
            ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
            for end, estimate in zip(ends, expected, strict=True):
                assert end == pytest.approx([100 * estimate.low, 100 * estimate.high])


def test_curves_show_chance_as_a_band_over_the_whole_panel():
    for axes, k in zip(figures.preservation_curves(RECORDS, "mr").axes, K, strict=True):
        [line] = [line for line in axes.lines if line.get_label() == "random words"]
        expected = [kept_share(RECORDS, "random words", k, m) for m in M]
        assert list(line.get_ydata()[1:-1]) == pytest.approx([100 * e.value for e in expected])
        [band] = [c for c in axes.collections if type(c).__name__ == "FillBetweenPolyCollection"]
        corners = band.get_paths()[0].vertices
        left, right = axes.get_xlim()
        assert corners[:, 0].min() <= left and corners[:, 0].max() >= right
        for place, estimate in enumerate(expected):
            heights = corners[corners[:, 0] == place][:, 1]
            assert sorted(set(heights)) == pytest.approx([100 * estimate.low, 100 * estimate.high])


def test_curves_of_all_methods_stand_apart_and_differ_in_more_than_colour():
    figure = figures.preservation_curves(RECORDS, "mr", methods=METHODS)
    lines = [container[0] for container in figure.axes[0].containers]
    assert len(lines) == len(METHODS) - 1
    places = np.sort(np.concatenate([line.get_xdata() for line in lines]))
    assert np.diff(places).min() > 0.05
    looks = {(line.get_marker(), line.get_linestyle()) for line in lines}
    shades = {colors.to_hex(line.get_color()) for line in lines}
    assert len(looks) == len(shades) == len(lines)
    assert len({line.get_marker() for line in lines}) == len(lines)


def test_curves_of_other_corpora_are_left_out():
    both = [*RECORDS, reading("ag_news", seed=5)]
    mixed, alone = (figures.preservation_curves(records, "mr") for records in (both, RECORDS))
    for first, second in zip(mixed.axes, alone.axes, strict=True):
        for one, other in zip(first.lines, second.lines, strict=True):
            assert np.array_equal(one.get_ydata(), other.get_ydata())


def test_an_odd_number_of_panels_leaves_no_empty_frame():
    records = deepcopy(RECORDS)
    for record in records:
        record["interpretation"]["locations"] = [1, 2, 3]
    axes = figures.preservation_curves(records, "mr").axes
    assert [one.axison for one in axes] == [True, True, True, False]


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="at least one method, got none"):
        figures.preservation_curves(RECORDS, "mr", methods=())
    with pytest.raises(ValueError, match=r"methods are inversion, .*, got 'magic'"):
        figures.preservation_curves(RECORDS, "mr", methods=("inversion", "magic"))
    with pytest.raises(ValueError, match="expected records of ag_news, got records of mr"):
        figures.preservation_curves(RECORDS, "ag_news")


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
