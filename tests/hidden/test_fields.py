from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interpbook.hidden import Fields
from support.deep_networks import EXACT, counted, deep_cases, deep_network
from support.inversions import IDS, fields_of


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
