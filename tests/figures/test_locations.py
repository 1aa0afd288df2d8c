"""Figures of hidden locations show what they are given: numbers read back from what was drawn."""

from __future__ import annotations

from dataclasses import replace

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.patches import ConnectionPatch, Rectangle

from interpbook import (
    Classifier,
    DeepTextCNN,
    DeepTextCNNConfig,
    Vocabulary,
    figures,
    interpret,
    load_classifier,
)
from interpbook.figures.columns import LOOKS, ROW, WIDTH, WORDS
from interpbook.hidden import Interpretation, LocationReading, location_saliency
from interpbook.text import pad, tokenize_with_spans
from support.networks import WORDS as VOCABULARY
from support.networks import tiny_classifier

SENTENCE = "a slow but moving movie isn't bad a good movie"


def deep_classifier(seed: int = 0) -> Classifier:
    """Build an untrained deep classifier with three layers."""
    vocabulary = Vocabulary(("<pad>", "<unk>", *VOCABULARY))
    config = DeepTextCNNConfig(
        vocab_size=len(vocabulary), num_classes=2, embedding_dim=50, channels=(6, 5, 4)
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Classifier(DeepTextCNN(config), vocabulary, ("negative", "positive"))


CLASSIFIER = deep_classifier()


def crafted(text: str = SENTENCE, places: tuple[int, ...] = (4, 0, 8)) -> Interpretation:
    """Return an interpretation with rising saliency and fixed words."""
    spans = tuple(tokenize_with_spans(text))
    tokens = text.split()
    saliency = torch.linspace(-1.0, 2.0, len(tokens))
    readings = tuple(
        LocationReading(
            location=i,
            field=CLASSIFIER.model.receptive_field(1, i, len(tokens)),
            saliency=float(saliency[i]),
            words=(("good", 0.9), (VOCABULARY[2 + n], 0.8), ("slow", 0.7)),
            overall=torch.cos(torch.arange(50.0) * (n + 1)),
        )
        for n, i in enumerate(places)
    )
    logits = torch.tensor([0.0, 1.0])
    names = CLASSIFIER.class_names
    return Interpretation(
        text, spans, 0, (True,) * len(spans), names, logits, 1, 1, saliency, readings
    )


def written(axes):
    return [text.get_text() for text in axes.texts if text.get_text()]


def boxes(figure, axes):
    renderer = figure.canvas.get_renderer()
    return [text.get_window_extent(renderer) for text in axes.texts if text.get_text()]


def assert_on_the_page(figure, axes):
    page = figure.bbox
    assert figure.get_size_inches()[0] * 72 == pytest.approx(WIDTH)
    for box in boxes(figure, axes):
        assert page.x0 <= box.x0 and box.x1 <= page.x1
        assert page.y0 <= box.y0 and box.y1 <= page.y1


def outlines(axes):
    """Return (colour, y from, y to) of boxes without a filling: fields, then cells."""
    found = [p for p in axes.patches if isinstance(p, Rectangle) and not p.get_facecolor()[3]]
    return [
        (
            matplotlib.colors.to_hex(box.get_edgecolor()),
            box.get_y(),
            box.get_y() + box.get_height(),
            box.get_width(),
        )
        for box in found
    ]


# A text and its locations, as the pipeline and the cloud share them. ------------------------------


def test_every_word_stands_beside_the_saliency_of_its_location():
    [axes] = figures.pipeline(crafted()).axes
    height = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert set(SENTENCE.split()) <= set(height)
    for word, score in zip(SENTENCE.split()[1:3], ("-0.67", "-0.33"), strict=True):
        assert height[word] == height[score]


def test_fields_reach_over_the_words_that_are_seen_and_are_clipped():
    interpretation = crafted()
    [axes] = figures.pipeline(interpretation).axes
    ys = {text.get_text(): text.get_position()[1] for text in axes.texts}
    first = ys["but"] - 2.5 * ROW  # the top of the first word's row
    fields = [box for box in outlines(axes) if box[3] < 10]
    assert len(fields) == 3
    for (colour, top, bottom, _), reading, look in zip(
        fields, interpretation.readings, LOOKS, strict=False
    ):
        assert colour == look[0]
        assert top - first == pytest.approx(reading.field.start * ROW, abs=3)
        assert bottom - first == pytest.approx(reading.field.stop * ROW, abs=3)
    fields = [list(reading.field) for reading in interpretation.readings]
    assert fields == [[2, 3, 4, 5, 6], [0, 1, 2], [6, 7, 8, 9]]


def test_readings_are_told_apart_without_colour():
    assert len({marker for _, marker in LOOKS}) == len({colour for colour, _ in LOOKS}) == 5
    [axes] = figures.pipeline(crafted()).axes
    markers = [line.get_marker() for line in axes.lines]
    assert markers[:3] == ["o", "s", "^"]
    for number in "123":  # on the field, and on the reading
        assert written(axes).count(number) == 2


@pytest.mark.parametrize(
    "draw", [figures.pipeline, lambda i: figures.location_cloud(i, CLASSIFIER)]
)
def test_too_long_texts_and_too_many_readings_are_refused(draw):
    with pytest.raises(ValueError, match="the figure holds 40 words, got 41"):
        draw(crafted(" ".join(["good"] * 41)))
    with pytest.raises(ValueError, match="tells 5 locations apart, got 6"):
        draw(crafted(places=(0, 1, 2, 3, 4, 5)))
    assert draw(crafted(" ".join(["good"] * 40), places=(0, 1, 2, 3, 39)))


# The pipeline. ------------------------------------------------------------------------------------


def test_the_pipeline_ends_in_the_nearest_words_in_the_order_of_the_text():
    figure = figures.pipeline(crafted(), words=2, title="T")
    [axes] = figure.axes
    texts = written(axes)
    assert texts[0] == "T"
    places = [text for text in texts if "  " in text]
    assert places == ["a  -1.00", "movie  +0.33", "good  +1.67"]
    words = [text for text in texts if text.startswith("good, ")]
    assert words == ["good, not", "good, movie", "good, bad"]  # second, first, third reading
    assert_on_the_page(figure, axes)


def test_the_strips_are_the_overall_vectors():
    interpretation = crafted()
    [axes] = figures.pipeline(interpretation).axes
    order = [1, 0, 2]
    for image, number in zip(axes.images, order, strict=True):
        expected = interpretation.readings[number].overall[:40].numpy()
        assert np.asarray(image.get_array())[0] == pytest.approx(expected)
        assert image.norm.vcenter == 0


def test_arrows_lead_from_each_location_to_its_reading():
    interpretation = crafted()
    [axes] = figures.pipeline(interpretation).axes
    arrows = [text for text in axes.texts if getattr(text, "arrow_patch", None)]
    ys = {text.get_text(): text.get_position()[1] for text in axes.texts}
    starts = [arrow.get_position()[1] for arrow in arrows]
    assert starts == pytest.approx([ys["but"] + dy * ROW for dy in (-2, 2, 6)])


def test_many_words_break_into_lines_on_the_page():
    reading = replace(crafted().readings[0], words=(("incomprehensibilities", 0.5),) * 9)
    figure = figures.pipeline(replace(crafted(), readings=(reading,)), words=9)
    [axes] = figure.axes
    assert sum(text.startswith("incomprehe") for text in written(axes)) >= 4
    assert_on_the_page(figure, axes)


DULL = "A tedious and joyless film that never finds its heart."

# The cloud. ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["tsne", "pca"])
def test_the_cloud_holds_each_word_once_with_its_readings(how):
    figure = figures.location_cloud(crafted(), CLASSIFIER, how=how, words=3, title="T")
    page, cloud = figure.axes
    labels = [text for text in written(cloud) if not text.isdigit()]
    assert sorted(labels) == ["bad", "good 123", "movie", "not", "slow 123"]
    colour = {text.get_text(): text.get_color() for text in cloud.texts}
    assert [colour[word] for word in ("movie", "not", "bad")] == [look for look, _ in LOOKS[:3]]
    assert [text for text in written(cloud) if text.isdigit()] == ["1", "2", "3"]
    name = {"tsne": "t-SNE", "pca": "PCA"}[how]
    assert f"{name} plane, no unit" in written(page) and "T" in written(page)
    assert_on_the_page(figure, page)


@pytest.mark.parametrize("how", ["tsne", "pca"])
def test_a_reading_stands_among_its_words(how):
    mr = load_classifier("mr_deep")
    interpretation = interpret(mr, DULL, learning_rate=1.0, steps=150)
    cloud = figures.location_cloud(interpretation, mr, how=how).axes[1]
    at = {text.get_text(): np.array(text.xy) for text in cloud.texts if text.get_text()}
    frame = np.array([np.ptp(cloud.get_xlim()), np.ptp(cloud.get_ylim())])
    for number in "123":
        own = [at[word] for word in at if " " in word and number in word.split()[-1]]
        away = [np.abs((place - at[number]) / frame).max() for place in own]
        assert min(away) < 0.2, f"reading {number} stands apart from its words"


def test_dashes_tie_each_reading_to_its_location():
    interpretation = crafted()
    figure = figures.location_cloud(interpretation, CLASSIFIER)
    ties = [artist for artist in figure.artists if isinstance(artist, ConnectionPatch)]
    ys = {text.get_text(): text.get_position()[1] for text in figure.axes[0].texts}
    for tie, dy in zip(ties, (2, -2, 6), strict=True):
        assert tie.get_linestyle() != "-"
        assert tie.xy2[1] == pytest.approx(ys["but"] + dy * ROW)


def test_fewer_words_make_a_smaller_cloud():
    cloud = figures.location_cloud(crafted(), CLASSIFIER, words=1).axes[1]
    assert [text for text in written(cloud) if not text.isdigit()] == ["good 123"]


def test_an_interpretation_of_a_network_is_drawn():
    interpretation = interpret(CLASSIFIER, SENTENCE, layer=2, words=3, steps=3)
    for figure in (
        figures.pipeline(interpretation),
        figures.location_cloud(interpretation, CLASSIFIER),
    ):
        assert "layer 2" in written(figure.axes[0])


# The map of all layers. ---------------------------------------------------------------------------


def test_the_map_shows_every_layers_saliency_its_sum_and_the_logit():
    figure = figures.saliency_map(CLASSIFIER, SENTENCE, 1, title="T")
    [axes] = figure.axes
    texts = written(axes)
    ids = pad(CLASSIFIER.encode([SENTENCE]))
    assert texts[:2] == ["T", "embedding"] and {"layer 1", "layer 2", "layer 3"} <= set(texts)
    for j in range(4):
        scores = location_saliency(CLASSIFIER.model, ids, j, 1)[0]
        expected = [f"{score:+.2f}" if score else "·" for score in scores.tolist()]
        column = [t for t in texts if t[0] in "+-·"][11 * j : 11 * j + 11]
        assert column == [*expected, f"{float(scores.sum()):+.2f}"]
    logit = float(CLASSIFIER.model(ids)[0, 1].detach())
    assert texts[-1] == f"logit of positive: {logit:+.2f}"
    assert_on_the_page(figure, axes)


def test_the_map_asks_about_the_predicted_class_if_none_is_given():
    [axes] = figures.saliency_map(CLASSIFIER, "good movie").axes
    ids = pad(CLASSIFIER.encode(["good movie"]))
    predicted = CLASSIFIER.class_names[int(CLASSIFIER.model(ids).argmax())]
    assert written(axes)[-1].startswith(f"logit of {predicted}")


def test_words_that_the_model_does_not_know_are_in_italics():
    [axes] = figures.saliency_map(CLASSIFIER, "good Zebra").axes
    style = {text.get_text(): text.get_style() for text in axes.texts}
    assert (style["good"], style["Zebra" if "Zebra" in style else "zebra"]) == ("normal", "italic")


def test_the_map_refuses_what_it_cannot_draw():
    with pytest.raises(TypeError, match="a DeepTextCNN's, got a TextCNN"):
        figures.saliency_map(tiny_classifier(), "good")
    with pytest.raises(ValueError, match="the figure holds 40 words, got 41"):
        figures.saliency_map(CLASSIFIER, "good " * 41)
    with pytest.raises(ValueError, match="holds no word"):
        figures.saliency_map(CLASSIFIER, "…")


@pytest.mark.parametrize("text", ["a $5 film for $6", "cost$$us$much$ good", "x" * 500, "a_b^c"])
def test_awkward_texts_are_drawn(text):
    figure = figures.saliency_map(CLASSIFIER, text)
    figure.canvas.draw()
    assert_on_the_page(figure, figure.axes[0])


# Receptive fields. --------------------------------------------------------------------------------


def markers_of(axes, marker):
    """Return (column, row) of all small markers of a kind."""
    found = set()
    for line in axes.lines:
        if line.get_marker() == marker and line.get_markersize() == 4:
            found |= {(round(float(x)), round(float(y))) for x, y in line.get_xydata()}
    return found


@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_a_cone_holds_what_the_network_can_see(layer):
    words = [f"w{i}" for i in range(15)]
    [axes] = figures.receptive_fields(CLASSIFIER.model, words, [7, 1], layer=layer).axes
    texts = {text.get_text(): text for text in axes.texts}
    heights = [round(float(texts[word].get_position()[1])) for word in words]
    squares = markers_of(axes, "s")
    columns = sorted({x for x, _ in squares})
    assert len(columns) == layer + 1
    for j, x in enumerate(columns):
        seen = CLASSIFIER.model.receptive_field(layer - j, 1, 15)
        assert {y for at, y in squares if at == x} == {heights[i] for i in seen}
    count = len(CLASSIFIER.model.receptive_field(layer, 7, 15))
    said = f"1: location 7 sees {count} word{'' if layer == 0 else 's'}"
    assert said in texts


def test_clipped_fields_say_so():
    words = [f"w{i}" for i in range(15)]
    figure = figures.receptive_fields(CLASSIFIER.model, words, [7, 1, 14], title="T")
    [axes] = figure.axes
    assert written(axes)[-3:] != []
    texts = written(axes)
    assert "1: location 7 sees 13 words" in texts
    assert "2: location 1 sees 8 words of 13, clipped" in texts
    assert "3: location 14 sees 7 words of 13, clipped" in texts
    assert_on_the_page(figure, axes)


def test_what_the_network_does_not_have_is_refused():
    words = ["a", "b"]
    with pytest.raises(ValueError, match=r"locations are 0\.\.1 here, got 2"):
        figures.receptive_fields(CLASSIFIER.model, words, [2])
    with pytest.raises(ValueError, match="layers are 0"):
        figures.receptive_fields(CLASSIFIER.model, words, [0], layer=4)
    with pytest.raises(ValueError, match=r"expected 1\.\.5 locations to draw, got 0"):
        figures.receptive_fields(CLASSIFIER.model, words, [])
    with pytest.raises(ValueError, match="holds 40 words"):
        figures.receptive_fields(CLASSIFIER.model, words * 21, [0])
    assert WORDS < WIDTH
