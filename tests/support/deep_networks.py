"""Small deep networks, their slow twin, and what the tests of hidden locations share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from interpbook import Classifier, DeepTextCNN, DeepTextCNNConfig, load_classifier, pad

EXACT = {"rtol": 0, "atol": 1e-12}


def deep_network(
    *, seed: int = 0, dtype: torch.dtype = torch.float64, biases: bool = True, **config: Any
) -> DeepTextCNN:
    """Build a small deep network with torch's usual initial weights, in evaluation mode."""
    sizes = {
        "vocab_size": 12,
        "num_classes": 3,
        "embedding_dim": 4,
        "channels": (4, 3),
        "kernel_size": 3,
        "max_length": 9,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = DeepTextCNN(DeepTextCNNConfig(**(sizes | config))).to(dtype).eval()
    if not biases:
        for layer in (*model.convs, model.output):
            layer.bias.data.zero_()
    return model


@cache
def shipped() -> Classifier:
    """The small classifier of film reviews that the book ships; tests leave it as it is."""
    return load_classifier("mr_deep")


@dataclass(frozen=True)
class DeepCase:
    """A deep network, built when first asked for, and documents for it, each a list of ids."""

    config: dict[str, Any]
    documents: list[list[int]]
    spare: int = 0
    dead: tuple[int, int] | None = None
    padding_value: float = 0.0

    @cached_property
    def model(self) -> DeepTextCNN:
        """The network, with a dead channel and a padding vector as drawn."""
        model = deep_network(**self.config)
        if self.dead is not None:
            layer, channel = self.dead
            model.convs[layer].bias.data[channel] = -100.0
        model.embedding.weight.data[0] = self.padding_value
        return model

    @property
    def ids(self) -> Tensor:
        """The batch, with spare padding columns."""
        return F.pad(pad(self.documents), (0, self.spare))

    @property
    def layers(self) -> range:
        """All layers, the embedding's too."""
        return range(self.model.config.num_layers + 1)


@st.composite
def deep_cases(
    draw: st.DrawFn,
    *,
    dtype: torch.dtype = torch.float64,
    biases: bool = True,
    layers: int = 3,
    documents: int = 3,
) -> DeepCase:
    """Draw a network (layers, channels, kernel, padding mode, a dead channel) and a batch."""
    vocab_size = draw(st.integers(3, 9))
    document = st.lists(st.integers(0, vocab_size - 1), min_size=1, max_size=8).filter(any)
    texts = draw(st.lists(document, min_size=1, max_size=documents))
    channels = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=layers)))
    kernel = draw(st.sampled_from([1, 3, 5]))
    config = {
        "seed": draw(st.integers(0, 2**32 - 1)),
        "dtype": dtype,
        "biases": biases,
        "vocab_size": vocab_size,
        "embedding_dim": draw(st.integers(1, 4)),
        "num_classes": draw(st.integers(1, 3)),
        "channels": channels,
        "kernel_size": kernel,
        "padding": draw(st.sampled_from(["masked", "paper"])),
        "max_length": max(kernel, *map(len, texts)) + draw(st.integers(0, 3)),
    }
    layer = draw(st.integers(0, len(channels) - 1))
    dead = st.tuples(st.just(layer), st.integers(0, channels[layer] - 1))
    return DeepCase(
        config,
        texts,
        spare=draw(st.integers(0, 4)),
        dead=draw(st.none() | dead) if biases else None,
        padding_value=draw(st.sampled_from([0.0, 0.5])),
    )


def counted(model: DeepTextCNN, document: list[int]) -> list[int]:
    """Return the words whose locations count: up to the last token, or all of max_length."""
    if model.config.padding == "paper":
        return (document + [0] * model.config.max_length)[: model.config.max_length]
    while document[-1] == 0:
        document = document[:-1]
    return document


def twin_layers(model: DeepTextCNN, vectors: list[list[float]]) -> list[list[list[float]]]:
    """Compute the activations of all layers from the words' vectors with loops: [layer][i][k]."""
    reach = model.config.kernel_size // 2
    layers = [vectors]
    for conv in model.convs:
        weights, biases = conv.weight.tolist(), conv.bias.tolist()
        above = []
        for i in range(len(vectors)):
            answers = []
            for weight, score in zip(weights, biases, strict=True):
                for t in range(-reach, reach + 1):
                    if 0 <= i + t < len(vectors):
                        for d, x in enumerate(layers[-1][i + t]):
                            score += weight[d][t + reach] * x
                answers.append(max(score, 0.0))
            above.append(answers)
        layers.append(above)
    return layers


def twin_logits(model: DeepTextCNN, last: list[list[float]]) -> list[float]:
    """Pool the last layer over its locations and apply the linear layer, with loops."""
    pooled = [max(column) for column in zip(*last, strict=True)]
    return [
        bias + sum(w * v for w, v in zip(weight, pooled, strict=True))
        for weight, bias in zip(
            model.output.weight.tolist(), model.output.bias.tolist(), strict=True
        )
    ]


def words_vectors(model: DeepTextCNN, document: list[int]) -> list[list[float]]:
    """Look the words of a document up, with padding as the mode counts it."""
    table = model.embedding.weight.tolist()
    return [table[word] for word in counted(model, document)]


def alive(case: DeepCase, layer: int) -> list[list[int]]:
    """List each document's locations that answer with anything but zero."""
    found = []
    for document in case.documents:
        activations = twin_layers(case.model, words_vectors(case.model, document))[layer]
        found.append([i for i, answer in enumerate(activations) if any(answer)])
    return found


@contextmanager
def one_sentence(kind: type[Exception] | tuple[type[Exception], ...], match: str) -> Iterator[None]:
    """Expect an error of this kind that tells its reader, in one sentence, what is wrong."""
    with pytest.raises(kind, match=match) as caught:
        yield
    told = str(caught.value)
    assert type(caught.value) in (kind if isinstance(kind, tuple) else (kind,)), type(caught.value)
    assert "\n" not in told and len(told) < 200 and ". " not in told, told
