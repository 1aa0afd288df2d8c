"""A filter's profile: what it wants in each slot, read off its slot scores."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from interpbook._checks import number_from
from interpbook._html import coloured_text, number_in, page, paragraph, table
from interpbook.classifier import Classifier
from interpbook.filters.ngrams import ScoredNgram, check_top
from interpbook.models import TextCNN, as_text_cnn
from interpbook.models.autocast import own_precision
from interpbook.text import PADDING_WORD, UNKNOWN, UNKNOWN_WORD, isolated, shortened

_SHOWN_CHARACTERS = 40  # of one word or class name in a rendering


@dataclass(frozen=True, eq=False)
class FilterProfile:
    """One filter: what it wants in each slot, the n-gram it would like best, and how it votes.

    In Jupyter it shows itself: votes, ideal and found n-grams word by word, and each slot's wishes.

    Attributes
    ----------
    number : int
        The filter p, counted from 0 in the order of the rows of A.
    class_names : tuple of str
        The c classes.
    votes : Tensor of shape (c,)
        w_(q,p): what one unit of v_p adds to each class's logit.
    slots : tuple of n tuples of (word, score)
        For each slot the words of the vocabulary that it scores highest, best first.
    spread : Tensor of shape (n,)
        How much each slot decides: the standard deviation of its w_j . x over the vocabulary, in
        which each word counts once, in units of u.
    ideal : ScoredNgram
        The n-gram of every slot's best word: no n-gram of known words scores higher.
    found : tuple of ScoredNgram
        The filter's best distinct n-grams in a corpus, best first; empty if none was read.

    Raises
    ------
    ValueError
        If the parts are not those of one filter.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> filter_profile(load_classifier("reviews"), 10)
    FilterProfile(filter 10 of width 3 for negative: ideal 'joy but dreadful' +1.80)
    """

    number: int
    class_names: tuple[str, ...]
    votes: Float[Tensor, " c"]
    slots: tuple[tuple[tuple[str, float], ...], ...]
    spread: Float[Tensor, " n"]
    ideal: ScoredNgram
    found: tuple[ScoredNgram, ...]

    def __post_init__(self) -> None:
        lengths = {len(ngram.words) for ngram in (self.ideal, *self.found)}
        if lengths != {self.width} or len(self.spread) != self.width:
            raise ValueError(
                f"a filter with {self.width} slots has a spread for each and n-grams of as many "
                f"words, got {len(self.spread)} and n-grams of {sorted(lengths)}"
            )
        if len(self.votes) != len(self.class_names):
            raise ValueError(f"{len(self.class_names)} classes have {len(self.votes)} votes")

    @property
    def width(self) -> int:
        """How many words the filter reads, n."""
        return len(self.slots)

    @property
    def favours(self) -> str:
        """The class that the filter's vote raises most against the mean of the others."""
        return self.class_names[int(self.votes.argmax())]

    def __repr__(self) -> str:
        return (
            f"FilterProfile(filter {self.number} of width {self.width} for {self.favours}: "
            f"ideal {str(self.ideal)!r} {self.ideal.score:+.2f})"
        )

    def _repr_html_(self) -> str:
        bias = f"{self.ideal.bias:+.2f}"
        names = [shortened(name, _SHOWN_CHARACTERS) for name in self.class_names]
        slots = [f"slot {j}" for j in range(1, self.width + 1)]
        wishes = [
            [
                str(rank),
                *(
                    f"{isolated(shortened(word, _SHOWN_CHARACTERS))} {score:+.2f}"
                    for word, score in row
                ),
            ]
            for rank, row in enumerate(zip(*self.slots, strict=True), start=1)
        ]
        wishes.append(["spread", *(f"{float(spread):.2f}" for spread in self.spread)])
        parts = [
            paragraph(f"Filter {self.number}, width {self.width}, bias {bias}."),
            table(
                ["class", *names],
                [["vote", *(f"{float(vote):+.2f}" for vote in self.votes)]],
                caption="What one unit of v adds to each logit.",
            ),
            paragraph("The best of all n-grams of known words:", note=True),
            _coloured(self.ideal),
        ]
        if self.found:
            parts.append(paragraph("The best in the corpus:", note=True))
            parts += [_coloured(ngram) for ngram in self.found]
        parts.append(
            paragraph(
                "Numbers above words are slot scores. Blue, solid line: raises u; orange, dotted: "
                "lowers it. A dot is padding, words in italics are unknown to the model.",
                note=True,
            )
        )
        parts.append(
            table(
                ["rank", *slots],
                wishes,
                caption="The words that each slot likes best, and how far its scores of all words "
                "spread.",
            )
        )
        return page(*parts)


def _coloured(ngram: ScoredNgram) -> str:
    """Write an n-gram as HTML, each word with its slot score, and then the filter's u."""
    shown = [
        "·" if word == PADDING_WORD else shortened(word, _SHOWN_CHARACTERS) for word in ngram.words
    ]
    words = " ".join(shown)
    score = f"u\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{ngram.score:+.2f}"
    ends = list(itertools.accumulate(len(word) + 1 for word in shown))
    return coloured_text(
        f"{words}  {number_in(words, score)}",
        [(end - 1 - len(word), end - 1) for word, end in zip(shown, ends, strict=True)],
        ngram.slots,
        titles=[
            f"slot {j}: {isolated(word)} {score:+.2f}"
            for j, (word, score) in enumerate(zip(shown, ngram.slots, strict=True), start=1)
        ],
        unknown=[word == UNKNOWN_WORD for word in ngram.words],
        label_above=0.0,
    )


@own_precision
@torch.no_grad()
def filter_profile(
    classifier: Classifier,
    number: int,
    *,
    found: Sequence[Sequence[Sequence[int]]] | None = None,
    top: int = 8,
) -> FilterProfile:
    """Read one filter's wishes off its slot scores.

    Slot scores make this a look-up: u of an n-gram is the sum of its words' slot scores and the
    bias, so the best word of each slot, taken together, is the best of all n-grams of known words.

    Parameters
    ----------
    classifier : Classifier
        The model with the filter, and its vocabulary.
    number : int
        The filter p, 0..k-1.
    found : optional
        What ``best_ngrams`` returned for a corpus: the best real n-grams of every filter.
    top : int
        How many words to list for each slot; fewer if the vocabulary is smaller.

    Returns
    -------
    FilterProfile
        What the filter wants, and how it votes.

    Raises
    ------
    ValueError
        If there is no such filter, the vocabulary holds no known word, ``top`` is not positive, or
        ``found`` belongs to another model.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> profile = filter_profile(load_classifier("mr"), 103)
    >>> profile.favours, str(profile.ideal)
    ('positive', 'moves lively appealing detailed finest')
    >>> [word for word, score in profile.slots[1][:3]]  # what the second slot likes best
    ['lively', 'mesmerizing', 'expressive']
    """
    model, words = as_text_cnn(classifier.model), classifier.vocabulary.words
    number = _filter_number(model, number)
    check_top(top)
    scores = slot_profile(model, number)  # (n, V)
    if found is not None and (
        len(found) != model.config.num_filters
        or any(len(ids) != len(scores) for ids in found[number])
    ):
        raise ValueError(
            f"found holds n-grams of another model, this one has {model.config.num_filters} filters"
            f" and number {number} reads {len(scores)} words: take what best_ngrams returned for it"
        )
    bias = float(torch.cat([conv.bias for conv in model.convs])[number])
    known = scores[:, UNKNOWN + 1 :]
    if not known.numel():
        raise ValueError("the vocabulary holds no known word, so no n-gram can be ideal")
    best = known.topk(min(top, known.shape[1]), dim=1)
    best_ids = (best.indices + UNKNOWN + 1).tolist()

    def scored(ids: Sequence[int]) -> ScoredNgram:
        slots = scores[torch.arange(len(ids)), list(ids)].tolist()
        return ScoredNgram(tuple(words[id_] for id_ in ids), tuple(slots), bias)

    return FilterProfile(
        number=number,
        class_names=classifier.class_names,
        votes=model.output.weight[:, number].detach().clone(),
        slots=tuple(
            tuple((words[id_], score) for id_, score in zip(ids, values, strict=True))
            for ids, values in zip(best_ids, best.values.tolist(), strict=True)
        ),
        spread=known.std(dim=1, correction=0),
        ideal=scored([ids[0] for ids in best_ids]),
        found=tuple(scored(ids) for ids in (found[number] if found is not None else ())),
    )


@own_precision
@torch.no_grad()
def slot_profile(model: TextCNN, number: int) -> Float[Tensor, "n V"]:
    """Return what every word of the vocabulary scores in each slot of one filter, in units of u.

    Entry (j, x) is w_j . x. An n-gram's u is the sum of its n entries and the filter's bias.

    Parameters
    ----------
    model : TextCNN
        Any TextCNN.
    number : int
        The filter p, 0..k-1.

    Returns
    -------
    Tensor of shape (n, V)
        The slot scores; the column of a word is its id.

    Raises
    ------
    TypeError
        If the model is no TextCNN.
    ValueError
        If there is no such filter.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("mr")
    >>> scores = slot_profile(classifier.model, 103)
    >>> tuple(scores.shape)
    (5, 9626)
    >>> classifier.vocabulary.words[scores[1].argmax()]
    'lively'
    """
    number = _filter_number(as_text_cnn(model), number)
    layer, place = divmod(number, model.config.filters_per_width)
    weight = model.convs[layer].weight[place]  # (m, n)
    return weight.T @ model.embedding.weight.T


def _filter_number(model: TextCNN, number: int) -> int:
    filters = model.config.num_filters
    sentence = f"filters are numbered 0..{filters - 1}, got {number!r}"
    return number_from(number, 0, sentence, below=filters)
