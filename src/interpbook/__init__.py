"""Read what a convolutional text classifier does: the package behind "Inside the Text CNN"."""

from importlib.metadata import version

from interpbook.attacks import AttackResult, attack, attack_texts
from interpbook.classifier import Classifier, load_classifier
from interpbook.corpora import Corpus, load_corpus
from interpbook.decompose import ScoreMatrices, decompose
from interpbook.explanations import Explanation
from interpbook.filters import FilterStudy, filter_study
from interpbook.interpretations import Interpretation, interpret
from interpbook.inversion import Inversion, invert
from interpbook.models import DeepTextCNN, DeepTextCNNConfig, TextCNN, TextCNNConfig
from interpbook.neighbours import nearest_words
from interpbook.ngrams import FilterProfile, best_ngrams, discriminative_ngrams, filter_profile
from interpbook.saliency import location_saliency
from interpbook.text import Vocabulary, pad, tokenize
from interpbook.views import WordView, word_view

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
