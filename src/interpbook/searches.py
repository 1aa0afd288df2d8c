"""Which word next: rankings of a document's words, and the greedy search that follows one."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from interpbook.filters import best_of_filters
from interpbook.models import TextCNN
from interpbook.slots import check_finite
from interpbook.swaps import SwapBatch
from interpbook.text import UNKNOWN, pad
from interpbook.training import bucket

Ranking = Literal["gradient", "word_scores", "updated_word_scores", "exact", "random"]
Outcome = Literal[
    "prediction changed", "budget spent", "no word left", "already misclassified", "no word"
]


@dataclass
class Search:
    """The way of one document through an attack.

    Attributes
    ----------
    positions : list of int
        The words replaced, in order.
    logits : list of lists of c floats
        Before the first change and after each.
    outcome : str
        Why it ended.
    """

    positions: list[int] = field(default_factory=list)
    logits: list[list[float]] = field(default_factory=list)
    outcome: Outcome = "budget spent"


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
        Their classes.
    ranking, max_changes
        As in ``attack``.
    seeds : sequence of int
        One a document, for ``"random"``.
    changeable : callable
        Given a document's number and a position, whether that word may be replaced. Asked only
        when a word's turn comes.
    batch_size : int
        Documents side by side.

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


class Standing(NamedTuple):
    """The R documents of a batch that are still under attack, and their filters' maxima."""

    rows: Int64[Tensor, " R"]
    labels: Int64[Tensor, " R"]
    seeds: Int64[Tensor, " R"]
    pooled: Float[Tensor, "R k"]

    def kept(self, mask: Bool[Tensor, " R"]) -> Standing:
        """Return the documents that the mask keeps."""
        return Standing(*(values[mask] for values in self))


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
    rank, again = _RANKINGS[ranking]
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
    """Return the documents that have a word left, and the position of each one's next."""
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


# ------------------------------------------------------------------------------------- rankings


def _by_word_scores(batch: SwapBatch, standing: Standing) -> Float[Tensor, "R l"]:
    """Return B's column of the label; ``decompose`` computes all columns."""
    output, rows = batch.model.output, standing.rows
    weights = output.weight[standing.labels] * (standing.pooled > 0)
    bias = output.bias[standing.labels] / batch.model.config.num_filters
    sizes = batch.model.config.filters_per_width
    scores = torch.zeros(len(rows), batch.ids.shape[1], dtype=weights.dtype, device=rows.device)
    for conv, slots, weight, start in zip(
        batch.model.convs,
        batch.slots(rows),
        weights.split(sizes, dim=1),
        batch.starts(rows).split(sizes, dim=1),
        strict=True,
    ):
        width = conv.kernel_size[0]
        u = slots + conv.bias[:, None] / width  # (R, f, n)
        shares = u * weight[:, :, None] + (bias / width)[:, None, None]
        places = start[:, :, None] + torch.arange(width, device=rows.device)
        scores.scatter_add_(1, places.flatten(1), shares.flatten(1))
    return scores


def _by_gradient(batch: SwapBatch, standing: Standing) -> Float64[Tensor, "R l"]:
    rows, labels, _, pooled = standing
    gradients = _gradients(batch.model, batch.ids[rows], labels, pooled, batch.starts(rows))
    lengths = gradients.norm(dim=2)
    # The search keeps scores in the model's precision: bring the largest near one, bit by bit.
    return lengths.ldexp(-lengths.amax(dim=1, keepdim=True).frexp().exponent)


@torch.no_grad()
def word_gradients(
    model: TextCNN, ids: Int64[Tensor, "N l"], labels: Int64[Tensor, " N"]
) -> Float64[Tensor, "N l m"]:
    """Return the gradient of the cross entropy with respect to every word's vector.

    A filter that is alive passes its share to the n words of its best window, the first among
    equals, and to no other. In double precision, and without the difference p_y - 1, so that a
    confident prediction's small gradients keep their order.

    Raises
    ------
    TypeError, ValueError
        If the ids do not suit the model (``TextCNN.lay_out``).
    """
    length = ids.shape[1]
    laid_out, pooled, starts = best_of_filters(model, ids)
    return _gradients(model, laid_out, labels, pooled, starts)[:, :length]


def _gradients(
    model: TextCNN, ids: Tensor, labels: Tensor, pooled: Tensor, starts: Tensor
) -> Float64[Tensor, "N l m"]:
    rows = torch.arange(len(ids), device=ids.device)
    slope = model.output(pooled.relu()).double().softmax(dim=1)  # dH/do = p - y
    slope[rows, labels] = 0.0
    slope[rows, labels] = -slope.sum(dim=1)
    shares = (slope @ model.output.weight.double()) * (pooled > 0)  # (N, k)
    sizes = model.config.filters_per_width
    gradients = shares.new_zeros(ids.numel(), model.config.embedding_dim)
    first = rows[:, None] * ids.shape[1]
    for conv, share, start in zip(
        model.convs, shares.split(sizes, dim=1), starts.split(sizes, dim=1), strict=True
    ):
        for j in range(conv.kernel_size[0]):
            handed = share[:, :, None] * conv.weight[:, :, j]  # (N, f, m)
            gradients.index_add_(0, (first + start + j).flatten(), handed.flatten(0, 1))
    return gradients.view(*ids.shape, -1)


def _by_exact_effect(batch: SwapBatch, standing: Standing) -> Float[Tensor, "R l"]:
    """Return the best other class's margin over the label after each single swap."""
    logits = batch.swap_logits(standing.rows)  # (R, l, c)
    label = standing.labels[:, None, None].expand(-1, logits.shape[1], 1)
    others = logits.scatter(2, label, -torch.inf)
    return others.amax(dim=2) - logits.gather(2, label)[:, :, 0]


def _at_random(batch: SwapBatch, standing: Standing) -> Float[Tensor, "R l"]:
    """Return numbers that depend on a document's own seed only, not on the batch's length."""
    length = range(batch.ids.shape[1])
    draws = [random.Random(seed) for seed in standing.seeds.tolist()]
    return torch.tensor(
        [[draw.random() for _ in length] for draw in draws], device=batch.ids.device
    )


# How words are ranked, and whether again after each change.
_RANKINGS: dict[Ranking, tuple[Callable[[SwapBatch, Standing], Tensor], bool]] = {
    "gradient": (_by_gradient, False),
    "word_scores": (_by_word_scores, False),
    "updated_word_scores": (_by_word_scores, True),
    "exact": (_by_exact_effect, True),
    "random": (_at_random, False),
}
