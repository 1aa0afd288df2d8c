"""Visible typos that take a word out of a vocabulary: "file" becomes "fi1e"."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Literal, get_args

from interpbook.text import Vocabulary, tokenize_with_spans

Typo = Literal["look-alike", "swap", "drop", "insert"]

# Digits and Latin letters only: a reader sees the typo, and both count as part of a word.
_LOOK_ALIKES = {
    "a": "4", "b": "8", "e": "3", "g": "9", "i": "1", "l": "1", "o": "0", "q": "9", "s": "5",
    "t": "7", "u": "v", "v": "u", "z": "2", "0": "o", "1": "l", "5": "s",
    "A": "4", "B": "8", "E": "3", "G": "9", "I": "1", "O": "0", "Q": "9", "S": "5",
    "T": "7", "U": "V", "V": "U", "Z": "2",
}  # fmt: skip


def misspell(
    word: str,
    vocabulary: Vocabulary,
    *,
    kind: Typo = "look-alike",
    seed: int = 0,
    lowercase: bool = True,
) -> str | None:
    """Return the word with one typo that makes it unknown.

    The kind asked for is tried first, at every place in turn from one that the seed and the word
    decide, then the other kinds. A typo counts only if the result is still one word, and one that
    the vocabulary does not hold.

    Parameters
    ----------
    word : str
        The word as it stands in the text; its case is kept.
    vocabulary : Vocabulary
        The vocabulary that must not hold the result.
    kind : {"look-alike", "swap", "drop", "insert"}
        What to try first: one sign replaced by one that looks alike, two neighbours swapped, one
        sign dropped, or one sign doubled.
    seed : int
        The same seed, word and vocabulary give the same typo.
    lowercase : bool
        Whether the classifier lower-cases a text before look-up.

    Returns
    -------
    str or None
        The misspelled word; None if no single typo makes it an unknown word.

    Raises
    ------
    ValueError
        If there is no such kind.

    References
    ----------
    Xu & Du (2020), section 4.3, RQ2, after Liang et al. (2018).

    Examples
    --------
    >>> vocabulary = Vocabulary(("<pad>", "<unk>", "file"))
    >>> misspell("File", vocabulary, seed=3)
    'Fi1e'
    >>> [misspell("file", vocabulary, kind=kind) for kind in ("swap", "drop", "insert")]
    ['fiel', 'fie', 'fille']
    """
    check_typo(kind)
    first = zlib.crc32(f"{seed} {word}".encode()) % max(len(word), 1)
    order = [*range(first, len(word)), *range(first)]
    for way in sorted(_WAYS, key=lambda way: way != kind):
        for candidate in _WAYS[way](word, order):
            if candidate != word and _is_unknown(candidate, vocabulary, lowercase):
                return candidate
    return None


def check_typo(kind: str) -> None:
    """Raise a ValueError if there is no such kind of typo."""
    if kind not in get_args(Typo):
        raise ValueError(f"typos are {', '.join(get_args(Typo))}, got {kind!r}")


def look_alikes_of(sign: str) -> tuple[str, ...]:
    """Return the signs that a look-alike typo may have replaced by this one.

    Parameters
    ----------
    sign : str
        One character.

    Returns
    -------
    tuple of str
        The signs, none if no look-alike is written like this.

    Examples
    --------
    >>> look_alikes_of("1")
    ('i', 'l', 'I')
    """
    return tuple(meant for meant, written in _LOOK_ALIKES.items() if written == sign)


def _is_unknown(candidate: str, vocabulary: Vocabulary, lowercase: bool) -> bool:
    """Say whether a text is exactly one word, and none that the vocabulary holds."""
    tokens = tokenize_with_spans(candidate, lowercase=lowercase)
    return (
        len(tokens) == 1
        and (tokens[0].start, tokens[0].end) == (0, len(candidate))
        and tokens[0].word not in vocabulary
    )


def _look_alike(word: str, order: list[int]) -> Iterator[str]:
    for i in order:
        if word[i] in _LOOK_ALIKES:
            yield word[:i] + _LOOK_ALIKES[word[i]] + word[i + 1 :]


def _swap(word: str, order: list[int]) -> Iterator[str]:
    for i in order:
        if i + 1 < len(word):
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def _drop(word: str, order: list[int]) -> Iterator[str]:
    for i in order:
        yield word[:i] + word[i + 1 :]


def _insert(word: str, order: list[int]) -> Iterator[str]:
    for i in order:
        yield word[:i] + word[i] + word[i:]


_WAYS: dict[str, Callable[[str, list[int]], Iterator[str]]] = {
    "look-alike": _look_alike,
    "swap": _swap,
    "drop": _drop,
    "insert": _insert,
}
