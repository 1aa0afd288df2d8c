"""Read what a convolutional text classifier does: the package behind "Inside the Text CNN"."""

from interpbook.decompose import ScoreMatrices, decompose
from interpbook.models import TextCNN, TextCNNConfig
from interpbook.text import Vocabulary, pad, tokenize

__all__ = [
    "ScoreMatrices",
    "TextCNN",
    "TextCNNConfig",
    "Vocabulary",
    "decompose",
    "pad",
    "tokenize",
]
