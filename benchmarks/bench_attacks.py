"""Attacks side by side against the same attacks in plain PyTorch, one document at a time."""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable
from typing import get_args

import pytest
import torch
from peers import (
    VOCABULARY,
    Ratio,
    dense_decompose,
    imdb_model,
    print_table,
    ratios,
    seconds,
    zipf_documents,
)
from torch import Tensor

from interpbook import Classifier, Vocabulary, attack_texts
from interpbook.attacks import Ranking, misspell
from interpbook.text import UNKNOWN, tokenize_with_spans

BUDGET, DOCUMENTS, PEERS_DOCUMENTS, ROUNDS = 10, 512, 16, 5
SOME = slice(None, None, DOCUMENTS // PEERS_DOCUMENTS)
Scores = Callable[[Classifier, list[int], int], tuple[Tensor, Tensor]]


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """The paper's network with random weights: no attack succeeds before its budget ends."""
    letters = itertools.islice(itertools.product(string.ascii_lowercase, repeat=4), VOCABULARY - 2)
    words = ("<pad>", "<unk>", *("".join(word) for word in letters))
    return Classifier(imdb_model(), Vocabulary(words), ("negative", "positive"))


@pytest.fixture(scope="module")
def texts(classifier) -> list[str]:
    return [" ".join(classifier.vocabulary.decode(ids)) for ids in zipf_documents(DOCUMENTS)]


@pytest.fixture(scope="module")
def labels(classifier, texts) -> list[int]:
    return classifier.predict_proba(texts).argmax(axis=1).tolist()


def by_gather(classifier: Classifier, ids: list[int], label: int) -> tuple[Tensor, Tensor]:
    """Return the logits and B's column, exactly: convolve, maximum with index, gather."""
    logits, _, word_scores = dense_decompose(classifier.model, torch.tensor([ids]))
    return logits[0], word_scores[0, :, label]


def by_gradient(classifier: Classifier, ids: list[int], label: int) -> tuple[Tensor, Tensor]:
    """Return the logits and gradient x input, which is B's column without the shares of biases."""
    model = classifier.model
    x = model.embedding(torch.tensor([ids])).detach().requires_grad_()
    pooled = torch.cat([conv(x.transpose(1, 2)).amax(dim=2) for conv in model.convs], dim=1)
    logits = model.output(pooled.relu())[0]
    (gradient,) = torch.autograd.grad(logits[label], x)
    return logits.detach(), (gradient * x.detach()).sum(dim=2)[0]


def plain_attack(
    classifier: Classifier, text: str, label: int, scores_of: Scores, *, again: bool
) -> str:
    """Attack one text by B's column, computed once or again after each change."""
    spans = tokenize_with_spans(text)
    ids = classifier.vocabulary.encode([span.word for span in spans])
    logits, scores = scores_of(classifier, ids, label)
    typos: dict[int, str] = {}
    while int(logits.argmax()) == label and len(typos) < BUDGET:
        for position in scores.argsort(descending=True).tolist():
            if ids[position] != UNKNOWN:
                written = text[spans[position].start : spans[position].end]
                typo = misspell(written, classifier.vocabulary)
                if typo is not None:
                    typos[position], ids[position] = typo, UNKNOWN
                    break
        if again:
            logits, scores = scores_of(classifier, ids, label)
        else:
            with torch.no_grad():
                logits = classifier.model(torch.tensor([ids]))[0]
    for position in sorted(typos, reverse=True):
        text = text[: spans[position].start] + typos[position] + text[spans[position].end :]
    return text


def test_attacks_against_one_document_at_a_time(one_thread, benchmark, classifier, texts, labels):
    few = list(zip(texts, labels, strict=True))[SOME]

    def ours(ranking: Ranking) -> Callable[[], list[str]]:
        return lambda: [
            result.text for result in attack_texts(classifier, texts, labels, ranking, BUDGET)
        ]

    def plain(scores_of: Scores, *, again: bool) -> Callable[[], list[str]]:
        return lambda: [plain_attack(classifier, *pair, scores_of, again=again) for pair in few]

    found = {}
    for ranking in ("updated_word_scores", "word_scores"):
        base, again = ours(ranking), ranking == "updated_word_scores"
        assert base()[SOME] == plain(by_gather, again=again)(), "the peer makes the same attack"
        tasks = {
            f"{ranking}, convolve, maximum, gather": plain(by_gather, again=again),
            f"{ranking}, gradient x input (autograd)": plain(by_gradient, again=again),
        }
        for name, ratio in ratios(tasks, base, rounds=ROUNDS).items():
            share = DOCUMENTS / PEERS_DOCUMENTS
            found[name] = Ratio(share * ratio.median, share * ratio.best)
    print_table(
        f"{BUDGET} changes by B in plain PyTorch, one document at a time, one thread, in units of "
        "attack_texts's time: median, best",
        found,
    )
    benchmark.extra_info.update({name: ratio._asdict() for name, ratio in found.items()})

    rates = {
        ranking: DOCUMENTS / min(seconds(ours(ranking)) for _ in range(3))
        for ranking in get_args(Ranking)
    }
    print_table(
        "Documents that attack_texts attacks in a second, at best",
        {ranking: f"{rate:9.0f}" for ranking, rate in rates.items()},
    )
    benchmark.pedantic(ours("word_scores"), rounds=3, warmup_rounds=1)

    # The goal is 20 with the word scores computed again; a machine that others use takes its
    # share of either number, so the better one counts.
    again = [ratio for name, ratio in found.items() if name.startswith("updated")]
    assert min(max(ratio) for ratio in again) >= 20
    # Computed once, they leave the peer hardly more than forward passes to do.
    assert min(max(ratio) for ratio in found.values()) >= 12
