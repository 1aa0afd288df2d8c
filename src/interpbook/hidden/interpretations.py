"""An interpretation of one text: its strongest locations, each with the words that stand for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import zip_longest
from numbers import Integral

from jaxtyping import Float
from torch import Tensor

from interpbook._checks import number_from
from interpbook._html import SHOWN_WORDS, page, read_text_html, table
from interpbook.classifier import Classifier
from interpbook.hidden.fields import Fields
from interpbook.hidden.inversion import Climb, invert_fields
from interpbook.hidden.neighbours import nearest_words
from interpbook.hidden.objectives import Objective
from interpbook.hidden.saliency import ReadBatch
from interpbook.models import as_deep_text_cnn
from interpbook.text import Token, isolated, pad, shortened

_SHOWN_LETTERS = 20  # of a word in a table


@dataclass(frozen=True, eq=False)
class LocationReading:
    """What one location of a hidden layer attends to.

    Attributes
    ----------
    location : int
        Its place; the word in its middle.
    field : range
        The words it can see.
    saliency : float
        What it adds to the class's logit, to first order.
    words : tuple of (str, float)
        The words nearest to its overall vector, each with the cosine; none if the location answers
        nothing that was found for it, which more restarts or steps may mend.
    overall : Tensor of shape (m,)
        The overall vector, equation (8).

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> settings = {"locations": 1, "words": 2, "steps": 200, "learning_rate": 0.02}
    >>> found = interpret(load_classifier("mr_deep"), "a tedious and charming film", **settings)
    >>> (reading,) = found.readings
    >>> reading.location, reading.field, len(reading.words)
    (1, range(0, 4), 2)
    """

    location: int
    field: range
    saliency: float
    words: tuple[tuple[str, float], ...]
    overall: Float[Tensor, " m"] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Interpretation:
    """A text, a layer's saliency for a class, and readings of its strongest locations.

    Attributes
    ----------
    text : str
        The text as it was given.
    spans : tuple of Token
        The words that the model read and where they stand in the text.
    unread : int
        Words after ``max_length``, which the model never sees.
    known : tuple of bool
        For each word, whether it is in the model's vocabulary.
    class_names : tuple of str
        The c classes.
    logits : Tensor of shape (c,)
        The model's output for the text.
    target : int
        The class that is asked about.
    layer : int
        The layer of the locations, 1 for the first convolution.
    saliency : Tensor of shape (l,)
        The saliency of every location, in logits.
    readings : tuple of LocationReading
        What the locations attend to, the strongest location first.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> settings = {"locations": 2, "words": 2, "steps": 200, "learning_rate": 0.02}
    >>> found = interpret(load_classifier("mr_deep"), "a tedious and charming film", **settings)
    >>> found.tokens[found.readings[0].location], found.class_names[found.target]
    ('tedious', 'negative')
    >>> len(found.words)
    4
    """

    text: str
    spans: tuple[Token, ...]
    unread: int
    known: tuple[bool, ...]
    class_names: tuple[str, ...]
    logits: Float[Tensor, " c"]
    target: int
    layer: int
    saliency: Float[Tensor, " l"]
    readings: tuple[LocationReading, ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        """The words that the model read."""
        return tuple(span.word for span in self.spans)

    @property
    def words(self) -> list[str]:
        """The words of all readings, the strongest location's first: a text to be read back."""
        return [word for reading in self.readings for word, _ in reading.words]

    def __repr__(self) -> str:
        places = ", ".join(str(reading.location) for reading in self.readings)
        name = shortened(self.class_names[self.target], 30)
        return (
            f"Interpretation({shortened(self.text, 60)!r}: {name}, layer {self.layer}, "
            f"locations {places})"
        )

    def _repr_html_(self) -> str:
        predicted = int(self.logits.argmax())
        chance = float(self.logits.softmax(dim=0)[predicted])
        layer = "the embedding" if self.layer == 0 else f"layer {self.layer}"
        return page(
            f"<p>Predicted: <strong>{escape(self.class_names[predicted])}</strong> "
            f"({chance:.1%}). Asked about: <strong>{escape(self.class_names[self.target])}"
            f"</strong>, {layer}.</p>",
            self._sentence_html(),
            self._locations_html(),
            self._words_html(),
        )

    def _sentence_html(self) -> str:
        rank = {reading.location: n for n, reading in enumerate(self.readings, start=1)}
        titles = [
            f"location {i}, {score:+.2f}" + (f", reading {rank[i]}" if i in rank else "")
            for i, score in enumerate(self.saliency[:SHOWN_WORDS].tolist())
        ]
        note = (
            f"Each word stands for the location above it. Blue, solid line: saliency for "
            f"{self.class_names[self.target]}; orange, dotted: against it. Numbers are logits."
        )
        return read_text_html(
            self.text,
            self.spans,
            self.saliency.tolist(),
            titles=titles,
            known=self.known,
            unread=self.unread,
            note=note,
        )

    def _locations_html(self) -> str:
        tokens = self.tokens
        rows = [
            [
                str(number),
                f"{reading.location} {self._word_at(reading.location)}",
                f"{reading.saliency:+.2f}",
                shortened(" ".join(tokens[i] for i in reading.field), 100),
            ]
            for number, reading in enumerate(self.readings, start=1)
        ]
        header = ["reading", "location", "saliency", "words it sees"]
        return table(header, rows, caption="The locations that were inverted.")

    def _word_at(self, location: int) -> str:
        return isolated(shortened(self.tokens[location], _SHOWN_LETTERS))

    def _words_html(self) -> str:
        names = [
            f"{number} {self._word_at(reading.location)}"
            for number, reading in enumerate(self.readings, start=1)
        ]
        nearest = [
            [
                f"{isolated(shortened(word, _SHOWN_LETTERS))} {cosine:.2f}"
                for word, cosine in reading.words
            ]
            or ["no answer"]
            for reading in self.readings
        ]
        rows = [
            [str(rank), *row]
            for rank, row in enumerate(zip_longest(*nearest, fillvalue=""), start=1)
        ]
        caption = "The words nearest to each overall vector, with the cosine."
        return table(["rank", *names], rows, caption=caption)


def interpret(
    classifier: Classifier,
    text: str,
    *,
    layer: int = 1,
    target: int | None = None,
    locations: int | Sequence[int] = 3,
    words: int = 10,
    l2: float = 0.004,
    similarity: float = 0.02,
    steps: int = 2000,
    learning_rate: float = 2e-4,
    restarts: int = 1,
    seed: int = 0,
) -> Interpretation:
    """Find the strongest locations of a text, invert them and name the nearest words.

    Parameters
    ----------
    classifier : Classifier
        A classifier whose model is a DeepTextCNN.
    text : str
        One text; words after ``max_length`` are not read.
    layer : int
        The layer of the locations, 1 for the first convolution.
    target : int, optional
        The class that is asked about; the predicted one by default.
    locations : int or sequence of int
        How many of the strongest locations are read, or the word positions of those to read.
    words : int
        How many words are named for each location.
    l2, similarity, steps, learning_rate, restarts, seed
        Each is described under ``invert``. Of several random starts the one that climbed
        highest is read.

    Returns
    -------
    Interpretation
        What the text's strongest locations attend to; in Jupyter it shows itself.

    Raises
    ------
    TypeError, ValueError
        If the model is no DeepTextCNN, the text holds no word, no location is alive, or ``invert``
        refuses one of its arguments.

    References
    ----------
    Yuan et al. (2019), Figure 1.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> settings = {"locations": 1, "words": 2, "steps": 200, "learning_rate": 0.02}
    >>> interpret(load_classifier("mr_deep"), "a tedious and charming film", **settings)
    Interpretation('a tedious and charming film': negative, layer 1, locations 1)
    """
    deep = as_deep_text_cnn(classifier.model)
    read = classifier.read(text)
    length = len(read.ids)
    batch = ReadBatch.of(deep, pad([read.ids]), layer)
    (logits,) = batch.logits
    target = int(logits.argmax()) if target is None else target
    scores = batch.saliency(layer, target).sum(dim=1)
    saliency = scores[0, :length]
    if isinstance(locations, Integral):
        sentence = f"locations are a positive number or a list, got {locations}"
        count = number_from(locations, 1, sentence)
        (ranked,) = batch.strongest(layer, scores, deep.config.max_length)
        # Under "paper" a location may stand after the text's end.
        chosen = [i for i in ranked if i < length][:count]
        if not chosen:
            raise ValueError(
                f"no location of layer {layer} answers this text: choose another text or layer"
            )
    else:
        chosen = locations
    inversion = invert_fields(
        Fields.of_batch(batch, layer, chosen),
        Objective(l2, similarity),
        Climb(steps, learning_rate, restarts, seed),
    )
    # What a location does not answer is no more than a random start: its words mean nothing.
    answered = inversion.answered.any(dim=0).tolist()
    found = nearest_words(deep, classifier.vocabulary, inversion.overall, words)
    return Interpretation(
        text,
        read.spans,
        read.unread,
        read.known,
        classifier.class_names,
        logits,
        target,
        layer,
        saliency,
        tuple(
            LocationReading(
                location,
                deep.receptive_field(layer, location, length),
                float(saliency[location]),
                tuple(near) if answers else (),
                overall,
            )
            for location, near, overall, answers in zip(
                inversion.fields.locations.tolist(),
                found,
                inversion.overall,
                answered,
                strict=True,
            )
        ),
    )
