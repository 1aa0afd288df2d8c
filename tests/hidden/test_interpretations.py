from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

import interpbook.text
from interpbook import (
    Classifier,
    DeepTextCNN,
    Vocabulary,
    interpret,
    invert,
    location_saliency,
    nearest_words,
    pad,
)
from interpbook.hidden import strongest_locations
from support.deep_networks import deep_network, one_sentence, shipped
from support.networks import WORDS, tiny_classifier

TEXT = "the movie isn't bad but slow"
SETTINGS = {"l2": 0.1, "similarity": 0.3, "steps": 20, "learning_rate": 0.02}


def tiny_deep_classifier(**config: object) -> Classifier:
    """Build an untrained deep classifier over WORDS."""
    return Classifier(
        deep_network(channels=(8, 6), num_classes=2, **config),
        Vocabulary(("<pad>", "<unk>", *WORDS)),
        ("negative", "positive"),
    )


@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.parametrize("target", [None, 0, 1])
def test_an_interpretation_is_its_parts_put_together(layer, target):
    classifier = tiny_deep_classifier()
    deep = classifier.model
    found = interpret(
        classifier, TEXT, layer=layer, target=target, locations=2, words=3, **SETTINGS
    )
    ids = pad(classifier.encode([TEXT]))
    logits = deep(ids)[0].detach()
    torch.testing.assert_close(found.logits, logits)
    asked = int(logits.argmax()) if target is None else target
    assert found.target == asked and found.layer == layer and found.text == TEXT
    assert found.tokens == ("the", "movie", "isn't", "bad", "but", "slow")
    assert found.class_names == ("negative", "positive")
    saliency = location_saliency(deep, ids, layer, asked)[0]
    torch.testing.assert_close(found.saliency, saliency)
    (places,) = strongest_locations(deep, ids, layer, asked, 2)
    assert [reading.location for reading in found.readings] == places
    inversion = invert(deep, ids, layer, places, **SETTINGS)
    overall, awake = inversion.overall, inversion.answered.any(dim=0)
    words = nearest_words(deep, classifier.vocabulary, overall, 3)
    words = [near if answers else [] for near, answers in zip(words, awake, strict=True)]
    for reading, vector, near in zip(found.readings, overall, words, strict=True):
        assert reading.field == deep.receptive_field(layer, reading.location, 6)
        assert reading.saliency == float(saliency[reading.location])
        torch.testing.assert_close(reading.overall, vector)
        assert reading.words == tuple(near)
    assert found.words == [word for near in words for word, _ in near]


@pytest.mark.parametrize("locations", [[4, 0], (4, 0), np.array([4, 0])])
def test_locations_may_be_named(as_users_run_it, locations):
    found = interpret(tiny_deep_classifier(), TEXT, locations=locations, words=1, **SETTINGS)
    assert [reading.location for reading in found.readings] == [4, 0]


@pytest.mark.parametrize("count", [2, np.int64(2), 99])
def test_a_count_is_at_most_the_live_locations(as_users_run_it, count):
    found = interpret(tiny_deep_classifier(), TEXT, locations=count, words=1, **SETTINGS)
    assert len(found.readings) == min(count, 6)


def test_a_seed_decides_an_interpretation():
    classifier = tiny_deep_classifier()
    first, again, other = (
        interpret(classifier, TEXT, words=1, **SETTINGS, seed=seed) for seed in (3, 3, 4)
    )
    vectors = [torch.stack([r.overall for r in found.readings]) for found in (first, again, other)]
    assert torch.equal(vectors[0], vectors[1]) and not torch.allclose(vectors[0], vectors[2])


def test_a_long_text_is_read_up_to_max_length():
    classifier = tiny_deep_classifier()
    found = interpret(classifier, " ".join(WORDS * 2), words=1, **SETTINGS)
    assert found.tokens == WORDS[:9] and len(found.saliency) == 9


def test_in_paper_mode_only_locations_above_words_are_interpreted():
    # Nearly all locations stand above padding, and of these some answer.
    classifier = tiny_deep_classifier(padding="paper")
    deep, ids = classifier.model, pad(classifier.encode(["good movie"]))
    ranked = strongest_locations(deep, ids, 1, 0, 99)[0]
    assert max(ranked) > 1
    found = interpret(classifier, "good movie", target=0, words=1, **SETTINGS)
    assert [r.location for r in found.readings] == [i for i in ranked if i < 2]
    assert len(found.saliency) == len(found.tokens) == 2
    assert all(reading.field == range(0, 2) for reading in found.readings)


def test_the_shipped_classifier_reads_a_tedious_film():
    found = interpret(
        shipped(),
        "a tedious and joyless film that never finds its heart",
        steps=100,
        learning_rate=0.01,
    )
    assert found.class_names[found.target] == "negative"
    assert found.saliency.argmax() == found.readings[0].location
    assert [r.saliency for r in found.readings] == sorted(
        (r.saliency for r in found.readings), reverse=True
    )
    assert len(found.readings) == 3 and len(found.words) == 30
    boring = {"boring", "dull", "plodding", "leaden", "uninspired", "tedious", "muddled"}
    assert len(boring & {word for word, _ in found.readings[0].words}) >= 3


@pytest.mark.parametrize(
    ("changes", "kind", "sentence"),
    [
        ({"text": ""}, ValueError, "no word"),
        ({"layer": 3}, ValueError, "layers are 0 .* to 2 here, got 3"),
        ({"layer": 1.0}, ValueError, "layers are 0 .* to 2 here, got 1.0"),
        ({"target": 2}, ValueError, "labels lie in 0..1 here, got 2"),
        ({"locations": 0}, ValueError, "locations are a positive number or a list, got 0"),
        ({"locations": -1}, ValueError, "locations are a positive number or a list, got -1"),
        ({"locations": True}, ValueError, "locations are a positive number or a list, got True"),
        ({"locations": [6]}, ValueError, "locations are 0..5 here, got 6"),
        ({"locations": [0.5]}, TypeError, r"locations are whole numbers, .* got \[0.5\]"),
        ({"locations": 1.5}, TypeError, "locations are whole numbers, .* got 1.5"),
        ({"locations": []}, ValueError, "at least one location"),
        ({"words": 0}, ValueError, r"count is 1..10, the words of the vocabulary, got 0"),
        ({"steps": 0}, ValueError, "steps is a positive whole number, got 0"),
        ({"l2": -1.0}, ValueError, "l2 is a finite weight of at least 0, got -1.0"),
    ],
)
def test_what_cannot_be_interpreted_is_refused(as_users_run_it, changes, kind, sentence):
    asked = {"text": TEXT, "words": 2} | SETTINGS | changes
    with one_sentence(kind, sentence):
        interpret(tiny_deep_classifier(), **asked)


def test_a_text_that_no_location_answers_is_refused():
    classifier = tiny_deep_classifier()
    classifier.model.convs[0].bias.data.fill_(-100.0)
    with one_sentence(ValueError, "no location of layer 1 answers this text: choose another"):
        interpret(classifier, TEXT, **SETTINGS)
    with one_sentence(ValueError, "location 2 of layer 1 is dead"):
        interpret(classifier, TEXT, locations=[2], **SETTINGS)


def test_weights_that_are_no_numbers_are_refused():
    classifier = tiny_deep_classifier()
    classifier.model.embedding.weight.data[3, 0] = float("nan")
    with one_sentence(ValueError, "embedding.weight holds nan or infinity"):
        interpret(classifier, TEXT, **SETTINGS)


def test_a_textcnn_has_no_hidden_locations():
    with one_sentence(TypeError, "locations are a DeepTextCNN's, got a TextCNN: give the .model"):
        interpret(tiny_classifier(), TEXT)


@pytest.mark.parametrize("locations", [2, [4, 0]])
def test_a_text_is_tokenised_laid_out_and_run_through_the_layers_once(monkeypatch, locations):
    classifier = tiny_deep_classifier()
    calls: Counter[str] = Counter()

    def counted(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def count(*args, **kwargs):
            calls[name] += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, count)

    counted(interpbook.text, "words_and_spans")
    counted(DeepTextCNN, "lay_out")
    counted(DeepTextCNN, "layers_of")
    interpret(classifier, TEXT, locations=locations, words=1, **SETTINGS)
    assert calls == {"words_and_spans": 1, "lay_out": 1, "layers_of": 1}
