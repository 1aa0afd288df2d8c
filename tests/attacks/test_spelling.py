"""The speller: what it takes a word for, found by a slow search too, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from interpbook import Vocabulary, load_classifier
from interpbook.attacks import Repair, Speller, look_alikes_of, misspell, typos_repaired

VOCABULARY = Vocabulary(
    ("<pad>", "<unk>", "the", "film", "firm", "good", "movie", "move", "dull", "1990", "isn't")
)
SPELLER = Speller(VOCABULARY)


def distance(a: str, b: str) -> int:
    """Count edits: insert, drop, replace, swap of neighbours (optimal string alignment)."""
    d = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    d[:, 0], d[0] = range(len(a) + 1), range(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            d[i, j] = min(
                d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            )
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                d[i, j] = min(d[i, j], d[i - 2, j - 2] + 1)
    return int(d[-1, -1])


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("film", "film"),  # known
        ("fi1m", "film"),  # a look-alike goes before "firm", which is one edit away as well
        ("flim", "film"),
        ("fim", "film"),  # "film" and "firm" are one edit away: the more frequent
        ("firrm", "firm"),
        ("movi", "movie"),
        ("l990", "1990"),
        ("1991", None),  # a number is no typo
        ("du11", None),  # two signs
        ("reykjavik", None),
        ("isnt", "isn't"),
    ],
)
def test_what_a_word_is_taken_for(word, meant):
    assert SPELLER.correct(word) == meant


def test_among_look_alikes_the_more_frequent_word_is_meant():
    for words in (("lts", "its"), ("its", "lts")):
        assert Speller(Vocabulary(("<pad>", "<unk>", *words))).correct("1ts") == words[0]


def test_two_edits_reach_further_and_prefer_the_nearer():
    two = Speller(VOCABULARY, max_edits=2)
    assert [two.correct(word) for word in ("du11", "g00d", "flmi", "mvoei")] == [
        "dull",
        "good",
        "film",
        "movie",
    ]
    assert two.correct("fi1m") == "film"
    assert two.correct("mov") == "move"  # "movie" is more frequent and further


def test_the_nearest_and_most_frequent_word_is_found_as_a_slow_search_finds_it():
    words = load_classifier("headlines").vocabulary.words[2:800]
    vocabulary = Vocabulary(("<pad>", "<unk>", *words))
    for edits in (1, 2):
        speller = Speller(vocabulary, edits)
        for word in words[::40]:
            for typo in (word[1:], word[:2] + "x" + word[2:], word[::-1], "q" + word[2:]):
                if typo in vocabulary or not typo.isalpha():
                    continue
                known = [(distance(typo, w), vocabulary.id(w), w) for w in words]
                steps, _, expected = min(known)
                undone = [
                    typo[:i] + meant + typo[i + 1 :]
                    for i, sign in enumerate(typo)
                    for meant in look_alikes_of(sign)
                ]
                if any(other in vocabulary for other in undone):
                    continue  # look-alikes go first
                assert speller.correct(typo) == (expected if steps <= edits else None), typo


def test_a_repaired_text_differs_in_the_repaired_words_only():
    text = "The FI1M — “isnt” du11; go0d, 1991 ÉTÉ!"
    repair = SPELLER.repair(text)
    assert repair.text == "The film — “isn't” du11; good, 1991 ÉTÉ!"
    assert [(c.position, c.before, c.after) for c in repair.changes] == [
        (1, "FI1M", "film"),
        (2, "isnt", "isn't"),
        (4, "go0d", "good"),
    ]
    assert all(text[c.start : c.end] == c.before for c in repair.changes)
    assert repair.original == text
    assert repr(repair) == "Repair(FI1M -> film, isnt -> isn't, go0d -> good)"
    assert SPELLER.repair(repair.text).changes == ()
    assert repr(SPELLER.repair("")) == "Repair(nothing to repair)"
    assert isinstance(repair, Repair)


def test_a_classifier_that_reads_case_gets_words_with_their_case():
    vocabulary = Vocabulary(("<pad>", "<unk>", "Film", "dull"))
    cased = Speller(vocabulary, lowercase=False)
    assert cased.repair("A Fi1m, dul1 and").text == "A Film, dull and"


@pytest.mark.parametrize("edits", [0, 7])
def test_what_a_speller_cannot_be(edits):
    with pytest.raises(ValueError, match=f"max_edits is 1 to 6, got {edits}"):
        Speller(VOCABULARY, edits)


@pytest.mark.parametrize("sign", "b1os5")
def test_look_alikes_are_those_that_typos_use(sign):
    for meant in look_alikes_of(sign):
        typo = misspell(meant + "qq", Vocabulary(("<pad>", "<unk>")), lowercase=False, seed=3)
        tries = {
            misspell(meant + "##"[:0], Vocabulary(("<pad>", "<unk>")), lowercase=False, seed=s)
            for s in range(3)
        }
        assert sign in tries or (typo and sign in typo)


# ------------------------------------------------------------------------------ kinds of typos


def test_typos_are_counted_by_kind_and_fate():
    counts = typos_repaired(SPELLER, ["Film", "film", "movie", "the"], seed=1)
    assert set(counts) == {"look-alike", "swap", "drop", "insert", "two look-alikes"}
    for kind in ("look-alike", "swap", "insert"):
        assert counts[kind]["left"] == 0 and sum(counts[kind].values()) == 4
    assert counts["look-alike"] == {"restored": 4, "another": 0, "left": 0}
    assert counts["two look-alikes"]["restored"] == 0
    for kind, found in counts.items():
        total = 0
        for word in ("Film", "film", "movie", "the"):
            typo = misspell(word, VOCABULARY, kind=kind.split()[-1].rstrip("s"), seed=1)
            total += typo is not None
        assert sum(found.values()) <= total


def test_a_typo_of_another_kind_is_not_counted():
    # "qq" has no swap: misspell falls back to look-alikes.
    vocabulary = Vocabulary(("<pad>", "<unk>", "qq"))
    counts = typos_repaired(Speller(vocabulary), ["qq"])
    assert sum(counts["swap"].values()) == 0
    assert counts["look-alike"] == {"restored": 1, "another": 0, "left": 0}
