"""Read what a convolutional text classifier does: the package behind "Inside the Text CNN"."""

from importlib.metadata import version

from interpbook.classifier import Classifier, load_classifier
from interpbook.corpora import Corpus, load_corpus
from interpbook.decompose import ScoreMatrices, decompose
from interpbook.explanations import Explanation
from interpbook.models import TextCNN, TextCNNConfig
from interpbook.text import Vocabulary, pad, tokenize

__version__ = version("interpbook")

__all__ = [
    "Classifier",
    "Corpus",
    "Explanation",
    "ScoreMatrices",
    "TextCNN",
    "TextCNNConfig",
    "Vocabulary",
    "decompose",
    "load_classifier",
    "load_corpus",
    "pad",
    "tokenize",
]
