"""Rankings against autograd, B and the forward pass, word by word."""

from __future__ import annotations

import math
from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from interpbook import TextCNN
from interpbook.attacks import Ranking, word_gradients
from interpbook.attacks.rankings import RANKINGS, Standing
from interpbook.models import document_lengths
from interpbook.models.text_cnn import hide_windows
from interpbook.scores import SwapBatch
from support.attacking import search, slow_scores
from support.networks import Case, cases, network

EXACT = {"rtol": 0, "atol": 1e-12}


def gradients_by_autograd(model: TextCNN, ids: Tensor, labels: Tensor) -> Tensor:
    """Run the network from the embedding on and differentiate the summed loss."""
    laid_out, windows = model.lay_out(ids)
    x = model.embedding(laid_out).detach().requires_grad_()
    pooled = [
        hide_windows(conv(x.transpose(1, 2)), allowed).amax(dim=2)
        for conv, allowed in zip(model.convs, windows.unbind(1), strict=True)
    ]
    logits = model.output(F.relu(torch.cat(pooled, dim=1)))
    (gradient,) = torch.autograd.grad(F.cross_entropy(logits, labels, reduction="sum"), x)
    return gradient


def labels_of(data: st.DataObject, case: Case) -> Tensor:
    classes = case.config["num_classes"]
    return torch.tensor([data.draw(st.integers(0, classes - 1)) for _ in case.documents])


@given(cases(distinct=True, damage=False), st.data())
def test_gradients_are_autograds(case: Case, data):
    model, ids, labels = case.model, case.ids, labels_of(data, case)
    found = word_gradients(model, ids, labels)
    expected = gradients_by_autograd(model, ids, labels)[:, : ids.shape[1]]
    inside = torch.arange(ids.shape[1]) < document_lengths(ids)[:, None]
    torch.testing.assert_close(found[inside], expected[inside], **EXACT)


def test_gradients_of_equal_windows_go_to_the_first():
    model, ids = network(widths=(2,), filters_per_width=9), torch.tensor([[2, 3, 2, 3, 2]])
    found = word_gradients(model, ids, torch.tensor([0]))
    assert found[0, 0].any() and found[0, 2].any() and not found[0, 3:].any()


def test_a_confident_predictions_gradients_keep_their_order():
    """In single precision p - y would round to zero, and any word would be as good."""
    model = network(num_classes=2, widths=(1, 2), filters_per_width=20, dtype=torch.float32)
    ids = torch.tensor([[2, 3, 4, 5, 6, 7]])
    label = model(ids).argmax(dim=1)
    order = word_gradients(model, ids, label).norm(dim=2).argsort()
    sure = network(num_classes=2, widths=(1, 2), filters_per_width=20, dtype=torch.float32)
    with torch.no_grad():
        sure.output.weight *= 500
        sure.output.bias *= 500
    assert sure(ids).softmax(dim=1).max() == 1
    assert not gradients_by_autograd(sure, ids, label).any()
    assert torch.equal(word_gradients(sure, ids, label).norm(dim=2).argsort(), order)
    assert sure(ids).diff().abs() > 110, "smaller than single precision holds"
    [found] = search(sure, ids.tolist(), label.tolist(), "gradient", 1)
    assert found.positions == [int(order[0, -1])] != [0]


def test_random_orders_are_fair_and_depend_on_a_documents_seed_alone():
    model, document = network(num_classes=2, filters_per_width=1), [2, 3, 4, 5]
    label = int(model(torch.tensor([document])).argmax())
    model.output.bias.data[label] += 100.0
    found = search(model, [document] * 400, [label] * 400, "random", 1, seeds=range(400))
    counts = torch.bincount(torch.tensor([one.positions[0] for one in found]), minlength=4)
    assert counts.min() > 60
    longer = search(model, [document, [2] * 30], [label] * 2, "random", 4, seeds=[7, 8])[0]
    alone = search(model, [document], [label], "random", 4, seeds=[7])[0]
    assert longer.positions == alone.positions


def test_every_name_of_a_ranking_has_its_row():
    assert tuple(RANKINGS) == get_args(Ranking)


@pytest.mark.parametrize("ranking", ["word_scores", "updated_word_scores", "exact", "gradient"])
@given(
    cases(distinct=True, damage=False).filter(lambda case: case.config["num_classes"] > 1),
    st.data(),
)
def test_each_word_gets_the_score_that_its_ranking_promises(ranking, case: Case, data):
    """Of several documents one has fallen, and its row is left out."""
    model, labels = case.model, labels_of(data, case)
    batch, rows = SwapBatch(model, case.ids), torch.arange(len(labels))
    if len(rows) > 1:
        rows = rows[rows != data.draw(st.integers(0, len(rows) - 1))]
    standing = Standing(rows, labels[rows], torch.zeros_like(rows), batch.pooled(rows))
    found = RANKINGS[ranking][0](batch, standing).detach()
    for row, scores in zip(rows.tolist(), found, strict=True):
        document = case.documents[row]
        expected = slow_scores(model, ranking, document, int(labels[row]))
        if ranking == "gradient" and scores.any():
            # Lengths are brought near one by a power of two, which keeps their order.
            assert 0.5 <= scores.max() < 1
            if expected.any():
                ratio = float(expected.sum() / scores[: len(document)].sum())
                scores = scores * 2.0 ** round(math.log2(ratio))
        torch.testing.assert_close(scores[: len(document)], expected, rtol=1e-9, atol=1e-12)


@given(cases())
def test_standing_keeps_whole_rows(case: Case):
    model, number = case.model, len(case.documents)
    rows = torch.arange(number)
    standing = Standing(rows, rows + 10, rows + 20, SwapBatch(model, case.ids).pooled(rows))
    kept = standing.kept(rows % 2 == 0)
    assert kept.rows.tolist() == list(range(0, number, 2))
    assert torch.equal(kept.labels, kept.rows + 10) and torch.equal(kept.seeds, kept.rows + 20)
    assert torch.equal(kept.pooled, standing.pooled[::2])
