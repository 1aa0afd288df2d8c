"""From raw text to integer ids: tokens, a vocabulary, padded batches."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeVar

import regex
import torch
from jaxtyping import Int64
from torch import Tensor

T = TypeVar("T")

PADDING, UNKNOWN = 0, 1
PADDING_WORD, UNKNOWN_WORD = "<pad>", "<unk>"

# What a reader takes for an apostrophe: quotes, accents without a letter, primes, and letters of
# other scripts that look like one. And what looks like a blank or a stop, though it is a letter.
_APOSTROPHES = regex.compile("[’‘‛`´′‵ʹʻʼʽʾʿˈ՚׳ꞌ＇｀]")
_BLANKS = regex.compile("[\u3164\uffa0ʺˮːǃǀ]")
# In these scripts a space without width stands between words; in others nobody means it.
_WIDTHLESS_SPACE = regex.compile(r"([\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])\u200b")

# What a reader does not see: soft hyphens, signs without width, marks of direction and variation,
# control signs but those that break a line.
_UNSEEN = r"\p{DI}\x00-\x08\x0e-\x1b\x7f"

# A letter or digit, then letters, digits and combining marks, and what is not seen between them; an
# apostrophe may stand inside. Any script: Hindi vowel signs and Hebrew points are marks, which
# Python's own \w would split at.
_WORD = regex.compile(
    rf"[\p{{L}}\p{{N}}][\p{{L}}\p{{M}}\p{{N}}{_UNSEEN}]*"
    rf"(?:'[{_UNSEEN}]*[\p{{L}}\p{{N}}][\p{{L}}\p{{M}}\p{{N}}{_UNSEEN}]*)*"
)
_UNSEEN_END = regex.compile(f"[{_UNSEEN}]+$")
# Joiners without width belong to the spelling of Persian and Hindi, not of these scripts.
_UNSEEN_INSIDE = regex.compile(rf"(?![\u200c\u200d])[{_UNSEEN}]")
_JOINERS_OF_NONE = regex.compile(r"([\p{Latin}\p{Greek}\p{Cyrillic}\p{N}'])[\u200c\u200d]+")

# Letters and digits in another width or font, and letters joined into one sign.
_OTHER_FORMS = regex.compile("[ſ℀-⅏ﬀ-ﷹﹰ-ﻼ０-ￜ\U0001d400-\U0001d7ff]")
_LETTERS = regex.compile(r"[\p{L}\p{M}\p{N}]+")

# Greek and Cyrillic letters that look like Latin ones; so they are read in words of Latin letters.
_LATIN_TWINS = dict(
    zip(
        map(ord, "аеорсухіјѕһԁԛԝАВЕКМНОРСТХУІЈЅԚԜοΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"),
        "aeopcyxijshdqwABEKMHOPCTXYIJSQWoABEZHIKMNOPTYX",
        strict=True,
    )
)
_TWINS = "".join(map(chr, _LATIN_TWINS))
_LATIN_WITH_TWINS = regex.compile(
    rf"(?=.*\p{{Latin}})(?=.*[{_TWINS}])[\p{{Latin}}\p{{M}}\p{{N}}'{_TWINS}]+"
)

# In plain English text this finds the same words, twice as fast.
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+(?:'[A-Za-z0-9]+)*")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")


_LEFTWARDS = regex.compile(r"[\p{Bidi_Class=R}\p{Bidi_Class=AL}]")


class Token(NamedTuple):
    """A word and where it stands: ``text[start:end]`` is how the author wrote it.

    Examples
    --------
    >>> token = Token("isn't", 3, 8)
    >>> "It isn't bad."[token.start : token.end]
    "isn't"
    """

    word: str
    start: int
    end: int


def tokenize_with_spans(text: str, *, lowercase: bool = True) -> list[Token]:
    """Split a text into words that remember their place in it.

    Parameters
    ----------
    text : str
        Any Unicode text.
    lowercase : bool
        Whether ``word`` is lower-cased; the spans always point into the text as given.

    Examples
    --------
    >>> tokenize_with_spans("It isn't bad.")[1]
    Token(word="isn't", start=3, end=8)
    """
    words, spans = words_and_spans(text, lowercase=lowercase)
    return [Token(word, *span) for word, span in zip(words, spans, strict=True)]


def words_and_spans(
    text: str, *, lowercase: bool = True
) -> tuple[list[str], list[tuple[int, int]]]:
    """Return the words and their places side by side: half the time of a list of tokens.

    Parameters
    ----------
    text : str
        Any Unicode text.
    lowercase : bool
        Whether words are lower-cased; the spans always point into the text as given.

    Returns
    -------
    words : list of str
        The words in reading order.
    spans : list of (int, int)
        Where each word starts and ends in the text.

    Examples
    --------
    >>> words_and_spans("It isn't bad.")
    (['it', "isn't", 'bad'], [(0, 2), (3, 8), (9, 12)])
    """
    if not isinstance(text, str):
        raise TypeError(f"expected a text (str), got {type(text).__name__}: pass one string")
    if text.isascii() and not _CONTROL.search(text):
        read = text.replace("`", "'")  # every sign keeps its place
        read = read.lower() if lowercase else read
        spans = [match.span() for match in _ASCII_WORD.finditer(read)]
        return [read[start:end] for start, end in spans], spans
    read = _BLANKS.sub(" ", _APOSTROPHES.sub("'", text))
    read = _WIDTHLESS_SPACE.sub(r"\1 ", read)  # of the same length, all three
    words, spans = [], []
    for match in _WORD.finditer(read):
        written = _UNSEEN_END.sub("", match[0])
        words.append(_as_seen(written, lowercase))
        spans.append((match.start(), match.start() + len(written)))
    return words, spans


def _as_seen(written: str, lowercase: bool) -> str:
    """Spell a word with the signs that a reader sees in it."""
    if written.isascii() and not _CONTROL.search(written):
        return written.lower() if lowercase else written
    word = _JOINERS_OF_NONE.sub(r"\1", _UNSEEN_INSIDE.sub("", written))
    word = _OTHER_FORMS.sub(_usual_form, word)
    if _LATIN_WITH_TWINS.fullmatch(word):
        word = word.translate(_LATIN_TWINS)
    # Lower-casing can take a word out of normal form, so that comes last.
    return unicodedata.normalize("NFC", word.lower() if lowercase else word)


def _usual_form(sign: regex.Match[str]) -> str:
    usual = unicodedata.normalize("NFKC", sign[0])
    return usual if _LETTERS.fullmatch(usual) else sign[0]


def tokenize(text: str, *, lowercase: bool = True) -> list[str]:
    r"""Split a text into words.

    A word is a run of letters and digits of any script with the marks that belong to them; an
    apostrophe inside a word stays ("isn't" is one word), every other sign separates. Punctuation
    and emoji are not words.

    Words that look alike are the same word: every sign that a reader takes for an apostrophe is
    one, what has no width or no ink is left out (but the joiners of Persian and Hindi stay), "ﬁlm"
    and "ｆｉｌｍ" are "film", and a Cyrillic or Greek letter among Latin ones is its Latin twin.

    Parameters
    ----------
    text : str
        Any Unicode text.
    lowercase : bool
        Set to False to keep the case.

    Returns
    -------
    list of str
        The words in reading order; empty for a text without a letter or digit.

    Examples
    --------
    >>> tokenize("What a good movie")
    ['what', 'a', 'good', 'movie']
    >>> tokenize("It's NOT good!!", lowercase=False)
    ["It's", 'NOT', 'good']
    >>> tokenize("It isn´t a ﬁlm; it isn‘t a mo\u00advie.")
    ['it', "isn't", 'a', 'film', 'it', "isn't", 'a', 'movie']
    """
    return words_and_spans(text, lowercase=lowercase)[0]


def check_tokenized(words: Iterable[T]) -> Iterable[T]:
    """Return the words as given; raise a TypeError if they are a string, still in one piece.

    Parameters
    ----------
    words : iterable
        A document's words, or a corpus's documents.

    Examples
    --------
    >>> check_tokenized(["a", "good", "movie"])
    ['a', 'good', 'movie']
    """
    if isinstance(words, str):
        raise TypeError("expected tokenized documents (lists of words), got a str: use tokenize")
    return words


@dataclass(frozen=True)
class Vocabulary:
    """The words a model knows; a word's place in the list is its id.

    Id 0 is padding and id 1 stands for every unknown word; real words follow, the most frequent
    first.

    Parameters
    ----------
    words : tuple of str
        All V words, ``("<pad>", "<unk>", ...)``.

    Raises
    ------
    ValueError
        If the list does not begin with the two special words or repeats a word.

    Examples
    --------
    >>> vocabulary = Vocabulary.build([["a", "good", "movie"], ["a", "movie"]], max_size=4)
    >>> vocabulary.words
    ('<pad>', '<unk>', 'a', 'movie')
    >>> vocabulary.encode(["a", "good", "movie"])
    [2, 1, 3]
    """

    words: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", tuple(self.words))
        if self.words[:2] != (PADDING_WORD, UNKNOWN_WORD):
            raise ValueError(
                f"a vocabulary begins with {PADDING_WORD!r}, {UNKNOWN_WORD!r}, "
                f"got {self.words[:2]}: build it with Vocabulary.build"
            )
        if len(self._ids) != len(self.words):
            word, times = Counter(self.words).most_common(1)[0]
            raise ValueError(f"a vocabulary lists each word once, got {word!r} {times} times")

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: id_ for id_, word in enumerate(self.words)}

    @classmethod
    def build(
        cls,
        documents: Iterable[Sequence[str]],
        *,
        max_size: int | None = None,
        min_count: int = 1,
    ) -> Vocabulary:
        """Collect the most frequent words of tokenized documents; ties go by the alphabet.

        Parameters
        ----------
        documents : iterable of sequences of str
            Tokenized documents.
        max_size : int, optional
            The largest number of words V, the two special ones included.
        min_count : int
            Leave out words that occur less often than this.

        Raises
        ------
        TypeError
            If a document is a string, not its words.
        """
        counts = Counter(word for document in documents for word in check_tokenized(document))
        for special in (PADDING_WORD, UNKNOWN_WORD):
            counts.pop(special, None)
        frequent = [word for word, count in counts.items() if count >= min_count]
        frequent.sort(key=lambda word: (-counts[word], word))
        room = None if max_size is None else max(max_size - 2, 0)
        return cls((PADDING_WORD, UNKNOWN_WORD, *frequent[:room]))

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._ids

    def id(self, word: str) -> int:
        """Return the id of a word, 1 if it is unknown."""
        return self._ids.get(word, UNKNOWN)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Turn words into ids; unknown words become id 1.

        Raises
        ------
        TypeError
            If ``tokens`` is a string, not its words.
        """
        find = self._ids.get
        return [find(token, UNKNOWN) for token in check_tokenized(tokens)]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Turn ids back into words.

        Raises
        ------
        ValueError
            If an id is outside 0..V-1.
        """
        ids = [int(id_) for id_ in ids]
        for id_ in ids:
            if not 0 <= id_ < len(self):
                raise ValueError(f"ids lie in 0..{len(self) - 1} here, got {id_}")
        return [self.words[id_] for id_ in ids]


def pad(
    documents: Sequence[Sequence[int]], *, max_length: int | None = None
) -> Int64[Tensor, "N l"]:
    """Lay documents of different lengths side by side, filled up with padding (id 0).

    Parameters
    ----------
    documents : sequence of sequences of int
        N encoded documents.
    max_length : int, optional
        Cut longer documents here.

    Returns
    -------
    Tensor of shape (N, l), int64
        The ids; l is the length of the longest document after cutting.

    Raises
    ------
    ValueError
        If there is no document.

    Examples
    --------
    >>> pad([[2, 3, 4], [5]])
    tensor([[2, 3, 4],
            [5, 0, 0]])
    """
    rows = [torch.tensor(document[:max_length], dtype=torch.int64) for document in documents]
    if not rows:
        raise ValueError("expected at least one document to pad, got none")
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PADDING)


def shortened(text: str, length: int = 30) -> str:
    """Cut a text that is longer than this.

    Parameters
    ----------
    text : str
        Any text.
    length : int
        The most characters that are returned, the ellipsis included.

    Examples
    --------
    >>> shortened("incomprehensibilities", 8)
    'incompr…'
    """
    return text if len(text) <= length else text[: length - 1] + "…"


def isolated(text: str) -> str:
    r"""Keep a text that runs from right to left from reordering the numbers beside it.

    Parameters
    ----------
    text : str
        A word or a name that goes into a line with numbers or signs.

    Returns
    -------
    str
        The text between the two marks that isolate it, or as it is if it holds no letter that runs
        from right to left.

    Examples
    --------
    >>> isolated("good"), isolated("\u05d8\u05d5\u05d1") == "\u2068\u05d8\u05d5\u05d1\u2069"
    ('good', True)
    """
    return f"\u2068{text}\u2069" if runs_leftwards(text) else text


def runs_leftwards(text: str) -> bool:
    r"""Say whether a text holds a letter that runs from right to left.

    Examples
    --------
    >>> runs_leftwards("good"), runs_leftwards("\u05d8\u05d5\u05d1")
    (False, True)
    """
    return _LEFTWARDS.search(text) is not None


def spans_of(text: str, *, lowercase: bool = True) -> list[Token]:
    """Tokenize a text that has to hold at least one word.

    Parameters
    ----------
    text : str
        A text with at least one word.
    lowercase : bool
        Whether ``word`` is lower-cased; the spans always point into the text as given.

    Returns
    -------
    list of Token
        The words in reading order.

    Raises
    ------
    TypeError
        If ``text`` is not a string.
    ValueError
        If it holds no word.

    Examples
    --------
    >>> [span.word for span in spans_of("So good!")]
    ['so', 'good']
    >>> spans_of("?!")
    Traceback (most recent call last):
    ValueError: the text holds no word to classify, got '?!': write at least one
    """
    spans = tokenize_with_spans(text, lowercase=lowercase)
    if not spans:
        raise ValueError(
            f"the text holds no word to classify, got {shortened(text, 40)!r}: write at least one"
        )
    return spans


def read_each(texts: Iterable[str], read: Callable[[str], T]) -> list[T]:
    """Read several texts one by one; what is wrong with one of them is said with its number.

    Parameters
    ----------
    texts : iterable of str
        The texts.
    read : callable
        What reads one text.

    Raises
    ------
    TypeError, ValueError
        If ``read`` refuses a text.

    Examples
    --------
    >>> read_each(["So good!", "?!"], spans_of)
    Traceback (most recent call last):
    ValueError: document 1: the text holds no word to classify, got '?!': write at least one
    """
    found = []
    for number, text in enumerate(texts):
        try:
            found.append(read(text))
        except (TypeError, ValueError) as error:
            raise type(error)(f"document {number}: {error}") from None
    return found


@dataclass(frozen=True)
class EncodedText:
    """One text as a model reads it: its words, where they stand, and their ids.

    Attributes
    ----------
    text : str
        The text as it was given.
    spans : tuple of Token
        The words that the model reads.
    ids : tuple of int
        The id of each of them.
    unread : int
        How many words after ``max_length`` the model does not read.

    Examples
    --------
    >>> vocabulary = Vocabulary(("<pad>", "<unk>", "good", "movie"))
    >>> read = EncodedText.of("A good, slow movie", vocabulary, max_length=3)
    >>> read.tokens, read.ids, read.known, read.unread
    (('a', 'good', 'slow'), (1, 2, 1), (False, True, False), 1)
    """

    text: str
    spans: tuple[Token, ...]
    ids: tuple[int, ...]
    unread: int

    @classmethod
    def of(
        cls,
        text: str,
        vocabulary: Vocabulary,
        *,
        max_length: int | None,
        lowercase: bool = True,
    ) -> EncodedText:
        """Tokenize and encode a text, cut at ``max_length`` words if it is given.

        Raises
        ------
        TypeError
            If ``text`` is not a string.
        ValueError
            If it holds no word.
        """
        spans = spans_of(text, lowercase=lowercase)
        read = tuple(spans[:max_length])
        ids = tuple(vocabulary.encode(span.word for span in read))
        return cls(text, read, ids, len(spans) - len(read))

    @property
    def tokens(self) -> tuple[str, ...]:
        """The words that the model reads."""
        return tuple(span.word for span in self.spans)

    @property
    def known(self) -> tuple[bool, ...]:
        """For each word, whether it is in the model's vocabulary."""
        return tuple(id_ != UNKNOWN for id_ in self.ids)
