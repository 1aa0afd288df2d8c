"""Read what a convolutional text classifier does: the package behind "Inside the Text CNN"."""

from importlib import import_module
from importlib.metadata import version
from types import ModuleType

from interpbook.attacks import AttackResult, attack, attack_texts
from interpbook.classifier import Classifier, load_classifier
from interpbook.corpora import Corpus, load_corpus
from interpbook.filters import (
    FilterProfile,
    FilterStudy,
    best_ngrams,
    discriminative_ngrams,
    filter_profile,
    filter_study,
)
from interpbook.hidden import (
    Interpretation,
    Inversion,
    interpret,
    invert,
    location_saliency,
    nearest_words,
)
from interpbook.models import DeepTextCNN, DeepTextCNNConfig, TextCNN, TextCNNConfig, fit
from interpbook.scores import Explanation, ScoreMatrices, WordView, decompose, word_view
from interpbook.text import Vocabulary, pad, tokenize

__version__ = version("interpbook")

__all__ = [
    "AttackResult",
    "Classifier",
    "Corpus",
    "DeepTextCNN",
    "DeepTextCNNConfig",
    "Explanation",
    "FilterProfile",
    "FilterStudy",
    "Interpretation",
    "Inversion",
    "ScoreMatrices",
    "TextCNN",
    "TextCNNConfig",
    "Vocabulary",
    "WordView",
    "attack",
    "attack_texts",
    "best_ngrams",
    "decompose",
    "discriminative_ngrams",
    "filter_profile",
    "filter_study",
    "fit",
    "interpret",
    "invert",
    "load_classifier",
    "load_corpus",
    "location_saliency",
    "nearest_words",
    "pad",
    "tokenize",
    "word_view",
]

# What readers see is loaded when it is first asked for: it takes as long as all the rest.
_ROOMS_ON_DEMAND = ("figures", "tables", "widgets")


def __getattr__(name: str) -> ModuleType:
    if name in _ROOMS_ON_DEMAND:
        return import_module(f"interpbook.{name}")
    raise AttributeError(f"module 'interpbook' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS_ON_DEMAND})
