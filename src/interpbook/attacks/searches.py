"""The greedy search of an attack: word after word in the order of a ranking, within a budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from interpbook.attacks.rankings import RANKINGS, Ranking, Standing
from interpbook.models import TextCNN, bucket
from interpbook.models.autocast import own_precision
from interpbook.models.slots import check_finite
from interpbook.scores import SwapBatch
from interpbook.text import UNKNOWN, pad

Outcome = Literal[
    "prediction changed", "budget spent", "no word left", "already misclassified", "no word"
]


@dataclass
class Search:
    """The way of one document through an attack.

    Attributes
    ----------
    positions : list of int
        The positions of the replaced words, in the order of their replacement.
    logits : list of lists of c floats
        The logits before the first change and after each.
    outcome : str
        Why the search ended.
    """

    positions: list[int] = field(default_factory=list)
    logits: list[list[float]] = field(default_factory=list)
    outcome: Outcome = "budget spent"


@own_precision
@torch.no_grad()
def search_changes(
    model: TextCNN,
    documents: Sequence[Sequence[int]],
    labels: Sequence[int],
    ranking: Ranking,
    max_changes: int,
    *,
    seeds: Sequence[int],
    changeable: Callable[[int, int], bool],
    batch_size: int = 128,
) -> list[Search]:
    """Replace words by the unknown word, the highest ranked first, until predictions change.

    Words that are unknown already are left alone.

    Parameters
    ----------
    model : TextCNN
        The model under attack, of two classes or more.
    documents : sequence of sequences of int
        Encoded documents, none of them empty.
    labels : sequence of int
        The class that each document's prediction is driven away from.
    ranking, max_changes
        Each is described under ``attack``.
    seeds : sequence of int
        A seed for each document, which the ranking ``"random"`` uses.
    changeable : callable
        Given a document's number and a position, whether that word may be replaced. It is asked
        only when a word's turn comes.
    batch_size : int
        How many documents are attacked side by side.

    Returns
    -------
    list of Search
        One a document.
    """
    searches = [Search() for _ in documents]
    device = model.output.weight.device
    for chosen in bucket([len(document) for document in documents], batch_size):
        numbers = chosen.tolist()
        _search_batch(
            SwapBatch(model, pad([documents[i] for i in numbers]).to(device)),
            torch.tensor([labels[i] for i in numbers], device=device),
            torch.tensor([seeds[i] for i in numbers], device=device),
            lambda row, position, numbers=numbers: changeable(numbers[row], position),
            ranking,
            max_changes,
            [searches[i] for i in numbers],
        )
    return searches


def _search_batch(
    batch: SwapBatch,
    labels: Int64[Tensor, " N"],
    seeds: Int64[Tensor, " N"],
    changeable: Callable[[int, int], bool],
    ranking: Ranking,
    max_changes: int,
    searches: Sequence[Search],
) -> None:
    """Attack documents side by side and note in their searches how it went."""
    rank, again = RANKINGS[ranking]
    rows = torch.arange(len(labels), device=labels.device)
    standing = Standing(rows, labels, seeds, batch.pooled(rows))
    standing = _note(batch.model, standing, searches, "already misclassified")
    free = batch.ids > UNKNOWN  # neither padding nor unknown already
    scores = torch.empty(free.shape, dtype=standing.pooled.dtype, device=free.device)
    for step in range(max_changes):
        if len(standing.rows) and (again or not step):
            scores[standing.rows] = rank(batch, standing).to(scores.dtype)
        standing, positions = _next_words(scores, free, standing, changeable, searches)
        rows = standing.rows
        if not len(rows):
            break
        batch.swap(rows, positions)
        free[rows, positions] = False
        for row, position in zip(rows.tolist(), positions.tolist(), strict=True):
            searches[row].positions.append(position)
        standing = standing._replace(pooled=batch.pooled(rows))
        standing = _note(batch.model, standing, searches, "prediction changed")


def _next_words(
    scores: Float[Tensor, "N l"],
    free: Bool[Tensor, "N l"],
    standing: Standing,
    changeable: Callable[[int, int], bool],
    searches: Sequence[Search],
) -> tuple[Standing, Int64[Tensor, " R"]]:
    """Return the documents that have a word left, and the position of the next word of each."""
    while True:
        # index_select copies rows several times faster than indexing does.
        some = free.index_select(0, standing.rows).any(dim=1)
        for row in standing.rows[~some].tolist():
            searches[row].outcome = "no word left"
        standing = standing.kept(some)
        rows = standing.rows
        taken = ~free.index_select(0, rows)
        positions = scores.index_select(0, rows).masked_fill_(taken, -torch.inf).argmax(dim=1)
        pairs = zip(rows.tolist(), positions.tolist(), strict=True)
        refused = torch.tensor([not changeable(*pair) for pair in pairs], device=rows.device).bool()
        if not refused.any():
            return standing, positions
        free[rows[refused], positions[refused]] = False


def _note(
    model: TextCNN, standing: Standing, searches: Sequence[Search], fallen: Outcome
) -> Standing:
    """Note the logits; return the documents that are still predicted as their label."""
    logits = model.output(standing.pooled.relu())
    check_finite(logits)
    held = logits.argmax(dim=1) == standing.labels
    for row, now, holds in zip(standing.rows.tolist(), logits.tolist(), held.tolist(), strict=True):
        searches[row].logits.append(now)
        if not holds:
            searches[row].outcome = fallen
    return standing.kept(held)
