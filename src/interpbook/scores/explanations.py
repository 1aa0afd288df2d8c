"""One text, explained: its words, its n-grams and the two column sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from interpbook._checks import number_from
from interpbook._html import SHOWN_WORDS, page, read_text_html, table
from interpbook.models import TextCNN
from interpbook.scores.matrices import decompose
from interpbook.text import PADDING_WORD, EncodedText, Token, Vocabulary, pad, shortened

_SHOWN_NGRAMS = 8


@dataclass(frozen=True)
class Ngram:
    """An n-gram that filters chose, and what it did to the prediction.

    Attributes
    ----------
    words : tuple of str
        Its n words; ``<pad>`` where the window reaches past the text's end.
    start : int
        Its first word's position, counted from 0.
    filters : int
        How many filters chose it.
    score : float
        What those filters' rows of A say for a class against the mean of the others, in logits.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> ngram = load_classifier("mr").explain("A dull and lifeless film").ngrams()[0]
    >>> str(ngram), ngram.start, ngram.filters
    ('dull and lifeless', 1, 19)
    >>> str(Ngram(("dull", "film", "<pad>"), start=4, filters=1, score=0.3))
    'dull film ·'
    """

    words: tuple[str, ...]
    start: int
    filters: int
    score: float

    def __str__(self) -> str:
        """Write the words in a row, a dot for padding."""
        return " ".join("·" if word == PADDING_WORD else word for word in self.words)


@dataclass(frozen=True, eq=False)
class Explanation:
    """What a model made of one text; it shows itself in Jupyter.

    Attributes
    ----------
    text : str
        The text as it was given.
    spans : tuple of Token
        The L words that the model read and where they stand in the text.
    unread : int
        How many words come after ``max_length``, which the model never sees.
    known : tuple of bool
        For each word, whether it is in the model's vocabulary.
    class_names : tuple of str
        The c classes.
    logits : Tensor of shape (c,)
        The model's output.
    ngram_scores : Tensor of shape (k, c)
        A, in logits.
    word_scores : Tensor of shape (l, c)
        B, in logits; rows from L on belong to padding.
    pooled, starts, widths : Tensors of shape (k,)
        Each filter's u_max, where its best window starts, and its width.

    Raises
    ------
    ValueError
        If there is not one class name a logit, or not a row of B for each word.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> explanation = load_classifier("mr").explain("A dull and lifeless film")
    >>> explanation
    Explanation('A dull and lifeless film': negative 100%)
    >>> [f"{word} {score:+.1f}" for word, score in zip(explanation.tokens, explanation.evidence())]
    ['a -0.1', 'dull +3.6', 'and -0.5', 'lifeless +4.0', 'film -0.5']
    >>> [str(ngram) for ngram in explanation.ngrams()[:2]]
    ['dull and lifeless', 'a dull and lifeless']
    """

    text: str
    spans: tuple[Token, ...]
    unread: int
    known: tuple[bool, ...]
    class_names: tuple[str, ...]
    logits: Float[Tensor, " c"]
    ngram_scores: Float[Tensor, "k c"]
    word_scores: Float[Tensor, "l c"]
    pooled: Float[Tensor, " k"]
    starts: Int64[Tensor, " k"]
    widths: Int64[Tensor, " k"]

    def __post_init__(self) -> None:
        if len(self.class_names) != len(self.logits):
            raise ValueError(
                f"expected {len(self.logits)} class names, one a logit, got {self.class_names}"
            )
        if len(self.spans) > len(self.word_scores):
            raise ValueError(
                f"{len(self.spans)} words have only {len(self.word_scores)} rows of word scores"
            )

    @property
    def tokens(self) -> list[str]:
        """The words that the model read."""
        return [span.word for span in self.spans]

    @property
    def probabilities(self) -> Float[Tensor, " c"]:
        """The softmax of the logits."""
        return self.logits.softmax(dim=0)

    @property
    def predicted(self) -> int:
        """The number of the class with the largest logit."""
        return int(self.logits.argmax())

    @property
    def silent_filters(self) -> int:
        """How many filters are silent: their u_max is not above zero."""
        return int((self.pooled <= 0).sum())

    def evidence(self, label: int | None = None) -> Float[Tensor, " l"]:
        """Return what each word says for a class against the mean of the others, in logits.

        It is B's column of the class less the mean of the other columns, so it sums to the logit of
        the class less the mean of the other logits. With two classes this is the margin of the one
        over the other.

        Parameters
        ----------
        label : int, optional
            A class number; the predicted class if left out.

        Raises
        ------
        ValueError
            If the label is outside 0..c-1.
        """
        return self.word_scores @ _contrast(self.check_label(label), len(self.logits), self.logits)

    def ngrams(
        self, label: int | None = None, *, filters: Bool[Tensor, " k"] | None = None
    ) -> list[Ngram]:
        """Return the n-grams that filters chose, the most decisive first.

        Parameters
        ----------
        label : int, optional
            A class number; the predicted class if left out.
        filters : Tensor of shape (k,), bool, optional
            Which filters count; those that are not dead if left out.

        Raises
        ------
        ValueError
            If the label is outside 0..c-1.
        """
        contrast = _contrast(self.check_label(label), len(self.logits), self.logits)
        scores = self.ngram_scores @ contrast
        windows: dict[tuple[int, int], list[float]] = {}
        counted = self.pooled > 0 if filters is None else filters
        for p in torch.nonzero(counted).flatten().tolist():
            window = (int(self.starts[p]), int(self.widths[p]))
            windows.setdefault(window, []).append(float(scores[p]))
        words = [*self.tokens, *[PADDING_WORD] * (len(self.word_scores) - len(self.spans))]
        found = [
            Ngram(tuple(words[start : start + width]), start, len(votes), sum(votes))
            for (start, width), votes in windows.items()
        ]
        return sorted(found, key=lambda ngram: (-abs(ngram.score), ngram.start, len(ngram.words)))

    def check_label(self, label: int | None) -> int:
        """Return a class number, the predicted one for None; raise a ValueError if it is none."""
        if label is None:
            return self.predicted
        sentence = (
            f"the label lies in 0..{len(self.class_names) - 1} {self.class_names}, got {label!r}"
        )
        return number_from(label, 0, sentence, below=len(self.class_names))

    def __repr__(self) -> str:
        chance = float(self.probabilities[self.predicted])
        text = shortened(self.text, 60)
        return f"Explanation({text!r}: {self.class_names[self.predicted]} {chance:.0%})"

    def _repr_html_(self) -> str:
        name = self.class_names[self.predicted]
        chance = float(self.probabilities[self.predicted])
        return page(
            f"<p>Predicted: <strong>{escape(name)}</strong> ({chance:.1%})</p>",
            self._sentence_html(),
            self._ngrams_html(),
            self._sums_html(),
        )

    def _sentence_html(self) -> str:
        titles = [
            ", ".join(
                f"{name} {score:+.2f}" for name, score in zip(self.class_names, row, strict=True)
            )
            for row in self.word_scores[:SHOWN_WORDS].tolist()
        ]
        name = self.class_names[self.predicted]
        note = (
            f"Blue, solid line: speaks for {name}; orange, dotted: against it. Numbers are logits, "
            f"{self._rival()}."
        )
        return self.sentence_html(self.evidence().tolist(), titles, note)

    def sentence_html(self, scores: Sequence[float], titles: Sequence[str], note: str) -> str:
        """Return the text, or its first thousand words, coloured by scores, and a note below.

        Parameters
        ----------
        scores : sequence of float
            A number for each word; those after the last word are ignored.
        titles : sequence of str
            For each word, what a pointer resting on it shows after the word itself.
        note : str
            What the colours mean; a remark on words that are left out is added to it.
        """
        return read_text_html(
            self.text,
            self.spans,
            scores,
            titles=titles,
            known=self.known,
            unread=self.unread,
            note=note,
        )

    def _rival(self) -> str:
        if len(self.class_names) == 2:
            return f"{self.class_names[self.predicted]} less {self.class_names[1 - self.predicted]}"
        return f"{self.class_names[self.predicted]} less the mean of the other classes"

    def _ngrams_html(self) -> str:
        rows = [
            [shortened(str(ngram), 100), str(ngram.filters), f"{ngram.score:+.2f}"]
            for ngram in self.ngrams()[:_SHOWN_NGRAMS]
        ]
        caption = (
            f"The n-grams behind it ({self._rival()}); {self.silent_filters} of "
            f"{len(self.pooled)} filters are silent."
        )
        return table(["n-gram", "filters", "logits"], rows, caption=caption)

    def _sums_html(self) -> str:
        rows = [
            [name, *(f"{float(value):.3f}" for value in values)]
            for name, *values in zip(
                self.class_names,
                self.ngram_scores.sum(dim=0),
                self.word_scores.sum(dim=0),
                self.logits,
                self.probabilities,
                strict=True,
            )
        ]
        header = ["class", "sum of A", "sum of B", "logit", "probability"]
        return table(header, rows, caption="Both matrices add up to the logits.")


def _contrast(label: int, classes: int, like: Tensor) -> Float[Tensor, " c"]:
    """Return the weights that take one class less the mean of the others."""
    if classes == 1:
        return torch.ones_like(like)
    weights = torch.full_like(like, -1 / (classes - 1))
    weights[label] = 1.0
    return weights


def explain(
    model: TextCNN,
    vocabulary: Vocabulary,
    class_names: Sequence[str],
    text: str,
    *,
    lowercase: bool = True,
) -> Explanation:
    """Decompose the prediction for one text; ``Classifier.explain`` calls this.

    Parameters
    ----------
    model : TextCNN
        The model whose logits are explained.
    vocabulary : Vocabulary
        The V words of the model's embedding.
    class_names : sequence of str
        The c classes, in the order of the logits.
    text : str
        Words after the model's ``max_length`` are not read.
    lowercase : bool
        Whether the text is lower-cased before look-up.

    Returns
    -------
    Explanation
        Both matrices, the words with their places in the text, and the logits.

    Raises
    ------
    TypeError
        If ``text`` is not a string.
    ValueError
        If ``text`` holds no word.

    References
    ----------
    Xu & Du (2020), equations (3)-(11).

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> mr = load_classifier("mr")
    >>> found = explain(mr.model, mr.vocabulary, mr.class_names, "a triumph, not a chore")
    >>> print(f"{found.class_names[found.predicted]}: {found.ngrams()[0]}")  # misled by "chore"
    negative: triumph not a chore
    """
    read = EncodedText.of(text, vocabulary, max_length=model.config.max_length, lowercase=lowercase)
    scores = decompose(model, pad([read.ids]).to(model.output.weight.device))
    return Explanation(
        text=text,
        spans=read.spans,
        unread=read.unread,
        known=read.known,
        class_names=tuple(class_names),
        logits=scores.logits[0],
        ngram_scores=scores.ngram_scores[0],
        word_scores=scores.word_scores[0],
        pooled=scores.pooled[0],
        starts=scores.starts[0],
        widths=scores.widths,
    )
