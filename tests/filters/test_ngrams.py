"""What filters choose, against slow twins: every window, every n-gram, one document at a time."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from interpbook import (
    Classifier,
    FilterProfile,
    TextCNN,
    Vocabulary,
    best_ngrams,
    discriminative_ngrams,
    filter_profile,
    filter_study,
    load_classifier,
    load_corpus,
    pad,
)
from interpbook.filters import ScoredNgram, slot_profile
from interpbook.models import batches
from support.browsing import Reader, assert_harmless
from support.networks import cases, laid_out, network, tiny_classifier

TEXT = "What a good movie, but it isn't bad: slow, slow, moving!"


def filters_of(model: TextCNN) -> list[tuple[Tensor, float]]:
    """List every filter's weight (m, n) and bias."""
    return [
        (weight, float(bias))
        for conv in model.convs
        for weight, bias in zip(conv.weight.detach(), conv.bias.detach(), strict=True)
    ]


def slow_score(model: TextCNN, number: int, ngram: list[int]) -> float:
    """Return a filter's u of an n-gram, from PyTorch's own convolution."""
    layer, place = divmod(number, model.config.filters_per_width)
    with torch.no_grad():
        x = model.embedding(torch.tensor([ngram])).transpose(1, 2)
        return float(model.convs[layer](x)[0, place, 0])


# Discriminative n-grams of a document. ------------------------------------------------------------


@pytest.mark.parametrize("classes", [1, 2, 3])
@pytest.mark.parametrize("padding", ["masked", "paper"])
def test_discriminative_ngrams_are_the_windows_of_the_rows_that_vary(classes, padding):
    classifier = tiny_classifier(
        class_names="abc"[:classes], filters_per_width=20, padding=padding, max_length=14
    )
    explanation = classifier.explain(TEXT)
    rows = explanation.ngram_scores.tolist()
    spread = [sum((x - sum(row) / classes) ** 2 for x in row) / classes for row in rows]
    epsilon = sorted(spread)[len(spread) // 2] + 1e-9
    tokens = [*explanation.tokens, *["<pad>"] * 5]
    expected: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    for p, variance in enumerate(spread):
        if variance > epsilon:
            start, width = int(explanation.starts[p]), int(explanation.widths[p])
            expected.setdefault((start, tuple(tokens[start : start + width])), []).append(p)
    found = discriminative_ngrams(explanation, epsilon)
    assert {(n.start, n.words): n.filters for n in found} == {
        window: len(filters) for window, filters in expected.items()
    }
    assert bool(found) == (classes > 1)
    q = explanation.predicted
    for ngram in found:
        others = [r for r in range(classes) if r != q]
        score = sum(
            rows[p][q] - sum(rows[p][r] for r in others) / len(others)
            for p in expected[ngram.start, ngram.words]
        )
        assert ngram.score == pytest.approx(score, abs=1e-5)


def test_discriminative_ngrams_and_the_filter_study_count_the_same_features():
    classifier, corpus = load_classifier("headlines"), load_corpus("headlines", "test")
    texts, labels = corpus.texts[:60], corpus.labels[:60]
    study = filter_study(classifier.model, batches(classifier.encode(texts), labels), 0.01)
    counted = [
        ngram.filters
        for text in texts
        for ngram in discriminative_ngrams(classifier.explain(text), 0.01)
    ]
    assert sum(counted) == int(study.counts.sum()) > 100


def test_a_threshold_is_not_rounded_to_the_scores_precision():
    explanation = tiny_classifier().explain(TEXT)
    rows = torch.zeros_like(explanation.ngram_scores)
    rows[0, 1] = 2 * math.sqrt(0.1)  # a variance of 0.1, which float32 rounds up
    explanation = replace(explanation, ngram_scores=rows)
    variance = float(rows.var(dim=1, correction=0)[0])
    assert variance == float(torch.tensor(0.1)) > 0.1
    assert len(discriminative_ngrams(explanation, 0.1)) == 1
    assert not discriminative_ngrams(explanation, variance)


@pytest.mark.parametrize("epsilon", [-0.1, math.nan])
def test_a_threshold_that_is_no_variance_is_refused(epsilon):
    with pytest.raises(ValueError, match="epsilon is a variance, zero or more, got"):
        discriminative_ngrams(tiny_classifier().explain(TEXT), epsilon)


# One filter: slots, ideal, found. -----------------------------------------------------------------


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


# The best n-grams of a corpus. --------------------------------------------------------------------


def slow_best_ngrams(model: TextCNN, documents: list[list[int]]) -> list[list[tuple]]:
    """Score every window of every document, keep the winners, rank the distinct ones."""
    found = []
    for weight, bias in filters_of(model):
        n, ngrams = weight.shape[1], {}
        for document in documents:
            words, last = laid_out(model, document)
            x = model.embedding.weight.detach()[words]
            u = {}
            for i in range(min(last, len(words) - n + 1)):
                u[i] = float((weight.T * x[i : i + n]).sum()) + bias
            # Rounding must not decide between equals, so that the first one is.
            start = next(i for i in u if u[i] >= max(u.values()) - 1e-12)
            ngrams.setdefault(tuple(words[start : start + n]), u[start])
        found.append(sorted(ngrams.items(), key=lambda item: -item[1]))
    return found


@given(cases(), st.integers(1, 4), st.integers(1, 3))
def test_best_ngrams_are_the_winners_of_all_windows(case, top, size):
    model, documents = case.model, case.documents
    expected = slow_best_ngrams(model, documents)
    chunks = [documents[i : i + size] for i in range(0, len(documents), size)]
    found = best_ngrams(model, [(pad(chunk), None) for chunk in chunks], top=top)
    assert len(found) == model.config.num_filters
    for p, ngrams in enumerate(found):
        assert len(ngrams) == min(top, len(expected[p]))
        assert len({tuple(ngram) for ngram in ngrams}) == len(ngrams)
        scores = dict(expected[p])
        # Equal scores may be found in another order; the scores themselves may not differ.
        assert [scores[tuple(ngram)] for ngram in ngrams] == pytest.approx(
            [score for _, score in expected[p][:top]], abs=1e-10
        )


@pytest.mark.parametrize("size", [1, 2, 4])
def test_among_equals_the_first_found_stays(size):
    model = network(widths=(2,))
    model.convs[0].weight.data[0] = 0.0  # every n-gram scores the bias
    documents = [[2, 3], [4, 5], [2, 3], [6, 7]]
    chunks = [documents[i : i + size] for i in range(0, 4, size)]
    found = best_ngrams(model, [(pad(chunk), None) for chunk in chunks], top=2)
    assert found[0] == [[2, 3], [4, 5]]


def test_an_ngram_that_comes_late_takes_its_place():
    model = network(widths=(1,), filters_per_width=1, embedding_dim=1)
    model.convs[0].weight.data[:] = 1.0
    model.embedding.weight.data[:, 0] = torch.arange(12.0)
    stream = [(torch.tensor([[word]]), None) for word in (3, 9, 4, 9, 2, 11, 5)]
    assert best_ngrams(model, stream, top=3) == [[[11], [9], [5]]]
    assert best_ngrams(model, stream, top=20) == [[[11], [9], [5], [4], [3], [2]]]
    assert best_ngrams(model, [], top=3) == [[]]


@pytest.mark.parametrize("padding", ["masked", "paper"])
def test_padding_is_part_of_an_ngram_where_it_wins(padding):
    model = network(padding=padding, max_length=8, widths=(3,), vocab_size=4)
    model.convs[0].weight.data[0] = 1.0
    model.embedding.weight.data[2:] = -1.0  # every word lowers u, and padding leaves it as it is
    [best, *_] = best_ngrams(model, [(torch.tensor([[2, 2, 3, 3]]), None)])
    assert best == ([[0, 0, 0]] if padding == "paper" else [[2, 2, 3]])
    if padding == "paper":
        bias = float(model.convs[0].bias.detach()[0])
        assert slow_score(model, 0, [0, 0, 0]) == pytest.approx(bias)


@pytest.mark.parametrize("top", [0, -1])
def test_a_top_of_nothing_is_refused(top):
    with pytest.raises(ValueError, match=f"top is a positive number, got {top}"):
        best_ngrams(network(), [(torch.tensor([[2]]), None)], top=top)
    with pytest.raises(ValueError, match=f"top is a positive number, got {top}"):
        profiled(network(), 0, top=top)


# How a profile shows itself. ----------------------------------------------------------------------


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
