"""The search against a plain loop that looks at every word before each change."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook import pad
from interpbook.attacks import Ranking
from support.attacking import search, slow_scores
from support.networks import Case, cases, network

EXACT = {"rtol": 0, "atol": 1e-12}
RANKINGS = get_args(Ranking)


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
