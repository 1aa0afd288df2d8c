from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from interpbook import invert
from interpbook.hidden import (
    ClosedForm,
    Fields,
    closed_form,
    strongest_locations,
    xavier_inputs,
)
from support.deep_networks import EXACT, deep_cases, deep_network, one_sentence
from support.inversions import IDS, fields_of, parabola, review_locations


def value_of(fields: Fields, vectors: Tensor, l2: float) -> Tensor:
    """Compute a . a' - l2 ||X||^2."""
    vectors = vectors * fields.inside[..., None]
    found = fields.respond(vectors)
    return (fields.activations * found).sum(dim=1) - l2 * vectors.square().sum(dim=(1, 2))


def highest(fields: Fields, b: int, l2: float) -> tuple[Tensor, Tensor]:
    """Return the global optimum and its set.

    ReLU(z) = max(z, 0), so the objective is the highest of the parabolas of all sets of channels,
    and its highest point is the highest top among them.
    """
    sets = [*product([False, True], repeat=fields.activations.shape[1])]
    heights = torch.stack([parabola(fields, b, chosen, l2)[1] for chosen in sets])
    return heights.max(), torch.tensor(sets[int(heights.argmax())])


@settings(max_examples=40)
@given(deep_cases(layers=1), st.sampled_from([0.01, 0.3, 2.0]))
def test_the_closed_form_is_a_local_optimum_and_no_higher_than_the_global_one(case, l2):
    fields = fields_of(case, 1)
    found = closed_form(fields, l2)
    vectors = found.vectors.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(value_of(fields, vectors, l2).sum(), vectors)
    scale = found.vectors.abs().max() * l2 + 1
    assert float(gradient.abs().max()) < 1e-9 * scale, "stationary"
    torch.testing.assert_close(found.values, value_of(fields, found.vectors, l2).detach(), **EXACT)
    torch.testing.assert_close(found.overall, fields.mean(found.vectors), **EXACT)
    rng = np.random.default_rng(0)
    for b, vectors in enumerate(found.vectors):
        top, height = parabola(fields, b, found.active[b].tolist(), l2)
        torch.testing.assert_close(vectors, top, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(found.values[b], height, rtol=1e-9, atol=1e-9)
        best, _ = highest(fields, b, l2)
        assert found.values[b] <= best + 1e-9 * best.abs()
        # That the sets do find the highest point: no random input is above it.
        size = float(vectors.abs().max()) + 1
        for draw in rng.uniform(-size, size, (20, *vectors.shape)):
            whole = torch.zeros_like(found.vectors)
            whole[b] = torch.tensor(draw)
            assert value_of(fields, whole, l2)[b] <= best + 1e-9 * best.abs()


@settings(max_examples=40)
@given(deep_cases(layers=1), st.sampled_from([0.01, 0.3, 2.0]))
def test_begun_with_the_best_set_the_closed_form_is_the_global_optimum(case, l2):
    fields = fields_of(case, 1)
    best = [highest(fields, b, l2) for b in range(len(fields.locations))]
    found = closed_form(fields, l2, active=torch.stack([chosen for _, chosen in best]))
    expected = torch.stack([value for value, _ in best])
    torch.testing.assert_close(found.values, expected, rtol=1e-9, atol=1e-9)


@settings(max_examples=40)
@given(deep_cases(layers=1), st.sampled_from([0.01, 0.3, 2.0]), st.integers(0, 2**32 - 1))
def test_the_closed_form_is_never_below_the_input_it_began_with(case, l2, seed):
    fields = fields_of(case, 1)
    shape = (*fields.inside.shape, case.model.config.embedding_dim)
    start = torch.tensor(np.random.default_rng(seed).normal(size=shape))
    answering = fields.respond(start * fields.inside[..., None]) > 0
    found = closed_form(fields, l2, active=answering)
    assert (found.values >= value_of(fields, start, l2) - 1e-9).all()


def one_channel(bias: float, word: float) -> Fields:
    """Build a single neuron that reads one word of one number: ReLU(x + bias)."""
    deep = deep_network(embedding_dim=1, channels=(1,), kernel_size=1, vocab_size=3)
    deep.convs[0].weight.data.fill_(1.0)
    deep.convs[0].bias.data.fill_(bias)
    deep.embedding.weight.data[2] = word
    return Fields.of(deep, torch.tensor([[2]]), 1, [0])


@pytest.mark.parametrize("l2", [0.05, 0.3, 4.0])
@pytest.mark.parametrize("bias", [0.0, 0.5])
def test_of_one_channel_with_a_bias_of_zero_or_more_the_closed_form_is_the_global_optimum(bias, l2):
    fields = one_channel(bias, 2.0)
    found, a = closed_form(fields, l2), 2.0 + bias
    assert float(found.vectors) == pytest.approx(a / (2 * l2))
    assert float(found.values) == pytest.approx(a * bias + a * a / (4 * l2))
    assert float(found.values) == pytest.approx(float(highest(fields, 0, l2)[0]))


def test_a_negative_bias_can_make_the_optimum_worse_than_no_input_at_all():
    # a = 1: x - 1 - 0.3 x^2 has its top at 5/3, 1/6 below the nothing that x = 0 gives.
    fields = one_channel(-1.0, 2.0)
    found = closed_form(fields, 0.3)
    assert float(found.values) == pytest.approx(-1 / 6)
    assert float(highest(fields, 0, 0.3)[0]) == 0
    nothing = closed_form(fields, 0.3, active=torch.zeros(1, 1, dtype=torch.bool))
    assert float(nothing.values) == 0 and not nothing.active.any()


@pytest.mark.parametrize("padding", ["masked", "paper"])
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_without_similarity_the_climb_reaches_the_closed_form(seed, padding):
    deep = deep_network(seed=seed, channels=(6, 3), padding=padding)
    locations = strongest_locations(deep, IDS, 1, 0, count=9)
    found = invert(
        deep, IDS, 1, locations, l2=0.3, similarity=0.0, steps=1500, learning_rate=0.01, seed=seed
    )
    fields = found.fields
    start = fields.place(xavier_inputs(deep, 1, seed)[0])
    exact = closed_form(fields, 0.3, active=fields.respond(start) > 0)
    torch.testing.assert_close(found.vectors[0], exact.vectors, rtol=0, atol=1e-4)
    torch.testing.assert_close(found.values[-1, 0], exact.values, rtol=0, atol=1e-6)
    torch.testing.assert_close(found.overall, exact.overall, rtol=0, atol=1e-4)
    assert found.converged.all()


@pytest.mark.parametrize("layer", [0, 2])
def test_the_closed_form_is_of_the_first_layer(layer):
    fields = replace(one_channel(0.0, 1.0), layer=layer)
    with one_sentence(ValueError, f"the closed form is of layer 1, got locations of layer {layer}"):
        closed_form(fields, 0.1)


@pytest.mark.parametrize("l2", [0.0, -1.0, float("nan"), float("inf")])
def test_the_closed_form_needs_an_l2_above_zero(l2):
    with one_sentence(ValueError, f"l2 is a positive number, got {l2}"):
        closed_form(one_channel(0.0, 1.0), l2)


def on_the_shipped_network() -> ClosedForm:
    deep, ids, chosen = review_locations(3)
    return closed_form(Fields.of(deep, ids, 1, chosen), 0.004)


def test_the_closed_form_of_the_shipped_network_settles_in_a_few_rounds():
    found = on_the_shipped_network()
    assert found.rounds < 20 and (found.values > 0).all() and found.active.any(dim=1).all()
