from __future__ import annotations

import pytest
import torch
from hypothesis import given
from torch.nn import functional as F

from interpbook.models import pooled_scores, score_words
from interpbook.models.slots import (
    best_scores,
    best_windows,
    distinct,
    local_tables,
    look_up,
    slot_weights,
)
from interpbook.models.text_cnn import hide_windows
from support.networks import Case, cases, network

EXACT = {"rtol": 0, "atol": 1e-12}


@given(cases(damage=False))
def test_a_slot_score_is_one_dot_product(case):
    model = case.model
    vectors = model.embedding.weight
    for conv, scores in zip(model.convs, score_words(model, vectors), strict=True):
        f, m, n = conv.weight.shape
        for word in range(len(vectors)):
            for p in range(f):
                for j in range(n):
                    expected = sum(conv.weight[p, i, j] * vectors[word, i] for i in range(m))
                    torch.testing.assert_close(scores[word, j * f + p], expected, **EXACT)
        break  # one width shows it; the others cost time


def test_slots_lie_side_by_side_slot_by_slot():
    weight = torch.arange(12.0).reshape(2, 3, 2)  # 2 filters, m = 3, n = 2
    assert slot_weights(weight).tolist() == [
        [0.0, 6.0, 1.0, 7.0],
        [2.0, 8.0, 3.0, 9.0],
        [4.0, 10.0, 5.0, 11.0],
    ]


@pytest.mark.parametrize("length", [3, 15, 16, 17, 18, 33, 50])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_best_windows_finds_the_first_best_of_those_that_count(width, length):
    """Lengths around the blocks that the maximum is searched in."""
    generator = torch.Generator().manual_seed(length)
    # Small whole numbers tie often and add up without rounding.
    table = torch.randint(0, 4, (6, width * 5), generator=generator).float()
    table = F.pad(table, (0, 0, 0, 1), value=-torch.inf)
    rows = torch.randint(0, 6, (20, length), generator=generator)
    allowed = torch.randint(1, length - width + 2, (20,), generator=generator)
    best, starts = best_windows(table, rows, allowed, width)
    slots = table.view(7, width, 5)
    for d in range(20):
        for p in range(5):
            u = [
                sum(float(slots[rows[d, i + j], j, p]) for j in range(width))
                for i in range(int(allowed[d]))
            ]
            assert best[d, p] == max(u) and starts[d, p] == u.index(max(u))
    assert torch.equal(look_up(table, rows, starts, width).sum(dim=2), best)


def test_distinct_lists_each_word_once_in_rising_order():
    assert distinct(torch.tensor([[7, 2, 7], [0, 2, 5]]), 9).tolist() == [0, 2, 5, 7]


def test_local_tables_hold_the_batchs_words_and_minus_infinity():
    model, ids = network(), torch.tensor([[7, 2, 7], [5, 2, 0]])
    tables, rows = local_tables(model, ids)
    assert rows.tolist() == [[3, 1, 3], [2, 1, 0]]
    for table, full in zip(tables, score_words(model, model.embedding.weight), strict=True):
        assert table[-1].isneginf().all()
        torch.testing.assert_close(table[:-1], full[[0, 2, 5, 7]], **EXACT)


@given(cases())
def test_best_scores_are_the_convolutions_and_where_they_stand(case: Case):
    model = case.model
    ids, windows = model.lay_out(case.ids)
    x = model.embedding(ids).transpose(1, 2)
    found = list(best_scores(model, ids, windows))
    assert len(found) == len(model.convs)
    for conv, allowed, (table, pooled, starts) in zip(
        model.convs, windows.unbind(1), found, strict=True
    ):
        u = hide_windows(conv(x), allowed)
        torch.testing.assert_close(pooled, u.amax(dim=2), **EXACT)
        # Equal n-grams tie in the table but not always in a convolution, so the value counts.
        there = u.gather(2, starts[:, :, None]).squeeze(2)
        torch.testing.assert_close(there, pooled, **EXACT)
        assert (starts < allowed[:, None]).all()
        words = look_up(table, ids, starts, conv.kernel_size[0]).sum(dim=2) + conv.bias
        torch.testing.assert_close(words, pooled, **EXACT)
        assert not pooled.requires_grad


def values_and_gradients(model, forward) -> list[torch.Tensor]:
    """Return the logits and every parameter's gradient of a sum that weighs each logit."""
    model.zero_grad(set_to_none=True)
    logits = forward()
    weights = torch.linspace(-1, 2, logits.numel(), dtype=logits.dtype).view_as(logits)
    (logits * weights).sum().backward()
    gradients = [parameter.grad for parameter in model.parameters()]
    return [logits.detach(), *(g.to_dense() if g.is_sparse else g for g in gradients)]


@given(cases(distinct=True, damage=False))
def test_pooled_scores_have_the_convolutions_values_and_gradients(case: Case):
    model, ids = case.model, case.ids
    dense = values_and_gradients(model, lambda: model(ids))
    sparse = values_and_gradients(model, lambda: model.classify(pooled_scores(model, ids)))
    for found, expected in zip(sparse, dense, strict=True):
        torch.testing.assert_close(found, expected, **EXACT)


@given(cases())
def test_pooled_scores_have_the_convolutions_values_on_any_batch(case: Case):
    found = case.model.classify(pooled_scores(case.model, case.ids))
    torch.testing.assert_close(found, case.model(case.ids), **EXACT)


def test_only_the_batchs_words_get_a_gradient_and_padding_none():
    model = network()
    pooled_scores(model, torch.tensor([[2, 7, 0, 5]])).sum().backward()
    gradient = model.embedding.weight.grad
    assert gradient.is_sparse
    assert set(gradient.to_dense().any(dim=1).nonzero().flatten().tolist()) <= {2, 5, 7}


def test_pooled_scores_pass_gradcheck():
    model, ids = network(vocab_size=6, widths=(2,)), torch.tensor([[2, 3, 4, 5]])

    def pooled(weight, bias):
        # functional_call sees the model's forward only, so the parameters are set by hand.
        model.convs[0].weight, model.convs[0].bias = None, None
        model.convs[0]._parameters.update(weight=weight, bias=bias)
        return pooled_scores(model, ids)

    conv = model.convs[0]
    assert torch.autograd.gradcheck(pooled, (conv.weight, conv.bias))
