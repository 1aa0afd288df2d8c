"""Defences against typos: who gets past a speller, and a trained unknown vector."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import get_args

import numpy as np
import torch
from torch.nn import functional as F

from interpbook.attack_results import AttackResult, Change
from interpbook.classifier import Classifier
from interpbook.searches import Ranking, search_changes
from interpbook.slots import pooled_scores
from interpbook.spelling import Speller, read_word
from interpbook.text import UNKNOWN, tokenize_with_spans
from interpbook.training import Labels, batches, check_labels, check_pairs
from interpbook.typos import Typo, check_typo, misspell

_EVASIONS = 20  # typos of typos that an attacker tries on one word
_SIGNS = 4  # and how many signs it changes at most

# ---------------------------------------------------------------------------------- who knows it


def evasive_typo(
    word: str, speller: Speller, *, kind: Typo = "look-alike", seed: int = 0
) -> str | None:
    """Return a misspelling of a word that the speller leaves unknown.

    A typo of a typo of the word, and so on: two signs changed if that is enough, four at most.

    Parameters
    ----------
    word : str
        As it stands in the text.
    speller : Speller
        What to get past.
    kind, seed
        As in ``misspell``.

    Returns
    -------
    str or None
        None if none of the misspellings tried is left alone.

    Examples
    --------
    >>> from interpbook import Vocabulary
    >>> speller = Speller(Vocabulary(("<pad>", "<unk>", "a", "good", "movie")))
    >>> evasive_typo("movie", speller)
    'mou1e'
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
    """Attack a classifier that reads repaired texts, knowing the speller.

    Words are ranked by the classifier on the repaired text, and changed by ``evasive_typo`` in the
    text as written. A word that stays unknown is left alone.

    Parameters
    ----------
    classifier : Classifier
        The model behind the speller.
    speller : Speller
        Of the same vocabulary.
    texts, labels, ranking, max_changes, typo, seed
        As in ``attack_texts``.

    Returns
    -------
    list of AttackResult
        ``original`` is the text as written, ``text`` the changed one before its repair, ``logits``
        those of the repaired states.

    Raises
    ------
    ValueError
        If the speller has another vocabulary, there is not one label a text, a label is no class
        or the only one, or the ranking or the typo is unknown.
    """
    if speller.vocabulary.words != classifier.vocabulary.words:
        raise ValueError("the speller and the classifier have different vocabularies")
    if len(classifier.class_names) == 1:
        raise ValueError("an attack needs a class to move to: the classifier has one class only")
    if len(texts) != len(labels):
        raise ValueError(f"each text has one label, got {len(texts)} texts, {len(labels)} labels")
    if ranking not in get_args(Ranking):
        raise ValueError(f"rankings are {', '.join(get_args(Ranking))}, got {ranking!r}")
    check_typo(typo)
    check_labels(labels, len(classifier.class_names))

    @functools.cache
    def typo_of(word: str) -> str | None:
        return evasive_typo(word, speller, kind=typo, seed=seed)

    limit = classifier.model.config.max_length
    spans = [tokenize_with_spans(text, lowercase=classifier.lowercase)[:limit] for text in texts]
    reading = [number for number, words in enumerate(spans) if words]

    def written(number: int, position: int) -> str:
        span = spans[number][position]
        return texts[number][span.start : span.end]

    found = search_changes(
        classifier.model,
        classifier.encode([speller.repair(texts[number]).text for number in reading]),
        [int(labels[number]) for number in reading],
        ranking,
        max_changes,
        seeds=[_seed_of(texts[number], seed) for number in reading],
        changeable=lambda place, at: typo_of(written(reading[place], at)) is not None,
    )
    searches = dict(zip(reading, found, strict=True))
    results, dtype = [], classifier.model.output.weight.dtype
    for number, (text, label) in enumerate(zip(texts, labels, strict=True)):
        search = searches.get(number)
        changes, states = (), []
        if search is not None:
            states = search.logits
            changes = tuple(
                Change(
                    position=position,
                    start=spans[number][position].start,
                    end=spans[number][position].end,
                    before=written(number, position),
                    after=typo_of(written(number, position)) or "",
                )
                for position in search.positions
            )
        results.append(
            AttackResult(
                original=text,
                label=int(label),
                class_names=classifier.class_names,
                ranking=ranking,
                changes=changes,
                logits=torch.tensor(states, dtype=dtype).view(-1, len(classifier.class_names)),
                outcome="no word" if search is None else search.outcome,
            )
        )
    return results


def _seed_of(text: str, seed: int) -> int:
    """Return a text's own seed, so that its neighbours do not matter."""
    return zlib.crc32(f"{seed} {text}".encode("utf-8", "surrogatepass"))


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
        Their classes.
    rate : float
        The mean share of words made unknown, 0 < rate <= 1/2.
    epochs, learning_rate, batch_size
        As in ``fit``.
    seed : int
        Decides the order of the documents and which words go; there is no dropout.

    Returns
    -------
    Classifier
        It differs in one row of the embedding.

    Raises
    ------
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
    model = deepcopy(classifier.model).requires_grad_(False).eval()
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
