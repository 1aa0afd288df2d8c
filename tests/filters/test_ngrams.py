"""What filters choose, against slow twins: every window, every n-gram, one document at a time."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook import (
    TextCNN,
    best_ngrams,
    discriminative_ngrams,
    filter_study,
    load_classifier,
    load_corpus,
    pad,
)
from interpbook.models import batches
from support.networks import cases, filters_of, laid_out, network, slow_score, tiny_classifier

TEXT = "What a good movie, but it isn't bad: slow, slow, moving!"


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
