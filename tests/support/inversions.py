"""What the tests of fields, objectives, closed forms and inversions share."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from hypothesis import assume
from torch import Tensor

from interpbook import DeepTextCNN, load_corpus, pad
from interpbook.hidden import Fields, strongest_locations
from support.deep_networks import DeepCase, alive, shipped

IDS = torch.tensor([[2, 3, 4, 5, 6, 7]])


def fields_of(case: DeepCase, layer: int) -> Fields:
    """Look up every live location of a case's documents, or ask for another case."""
    places = alive(case, layer)
    assume(any(places))
    return Fields.of(case.model, case.ids, layer, places)


def cosine_sum(rows: Sequence[Tensor]) -> Tensor:
    """Compute Sim, equation (7), pair by pair: i = j counts too, and N, not N^2, divides."""
    total = torch.zeros((), dtype=torch.float64)
    for x in rows:
        for y in rows:
            if x.any() and y.any():
                total = total + (x / x.square().sum().sqrt() * (y / y.square().sum().sqrt())).sum()
    return total / len(rows)


def review_locations(count: int) -> tuple[DeepTextCNN, Tensor, list[list[int]]]:
    """Take the strongest locations of some of the book's own reviews, for the shipped network."""
    classifier = shipped()
    ids = pad(classifier.encode(load_corpus("reviews", "test").texts[:4]))
    deep = classifier.model
    return deep, ids, strongest_locations(deep, ids, 1, deep(ids).argmax(dim=1), count)


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
