from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn import functional as F

from interpbook import DeepTextCNN, invert, load_corpus, pad
from interpbook.hidden import (
    ClosedForm,
    Fields,
    Objective,
    climb,
    closed_form,
    invert_by_neuron,
    response,
    similarity,
    squared_length,
    strongest_locations,
    xavier_inputs,
)
from interpbook.hidden.inversion import Climb
from support.deep_networks import (
    EXACT,
    DeepCase,
    alive,
    counted,
    deep_cases,
    deep_network,
    one_sentence,
    shipped,
)

IDS = torch.tensor([[2, 3, 4, 5, 6, 7]])


def fields_of(case: DeepCase, layer: int) -> Fields:
    """Look up every live location of a case's documents, or ask for another case."""
    places = alive(case, layer)
    assume(any(places))
    return Fields.of(case.model, case.ids, layer, places)


@st.composite
def inputs(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """Draw vectors (B, R, m) in float64 and which of them are inside: a run with the middle."""
    B, reach, m = draw(st.integers(1, 3)), draw(st.integers(0, 3)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inside = torch.zeros(B, 2 * reach + 1, dtype=torch.bool)
    for row in inside:
        row[draw(st.integers(0, reach)) : draw(st.integers(reach, 2 * reach)) + 1] = True
    return torch.tensor(rng.normal(size=(B, 2 * reach + 1, m))), inside


# The terms -----------------------------------------------------------------------------------


def cosine_sum(rows: Sequence[Tensor]) -> Tensor:
    """Compute Sim, equation (7), pair by pair: i = j counts too, and N, not N^2, divides."""
    total = torch.zeros((), dtype=torch.float64)
    for x in rows:
        for y in rows:
            if x.any() and y.any():
                total = total + (x / x.square().sum().sqrt() * (y / y.square().sum().sqrt())).sum()
    return total / len(rows)


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


# Fields --------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(deep_cases(), st.integers(0, 3))
def test_a_field_answers_its_own_words_as_the_network_does(case, layer):
    layer = min(layer, case.model.config.num_layers)
    fields = fields_of(case, layer)
    reach = layer * (case.model.config.kernel_size // 2)
    own = torch.full((*fields.inside.shape, case.model.config.embedding_dim), 9.0).double()
    for b, (n, i) in enumerate(
        zip(fields.documents.tolist(), fields.locations.tolist(), strict=True)
    ):
        words = counted(case.model, case.documents[n])
        seen = case.model.receptive_field(layer, i, len(words))
        assert fields.inside[b].tolist() == [i + t in seen for t in range(-reach, reach + 1)]
        for place in seen:  # what lies outside is filled with something else
            own[b, place - i + reach] = case.model.embedding.weight.detach()[words[place]]
        expected = case.model.activations(case.ids)[layer][n, :, i]
        torch.testing.assert_close(fields.activations[b], expected.detach(), **EXACT)
    torch.testing.assert_close(fields.respond(own).detach(), fields.activations, **EXACT)


@settings(max_examples=30)
@given(deep_cases(), st.integers(0, 2**32 - 1))
def test_the_mean_is_over_the_words_there_are(case, seed):
    fields = fields_of(case, 1)
    shape = (*fields.inside.shape, case.model.config.embedding_dim)
    vectors = torch.tensor(np.random.default_rng(seed).normal(size=shape))
    vectors *= fields.inside[..., None]
    for found, rows, mask in zip(fields.mean(vectors), vectors, fields.inside, strict=True):
        torch.testing.assert_close(found, sum(rows[mask]) / len(rows[mask]), **EXACT)


@pytest.mark.parametrize(
    "locations",
    [
        [0, 2],
        [[0, 2]],
        (0, 2),
        ([0, 2],),
        range(0, 4, 2),
        np.array([0, 2]),
        np.array([[0, 2]]),
        [np.array([0, 2])],
        [np.int64(0), np.int32(2)],
        torch.tensor([0, 2]),
        torch.tensor([[0, 2]]),
    ],
)
def test_locations_may_come_in_several_shapes(as_users_run_it, locations):
    deep = deep_network(channels=(8,))
    assert Fields.of(deep, IDS, 1, locations).locations.tolist() == [0, 2]


def test_several_documents_have_a_list_each_which_may_be_empty():
    deep = deep_network(channels=(8,))
    fields = Fields.of(deep, IDS.expand(3, -1), 1, [[1], [], [4, 0]])
    assert fields.documents.tolist() == [0, 2, 2] and fields.locations.tolist() == [1, 4, 0]


# The climb against a climb of the whole input, one location at a time --------------------------


def plain_climb(
    deep: DeepTextCNN,
    document: list[int],
    layer: int,
    location: int,
    start: Tensor,
    wanted: Tensor | None = None,
    *,
    l2: float,
    weight: float,
    steps: int,
    learning_rate: float,
) -> tuple[Tensor, float]:
    """Climb with Adam as its paper writes it, on an input as long as the document."""
    words = counted(deep, document)
    field = deep.receptive_field(layer, location, len(words))

    def answer(x: Tensor) -> Tensor:
        activations = x.T[None]
        for conv in deep.convs[:layer]:
            activations = conv(activations).relu()
        return activations[0, :, location]

    def value(x: Tensor) -> Tensor:
        rows = x[field.start : field.stop]
        return wanted @ answer(x) - l2 * rows.square().sum() + weight * cosine_sum([*rows])

    if wanted is None:
        wanted = answer(deep.embedding.weight[words]).detach()
    x = start[: len(words)].clone()
    first, second = torch.zeros_like(x), torch.zeros_like(x)
    for step in range(1, steps + 1):
        x.requires_grad_()
        (gradient,) = torch.autograd.grad(value(x), x)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient.square()
        move = (first / (1 - 0.9**step)) / ((second / (1 - 0.999**step)).sqrt() + 1e-8)
        x = (x + learning_rate * move).detach()
    return x[field.start : field.stop], value(x).item()


@pytest.mark.parametrize("padding", ["masked", "paper"])
@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.parametrize(("l2", "weight"), [(0.0, 0.0), (0.1, 0.0), (0.1, 0.5)])
def test_a_batch_takes_the_paths_of_plain_climbs(padding, layer, l2, weight):
    deep = deep_network(channels=(6, 5), kernel_size=3, padding=padding)
    documents = [[2, 3, 4, 5, 6, 7], [8, 9]]
    ids, size = pad(documents), {"steps": 25, "learning_rate": 0.02}
    chosen = strongest_locations(deep, ids, layer, 0, count=3)
    found = invert(deep, ids, layer, chosen, l2=l2, similarity=weight, restarts=2, seed=3, **size)
    wholes, b = xavier_inputs(deep, 2, 3), 0
    for document, places in zip(documents, chosen, strict=True):
        for location in places:
            for restart, whole in enumerate(wholes):
                rows, value = plain_climb(
                    deep, document, layer, location, whole, l2=l2, weight=weight, **size
                )
                vectors, mask = found.vectors[restart, b], found.fields.inside[b]
                torch.testing.assert_close(vectors[mask], rows, rtol=0, atol=1e-9)
                assert not vectors[~mask].any()
                assert float(found.values[-1, restart, b]) == pytest.approx(value, abs=1e-9)
                overall = found.path[-1, restart, b]
                torch.testing.assert_close(overall, rows.mean(dim=0), rtol=0, atol=1e-9)
            b += 1
    assert b == len(found.fields.locations)


def test_64_locations_in_a_batch_are_as_one_at_a_time():
    deep = deep_network(channels=(12, 8), kernel_size=5, vocab_size=40, max_length=20)
    documents = torch.randint(2, 40, (8, 20), generator=torch.Generator().manual_seed(0))
    chosen = strongest_locations(deep, documents, 1, 1, count=8)
    assert sum(map(len, chosen)) == 64
    size = {"l2": 0.1, "similarity": 0.5, "steps": 40, "learning_rate": 0.02}
    together = invert(deep, documents, 1, chosen, **size)
    b = 0
    for row, places in zip(documents, chosen, strict=True):
        for location in places:
            alone = invert(deep, row[None], 1, [location], **size)
            torch.testing.assert_close(
                alone.vectors[:, 0], together.vectors[:, b], rtol=0, atol=1e-10
            )
            torch.testing.assert_close(
                alone.values[..., 0], together.values[..., b], rtol=0, atol=1e-10
            )
            b += 1


def review_locations(count: int) -> tuple[DeepTextCNN, Tensor, list[list[int]]]:
    """Take the strongest locations of some of the book's own reviews, for the shipped network."""
    classifier = shipped()
    ids = pad(classifier.encode(load_corpus("reviews", "test").texts[:4]))
    deep = classifier.model
    return deep, ids, strongest_locations(deep, ids, 1, deep(ids).argmax(dim=1), count)


@pytest.mark.parametrize(
    # Adam divides by a gradient's size, so where that is small, float32's rounding is moved along.
    ("dtype", "tolerance"),
    [(torch.float64, 1e-9), (torch.float32, 1e-3)],
)
def test_locations_of_the_shipped_network_in_a_batch_are_as_one_at_a_time(dtype, tolerance):
    deep, ids, chosen = review_locations(3)
    deep, size = copy.deepcopy(deep).to(dtype), {"steps": 20, "learning_rate": 0.01}
    together, b = invert(deep, ids, 1, chosen, **size), 0
    for row, places in zip(ids, chosen, strict=True):
        for location in places:
            alone = invert(deep, row[None], 1, [location], **size)
            torch.testing.assert_close(
                alone.vectors[:, 0], together.vectors[:, b], rtol=0, atol=tolerance
            )
            b += 1


# Seeds and what is reported --------------------------------------------------------------------

SETTINGS = {"l2": 0.1, "similarity": 0.3, "steps": 40, "learning_rate": 0.02}


def test_a_seed_decides_the_result():
    deep = deep_network(channels=(8, 6))
    first, again, other = (invert(deep, IDS, 1, [1, 4], seed=s, **SETTINGS) for s in (5, 5, 6))
    assert torch.equal(first.vectors, again.vectors)
    assert torch.equal(first.values, again.values)
    assert not torch.allclose(first.path[0], other.path[0]), "another seed starts elsewhere"


def test_more_restarts_leave_the_first_ones_as_they_are():
    deep = deep_network(channels=(8, 6))
    one = invert(deep, IDS, 1, [1, 4], restarts=1, **SETTINGS)
    three = invert(deep, IDS, 1, [1, 4], restarts=3, **SETTINGS)
    torch.testing.assert_close(three.vectors[:1], one.vectors, rtol=0, atol=1e-12)
    starts = three.path[0]
    assert not torch.allclose(starts[0], starts[1]) and not torch.allclose(starts[1], starts[2])


def test_documents_share_a_restarts_start():
    deep = deep_network(channels=(8, 6))
    (whole,) = xavier_inputs(deep, 1, 0)
    fields = Fields.of(deep, pad([[2, 3, 4, 5], [6, 7, 8]]), 1, [[1], [1]])
    placed = fields.place(whole)
    assert torch.equal(placed[0], placed[1]) and torch.equal(placed[0], whole[0:3])


def test_xavier_inputs_fill_their_range_evenly():
    deep = deep_network(embedding_dim=40, max_length=60)
    drawn = xavier_inputs(deep, 3, 0)
    limit = (6 / 100) ** 0.5
    assert drawn.shape == (3, 60, 40) and float(drawn.abs().max()) <= limit
    assert float(drawn.abs().max()) > 0.99 * limit
    assert float(drawn.var()) == pytest.approx(2 / 100, rel=0.05)  # Xavier's aim
    assert abs(float(drawn.mean())) < 0.01


def test_what_is_noted_on_the_way():
    deep = deep_network(channels=(8, 6))
    (whole,) = xavier_inputs(deep, 1, 0)
    found = invert(deep, IDS, 1, [1, 4], **SETTINGS)
    assert found.steps == tuple(range(0, 41, 2)) and len(found.values) == len(found.path) == 21
    fields, objective = found.fields, found.objective
    start = fields.place(whole)
    for noted, vectors in ((0, start), (-1, found.vectors[0])):
        terms = objective.terms(fields.activations, fields.respond(vectors), vectors, fields.inside)
        value = torch.stack([*terms.values()]).sum(dim=0).detach()
        torch.testing.assert_close(found.values[noted, 0], value, **EXACT)
        torch.testing.assert_close(found.path[noted, 0], fields.mean(vectors), **EXACT)
        assert [*found.terms] == [*terms]
        for name, part in terms.items():
            torch.testing.assert_close(found.terms[name][noted, 0], part.detach(), **EXACT)
    shorter = invert(deep, IDS, 1, [1, 4], **SETTINGS | {"steps": 10})
    torch.testing.assert_close(shorter.path[-1], found.path[found.steps.index(10)], **EXACT)
    assert (found.values[-1] > found.values[0]).all()
    assert invert(deep, IDS, 1, [1], **SETTINGS | {"steps": 3}).steps == (0, 1, 2, 3)


def test_the_best_restart_is_the_highest():
    deep = deep_network(channels=(8, 6))
    found = invert(deep, IDS, 1, [0, 1, 2, 3, 4], restarts=4, **SETTINGS)
    assert len(found.best.unique()) > 1, "the test is of locations that prefer different starts"
    for b, best in enumerate(found.best.tolist()):
        awake = found.answered[:, b]
        values = found.values[-1, :, b].where(awake, -torch.inf)
        assert found.values[-1, best, b] == values.max() or not awake.any()
        assert torch.equal(found.overall[b], found.path[-1, best, b])


def test_agreement_is_the_mean_cosine_of_two_restarts():
    deep = deep_network(channels=(8, 6))
    found = invert(deep, IDS, 1, [0, 3], restarts=4, **SETTINGS)
    for b, agreement in enumerate(found.agreement()):
        ends = found.path[-1, :, b]
        cosines = [F.cosine_similarity(ends[r], ends[s], dim=0) for r in range(4) for s in range(r)]
        torch.testing.assert_close(agreement, torch.stack(cosines).mean(), **EXACT)
    with one_sentence(ValueError, "agreement is between restarts: invert with restarts=2"):
        invert(deep, IDS, 1, [0], **SETTINGS).agreement()


def test_without_regularisation_the_gradient_is_the_first_terms():
    deep = deep_network(channels=(8, 6))
    free = invert(deep, IDS, 1, [0, 3], l2=0.0, similarity=0.0, steps=5)
    torch.testing.assert_close(free.gradients, torch.ones_like(free.gradients), **EXACT)
    assert not free.converged.any()
    loose = invert(deep, IDS, 1, [0, 3], l2=1e-4, similarity=0.0, steps=5)
    assert ((loose.gradients - 1).abs() < 0.01).all() and not loose.converged.any()


def test_at_the_optimum_the_gradient_is_gone():
    deep = deep_network(channels=(8, 6))
    fields = Fields.of(deep, IDS, 1, [0, 3])
    exact = closed_form(fields, 0.3)
    settled = climb(fields, Objective(0.3, 0.0), exact.vectors, steps=1, learning_rate=1e-9)
    assert (settled.gradients < 1e-6).all() and settled.converged.all()


def test_a_start_that_nothing_answers_is_not_moved_by_the_response():
    deep = deep_network(channels=(4,))
    fields = Fields.of(deep, IDS, 1, strongest_locations(deep, IDS, 1, 0, 2))
    deep.convs[0].bias.data.fill_(-100.0)
    starts = fields.place(xavier_inputs(deep, 1, 0)[0])
    found = climb(fields, Objective(0.0, 0.0), starts, steps=5, learning_rate=0.1)
    assert torch.equal(found.vectors[0], starts) and not found.answered.any()
    assert not found.gradients.any()
    pulled = climb(fields, Objective(0.1, 0.0), starts, steps=5, learning_rate=1e-9)
    assert pulled.gradients.isinf().all() and not pulled.converged.any()


def test_a_start_that_is_not_answered_is_never_the_best():
    """Similarity alone would make it the highest: nothing of the text is in it."""
    deep = deep_network(channels=(4,))
    fields = Fields.of(deep, IDS, 1, strongest_locations(deep, IDS, 1, 0, 1))
    awake = closed_form(fields, 0.3).vectors
    asleep = next(
        start
        for scale in (1.0, -1.0)
        if not (fields.respond(start := scale * awake) * fields.activations).any()
    )
    starts = torch.cat([asleep, awake])
    found = climb(fields, Objective(0.0, 50.0), starts, steps=1, learning_rate=1e-9)
    assert found.answered[:, 0].tolist() == [False, True] and found.best.tolist() == [1]


def test_inversion_needs_no_gradients_switched_on_and_leaves_none_behind():
    deep = deep_network(channels=(8, 6), dropout=0.9).train()
    with torch.no_grad():
        found = invert(deep, IDS, 1, [1], **SETTINGS)
    assert not found.vectors.requires_grad and not found.values.requires_grad
    assert not deep.training and all(weight.grad is None for weight in deep.parameters())
    assert torch.equal(found.vectors, invert(deep, IDS, 1, [1], **SETTINGS).vectors)


# The closed form -------------------------------------------------------------------------------


def value_of(fields: Fields, vectors: Tensor, l2: float) -> Tensor:
    """Compute a . a' - l2 ||X||^2."""
    vectors = vectors * fields.inside[..., None]
    found = fields.respond(vectors)
    return (fields.activations * found).sum(dim=1) - l2 * vectors.square().sum(dim=(1, 2))


def parabola(fields: Fields, b: int, chosen: Sequence[bool], l2: float) -> tuple[Tensor, Tensor]:
    """Return top and height of sum over S of a_k (w_k . X + b_k) - l2 ||X||^2, with loops."""
    conv = fields.deep.convs[0]
    pull = torch.zeros(fields.inside.shape[1], conv.weight.shape[1], dtype=torch.float64)
    height = torch.zeros((), dtype=torch.float64)
    for k, takes_part in enumerate(chosen):
        if takes_part:
            pull += fields.activations[b, k] * conv.weight.detach()[k].T
            height += fields.activations[b, k] * conv.bias.detach()[k]
    pull *= fields.inside[b][:, None]
    return pull / (2 * l2), height + pull.square().sum() / (4 * l2)


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


def test_the_optimum_of_the_embedding_is_the_word_itself_made_longer():
    deep = deep_network()
    found = invert(deep, IDS, 0, [0, 4], l2=0.5, similarity=0.0, steps=1500, learning_rate=0.01)
    torch.testing.assert_close(
        found.overall, found.fields.activations / (2 * 0.5), rtol=0, atol=1e-4
    )


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


# Similarity as a trend ------------------------------------------------------------------------


def mean_similarity(found: object) -> float:
    inside = found.fields.inside
    # N differs where a field is clipped; in units of N all lie in 0..1.
    return float((similarity(found.vectors[0], inside) / inside.sum(dim=1)).mean())


def check_trend(weights: Sequence[float], found: Sequence[float]) -> None:
    assert spearmanr(weights, found).statistic > 0.99, found
    assert found[-1] > found[0] + 0.1, found


def test_more_similarity_gives_more_similar_vectors_of_a_random_network():
    deep = deep_network(channels=(8, 6), kernel_size=5, embedding_dim=8)
    weights = [0.0, 0.1, 0.3, 1.0, 3.0, 10.0]
    check_trend(
        weights,
        [
            mean_similarity(
                invert(deep, IDS, 1, [0, 2, 5], l2=0.1, similarity=w, steps=400, learning_rate=0.02)
            )
            for w in weights
        ],
    )


def test_more_similarity_gives_more_similar_vectors_of_the_shipped_network():
    deep, ids, chosen = review_locations(2)
    weights = [0.0, 3.0, 10.0, 30.0, 100.0, 300.0]
    size = {"l2": 0.004, "steps": 60, "learning_rate": 0.01}
    check_trend(
        weights,
        [mean_similarity(invert(deep, ids, 1, chosen, similarity=w, **size)) for w in weights],
    )


# Neuron by neuron ------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", ["masked", "paper"])
@pytest.mark.parametrize("layer", [1, 2])
def test_by_neuron_is_a_weighted_sum_of_a_climb_for_each(layer, padding):
    deep = deep_network(channels=(5, 4), padding=padding)
    documents = [[2, 3, 4, 5, 6], [7, 8]]
    chosen = strongest_locations(deep, pad(documents), layer, 0, count=2)
    size = {"l2": 0.1, "steps": 20, "learning_rate": 0.02}
    sums, neurons = invert_by_neuron(deep, pad(documents), layer, chosen, seed=4, **size)
    fields, (whole,) = Fields.of(deep, pad(documents), layer, chosen), xavier_inputs(deep, 1, 4)
    assert len(neurons.fields.locations) == int((fields.activations > 0).sum())
    for b, answers in enumerate(fields.activations):
        document, location = documents[fields.documents[b]], int(fields.locations[b])
        total = torch.zeros_like(sums[b][fields.inside[b]])
        for k in answers.nonzero()[:, 0].tolist():
            one = torch.zeros_like(answers)
            one[k] = 1.0
            rows, _ = plain_climb(deep, document, layer, location, whole, one, weight=0.0, **size)
            total += answers[k] * rows
        torch.testing.assert_close(sums[b][fields.inside[b]], total, rtol=0, atol=1e-9)
        assert not sums[b][~fields.inside[b]].any()


def test_a_neuron_that_does_not_answer_its_start_never_moves():
    deep = deep_network(channels=(8,))
    _, neurons = invert_by_neuron(deep, IDS, 1, [0, 2, 4], l2=0.0, steps=30, learning_rate=0.05)
    start = neurons.fields.place(xavier_inputs(deep, 1, 0)[0])
    answers = (neurons.fields.activations * neurons.fields.respond(start)).sum(dim=1)
    moved = (neurons.vectors[0] != start).any(dim=(1, 2))
    assert torch.equal(moved, answers > 0)
    assert moved.any() and not moved.all(), "the test is of both kinds"


@pytest.mark.parametrize("padding", ["masked", "paper"])
def test_where_all_neurons_answer_their_sum_is_the_closed_form_on_all_of_them(padding):
    # Each w_k / (2 l2) is the top of a parabola of its own; their sum weighted by a_k is
    # W^T a / (2 l2), which is the joint optimum if all neurons answer that too.
    deep, l2 = deep_network(channels=(4,), padding=padding), 0.4
    deep.convs[0].bias.data.fill_(6.0)
    sums, neurons = invert_by_neuron(deep, IDS, 1, [0, 2, 5], l2=l2, steps=1500, learning_rate=0.01)
    fields = Fields.of(deep, IDS, 1, [0, 2, 5])
    start = neurons.fields.place(xavier_inputs(deep, 1, 0)[0])
    assert (fields.activations > 0).all() and (neurons.fields.respond(start) > 0).all()
    expected = torch.stack([parabola(fields, b, [True] * 4, l2)[0] for b in range(3)])
    torch.testing.assert_close(sums, expected, rtol=0, atol=1e-3)
    joint = closed_form(fields, l2)
    assert joint.active.all() and joint.rounds == 1
    torch.testing.assert_close(sums, joint.vectors, rtol=0, atol=1e-3)


# Bad input -------------------------------------------------------------------------------------

NAN = float("nan")


@pytest.mark.parametrize(
    ("changes", "kind", "sentence"),
    [
        ({"locations": [6]}, ValueError, "locations are 0..5 here, got 6"),
        ({"locations": [-1]}, ValueError, "locations are 0..5 here, got -1"),
        ({"locations": [1.0]}, TypeError, r"locations are whole numbers, .* got \[1.0\]"),
        ({"locations": [True]}, TypeError, r"locations are whole numbers, .* got \[True\]"),
        ({"locations": [np.bool_(True)]}, TypeError, "locations are whole numbers"),
        ({"locations": ["1"]}, TypeError, "locations are whole numbers"),
        ({"locations": "12"}, TypeError, "locations are whole numbers"),
        ({"locations": 1}, TypeError, "locations are whole numbers, .* got 1"),
        ({"locations": None}, TypeError, "locations are whole numbers, .* got None"),
        ({"locations": [1, [2]]}, TypeError, "locations are whole numbers"),
        ({"locations": torch.tensor([1.0])}, TypeError, "locations are whole numbers"),
        ({"locations": torch.tensor(1)}, TypeError, "locations are whole numbers"),
        ({"locations": [[1], [2]]}, ValueError, "list .* for each of 1 documents, got 2"),
        ({"locations": []}, ValueError, "at least one location to invert, got none"),
        ({"locations": [[]]}, ValueError, "at least one location to invert, got none"),
        ({"ids": IDS.repeat(2, 1)}, ValueError, "list .* for each of 2 documents, got 1"),
        ({"ids": IDS.tolist()}, TypeError, "int64 matrix .* got list"),
        ({"ids": IDS * 2}, ValueError, "ids lie in 0..11"),
        ({"ids": IDS * 0}, ValueError, "document 0 holds no token"),
        ({"layer": 3}, ValueError, "layers are 0 .* to 2 here, got 3"),
        ({"layer": -1}, ValueError, "layers are 0 .* to 2 here, got -1"),
        ({"layer": 1.0}, ValueError, "layers are 0 .* to 2 here, got 1.0"),
        ({"l2": -0.1}, ValueError, "l2 is a finite weight of at least 0, got -0.1"),
        ({"l2": NAN}, ValueError, "l2 is a finite weight of at least 0, got nan"),
        ({"steps": 0}, ValueError, "steps is a positive whole number, got 0"),
        ({"steps": 2.5}, ValueError, "steps is a positive whole number, got 2.5"),
        ({"steps": True}, ValueError, "steps is a positive whole number, got True"),
        ({"learning_rate": 0.0}, ValueError, "learning_rate is a positive number, got 0.0"),
        ({"learning_rate": NAN}, ValueError, "learning_rate is a positive number, got nan"),
    ],
)
@pytest.mark.parametrize("way", [invert, invert_by_neuron])
def test_what_cannot_be_inverted_is_refused(as_users_run_it, way, changes, kind, sentence):
    asked = {"ids": IDS, "layer": 1, "locations": [1], "steps": 2} | changes
    with one_sentence(kind, sentence):
        way(deep_network(channels=(8, 6)), **asked)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"similarity": -1.0}, "similarity is a finite weight of at least 0, got -1.0"),
        ({"restarts": 0}, "restarts is a positive whole number, got 0"),
        ({"restarts": 1.5}, "restarts is a positive whole number, got 1.5"),
    ],
)
def test_what_only_the_joint_way_takes_is_refused_too(as_users_run_it, changes, sentence):
    with one_sentence(ValueError, sentence):
        invert(deep_network(), IDS, 1, [1], steps=2, **changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": 0, "restarts": 0}, "restarts is a positive whole number, got 0"),
        ({"steps": True, "learning_rate": -1.0}, "steps is a positive whole number, got True"),
        ({"learning_rate": NAN}, "learning_rate is a positive number, got nan"),
    ],
)
def test_a_climb_names_the_first_of_its_numbers_that_will_not_do(
    as_users_run_it, changes, sentence
):
    with one_sentence(ValueError, sentence):
        Climb(**changes)


def test_two_climbs_of_the_same_numbers_are_equal(as_users_run_it):
    assert Climb(np.int64(3), restarts=np.int32(2)) == Climb(3, restarts=2) != Climb(3, seed=1)
    assert type(Climb(np.int64(3)).steps) is int


@pytest.mark.parametrize("way", [invert, invert_by_neuron])
def test_a_dead_location_is_refused(way):
    deep = deep_network(channels=(8, 6))
    deep.convs[1].bias.data.fill_(-100.0)
    way(deep, IDS, 1, [0], steps=2)
    with one_sentence(ValueError, "location 4 of layer 2 is dead in document 0, its activation"):
        way(deep, IDS, 2, [4], steps=2)


@pytest.mark.parametrize("way", [invert, invert_by_neuron])
@pytest.mark.parametrize("value", [NAN, float("inf")])
def test_weights_that_are_no_numbers_are_refused(way, value):
    deep = deep_network()
    deep.convs[0].weight.data[0, 0, 0] = value
    with one_sentence(ValueError, "convs.0.weight holds nan or infinity"):
        way(deep, IDS, 1, [0], steps=2)


@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 3, 4), (2, 5, 4), (2, 3, 5)])
def test_starts_that_do_not_fit_the_fields_are_refused(shape):
    fields = Fields.of(deep_network(channels=(8, 6)), IDS, 1, [0, 1])
    told = rf"starts of shape \(restarts \* 2, 3, 4\), got \({shape[0]}, {shape[1]}, {shape[2]}\)"
    with one_sentence(ValueError, told):
        climb(fields, Objective(), torch.zeros(shape, dtype=torch.float64), steps=2)
