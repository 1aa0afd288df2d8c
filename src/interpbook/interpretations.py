"""An interpretation of one text: its strongest locations, each with the words that stand for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from interpbook.classifier import Classifier
from interpbook.explanations import spans_of
from interpbook.inversion import invert
from interpbook.models import DeepTextCNN
from interpbook.neighbours import nearest_words
from interpbook.saliency import location_saliency, strongest_locations
from interpbook.text import pad


@dataclass(frozen=True, eq=False)
class LocationReading:
    """What one location of a hidden layer attends to.

    Attributes
    ----------
    location : int
        Its place; the word in its middle.
    field : range
        The words it can see.
    saliency : float
        What it adds to the class's logit, to first order.
    words : tuple of (str, float)
        The words nearest to its overall vector, each with the cosine.
    overall : Tensor of shape (m,)
        The overall vector, equation (8).
    """

    location: int
    field: range
    saliency: float
    words: tuple[tuple[str, float], ...]
    overall: Float[Tensor, " m"] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Interpretation:
    """A text, a layer's saliency for a class, and readings of its strongest locations.

    Attributes
    ----------
    text : str
        As given.
    tokens : tuple of str
        The words that the model read.
    class_names : tuple of str
        The c classes.
    logits : Tensor of shape (c,)
        The model's.
    target : int
        The class that is asked about.
    layer : int
        1 for the first convolution.
    saliency : Tensor of shape (l,)
        Of every location, in logits.
    readings : tuple of LocationReading
        The strongest location's first.
    """

    text: str
    tokens: tuple[str, ...]
    class_names: tuple[str, ...]
    logits: Float[Tensor, " c"]
    target: int
    layer: int
    saliency: Float[Tensor, " l"]
    readings: tuple[LocationReading, ...]

    @property
    def words(self) -> list[str]:
        """The words of all readings, the strongest location's first: a text to be read back."""
        return [word for reading in self.readings for word, _ in reading.words]


def interpret(
    classifier: Classifier,
    text: str,
    *,
    layer: int = 1,
    target: int | None = None,
    locations: int | Sequence[int] = 3,
    words: int = 10,
    l2: float = 0.004,
    similarity: float = 0.02,
    steps: int = 2000,
    learning_rate: float = 2e-4,
    seed: int = 0,
) -> Interpretation:
    """Find the strongest locations of a text, invert them and name the nearest words.

    Parameters
    ----------
    classifier : Classifier
        With a DeepTextCNN.
    text : str
        One text; words behind ``max_length`` are not read.
    layer : int
        1 for the first convolution.
    target : int, optional
        The class; the predicted one by default.
    locations : int or sequence of int
        How many of the strongest, or which.
    words : int
        How many for each location.
    l2, similarity, steps, learning_rate, seed
        As in ``invert``.

    Raises
    ------
    TypeError, ValueError
        If the model is no DeepTextCNN, the text holds no word, no location is alive, or as
        ``invert``.

    References
    ----------
    Yuan et al. (2019), Figure 1.
    """
    deep = classifier.model
    if not isinstance(deep, DeepTextCNN):
        raise TypeError(
            "hidden locations are a DeepTextCNN's, got a TextCNN: load mr_deep or ag_news_deep"
        )
    ids = pad(classifier.encode([text]))
    with torch.no_grad():
        (logits,) = deep(ids)
    target = int(logits.argmax()) if target is None else target
    saliency = location_saliency(deep, ids, layer, target)[0, : ids.shape[1]]
    if isinstance(locations, int):
        (chosen,) = strongest_locations(deep, ids, layer, target, locations)
    else:
        chosen = list(locations)
    if not chosen:
        raise ValueError(
            f"no location of layer {layer} answers this text: choose another text or layer"
        )
    inversion = invert(
        deep,
        ids,
        layer,
        chosen,
        l2=l2,
        similarity=similarity,
        steps=steps,
        learning_rate=learning_rate,
        seed=seed,
    )
    found = nearest_words(deep, classifier.vocabulary, inversion.overall, words)
    tokens = [token.word for token in spans_of(text, lowercase=classifier.lowercase)]
    return Interpretation(
        text,
        tuple(tokens[: ids.shape[1]]),
        classifier.class_names,
        logits,
        target,
        layer,
        saliency,
        tuple(
            LocationReading(
                location,
                deep.receptive_field(layer, location, ids.shape[1]),
                float(saliency[location]),
                tuple(near),
                overall,
            )
            for location, near, overall in zip(chosen, found, inversion.overall, strict=True)
        ),
    )
