"""Small networks and batches for the tests, drawn or fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from interpbook import Classifier, TextCNN, TextCNNConfig, Vocabulary, pad

WORDS = ("a", "good", "movie", "not", "bad", "the", "isn't", "slow", "but", "moving")


@dataclass(frozen=True)
class Case:
    """A network and documents for it, each a list of ids.

    The network is built when first asked for, not while hypothesis draws: beartype, which runs
    with it, uses the random numbers that hypothesis watches.
    """

    config: dict[str, Any]
    documents: list[list[int]]
    spare: int = 0
    dead: tuple[int, int] | None = None
    zeros: tuple[int, int] | None = None
    padding_value: float = 0.0

    @cached_property
    def model(self) -> TextCNN:
        """The network, with a dead filter, a filter of zeros and a padding vector as drawn."""
        model = network(**self.config)
        if self.dead is not None:
            model.convs[self.dead[0]].bias.data[self.dead[1]] = -100.0
        if self.zeros is not None:
            model.convs[self.zeros[0]].weight.data[self.zeros[1]] = 0.0
        model.embedding.weight.data[0] = self.padding_value
        return model

    @property
    def ids(self) -> Tensor:
        """The batch, with spare padding columns."""
        return torch.nn.functional.pad(pad(self.documents), (0, self.spare))


def network(*, seed: int = 0, dtype: torch.dtype = torch.float64, **config: Any) -> TextCNN:
    """Build a small network with torch's usual initial weights, in evaluation mode."""
    sizes = {
        "vocab_size": 12,
        "embedding_dim": 4,
        "num_classes": 3,
        "widths": (2, 3),
        "filters_per_width": 3,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return TextCNN(TextCNNConfig(**(sizes | config))).to(dtype).eval()


def laid_out(model: TextCNN, document: list[int]) -> tuple[list[int], int]:
    """Return the document, padded, and behind which position no window starts."""
    config, widest = model.config, max(model.config.widths)
    if config.padding == "paper":
        return document + [0] * (config.max_length - len(document)), config.max_length
    while document[-1] == 0:
        document = document[:-1]
    return document + [0] * (widest - len(document)), len(document)


def filters_of(model: TextCNN) -> list[tuple[Tensor, float]]:
    """List every filter's weight (m, n) and bias."""
    return [
        (weight, float(bias))
        for conv in model.convs
        for weight, bias in zip(conv.weight.detach(), conv.bias.detach(), strict=True)
    ]


def slow_score(model: TextCNN, number: int, ngram: list[int]) -> float:
    """Return a filter's u of an n-gram, from PyTorch's own convolution."""
    layer, place = divmod(number, model.config.filters_per_width)
    with torch.no_grad():
        x = model.embedding(torch.tensor([ngram])).transpose(1, 2)
        return float(model.convs[layer](x)[0, place, 0])


def tiny_classifier(
    *, class_names: Sequence[str] = ("negative", "positive"), seed: int = 0, **config: Any
) -> Classifier:
    """Build an untrained classifier over WORDS."""
    vocabulary = Vocabulary(("<pad>", "<unk>", *WORDS))
    sizes = {"vocab_size": len(vocabulary), "num_classes": len(class_names)}
    model = network(seed=seed, dtype=torch.float32, **(sizes | config))
    return Classifier(model, vocabulary, tuple(class_names))


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    dtype: torch.dtype = torch.float64,
    distinct: bool = False,
    damage: bool = True,
) -> Case:
    """Draw a network and a batch.

    ``distinct`` draws documents without repeated words or inner padding, whose windows tie only
    where they hold nothing but padding; ``damage`` allows dead filters, filters of zeros and a
    padding vector that is not zero.
    """
    widths = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    padding = draw(st.sampled_from(["masked", "paper"]))
    vocab_size = draw(st.integers(9, 12) if distinct else st.integers(3, 8))
    words = st.integers(1 if distinct else 0, vocab_size - 1)
    document = st.lists(words, min_size=1, max_size=8, unique=distinct)
    if padding == "masked":
        document = document.filter(any)
    documents = draw(st.lists(document, min_size=1, max_size=4))
    per_width = draw(st.integers(1, 4))
    config = {
        "seed": draw(st.integers(0, 2**32 - 1)),
        "dtype": dtype,
        "vocab_size": vocab_size,
        "embedding_dim": draw(st.integers(1, 5)),
        "num_classes": draw(st.integers(1, 4)),
        "widths": widths,
        "filters_per_width": per_width,
        "padding": padding,
        "max_length": max(*widths, *map(len, documents)) + draw(st.integers(0, 6)),
    }
    spare = draw(st.integers(0, 7))
    if not damage:
        return Case(config, documents, spare)
    some_filter = st.tuples(st.integers(0, len(widths) - 1), st.integers(0, per_width - 1))
    dead, zeros = draw(st.none() | some_filter), draw(st.none() | some_filter)
    return Case(config, documents, spare, dead, zeros, draw(st.sampled_from([0.0, 0.5])))
