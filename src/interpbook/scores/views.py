"""Two views of B: what a word's row does to the loss, and what it says for one class."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal, get_args

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from interpbook._html import page, table
from interpbook.scores.explanations import Explanation
from interpbook.text import shortened

View = Literal["global", "local"]

_SHOWN_WORDS = 1000


@dataclass(frozen=True, eq=False)
class WordView:
    """One score for each word of a text, seen from one label; it shows itself in Jupyter.

    Attributes
    ----------
    explanation : Explanation
        The explanation of the text.
    label : int
        The class that the view takes for correct.
    how : {"global", "local"}
        Which of the two views the scores are.
    clip : float
        Lambda of the global view; scores of the local one are not clipped.
    scores : Tensor of shape (L,)
        One score for each of the text's words. Global: the relative change of the loss when the
        word's row of B is taken away, without a unit. Local: the word's entry in the label's
        column of B, in logits. Positive: the word speaks for the label.

    Raises
    ------
    ValueError
        If there is not one score for each word.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> view = word_view(load_classifier("mr").explain("A dull and lifeless film"), label=0)
    >>> view
    WordView(global, negative: 'A dull and lifeless film')
    >>> [word for word, clipped in zip(view.tokens, view.clipped) if clipped]
    ['dull', 'lifeless']
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

    @property
    def clipped(self) -> list[bool]:
        """For each word, whether its score stands for lambda or more in size."""
        at_lambda = self.scores.abs() >= torch.tensor(self.clip, dtype=self.scores.dtype)
        return (at_lambda & (self.how == "global")).tolist()

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
        titles = [
            f"{score:+.2f}" + (f" or {'more' if score > 0 else 'less'}" if cut else "")
            for score, cut in zip(scores, self.clipped, strict=True)
        ]
        return page(
            f"<p>{self.how.capitalize()} view from <strong>{escape(self.class_name)}</strong></p>",
            self.explanation.sentence_html(scores, titles, note),
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

    Before clipping, s rises with the fall of the label's log odds (``log_odds_falls``) and with
    nothing simpler. With two classes the fall is B[i, y] less B[i, other]; with more it is no
    difference of columns. It is never B[i, y] alone, so the two views may order words differently.

    Parameters
    ----------
    explanation : Explanation
        What ``Classifier.explain`` returned.
    label : int
        The class taken for correct, 0..c-1.
    how : {"global", "local"}
        Which of the two views to take.
    clip : float
        Lambda; it is 5 in the paper's Figure 6.

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
    >>> explanation = load_classifier("mr").explain("a dull film with a great cast")
    >>> for how in ("global", "local"):
    ...     view = word_view(explanation, label=0, how=how)
    ...     print(how, [round(score, 1) for score in view.scores.tolist()])
    global [0.2, 5.0, -0.4, -0.7, -0.2, -0.5, -0.2]
    local [0.1, 2.1, -0.3, -0.7, -0.1, -0.4, -0.1]
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

    The scores are computed in double precision, since the loss of a confident prediction is tiny
    and is divided by. Where the loss is zero even so, a word whose going makes it grow scores
    infinity.

    Parameters
    ----------
    logits : Tensor of shape (c,)
        o, with all rows of B in it.
    rows : Tensor of shape (L, c)
        Rows of B, each left out alone.
    label : int
        y, 0..c-1.

    Returns
    -------
    Tensor of shape (L,), float64
        The relative change of the loss, without a unit; positive where a row speaks for the label.

    Raises
    ------
    ValueError
        If the label is no class.

    References
    ----------
    Xu & Du (2020), equation (13), first line.

    Examples
    --------
    >>> leave_out_scores(torch.tensor([0.0, 0.0]), torch.tensor([[1.0, 0.0], [0.0, 0.0]]), 0)
    tensor([0.8946, 0.0000], dtype=torch.float64)
    """
    before, after = (_loss(odds) for odds in _odds_with_and_without(logits, rows, label))
    change = torch.where(after > before, torch.inf, 0.0).to(before)
    return torch.where(before > 0, (after - before) / before, change)


def log_odds_falls(
    logits: Float[Tensor, " c"], rows: Float[Tensor, "L c"], label: int
) -> Float64[Tensor, " L"]:
    """Return by how much the label's log odds fall without each row of B, in logits.

    The log odds of y are log(P(y) / (1 - P(y))) = o_y - log(the sum of exp(o_q) over q != y), and
    the cross entropy is log(1 + exp(-log odds)). So in one text s of equation (13) is a rising
    function of this fall, whatever the number of classes. With two classes it is B[i, y] less
    B[i, other]; with one class there are no odds, and nothing falls.

    Parameters
    ----------
    logits, rows, label
        Each is described under ``leave_out_scores``.

    Returns
    -------
    Tensor of shape (L,), float64
        The falls, in logits; positive where a row speaks for the label.

    Raises
    ------
    ValueError
        If the label is no class.

    References
    ----------
    Xu & Du (2020), equation (13): s before clipping is a function of these.

    Examples
    --------
    >>> log_odds_falls(torch.tensor([2.0, 0.0]), torch.tensor([[1.0, -0.5], [0.0, 0.5]]), 0)
    tensor([ 1.5000, -0.5000], dtype=torch.float64)
    """
    before, after = _odds_with_and_without(logits, rows, label)
    return torch.where(before.isfinite(), before - after, 0.0)


def _odds_with_and_without(
    logits: Float[Tensor, " c"], rows: Float[Tensor, "L c"], label: int
) -> tuple[Float64[Tensor, ""], Float64[Tensor, " L"]]:
    """Return the label's log odds, and those without each row; infinite for a single class."""
    if not 0 <= label < len(logits):  # a negative one would count from the end, and wrongly
        raise ValueError(f"the label lies in 0..{len(logits) - 1}, got {label}")
    logits, rows = logits.double(), rows.double()
    return _log_odds(logits, label), _log_odds(logits - rows, label)


def _log_odds(logits: Float64[Tensor, "*rows c"], label: int) -> Float64[Tensor, "*rows"]:
    others = torch.cat([logits[..., :label], logits[..., label + 1 :]], dim=-1)
    return logits[..., label] - others.logsumexp(dim=-1)


def _loss(log_odds: Float64[Tensor, "*rows"]) -> Float64[Tensor, "*rows"]:
    """Return the cross entropy H, in nats; a tiny one keeps its digits."""
    return torch.logaddexp(-log_odds, torch.zeros_like(log_odds))


def word_table(explanation: Explanation) -> str:
    """Return B as a table of words by classes, as HTML with every text escaped.

    Padding, where it has scores, gets one row, and the last row holds the logits.

    Parameters
    ----------
    explanation : Explanation
        The explanation of a text; all words after the thousandth share one row.

    Returns
    -------
    str
        A table in HTML.

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
