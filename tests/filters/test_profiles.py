"""One filter: its slots and its n-grams, against every n-gram scored by itself."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook import (
    Classifier,
    FilterProfile,
    TextCNN,
    Vocabulary,
    best_ngrams,
    filter_profile,
    load_classifier,
    load_corpus,
    pad,
)
from interpbook.filters import ScoredNgram, slot_profile
from interpbook.models import batches
from support.browsing import Reader, assert_harmless
from support.networks import cases, filters_of, network, slow_score, tiny_classifier

TEXT = "What a good movie, but it isn't bad: slow, slow, moving!"


@given(cases(), st.data())
def test_slots_and_bias_add_up_to_the_convolutions_u(case, data):
    model = case.model
    number = data.draw(st.integers(0, model.config.num_filters - 1))
    table = slot_profile(model, number)
    weight, bias = filters_of(model)[number]
    assert table.shape == (weight.shape[1], model.config.vocab_size)
    words = st.integers(0, model.config.vocab_size - 1)
    ngram = data.draw(st.lists(words, min_size=len(table), max_size=len(table)))
    u = sum(float(table[j, word]) for j, word in enumerate(ngram)) + bias
    assert u == pytest.approx(slow_score(model, number, ngram), abs=1e-12)


def profiled(model: TextCNN, number: int, **options) -> FilterProfile:
    names = [f"w{word}" for word in range(2, model.config.vocab_size)]
    classes = [f"class {q}" for q in range(model.config.num_classes)]
    vocabulary = Vocabulary(("<pad>", "<unk>", *names))
    return filter_profile(Classifier(model, vocabulary, tuple(classes)), number, **options)


@pytest.mark.parametrize("seed", range(4))
def test_the_ideal_ngram_is_the_best_of_all(seed):
    """All 216 trigrams of six known words, scored by the convolution one at a time."""
    model = network(seed=seed, vocab_size=8, widths=(2, 3))
    for number in range(model.config.num_filters):
        profile = profiled(model, number)
        every = {
            ngram: slow_score(model, number, list(ngram))
            for ngram in itertools.product(range(2, 8), repeat=profile.width)
        }
        best = max(every, key=every.__getitem__)
        assert profile.ideal.words == tuple(f"w{word}" for word in best)
        assert profile.ideal.score == pytest.approx(every[best], abs=1e-12)
        assert profile.votes.tolist() == model.output.weight[:, number].tolist()


def test_padding_and_the_unknown_word_are_no_wishes():
    model = network(vocab_size=8, widths=(2,))
    weight = model.convs[0].weight.data
    model.embedding.weight.data[:2] = 100 * weight[0].sum(dim=1)
    profile = profiled(model, 0)
    assert float(slot_profile(model, 0)[:, :2].min()) > profile.ideal.slots[0]
    assert not {"<pad>", "<unk>"} & {word for slot in profile.slots for word, _ in slot}
    known = slot_profile(model, 0)[:, 2:]
    mean = known.mean(dim=1, keepdim=True)
    spread = ((known - mean) ** 2).mean(dim=1).sqrt()
    torch.testing.assert_close(profile.spread, spread)


def test_a_profile_lists_each_slots_best_words_in_order():
    profile = profiled(network(vocab_size=12, widths=(3,)), 1, top=4)
    table = slot_profile(network(vocab_size=12, widths=(3,)), 1)
    for slot, scores in zip(profile.slots, table.tolist(), strict=True):
        ranked = sorted(range(2, 12), key=scores.__getitem__, reverse=True)[:4]
        assert slot == tuple((f"w{word}", scores[word]) for word in ranked)
    assert [len(slot) for slot in profiled(network(vocab_size=4), 0, top=9).slots] == [2, 2]


def test_a_profile_scores_the_ngrams_it_is_given():
    model = network(filters_per_width=2, widths=(1, 2))
    found = [[[5]], [[6], [7]], [[0, 1], [2, 3]], []]
    for number, ngrams in enumerate(found):
        profile = profiled(model, number, found=found)
        assert [ngram.score for ngram in profile.found] == pytest.approx(
            [slow_score(model, number, ngram) for ngram in ngrams], abs=1e-12
        )
    assert profiled(model, 2, found=found).found[0].words == ("<pad>", "<unk>")
    assert str(profiled(model, 2, found=found).found[0]) == "· <unk>"


def test_favours_is_the_class_that_gains_most():
    model = network(num_classes=3)
    model.output.weight.data[:, 4] = torch.tensor([-0.5, -0.1, -0.9])
    assert profiled(model, 4).favours == "class 1"
    assert repr(profiled(model, 4)).startswith("FilterProfile(filter 4 of width 3 for class 1: ")


@pytest.mark.parametrize("number", [-1, 6, 1.5, "first"])
def test_a_filter_that_is_not_there_is_refused(as_users_run_it, number):
    for ask in (profiled, slot_profile):
        with pytest.raises(ValueError, match=rf"filters are numbered 0..5, got {number!r}"):
            ask(network(), number)


def test_a_filters_number_may_be_any_whole_number(as_users_run_it):
    assert profiled(network(), torch.tensor(4)).number == 4


@pytest.mark.parametrize("found", [[], [[]] * 5, [[[3]]] * 6, [[[3, 4, 5]]] * 6])
def test_ngrams_of_another_model_are_refused(found):
    with pytest.raises(ValueError, match="this one has 6 filters and number 0 reads 2 words"):
        profiled(network(), 0, found=found)


def test_a_vocabulary_without_known_words_has_no_ideal():
    with pytest.raises(ValueError, match="holds no known word"):
        profiled(network(vocab_size=2), 0)


@pytest.mark.parametrize("top", [0, -1])
def test_a_top_of_nothing_is_refused(top):
    with pytest.raises(ValueError, match=f"top is a positive number, got {top}"):
        profiled(network(), 0, top=top)


def test_parts_of_different_filters_are_refused():
    profile = profiled(network(widths=(2,)), 0)
    with pytest.raises(ValueError, match=r"a filter with 2 slots .* got 2 and n-grams of \[2, 3\]"):
        replace(profile, found=(ScoredNgram(("a", "b", "c"), (0.0, 0.0, 0.0), 0.0),))
    with pytest.raises(ValueError, match=r"a filter with 2 slots .* got 1"):
        replace(profile, spread=profile.spread[:1])
    with pytest.raises(ValueError, match="2 classes have 3 votes"):
        replace(profile, class_names=("a", "b"))
    with pytest.raises(ValueError, match="1 words have 2 slot scores"):
        ScoredNgram(("a",), (1.0, 2.0), 0.0)


def test_the_rendering_shows_votes_slots_ideal_and_found():
    classifier = tiny_classifier(widths=(3,), padding="paper", max_length=9)
    found = best_ngrams(classifier.model, [(pad(classifier.encode(["good", TEXT])), None)])
    profile = filter_profile(classifier, 1, found=found, top=2)
    html = profile._repr_html_()
    assert_harmless(html)
    text = Reader(html).text_without_numbers
    assert "Filter 1, width 3, bias " in text
    for name, vote in zip(profile.class_names, profile.votes.tolist(), strict=True):
        assert f"{name}" in text and f"<td>{vote:+.2f}</td>" in html
    for ngram in (profile.ideal, *profile.found):
        assert f"{ngram}  u = {ngram.score:+.2f}" in text.replace("\N{NO-BREAK SPACE}", " ")
        assert all(f"<rt>{score:+.1f}</rt>" in html for score in ngram.slots)
    coloured = [data for tag, data in Reader(html).pieces if tag == "span"]
    words = [word for ngram in (profile.ideal, *profile.found) for word in ngram.words]
    assert coloured == ["·" if word == "<pad>" else word for word in words] and "·" in coloured
    for slot in profile.slots:
        assert all(f"<td>{word} {score:+.2f}</td>" in html for word, score in slot)
    assert f"<td>{float(profile.spread[2]):.2f}</td>" in html
    assert "ib-for" in html and "ib-against" in html


def test_a_profile_without_a_corpus_says_nothing_of_one():
    html = filter_profile(tiny_classifier(), 0)._repr_html_()
    assert "in the corpus" not in html and "The best of all n-grams" in html


def test_unknown_words_stand_in_italics():
    found = [[[1, 5]] * 1] * 3 + [[[5, 1, 5]]] * 3
    assert "ib-unknown" in filter_profile(tiny_classifier(), 4, found=found)._repr_html_()
    assert 'ib-unknown"' not in filter_profile(tiny_classifier(), 4)._repr_html_()


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_words_and_class_names_are_escaped(text):
    words = (f"<b>{text}", "<script>alert(1)</script>", 'a" onmouseover="alert(1)', "&lt;", "z")
    vocabulary = Vocabulary(("<pad>", "<unk>", *words))
    model = network(dtype=torch.float32, vocab_size=7, num_classes=2)
    classifier = Classifier(model, vocabulary, (f"<i>{text}", "</table>"))
    html = filter_profile(classifier, 3, found=[[[2, 3]]] * 3 + [[[4, 5, 6]]] * 3)._repr_html_()
    assert_harmless(html)
    assert "</table>" in Reader(html).text and "onmouseover" in Reader(html).text


def test_a_long_word_is_shown_in_part():
    words = tuple(letter * 10**5 for letter in "abc")
    vocabulary = Vocabulary(("<pad>", "<unk>", *words))
    model = network(dtype=torch.float32, vocab_size=5, num_classes=2)
    classifier = Classifier(model, vocabulary, ("x" * 10**5, "y"))
    assert len(filter_profile(classifier, 0)._repr_html_()) < 20_000


def test_every_filter_of_a_trained_model_scores_its_finds_as_decompose_does():
    classifier, corpus = load_classifier("reviews"), load_corpus("reviews", "test")
    documents = classifier.encode(corpus.texts[:100])
    found = best_ngrams(classifier.model, batches(documents, corpus.labels[:100]), top=1)
    explanations = [classifier.explain(text) for text in corpus.texts[:100]]
    pooled = torch.stack([explanation.pooled for explanation in explanations])
    for p, best in enumerate(pooled.amax(dim=0).tolist()):
        profile = filter_profile(classifier, p, found=found, top=1)
        assert profile.found[0].score == pytest.approx(best, abs=1e-5)
        assert profile.found[0].score <= profile.ideal.score + 1e-5
