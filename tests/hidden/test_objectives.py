from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from interpbook.hidden import (
    Fields,
    Objective,
    response,
    similarity,
    squared_length,
    strongest_locations,
    xavier_inputs,
)
from support.deep_networks import EXACT, deep_network, one_sentence
from support.inversions import IDS, cosine_sum


@st.composite
def inputs(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """Draw vectors (B, R, m) in float64 and which of them are inside: a run with the middle."""
    B, reach, m = draw(st.integers(1, 3)), draw(st.integers(0, 3)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inside = torch.zeros(B, 2 * reach + 1, dtype=torch.bool)
    for row in inside:
        row[draw(st.integers(0, reach)) : draw(st.integers(reach, 2 * reach)) + 1] = True
    return torch.tensor(rng.normal(size=(B, 2 * reach + 1, m))), inside


@settings(max_examples=50)
@given(inputs())
def test_similarity_agrees_with_pairs_and_lies_in_0_to_n(drawn):
    vectors, inside = drawn
    for found, rows, mask in zip(similarity(vectors, inside), vectors, inside, strict=True):
        torch.testing.assert_close(found, cosine_sum(rows[mask]), **EXACT)
        assert -1e-12 <= float(found) <= int(mask.sum()) + 1e-12


@settings(max_examples=50)
@given(inputs(), st.floats(1e-3, 1e3))
def test_similarity_asks_for_directions_only(drawn, scale):
    vectors, inside = drawn
    expected = similarity(vectors, inside)
    scales = torch.rand(vectors.shape[:2], dtype=torch.float64)[..., None] + 0.1
    for scaled in (vectors * scale, vectors * scales):
        torch.testing.assert_close(similarity(scaled, inside), expected, rtol=0, atol=1e-9)


@settings(max_examples=50)
@given(inputs())
def test_similarity_does_not_see_outside(drawn):
    vectors, inside = drawn
    other = torch.where(inside[..., None], vectors, 7.0)
    torch.testing.assert_close(similarity(other, inside), similarity(vectors, inside), **EXACT)


@settings(max_examples=50)
@given(inputs())
def test_similarity_is_n_for_parallel_vectors_and_1_for_orthogonal_ones(drawn):
    vectors, inside = drawn
    lengths = torch.arange(1.0, vectors.shape[1] + 1, dtype=torch.float64)[:, None]
    parallel = vectors[:, :1] * lengths
    torch.testing.assert_close(similarity(parallel, inside), inside.sum(dim=1).double(), **EXACT)
    R = vectors.shape[1]
    orthogonal = torch.diag(lengths[:, 0]).expand(len(vectors), R, R)
    ones = torch.ones(len(vectors), dtype=torch.float64)
    torch.testing.assert_close(similarity(orthogonal, inside), ones, **EXACT)


def test_opposite_vectors_have_similarity_0():
    vectors = torch.tensor([[[1.0, 2], [-2, -4]]], dtype=torch.float64)
    inside = torch.ones(1, 2, dtype=torch.bool)
    torch.testing.assert_close(
        similarity(vectors, inside), torch.zeros(1, dtype=torch.float64), **EXACT
    )


def test_a_vector_of_zeros_is_similar_to_none_itself_included():
    vectors = torch.tensor([[[0.0, 0], [3, 4], [6, 8]]], dtype=torch.float64)
    found = similarity(vectors, torch.ones(1, 3, dtype=torch.bool))
    assert float(found) == pytest.approx(4 / 3)


@settings(max_examples=50)
@given(inputs())
def test_response_and_length_agree_with_loops(drawn):
    vectors, _ = drawn
    first, second = vectors[:, 0], vectors[:, -1]
    dots, lengths = response(first, second), squared_length(vectors)
    for b in range(len(vectors)):
        dot = sum(float(x) * float(y) for x, y in zip(first[b], second[b], strict=True))
        assert float(dots[b]) == pytest.approx(dot, abs=1e-12)
        length = sum(float(x) ** 2 for x in vectors[b].flatten())
        assert float(lengths[b]) == pytest.approx(length, abs=1e-12)


@settings(max_examples=30)
@given(inputs())
def test_each_terms_gradient_agrees_with_finite_differences(drawn):
    vectors, inside = drawn
    wanted = torch.ones_like(vectors[:, 0])
    vectors.requires_grad_()
    assert torch.autograd.gradcheck(lambda v: response(wanted, v[:, 0]), vectors)
    assert torch.autograd.gradcheck(squared_length, vectors)
    assert torch.autograd.gradcheck(lambda v: similarity(v, inside), vectors)


@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("weight", [0.0, 0.7])
@pytest.mark.parametrize("layer", [1, 2])
def test_the_whole_objectives_gradient_is_a_central_difference(l2, weight, layer):
    deep = deep_network(channels=(6, 5))
    fields = Fields.of(deep, IDS, layer, strongest_locations(deep, IDS, layer, 0))
    objective, (whole,) = Objective(l2, weight), xavier_inputs(deep, 1, 0)

    def value(vectors: Tensor) -> Tensor:
        found = fields.respond(vectors)
        terms = objective.terms(fields.activations, found, vectors, fields.inside)
        return torch.stack([*terms.values()]).sum()

    vectors = fields.place(whole).requires_grad_()
    (gradient,) = torch.autograd.grad(value(vectors), vectors)
    assert gradient.any()
    for at in [*np.ndindex(*vectors.shape)][::7]:
        change = torch.zeros_like(vectors)
        change[at] = 1e-6
        if not fields.inside[at[:2]]:
            assert gradient[at] == 0 or l2, "nothing outside pulls but its own length"
            continue
        difference = (value(vectors + change) - value(vectors - change)) / 2e-6
        torch.testing.assert_close(gradient[at], difference.detach(), rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("weights", "on"),
    [
        ((0.0, 0.0), ["response"]),
        ((0.5, 0.0), ["response", "l2"]),
        ((0.0, 0.5), ["response", "similarity"]),
        ((0.1, 0.2), ["response", "l2", "similarity"]),
    ],
)
def test_a_weight_of_zero_switches_a_term_off(weights, on):
    vectors = torch.tensor([[[1.0, 0], [0, 2]]])
    inside = torch.ones(1, 2, dtype=torch.bool)
    a, found = torch.tensor([[2.0, 3]]), torch.tensor([[5.0, 7]])
    terms = Objective(*weights).terms(a, found, vectors, inside)
    assert [*terms] == on
    expected = {"response": 31.0, "l2": -5 * weights[0], "similarity": weights[1]}
    assert {name: float(value) for name, value in terms.items()} == pytest.approx(
        {name: expected[name] for name in on}
    )


@pytest.mark.parametrize("name", ["l2", "similarity"])
@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_a_weight_that_is_negative_or_not_finite_is_refused(name, weight):
    with one_sentence(ValueError, f"{name} is a finite weight of at least 0, got {weight}"):
        Objective(**{name: weight})
