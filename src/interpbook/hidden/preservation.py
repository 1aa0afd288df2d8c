"""Whether interpretations hold: their words are read back, and the class is asked again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

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
from interpbook.hidden.saliency import strongest_locations
from interpbook.models import DeepTextCNN, as_deep_text_cnn, document_lengths, predict
from interpbook.text import UNKNOWN, pad

Method = Literal[
    "inversion",
    "without l2",
    "without similarity",
    "without either",
    "closed form",
    "random locations",
    "weakest locations",
    "own words",
    "random words",
]
METHODS: tuple[Method, ...] = get_args(Method)

# Which terms a way of inverting switches off.
_WITHOUT: dict[Method, dict[str, float]] = {
    "without l2": {"l2": 0.0},
    "without similarity": {"similarity": 0.0},
    "without either": {"l2": 0.0, "similarity": 0.0},
}


@dataclass(frozen=True, eq=False)
class PreservationStudy:
    """How often a model still says the class when it reads an interpretation's words.

    Attributes
    ----------
    method : str
        Where the words came from, as in ``interpretation_words``.
    locations, words : tuple of int
        The numbers k of locations and m of words for each that were tried.
    targets : Tensor of shape (N,), int64
        The classes that the model said of the documents.
    kept : Tensor of shape (N, len(locations), len(words)), bool
        Whether it says the same of the k m words.
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
        In all.
    confidence : float
        How often such an interval holds the true difference: 0.95 by default.

    Raises
    ------
    ValueError
        If there are fewer documents than differences, or none.

    Examples
    --------
    >>> [round(number, 3) for number in paired_lead(30, 10, 100)]
    [0.2, 0.082, 0.318]
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

    Raises
    ------
    ValueError
        If a k or an m is not positive, k m words are longer than a document can be, or as
        ``interpretation_words``.

    References
    ----------
    Yuan et al. (2019), section "Evaluation of Interpretability".
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
        How many of each, at most.
    settings : mapping
        ``l2``, ``similarity``, ``steps`` and ``learning_rate``, as in ``invert``.
    seed : int
        Decides the climbs' starts and whatever is drawn.

    Returns
    -------
    list of lists of lists of int
        For each document, for each location, word ids.

    Raises
    ------
    ValueError
        If the method is unknown, a document has no live location in the layer, or as ``invert``.
    """
    if method not in METHODS:
        raise ValueError(f"a method is one of {', '.join(METHODS)}, got {method!r}")
    ordinary = np.arange(UNKNOWN + 1, deep.config.vocab_size)
    if words < 1 or (words > len(ordinary) and method != "own words"):
        raise ValueError(f"words are 1..{len(ordinary)}, those of the vocabulary, got {words}")
    rng = np.random.default_rng(seed)
    ids = pad(documents)
    chosen = _chosen_locations(deep, ids, targets, method, layer, locations, rng)
    flat = [(n, i) for n, places in enumerate(chosen) for i in places]
    if method == "random words":
        found = [rng.choice(ordinary, words, replace=False).tolist() for _ in flat]
    elif method == "own words":
        found = [_words_around(deep, documents[n], layer, i)[:words] for n, i in flat]
    else:
        settings = {**settings, **_WITHOUT.get(method, {})}
        if method == "closed form":
            l2 = settings.get("l2", Objective().l2)
            overall = closed_form(Fields.of(deep, ids, layer, chosen), l2).overall
            for (n, i), vector in zip(flat, overall, strict=True):
                if not vector.any():
                    raise ValueError(
                        f"the closed form of location {i} of document {n} is zero, since with "
                        f"l2 = {l2:g} no channel is worth its cost: take a smaller l2"
                    )
        else:
            fields = Fields.of(deep, ids, layer, chosen)
            overall = invert_fields(fields, *_objects(settings, seed)).overall
        found = nearest_ids(deep, overall, words)[0].tolist()
    read = iter(found)
    return [[next(read) for _ in places] for places in chosen]


def _objects(settings: Mapping[str, float | int], seed: int) -> tuple[Objective, Climb]:
    """Return what the settings of an inversion describe: what is climbed, and how."""
    terms = {field.name for field in dataclasses.fields(Objective)}
    weights = {name: value for name, value in settings.items() if name in terms}
    rest = {name: value for name, value in settings.items() if name not in terms}
    return Objective(**weights), Climb(**rest, seed=seed)


def _chosen_locations(
    deep: DeepTextCNN,
    ids: Int64[Tensor, "N l"],
    targets: Int64[Tensor, " N"],
    method: Method,
    layer: int,
    count: int,
    rng: np.random.Generator,
) -> list[list[int]]:
    """Pick each document's locations, dead ones never."""
    ranked = strongest_locations(deep, ids, layer, targets, count=deep.config.max_length)
    if method == "own words":  # under "paper" a location may see nothing but padding
        ends = document_lengths(ids).tolist()
        reach = layer * (deep.config.kernel_size // 2)
        ranked = [
            [i for i in places if i - reach < end] for places, end in zip(ranked, ends, strict=True)
        ]
    for number, places in enumerate(ranked):
        if not places:
            raise ValueError(
                f"document {number} has no live location in layer {layer}: leave it out"
            )
    if method == "weakest locations":
        ranked = [places[::-1] for places in ranked]
    elif method == "random locations":
        ranked = [rng.permutation(places).tolist() for places in ranked]
    return [places[:count] for places in ranked]


def _words_around(
    deep: DeepTextCNN, document: Sequence[int], layer: int, location: int
) -> list[int]:
    """List the words that a location sees, those nearest to it first."""
    field = deep.receptive_field(layer, location, deep.config.max_length)
    words = [i for i in field if i < len(document)]
    return [document[i] for i in sorted(words, key=lambda i: abs(i - location))]
