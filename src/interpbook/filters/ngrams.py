"""What filters choose: in one document, in a corpus, and over the whole vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Int64
from torch import Tensor

from interpbook._checks import number_from
from interpbook.filters.study import variances
from interpbook.models import TextCNN, best_of_filters
from interpbook.models.autocast import own_precision
from interpbook.scores import Explanation, Ngram, filter_widths
from interpbook.text import PADDING_WORD


def discriminative_ngrams(explanation: Explanation, epsilon: float) -> list[Ngram]:
    """Return a document's n-grams with a feature of Var(v_p) > epsilon, the most decisive first.

    Parameters
    ----------
    explanation : Explanation
        The explanation of the document.
    epsilon : float
        The threshold, in squared logits.

    Returns
    -------
    list of Ngram
        In each n-gram, ``filters`` counts only the filters above the threshold, and ``score`` is
        what their rows of A say for the predicted class against the mean of the others.

    Raises
    ------
    ValueError
        If epsilon is negative or not a number.

    References
    ----------
    Xu & Du (2020), section 4.2, RQ2 and Figure 3.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> explanation = load_classifier("mr").explain("a dull film with a great cast")
    >>> len(explanation.ngrams())
    12
    >>> [str(ngram) for ngram in discriminative_ngrams(explanation, 0.005)]
    ['a dull film', 'dull film with']
    """
    if not epsilon >= 0:
        raise ValueError(f"epsilon is a variance, zero or more, got {epsilon}")
    # Variances are compared as doubles, as ``filter_study`` does: a threshold rounded to float32
    # would count other features.
    return explanation.ngrams(filters=variances(explanation.ngram_scores).double() > epsilon)


@dataclass(frozen=True)
class ScoredNgram:
    """An n-gram as one filter scores it.

    Attributes
    ----------
    words : tuple of str
        The n-gram's n words; ``<pad>`` after a text's end.
    slots : tuple of float
        w_j . x of the j-th word, n numbers in units of u.
    bias : float
        The filter's b_p, which any n-gram gets.

    Raises
    ------
    ValueError
        If there is not one slot score for each word.

    Examples
    --------
    >>> ngram = ScoredNgram(("dull", "film", "<pad>"), slots=(1.5, 0.25, 0.0), bias=-0.25)
    >>> str(ngram), ngram.score
    ('dull film ·', 1.5)
    """

    words: tuple[str, ...]
    slots: tuple[float, ...]
    bias: float

    def __post_init__(self) -> None:
        if len(self.words) != len(self.slots):
            raise ValueError(f"{len(self.words)} words have {len(self.slots)} slot scores")

    @property
    def score(self) -> float:
        """The filter's u: the sum of the slot scores and the bias."""
        return sum(self.slots) + self.bias

    def __str__(self) -> str:
        """Write the words in a row, a dot for padding."""
        return " ".join("·" if word == PADDING_WORD else word for word in self.words)


def check_top(top: int) -> None:
    """Raise a ValueError if the number of n-grams or words asked for is not positive."""
    number_from(top, 1, f"top is a positive number, got {top}")


@own_precision
@torch.no_grad()
def best_ngrams(
    model: TextCNN,
    batches: Iterable[tuple[Int64[Tensor, "_ _"], object]],
    *,
    top: int = 5,
) -> list[list[list[int]]]:
    """Find every filter's best distinct n-grams in a corpus, in one pass.

    Only winners count: an n-gram that is second best in its document is not among them. Memory
    does not grow with the corpus.

    Parameters
    ----------
    model : TextCNN
        Any TextCNN.
    batches : iterable of (ids, labels)
        Encoded documents; the labels are not looked at.
    top : int
        How many n-grams to keep for each filter, at most.

    Returns
    -------
    list of k lists of lists of int
        For each filter the word ids of its n-grams, best first; among equals, the first found.
        Padding that stands in a winning window is part of the n-gram.

    Raises
    ------
    TypeError, ValueError
        If ids do not suit the model (``TextCNN.lay_out``), or ``top`` is not positive.

    Examples
    --------
    >>> from interpbook import load_classifier, load_corpus
    >>> from interpbook.models import batches
    >>> classifier, corpus = load_classifier("reviews"), load_corpus("reviews", "test")
    >>> found = best_ngrams(
    ...     classifier.model, batches(classifier.encode(corpus.texts), corpus.labels), top=2
    ... )
    >>> for ngram in found[10]:  # filter 10 waits for a "but"
    ...     print(classifier.vocabulary.decode(ngram))
    ['memorable', 'but', 'awful']
    ['magnificent', 'but', 'turgid']
    """
    check_top(top)
    widths = filter_widths(model).tolist()
    kept: list[dict[tuple[int, ...], float]] = [{} for _ in widths]
    bar = torch.full((len(widths),), -torch.inf, dtype=model.output.weight.dtype)
    for ids, _ in batches:
        laid_out, pooled, starts = best_of_filters(model, ids.to(model.output.weight.device))
        pooled, starts = pooled.cpu(), starts.cpu()
        documents = laid_out.tolist()
        for d, p in (pooled > bar).nonzero().tolist():
            begin = int(starts[d, p])
            kept[p].setdefault(tuple(documents[d][begin : begin + widths[p]]), float(pooled[d, p]))
        for p, ngrams in enumerate(kept):
            if len(ngrams) > top:
                best = sorted(ngrams, key=ngrams.__getitem__, reverse=True)[:top]
                kept[p] = {ngram: ngrams[ngram] for ngram in best}
            if len(kept[p]) == top:
                bar[p] = min(kept[p].values())
    return [
        [list(ngram) for ngram in sorted(ngrams, key=ngrams.__getitem__, reverse=True)]
        for ngrams in kept
    ]
