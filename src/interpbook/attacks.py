"""Attacks: a word ranking, a typo that makes a word unknown, and a search with a budget."""

from __future__ import annotations

import functools
import operator
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import get_args

import torch
from jaxtyping import Float
from torch import Tensor

from interpbook.classifier import Classifier
from interpbook.markup import marked_text, page, paragraph, shortened, table
from interpbook.searches import Outcome, Ranking, Search, search_changes
from interpbook.text import tokenize_with_spans
from interpbook.training import Labels, check_labels
from interpbook.typos import Typo, check_typo, misspell

_SHOWN_CHARACTERS, _SHOWN_CHANGES = 10_000, 100  # a page of HTML that still opens at once

_STOPPED: dict[Outcome, str] = {
    "prediction changed": "It stopped because the prediction changed.",
    "budget spent": "It stopped because the budget was spent; the prediction held.",
    "no word left": "It stopped because no word was left that a typo makes unknown; "
    "the prediction held.",
    "already misclassified": "It did not start: the text is misclassified as it is.",
    "no word": "It did not start: the text holds no word.",
}


@dataclass(frozen=True)
class Change:
    """One typo.

    Attributes
    ----------
    position : int
        The word's place among the words of the text, counted from 0.
    start, end : int
        ``original[start:end]`` is the word as the author wrote it.
    before, after : str
        The word and its typo.
    """

    position: int
    start: int
    end: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{shortened(self.before)} -> {shortened(self.after)}"


@dataclass(frozen=True, eq=False)
class AttackResult:
    """What became of an attack on one text; it shows itself in Jupyter.

    Attributes
    ----------
    original : str
        The text as given.
    label : int
        The class that the attack drives the prediction away from.
    class_names : tuple of str
        The c classes.
    ranking : str
        How the words to change were chosen.
    changes : tuple of Change
        In the order in which they were made.
    logits : Tensor of shape (changes + 1, c)
        Before the first change and after each; no row for a text without a word.
    outcome : str
        Why the attack stopped: the prediction changed, the budget was spent, no word was left that
        a typo could make unknown, the text was misclassified to begin with, or it holds no word.

    Raises
    ------
    ValueError
        If there is not one row of logits for each state of the text, a word was changed twice or
        stands elsewhere, or the outcome contradicts the logits.
    """

    original: str
    label: int
    class_names: tuple[str, ...]
    ranking: Ranking
    changes: tuple[Change, ...]
    logits: Float[Tensor, "states c"]
    outcome: Outcome

    def __post_init__(self) -> None:
        states = 0 if self.outcome == "no word" else len(self.changes) + 1
        if self.logits.shape != (states, len(self.class_names)):
            raise ValueError(
                f"{states} states of the text and {len(self.class_names)} classes have logits of "
                f"shape {tuple(self.logits.shape)}"
            )
        if len({change.position for change in self.changes}) < len(self.changes):
            raise ValueError(f"a word was changed twice: {self.changes}")
        for change in self.changes:
            if self.original[change.start : change.end] != change.before:
                raise ValueError(f"the text does not hold {change.before!r} at {change.start}")
        fallen = (self.logits.argmax(dim=1) != self.label).tolist()
        expected = self.outcome in ("prediction changed", "already misclassified")
        if fallen and (any(fallen[:-1]) or fallen[-1] != expected):
            raise ValueError(f"the logits do not agree with the outcome {self.outcome!r}")

    @property
    def succeeded(self) -> bool:
        """Whether the changes moved the prediction away from the label."""
        return self.outcome == "prediction changed"

    @property
    def num_changes(self) -> int:
        """How many words were changed."""
        return len(self.changes)

    @property
    def text(self) -> str:
        """The text with all changes made."""
        return self._rewritten()[0]

    @property
    def probabilities(self) -> Float[Tensor, " states"]:
        """The label's probability before the first change and after each."""
        return self.logits.softmax(dim=1)[:, self.label]

    def _rewritten(self) -> tuple[str, list[tuple[int, int]]]:
        """Return the text with all changes made, and where each change stands in it."""
        places = {}
        text, end = "", 0
        for number in sorted(range(len(self.changes)), key=lambda n: self.changes[n].start):
            change = self.changes[number]
            text += self.original[end : change.start]
            places[number] = (len(text), len(text) + len(change.after))
            text += change.after
            end = change.end
        return text + self.original[end:], [places[number] for number in range(len(self.changes))]

    def __repr__(self) -> str:
        return f"AttackResult({self.ranking}: {self.outcome} after {self._counted()})"

    def _counted(self) -> str:
        return "1 change" if self.num_changes == 1 else f"{self.num_changes} changes"

    def _repr_html_(self) -> str:
        name = escape(self.class_names[self.label])
        return page(
            f"<p>Attack on <strong>{name}</strong> by {self.ranking}: {self._counted()}.</p>",
            paragraph(_STOPPED[self.outcome]),
            self._text_html(),
            self._steps_html(),
        )

    def _text_html(self) -> str:
        text, spans = self._rewritten()
        shown = sorted(
            (*span, number) for number, span in enumerate(spans) if span[1] <= _SHOWN_CHARACTERS
        )
        note = "Changed words are bold, with a dashed line; above each stands when it was changed."
        left = len(text) - _SHOWN_CHARACTERS
        if left > 0:
            note += f" {left:,} more characters are not shown."
        return marked_text(
            text[:_SHOWN_CHARACTERS],
            [(start, end) for start, end, _ in shown],
            titles=[str(self.changes[number]) for *_, number in shown],
            notes=[str(number + 1) for *_, number in shown],
        ) + paragraph(note, note=True)

    def _steps_html(self) -> str:
        if not len(self.logits):
            return ""
        steps = ["as written", *map(str, self.changes)]
        rows = [
            [str(number), step, f"{chance:.1%}", shortened(self.class_names[predicted])]
            for number, (step, chance, predicted) in enumerate(
                zip(steps, self.probabilities.tolist(), self.logits.argmax(dim=1), strict=True)
            )
        ]
        name = self.class_names[self.label]
        caption = f"The probability of {name} after each change."
        if self.num_changes > _SHOWN_CHANGES:
            caption += f" {self.num_changes - _SHOWN_CHANGES:,} more changes are not shown."
        return table(
            ["change", "word", name, "predicted"], rows[: _SHOWN_CHANGES + 1], caption=caption
        )


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
        Its correct class, 0..c-1.
    ranking : str
        Which word is next; among equals, the first. ``"gradient"``: the largest gradient of the
        loss with respect to the word's vector (Text-fool). ``"word_scores"``: the largest entry in
        B's column of the label (Xu & Du). ``"updated_word_scores"``: the same with B computed again
        after each change. ``"exact"``: after each change again, the word whose own change leaves
        the label the least margin over the best other class. ``"random"``: any.
    max_changes : int
        The budget.
    typo : str
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
        If ``text`` is not a string.
    ValueError
        If the label is no class or the only one, the ranking or the typo is unknown, or the budget
        negative or no whole number.

    References
    ----------
    Xu & Du (2020), section 4.3, RQ2 and Table 2; Liang et al. (2018) for the gradient ranking.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("reviews")
    >>> result = attack(classifier, "A dull and lifeless film", label=0)
    >>> result.num_changes <= 10 and len(result.logits) == result.num_changes + 1
    True
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
        Their correct classes.
    batch_size : int
        Texts that are attacked side by side.
    classifier, ranking, max_changes, typo, seed
        As in ``attack``.

    Returns
    -------
    list of AttackResult
        One a text, in their order.

    Raises
    ------
    TypeError, ValueError
        As ``attack``; also if there is not one label a text.
    """
    if isinstance(texts, str):
        raise TypeError("expected several texts, got one string: put it in a list")
    if ranking not in get_args(Ranking):
        raise ValueError(f"rankings are {', '.join(get_args(Ranking))}, got {ranking!r}")
    check_typo(typo)
    _check_budget(max_changes)
    if len(classifier.class_names) == 1:
        raise ValueError("an attack needs a class to move to: the classifier has one class only")
    if len(texts) != len(labels):
        raise ValueError(f"each text has one label, got {len(texts)} texts, {len(labels)} labels")
    check_labels(labels, len(classifier.class_names))

    @functools.cache
    def typo_of(word: str) -> str | None:
        return misspell(
            word, classifier.vocabulary, kind=typo, seed=seed, lowercase=classifier.lowercase
        )

    labels = [int(label) for label in labels]
    targets = [_Target.of(text, classifier, typo_of) for text in texts]
    reading = [number for number, target in enumerate(targets) if target.ids]
    found = search_changes(
        classifier.model,
        [targets[number].ids for number in reading],
        [labels[number] for number in reading],
        ranking,
        max_changes,
        seeds=[_seed_of(texts[number], seed) for number in reading],
        changeable=lambda place, position: targets[reading[place]].typo(position) is not None,
        batch_size=batch_size,
    )
    searches = dict(zip(reading, found, strict=True))
    return [
        AttackResult(
            original=text,
            label=label,
            class_names=classifier.class_names,
            ranking=ranking,
            changes=target.changes(search.positions),
            logits=_stacked(search.logits, len(classifier.class_names)),
            outcome=search.outcome,
        )
        for number, (text, label, target) in enumerate(zip(texts, labels, targets, strict=True))
        for search in [searches.get(number, Search(outcome="no word"))]
    ]


def _check_budget(max_changes: int) -> None:
    """Raise a ValueError if the budget is no number of words."""
    try:
        possible = operator.index(max_changes) >= 0
    except TypeError:
        possible = False
    if not possible:
        raise ValueError(f"max_changes is a number of words, zero or more, got {max_changes!r}")


def _seed_of(text: str, seed: int) -> int:
    """Return a text's own seed, so that its neighbours do not matter."""
    return zlib.crc32(f"{seed} {text}".encode("utf-8", "surrogatepass"))


def _stacked(logits: Sequence[Tensor], classes: int) -> Float[Tensor, "states c"]:
    return torch.stack(list(logits)) if logits else torch.empty(0, classes)


@dataclass(frozen=True)
class _Target:
    """A text as an attacker sees it: the words that the model reads, and a typo for each."""

    text: str
    starts: list[int]
    ends: list[int]
    ids: list[int]
    typo_of: Callable[[str], str | None]

    @classmethod
    def of(cls, text: str, classifier: Classifier, typo_of: Callable[[str], str | None]) -> _Target:
        spans = tokenize_with_spans(text, lowercase=classifier.lowercase)
        spans = spans[: classifier.model.config.max_length]
        return cls(
            text,
            [span.start for span in spans],
            [span.end for span in spans],
            classifier.vocabulary.encode([span.word for span in spans]),
            typo_of,
        )

    def written(self, position: int) -> str:
        """Return a word as the author wrote it."""
        return self.text[self.starts[position] : self.ends[position]]

    def typo(self, position: int) -> str | None:
        """Return the word's typo, None if none makes it unknown."""
        return self.typo_of(self.written(position))

    def changes(self, positions: Sequence[int]) -> tuple[Change, ...]:
        """Return what is done to the text when these words are changed."""
        return tuple(
            Change(
                position=position,
                start=self.starts[position],
                end=self.ends[position],
                before=self.written(position),
                after=self.typo(position),
            )
            for position in positions
        )
