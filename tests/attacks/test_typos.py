from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from interpbook import Vocabulary, load_classifier
from interpbook.attacks import misspell
from interpbook.attacks.typos import _LOOK_ALIKES
from interpbook.text import tokenize, tokenize_with_spans

KINDS = ("look-alike", "swap", "drop", "insert")
every_kind = pytest.mark.parametrize("kind", KINDS)


def vocabulary_of(*words: str) -> Vocabulary:
    return Vocabulary(("<pad>", "<unk>", *dict.fromkeys(words)))


def all_typos(word: str, kind: str) -> set[str]:
    """List every typo of a kind, by its definition."""
    places = range(len(word))
    if kind == "look-alike":
        new = {(i, sign) for i in places for sign in _LOOK_ALIKES.get(word[i], "")}
        return {word[:i] + sign + word[i + 1 :] for i, sign in new}
    if kind == "swap":
        return {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in places[:-1]}
    if kind == "drop":
        return {word[:i] + word[i + 1 :] for i in places}
    return {word[: i + 1] + word[i:] for i in places}


# Signs that combine, look alike, grow in lower case or stand inside a word; and all others.
TEXTS = st.text(
    st.sampled_from("aeilostzuvUVLbgx09é’'ßİकिन") | st.characters(categories=["L", "M", "N"]),
    min_size=1,
    max_size=8,
)


def longest_word(text: str) -> tuple[str, str]:
    """Return a word as it stands in the text and as the tokenizer reads it."""
    spans = tokenize_with_spans(text)
    assume(spans)
    span = max(spans, key=lambda span: span.end - span.start)
    return text[span.start : span.end], span.word


@given(TEXTS, st.sampled_from(KINDS), st.integers(0, 5), st.data())
def test_a_typo_is_one_unknown_word_of_the_first_kind_that_has_one(text, kind, seed, data):
    """Also with a vocabulary that holds some of the word's typos, or all of them."""
    written, known = longest_word(text)
    near = sorted(set().union(*(all_typos(written, k) for k in KINDS)))
    blocked = data.draw(st.sets(st.sampled_from(near)) | st.just(set(near)))
    vocabulary = vocabulary_of(known, *(token for typo in blocked for token in tokenize(typo)))

    def valid(typo: str) -> bool:
        spans = [(token.start, token.end) for token in tokenize_with_spans(typo)]
        return spans == [(0, len(typo))] and tokenize(typo)[0] not in vocabulary

    found = misspell(written, vocabulary, kind=kind, seed=seed)
    for tried in (kind, *(other for other in KINDS if other != kind)):
        possible = {typo for typo in all_typos(written, tried) if valid(typo)}
        if possible:
            assert found in possible
            assert found != written
            assert vocabulary.encode(tokenize(found)) == [1]
            break
    else:
        assert found is None
    assert misspell(written, vocabulary, kind=kind, seed=seed) == found


@given(TEXTS, st.booleans(), st.sampled_from(KINDS))
def test_an_unknown_words_typo_differs_too(text, lowercase, kind):
    written, _ = longest_word(text)
    found = misspell(written, vocabulary_of(), kind=kind, lowercase=lowercase)
    assert found is not None and found != written


def test_two_equal_neighbours_are_not_swapped():
    found = {misspell("aab", vocabulary_of(), kind="swap", seed=seed) for seed in range(20)}
    assert found == {"aba"}


@every_kind
def test_the_seed_decides_the_place(kind):
    word, vocabulary = "possibilities", vocabulary_of("possibilities")
    found = {misspell(word, vocabulary, kind=kind, seed=seed) for seed in range(100)}
    assert found == all_typos(word, kind) - {word}


def test_a_word_has_the_same_typo_whatever_else_is_in_the_vocabulary():
    for word in ("file", "wonderful", "isn't"):
        alone = misspell(word, vocabulary_of(word))
        assert misspell(word, vocabulary_of(word, "other", "words")) == alone


@pytest.mark.parametrize(
    ("word", "kind", "typo"),
    [
        ("file", "swap", "ifle"),
        ("File", "look-alike", "Fi1e"),
        ("U", "look-alike", "V"),
        ("10", "drop", "0"),
        ("x", "insert", "xx"),
    ],
)
def test_typos_by_hand(word, kind, typo):
    vocabulary = vocabulary_of(word.lower())
    found = {misspell(word, vocabulary, kind=kind, seed=seed) for seed in range(50)}
    assert typo in found


def test_the_vocabulary_is_asked_as_the_classifier_asks_it():
    vocabulary = vocabulary_of("on", "no")
    assert misspell("oN", vocabulary, kind="swap") != "No", "read as 'no', which is known"
    assert misspell("oN", vocabulary, kind="swap", lowercase=False) == "No"


def test_look_alikes_are_other_letters_or_digits_and_keep_the_case():
    for sign, other in _LOOK_ALIKES.items():
        assert sign != other and (sign + other).isalnum() and (sign + other).isascii()
        assert other.isdigit() or sign.isdigit() or sign.isupper() == other.isupper()


def test_a_sign_that_nothing_looks_like_gets_another_kind():
    assert misspell("hm", vocabulary_of("hm")) == "mh"
    assert misspell("x", vocabulary_of("x", "xx")) is None


def test_a_typo_that_would_make_two_words_or_none_is_not_taken():
    vocabulary = vocabulary_of("a'b", "ab", "ba")
    found = {misspell("a'b", vocabulary, kind="swap", seed=seed) for seed in range(20)}
    assert found == {"4'b", "a'8"}, "'ab and ab' are a word and a sign"
    assert misspell("a", vocabulary_of("a", "4"), kind="drop") == "aa"


@every_kind
def test_nearly_every_word_of_a_real_vocabulary_has_a_typo(kind):
    vocabulary = load_classifier("imdb").vocabulary
    words = vocabulary.words[2::7]
    none = [word for word in words if misspell(word, vocabulary, kind=kind) is None]
    assert len(none) < 0.002 * len(words) and max(map(len, none)) == 1


def test_an_unknown_kind_is_refused(as_users_run_it):
    with pytest.raises(ValueError, match=r"typos are look-alike, swap, drop, insert, got 'rhyme'$"):
        misspell("file", vocabulary_of("file"), kind="rhyme")
