"""Which word next: rankings of a document's words, one function and one row of a table each."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from interpbook.models import TextCNN, best_of_filters
from interpbook.models.autocast import own_precision
from interpbook.scores import SwapBatch
from interpbook.scores.matrices import add_up_by_position

Ranking = Literal["gradient", "word_scores", "updated_word_scores", "exact", "random"]


class Standing(NamedTuple):
    """The R documents of a batch that are still under attack.

    Attributes
    ----------
    rows : Tensor of shape (R,), int64
        The place of each in the batch.
    labels : Tensor of shape (R,), int64
        The class that the attack on each drives the prediction away from.
    seeds : Tensor of shape (R,), int64
        The seed of each for the random ranking.
    pooled : Tensor of shape (R, k)
        u_max of every filter in each.
    """

    rows: Int64[Tensor, " R"]
    labels: Int64[Tensor, " R"]
    seeds: Int64[Tensor, " R"]
    pooled: Float[Tensor, "R k"]

    def kept(self, mask: Bool[Tensor, " R"]) -> Standing:
        """Return the documents that the mask keeps."""
        return Standing(*(values[mask] for values in self))


# ------------------------------------------------------------------------------------- rankings


def _by_word_scores(batch: SwapBatch, standing: Standing) -> Float[Tensor, "R l"]:
    """Return B's column of the label, without the other columns that ``decompose`` computes."""
    output, rows = batch.model.output, standing.rows
    weights = output.weight[standing.labels] * (standing.pooled > 0)
    bias = output.bias[standing.labels] / batch.model.config.num_filters
    sizes = batch.model.config.filters_per_width
    shares = []
    for conv, slots, weight in zip(
        batch.model.convs, batch.slots(rows), weights.split(sizes, dim=1), strict=True
    ):
        width = conv.kernel_size[0]
        u = slots + conv.bias[:, None] / width  # (R, f, n)
        shares.append(u * weight[:, :, None] + (bias / width)[:, None, None])
    starts = batch.starts(rows).split(sizes, dim=1)
    return add_up_by_position(shares, starts, batch.ids.shape[1])


def _by_gradient(batch: SwapBatch, standing: Standing) -> Float64[Tensor, "R l"]:
    """Return the lengths of the words' gradients, each document's largest scaled to 1/2..1."""
    rows, labels, _, pooled = standing
    gradients = _gradients(batch.model, batch.ids[rows], labels, pooled, batch.starts(rows))
    lengths = gradients.norm(dim=2)
    # The search keeps scores in the model's precision, where tiny lengths would vanish. Scaling by
    # a power of two changes no digit.
    return lengths.ldexp(-lengths.amax(dim=1, keepdim=True).frexp().exponent)


@own_precision
@torch.no_grad()
def word_gradients(
    model: TextCNN, ids: Int64[Tensor, "N l"], labels: Int64[Tensor, " N"]
) -> Float64[Tensor, "N l m"]:
    """Return the gradient of the cross entropy with respect to every word's vector.

    With P = softmax(o) and y the label, a filter p that is alive has the share

        s_p = sum over q of w_(q,p) (P_q - [q = y])

    and passes s_p w_j to the word in slot j of its best window, the first among equals, and nothing
    to other words. The gradient is computed in double precision, and without the difference
    P_y - 1, so that a confident prediction's small gradients keep their order.

    Parameters
    ----------
    model : TextCNN
        Any TextCNN; dropout plays no part.
    ids : Tensor of shape (N, l), int64
        Encoded documents, 0 = padding.
    labels : Tensor of shape (N,), int64
        The class y of each document.

    Returns
    -------
    Tensor of shape (N, l, m), float64
        One gradient for each word, in nats per unit of the word's vector.

    Raises
    ------
    TypeError, ValueError
        If the ids do not suit the model (``TextCNN.lay_out``).

    References
    ----------
    Liang et al. (2018), who choose what to change by this gradient.

    Examples
    --------
    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr")
    >>> ids = pad(classifier.encode(["a dull film with a great cast"]))
    >>> gradients = word_gradients(classifier.model, ids, torch.tensor([0]))
    >>> tuple(gradients.shape)
    (1, 7, 100)
    >>> gradients.norm(dim=2).argmax(dim=1)  # "dull"
    tensor([1])
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
    # All documents' words stand in one row, so that slot j of a window that starts at word i of
    # document d adds to entry d l + i + j. With two documents of 4 words, and a filter of width 2
    # whose best windows start at word 1 and at word 2:
    #
    #   document        0                        1
    #   word            0    1    2    3         0    1    2    3
    #   entry           0    1    2    3         4    5    6    7
    #   handed               g0   g1                       g0   g1
    #
    # g_j is the filter's share in that document times its weights w_j. Windows of several filters
    # overlap, and ``index_add_`` sums what they hand to the same entry.
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


# For each ranking, the function that scores words, and whether it runs again after each change.
RANKINGS: dict[Ranking, tuple[Callable[[SwapBatch, Standing], Tensor], bool]] = {
    "gradient": (_by_gradient, False),
    "word_scores": (_by_word_scores, False),
    "updated_word_scores": (_by_word_scores, True),
    "exact": (_by_exact_effect, True),
    "random": (_at_random, False),
}
