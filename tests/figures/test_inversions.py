"""Figures of inversions show what they are given: read back from what was drawn."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from interpbook import Classifier, DeepTextCNN, DeepTextCNNConfig, Inversion, Vocabulary, figures
from interpbook.hidden import Fields, Objective, closed_form, invert, nearest_words

WORDS = ("<pad>", "<unk>", "good", "bad", "slow", "moving", "film", "cast")
RATE, STEPS = 0.05, 40


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    config = DeepTextCNNConfig(
        vocab_size=len(WORDS), num_classes=2, embedding_dim=6, channels=(5, 4), max_length=8
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        deep = DeepTextCNN(config).eval()
    return Classifier(deep, Vocabulary(WORDS), ("negative", "positive"))


@pytest.fixture(scope="module")
def inversion(classifier) -> Inversion:
    ids = torch.tensor([[2, 3, 4, 5, 6]])
    settings = {"l2": 0.05, "steps": STEPS, "learning_rate": RATE, "restarts": 3}
    return invert(classifier.model, ids, 1, [1, 3], **settings)


def drawn(figure: plt.Figure) -> list[tuple[np.ndarray, np.ndarray]]:
    return [line.get_data() for line in figure.axes[0].lines]


def legend(holder) -> list[str]:
    return [text.get_text() for text in holder.get_texts()]


def test_climbs_are_drawn_over_the_distance_with_all_restarts(inversion):
    both = [("one", inversion, RATE), ("ten", inversion, 10 * RATE)]
    figure = figures.climb_curves(both, location=1, optimum=3.5, title="Up")
    *curves, line = drawn(figure)
    assert len(curves) == 6, "three restarts of two climbs"
    for number, (x, y) in enumerate(curves):
        rate = RATE if number < 3 else 10 * RATE
        assert np.allclose(x, rate * np.array(inversion.steps[1:]))
        assert np.allclose(y, inversion.values[1:, number % 3, 1])
    assert set(line[1]) == {3.5}
    [axes] = figure.axes
    assert (axes.get_xscale(), axes.get_yscale(), axes.get_title()) == ("log", "log", "Up")
    assert legend(axes.get_legend()) == ["one", "ten", "optimum"]


def test_climbs_differ_in_marker_and_size_and_not_in_colour_alone(inversion):
    figure = figures.climb_curves([("one", inversion, RATE), ("two", inversion, RATE)])
    looks = [
        (line.get_color(), line.get_marker(), line.get_linestyle(), line.get_markersize())
        for line in figure.axes[0].lines
    ]
    assert len(set(looks[:3])) == len(set(looks[3:])) == 1
    assert all(a != b for a, b in zip(looks[0], looks[3], strict=True))


def test_ticks_of_a_climb_are_plain_numbers_that_do_not_touch(inversion):
    figure = figures.climb_curves([("one", inversion, RATE)])
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    for axis in (figure.axes[0].xaxis, figure.axes[0].yaxis):
        shown = [label for label in axis.get_ticklabels(which="both") if label.get_text()]
        assert len(shown) > 1
        float(shown[0].get_text().replace(",", ""))
        boxes = [label.get_window_extent(renderer) for label in shown]
        assert not any(a.overlaps(b) for a, b in pairwise(boxes))


def test_paths_go_from_hollow_starts_to_filled_ends(inversion, classifier):
    figure = figures.climb_paths(inversion, classifier, location=1)
    lines = figure.axes[0].lines
    assert len(lines) == 9
    for path, start, end in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        x, y = path.get_data()
        assert len(x) == len(inversion.steps)
        assert (start.get_fillstyle(), end.get_fillstyle()) == ("none", "full")
        assert np.allclose(np.concatenate(start.get_data()), (x[0], y[0]))
        assert np.allclose(np.concatenate(end.get_data()), (x[-1], y[-1]))
    assert len({line.get_marker() for line in lines[::3]}) == 3
    assert legend(figure.legends[0]) == ["restart 1", "restart 2", "restart 3"]


def test_paths_keep_the_distances_between_directions_that_a_plane_can_keep(classifier):
    # Vectors of two numbers fill a plane, so nothing is lost: distances are those of unit vectors.
    ids = torch.tensor([[2, 3, 4, 5, 6]])
    fields = Fields.of(classifier.model, ids, 1, [1])
    path = torch.zeros(3, 2, 1, 6)
    path[..., :2] = torch.tensor([[1.0, 0], [1, 1], [0, 3], [0, -1], [-2, 0], [1, 0]]).view(
        3, 2, 1, 2
    )
    made = Inversion(
        fields,
        Objective(),
        torch.zeros(2, 1, 5, 6),
        (0, 1, 2),
        torch.zeros(3, 2, 1),
        path,
        torch.zeros(2, 1),
        torch.ones(2, 1, dtype=torch.bool),
    )
    lines = figures.climb_paths(made, classifier).axes[0].lines[::3]
    places = np.concatenate([np.column_stack(line.get_data()) for line in lines])
    units = torch.nn.functional.normalize(path[:, :, 0].transpose(0, 1).flatten(0, 1), dim=1)
    assert np.allclose(
        np.linalg.norm(places[:, None] - places, axis=2), torch.cdist(units, units), atol=1e-5
    )


def test_a_word_stands_where_it_becomes_the_nearest(inversion, classifier):
    figure = figures.climb_paths(inversion, classifier, location=0)
    expected = []
    for restart in range(3):
        path = inversion.path[:, restart, 0]
        found = nearest_words(classifier.model, classifier.vocabulary, path, 1)
        words = [word for ((word, _),) in found]
        line = figure.axes[0].lines[3 * restart]
        for step, word in enumerate(words):
            if step == 0 or word != words[step - 1]:
                expected.append((word, *(float(axis[step]) for axis in line.get_data())))
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    assert sorted((text.get_text(), *map(float, text.xy)) for text in texts) == sorted(expected)
    assert len(expected) > 3, "at least one word changes on the way"


def test_the_optimum_is_a_star_where_the_climb_would_end(inversion, classifier):
    top = closed_form(inversion.fields, 0.05)
    figure = figures.climb_paths(inversion, classifier, optimum=inversion.path[-1, 0, 0])
    star = figure.axes[0].lines[-1]
    assert star.get_marker() == "*"
    end = figure.axes[0].lines[2]
    assert np.allclose(np.concatenate(star.get_data()), np.concatenate(end.get_data()), atol=1e-6)
    other = figures.climb_paths(inversion, classifier, optimum=-top.overall[0])
    start = other.axes[0].lines[-1].get_data()
    assert not np.allclose(np.concatenate(start), np.concatenate(other.axes[0].lines[2].get_data()))
    assert legend(other.legends[0])[-1] == "optimum"


def test_what_cannot_be_drawn_says_so(inversion, classifier):
    with pytest.raises(ValueError, match="at least one climb"):
        figures.climb_curves([])
    for location in (-1, 2):
        with pytest.raises(ValueError, match=r"locations are 0\.\.1"):
            figures.climb_curves([("one", inversion, RATE)], location=location)
        with pytest.raises(ValueError, match=r"locations are 0\.\.1"):
            figures.climb_paths(inversion, classifier, location=location)
    many = invert(classifier.model, torch.tensor([[2, 3, 4]]), 1, [1], steps=2, restarts=5)
    with pytest.raises(ValueError, match="up to 4 restarts"):
        figures.climb_paths(many, classifier)
