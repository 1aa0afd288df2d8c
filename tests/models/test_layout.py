"""What both networks ask of a batch of ids, and how long a document is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook.models.layout import (
    checked_lengths,
    document_lengths,
    refuse_empty,
    refuse_longer,
)
from support.networks import network


@pytest.mark.parametrize("ids", [[[2, 3]], np.array([[2, 3]])], ids=["list", "ndarray"])
def test_ids_that_are_no_tensor_are_refused(as_users_run_it, ids):
    with pytest.raises(TypeError, match=rf"int64 matrix .* got {type(ids).__name__}: make a"):
        network()(ids)


@pytest.mark.parametrize(
    "ids",
    [
        torch.tensor([2, 3]),
        torch.tensor([[2, 3]], dtype=torch.int32),
        torch.tensor([[2.0, 3.0]]),
        torch.zeros(0, 3, dtype=torch.int64),
        torch.zeros(3, 0, dtype=torch.int64),
    ],
    ids=["one axis", "int32", "float", "no document", "no position"],
)
def test_what_is_no_matrix_of_ids_is_refused(as_users_run_it, ids):
    with pytest.raises(TypeError, match=rf"int64 matrix of .* got {ids.dtype} of shape"):
        network()(ids)


@pytest.mark.parametrize("wrong", [-1, 12])
def test_ids_outside_the_vocabulary_are_refused(wrong):
    with pytest.raises(ValueError, match=rf"ids lie in 0..11 .* got {wrong}: encode"):
        network()(torch.tensor([[2, wrong]]))


def test_a_document_without_a_token_is_refused():
    with pytest.raises(ValueError, match=r"document 1 .*token"):
        network()(torch.tensor([[2, 3], [0, 0]]))


def test_a_document_longer_than_max_length_is_refused_in_paper_mode():
    model = network(padding="paper", max_length=4)
    with pytest.raises(ValueError, match="document 0 has 5 tokens but max_length is 4: cut it"):
        model(torch.tensor([[2, 3, 4, 5, 6]]))


@given(
    st.integers(1, 6).flatmap(
        lambda length: st.lists(st.tuples(*[st.integers(0, 2)] * length), min_size=1)
    )
)
def test_a_document_ends_with_its_last_token(documents):
    """Padding before it counts, since a text's words keep their places."""
    lengths = []
    for document in documents:
        while document and document[-1] == 0:
            document = document[:-1]
        lengths.append(len(document))
    assert document_lengths(torch.tensor(documents)).tolist() == lengths


def test_the_first_and_the_last_id_of_the_vocabulary_are_ids():
    assert checked_lengths(torch.tensor([[0, 11], [11, 0], [0, 0]]), 12).tolist() == [2, 1, 0]
    with pytest.raises(ValueError, match="got 11"):
        checked_lengths(torch.tensor([[0, 11]]), 11)


def test_the_first_empty_and_the_longest_document_are_named():
    refuse_empty(torch.tensor([1, 2]))
    with pytest.raises(ValueError, match="document 1 holds no token"):
        refuse_empty(torch.tensor([3, 0, 0]))
    refuse_longer(torch.tensor([1, 4]), 4)
    with pytest.raises(ValueError, match="document 2 has 9 tokens but max_length is 4"):
        refuse_longer(torch.tensor([5, 1, 9]), 4)
