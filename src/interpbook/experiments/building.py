"""From a recipe to a classifier: read the corpus, build the vocabulary, train, measure."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from interpbook.classifier import Classifier
from interpbook.corpora import Corpus, load_corpus
from interpbook.experiments.recipes import AnyRecipe, Tokenizer
from interpbook.models import Network, TrainingHistory, evaluate, fit, round_weights
from interpbook.text import Vocabulary, tokenize, tokenize_with_spans
from interpbook.vectors import align, public_vectors

_EXCERPT_WORDS = (4, 40)  # an excerpt's length, the upper end not included
# Random word vectors start at this share of what PyTorch draws, a unit normal. On a small corpus
# rare words never unlearn that noise: at 1.0 the recipes of reviews and headlines lose 15 and 19
# points of accuracy.
_START_SCALE = 0.1


def _words_and_marks(text: str) -> list[str]:
    """Split a text into words, as ``tokenize`` does, and the signs that stand between them."""
    words, end = [], 0
    for token in tokenize_with_spans(text):
        words += [*"".join(text[end : token.start].split()), token.word]
        end = token.end
    return [*words, *"".join(text[end:].split())]


_TOKENIZERS = {
    "words": tokenize,
    "cased": partial(tokenize, lowercase=False),
    "marks": _words_and_marks,
}


@dataclass(frozen=True, eq=False)
class Encoded:
    """A corpus as a recipe's model reads it.

    Attributes
    ----------
    train, test : tuple of (documents, labels)
        Encoded documents and their classes; the few documents without a word are left out.
    vocabulary : Vocabulary
        The words of the training documents that the recipe keeps.
    class_names : tuple of str
        Names of the c classes.
    provenance : dict
        Where both splits came from, and whether they are complete.

    Examples
    --------
    >>> from interpbook.experiments import RECIPES
    >>> corpus = encode_corpus(RECIPES["headlines"])
    >>> documents, labels = corpus.test
    >>> corpus.vocabulary.decode(documents[0])[:3], corpus.class_names[labels[0]]
    (['ruvania', 'recalls', '<unk>'], 'World')
    """

    train: tuple[list[list[int]], list[int]]
    test: tuple[list[list[int]], list[int]]
    vocabulary: Vocabulary
    class_names: tuple[str, ...]
    provenance: dict[str, dict[str, Any]]


def encode_corpus(recipe: AnyRecipe) -> Encoded:
    """Read a recipe's corpus, split it into words, build the vocabulary and encode both splits.

    Parameters
    ----------
    recipe : Recipe or DeepRecipe
        Names the corpus, how texts are split, and which words are kept.

    Returns
    -------
    Encoded
        Both splits, the vocabulary, the class names and where the texts came from.

    Raises
    ------
    ValueError, FileNotFoundError, ConnectionError
        If the corpus cannot be loaded (``load_corpus``).

    Examples
    --------
    >>> from interpbook.experiments import RECIPES
    >>> corpus = encode_corpus(RECIPES["reviews"])
    >>> len(corpus.train[0]), len(corpus.test[0]), len(corpus.vocabulary)
    (4000, 1000, 1390)
    """
    train, test = (load_corpus(recipe.corpus, split) for split in ("train", "test"))
    words = _tokenized(recipe.corpus, "train", recipe.tokenizer)
    vocabulary = Vocabulary.build(words, max_size=recipe.vocab_size, min_count=recipe.min_count)
    return Encoded(
        train=_encode(train, vocabulary, recipe),
        test=_encode(test, vocabulary, recipe),
        vocabulary=vocabulary,
        class_names=train.class_names,
        provenance={"train": train.provenance.to_dict(), "test": test.provenance.to_dict()},
    )


def train_model(
    recipe: AnyRecipe, corpus: Encoded, *, progress: bool = True
) -> tuple[Network, TrainingHistory, dict[str, Any]]:
    """Train a model as its recipe says, and round its weights as they are saved.

    Parameters
    ----------
    recipe : Recipe or DeepRecipe
        Says how the model is built, initialised and trained.
    corpus : Encoded
        What ``encode_corpus`` returned for the recipe.
    progress : bool
        Whether to show progress bars.

    Returns
    -------
    model : TextCNN or DeepTextCNN
        The trained network, in evaluation mode.
    history : TrainingHistory
        Loss and seconds of each epoch.
    vectors : dict
        Source and coverage of the pretrained vectors; empty without them.

    Raises
    ------
    ValueError, FileNotFoundError, ConnectionError
        If the pretrained vectors cannot be had (``public_vectors``), or a setting is one that
        ``fit`` refuses.

    Examples
    --------
    >>> from interpbook.experiments import Recipe
    >>> recipe = Recipe("headlines", pretrained=False, epochs=2, learning_rate=0.02)
    >>> model, history, vectors = train_model(recipe, encode_corpus(recipe), progress=False)
    >>> model.config.widths, len(history.losses), history.losses[1] < history.losses[0], vectors
    ((3, 4, 5), 2, True, {})
    """
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        model = recipe.network(len(corpus.vocabulary), len(corpus.class_names))
    origin: dict[str, Any] = {}
    if recipe.vectors is not None:
        vectors = public_vectors(recipe.vectors, progress=progress)
        weights, coverage = align(
            vectors, corpus.vocabulary, seed=recipe.seed, missing=recipe.missing
        )
        model.embedding.weight.data.copy_(weights)
        origin = {"source": vectors.source, "coverage": str(coverage)}
    else:
        model.embedding.weight.data.mul_(_START_SCALE)
    history = fit(
        model,
        *_with_excerpts(*corpus.train, recipe),
        epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        progress=progress,
    )
    round_weights(model, recipe.precision)
    return model, history, origin


def train_classifier(recipe: AnyRecipe, *, progress: bool = True) -> Classifier:
    """Train a classifier as its recipe says and measure it as it will be saved.

    Parameters
    ----------
    recipe : Recipe or DeepRecipe
        Everything that decides the classifier, but for the corpus's text.
    progress : bool
        Whether to show progress bars.

    Returns
    -------
    Classifier
        The classifier with weights rounded as on disk, and a card that holds the recipe, the
        corpora's provenance and the test accuracy.

    Raises
    ------
    ValueError, FileNotFoundError, ConnectionError
        If the corpus cannot be loaded (``load_corpus``) or the recipe's tokenizer is ``"marks"``,
        and for the reasons that ``train_model`` names.

    Examples
    --------
    >>> from interpbook.experiments import Recipe
    >>> recipe = Recipe("headlines", pretrained=False, epochs=2, learning_rate=0.02)
    >>> classifier = train_classifier(recipe, progress=False)
    >>> classifier
    <Classifier headlines: World, Sports, Business, Science; 1,305 words>
    >>> classifier.card["test_accuracy"] > 0.6  # of four classes
    True
    """
    corpus = encode_corpus(recipe)
    model, _, vectors = train_model(recipe, corpus, progress=progress)
    return as_classifier(recipe, model, corpus, vectors, evaluate(model, *corpus.test))


def as_classifier(
    recipe: AnyRecipe,
    model: Network,
    corpus: Encoded,
    vectors: Mapping[str, Any],
    test_accuracy: float,
) -> Classifier:
    """Put a model together with what it needs to read a text, and say on its card what it is.

    Parameters
    ----------
    recipe : Recipe or DeepRecipe
        How the model was trained.
    model : TextCNN or DeepTextCNN
        The trained network.
    corpus : Encoded
        The corpus with the vocabulary and the class names.
    vectors : mapping
        Source and coverage of the pretrained vectors; empty without them.
    test_accuracy : float
        The share of test documents that the model classifies correctly.

    Returns
    -------
    Classifier
        The classifier, ready to be saved.

    Raises
    ------
    ValueError
        If the recipe's tokenizer is one that a classifier does not have.

    Examples
    --------
    >>> from interpbook.experiments import Recipe
    >>> recipe = Recipe("headlines", pretrained=False)
    >>> corpus = encode_corpus(recipe)
    >>> untrained = recipe.network(len(corpus.vocabulary), len(corpus.class_names))
    >>> classifier = as_classifier(recipe, untrained, corpus, {}, test_accuracy=0.25)
    >>> sorted(classifier.card)
    ['recipe', 'test', 'test_accuracy', 'train']
    """
    if recipe.tokenizer == "marks":
        raise ValueError("a classifier reads words, not marks: use the tokenizer words or cased")
    card = {"recipe": asdict(recipe), **corpus.provenance, "test_accuracy": test_accuracy}
    return Classifier(
        model,
        corpus.vocabulary,
        corpus.class_names,
        lowercase=recipe.tokenizer == "words",
        card=card | ({"vectors": dict(vectors)} if vectors else {}),
    )


def kept_classifier(folder: Path, recipe: AnyRecipe, vocabulary: Vocabulary) -> Classifier | None:
    """Return the classifier that an earlier run kept in a folder, None if it is another.

    Parameters
    ----------
    folder : Path
        The folder that ``Classifier.save`` may have written to.
    recipe : Recipe or DeepRecipe
        How the classifier wanted is trained; the card of a kept one says how that one was trained.
    vocabulary : Vocabulary
        What documents are encoded with. A classifier of other words, trained on another state of
        the corpus, would take the same ids for other words.

    Returns
    -------
    Classifier or None
        The kept classifier; None if there is none of this recipe and vocabulary.

    Raises
    ------
    ValueError
        If the folder holds a damaged classifier.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from interpbook.experiments import Recipe
    >>> first, second = (Recipe("headlines", pretrained=False, seed=seed) for seed in (0, 1))
    >>> corpus = encode_corpus(first)
    >>> untrained = first.network(len(corpus.vocabulary), len(corpus.class_names))
    >>> with TemporaryDirectory() as folder:
    ...     as_classifier(first, untrained, corpus, {}, test_accuracy=0.25).save(folder)
    ...     for recipe in (first, second):
    ...         print(kept_classifier(Path(folder), recipe, corpus.vocabulary))
    <Classifier headlines: World, Sports, Business, Science; 1,305 words>
    None
    """
    if not folder.is_dir():
        return None
    classifier = Classifier.load(folder)
    alike = classifier.card.get("recipe") == json.loads(json.dumps(asdict(recipe)))
    return classifier if alike and classifier.vocabulary == vocabulary else None


@lru_cache(maxsize=4)
def _tokenized(corpus: str, split: str, tokenizer: Tokenizer) -> list[list[str]]:
    """Split a corpus's texts into words; each word is kept in memory once."""
    split_text = _TOKENIZERS[tokenizer]
    return [
        [sys.intern(word) for word in split_text(text)] for text in load_corpus(corpus, split).texts
    ]


def _encode(
    corpus: Corpus, vocabulary: Vocabulary, recipe: AnyRecipe
) -> tuple[list[list[int]], list[int]]:
    """Encode a corpus's documents; the few without a word are left out."""
    documents, labels = [], []
    words = _tokenized(corpus.name, corpus.split, recipe.tokenizer)
    for document, label in zip(words, corpus.labels, strict=True):
        ids = vocabulary.encode(document[: recipe.max_length])
        if ids:
            documents.append(ids)
            labels.append(int(label))
    return documents, labels


def _with_excerpts(
    documents: list[list[int]], labels: list[int], recipe: AnyRecipe
) -> tuple[list[list[int]], list[int]]:
    """Append the recipe's excerpts to the documents; short lengths are as likely as long ones."""
    rng = np.random.default_rng(recipe.seed)
    low, high = np.log(_EXCERPT_WORDS)
    pieces = []
    for document in documents:
        for length in np.exp(rng.uniform(low, high, recipe.excerpts)).astype(int):
            start = rng.integers(max(len(document) - length, 0) + 1)
            pieces.append(document[start : start + length])
    return documents + pieces, labels + np.repeat(labels, recipe.excerpts).tolist()
