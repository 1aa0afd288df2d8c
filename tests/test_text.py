from __future__ import annotations

import unicodedata

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from interpbook.text import Token, Vocabulary, pad, tokenize, tokenize_with_spans

# Every code point, lone surrogates included.
any_text = st.text(st.characters())
letters_and_marks = st.text(st.characters(categories=["L", "M", "N"]))


@given(any_text)
@example("\ud800\x00")
def test_no_text_crashes_tokenize(text):
    for token in tokenize_with_spans(text):
        assert token.word and 0 <= token.start < token.end <= len(text)


@given(any_text)
def test_spans_point_to_the_words_in_order_without_overlap(text):
    end = 0
    for token in tokenize_with_spans(text, lowercase=False):
        assert tokenize(text[token.start : token.end], lowercase=False) == [token.word]
        assert token.start >= end
        end = token.end


@given(st.text(st.characters(codec="ascii")) | st.text("aB1' _-"), st.booleans())
def test_plain_english_has_a_short_cut_to_the_same_words(text, lowercase):
    """One sign of another script sends the whole text the long way."""
    *long_way, last = tokenize_with_spans(text + " é", lowercase=lowercase)
    assert tokenize_with_spans(text, lowercase=lowercase) == long_way
    assert last.word == "é"


@given(letters_and_marks | any_text, st.booleans())
@example("İ\u0327", True)  # lower-casing takes this out of normal form
def test_tokenizing_words_again_changes_nothing(text, lowercase):
    words = tokenize(text, lowercase=lowercase)
    assert tokenize(" ".join(words), lowercase=lowercase) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What a good movie", ["what", "a", "good", "movie"]),
        ("It’s rock'n'roll, isn't it?", ["it's", "rock'n'roll", "isn't", "it"]),
        ("'quoted' and dogs' ", ["quoted", "and", "dogs"]),
        ("snake_case 3.5 10-out", ["snake", "case", "3", "5", "10", "out"]),
        ("यह फ़िल्म अच्छी है", ["यह", "फ़िल्म", "अच्छी", "है"]),
        ("הַסֶּרֶט טוֹב", ["הַסֶּרֶט", "טוֹב"]),
        ("الفِيلمُ جَيِّد", ["الفِيلمُ", "جَيِّد"]),
        ("good 👍🏽 👩‍👩‍👧 movie", ["good", "movie"]),
        ("cafe\u0301 CAFÉ", ["café", "café"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("क्\u200dष a\u200d b", ["क्\u200dष", "a", "b"]),
        ("…?! ★ 🎬", []),
        ("", []),
    ],
)
def test_words_of_many_scripts(text, words):
    assert tokenize(text) == [unicodedata.normalize("NFC", word) for word in words]


@pytest.mark.parametrize("sign", "'’‘‛`´′‵ʹʻʼʽʾʿˈ՚׳ꞌ＇｀")
def test_what_looks_like_an_apostrophe_is_one(sign):
    written = f"it doesn{sign}t work {sign}quoted{sign} dogs{sign} rock{sign}n{sign}roll"
    found = tokenize_with_spans(written)
    assert [token.word for token in found] == tokenize(written.replace(sign, "'"))
    assert [written[token.start : token.end] for token in found][1] == f"doesn{sign}t"


UNSEEN = [
    *"\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2063\u2066\u2069",
    *"\ufe00\ufe0f\ufeff\U000e0001\U000e0100\x00\x08\x1b\x7f",
    "\u200b\u2060\ufeff",
]


@pytest.mark.parametrize("unseen", UNSEEN, ids=lambda unseen: unseen.encode("unicode_escape"))
def test_what_is_not_seen_is_no_part_of_a_word(unseen):
    written = f"{unseen}a mo{unseen}vie{unseen} isn{unseen}'{unseen}t{unseen}"
    found = tokenize_with_spans(written)
    assert [token.word for token in found] == ["a", "movie", "isn't"]
    assert written[found[1].start : found[1].end] == f"mo{unseen}vie"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            "ﬁlm ﬂow eﬀect ｍｏｖｉｅ Ｇｏｏｄ １２ ſo 𝗴𝗼𝗼𝗱 𝒈𝒐𝒐𝒅 𝟙",
            "film flow effect movie good 12 so good good 1",
        ),
        (
            "m\u043evie \u0410 go\u03bfd \u0412est \u0435xc\u0435llent",
            "movie \u0430 good best excellent",
        ),
        (
            "\u043a\u0438\u043d\u043e \u03ba\u03b1\u03bb\u03cc \u0430\u043d\u0430",
            "\u043a\u0438\u043d\u043e \u03ba\u03b1\u03bb\u03cc \u0430\u043d\u0430",
        ),
        ("good\u3164movie good\uffa0movie goodʺ goodǃ", "good movie good movie good good"),
        ("½ x² 155ºf ﷺ", "½ x² 155ºf ﷺ"),
        ("ﻓﻴﻠﻢ ｱﾆﾒ", "فيلم アニメ"),
        ("หนัง\u200bดี ไทย", "หนัง ดี ไทย"),
    ],
    ids=["forms", "twins", "other scripts", "blanks", "not the same", "presentation", "thai"],
)
def test_words_that_look_alike_are_the_same_word(written, words):
    assert tokenize(written) == words.split()


def test_a_curly_apostrophe_keeps_its_place_in_the_text():
    assert tokenize_with_spans("So it’s") == [Token("so", 0, 2), Token("it's", 3, 7)]


def test_case_is_kept_on_request():
    assert tokenize("It's NOT good", lowercase=False) == ["It's", "NOT", "good"]


@pytest.mark.parametrize("value", [None, 3, b"bytes", ["a", "list"]])
def test_what_is_no_text_is_refused(as_users_run_it, value):
    with pytest.raises(TypeError, match=r"expected a text \(str\), got \w+: pass one string"):
        tokenize(value)


def test_the_vocabulary_lists_frequent_words_first_and_ties_by_the_alphabet():
    vocabulary = Vocabulary.build([["b", "c", "a"], ["c", "d"]])
    assert vocabulary.words == ("<pad>", "<unk>", "c", "a", "b", "d")


@pytest.mark.parametrize(("size", "words"), [(0, ()), (2, ()), (3, ("c",)), (99, ("c", "a", "b"))])
def test_max_size_counts_the_special_words(size, words):
    assert Vocabulary.build([["b", "c", "a", "c"]], max_size=size).words[2:] == words


def test_min_count_leaves_rare_words_out():
    vocabulary = Vocabulary.build([["a", "b", "a"]], min_count=2)
    assert "a" in vocabulary and "b" not in vocabulary


def test_special_words_in_a_document_take_no_second_place():
    assert Vocabulary.build([["<pad>", "<unk>", "a"]]).words == ("<pad>", "<unk>", "a")


@given(st.lists(st.lists(st.text(min_size=1, max_size=3), max_size=6), max_size=4))
def test_decode_undoes_encode(documents):
    vocabulary = Vocabulary.build(documents)
    assert len(vocabulary) == len(set(vocabulary.words))
    for document in documents:
        assert vocabulary.decode(vocabulary.encode(document)) == document


def test_unknown_words_become_id_one():
    vocabulary = Vocabulary.build([["a"]])
    assert vocabulary.encode(["a", "zebra"]) == [2, 1] == [vocabulary.id("a"), vocabulary.id("z")]


@pytest.mark.parametrize("wrong", [-1, 3])
def test_decode_refuses_ids_outside_the_vocabulary(wrong):
    with pytest.raises(ValueError, match=rf"ids lie in 0..2 here, got {wrong}"):
        Vocabulary.build([["a"]]).decode([2, wrong])


def test_a_vocabulary_without_the_special_words_is_refused():
    with pytest.raises(ValueError, match=r"build it with Vocabulary\.build"):
        Vocabulary(("a", "b"))


def test_a_vocabulary_may_come_as_a_list(as_users_run_it):
    assert Vocabulary(["<pad>", "<unk>", "a"]) == Vocabulary.build([["a"]])


def test_a_string_is_not_taken_for_a_list_of_one_letter_words(as_users_run_it):
    with pytest.raises(TypeError, match=r"tokenized documents .* got a str: use tokenize"):
        Vocabulary.build(["a good movie"])
    with pytest.raises(TypeError, match=r"tokenized documents .* got a str: use tokenize"):
        Vocabulary.build([["a"]]).encode("a good movie")


def test_a_vocabulary_that_repeats_a_word_is_refused():
    with pytest.raises(ValueError, match="lists each word once, got 'a' 2 times"):
        Vocabulary(("<pad>", "<unk>", "a", "a"))


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=4))
def test_pad_keeps_every_document_and_fills_up_with_zeros(documents):
    ids = pad(documents)
    assert ids.dtype == torch.int64 and ids.shape[1] == max(map(len, documents))
    for row, document in zip(ids.tolist(), documents, strict=True):
        assert row == document + [0] * (ids.shape[1] - len(document))


def test_pad_cuts_at_max_length():
    assert pad([[2, 3, 4], [5]], max_length=2).tolist() == [[2, 3], [5, 0]]


def test_pad_needs_a_document():
    with pytest.raises(ValueError, match="at least one document"):
        pad([])
