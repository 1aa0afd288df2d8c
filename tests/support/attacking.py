"""What the tests of attacks share: small classifiers, texts with all that texts hold, a search."""

from __future__ import annotations

from collections.abc import Callable

import torch
from hypothesis import strategies as st
from torch import Tensor

from interpbook import Classifier, TextCNN, Vocabulary, decompose
from interpbook.attacks import Ranking, word_gradients
from interpbook.attacks.searches import Search, search_changes
from interpbook.text import tokenize_with_spans
from support.networks import WORDS, network, tiny_classifier

MARKS = ["e\u0301te\u0301", "naïve", "👍🏽", "<b>", "&amp;", "…"]
# Known beside WORDS: other scripts, digits, a long word, and what typos of "a", "slow" and "GOOD"
# make, the last only where the case is kept.
CASED = ("GOOD", "9OOD", "G0OD", "GO0D")
ODD = ("été", "हिन्दी", "1990s", "x" * 300, "4", "aa", "5low", "Isn't", *CASED)
VOCABULARY = Vocabulary(("<pad>", "<unk>", *WORDS, *ODD))
PIECES = st.sampled_from([*WORDS, "SLOW", "Isn’t", "zebra", "z" * 300, "2", *ODD, *MARKS])
GAPS = st.sampled_from([" ", ", ", "\n", " — ", "' ", "! <i>"])


@st.composite
def texts(draw: st.DrawFn, *, max_words: int = 9) -> str:
    pieces = draw(st.lists(PIECES, max_size=max_words))
    return "".join(piece + draw(GAPS) for piece in pieces)


@st.composite
def builders(draw: st.DrawFn) -> Callable[[], Classifier]:
    """Draw what builds a classifier; the test builds it, as in ``networks.Case``.

    It may keep the case, and it knows odd words as well.
    """
    config = {
        "num_classes": draw(st.integers(2, 4)),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "widths": tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))),
        "filters_per_width": draw(st.integers(1, 6)),
        "padding": draw(st.sampled_from(["masked", "paper"])),
        "max_length": draw(st.integers(3, 12)),
    }
    lowercase = draw(st.booleans())

    def build() -> Classifier:
        model = network(vocab_size=len(VOCABULARY), dtype=torch.float32, **config)
        names = tuple(f"class {q}" for q in range(config["num_classes"]))
        return Classifier(model, VOCABULARY, names, lowercase=lowercase)

    return build


def predicted(classifier: Classifier, text: str) -> int:
    """Return the predicted class; 0 for a text without a word."""
    if not tokenize_with_spans(text):
        return 0
    return int(classifier.predict_proba([text])[0].argmax())


def stubborn(**config) -> Classifier:
    """Build a classifier that always says class 0."""
    classifier = tiny_classifier(**config)
    classifier.model.output.bias.data += torch.tensor([100.0, 0.0])
    return classifier


def search(model: TextCNN, documents, labels, ranking: Ranking, budget: int, **kw) -> list[Search]:
    """Search in which every word may change and all seeds are zero, unless told otherwise."""
    kw = {"changeable": lambda *_: True, "seeds": [0] * len(documents)} | kw
    return search_changes(model, documents, labels, ranking, budget, **kw)


def slow_scores(model: TextCNN, ranking: Ranking, document: list[int], label: int) -> Tensor:
    """Score every word of one document as the ranking's name says, from the network as it is."""
    ids = torch.tensor([document])
    if ranking == "gradient":
        return word_gradients(model, ids, torch.tensor([label])).norm(dim=2)[0]
    if ranking == "exact":
        swapped = ids.repeat(len(document), 1)
        swapped.fill_diagonal_(1)
        logits = model(swapped).detach()
        others = torch.cat([logits[:, :label], logits[:, label + 1 :]], dim=1)
        return others.amax(dim=1) - logits[:, label]
    return decompose(model, ids).word_scores[0, : len(document), label]
