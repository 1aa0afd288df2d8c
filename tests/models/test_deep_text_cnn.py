"""The deep network against a twin in plain loops, and what its locations see."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from interpbook import DeepTextCNNConfig, pad
from support.deep_networks import (
    EXACT,
    counted,
    deep_cases,
    deep_network,
    one_sentence,
    twin_layers,
    twin_logits,
    words_vectors,
)

DEEP_SIZES = {"vocab_size": 9, "num_classes": 2}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"vocab_size": 0}, "vocab_size is a positive number, got 0"),
        ({"num_classes": 2.0}, "num_classes is a positive number, got 2.0"),
        ({"embedding_dim": -3}, "embedding_dim is a positive number, got -3"),
        ({"max_length": "56"}, "max_length is a positive number, got '56'"),
        ({"channels": ()}, r"channels are one or more positive numbers, got \(\)"),
        ({"channels": (4, 0)}, r"channels are one or more positive numbers, got \(4, 0\)"),
        ({"channels": 4}, "channels are one or more positive numbers, got 4"),
        ({"kernel_size": 0}, "kernel_size is a positive number, got 0"),
        ({"kernel_size": 4}, "kernel_size is odd, to have a middle, got 4"),
        ({"kernel_size": 5, "max_length": 4}, "kernel sees 5 locations but max_length is 4"),
        ({"padding": "same"}, "padding is 'masked' or 'paper', got 'same'"),
        ({"dropout": 1.0}, "dropout is a probability below 1, got 1.0"),
        ({"dropout": float("nan")}, "dropout is a probability below 1, got nan"),
    ],
)
def test_a_deep_config_that_makes_no_sense_is_refused(as_users_run_it, wrong, sentence):
    with one_sentence(ValueError, sentence):
        DeepTextCNNConfig(**(DEEP_SIZES | wrong))


def test_a_deep_configs_numbers_become_pythons_which_json_can_write(as_users_run_it):
    config = DeepTextCNNConfig(
        **DEEP_SIZES, channels=np.array([8, 4]), kernel_size=np.int64(3), max_length=np.int32(7)
    )
    assert json.loads(json.dumps(asdict(config)))["channels"] == [8, 4]
    assert config.num_layers == 2


def test_the_defaults_are_the_papers_network_for_mr():
    config = DeepTextCNNConfig(**DEEP_SIZES)
    assert (config.max_length, config.kernel_size, config.embedding_dim) == (56, 5, 300)
    assert config.channels == (128, 64, 32) and config.num_layers == 3


@settings(max_examples=150)
@given(deep_cases())
def test_the_deep_network_agrees_with_the_twin(case):
    logits, layers = case.model(case.ids), case.model.activations(case.ids)
    for number, document in enumerate(case.documents):
        twin = twin_layers(case.model, words_vectors(case.model, document))
        for found, expected in zip(layers, twin, strict=True):
            expected = torch.tensor(expected, dtype=found.dtype).T
            rows = found[number]
            torch.testing.assert_close(rows[:, : expected.shape[1]], expected, **EXACT)
            assert not rows[:, expected.shape[1] :].any(), "nothing stands behind the end"
        expected = torch.tensor(twin_logits(case.model, twin[-1]), dtype=logits.dtype)
        torch.testing.assert_close(logits[number], expected, **EXACT)


@settings(max_examples=50)
@given(deep_cases())
def test_deep_predictions_depend_neither_on_the_batch_nor_on_spare_columns(case):
    model, together = case.model, case.model(case.ids)
    for number, document in enumerate(case.documents):
        alone = torch.tensor([document])
        for ids in (alone, torch.nn.functional.pad(alone, (0, 5))):
            torch.testing.assert_close(model(ids)[0], together[number], **EXACT)
    torch.testing.assert_close(model(case.ids.flip(0)), together.flip(0), **EXACT)


@settings(max_examples=50)
@given(deep_cases())
def test_masked_is_the_network_on_the_document_alone(case):
    model = deep_network(**case.config | {"padding": "masked"})
    found = model(case.ids)
    for number, document in enumerate(case.documents):
        x = model.embedding.weight[counted(model, document)].T[None]  # nothing padded anywhere
        for conv in model.convs:
            x = torch.nn.functional.relu(conv(x))
        torch.testing.assert_close(found[number], model.output(x.amax(dim=2))[0], **EXACT)


@settings(max_examples=50)
@given(deep_cases())
def test_paper_mode_reads_the_document_as_written_out_to_max_length(case):
    config = case.config | {"padding": "paper"}
    model, length = deep_network(**config), config["max_length"]
    model.embedding.weight.data[0] = 0.25
    # The same words with a name of its own for padding, so that nothing counts as padded.
    written = deep_network(**config | {"padding": "masked", "vocab_size": config["vocab_size"] + 1})
    written.load_state_dict(
        {
            name: torch.cat([weight, weight[:1]]) if name == "embedding.weight" else weight
            for name, weight in model.state_dict().items()
        }
    )
    ids = torch.nn.functional.pad(pad(case.documents), (0, length))[:, :length]
    ids = ids.masked_fill(ids == 0, config["vocab_size"])
    torch.testing.assert_close(model(case.ids), written(ids), **EXACT)


@settings(max_examples=50)
@given(deep_cases())
def test_scores_from_any_layer_are_the_logits(case):
    _, inside = case.model.lay_out(case.ids)
    for layer, activations in enumerate(case.model.activations(case.ids)):
        found = case.model.scores_from(layer, activations, inside)
        torch.testing.assert_close(found, case.model(case.ids), **EXACT)


@pytest.mark.parametrize("padding", ["masked", "paper"])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_receptive_fields_agree_with_a_probe(kernel, padding):
    # With weights above zero nothing is dead: what a location can see does move it.
    deep = deep_network(
        channels=(2, 3, 2), kernel_size=kernel, padding=padding, max_length=11, vocab_size=20
    )
    for weight in deep.parameters():
        weight.data.abs_().add_(0.1)
    document = [*range(2, 11)]  # nine words, each of its own, so that one can be moved
    length = len(counted(deep, document))
    ids = torch.tensor([document])
    before = deep.activations(ids)
    for place, word in enumerate(document):
        deep.embedding.weight.data[word] += 1.0
        for layer, (old, new) in enumerate(zip(before, deep.activations(ids), strict=True)):
            moved = (old != new).any(dim=1)[0].nonzero()[:, 0].tolist()
            seen = [i for i in range(length) if place in deep.receptive_field(layer, i, length)]
            assert moved == seen, (place, layer)
        deep.embedding.weight.data[word] -= 1.0
        before = deep.activations(ids)


@pytest.mark.parametrize(
    ("layer", "location", "field"),
    [
        (0, 0, range(0, 1)),
        (0, 6, range(6, 7)),
        (1, 0, range(0, 3)),
        (1, 3, range(1, 6)),
        (1, 6, range(4, 7)),
        (2, 2, range(0, 7)),
        (2, 6, range(2, 7)),
    ],
)
def test_receptive_fields_are_clipped_at_both_ends(layer, location, field):
    assert deep_network(kernel_size=5).receptive_field(layer, location, 7) == field


@pytest.mark.parametrize("layer", [-1, 3, 1.0, True, None, "1"])
def test_a_layer_that_does_not_exist_is_refused(as_users_run_it, layer):
    deep, ids = deep_network(), torch.tensor([[2, 3]])
    sentence = rf"layers are 0 \(the embedding\) to 2 here, got {layer}"
    with one_sentence(ValueError, sentence):
        deep.receptive_field(layer, 0, 4)
    with one_sentence(ValueError, sentence):
        deep.scores_from(layer, deep.activations(ids)[1], deep.lay_out(ids)[1])


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_embedding_and_every_convolution_are_layers(layer):
    assert deep_network().check_layer(layer) == layer


@pytest.mark.parametrize("location", [-1, 4, 40])
def test_a_location_outside_the_document_is_refused(location):
    with one_sentence(ValueError, f"locations are 0..3 here, got {location}"):
        deep_network().receptive_field(1, location, 4)


@pytest.mark.parametrize("padding", ["masked", "paper"])
@pytest.mark.parametrize(
    ("ids", "kind", "sentence"),
    [
        ([[2, 12]], ValueError, "ids lie in 0..11 .* got 12"),
        ([[2, 3], [0, 0]], ValueError, "document 1 holds no token"),
        ([[2] * 10], ValueError, "document 0 has 10 tokens but max_length is 9: cut it"),
        ([[2.0, 3.0]], TypeError, "int64 matrix .* got torch.float32"),
    ],
)
def test_ids_that_do_not_suit_a_deep_network_are_refused(
    as_users_run_it, padding, ids, kind, sentence
):
    with one_sentence(kind, sentence):
        deep_network(padding=padding)(torch.tensor(ids))


@pytest.mark.parametrize("padding", ["masked", "paper"])
def test_spare_columns_behind_max_length_are_no_tokens_of_a_deep_network(padding):
    deep, ids = deep_network(padding=padding, max_length=5), torch.tensor([[2, 3, 4, 5, 6]])
    wider = torch.nn.functional.pad(ids, (0, 3))
    torch.testing.assert_close(deep(wider), deep(ids), **EXACT)


def test_dropout_of_a_deep_network_acts_in_training_only():
    deep, ids = deep_network(dropout=0.9, channels=(50,)), torch.tensor([[2, 3, 4]])
    assert torch.equal(deep(ids), deep(ids))
    assert not torch.equal(deep.train()(ids), deep(ids))
