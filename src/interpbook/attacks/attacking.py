"""Attacks: a word ranking, a typo that makes a word unknown, and a search with a budget."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import torch

from interpbook._checks import number_from
from interpbook.attacks.rankings import Ranking
from interpbook.attacks.results import AttackResult, Change
from interpbook.attacks.searches import Search, search_changes
from interpbook.attacks.typos import Typo, check_typo, misspell
from interpbook.classifier import Classifier
from interpbook.models import Labels, as_text_cnn
from interpbook.models.training import as_labels, check_labels
from interpbook.text import read_each, words_and_spans


def attack(
    classifier: Classifier,
    text: str,
    label: int,
    ranking: Ranking = "word_scores",
    max_changes: int = 10,
    *,
    typo: Typo = "look-alike",
    seed: int = 0,
) -> AttackResult:
    """Misspell one word after the other until the prediction leaves the label.

    Every typo takes its word out of the vocabulary, so the model reads the unknown word instead.
    Words that the model does not know already, or does not read, are left alone.

    Parameters
    ----------
    classifier : Classifier
        The model under attack.
    text : str
        One text.
    label : int
        The text's correct class, 0..c-1.
    ranking : str
        How the next word is chosen; among equals it is the first.

        - ``"gradient"``: the largest gradient of the loss with respect to the word's vector
          (Text-fool).
        - ``"word_scores"``: the largest entry in B's column of the label (Xu & Du).
        - ``"updated_word_scores"``: the same, with B computed again after each change.
        - ``"exact"``: the word whose own change leaves the label the least margin over the best
          other class, computed again after each change.
        - ``"random"``: any word.
    max_changes : int
        The budget, in words.
    typo : {"look-alike", "swap", "drop", "insert"}
        The kind of typo to try first (``misspell``).
    seed : int
        Decides the typos, and the order of ``"random"``.

    Returns
    -------
    AttackResult
        The changed text, the logits after each change, and why the attack stopped.

    Raises
    ------
    TypeError
        If ``text`` is not a string, or the classifier's model is no TextCNN.
    ValueError
        If the label is no class or the only one, the ranking or the typo is unknown, or the budget
        negative or no whole number.

    References
    ----------
    Xu & Du (2020), section 4.3, RQ2 and Table 2; Liang et al. (2018) for the gradient ranking.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> result = attack(load_classifier("mr"), "A dull and lifeless film", label=0)
    >>> result
    AttackResult(word_scores: prediction changed after 2 changes)
    >>> result.text
    'A dvll and lifele5s film'
    """
    (result,) = attack_texts(
        classifier, [text], [label], ranking, max_changes, typo=typo, seed=seed
    )
    return result


def attack_texts(
    classifier: Classifier,
    texts: Sequence[str],
    labels: Labels,
    ranking: Ranking = "word_scores",
    max_changes: int = 10,
    *,
    typo: Typo = "look-alike",
    seed: int = 0,
    batch_size: int = 128,
) -> list[AttackResult]:
    """Attack many texts at once; what happens to one does not depend on the others.

    Parameters
    ----------
    texts : sequence of str
        N texts.
    labels : sequence of int
        The correct class of each text.
    batch_size : int
        How many texts are attacked side by side.
    classifier, ranking, max_changes, typo, seed
        Each is described under ``attack``.

    Returns
    -------
    list of AttackResult
        One a text, in their order.

    Raises
    ------
    TypeError, ValueError
        If an argument is one that ``attack`` refuses, or there is not one label a text.

    References
    ----------
    Xu & Du (2020), section 4.3, RQ2 and Table 2.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> reviews = ["a dull film with a great cast", "a smart and funny movie"]
    >>> for result in attack_texts(load_classifier("mr"), reviews, [0, 1]):
    ...     print(result.text)
    a dvll film with a great cast
    a sm4rt and fvnny movie
    """
    check_typo(typo)

    @functools.cache
    def typo_of(word: str) -> str | None:
        return misspell(
            word, classifier.vocabulary, kind=typo, seed=seed, lowercase=classifier.lowercase
        )

    return attack_readings(
        classifier,
        texts,
        labels,
        ranking,
        max_changes,
        encode=classifier.vocabulary.encode,
        typo_of=typo_of,
        seed=seed,
        batch_size=batch_size,
    )


def attack_readings(
    classifier: Classifier,
    texts: Sequence[str],
    labels: Labels,
    ranking: Ranking,
    max_changes: int,
    *,
    encode: Callable[[list[str]], list[int]],
    typo_of: Callable[[str], str | None],
    seed: int = 0,
    batch_size: int = 128,
) -> list[AttackResult]:
    """Attack many texts with typos of the caller's choice, read in a way of the caller's choice.

    Parameters
    ----------
    classifier : Classifier
        The model under attack.
    encode : callable
        What turns a text's words into ids: the vocabulary's ``encode``, or a speller and then that.
    typo_of : callable
        Given a word as it stands in a text, a typo of it that is read as the unknown word; None if
        the word is to be left alone.
    texts, labels, ranking, max_changes, seed, batch_size
        Each is described under ``attack_texts``.

    Returns
    -------
    list of AttackResult
        One a text, in their order.

    Raises
    ------
    TypeError, ValueError
        If an argument is one that ``attack_texts`` refuses.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("mr")
    >>> (result,) = attack_readings(
    ...     classifier, ["a dull film with a great cast"], [0], "word_scores", max_changes=1,
    ...     encode=classifier.vocabulary.encode, typo_of=lambda word: f"{word}zzz",
    ... )
    >>> result.text, result.succeeded
    ('a dullzzz film with a great cast', True)
    """
    model = as_text_cnn(classifier.model)
    texts, labels = check_texts(texts, labels)
    if ranking not in get_args(Ranking):
        raise ValueError(f"rankings are {', '.join(get_args(Ranking))}, got {ranking!r}")
    _check_budget(max_changes)
    if len(classifier.class_names) == 1:
        raise ValueError("an attack needs a class to move to: the classifier has one class only")
    check_labels(labels, len(classifier.class_names))
    labels = [int(label) for label in labels]
    targets = read_each(texts, lambda text: _Target.of(text, classifier, encode, typo_of))
    reading = [number for number, target in enumerate(targets) if target.ids]
    found = search_changes(
        model,
        [targets[number].ids for number in reading],
        [labels[number] for number in reading],
        ranking,
        max_changes,
        seeds=[_seed_of(texts[number], seed) for number in reading],
        changeable=lambda place, position: targets[reading[place]].typo(position) is not None,
        batch_size=batch_size,
    )
    searches = [Search(outcome="no word") for _ in texts]
    for number, search in zip(reading, found, strict=True):
        searches[number] = search
    shape, dtype = (-1, len(classifier.class_names)), classifier.model.output.weight.dtype
    return [
        AttackResult(
            original=text,
            label=label,
            class_names=classifier.class_names,
            ranking=ranking,
            changes=tuple(map(target.change, search.positions)),
            logits=torch.tensor(search.logits, dtype=dtype).view(shape),
            outcome=search.outcome,
        )
        for text, label, target, search in zip(texts, labels, targets, searches, strict=True)
    ]


def check_texts(texts: Sequence[str], labels: Labels) -> tuple[list[str], np.ndarray]:
    """Return both by position; raise if the texts are one string, or not each has a label."""
    if isinstance(texts, str):
        raise TypeError("expected several texts, got one string: put it in a list")
    if len(texts) != len(labels):
        raise ValueError(f"each text has one label, got {len(texts)} texts, {len(labels)} labels")
    return list(texts), as_labels(labels)


def _check_budget(max_changes: int) -> None:
    """Raise a ValueError if the budget is not a whole number of words, zero or more."""
    sentence = f"max_changes is a number of words, zero or more, got {max_changes!r}"
    number_from(max_changes, 0, sentence)


def _seed_of(text: str, seed: int) -> int:
    """Return a seed for one text that does not depend on the other texts of its batch."""
    return zlib.crc32(f"{seed} {text}".encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class _Target:
    """A text as an attacker sees it: the words that the model reads, and a typo for each."""

    text: str
    spans: list[tuple[int, int]]
    ids: list[int]
    typo_of: Callable[[str], str | None]

    @classmethod
    def of(
        cls,
        text: str,
        classifier: Classifier,
        encode: Callable[[list[str]], list[int]],
        typo_of: Callable[[str], str | None],
    ) -> _Target:
        words, spans = words_and_spans(text, lowercase=classifier.lowercase)
        return cls(text, spans, encode(words[: classifier.model.config.max_length]), typo_of)

    def typo(self, position: int) -> str | None:
        """Return a typo that makes the word at this position unknown, None if there is none."""
        start, end = self.spans[position]
        return self.typo_of(self.text[start:end])

    def change(self, position: int) -> Change:
        """Return the change of the text that puts the typo of the word at this position."""
        start, end = self.spans[position]
        return Change(
            position=position,
            start=start,
            end=end,
            before=self.text[start:end],
            after=self.typo(position),
        )
