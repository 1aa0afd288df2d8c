from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from interpbook import DeepTextCNN, load_corpus, location_saliency, pad
from interpbook.hidden import strongest_locations
from interpbook.hidden.saliency import check_weights
from support.deep_networks import (
    EXACT,
    alive,
    counted,
    deep_cases,
    deep_network,
    one_sentence,
    shipped,
)

# A network small enough to do by hand --------------------------------------------------------


@pytest.fixture
def by_hand() -> DeepTextCNN:
    """Two channels: word i's first number plus word i+1's second, and twice word i's second."""
    deep = deep_network(embedding_dim=2, channels=(2,), kernel_size=3, num_classes=2)
    with torch.no_grad():
        deep.embedding.weight[2:5] = torch.tensor([[1.0, 0], [0, 1], [2, -1]])
        deep.convs[0].weight.zero_()
        deep.convs[0].weight[0, 0, 1] = deep.convs[0].weight[0, 1, 2] = 1.0
        deep.convs[0].weight[1, 1, 1] = 2.0
        deep.convs[0].bias[:] = torch.tensor([0.0, 0.5])
        deep.output.weight[:] = torch.tensor([[2.0, -1], [-1, 4]])
        deep.output.bias[:] = torch.tensor([0.25, -1.0])
    return deep


IDS = torch.tensor([[2, 4, 3]])  # vectors (1, 0), (2, -1), (0, 1)


def test_the_network_by_hand_answers_as_worked_out(by_hand):
    # Channel 1: 1 - 1, 2 + 1, 0. Channel 2: 0 + 0.5, -2 + 0.5 < 0, 2 + 0.5. Pooled: 3 and 2.5.
    expected = torch.tensor([[[0.0, 3, 0], [0.5, 0, 2.5]]], dtype=torch.float64)
    torch.testing.assert_close(by_hand.activations(IDS)[1], expected, **EXACT)
    # 2 * 3 - 2.5 + 0.25 and -3 + 4 * 2.5 - 1.
    expected = torch.tensor([[3.75, 6.0]], dtype=torch.float64)
    torch.testing.assert_close(by_hand(IDS), expected, **EXACT)


@pytest.mark.parametrize(
    ("layer", "target", "saliency"),
    [
        (1, 0, [0.0, 6, -2.5]),  # weight times pooled answer, where it was pooled
        (1, 1, [0.0, -3, 10]),
        (0, 0, [0.0, 4, 0]),  # 2 * 2 through channel 1; 2 * 1 there and -1 * 2 through channel 2
        (0, 1, [0.0, -2, 7]),  # -1 * 2; -1 * 1 and 4 * 2
    ],
)
def test_saliency_of_the_network_by_hand(by_hand, layer, target, saliency):
    found = location_saliency(by_hand, IDS, layer, target)
    torch.testing.assert_close(found, torch.tensor([saliency], dtype=torch.float64), **EXACT)


def test_the_strongest_locations_of_the_network_by_hand(by_hand):
    assert strongest_locations(by_hand, IDS, 1, 0) == [[1, 0, 2]]


# Autograd, finite differences, Euler ---------------------------------------------------------


def logits_of(deep: DeepTextCNN, activations: Tensor, layer: int) -> Tensor:
    """Run what stands above a layer of one document, without the package's own forward pass."""
    for conv in deep.convs[layer:]:
        activations = conv(activations).relu()
    return deep.output(activations.amax(dim=2))


@pytest.mark.parametrize("padding", ["masked", "paper"])
@pytest.mark.parametrize("layer", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_saliency_is_the_logits_slope_as_an_activation_grows(padding, layer, seed):
    # (S(a + h a_i) - S(a - h a_i)) / 2h, one location at a time, with kinks of no measure between.
    deep = deep_network(seed=seed, channels=(5, 4, 3), padding=padding, max_length=6)
    document = [2, 3, 4, 5, 6, 7]  # no two locations tie
    activations, step = deep.activations(torch.tensor([document]))[layer].detach(), 1e-6
    for target in range(3):
        found = location_saliency(deep, torch.tensor([document]), layer, target)[0]
        for i in range(len(document)):
            change = torch.zeros_like(activations)
            change[:, :, i] = step * activations[:, :, i]
            up, down = (logits_of(deep, activations + s * change, layer) for s in (1, -1))
            slope = (up - down)[0, target] / (2 * step)
            torch.testing.assert_close(found[i], slope.detach(), rtol=0, atol=1e-7)


@pytest.mark.parametrize("padding", ["masked", "paper"])
def test_layer_0_is_gradient_times_input(padding):
    deep = deep_network(padding=padding)
    ids = torch.tensor([[2, 3, 4, 4], [5, 6, 7, 8]])
    kept: list[Tensor] = []

    def keep(_module: object, _inputs: object, output: Tensor) -> None:
        output.retain_grad()
        kept.append(output)

    handle = deep.embedding.register_forward_hook(keep)
    deep(ids)[:, 1].sum().backward()
    handle.remove()
    expected = (kept[0].grad * kept[0]).sum(dim=2).detach()
    torch.testing.assert_close(location_saliency(deep, ids, 0, 1), expected, **EXACT)


@settings(max_examples=60)
@given(deep_cases(biases=False))
def test_without_biases_every_layer_sums_to_the_logit(case):
    # Euler: the network above any layer is homogeneous of degree one.
    logits = case.model(case.ids)
    for layer in case.layers:
        for target in range(logits.shape[1]):
            total = location_saliency(case.model, case.ids, layer, target).sum(dim=1)
            torch.testing.assert_close(total, logits[:, target], **EXACT)


@settings(max_examples=60)
@given(deep_cases())
def test_a_layers_sum_is_the_logit_but_for_the_biases_above(case):
    model = case.model
    for target in range(model.config.num_classes):
        for number, document in enumerate(case.documents):
            logit = model(torch.tensor([document]))[0, target]
            biases = [*(conv.bias for conv in model.convs), model.output.bias]
            slopes = torch.autograd.grad(logit, biases)
            shares = [(b * g).sum() for b, g in zip(biases, slopes, strict=True)]
            for layer in case.layers:
                found = location_saliency(model, case.ids, layer, target)[number].sum()
                expected = (logit - sum(shares[layer:])).detach()
                # A dead channel's bias of -100 has slope 0 and takes no digits along.
                torch.testing.assert_close(found, expected, **EXACT)


@settings(max_examples=50)
@given(deep_cases())
def test_saliency_depends_on_no_other_document_and_ends_with_the_document(case):
    for layer in case.layers:
        together = location_saliency(case.model, case.ids, layer, 0)
        for number, document in enumerate(case.documents):
            alone = location_saliency(case.model, torch.tensor([document]), layer, 0)[0]
            length = len(counted(case.model, document))
            torch.testing.assert_close(together[number, :length], alone[:length], **EXACT)
            assert not together[number, length:].any()


def test_paper_mode_has_max_length_columns():
    deep = deep_network(padding="paper", max_length=7)
    assert location_saliency(deep, torch.tensor([[2, 3]]), 1, 0).shape == (1, 7)


def test_targets_may_differ_from_document_to_document():
    deep = deep_network()
    ids = torch.tensor([[2, 3, 4], [5, 6, 7], [3, 2, 8]])
    found = location_saliency(deep, ids, 1, torch.tensor([2, 0, 1]))
    for number, target in enumerate([2, 0, 1]):
        expected = location_saliency(deep, ids, 1, target)[number]
        torch.testing.assert_close(found[number], expected, **EXACT)
    assert (
        strongest_locations(deep, ids, 1, torch.tensor([2, 0, 1]))[1]
        == (strongest_locations(deep, ids, 1, 0)[1])
    )


def test_saliency_needs_no_gradients_switched_on_and_leaves_none_behind():
    deep, ids = deep_network(dropout=0.9).train(), torch.tensor([[2, 3, 4]])
    with torch.no_grad():
        found = location_saliency(deep, ids, 1, 0)
    assert not found.requires_grad and not deep.training
    assert all(weight.grad is None for weight in deep.parameters())
    torch.testing.assert_close(found, location_saliency(deep, ids, 1, 0), rtol=0, atol=0)


def test_the_shipped_networks_layers_sum_to_the_logit_but_for_the_biases():
    classifier = shipped()
    deep = classifier.model
    ids = pad(classifier.encode(load_corpus("reviews", "test").texts[:8]))
    targets = deep(ids).argmax(dim=1)
    logits = deep(ids).gather(1, targets[:, None])[:, 0]
    biases = [*(conv.bias for conv in deep.convs), deep.output.bias]
    slopes = torch.autograd.grad(logits.sum(), biases)
    shares = [(b * g).sum().item() for b, g in zip(biases, slopes, strict=True)]
    for layer in range(4):
        total = float(location_saliency(deep, ids, layer, targets).sum())
        assert total == pytest.approx(logits.sum().item() - sum(shares[layer:]), abs=1e-3)


# The strongest locations ---------------------------------------------------------------------


@settings(max_examples=50)
@given(deep_cases())
def test_the_strongest_locations_are_the_live_ones_in_order(case):
    for layer in case.layers:
        saliency = location_saliency(case.model, case.ids, layer, 0).tolist()
        for count in (1, 3, 99):
            found = strongest_locations(case.model, case.ids, layer, 0, count)
            for row, places, values in zip(found, alive(case, layer), saliency, strict=True):
                expected = sorted(places, key=lambda i: (-values[i], i))
                assert row == expected[:count]


def test_a_dead_location_is_never_among_the_strongest():
    deep = deep_network(channels=(2,), kernel_size=1, biases=False)
    with torch.no_grad():
        deep.convs[0].weight.abs_()
        deep.embedding.weight.abs_()
        deep.embedding.weight[3].neg_()  # no channel answers this word
        deep.output.weight[0] = -1.0  # every word that is answered speaks against class 0
    ids = torch.tensor([[2, 3, 4], [3, 3, 0]])
    saliency = location_saliency(deep, ids, 1, 0)
    assert saliency[0].min() < 0 and saliency[0, 1] == 0, "the dead one would come first"
    found = strongest_locations(deep, ids, 1, 0)
    assert sorted(found[0]) == [0, 2] and found[1] == []


def test_ties_go_to_the_first_location():
    deep = deep_network(channels=(2,), kernel_size=1)
    with torch.no_grad():
        deep.convs[0].bias.fill_(5.0)  # all alive
    ids = torch.tensor([[4, 4, 4, 4, 4]])
    assert len(location_saliency(deep, ids, 1, 0)[0].unique()) == 1
    assert strongest_locations(deep, ids, 1, 0) == [[0, 1, 2]]


# Bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "kind", "sentence"),
    [
        ({"layer": 3}, ValueError, r"layers are 0 \(the embedding\) to 2 here, got 3"),
        ({"layer": -1}, ValueError, "layers are 0 .* got -1"),
        ({"layer": 1.5}, ValueError, "layers are 0 .* got 1.5"),
        ({"layer": True}, ValueError, "layers are 0 .* got True"),
        ({"target": 3}, ValueError, "labels lie in 0..2 here, got 3"),
        ({"target": -1}, ValueError, "labels lie in 0..2 here, got -1"),
        ({"target": 1.0}, ValueError, "labels are whole numbers 0..2"),
        ({"target": torch.tensor([0, 1, 2])}, ValueError, r"each of 2 documents, .* \(3,\)"),
        ({"target": torch.tensor([[0], [1]])}, ValueError, r"each of 2 documents, .* \(2, 1\)"),
        ({"ids": torch.tensor([[2, 12]])}, ValueError, "ids lie in 0..11 .* got 12"),
        ({"ids": torch.tensor([[0, 0]])}, ValueError, "document 0 holds no token"),
        ({"ids": [[2, 3]]}, TypeError, "int64 matrix .* got list: make a tensor"),
        ({"ids": torch.tensor([[2] * 10])}, ValueError, "document 0 has 10 tokens"),
    ],
)
@pytest.mark.parametrize("ask", [location_saliency, strongest_locations])
def test_what_saliency_cannot_answer_is_refused(as_users_run_it, ask, changes, kind, sentence):
    asked = {"ids": torch.tensor([[2, 3], [4, 5]]), "layer": 1, "target": 0} | changes
    with one_sentence(kind, sentence):
        ask(deep_network(), **asked)


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused(count):
    with one_sentence(ValueError, f"count is a positive number, got {count}"):
        strongest_locations(deep_network(), torch.tensor([[2, 3]]), 1, 0, count)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize(
    "name", ["embedding.weight", "convs.0.weight", "convs.1.bias", "output.weight"]
)
def test_weights_that_are_no_numbers_are_refused(name, value):
    deep = deep_network()
    check_weights(deep)
    deep.get_parameter(name).data.view(-1)[-1] = value
    with one_sentence(ValueError, f"{name} holds nan or infinity: load the model again"):
        location_saliency(deep, torch.tensor([[2, 3]]), 1, 0)
