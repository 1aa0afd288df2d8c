"""What the live figures of hidden locations show: computed here, shown there, rounded for a page.

The deep classifiers are too large for a page, so their figures carry numbers and no weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from interpbook.classifier import Classifier
from interpbook.hidden import (
    Fields,
    Inversion,
    Method,
    Objective,
    channel_saliency,
    closed_form,
    interpretation_words,
    nearest_words,
)
from interpbook.models import as_deep_text_cnn, predict
from interpbook.models.autocast import own_precision
from interpbook.text import pad

_TERMS = ("response", "l2", "similarity")


def climb_moments(
    classifier: Classifier,
    inversion: Inversion,
    target: Float[Tensor, " m"],
    *,
    location: int = 0,
    restart: int = 0,
    words: int = 6,
) -> dict[str, Any]:
    """Return what one climb noted on its way, for ``Live("trajectory")``.

    Parameters
    ----------
    classifier : Classifier
        The classifier whose words are named.
    inversion : Inversion
        The climb.
    target : Tensor of shape (m,)
        An overall vector to compare with, such as the closed form's.
    location, restart : int
        The location and the restart of the inversion that are shown.
    words : int
        How many of the nearest.

    Returns
    -------
    dict
        ``steps``; ``terms``, a list for each term of the objective, zeros where it is switched
        off; ``cosine`` with the target; ``near``, for each moment its words, as indices into
        ``vocabulary``, and their ``cosines``.
    """
    path = inversion.path[:, restart, location]
    near = nearest_words(classifier.model, classifier.vocabulary, path, words)
    zeros = torch.zeros(len(path))
    index: dict[str, int] = {}
    return {
        "steps": list(inversion.steps),
        "terms": {
            name: [_short(x) for x in inversion.terms[name][:, restart, location].tolist()]
            if name in inversion.terms
            else zeros.tolist()
            for name in _TERMS
        },
        "cosine": _rounded(F.cosine_similarity(path, target[None])),
        "near": [[index.setdefault(word, len(index)) for word, _ in row] for row in near],
        "vocabulary": list(index),
        "cosines": [[round(cosine, 3) for _, cosine in row] for row in near],
    }


@own_precision
@torch.no_grad()
def location_maps(classifier: Classifier, text: str, *, words: int = 6) -> dict[str, Any]:
    """Return the saliency of every location of every layer, for ``Live("locations")``.

    Parameters
    ----------
    classifier : Classifier
        With a DeepTextCNN.
    text : str
        One text; words after ``max_length`` are not read.
    words : int
        How many of the nearest to name for a location of layer 1, by the closed form with the
        default L2.

    Returns
    -------
    dict
        ``tokens``, ``known``, ``classes``, ``logits``, ``kernel``; for each class, layer and
        location ``saliency`` and its positive part ``speaks``, the sum over the channels that
        speak for the class; for each layer and location ``answering``, the number of channels
        above zero; for the last layer ``wins``, the channels whose maximum is there; for layer 1
        ``near``, the nearest words, none where the location does not answer.

    Raises
    ------
    ValueError
        If the text holds no word.
    """
    deep = as_deep_text_cnn(classifier.model).eval()
    read = classifier.read(text)
    ids, length = pad([read.ids]), len(read.ids)
    activations = deep.activations(ids)
    layers = [layer[0, :, :length] for layer in activations]
    (logits,) = deep(ids)
    classes = range(len(classifier.class_names))
    parts = [
        [channel_saliency(deep, ids, j, c)[0, :, :length] for j in range(len(layers))]
        for c in classes
    ]
    largest, winner = activations[-1][0].max(dim=1)  # perhaps after the text's end, under "paper"
    wins = torch.bincount(winner[largest > 0], minlength=length)[:length]
    near: list[list[str]] = [[] for _ in range(length)]
    alive = [i for i in range(length) if layers[1][:, i].any()]
    if alive:
        overall = closed_form(Fields.of(deep, ids, 1, alive), Objective().l2).overall
        told = overall.any(dim=1)  # where no channel is worth its cost, nothing is near
        found = nearest_words(deep, classifier.vocabulary, overall[told], words)
        for i, row in zip(torch.tensor(alive)[told].tolist(), found, strict=True):
            near[i] = [word for word, _ in row]
    return {
        "tokens": list(read.tokens),
        "known": list(read.known),
        "classes": list(classifier.class_names),
        "logits": _rounded(logits, 5),
        "kernel": deep.config.kernel_size,
        "channels": [deep.config.embedding_dim, *deep.config.channels],
        "saliency": [[_rounded(part.sum(dim=0), 5) for part in of_class] for of_class in parts],
        "speaks": [
            [_rounded(part.clamp(min=0).sum(dim=0)) for part in of_class] for of_class in parts
        ],
        "answering": [(layer > 0).sum(dim=0).tolist() for layer in layers],
        "wins": wins.tolist(),
        "near": near,
    }


def read_backs(
    classifier: Classifier,
    texts: Sequence[str],
    methods: Sequence[Method],
    *,
    locations: Sequence[int] = (1, 2, 3, 5),
    words: Sequence[int] = (1, 3, 5, 10),
    settings: Mapping[str, float | int] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Read interpretations back, for ``Live("readback")``: the words, and what the model says.

    Parameters
    ----------
    classifier : Classifier
        With a DeepTextCNN.
    texts : sequence of str
        Sentences.
    methods : sequence of str
        Where the words come from, as in ``interpretation_words``.
    locations, words : sequence of int
        The numbers k and m to try.
    settings, seed
        Each is described under ``interpretation_words``.

    Returns
    -------
    dict
        ``classes``, ``methods``; ``vocabulary``, the words that occur, in an order of their own;
        for each text ``text``, ``before``, the class probabilities, ``words``, for each method a
        list of indices for each location, and ``after``, the probabilities for each method, k, m.
    """
    deep = as_deep_text_cnn(classifier.model)
    documents = classifier.encode(texts)
    before = predict(deep, documents)
    targets = before.argmax(dim=1)
    index: dict[int, int] = {}
    told = [
        {
            "text": text,
            "before": _rounded(row.softmax(dim=0)),
            "words": [],
            "after": [],
        }
        for text, row in zip(texts, before, strict=True)
    ]
    for method in methods:
        found = interpretation_words(
            deep,
            documents,
            targets,
            method,
            locations=max(locations),
            words=max(words),
            settings=settings or {},
            seed=seed,
        )
        for item, places in zip(told, found, strict=True):
            item["words"].append(
                [[index.setdefault(word, len(index)) for word in place] for place in places]
            )
            read = [
                [word for place in places[:k] for word in place[:m]]
                for k in locations
                for m in words
            ]
            after = predict(deep, read).softmax(dim=1).unflatten(0, (len(locations), len(words)))
            item["after"].append([[_rounded(row) for row in rows] for rows in after])
    return {
        "classes": list(classifier.class_names),
        "methods": list(methods),
        "locations": list(locations),
        "words": list(words),
        "vocabulary": [classifier.vocabulary.decode([i])[0] for i in index],
        "texts": told,
    }


def _rounded(values: Tensor, digits: int = 3) -> list[float]:
    # A float32 written with all its digits would be no more exact, and twice as long.
    return [round(value, digits) + 0.0 for value in values.tolist()]


def _short(value: float) -> float:
    """Round to five digits that count."""
    return float(f"{value:.5g}") + 0.0
