"""Small networks and batches for the tests, drawn or fixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor

from interpbook import Classifier, TextCNN, TextCNNConfig, Vocabulary, pad

WORDS = ("a", "good", "movie", "not", "bad", "the", "isn't", "slow", "but", "moving")


class Case(NamedTuple):
    """A network and documents for it, each a list of ids."""

    model: TextCNN
    documents: list[list[int]]
    spare: int

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
    longest = max(max(widths), *map(len, documents))
    model = network(
        seed=draw(st.integers(0, 2**32 - 1)),
        dtype=dtype,
        vocab_size=vocab_size,
        embedding_dim=draw(st.integers(1, 5)),
        num_classes=draw(st.integers(1, 4)),
        widths=widths,
        filters_per_width=draw(st.integers(1, 4)),
        padding=padding,
        max_length=longest + draw(st.integers(0, 6)),
    )
    if damage:
        _damage(draw, model)
    return Case(model, documents, draw(st.integers(0, 7)))


def _damage(draw: st.DrawFn, model: TextCNN) -> None:
    conv = model.convs[draw(st.integers(0, len(model.convs) - 1))]
    if draw(st.booleans()):
        conv.bias.data[0] = -100.0  # dead wherever it looks
    if draw(st.booleans()):
        conv.weight.data[-1] = 0.0  # every window ties
    if draw(st.booleans()):
        model.embedding.weight.data[0] = 0.5
