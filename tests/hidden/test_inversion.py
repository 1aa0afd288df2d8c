from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn import functional as F

from interpbook import DeepTextCNN, invert, pad
from interpbook.hidden import (
    Fields,
    Objective,
    climb,
    closed_form,
    invert_by_neuron,
    similarity,
    strongest_locations,
    xavier_inputs,
)
from interpbook.hidden.inversion import Climb
from support.deep_networks import EXACT, counted, deep_network, one_sentence
from support.inversions import IDS, cosine_sum, parabola, review_locations

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


def test_the_optimum_of_the_embedding_is_the_word_itself_made_longer():
    deep = deep_network()
    found = invert(deep, IDS, 0, [0, 4], l2=0.5, similarity=0.0, steps=1500, learning_rate=0.01)
    torch.testing.assert_close(
        found.overall, found.fields.activations / (2 * 0.5), rtol=0, atol=1e-4
    )


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
