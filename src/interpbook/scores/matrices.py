"""The two exact score matrices: A over n-grams, B over words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from interpbook.models import TextCNN, as_text_cnn
from interpbook.models.autocast import own_precision
from interpbook.models.slots import best_scores, check_finite, look_up


@dataclass(frozen=True, eq=False)
class ScoreMatrices:
    """A batch's logits, split without remainder over n-grams and over words.

    Attributes
    ----------
    logits : Tensor of shape (N, c)
        The model's output o.
    ngram_scores : Tensor of shape (N, k, c)
        A: the share of filter p's best n-gram in the logit of class q. Columns sum to the logits.
    word_scores : Tensor of shape (N, l, c)
        B: the share of the word at each position; l is the padded length actually used.
        Columns sum to the logits.
    pooled : Tensor of shape (N, k)
        u_max of every filter, before ReLU; a filter with u_max <= 0 is dead in that document.
    starts : Tensor of shape (N, k), int64
        Where every filter's best window starts, counted from 0; the first one among equals.
    widths : Tensor of shape (k,), int64
        Every filter's width n.
    added : Tensor of shape (N, c), optional
        The sizes of all terms that a column of B adds up, which decide how far rounding may take it
        from the logit. Terms cancel inside a word, so B does not show them; by default the
        sizes of A and B together stand for them.

    Raises
    ------
    ValueError
        If the shapes do not belong together or a column does not sum to its logit.

    Examples
    --------
    >>> from interpbook import load_classifier, pad
    >>> classifier = load_classifier("mr")
    >>> ids = pad(classifier.encode(["a dull film", "a smart film"]))
    >>> scores = decompose(classifier.model, ids)
    >>> scores
    ScoreMatrices(logits (2, 2), ngram_scores (2, 150, 2), word_scores (2, 5, 2), pooled (2, 150), \
starts (2, 150), widths (150,))
    >>> scores.word_scores[:, :, 1].argmax(dim=1)  # "film" and "smart" are the most positive words
    tensor([2, 1])
    """

    logits: Float[Tensor, "N c"]
    ngram_scores: Float[Tensor, "N k c"]
    word_scores: Float[Tensor, "N l c"]
    pooled: Float[Tensor, "N k"]
    starts: Int64[Tensor, "N k"]
    widths: Int64[Tensor, " k"]
    added: Float[Tensor, "N c"] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        documents, filters, classes = self.ngram_scores.shape
        expected = {
            "logits": (documents, classes),
            "word_scores": (documents, self.word_scores.shape[1], classes),
            "pooled": (documents, filters),
            "starts": (documents, filters),
            "widths": (filters,),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                found = tuple(getattr(self, name).shape)
                raise ValueError(f"{name} should have shape {shape}, got {found}")
        added = self.added
        if added is None:
            added = self.ngram_scores.abs().sum(dim=1) + self.word_scores.abs().sum(dim=1)
        room = room_for_rounding(added, self.widths.sum())
        for name in ("ngram_scores", "word_scores"):
            if not ((getattr(self, name).sum(dim=1) - self.logits).abs() <= room).all():
                raise ValueError(f"the columns of {name} do not sum to the logits")

    def __len__(self) -> int:
        return len(self.logits)

    def __repr__(self) -> str:
        shapes = ", ".join(
            f"{f.name} {tuple(getattr(self, f.name).shape)}" for f in fields(self) if f.repr
        )
        return f"ScoreMatrices({shapes})"


def room_for_rounding(
    added: Float[Tensor, "*n"], terms: int | Int64[Tensor, ""]
) -> Float[Tensor, "*n"]:
    """Return how far rounding may take a sum from the true one.

    Rounding grows with the sizes of what is added up, not with the sum, which may cancel. Each term
    was rounded some times on its way, and a sum in double precision rounds once more for each.
    Below the smallest normal number rounding no longer shrinks with the terms.

    Parameters
    ----------
    added : Tensor
        The sizes of the terms, added up.
    terms : int
        How many there are.
    """
    own, double = torch.finfo(added.dtype), torch.finfo(torch.float64)
    return (256 * own.eps + terms * double.eps) * added + terms * own.tiny


@own_precision
@torch.no_grad()
def decompose(model: TextCNN, ids: Int64[Tensor, "N l"]) -> ScoreMatrices:
    """Split a TextCNN's logits exactly into an n-gram and a word score matrix.

    With v_p = ReLU(u_max) of filter p and i its best window, every filter gives its n-gram
    A[p, q] = w_(q,p) v_p + b_q / k, and the word in slot j of that window
    B[i + j - 1, q] += w_(q,p) u_(i,j) + b_q / (k n), where u_(i,j) = w_j . x_(i+j-1) + b_p / n
    if u_max > 0, else 0.

    Dropout plays no part, whatever mode the model is in, and no gradient is kept.

    Parameters
    ----------
    model : TextCNN
        Any TextCNN, trained or not.
    ids : Tensor of shape (N, l), int64
        Encoded documents, 0 = padding.

    Returns
    -------
    ScoreMatrices
        The logits, A, B, and each filter's u_max, best window and width.

    Raises
    ------
    TypeError, ValueError
        If the model is no TextCNN, or the ids do not suit it (``TextCNN.lay_out``).
    ValueError
        If weights of the model are not finite.

    References
    ----------
    Xu & Du (2020), equations (3)-(5) for A, (6)-(11) for B.

    Examples
    --------
    >>> from interpbook import TextCNN, TextCNNConfig
    >>> model = TextCNN(TextCNNConfig(vocab_size=10, embedding_dim=4, num_classes=2))
    >>> scores = decompose(model, torch.tensor([[2, 3, 4, 5, 6, 7]]))
    >>> scores
    ScoreMatrices(logits (1, 2), ngram_scores (1, 150, 2), word_scores (1, 6, 2), pooled (1, 150), \
starts (1, 150), widths (150,))
    >>> torch.allclose(scores.word_scores.sum(dim=1), scores.logits, atol=1e-5)
    True
    """
    ids, windows = as_text_cnn(model).lay_out(ids)
    pooled, starts, slots = [], [], []
    for conv, (table, best, start) in zip(
        model.convs, best_scores(model, ids, windows), strict=True
    ):
        width = conv.kernel_size[0]
        pooled.append(best)
        starts.append(start)
        slots.append(look_up(table, ids, start, width) + conv.bias[:, None] / width)
    u_max = torch.cat(pooled, dim=1)
    weight, bias = model.output.weight, model.output.bias
    logits = u_max.relu() @ weight.T + bias
    check_finite(logits)
    ngram_scores = ngram_score_matrix(model, u_max)
    word_scores, added = _word_scores(model, ids, u_max, starts, slots)
    return ScoreMatrices(
        logits=logits,
        ngram_scores=ngram_scores,
        word_scores=word_scores,
        pooled=u_max,
        starts=torch.cat(starts, dim=1),
        widths=filter_widths(model),
        added=added,
    )


def ngram_score_matrix(model: TextCNN, pooled: Float[Tensor, "N k"]) -> Float[Tensor, "N k c"]:
    """Return A from every filter's u_max: A[p, q] = w_(q,p) ReLU(u_max) + b_q / k.

    Parameters
    ----------
    model : TextCNN
        The model whose output layer has the weights w and the biases b.
    pooled : Tensor of shape (N, k)
        u_max of every filter in N documents, before ReLU.

    Returns
    -------
    Tensor of shape (N, k, c)
        A for each document, in logits; its columns sum to the logits.

    References
    ----------
    Xu & Du (2020), equations (3)-(5).

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> model = load_classifier("mr").model
    >>> silent = ngram_score_matrix(model, torch.full((1, 150), -1.0))
    >>> torch.allclose(silent.sum(dim=1), model.output.bias)  # all that dead filters leave
    True
    """
    weight, bias = model.output.weight, model.output.bias
    return pooled.relu()[:, :, None] * weight.T + bias / pooled.shape[1]


def filter_widths(model: TextCNN) -> Int64[Tensor, " k"]:
    """Return the width n of each of the k filters, in the order of their scores.

    Parameters
    ----------
    model : TextCNN
        Any TextCNN, trained or not.

    Returns
    -------
    Tensor of shape (k,), int64
        The widths, in words.

    Raises
    ------
    TypeError
        If the model is no TextCNN.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> filter_widths(load_classifier("mr").model).unique(return_counts=True)
    (tensor([3, 4, 5]), tensor([50, 50, 50]))
    """
    widths = torch.tensor(as_text_cnn(model).config.widths, device=model.output.weight.device)
    return widths.repeat_interleave(model.config.filters_per_width)


def _word_scores(
    model: TextCNN,
    ids: Tensor,
    u_max: Tensor,
    starts: list[Tensor],
    slots: list[Tensor],
) -> tuple[Tensor, Tensor]:
    """Hand every filter's share to the words of its window and add up by position.

    Also returned is the sum of the sizes of all that is added up, document by class.
    """
    filters = u_max.shape[1]
    alive = (u_max > 0).split(model.config.filters_per_width, dim=1)
    weights = model.output.weight.split(model.config.filters_per_width, dim=1)
    shares, added = [], model.output.bias.abs()
    for u, live, weight in zip(slots, alive, weights, strict=True):
        width = u.shape[2]
        u = u * live[:, :, None]
        added = added + u.abs().sum(dim=2) @ weight.abs().T
        share = u[None] * weight[:, None, :, None]  # (c, N, f, n)
        shares.append(share + (model.output.bias / (filters * width))[:, None, None, None])
    return add_up_by_position(shares, starts, ids.shape[1]).permute(1, 2, 0), added


def add_up_by_position(
    shares: Sequence[Float[Tensor, "*c N f _"]], starts: Sequence[Int64[Tensor, "N f"]], length: int
) -> Float[Tensor, "*c N l"]:
    """Add what the filters hand to the slots of their best windows up by position.

    Slot j of a window that starts at word i is word i + j, counted from 0. Two filters of width
    3 whose best windows start at words 1 and 2::

        word              0    1    2    3    4
        filter 0, i = 1        s00  s01  s02
        filter 1, i = 2             s10  s11  s12
        sum               0    s00  s01  s02  s12
                                   +s10 +s11

    Parameters
    ----------
    shares : sequence of Tensors of shape (..., N, f, n)
        For each width n, what each of its f filters hands to each slot in each of N documents;
        the first dimension is the class if there are several.
    starts : sequence of Tensors of shape (N, f), int64
        For each width, where the best windows start.
    length : int
        l, the positions of a document.

    Returns
    -------
    Tensor of shape (..., N, l)
        The sums, position by position.

    Examples
    --------
    >>> shares = torch.tensor([[[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]])
    >>> add_up_by_position([shares], [torch.tensor([[1, 2]])], 5)
    tensor([[ 0.,  1., 12., 23., 30.]])
    """
    # A short document's word gets thousands of shares, one after the other: in single precision the
    # sum would drift.
    scores = shares[0].new_zeros(*shares[0].shape[:-2], length, dtype=torch.float64)
    for share, start in zip(shares, starts, strict=True):
        places = start[:, :, None] + torch.arange(share.shape[-1], device=start.device)
        handed = share.flatten(-2)  # (..., N, f n)
        scores.scatter_add_(-1, places.flatten(1).expand_as(handed), handed.double())
    return scores.to(shares[0].dtype)
