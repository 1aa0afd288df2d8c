"""Two views of B: what a word's row does to the loss, and what it says for one class."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal, get_args

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from interpbook.explanations import Explanation
from interpbook.markup import page, shortened, table

View = Literal["global", "local"]

_SHOWN_WORDS = 1000


@dataclass(frozen=True, eq=False)
class WordView:
    """One number a word, seen from one label; it shows itself in Jupyter.

    Attributes
    ----------
    explanation : Explanation
        Of the text.
    label : int
        The class that the view takes for correct.
    how : {"global", "local"}
        Which view.
    clip : float
        Lambda of the global view; the local one is not clipped.
    scores : Tensor of shape (L,)
        One score for each of the text's words. Global: the relative change of the loss when the
        word's row of B is taken away, without a unit. Local: the word's entry in the label's
        column of B, in logits. Positive: the word speaks for the label.

    Raises
    ------
    ValueError
        If there is not one score for each word.
    """

    explanation: Explanation
    label: int
    how: View
    clip: float
    scores: Float[Tensor, " L"]

    def __post_init__(self) -> None:
        if len(self.scores) != len(self.explanation.spans):
            raise ValueError(f"{len(self.explanation.spans)} words have {len(self.scores)} scores")

    @property
    def tokens(self) -> list[str]:
        """The words that the model read."""
        return self.explanation.tokens

    @property
    def class_name(self) -> str:
        """The label's name."""
        return self.explanation.class_names[self.label]

    def __repr__(self) -> str:
        text = shortened(self.explanation.text, 60)
        return f"WordView({self.how}, {shortened(self.class_name)}: {text!r})"

    def _repr_html_(self) -> str:
        unit = "logits"
        if self.how == "global":
            unit = (
                "the relative change of the loss without the word's row of B, clipped to "
                f"{-self.clip:g}..{self.clip:g}"
            )
        note = (
            f"Blue, solid line: speaks for {self.class_name}; orange, dotted: against it. "
            f"Numbers are {unit}."
        )
        scores = self.scores.tolist()
        return page(
            f"<p>{self.how.capitalize()} view from <strong>{escape(self.class_name)}</strong></p>",
            self.explanation.sentence_html(scores, [f"{score:+.2f}" for score in scores], note),
        )


def word_view(
    explanation: Explanation, label: int, how: View = "global", clip: float = 5.0
) -> WordView:
    """Look at B from one label, globally or locally.

    The global view asks what the loss H does when a word's row is taken out of the sum:
    s = (H(o - B[i], y) - H(o, y)) / H(o, y), clipped to -lambda..lambda. Equation (13) prints
    the clipping with min and max exchanged, which would let no score be smaller than lambda; the
    text below it says what is meant. A loss can do no more than vanish, so s is never below -1 and
    the lower clip counts for a lambda below 1 only. The local view is B's column of the label.

    With two classes, s rises with B[i, y] less B[i, other], but not with B[i, y] alone: the two
    views may order words differently. With more classes it rises with no such difference either.

    Parameters
    ----------
    explanation : Explanation
        What ``Classifier.explain`` returned.
    label : int
        The class taken for correct, 0..c-1.
    how : {"global", "local"}
        Which view.
    clip : float
        Lambda; 5 in the paper's Figure 6.

    Returns
    -------
    WordView
        One score a word.

    Raises
    ------
    ValueError
        If the label is no class, the view is unknown, or lambda is not positive.

    References
    ----------
    Xu & Du (2020), section 4.3, equation (13) and Figure 6.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> explanation = load_classifier("reviews").explain("A dull and lifeless film")
    >>> view = word_view(explanation, label=0)
    >>> len(view.scores), bool((view.scores.abs() <= 5).all())
    (5, True)
    """
    if how not in get_args(View):
        raise ValueError(f"views are {' and '.join(get_args(View))}, got {how!r}")
    if not clip > 0:
        raise ValueError(f"clip is a positive number, got {clip}")
    label = explanation.check_label(label)
    rows = explanation.word_scores[: len(explanation.spans)]
    if how == "local":
        return WordView(explanation, label, how, clip, rows[:, label])
    scores = leave_out_scores(explanation.logits, rows, label).clamp(-clip, clip).to(rows.dtype)
    return WordView(explanation, label, how, clip, scores)


def leave_out_scores(
    logits: Float[Tensor, " c"], rows: Float[Tensor, "L c"], label: int
) -> Float64[Tensor, " L"]:
    """Return s of equation (13) for each row of B, not clipped.

    In double precision: the loss of a confident prediction is tiny, and is divided by. Where it is
    too small even for that, a loss that grows does so infinitely.

    Examples
    --------
    >>> leave_out_scores(torch.tensor([0.0, 0.0]), torch.tensor([[1.0, 0.0], [0.0, 0.0]]), 0)
    tensor([0.8946, 0.0000], dtype=torch.float64)
    """
    logits, rows = logits.double(), rows.double()
    before, after = _loss(logits, label), _loss(logits - rows, label)
    change = torch.where(after > before, torch.inf, 0.0).to(before)
    return torch.where(before > 0, (after - before) / before, change)


def _loss(logits: Float64[Tensor, "*rows c"], label: int) -> Float64[Tensor, "*rows"]:
    """Return the cross entropy H(o, y), in nats: log(1 + the sum of exp(o_q - o_y) over q != y)."""
    others = torch.cat([logits[..., :label], logits[..., label + 1 :]], dim=-1)
    odds = others.logsumexp(dim=-1) - logits[..., label]
    return torch.logaddexp(odds, torch.zeros_like(odds))


def word_table(explanation: Explanation) -> str:
    """Return B as a table of words by classes, as HTML with every text escaped.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> "<td>dull</td>" in word_table(load_classifier("reviews").explain("A dull film"))
    True
    """
    scores, words = explanation.word_scores, len(explanation.spans)
    shown = explanation.spans[:_SHOWN_WORDS]
    rows = [(shortened(span.word), row) for span, row in zip(shown, scores, strict=False)]
    if len(shown) < words:
        rows.append((f"{words - len(shown):,} more words", scores[len(shown) : words].sum(dim=0)))
    if scores[words:].any():
        rows.append(("padding", scores[words:].sum(dim=0)))
    rows.append(("sum: the logits", scores.sum(dim=0)))
    return page(
        table(
            ["word", *(shortened(name) for name in explanation.class_names)],
            [[word, *(f"{score:+.2f}" for score in row.tolist())] for word, row in rows],
            caption="B, in logits: words by classes.",
        )
    )
