"""A speller: unknown words become the known words that they most likely stand for."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import get_args

from symspellpy import SymSpell, Verbosity

from interpbook.attacks.results import Change
from interpbook.attacks.typos import Typo, look_alikes_of, misspell
from interpbook.text import UNKNOWN, Vocabulary, tokenize_with_spans

_MAX_EDITS = 6  # SymSpell looks at the first 7 characters of a word, and has to keep one


@dataclass(frozen=True, eq=False)
class Repair:
    """What a speller made of a text.

    Attributes
    ----------
    original : str
        The text before the repair.
    text : str
        The text with every change made.
    changes : tuple of Change
        The words replaced, in the order of the text.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> repair = Speller(load_classifier("mr").vocabulary).repair("A dvll and lifele5s film")
    >>> repair
    Repair(dvll -> dull, lifele5s -> lifeless)
    >>> repair.text
    'A dull and lifeless film'
    """

    original: str
    text: str
    changes: tuple[Change, ...]

    def __repr__(self) -> str:
        return f"Repair({', '.join(map(str, self.changes)) or 'nothing to repair'})"


@dataclass(frozen=True, eq=False)
class Speller:
    """Replaces each unknown word by the known word that it most likely stands for.

    First the speller undoes signs that look alike, as few as will do; if no known word comes out,
    it looks for known words that are the fewest edits away (a sign inserted, dropped or replaced,
    or two neighbours swapped). Among equals the more frequent word wins. A word from which no known
    word is within reach stays as it is, and so does a word without a letter.

    The speller cannot tell a typo from a rare word or a name. It repairs those too.

    Parameters
    ----------
    vocabulary : Vocabulary
        The known words, the most frequent first.
    max_edits : int
        How many signs, or edits, lie within reach: 1 to 6.
    lowercase : bool
        Whether the classifier lower-cases a text before look-up.

    Raises
    ------
    ValueError
        If ``max_edits`` is not 1 to 6.

    References
    ----------
    Garbe, W., *SymSpell* (2012), for the search by deletions.

    Examples
    --------
    >>> speller = Speller(Vocabulary(("<pad>", "<unk>", "a", "good", "movie")))
    >>> speller.repair("A g00d m0vie from Reykjavik").text
    'A g00d movie from Reykjavik'
    >>> Speller(speller.vocabulary, max_edits=2).repair("A g00d mvoei").text
    'A good movie'
    """

    vocabulary: Vocabulary = field(repr=False)
    max_edits: int = 1
    lowercase: bool = True

    def __post_init__(self) -> None:
        if self.max_edits not in range(1, _MAX_EDITS + 1):
            raise ValueError(f"max_edits is 1 to {_MAX_EDITS}, got {self.max_edits!r}")
        dictionary = SymSpell(max_dictionary_edit_distance=self.max_edits)
        for rank, word in enumerate(self.vocabulary.words[UNKNOWN + 1 :], start=1):
            dictionary.create_dictionary_entry(word, len(self.vocabulary) - rank)
        found: dict[str, str | None] = {}
        object.__setattr__(self, "_dictionary", dictionary)
        object.__setattr__(self, "_found", found)

    def correct(self, word: str) -> str | None:
        """Return the known word that an unknown word is taken for, None if there is none.

        Parameters
        ----------
        word : str
            The word as the classifier reads it. A known word stands for itself.

        Returns
        -------
        str or None
            The known word.
        """
        if word in self.vocabulary:
            return word
        if word not in self._found:
            self._found[word] = self._search(word)
        return self._found[word]

    def _search(self, word: str) -> str | None:
        if not any(sign.isalpha() for sign in word):
            return None  # a number is no misspelled word
        for signs in range(1, self.max_edits + 1):
            meant = [other for other in _undone(word, signs) if other in self.vocabulary]
            if meant:
                return min(meant, key=self.vocabulary.id)
        found = self._dictionary.lookup(word, Verbosity.TOP, max_edit_distance=self.max_edits)
        return found[0].term if found else None

    def repair(self, text: str) -> Repair:
        """Replace the unknown words of a text; the rest of it stays as it is.

        Parameters
        ----------
        text : str
            Any text.

        Raises
        ------
        TypeError
            If the text is not a string.
        """
        changes, pieces, end = [], [], 0
        for position, token in enumerate(tokenize_with_spans(text, lowercase=self.lowercase)):
            meant = self.correct(token.word)
            if meant is None or meant == token.word:
                continue
            written = text[token.start : token.end]
            changes.append(Change(position, token.start, token.end, written, meant))
            pieces += [text[end : token.start], meant]
            end = token.end
        return Repair(text, "".join([*pieces, text[end:]]), tuple(changes))


def _undone(word: str, signs: int) -> Iterator[str]:
    """Yield the words that this many look-alikes may have been made from."""
    doubtful = [(place, look_alikes_of(sign)) for place, sign in enumerate(word)]
    for chosen in combinations([(place, others) for place, others in doubtful if others], signs):
        for meant in product(*(others for _, others in chosen)):
            letters = list(word)
            for (place, _), sign in zip(chosen, meant, strict=True):
                letters[place] = sign
            yield "".join(letters)


def typos_repaired(
    speller: Speller, words: Iterable[str], *, seed: int = 0
) -> dict[str, dict[str, int]]:
    """Count, for each kind of typo, what the speller makes of typos in known words.

    Parameters
    ----------
    speller : Speller
        The speller under test.
    words : iterable of str
        Known words, as they stand in texts; a word counts as often as it comes.
    seed : int
        Decides the typos (``misspell``).

    Returns
    -------
    dict of str to dict of str to int
        For each kind, and for ``"two look-alikes"``, how many typos were ``"restored"`` to the very
        word, made ``"another"`` known word, or ``"left"`` unknown. Where a word has no typo of a
        kind, nothing is counted.

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> speller = Speller(load_classifier("mr").vocabulary)
    >>> found = typos_repaired(speller, ["dull", "great", "movie"])
    >>> found["swap"], found["drop"]
    ({'restored': 3, 'another': 0, 'left': 0}, {'restored': 1, 'another': 2, 'left': 0})
    """
    misspelled = functools.partial(
        misspell, vocabulary=speller.vocabulary, seed=seed, lowercase=speller.lowercase
    )
    counts = Counter(words)
    kinds = (*get_args(Typo), "two look-alikes")
    found = {kind: {"restored": 0, "another": 0, "left": 0} for kind in kinds}
    for word, times in counts.items():
        typos = {kind: misspelled(word, kind=kind) for kind in get_args(Typo)}
        typos = {
            kind: typo for kind, typo in typos.items() if typo and _kind_of(word, typo) == kind
        }
        once = typos.get("look-alike")
        twice = misspelled(once, kind="look-alike") if once else None
        if twice and len(twice) == len(word) and _differing(word, twice) == 2:
            typos["two look-alikes"] = twice
        for kind, typo in typos.items():
            meant = speller.correct(read_word(typo, speller))
            same = meant == read_word(word, speller)
            found[kind]["left" if meant is None else "restored" if same else "another"] += times
    return found


def _differing(word: str, typo: str) -> int:
    return sum(a != b for a, b in zip(word, typo, strict=True))


def _kind_of(word: str, typo: str) -> Typo:
    """Say what kind of single typo this is: ``misspell`` tries others if one is impossible."""
    if len(typo) != len(word):
        return "drop" if len(typo) < len(word) else "insert"
    return "look-alike" if _differing(word, typo) == 1 else "swap"


def read_word(written: str, speller: Speller) -> str:
    """Return a single word, as it stands in a text, as the speller's classifier reads it."""
    (token,) = tokenize_with_spans(written, lowercase=speller.lowercase)
    return token.word
