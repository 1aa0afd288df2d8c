"""Rankings against autograd, B and the forward pass; the search against a plain loop."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from interpbook import TextCNN, decompose, pad
from interpbook.attacks import Ranking, word_gradients
from interpbook.attacks.searches import Search, search_changes
from interpbook.models import document_lengths
from interpbook.models.text_cnn import hide_windows
from support.networks import Case, cases, network

EXACT = {"rtol": 0, "atol": 1e-12}
RANKINGS = get_args(Ranking)


def gradients_by_autograd(model: TextCNN, ids: Tensor, labels: Tensor) -> Tensor:
    """Run the network behind the embedding and differentiate the summed loss."""
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


def search(model: TextCNN, documents, labels, ranking: Ranking, budget: int, **kw) -> list[Search]:
    kw = {"changeable": lambda *_: True, "seeds": [0] * len(documents)} | kw
    return search_changes(model, documents, labels, ranking, budget, **kw)


def slow_scores(model: TextCNN, ranking: Ranking, document: list[int], label: int) -> Tensor:
    """Score every word of one document as the ranking's name says, from the network as it is."""
    ids = torch.tensor([document])
    if ranking == "gradient":
        return word_gradients(model, ids, torch.tensor([label])).norm(dim=2)[0]
    if ranking == "exact":
        swapped = ids.repeat(len(document), 1)
        swapped.fill_diagonal_(1)
        logits = model(swapped).detach()
        others = torch.cat([logits[:, :label], logits[:, label + 1 :]], dim=1)
        return others.amax(dim=1) - logits[:, label]
    return decompose(model, ids).word_scores[0, : len(document), label]


@st.composite
def attacked(draw: st.DrawFn) -> tuple[Case, list[int], list[list[bool]]]:
    """Draw a network of two classes or more, documents without padding, and what may change."""
    case = draw(cases().filter(lambda case: case.config["num_classes"] > 1))
    documents = [[word or 1 for word in document] for document in case.documents]
    case = Case(case.config, documents, 0, case.dead, case.zeros, case.padding_value)
    labels = [draw(st.integers(0, case.config["num_classes"] - 1)) for _ in documents]
    return case, labels, [[draw(st.booleans()) for _ in document] for document in documents]


@pytest.mark.parametrize("ranking", sorted({*RANKINGS} - {"random"}))
@given(attacked(), st.integers(0, 4))
def test_each_change_is_the_best_of_its_ranking(ranking, drawn, budget):
    case, labels, changeable = drawn
    model, again = case.model, ranking in ("updated_word_scores", "exact")

    def may(number: int, position: int) -> bool:
        return changeable[number][position]

    found = search(model, case.documents, labels, ranking, budget, changeable=may)
    for document, label, flags, one in zip(case.documents, labels, changeable, found, strict=True):
        now = list(document)
        free = [flag and word != 1 for flag, word in zip(flags, document, strict=True)]
        states = [list(now)]
        for position in one.positions:
            assert free[position]
            scores = slow_scores(model, ranking, now if again else document, label)
            best = scores[torch.tensor(free)].max()
            torch.testing.assert_close(scores[position], best, rtol=1e-9, atol=1e-12)
            now[position], free[position] = 1, False
            states.append(list(now))
        logits = model(pad(states)).detach()
        torch.testing.assert_close(torch.tensor(one.logits, dtype=torch.float64), logits, **EXACT)
        fallen = (logits.argmax(dim=1) != label).tolist()
        assert not any(fallen[:-1]), "it goes on no longer than it must"
        if fallen[-1]:
            expected = "prediction changed" if one.positions else "already misclassified"
        else:
            expected = "budget spent" if len(one.positions) == budget else "no word left"
            assert expected == "budget spent" or not any(free)
        assert one.outcome == expected


@pytest.mark.parametrize("ranking", RANKINGS)
def test_among_equals_the_first_word_goes(ranking):
    """All filters are dead and the label has no bias to share out, so no word does anything."""
    model = network(num_classes=2)
    for conv in model.convs:
        conv.bias.data[:] = -100.0
    model.output.bias.data = torch.tensor([0.0, -1.0], dtype=torch.float64)
    found = search(model, [[2, 3, 4, 5, 6, 7, 8, 9]] * 3, [0] * 3, ranking, 3, seeds=[0, 1, 2])
    orders = {tuple(one.positions) for one in found}
    assert len(orders) > 1 if ranking == "random" else orders == {(0, 1, 2)}
    assert {one.outcome for one in found} == {"budget spent"}


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


def test_a_budget_beyond_all_words_ends_with_the_words():
    model = network(num_classes=2)
    label = int(model(torch.tensor([[2, 3, 4]])).argmax())
    model.output.bias.data[label] += 100.0
    (found,) = search(model, [[2, 3, 4]], [label], "word_scores", 10**9)
    assert found.outcome == "no word left" and sorted(found.positions) == [0, 1, 2]


def test_a_broken_model_is_refused():
    model = network(num_classes=2)
    model.output.weight.data[0, 0] = torch.nan
    with pytest.raises(ValueError, match="scores that are not finite: retrain or reload"):
        search(model, [[2, 3]], [0], "random", 1)


def test_no_documents_no_searches():
    assert search(network(), [], [], "exact", 3) == []
