"""Defences against typos: who gets past a speller, and a trained unknown vector."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional as F

from interpbook.attacks.attacking import attack_readings
from interpbook.attacks.rankings import Ranking
from interpbook.attacks.results import AttackResult
from interpbook.attacks.spelling import Speller, read_word
from interpbook.attacks.typos import Typo, check_typo, misspell
from interpbook.classifier import Classifier
from interpbook.models import Labels, as_text_cnn, batches, pooled_scores
from interpbook.models.training import check_labels, check_pairs
from interpbook.text import UNKNOWN

_EVASIONS = 20  # how many typos of typos an attacker tries on one word
_SIGNS = 4  # how many typos an attacker makes in one word at most

# ----------------------------------------------------------------------------- past a speller


def evasive_typo(
    word: str, speller: Speller, *, kind: Typo = "look-alike", seed: int = 0
) -> str | None:
    """Return a misspelling of a word that the speller leaves unknown.

    The misspelling is a typo of the word, or a typo of such a typo, and so on: as few typos as are
    enough, four at most.

    Parameters
    ----------
    word : str
        The word as it stands in the text.
    speller : Speller
        The speller to get past.
    kind, seed
        Each is described under ``misspell``.

    Returns
    -------
    str or None
        The misspelling; None if the speller repairs all that were tried.

    Raises
    ------
    ValueError
        If there is no such kind of typo.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("mr")
    >>> speller = Speller(classifier.vocabulary)
    >>> evasive_typo("dull", speller)
    'dv1l'
    >>> speller.repair("dvll").text, speller.repair("dv1l").text
    ('dull', 'dv1l')
    """
    for signs in range(1, _SIGNS + 1):
        for attempt in range(_EVASIONS if signs > 1 else 1):
            written: str | None = word
            for _ in range(signs):
                if written is not None:
                    written = misspell(
                        written,
                        speller.vocabulary,
                        kind=kind,
                        seed=seed + attempt,
                        lowercase=speller.lowercase,
                    )
            if written is not None and speller.correct(read_word(written, speller)) is None:
                return written
    return None


def attack_repaired(
    classifier: Classifier,
    speller: Speller,
    texts: Sequence[str],
    labels: Labels,
    ranking: Ranking = "word_scores",
    max_changes: int = 10,
    *,
    typo: Typo = "look-alike",
    seed: int = 0,
) -> list[AttackResult]:
    """Attack a classifier that reads repaired texts, by an attacker who knows the speller.

    Words are ranked by the classifier on the repaired text, and changed by ``evasive_typo`` in the
    text as written. A word that the repaired text has as unknown is left alone.

    Parameters
    ----------
    classifier : Classifier
        The classifier that reads what the speller has repaired.
    speller : Speller
        A speller with the classifier's own vocabulary.
    texts, labels, ranking, max_changes, typo, seed
        Each is described under ``attack_texts``.

    Returns
    -------
    list of AttackResult
        In each, ``original`` is the text as written, ``text`` the changed text before its repair,
        and ``logits`` are those of the repaired text before the first change and after each.

    Raises
    ------
    TypeError, ValueError
        If the speller has another vocabulary or case, or an argument is one that ``attack_texts``
        refuses.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("mr")
    >>> speller = Speller(classifier.vocabulary)
    >>> (result,) = attack_repaired(classifier, speller, ["a dull film with a great cast"], [0])
    >>> result.text, result.outcome
    ('a dv1l film with a great cast', 'prediction changed')
    >>> speller.repair(result.text)
    Repair(nothing to repair)
    """
    if speller.vocabulary.words != classifier.vocabulary.words:
        raise ValueError("the speller and the classifier have different vocabularies")
    if speller.lowercase != classifier.lowercase:
        raise ValueError(
            f"speller and classifier read alike: give the speller lowercase={classifier.lowercase}"
        )
    check_typo(typo)

    @functools.cache
    def typo_of(word: str) -> str | None:
        return evasive_typo(word, speller, kind=typo, seed=seed)

    def encode(words: list[str]) -> list[int]:
        return speller.vocabulary.encode(speller.correct(word) or word for word in words)

    return attack_readings(
        classifier, texts, labels, ranking, max_changes, encode=encode, typo_of=typo_of, seed=seed
    )


# ---------------------------------------------------------------------------- the unknown vector


def train_unknown(
    classifier: Classifier,
    documents: Sequence[Sequence[int]],
    labels: Labels,
    *,
    rate: float = 0.2,
    epochs: int = 1,
    learning_rate: float = 0.02,
    batch_size: int = 128,
    seed: int = 0,
) -> Classifier:
    """Train the unknown word's vector, and nothing else, on documents with words made unknown.

    In every document some known words are replaced by the unknown one: a share of them that is
    drawn anew for each document from 0 to twice the rate, and then the words, each by chance.

    Parameters
    ----------
    classifier : Classifier
        Stays as it is.
    documents : sequence of sequences of int
        Encoded training documents, none of them empty.
    labels : sequence of int
        The documents' classes.
    rate : float
        The mean share of words made unknown, 0 < rate <= 1/2.
    epochs, learning_rate, batch_size
        Each is described under ``fit``.
    seed : int
        Decides the order of the documents and which words go; there is no dropout.

    Returns
    -------
    Classifier
        It differs in one row of the embedding.

    Raises
    ------
    TypeError
        If the model is no TextCNN.
    ValueError
        If the rate is out of range, or documents and labels do not suit the model (``fit``).

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("reviews")
    >>> documents = classifier.encode(["A dull film", "A lovely film"])
    >>> trained = train_unknown(classifier, documents, [0, 1])
    >>> moved = (trained.model.embedding.weight != classifier.model.embedding.weight).any(dim=1)
    >>> moved.nonzero().tolist()
    [[1]]
    """
    if not 0 < rate <= 0.5:
        raise ValueError(f"rate is a share, above 0 and at most 1/2, got {rate}")
    check_labels(labels, classifier.model.config.num_classes)
    check_pairs(documents, labels)
    model = deepcopy(as_text_cnn(classifier.model)).requires_grad_(False).eval()
    weight = model.embedding.weight
    vector = weight[UNKNOWN].clone().requires_grad_()
    optimizer = torch.optim.Adam([vector], lr=learning_rate)
    rng = np.random.default_rng(seed)
    for epoch in range(epochs):
        for ids, targets in batches(documents, labels, batch_size=batch_size, seed=seed + epoch):
            share = torch.from_numpy(rng.uniform(0, 2 * rate, (len(ids), 1)))
            gone = (torch.from_numpy(rng.random(tuple(ids.shape))) < share) & (ids > UNKNOWN)
            weight.requires_grad_()
            logits = model.classify(pooled_scores(model, ids.masked_fill(gone, UNKNOWN)))
            (slope,) = torch.autograd.grad(F.cross_entropy(logits, targets), [weight])
            weight.requires_grad_(False)
            slope = slope.coalesce()
            vector.grad = slope.values()[slope.indices()[0] == UNKNOWN].sum(dim=0)
            optimizer.step()
            weight[UNKNOWN] = vector.detach()
    return replace(classifier, model=model.requires_grad_())
