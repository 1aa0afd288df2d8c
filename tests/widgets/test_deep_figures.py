"""What live figures of hidden locations are given is what the package computes, rounded."""

from __future__ import annotations

import json

import pytest
import torch
from torch.nn import functional as F

from interpbook import Classifier, Vocabulary, invert, nearest_words
from interpbook.hidden import (
    Fields,
    closed_form,
    interpretation_words,
    location_saliency,
    preservation_study,
)
from interpbook.widgets.deep_figures import climb_moments, location_maps, read_backs
from support.deep_networks import deep_network

WORDS = ("<pad>", "<unk>", "a", "dull", "film", "with", "good", "songs", "and", "no", "end", "of")
TEXT = "a dull film with good songs and no"
BRISK = {"l2": 0.01, "similarity": 0.1, "steps": 30, "learning_rate": 0.02}


@pytest.fixture(scope="module", params=["masked", "paper"])
def classifier(request: pytest.FixtureRequest) -> Classifier:
    deep = deep_network(seed=2, dtype=torch.float32, padding=request.param, channels=(8, 6))
    return Classifier(deep, Vocabulary(WORDS), ("one", "two", "three"))


def test_a_climbs_moments_are_the_inversions(classifier):
    ids = torch.tensor([[2, 3, 4, 5, 6]])
    found = invert(classifier.model, ids, 1, [1, 3], restarts=2, **BRISK)
    (_, target) = closed_form(Fields.of(classifier.model, ids, 1, [1, 3]), 0.01).overall
    told = climb_moments(classifier, found, target, location=1, restart=1, words=4)
    assert json.loads(json.dumps(told)) == told
    assert told["steps"] == list(found.steps)
    assert [*told["terms"]] == ["response", "l2", "similarity"]
    for moment in range(len(found.steps)):
        parts = sum(part[moment] for part in told["terms"].values())
        assert parts == pytest.approx(float(found.values[moment, 1, 1]), rel=1e-3, abs=1e-4)
        vector = found.path[moment, 1, 1]
        cosine = float(F.cosine_similarity(vector, target, dim=0))
        assert told["cosine"][moment] == pytest.approx(cosine, abs=6e-4)
        (near,) = nearest_words(classifier.model, classifier.vocabulary, vector[None], 4)
        assert [told["vocabulary"][word] for word in told["near"][moment]] == [w for w, _ in near]
        assert told["cosines"][moment] == pytest.approx([x for _, x in near], abs=6e-4)


def test_a_term_that_is_off_is_zero_throughout(classifier):
    ids = torch.tensor([[2, 3, 4]])
    found = invert(classifier.model, ids, 1, [1], **BRISK | {"l2": 0.0})
    told = climb_moments(classifier, found, found.overall[0])
    assert set(told["terms"]["l2"]) == {0.0} and len(told["terms"]["l2"]) == len(found.steps)
    assert told["cosine"][-1] == 1.0


@pytest.mark.parametrize("text", [TEXT, "film", "zebra dull"])
def test_a_map_holds_every_layer_class_and_location(classifier, text):
    deep, ids = classifier.model, torch.tensor(classifier.encode([text]))
    length = ids.shape[1]
    told = location_maps(classifier, text, words=3)
    assert json.loads(json.dumps(told)) == told
    assert told["tokens"] == text.split() and told["classes"] == ["one", "two", "three"]
    assert told["known"] == [word in WORDS for word in text.split()]
    assert (told["kernel"], told["channels"]) == (3, [4, 8, 6])
    with torch.no_grad():
        assert told["logits"] == pytest.approx(deep(ids)[0].tolist(), abs=6e-6)
    activations = [layer[0] for layer in deep.activations(ids)]
    winners = activations[-1].argmax(dim=1)[activations[-1].amax(dim=1) > 0].tolist()
    assert told["wins"] == [winners.count(i) for i in range(length)]
    for layer, activation in enumerate(activations):
        alive = [int((activation[:, i] > 0).sum()) for i in range(length)]
        assert told["answering"][layer] == alive
        for c in range(3):
            score = location_saliency(deep, ids, layer, c)[0, :length]
            assert told["saliency"][c][layer] == pytest.approx(score.tolist(), abs=6e-6)


def test_what_speaks_for_a_class_is_summed_channel_by_channel(classifier):
    deep, ids = classifier.model, torch.tensor(classifier.encode([TEXT]))
    told = location_maps(classifier, TEXT)
    layer, c = 1, 2
    _, inside = deep.lay_out(ids)
    activations = deep.activations(ids)[layer].detach().requires_grad_()
    (slope,) = torch.autograd.grad(deep.scores_from(layer, activations, inside)[0, c], activations)
    for i in range(ids.shape[1]):
        channels = zip(slope[0, :, i].tolist(), activations[0, :, i].tolist(), strict=True)
        parts = [w * a for w, a in channels]
        positive = sum(part for part in parts if part > 0)
        assert told["speaks"][c][layer][i] == pytest.approx(positive, abs=6e-4)
        assert sum(parts) == pytest.approx(told["saliency"][c][layer][i], abs=1e-5)


def test_a_location_has_the_closed_forms_words_or_none(classifier):
    deep, ids = classifier.model, torch.tensor(classifier.encode([TEXT]))
    told = location_maps(classifier, TEXT, words=3)
    overall = closed_form(Fields.of(deep, ids, 1, [4]), 0.004).overall
    (near,) = nearest_words(deep, classifier.vocabulary, overall, 3)
    assert told["near"][4] == [word for word, _ in near]
    silent = deep_network(seed=2, dtype=torch.float32, channels=(8, 6))
    with torch.no_grad():
        silent.convs[0].bias.fill_(-100)
    quiet = Classifier(silent, classifier.vocabulary, classifier.class_names)
    assert location_maps(quiet, TEXT)["near"] == [[] for _ in TEXT.split()]


def test_a_map_needs_a_word(classifier):
    with pytest.raises(ValueError, match="holds no word"):
        location_maps(classifier, " ")


def test_what_is_read_back_is_the_studys(classifier):
    deep, texts = classifier.model, [TEXT, "good songs of film"]
    ways = ("inversion", "own words", "random words")
    settings = {"locations": (1, 2), "words": (1, 3)}
    told = read_backs(classifier, texts, ways, settings=BRISK, seed=4, **settings)
    assert json.loads(json.dumps(told)) == told
    documents = classifier.encode(texts)
    said = torch.as_tensor(classifier.predict_proba(texts))
    for w, way in enumerate(ways):
        found = interpretation_words(
            deep,
            documents,
            said.argmax(dim=1),
            way,
            locations=2,
            words=3,
            settings=BRISK,
            seed=4,
        )
        study = preservation_study(deep, documents, way, settings=BRISK, seed=4, **settings)
        for number, item in enumerate(told["texts"]):
            assert item["text"] == texts[number]
            assert item["before"] == pytest.approx(said[number].tolist(), abs=6e-4)
            words = [[told["vocabulary"][i] for i in place] for place in item["words"][w]]
            assert words == [classifier.vocabulary.decode(place) for place in found[number]]
            after = torch.tensor(item["after"][w])
            assert after.shape == (2, 2, 3) and (after.sum(dim=2) - 1).abs().max() < 2e-3
            kept = after.argmax(dim=2) == said[number].argmax()
            assert torch.equal(kept, study.kept[number])
