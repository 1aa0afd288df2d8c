"""Whether interpretations hold: their words are read back, and the class is asked again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Annotated, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int64
from scipy.stats import binomtest, norm
from torch import Tensor

from interpbook.hidden.closed_forms import closed_form
from interpbook.hidden.fields import Fields
from interpbook.hidden.inversion import Climb, invert_fields
from interpbook.hidden.neighbours import nearest_ids
from interpbook.hidden.objectives import Objective
from interpbook.hidden.saliency import check_weights, strongest_locations
from interpbook.models import DeepTextCNN, as_deep_text_cnn, document_lengths, predict
from interpbook.text import UNKNOWN, pad

Method = Annotated[str, "a name of METHODS"]
"""A way of interpreting a location: a name of ``METHODS``."""


@dataclass(frozen=True, eq=False)
class PreservationStudy:
    """How often a model still says the class when it reads an interpretation's words.

    Attributes
    ----------
    method : str
        Where the words came from; ``interpretation_words`` describes each method.
    locations, words : tuple of int
        The numbers k of locations and m of words for each that were tried.
    targets : Tensor of shape (N,), int64
        The classes that the model said of the documents.
    kept : Tensor of shape (N, len(locations), len(words)), bool
        Whether the model says the same class of the k m words, for K numbers k and M numbers m.

    Examples
    --------
    >>> kept = torch.tensor([True, True, False, True])[:, None, None]
    >>> targets = torch.tensor([0, 1, 1, 0])
    >>> study = PreservationStudy("inversion", (3,), (5,), targets, kept)
    >>> study.rate(3, 5)
    0.75
    >>> low, high = study.interval(3, 5)
    >>> round(low, 3), round(high, 3)
    (0.301, 0.954)
    """

    method: Method
    locations: tuple[int, ...]
    words: tuple[int, ...]
    targets: Int64[Tensor, " N"]
    kept: Bool[Tensor, "N K M"]

    def rate(self, k: int, m: int) -> float:
        """Return the share of documents whose class is kept."""
        return float(self._of(k, m).double().mean())

    def interval(self, k: int, m: int, *, confidence: float = 0.95) -> tuple[float, float]:
        """Return Wilson's confidence interval of the share."""
        kept = self._of(k, m)
        test = binomtest(int(kept.sum()), len(kept))
        found = test.proportion_ci(confidence, method="wilson")
        return float(found.low), float(found.high)

    def lead(
        self, other: PreservationStudy, k: int, m: int, *, confidence: float = 0.95
    ) -> tuple[float, float, float]:
        """Return by how much this share is above another's, with an interval, document by document.

        Raises
        ------
        ValueError
            If the two are not of the same documents.
        """
        if not torch.equal(self.targets, other.targets):
            raise ValueError("a lead is between two methods on the same documents and model")
        first, second = self._of(k, m), other._of(k, m)
        won, lost = int((first & ~second).sum()), int((second & ~first).sum())
        return paired_lead(won, lost, len(first), confidence=confidence)

    def _of(self, k: int, m: int) -> Bool[Tensor, " N"]:
        if k not in self.locations or m not in self.words:
            raise ValueError(
                f"k is one of {self.locations} and m one of {self.words} here, got {k} and {m}"
            )
        return self.kept[:, self.locations.index(k), self.words.index(m)]


def paired_lead(
    won: float | int, lost: float | int, documents: int, *, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return the difference of two shares of the same documents, and its confidence interval.

    Parameters
    ----------
    won, lost : number
        Documents that only the first keeps, and that only the second keeps; or means over runs.
    documents : int
        How many documents there are, those that both or neither keep too.
    confidence : float
        How often such an interval holds the true difference: 0.95 by default.

    Returns
    -------
    lead, low, high : float
        The difference of the shares and the ends of its interval, from the normal approximation.

    Raises
    ------
    ValueError
        If there are fewer documents than differences, or none.

    Examples
    --------
    >>> [round(number, 3) for number in paired_lead(30, 10, 100)]
    [0.2, 0.082, 0.318]

    Examples
    --------
    >>> lead, low, high = paired_lead(30, 10, 100)
    >>> round(lead, 3), round(low, 3), round(high, 3)
    (0.2, 0.082, 0.318)
    """
    # Rounded, since two means add up to a whole number only but for a float's last digit.
    if min(won, lost) < 0 or documents < max(round(won + lost, 9), 1):
        raise ValueError(
            f"won and lost count some of the documents, got {won} and {lost} of {documents}"
        )
    lead = (won - lost) / documents
    spread = np.sqrt(max((won + lost) / documents - lead**2, 0.0) / documents)
    reach = float(norm.ppf(0.5 + confidence / 2) * spread)
    return lead, lead - reach, lead + reach


def preservation_study(
    deep: DeepTextCNN,
    documents: Sequence[Sequence[int]],
    method: Method = "inversion",
    *,
    layer: int = 1,
    locations: Sequence[int] = (1, 2, 3, 5),
    words: Sequence[int] = (1, 3, 5, 10),
    settings: Mapping[str, float | int] = MappingProxyType({}),
    seed: int = 0,
) -> PreservationStudy:
    """Read the words of the k strongest locations back as a document, and see what class it has.

    For every document the model's class c is taken, its k locations of highest saliency for c, and
    for each the m words that its interpretation is. These k m words, the strongest location's
    first, the nearest word first, are a new document; its class is c, or it is not. A document with
    fewer live locations than k uses those it has.

    This is our reading: the published text of the paper breaks off where it describes the
    evaluation.

    Parameters
    ----------
    deep : DeepTextCNN
        Left in evaluation mode.
    documents : sequence of sequences of int
        Encoded documents.
    method, layer, settings, seed
        Each is described under ``interpretation_words``.
    locations, words : sequence of int
        The numbers k and m to try; their largest product fits into ``max_length``.

    Returns
    -------
    PreservationStudy
        For each document, k and m, whether the class is kept.

    Raises
    ------
    ValueError
        If a k or an m is not positive, k m words are longer than a document can be, or for the
        reasons that ``interpretation_words`` names.

    References
    ----------
    Yuan et al. (2019), section "Evaluation of Interpretability".

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("mr_deep")
    >>> documents = classifier.encode(["a tedious and charming film", "a moving story"])
    >>> study = preservation_study(
    ...     classifier.model, documents, "closed form", locations=(1, 2), words=(3,)
    ... )
    >>> study.kept.shape, study.rate(2, 3)
    (torch.Size([2, 2, 1]), 1.0)
    """
    locations, words = tuple(locations), tuple(words)
    for name, numbers in (("locations", locations), ("words", words)):
        if min(numbers, default=0) < 1:
            raise ValueError(f"{name} are one or more positive numbers, got {numbers}")
    longest = max(locations) * max(words)
    if longest > as_deep_text_cnn(deep).config.max_length:
        raise ValueError(
            f"{max(locations)} locations with {max(words)} words each make {longest} words, but "
            f"max_length is {deep.config.max_length}: ask for fewer"
        )
    documents = list(documents)
    check_weights(deep)
    targets = predict(deep, documents).argmax(dim=1)
    found = interpretation_words(
        deep,
        documents,
        targets,
        method,
        layer=layer,
        locations=max(locations),
        words=max(words),
        settings=settings,
        seed=seed,
    )
    kept = torch.empty(len(documents), len(locations), len(words), dtype=torch.bool)
    for row, k in enumerate(locations):
        for column, m in enumerate(words):
            read = [[word for place in places[:k] for word in place[:m]] for places in found]
            kept[:, row, column] = predict(deep, read).argmax(dim=1) == targets
    return PreservationStudy(method, locations, words, targets, kept)


def interpretation_words(
    deep: DeepTextCNN,
    documents: Sequence[Sequence[int]],
    targets: Int64[Tensor, " N"],
    method: Method = "inversion",
    *,
    layer: int = 1,
    locations: int = 3,
    words: int = 10,
    settings: Mapping[str, float | int] = MappingProxyType({}),
    seed: int = 0,
) -> list[list[list[int]]]:
    """Return the words that interpret each document's strongest locations, in one of several ways.

    Parameters
    ----------
    deep : DeepTextCNN
        Left in evaluation mode.
    documents : sequence of sequences of int
        Encoded documents.
    targets : Tensor of shape (N,), int64
        The class whose saliency picks the locations.
    method : str
        ``"inversion"``, the paper's; the same ``"without l2"``, ``"without similarity"`` or
        ``"without either"``; ``"closed form"``, the optimum without similarity; the inversion of
        ``"random locations"`` or of the ``"weakest locations"``, those of lowest saliency;
        ``"own words"``, the words that the strongest locations see, nearest to the middle first;
        ``"random words"``, drawn from the vocabulary.
    layer : int
        1 for the first convolution.
    locations, words : int
        How many locations of each document, and how many words of each location, at most.
    settings : mapping
        ``l2``, ``similarity``, ``steps``, ``learning_rate`` and ``restarts``, each described under
        ``invert``; what is left out has its default there.
    seed : int
        Decides the climbs' starts and whatever is drawn.

    Returns
    -------
    list of lists of lists of int
        For each document, for each location, word ids.

    Raises
    ------
    ValueError
        If the method is unknown, a document has no live location in the layer, or for the reasons
        that ``invert`` names.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("mr_deep")
    >>> documents = classifier.encode(["a tedious and charming film"])
    >>> ((first, second),) = interpretation_words(
    ...     classifier.model, documents, torch.tensor([0]), "own words", locations=2, words=3
    ... )
    >>> classifier.vocabulary.decode(first), classifier.vocabulary.decode(second)
    (['tedious', 'a', 'and'], ['a', 'tedious', 'and'])
    """
    if method not in _METHODS:
        raise ValueError(f"a method is one of {', '.join(_METHODS)}, got {method!r}")
    row = _METHODS[method]
    ordinary = _ordinary(deep)
    if words < 1 or (words > len(ordinary) and row.of_vocabulary):
        raise ValueError(f"words are 1..{len(ordinary)}, those of the vocabulary, got {words}")
    documents = list(documents)
    ids, rng = pad(documents), np.random.default_rng(seed)
    asked = _Asked(deep, documents, ids, layer, words, settings, seed, rng)
    # Dead locations are never among these.
    ranked = strongest_locations(deep, ids, layer, targets, count=deep.config.max_length)
    ranked = row.order(asked, ranked)
    for number, places in enumerate(ranked):
        if not places:
            raise ValueError(
                f"document {number} has no live location in layer {layer}: leave it out"
            )
    chosen = [places[:locations] for places in ranked]
    read = iter(row.read(asked, chosen))
    return [[next(read) for _ in places] for places in chosen]


# ---------------------------------------------------------------------------------------- methods


@dataclass(frozen=True, eq=False)
class _Asked:
    """What ``interpretation_words`` was asked, for the functions of the table of methods."""

    deep: DeepTextCNN
    documents: Sequence[Sequence[int]]
    ids: Int64[Tensor, "N l"]
    layer: int
    words: int
    settings: Mapping[str, float | int]
    seed: int
    rng: np.random.Generator


Places = list[list[int]]
"""For each document, locations."""


def _strongest_first(asked: _Asked, ranked: Places) -> Places:
    return ranked


def _weakest_first(asked: _Asked, ranked: Places) -> Places:
    return [places[::-1] for places in ranked]


def _in_random_order(asked: _Asked, ranked: Places) -> Places:
    return [asked.rng.permutation(places).tolist() for places in ranked]


def _that_see_a_word(asked: _Asked, ranked: Places) -> Places:
    """Leave out the locations that, under "paper", see nothing but padding."""
    reach = asked.layer * (asked.deep.config.kernel_size // 2)
    ends = document_lengths(asked.ids).tolist()
    return [[i for i in row if i - reach < end] for row, end in zip(ranked, ends, strict=True)]


def _by_inversion(asked: _Asked, chosen: Places, **weights: float) -> list[list[int]]:
    """Invert the locations, with the weights given here in place of those of the settings."""
    settings = {**asked.settings, **weights}
    terms = {field.name for field in dataclasses.fields(Objective)}
    objective = Objective(**{name: settings.pop(name) for name in terms & settings.keys()})
    fields = Fields.of(asked.deep, asked.ids, asked.layer, chosen)
    overall = invert_fields(fields, objective, Climb(**settings, seed=asked.seed)).overall
    return nearest_ids(asked.deep, overall, asked.words)[0].tolist()


def _by_closed_form(asked: _Asked, chosen: Places) -> list[list[int]]:
    l2 = asked.settings.get("l2", Objective().l2)
    overall = closed_form(Fields.of(asked.deep, asked.ids, asked.layer, chosen), l2).overall
    for (n, i), vector in zip(_flat(chosen), overall, strict=True):
        if not vector.any():
            raise ValueError(
                f"the closed form of location {i} of document {n} is zero, since with "
                f"l2 = {l2:g} no channel is worth its cost: take a smaller l2"
            )
    return nearest_ids(asked.deep, overall, asked.words)[0].tolist()


def _own(asked: _Asked, chosen: Places) -> list[list[int]]:
    """List the words that the locations see, those nearest to the middle first."""
    found = []
    for n, i in _flat(chosen):
        document = asked.documents[n]
        field = asked.deep.receptive_field(asked.layer, i, asked.deep.config.max_length)
        seen = sorted((j for j in field if j < len(document)), key=lambda j: abs(j - i))
        found.append([document[j] for j in seen[: asked.words]])
    return found


def _drawn(asked: _Asked, chosen: Places) -> list[list[int]]:
    ordinary = _ordinary(asked.deep)
    return [asked.rng.choice(ordinary, asked.words, replace=False).tolist() for _ in _flat(chosen)]


def _flat(chosen: Places) -> list[tuple[int, int]]:
    """List the locations of all documents one after another, each with its document."""
    return [(n, i) for n, places in enumerate(chosen) for i in places]


def _ordinary(deep: DeepTextCNN) -> Int64[np.ndarray, " words"]:
    """List the words of the vocabulary, without padding and the unknown word."""
    return np.arange(UNKNOWN + 1, deep.config.vocab_size)


class _Row(NamedTuple):
    """One method: which locations come first, and the words of those that are chosen.

    ``order`` takes each document's live locations, the strongest first; ``read`` takes those that
    are chosen and lists word ids for each, all documents' one after another. ``of_vocabulary``
    says whether ``read`` finds any number of words, up to the size of the vocabulary.
    """

    order: Callable[[_Asked, Places], Places]
    read: Callable[[_Asked, Places], list[list[int]]]
    of_vocabulary: bool = True


_METHODS: dict[Method, _Row] = {
    "inversion": _Row(_strongest_first, _by_inversion),
    "without l2": _Row(_strongest_first, partial(_by_inversion, l2=0.0)),
    "without similarity": _Row(_strongest_first, partial(_by_inversion, similarity=0.0)),
    "without either": _Row(_strongest_first, partial(_by_inversion, l2=0.0, similarity=0.0)),
    "closed form": _Row(_strongest_first, _by_closed_form),
    "random locations": _Row(_in_random_order, _by_inversion),
    "weakest locations": _Row(_weakest_first, _by_inversion),
    "own words": _Row(_that_see_a_word, _own, of_vocabulary=False),
    "random words": _Row(_strongest_first, _drawn),
}
METHODS: tuple[Method, ...] = tuple(_METHODS)
"""The ways of interpreting a location, in the order of studies and tables."""
