"""What B says that a word's going would do, beside what it does, and where the two part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from scipy import stats
from torch import Tensor

from interpbook.models import (
    Labels,
    TextCNN,
    batches,
    best_of_filters,
    document_lengths,
    score_words,
)
from interpbook.models.autocast import own_precision
from interpbook.models.training import as_labels, check_labels, check_pairs
from interpbook.scores.matrices import decompose, filter_widths, room_for_rounding
from interpbook.scores.swaps import check_replacement, swap_logits
from interpbook.text import PADDING, UNKNOWN

PARTS = ("predicted", "biases", "replacement", "silence", "runners_up", "newcomers")


_MANY = 2**14  # terms in a part: as many as the filters of the largest networks


@dataclass(frozen=True, eq=False)
class SwapEffects:
    """What replacing each single word of a document does to the logits, in six parts.

    Row i is about the word at position i, column q about class q, all in logits.

    Attributes
    ----------
    exact : Tensor of shape (l, c)
        The change of the logits, from a new pass: the sum of the six parts.
    predicted : Tensor of shape (l, c)
        B's prediction, -B[i]: the word's shares go and nothing else happens.
    biases : Tensor of shape (l, c)
        The shares of b_p and b_q in B[i], which stay, since only the word goes.
    replacement : Tensor of shape (l, c)
        What the new word scores in the old one's slots, in the windows that had won.
    silence : Tensor of shape (l, c)
        What ReLU gives back where a window that had won with the old word is below zero with the
        new one: the filter stops at zero.
    runners_up : Tensor of shape (l, c)
        What the best window now scores more than the one that had won with the old word.
    newcomers : Tensor of shape (l, c)
        Filters that had not chosen the word, or were dead, and whose maximum the new word raises.
    added : Tensor of shape (l, c), optional
        The sizes of all terms that the parts add up, which decide how far rounding may take their
        sum from ``exact``; by default those of the parts.

    Raises
    ------
    ValueError
        If the parts do not sum to the exact change.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("mr")
    >>> (ids,) = classifier.encode(["a dull film with a great cast"])
    >>> effects = swap_effects(classifier.model, torch.tensor(ids))
    >>> dull, negative = 1, 0
    >>> for name, part in effects.parts.items():
    ...     print(f"{name:12}{part[dull, negative]:+.2f}")
    predicted   -2.09
    biases      -0.00
    replacement -0.05
    silence     +0.84
    runners_up  +0.01
    newcomers   -0.08
    >>> round(float(effects.exact[dull, negative]), 2)
    -1.37
    """

    exact: Float[Tensor, "l c"]
    predicted: Float[Tensor, "l c"]
    biases: Float[Tensor, "l c"]
    replacement: Float[Tensor, "l c"]
    silence: Float[Tensor, "l c"]
    runners_up: Float[Tensor, "l c"]
    newcomers: Float[Tensor, "l c"]
    added: Float[Tensor, "l c"] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parts = torch.stack(list(self.parts.values()))
        added = parts.abs().sum(dim=0) if self.added is None else self.added
        room = room_for_rounding(added, _MANY)
        if not ((parts.sum(dim=0) - self.exact).abs() <= room).all():
            raise ValueError("the parts do not sum to the exact change of the logits")

    @property
    def parts(self) -> dict[str, Float[Tensor, "l c"]]:
        """The six parts by name, B's prediction first."""
        return {name: getattr(self, name) for name in PARTS}


@own_precision
@torch.no_grad()
def swap_effects(
    model: TextCNN, ids: Int64[Tensor, " l"], replacement: int = UNKNOWN
) -> SwapEffects:
    """Split what replacing each word does into B's prediction and what it leaves out.

    For a filter p that is alive, has the word in slot j of its best window, and reads r in its
    place, the window now scores t = u_max - w_j . x + w_j . r, and with u' the new maximum

        ReLU(u') - u_max = -(w_j . x + b_p/n) + b_p/n + w_j . r
                           + (ReLU(t) - t) + (ReLU(u') - ReLU(t)).

    Times w_(q,p) and summed over such filters, the terms are the first five parts; B's share of
    b_q is taken in the first and given back in the second. The sixth is ReLU(u') - ReLU(u_max) of
    all other filters.

    Parameters
    ----------
    model : TextCNN
        Dropout plays no part.
    ids : Tensor of shape (l,), int64
        One encoded document, without padding.
    replacement : int
        The word put in; the unknown word by default.

    Returns
    -------
    SwapEffects
        One row a word.

    Raises
    ------
    ValueError
        If the document holds padding, or the replacement is padding or no word of the model.
    TypeError, ValueError
        If the ids do not suit the model (``TextCNN.lay_out``).

    Examples
    --------
    Without "great" this document is more negative, by somewhat more than B says:

    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("mr")
    >>> (ids,) = classifier.encode(["a dull film with a great cast"])
    >>> effects = swap_effects(classifier.model, torch.tensor(ids))
    >>> torch.allclose(sum(effects.parts.values()), effects.exact, atol=1e-5)
    True
    >>> great, negative = 5, 0
    >>> print(f"{effects.predicted[great, negative]:.2f} {effects.exact[great, negative]:.2f}")
    0.39 0.46
    """
    check_replacement(model, replacement)
    if (ids == PADDING).any():
        raise ValueError("expected one document without padding: cut it off")
    scores = decompose(model, ids[None])
    u_max, widths = scores.pooled, filter_widths(model)  # (1, k), (k,)
    swapped = ids.repeat(len(ids), 1).fill_diagonal_(replacement)
    _, new_max, _ = best_of_filters(model, swapped)  # (l, k)
    inside, own, new = _slot_scores(model, ids, scores.starts[0], replacement)  # (l, k)
    held = inside & (u_max > 0)
    window = u_max - own + new  # t
    biases = torch.cat([conv.bias for conv in model.convs]) / widths
    weight, k = model.output.weight, model.config.num_filters

    def logits_of(features: Tensor, where: Tensor) -> Tensor:
        return torch.where(where, features, 0.0) @ weight.T

    added = u_max.abs() + new_max.abs() + own.abs() + new.abs() + biases.abs()
    output_shares = (inside.to(weight) / (k * widths)).sum(dim=1, keepdim=True)
    return SwapEffects(
        exact=model.output(new_max.relu()) - scores.logits,
        predicted=-scores.word_scores[0, : len(ids)],
        biases=logits_of(biases.expand_as(new), held) + output_shares * model.output.bias,
        replacement=logits_of(new, held),
        silence=logits_of(window.relu() - window, held),
        runners_up=logits_of(new_max.relu() - window.relu(), held),
        newcomers=logits_of(new_max.relu() - u_max.relu(), ~held),
        added=added @ weight.abs().T + scores.added,
    )


def _slot_scores(
    model: TextCNN, ids: Tensor, starts: Tensor, replacement: int
) -> tuple[Bool[Tensor, "l k"], Float[Tensor, "l k"], Float[Tensor, "l k"]]:
    """Say which best windows hold each word, and what it and the replacement score there."""
    words = torch.cat([ids, ids.new_tensor([replacement])])
    tables = score_words(model, model.embedding(words))
    positions = torch.arange(len(ids), device=ids.device)[:, None]
    # A window of width 3 that starts at word 2: only slots 0..2 are in it.
    #   word   0   1   2   3   4   5
    #   slot  -2  -1   0   1   2   3
    found = []
    for table, conv, start in zip(
        tables, model.convs, starts.split(model.config.filters_per_width), strict=True
    ):
        width = conv.kernel_size[0]
        slot = positions - start  # (l, f)
        table = table.unflatten(1, (width, -1))  # (l + 1, n, f)
        at = slot.clamp(0, width - 1)
        own = table[:-1].gather(1, at[:, None])[:, 0]
        found.append(((slot >= 0) & (slot < width), own, table[-1].gather(0, at)))
    inside, own, new = (torch.cat(columns, dim=1) for columns in zip(*found, strict=True))
    return inside, own, new


@dataclass(frozen=True, eq=False)
class EffectStudy:
    """B's entries beside what the label's logit loses, for W known words of N documents.

    Attributes
    ----------
    documents : Tensor of shape (W,), int64
        The number of the document that a word stands in, in rising order.
    lengths : Tensor of shape (W,), int64
        How many words the word's document has.
    predicted : Tensor of shape (W,)
        The word's entry in B's column of the label, in logits.
    exact : Tensor of shape (W,)
        By how much the label's logit falls when the word alone is replaced.

    Raises
    ------
    ValueError
        If there are fewer than two words, or not as many numbers of each kind.

    Examples
    --------
    >>> documents, lengths = torch.tensor([0, 0, 1]), torch.tensor([2, 2, 4])
    >>> b, falls = torch.tensor([1.0, -2.0, 4.0]), torch.tensor([0.5, -1.0, 2.0])
    >>> study = EffectStudy(documents, lengths, predicted=b, exact=falls)
    >>> round(study.pearson, 2), study.slope, study.wrong_sign()
    (1.0, 0.5, 0.0)
    >>> study.top_agrees
    array([ True,  True])
    >>> study.chosen(lengths < 3).predicted
    tensor([ 1., -2.])
    """

    documents: Int64[Tensor, " W"]
    lengths: Int64[Tensor, " W"]
    predicted: Float[Tensor, " W"]
    exact: Float[Tensor, " W"]

    def __post_init__(self) -> None:
        sizes = {len(self.documents), len(self.lengths), len(self.predicted), len(self.exact)}
        if len(sizes) > 1 or min(sizes) < 2:
            raise ValueError(f"expected two words or more, each with its numbers, got {sizes}")

    def __len__(self) -> int:
        return len(self.predicted)

    @property
    def pearson(self) -> float:
        """Pearson's correlation of the two numbers over all words."""
        return float(np.corrcoef(self.predicted, self.exact)[0, 1])

    @property
    def spearman(self) -> float:
        """Spearman's rank correlation of the two numbers over all words."""
        return float(stats.spearmanr(self.predicted, self.exact).statistic)

    @property
    def slope(self) -> float:
        """The fall for each logit in B: the slope of the line through zero, by least squares."""
        return float((self.predicted @ self.exact) / (self.predicted @ self.predicted))

    def wrong_sign(self, above: float = 0.0) -> float:
        """Among words with an entry in B above this in size, the share with the opposite effect."""
        large = self.predicted.abs() > above
        wrong = self.predicted[large] * self.exact[large] < 0
        return float(wrong.double().mean()) if len(wrong) else 0.0

    @cached_property
    def top_agrees(self) -> Bool[np.ndarray, " N"]:
        """For each document, whether B's first word is one whose going costs the label most."""
        _, counts = self.documents.unique_consecutive(return_counts=True)
        pairs = zip(
            self.predicted.split(counts.tolist()), self.exact.split(counts.tolist()), strict=True
        )
        return np.array([bool(fall[b.argmax()] == fall.max()) for b, fall in pairs])

    def chosen(self, mask: Bool[Tensor, " W"]) -> EffectStudy:
        """Return the study of some of the words."""
        return EffectStudy(
            self.documents[mask], self.lengths[mask], self.predicted[mask], self.exact[mask]
        )


@own_precision
@torch.no_grad()
def effect_study(
    model: TextCNN,
    documents: Sequence[Sequence[int]],
    labels: Labels,
    replacement: int = UNKNOWN,
    *,
    batch_size: int = 64,
) -> EffectStudy:
    """Compare, for every known word of many documents, B's entry with what its going does.

    Parameters
    ----------
    model : TextCNN
        Dropout plays no part.
    documents : sequence of sequences of int
        Encoded documents, none of them empty.
    labels : sequence of int
        The class of each whose logit is looked at.
    replacement : int
        The word put in; the unknown word by default.
    batch_size : int
        How many documents are read at once.

    Returns
    -------
    EffectStudy
        The known words, document by document.

    Raises
    ------
    ValueError
        If documents and labels do not fit together, there are fewer than two known words, or for
        the reasons that ``swap_logits`` names.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("mr")
    >>> reviews = ["a dull film with a great cast", "a smart and funny movie"]
    >>> study = effect_study(classifier.model, classifier.encode(reviews), [0, 1])
    >>> study.lengths
    tensor([7, 7, 7, 7, 7, 7, 7, 5, 5, 5, 5, 5])
    >>> study.top_agrees  # B's first word is the one that costs the label most, in both
    array([ True,  True])
    """
    documents, labels = list(documents), as_labels(labels)
    check_labels(labels, model.config.num_classes)
    check_pairs(documents, labels)
    order = sorted(range(len(documents)), key=lambda i: len(documents[i]))
    found = []
    for start in range(0, len(order), batch_size):
        numbers = order[start : start + batch_size]
        ((ids, of),) = batches(
            [documents[i] for i in numbers],
            [int(labels[i]) for i in numbers],
            batch_size=batch_size,
        )
        scores = decompose(model, ids)
        column = of[:, None, None].expand(-1, ids.shape[1], 1)
        predicted = scores.word_scores[:, : ids.shape[1]].gather(2, column)[:, :, 0]
        after = swap_logits(model, ids, replacement).gather(2, column)[:, :, 0]
        before = scores.logits.gather(1, of[:, None])
        known = ids > UNKNOWN
        rows = torch.tensor(numbers)[:, None].expand_as(ids)
        lengths = document_lengths(ids)[:, None].expand_as(ids)
        found.append((rows[known], lengths[known], predicted[known], (before - after)[known]))
    columns = [torch.cat(column) for column in zip(*found, strict=True)]
    first = columns[0].argsort(stable=True)
    return EffectStudy(*(column[first] for column in columns))
