"""Swaps against the model's own forward pass on the swapped documents, one by one."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from interpbook import TextCNN, decompose
from interpbook.models import document_lengths
from interpbook.scores import SwapBatch, swap_logits
from support.networks import Case, cases, network

EXACT = {"rtol": 0, "atol": 1e-12}


def slow_swaps(model: TextCNN, ids: Tensor, replacement: int) -> Tensor:
    """Run the model on every document once for each swap, padding left alone."""
    found = []
    for row in ids:
        last = max((i for i, word in enumerate(row.tolist()) if word), default=-1)
        copies = row.repeat(len(row), 1)
        for i in range(last + 1):
            copies[i, i] = replacement
        with torch.no_grad():
            found.append(model(copies))
    return torch.stack(found)


@given(cases(), st.data())
def test_a_swaps_logits_are_those_of_the_swapped_document(case: Case, data):
    replacement = data.draw(st.integers(1, case.config["vocab_size"] - 1))
    found = swap_logits(case.model, case.ids, replacement)
    torch.testing.assert_close(found, slow_swaps(case.model, case.ids, replacement), **EXACT)


def long_documents(length: int) -> Tensor:
    """Draw four documents from few words, so that windows tie; one ends early, one has a gap."""
    ids = torch.randint(1, 6, (4, length), generator=torch.Generator().manual_seed(length))
    ids[0, length // 2 + 1 :] = 0
    ids[1, 1 : length - 1 : 7] = 0
    return ids


LENGTHS = pytest.mark.parametrize("length", [3, 15, 16, 17, 18, 33, 50])
WIDTHS = pytest.mark.parametrize("width", [1, 2, 5, 16, 17, 20])
PADDING = pytest.mark.parametrize("padding", ["masked", "paper"])


def wide_network(width: int, **config) -> TextCNN:
    return network(widths=(width, 2), vocab_size=6, max_length=60, seed=width, **config)


@PADDING
@WIDTHS
@LENGTHS
def test_swaps_around_the_blocks_that_the_maximum_is_searched_in(length, width, padding):
    model, ids = wide_network(width, padding=padding), long_documents(length)
    for replacement in (1, 4):
        found = swap_logits(model, ids, replacement)
        torch.testing.assert_close(found, slow_swaps(model, ids, replacement), **EXACT)


def assert_as_new(batch: SwapBatch, ids: Tensor, rows: Tensor) -> None:
    """Compare a batch after swaps with a pass over the documents as they are now."""
    model, new = batch.model, decompose(batch.model, ids)
    assert torch.equal(batch.pooled(rows), new.pooled[rows])
    assert torch.equal(batch.starts(rows), new.starts[rows])
    sizes = model.config.filters_per_width
    for slots, pooled, conv in zip(
        batch.slots(rows), new.pooled[rows].split(sizes, dim=1), model.convs, strict=True
    ):
        torch.testing.assert_close(slots.sum(dim=2) + conv.bias.detach(), pooled, **EXACT)
    inside = torch.arange(ids.shape[1]) < document_lengths(ids)[rows, None]
    found = batch.swap_logits(rows)[:, : ids.shape[1]]
    expected = slow_swaps(model, ids[rows], batch.replacement)
    torch.testing.assert_close(found[inside], expected[inside], **EXACT)


@settings(max_examples=50)
@given(cases(), st.data())
def test_a_batch_follows_its_swaps_to_the_last_bit(case: Case, data):
    model, ids = case.model, case.ids.clone()
    replacement = data.draw(st.integers(1, case.config["vocab_size"] - 1))
    batch = SwapBatch(model, ids, replacement)
    readers = torch.nonzero(document_lengths(ids)).flatten().tolist()
    if data.draw(st.booleans()):
        assert_as_new(batch, ids, torch.arange(len(ids)))
    for _ in range(data.draw(st.integers(1, 3))):
        chosen = data.draw(st.lists(st.sampled_from(readers), unique=True)) if readers else []
        rows = torch.tensor(sorted(chosen), dtype=torch.int64)
        ends = document_lengths(ids)[rows].tolist()
        positions = torch.tensor([data.draw(st.integers(0, end - 1)) for end in ends]).long()
        batch.swap(rows, positions)
        ids[rows, positions] = replacement
        looked_at = data.draw(st.sets(st.integers(0, len(ids) - 1), min_size=1))
        assert_as_new(batch, ids, torch.tensor(sorted(looked_at)))


@PADDING
@WIDTHS
def test_a_long_batch_follows_its_swaps(width, padding):
    model, ids = wide_network(width, padding=padding), long_documents(50)
    batch, rows = SwapBatch(model, ids), torch.arange(4)
    ids = ids.clone()
    generator = torch.Generator().manual_seed(width)
    for _ in range(12):
        assert_as_new(batch, ids, rows)
        positions = (torch.rand(4, generator=generator) * document_lengths(ids)).long()
        batch.swap(rows, positions)
        ids[rows, positions] = 1


def test_a_tie_that_a_swap_makes_goes_to_the_first_window():
    """The pair 4 4 is best for some filters, and then stands in an earlier block as well."""
    model, ids = wide_network(2, filters_per_width=20), torch.full((1, 60), 2)
    ids[0, 40:42] = 4
    batch, rows = SwapBatch(model, ids, 4), torch.tensor([0])
    late = batch.starts(rows) == 40
    assert late.any()
    for position in (10, 11):
        batch.swap(rows, torch.tensor([position]))
        ids[0, position] = 4
    assert_as_new(batch, ids, rows)
    assert (batch.starts(rows)[late] == 10).all()


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(("length", "rows"), [(3, 3), (5, 2), (8, 1), (13, 1)])
def test_swaps_of_one_word_said_again_tie_to_the_last_bit(length, rows, classes):
    """Where swaps leave the same maxima, a ranking takes the first of them, in any batch."""
    model = network(
        widths=(1, 2),
        vocab_size=6,
        filters_per_width=150,
        num_classes=classes,
        dtype=torch.float32,
        seed=0,
    )
    logits = swap_logits(model, torch.full((rows, length), 3))[:, 1:-1]
    assert torch.equal(logits, logits[:1, :1].expand_as(logits))


def test_the_callers_ids_stay_as_they_are():
    ids = torch.tensor([[2, 3, 4, 5]])
    batch = SwapBatch(network(), ids)
    batch.swap(torch.tensor([0]), torch.tensor([2]))
    assert batch.ids[0, :4].tolist() == [2, 3, 1, 5] and ids.tolist() == [[2, 3, 4, 5]]


def test_weights_that_were_trained_on_count_at_once():
    model, ids = network(), torch.tensor([[2, 3, 4, 5]])
    before = swap_logits(model, ids)
    with torch.no_grad():
        model.embedding.weight[1] += 1.0
    after = swap_logits(model, ids)
    assert not torch.allclose(before, after)
    torch.testing.assert_close(after, slow_swaps(model, ids, 1), **EXACT)


def test_dropout_and_gradients_play_no_part():
    model, ids = network(dropout=0.9), torch.tensor([[2, 3, 4, 5]])
    expected = swap_logits(model, ids)
    found = swap_logits(model.train(), ids)
    assert torch.equal(found, expected) and not found.requires_grad


@pytest.mark.parametrize("replacement", [0, -1, 12])
def test_a_replacement_that_is_no_word_is_refused(replacement):
    with pytest.raises(ValueError, match=rf"the replacement is a word, 1..11, got {replacement}$"):
        swap_logits(network(), torch.tensor([[2, 3]]), replacement)


def test_ids_that_do_not_suit_the_model_are_refused():
    with pytest.raises(ValueError, match=r"ids lie in 0..11"):
        swap_logits(network(), torch.tensor([[2, 12]]))
    with pytest.raises(ValueError, match="document 1 holds no token"):
        swap_logits(network(), torch.tensor([[2], [0]]))


@pytest.mark.parametrize("word", [1, 3])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_broken_word_is_refused_in_the_text_and_as_the_replacement(word, value):
    model = network()
    model.embedding.weight.data[word] = value
    with pytest.raises(ValueError, match="scores that are not finite: retrain or reload"):
        swap_logits(model, torch.tensor([[2, 3]]))
