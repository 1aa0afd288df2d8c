"""Figures of filters show what they are given: numbers read back from what was drawn."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from matplotlib import colors

from interpbook import best_ngrams, discriminative_ngrams, figures, filter_profile, pad
from interpbook.figures.filters import _LINE, _LOOKS, _contrast, _lanes
from interpbook.figures.style import BLUE, INK, ORANGE
from interpbook.scores import Ngram
from support.networks import tiny_classifier

TEXT = "What a GOOD movie, but it isn't bad: slow, slow, moving (costs $_{$ or $6)!"


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def explained(text: str = TEXT, **config):
    return tiny_classifier(filters_per_width=12, **config).explain(text)


# Figure 3. ----------------------------------------------------------------------------------------


def test_a_map_writes_the_text_as_it_is_and_one_line_for_each_ngram():
    e = explained("a good movie")
    ngrams = discriminative_ngrams(e, 1e-6)
    axes = figures.ngram_map([e], 1e-6, shown=99).axes[0]
    written = texts(axes)
    assert written[0] == f"predicted: {e.class_names[e.predicted]}"
    assert written[1:4] == ["a", "good", "movie"]
    assert sorted(written[4:]) == sorted(str(len(ngram.words)) for ngram in ngrams)
    assert len(axes.lines) == len(ngrams) > 1
    places = {text.get_text(): text.get_position()[0] for text in axes.texts[1:4]}
    begins = sorted(line.get_xdata()[0] - 6 for line in axes.lines)
    assert begins == sorted(places[ngram.words[0]] for ngram in ngrams)


def test_a_size_has_a_line_style_a_colour_and_a_name():
    e = explained(widths=(2, 3, 4))
    axes = figures.ngram_map([e], 0.0, shown=99).axes[0]
    looks = {(line.get_linestyle(), line.get_color()) for line in axes.lines}
    assert looks == {(dash, colour) for colour, dash, _ in _LOOKS[:3]}
    legend = axes.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["2-gram", "3-gram", "4-gram"]
    assert [line.get_linestyle() for line in legend.get_lines()] == ["-", "--", ":"]


def test_lines_stay_inside_the_figure_and_do_not_cross():
    e = explained(TEXT * 4)
    axes = figures.ngram_map([e, e], 0.0, shown=99).axes[0]
    drawn = {}
    for line in axes.lines:
        left, right = line.get_xdata()
        assert 0 <= left < right <= _LINE
        drawn.setdefault(line.get_ydata()[0], []).append((left, right))
    for of_height in drawn.values():
        of_height.sort()
        assert all(one[1] <= two[0] for one, two in pairwise(of_height))
    assert len({round(text.get_position()[1]) for text in axes.texts}) > 5  # lines of text


def test_an_ngram_that_is_broken_over_two_lines_is_underlined_in_both():
    long = "x" * 36
    e = explained(f"a {long} {long} movie", widths=(4,), max_length=9)
    axes = figures.ngram_map([e], 0.0).axes[0]
    [ngram] = discriminative_ngrams(e, 0.0)
    assert len(ngram.words) == 4 and len(axes.lines) > 1
    assert len({line.get_ydata()[0] for line in axes.lines}) == len(axes.lines)


def test_only_the_most_decisive_are_shown_and_dollars_are_no_formula():
    e = explained()
    figure = figures.ngram_map([e], 0.0, shown=2)
    assert len({line.get_ydata()[0] for line in figure.axes[0].lines}) <= 4
    pieces = texts(figure.axes[0])
    assert {"GOOD", "movie,", "bad:", "costs $_{$", "or $"} <= set(pieces)
    figure.canvas.draw()  # a formula that is none would raise


def test_words_that_were_not_read_are_not_written():
    written = texts(figures.ngram_map([explained(max_length=4)], 0.0).axes[0])
    assert "movie" in written and not any("bad" in piece for piece in written)


def test_a_text_without_discriminative_ngrams_is_still_written():
    axes = figures.ngram_map([explained("a good movie")], 1e9).axes[0]
    assert not axes.lines and texts(axes)[1:] == ["a", "good", "movie"]


def test_lanes_hold_no_word_twice():
    ngrams = [Ngram(("w",) * n, start, 1, 1.0) for start, n in [(0, 3), (1, 3), (3, 2), (4, 5)]]
    assert _lanes(ngrams) == [0, 1, 0, 1]


# Figure 4. ----------------------------------------------------------------------------------------


def test_strips_draw_every_count_and_mark_the_silent():
    counts = {"k = 6": [0, 5, 100, 1, 0, 7], "k = 3": torch.tensor([2, 0, 3])}
    figure = figures.count_strips(counts)
    first, second, bar = figure.axes
    assert [patch.get_height() for patch in first.patches] == counts["k = 6"]
    assert [patch.get_height() for patch in second.patches] == [2, 0, 3]
    silent, borders = first.collections
    assert [segment[0][0] for segment in silent.get_segments()] == [0, 4]
    assert colors.to_hex(silent.get_color()[0]) == ORANGE
    assert [segment[0][0] for segment in borders.get_segments()] == [1.5, 3.5]
    assert texts(first) == ["width 3", "width 4", "width 5"] and not texts(second)
    assert first.get_ylabel() == "k = 6"
    assert bar.get_ylabel() == "documents" and bar.get_ylim() == pytest.approx((1, 100))


def test_a_higher_count_is_darker():
    axes = figures.count_strips({"": [1, 10, 1000]}).axes[0]
    light = [sum(patch.get_facecolor()[:3]) for patch in axes.patches]
    assert light[0] > light[1] > light[2]


def test_strips_of_nothing_are_drawn():
    axes = figures.count_strips({"": [0, 0, 0]}).axes[0]
    assert len(axes.collections[0].get_segments()) == 3


# Figure 5. ----------------------------------------------------------------------------------------


def test_shares_have_a_dot_a_run_and_a_line_through_the_means():
    one = np.array([[0.1, 0.3], [0.5, np.nan]])
    figure = figures.shares_by_k({"A": {"w": one, "v": 1 - one}}, [30, 600], ylabel="share")
    axes = figure.axes[0]
    mean, dots, *_ = axes.lines
    assert list(mean.get_ydata()) == pytest.approx([0.2, 0.5])
    np.testing.assert_allclose(dots.get_ydata(), [0.1, 0.3, 0.5, np.nan])
    assert [line.get_marker() for line in axes.lines[1::2]] == ["o", "s"]
    assert [line.get_linestyle() for line in axes.lines[::2]] == ["-", "--"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["w", "v"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["30", "600"]
    assert axes.get_title(loc="left") == "A" and axes.get_ylabel() == "share"


# Padding. -----------------------------------------------------------------------------------------


def test_kinds_of_windows_are_stacked_and_sorted_by_the_last():
    kinds = {"words": [0.7, 0.1], "edge": [0.2, 0.3], "padding": [0.1, 0.6]}
    figure = figures.padding_capture(kinds, marked=[True, False], mark="b > 0")
    axes = figure.axes[0]
    heights = [patch.get_height() for patch in axes.patches]
    assert heights == pytest.approx([0.1, 0.7, 0.3, 0.2, 0.6, 0.1])  # the second filter first
    bottoms = [patch.get_y() for patch in axes.patches]
    assert bottoms == pytest.approx([0, 0, 0.1, 0.7, 0.4, 0.9])
    assert [bool(patch.get_hatch()) for patch in axes.patches[::2]] == [False, True, True]
    [dots] = axes.lines
    assert list(dots.get_xdata()) == [1]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert set(labels) == {"words", "edge", "padding", "b > 0"}


# Profiles. ----------------------------------------------------------------------------------------


def profile(number: int = 0, **config):
    classifier = tiny_classifier(padding="paper", max_length=13, **config)
    found = best_ngrams(classifier.model, [(pad(classifier.encode([TEXT, "bad"])), None)])
    return filter_profile(classifier, number, found=found)


@pytest.mark.parametrize("number", [0, 5])
def test_a_profile_map_writes_wishes_finds_and_their_scores(number):
    p = profile(number)
    axes = figures.filter_profile_map(p, top=3).axes[0]
    written = texts(axes)
    for slot in p.slots:
        for word, score in slot[:3]:
            assert word in written and f"{score:+.2f}" in written
    for ngram in (p.ideal, *p.found[:3]):
        assert f"u = {ngram.score:+.2f}" in written
    ticks = [tick.get_text() for tick in axes.get_yticklabels()]
    shown = min(3, len(p.found))
    assert ticks == ["ideal", "wish 2", "wish 3", *(f"found {i + 1}" for i in range(shown))]
    assert len([tick for tick in axes.get_xticklabels() if tick.get_text()]) == p.width
    assert len(axes.patches) == p.width * (3 + shown) + 1  # the last one frames the ideal
    assert axes.patches[-1].get_width() == p.width


def test_a_profile_maps_colours_are_signed_and_its_words_legible():
    p = profile()
    axes = figures.filter_profile_map(p).axes[0]
    cells = [score for row in zip(*p.slots, strict=True) for _, score in row][: 5 * p.width]
    for patch, score in zip(axes.patches, cells, strict=False):
        red, _, blue, _ = patch.get_facecolor()
        assert (blue > red) == (score > 0)
    words = [text for text in axes.texts if not text.get_text().startswith("u")]
    for patch, text in zip(axes.patches, words[::2], strict=False):
        assert _contrast(text.get_color(), patch.get_facecolor()) > 3.5


def test_contrast_is_that_of_the_guidelines():
    assert _contrast("white", "black") == pytest.approx(21)
    assert _contrast("white", "#767676") == pytest.approx(4.54, abs=0.01)
    assert _contrast(BLUE, BLUE) == 1 and _contrast("white", INK) == _contrast(INK, "white")


def test_a_profile_map_without_a_corpus_shows_wishes_only():
    p = replace(profile(), found=())
    ticks = figures.filter_profile_map(p, top=2).axes[0].get_yticklabels()
    assert [tick.get_text() for tick in ticks] == ["ideal", "wish 2"]


def test_a_profile_map_writes_padding_as_a_dot():
    found = [[[0, 3]]] * 3 + [[[0, 0, 3]]] * 3
    written = texts(
        figures.filter_profile_map(filter_profile(tiny_classifier(), 0, found=found)).axes[0]
    )
    assert "·" in written and "<pad>" not in written


def test_every_filter_is_one_dot_of_ideal_and_found():
    profiles = [profile(number) for number in range(6)]
    axes = figures.ideal_against_found(profiles).axes[0]
    dots = [line for line in axes.lines if line.get_label().startswith("width")]
    assert [line.get_label() for line in dots] == ["width 2", "width 3"]
    assert len({line.get_marker() for line in dots}) == 2
    drawn = [xy for line in dots for xy in zip(line.get_xdata(), line.get_ydata(), strict=True)]
    assert drawn == [(p.ideal.score, p.found[0].score) for p in profiles]
