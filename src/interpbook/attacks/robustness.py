"""How robust a classifier is: attacks on many documents, and the unknown word's vector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from interpbook.attacks.attacking import attack_texts, check_texts
from interpbook.attacks.rankings import Ranking
from interpbook.attacks.results import AttackResult
from interpbook.attacks.searches import Outcome
from interpbook.attacks.typos import Typo
from interpbook.classifier import Classifier
from interpbook.models import Labels
from interpbook.text import UNKNOWN, tokenize

Unknown = Literal["trained", "zero", "mean", "random", "unit normal"]

_RARE = 1000  # how many of the rarest words "mean" is the mean of
_CHUNK = 1024  # texts attacked before their results are counted and let go


def with_unknown(classifier: Classifier, vector: Unknown, *, seed: int = 0) -> Classifier:
    """Return a classifier that differs in the unknown word's vector only.

    Parameters
    ----------
    classifier : Classifier
        The classifier to copy; it stays as it is.
    vector : {"trained", "zero", "mean", "random", "unit normal"}
        The unknown word's vector in the copy.

        - ``"trained"``: the vector that the classifier has.
        - ``"zero"``: all zeros.
        - ``"mean"``: the mean of the 1,000 rarest known words' vectors.
        - ``"random"``: drawn from a normal with the standard deviation of the known words' vectors.
        - ``"unit normal"``: drawn from a normal with standard deviation 1, which is where
          ``torch.nn.Embedding`` starts. With one seed it has the direction of ``"random"``.
    seed : int
        Decides the vectors that are drawn.

    Returns
    -------
    Classifier
        The copy.

    Raises
    ------
    ValueError
        If there is no such vector.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> blank = with_unknown(load_classifier("mr"), "zero")
    >>> bool((blank.model.embedding.weight[UNKNOWN] == 0).all())
    True
    """
    if vector not in get_args(Unknown):
        raise ValueError(f"unknown vectors are {', '.join(get_args(Unknown))}, got {vector!r}")
    model = deepcopy(classifier.model)
    weight = model.embedding.weight.data
    known = weight[UNKNOWN + 1 :]
    drawn = torch.randn(weight.shape[1], generator=torch.Generator().manual_seed(seed)).to(weight)
    weight[UNKNOWN] = {
        "trained": lambda: weight[UNKNOWN],
        "zero": lambda: torch.zeros_like(drawn),
        "mean": lambda: known[-_RARE:].mean(dim=0),  # a vocabulary goes from frequent to rare
        "random": lambda: known.std() * drawn,
        "unit normal": lambda: drawn,
    }[vector]()
    return replace(classifier, model=model)


@dataclass(frozen=True, eq=False)
class AttackStudy:
    """What became of one kind of attack on N documents.

    Attributes
    ----------
    ranking : str
        How the words to change were chosen.
    max_changes : int
        The budget.
    outcomes : Counter of str to int
        Why the N attacks stopped.
    changes : Tensor of shape (S,), int64
        How many words were changed in each of the S documents whose changed text, read anew by the
        classifier, is predicted as another class.
    not_replayed : int
        How many documents had their prediction changed in the search, but keep their label when
        the changed text is read anew: rounding may do that where two classes tie. They are no
        successes.
    words : Counter of str to int
        How often each word was changed, over all documents, written as the classifier reads it.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> reviews, labels = ["A dull and lifeless film", "a smart and funny movie"], [0, 1]
    >>> study = attack_study(load_classifier("mr"), reviews, labels, max_changes=3)
    >>> study.success, study.by_budget
    (1.0, array([0., 0., 1., 1.]))
    >>> sorted(study.words)
    ['dull', 'funny', 'lifeless', 'smart']
    """

    ranking: Ranking
    max_changes: int
    outcomes: Counter[Outcome]
    changes: Int64[Tensor, " S"]
    not_replayed: int
    words: Counter[str]

    @property
    def documents(self) -> int:
        """The number N of documents."""
        return self.outcomes.total()

    @property
    def attacked(self) -> int:
        """How many documents were classified correctly to begin with."""
        return self.documents - self.outcomes["already misclassified"] - self.outcomes["no word"]

    @property
    def succeeded(self) -> int:
        """The number S of attacked documents that lost their label."""
        return len(self.changes)

    @property
    def success(self) -> float:
        """The attack success rate: ``succeeded`` as a share of ``attacked``."""
        return self.succeeded / self.attacked if self.attacked else 0.0

    @property
    def by_budget(self) -> Float[np.ndarray, " budgets"]:
        """The share of the attacked documents that fell within 0, 1, ... ``max_changes`` changes.

        A search goes the same way whatever its budget, so one run holds all smaller budgets.
        """
        counts = torch.bincount(self.changes, minlength=self.max_changes + 1).numpy()
        return counts.cumsum() / max(self.attacked, 1)


def attack_study(
    classifier: Classifier,
    texts: Sequence[str],
    labels: Labels,
    ranking: Ranking = "word_scores",
    max_changes: int = 10,
    *,
    typo: Typo = "look-alike",
    seed: int = 0,
) -> AttackStudy:
    """Attack many texts and count; every success is replayed from its changed text.

    Parameters
    ----------
    classifier, texts, labels, ranking, max_changes, typo, seed
        Each is described under ``attack_texts``.

    Returns
    -------
    AttackStudy
        Outcomes, successes by the number of changes, and how often each word was changed.

    Raises
    ------
    TypeError, ValueError
        If an argument is one that ``attack_texts`` refuses.

    References
    ----------
    Xu & Du (2020), section 4.3, RQ2 and Table 2.

    Examples
    --------
    >>> from interpbook import load_classifier, load_corpus
    >>> corpus = load_corpus("reviews", split="test")
    >>> texts, labels = corpus.texts[:50], corpus.labels[:50]
    >>> for ranking in ("random", "word_scores"):
    ...     study = attack_study(load_classifier("reviews"), texts, labels, ranking, max_changes=4)
    ...     print(f"{ranking}: {study.success:.0%} of {study.attacked}")
    random: 17% of 46
    word_scores: 72% of 46
    """
    # Chunk by chunk, texts or labels left over would not be seen.
    texts, labels = check_texts(texts, labels)
    outcomes: Counter[Outcome] = Counter()
    words: Counter[str] = Counter()
    changes, not_replayed = [], 0
    for start in range(0, max(len(texts), 1), _CHUNK):  # once without texts too, for the checks
        results = attack_texts(
            classifier,
            texts[start : start + _CHUNK],
            labels[start : start + _CHUNK],
            ranking,
            max_changes,
            typo=typo,
            seed=seed,
        )
        outcomes.update(result.outcome for result in results)
        words.update(
            word
            for result in results
            for change in result.changes
            for word in tokenize(change.before, lowercase=classifier.lowercase)
        )
        fallen = [result for result in results if result.succeeded]
        holds = replay(classifier, fallen)
        changes += [r.num_changes for r, held in zip(fallen, holds, strict=True) if held]
        not_replayed += holds.count(False)
    return AttackStudy(
        ranking=ranking,
        max_changes=max_changes,
        outcomes=outcomes,
        changes=torch.tensor(changes, dtype=torch.int64),
        not_replayed=not_replayed,
        words=words,
    )


def replay(classifier: Classifier, results: Sequence[AttackResult]) -> list[bool]:
    """Say of each attack whether its changed text, read anew, is predicted as another class.

    Parameters
    ----------
    classifier : Classifier
        The classifier that reads the changed texts.
    results : sequence of AttackResult
        The attacks.

    Returns
    -------
    list of bool
        One a result, in their order.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> from interpbook.attacks import attack
    >>> mr = load_classifier("mr")
    >>> result = attack(mr, "a smart and funny movie", label=1)
    >>> replay(mr, [result]), replay(with_unknown(mr, "zero"), [result])
    ([True], [False])
    """
    probabilities = classifier.predict_proba([result.text for result in results])
    return [
        int(row.argmax()) != result.label
        for row, result in zip(probabilities, results, strict=True)
    ]
