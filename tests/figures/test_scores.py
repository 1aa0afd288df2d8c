"""Figures of scores show what they are given: numbers read back from what was drawn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib import colors

from interpbook import Vocabulary, figures
from interpbook.figures.style import BLUE, ORANGE
from interpbook.scores import explain
from support.networks import network


def widths(axes):
    return [bar.get_width() for bar in axes.patches]


def test_heatmap_is_centred_on_zero_and_writes_every_number():
    figure = figures.signed_heatmap([[1.0, -4.0], [0.0, 2.0]], ["a", "b"], ["no", "yes"], title="T")
    axes = figure.axes[0]
    norm = axes.collections[0].norm
    assert (norm.vmin, norm.vcenter, norm.vmax) == (-4, 0, 4)
    assert [text.get_text() for text in axes.texts] == ["1.00", "-4.00", "0.00", "2.00"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b"]
    assert figure.axes[1].get_ylabel() == "logits" and axes.get_title() == "T"


def test_heatmap_of_zeros_is_drawn():
    assert figures.signed_heatmap(np.zeros((2, 2)), "ab", "cd").axes


def test_bars_are_blue_for_and_orange_against():
    axes = figures.signed_bars(["a", "b"], torch.tensor([1.5, -0.5])).axes[0]
    assert widths(axes) == [1.5, -0.5]
    assert [colors.to_hex(bar.get_facecolor()) for bar in axes.patches] == [BLUE, ORANGE]
    assert axes.yaxis_inverted()


def test_window_scores_mark_the_first_of_equal_windows():
    axes = figures.window_scores(["a", "good", "a", "good"], [1.0, 0.0, 1.0], width=2).axes[0]
    assert axes.texts[0].get_text() == "u_max = 1.00" and axes.texts[0].xy == (0, 1.0)


def test_waterfall_ends_at_the_sum():
    axes = figures.waterfall(["a", "b", "c"], [2.0, -3.0, 0.5]).axes[0]
    assert widths(axes) == [2.0, -3.0, 0.5, -0.5]
    assert [bar.get_x() for bar in axes.patches] == [0.0, 2.0, -1.0, 0.0]


def test_ngram_waterfall_accounts_for_the_whole_lead():
    vocabulary = Vocabulary(("<pad>", "<unk>", *(f"w{i}" for i in range(20))))
    model = network(vocab_size=len(vocabulary), num_classes=3).float()
    text = " ".join(f"w{i}" for i in range(12))
    explanation = explain(model, vocabulary, ("a", "b", "c"), text)
    axes = figures.ngram_waterfall(explanation, label=1, shown=2).axes[0]
    *parts, total = widths(axes)
    assert sum(parts) == pytest.approx(total, abs=1e-5)
    assert total == pytest.approx(float(explanation.evidence(1).sum()), abs=1e-5)
    assert len(parts) <= 4  # two n-grams, the others, the silent filters


def test_paired_bars_draw_both_series():
    axes = figures.paired_bars(["x", "y"], {"one": [1.0, 2.0], "two": [3.0, 4.0]}).axes[0]
    assert widths(axes) == [1.0, 2.0, 3.0, 4.0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "two"]
