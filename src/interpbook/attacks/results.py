"""What became of an attack on one text: a record that checks itself and shows itself."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import get_args

from jaxtyping import Float
from torch import Tensor

from interpbook._html import marked_text, page, paragraph, table
from interpbook.attacks.rankings import Ranking
from interpbook.attacks.searches import Outcome
from interpbook.text import isolated, shortened

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
    """The change of one word of a text: an attacker's typo, or a speller's repair.

    Attributes
    ----------
    position : int
        The word's place among the words of the text, counted from 0.
    start, end : int
        ``original[start:end]`` is the word as the author wrote it.
    before, after : str
        The word as the author wrote it, and what replaces it.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> from interpbook.attacks import attack
    >>> attack(load_classifier("mr"), "a dull film with a great cast", label=0).changes
    (Change(position=1, start=2, end=6, before='dull', after='dvll'),)
    """

    position: int
    start: int
    end: int
    before: str
    after: str

    def __str__(self) -> str:
        before, after = (isolated(shortened(word)) for word in (self.before, self.after))
        return f"{before} -> {after}"


@dataclass(frozen=True, eq=False)
class AttackResult:
    """What became of an attack on one text; it shows itself in Jupyter.

    Attributes
    ----------
    original : str
        The text as given to the attack.
    label : int
        The class that the attack drives the prediction away from.
    class_names : tuple of str
        The c classes.
    ranking : str
        How the words to change were chosen.
    changes : tuple of Change
        The typos, in the order in which they were made.
    logits : Tensor of shape (changes + 1, c)
        The logits before the first change and after each; no row for a text without a word.
    outcome : str
        Why the attack stopped: the prediction changed, the budget was spent, no word was left that
        a typo could make unknown, the text was misclassified to begin with, or it holds no word.

    Raises
    ------
    ValueError
        If there is not one row of logits for each state of the text, a word was changed twice or
        stands elsewhere, or the outcome contradicts the logits.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> from interpbook.attacks import attack
    >>> result = attack(load_classifier("mr"), "A dull and lifeless film", label=0)
    >>> [str(change) for change in result.changes]
    ['lifeless -> lifele5s', 'dull -> dvll']
    >>> [f"{chance:.0%}" for chance in result.probabilities]
    ['100%', '94%', '41%']
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
        if self.outcome not in get_args(Outcome):
            raise ValueError(f"outcomes are {', '.join(get_args(Outcome))}, got {self.outcome!r}")
        changed = {"prediction changed": True, "already misclassified": False, "no word": False}
        if changed.get(self.outcome, bool(self.changes)) != bool(self.changes):
            raise ValueError(f"{self._counted()} cannot end with the outcome {self.outcome!r}")
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
