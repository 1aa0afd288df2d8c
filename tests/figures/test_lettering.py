"""Widths are those that are drawn; labels and markers keep apart."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

from interpbook.figures.lettering import label_apart, note, spread_out, text_width


@pytest.mark.parametrize("text", ["moving", "costs $5 or $6", r"\$", "a_b^c", "“ﬁn” — Ærø"])
def test_a_width_is_that_of_the_drawn_text(text):
    figure, axes = plt.subplots(dpi=720)
    drawn = axes.text(0, 0, text.replace("$", "S"), fontsize=12, parse_math=False)
    box = drawn.get_window_extent(figure.canvas.get_renderer())
    assert text_width(text, 12) == pytest.approx(box.width / 10, abs=2.5)


def test_a_note_is_so_many_points_from_its_place_and_small_unless_told():
    figure, axes = plt.subplots(dpi=144)
    written = note(axes, "here", (0.5, 0.5), (10, -20), ha="left", va="bottom")
    larger = note(axes, "here", (0.5, 0.5), (0, 0), fontsize=11)
    corner = written.get_window_extent(figure.canvas.get_renderer()).min
    assert corner - axes.transData.transform((0.5, 0.5)) == pytest.approx([20, -40])
    assert (written.get_fontsize(), larger.get_fontsize()) == (8, 11)


def crowded(count: int):
    figure, axes = plt.subplots(figsize=(4, 4))
    places = np.random.default_rng(0).uniform(size=(count, 2))
    axes.plot(*places.T, ".")
    return figure, axes, places


def test_labels_keep_off_each_other_and_inside():
    _, axes, places = crowded(20)
    line = ((0.0, 0.0), (300.0, 300.0))
    written = label_apart(axes, [(p, "muddled", "k") for p in places], places[:2], [line])
    found = [label.get_window_extent() for label in written]
    frame = axes.get_window_extent()
    for i, box in enumerate(found):
        assert not any(box.overlaps(other) for other in found[:i])
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1
        assert frame.y0 <= box.y0 and box.y1 <= frame.y1


def test_more_labels_than_there_is_room_for_are_written_all_the_same():
    _, axes, places = crowded(60)
    assert len(label_apart(axes, [(p, "muddled", "k") for p in places], [])) == 60


def test_markers_part_no_further_than_they_must():
    figure, axes, _ = crowded(3)
    places = np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.1, 0.1]])
    moved = axes.transData.transform(spread_out(axes, places, 15.0))
    least = 15 * figure.dpi / 72
    distances = np.hypot(*(moved[:, None] - moved[None]).transpose(2, 0, 1))
    apart = distances[np.triu_indices(4, 1)]
    assert apart.min() > 0.95 * least
    assert np.hypot(*(moved[0] - moved[1])) < 2.1 * least
    assert axes.transData.inverted().transform(moved[3]) == pytest.approx([0.1, 0.1])
