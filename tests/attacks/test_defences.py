"""Defences: what a speller makes of a text, who gets past it, and one trained row."""

from __future__ import annotations

import re
from copy import deepcopy

import numpy as np
import pytest
import torch

from interpbook import Classifier, Vocabulary, load_classifier, load_corpus, tokenize
from interpbook.attacks import (
    Speller,
    attack_repaired,
    attack_texts,
    evasive_typo,
    train_unknown,
    with_unknown,
)
from interpbook.models import batches, predict
from interpbook.text import UNKNOWN
from support.networks import tiny_classifier

VOCABULARY = Vocabulary(
    ("<pad>", "<unk>", "the", "film", "firm", "good", "movie", "move", "dull", "1990", "isn't")
)
SPELLER = Speller(VOCABULARY)


def test_an_evasive_typo_is_one_unknown_word_that_is_not_repaired():
    for edits in (1, 2):
        speller = Speller(VOCABULARY, edits)
        for word in ("film", "Movie", "good", "dull", "GOOD"):
            typo = evasive_typo(word, speller)
            if typo is None:
                continue
            (read,) = tokenize(typo)
            assert read not in VOCABULARY and speller.correct(read) is None
            (meant,) = tokenize(word)
            signs = sum(a != b for a, b in zip(read, meant, strict=False))
            assert signs > edits or len(read) != len(meant)
            assert evasive_typo(word, speller) == typo
    assert evasive_typo("movie", SPELLER, seed=1) != evasive_typo("movie", SPELLER, seed=4)


def test_a_single_sign_is_enough_where_the_speller_does_not_reach():
    assert evasive_typo("a", SPELLER) == "4"  # a word without a letter is left alone


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_classifier("reviews")


@pytest.fixture(scope="module")
def sample():
    corpus = load_corpus("reviews", split="test")
    return list(corpus.texts[:60]), [int(label) for label in corpus.labels[:60]]


def test_every_success_against_a_repaired_text_holds_when_read_anew(classifier, sample):
    texts, labels = sample
    speller = Speller(classifier.vocabulary)
    for ranking in ("word_scores", "exact"):
        results = attack_repaired(classifier, speller, texts, labels, ranking, 5)
        clean = classifier.predict_proba([speller.repair(text).text for text in texts])
        after = classifier.predict_proba([speller.repair(r.text).text for r in results])
        assert any(result.succeeded for result in results)
        for result, first, now in zip(results, clean, after, strict=True):
            misclassified = int(first.argmax()) != result.label
            assert (result.outcome == "already misclassified") == misclassified
            assert (int(now.argmax()) != result.label) == (result.succeeded or misclassified)
            assert result.num_changes <= 5
            assert not {c.after for c in speller.repair(result.text).changes} & {
                c.after for c in result.changes
            }


def test_attacks_that_do_not_know_the_speller_fail_behind_it(classifier, sample):
    texts, labels = sample
    speller = Speller(classifier.vocabulary)
    fallen = [r for r in attack_texts(classifier, texts, labels) if r.succeeded]
    after = classifier.predict_proba([speller.repair(r.text).text for r in fallen])
    still = sum(int(now.argmax()) != r.label for now, r in zip(after, fallen, strict=True))
    assert len(fallen) > 20 and still < 0.1 * len(fallen)


def test_texts_without_a_word_or_with_none_to_change_end_with_an_outcome():
    classifier = tiny_classifier()
    speller = Speller(classifier.vocabulary)
    results = attack_repaired(classifier, speller, ["...", "zzzzzz qqqqqq"], [0, 0])
    assert results[0].outcome == "no word"
    assert results[1].outcome in ("no word left", "already misclassified")
    assert attack_repaired(classifier, speller, [], []) == []


def test_what_attacks_refuse(as_users_run_it):
    classifier = tiny_classifier()
    speller = Speller(classifier.vocabulary)
    with pytest.raises(ValueError, match="different vocabularies"):
        attack_repaired(classifier, SPELLER, ["a"], [0])
    with pytest.raises(ValueError, match="one label, got 1 texts, 2 labels"):
        attack_repaired(classifier, speller, ["a"], [0, 1])
    with pytest.raises(ValueError, match="rankings are gradient, "):
        attack_repaired(classifier, speller, ["a"], [0], "best")
    with pytest.raises(ValueError, match="typos are look-alike, "):
        attack_repaired(classifier, speller, ["a"], [0], typo="none")
    with pytest.raises(ValueError, match=re.escape("labels lie in 0..1 here, got 2")):
        attack_repaired(classifier, speller, ["a"], [2])
    one = tiny_classifier(class_names=("all",))
    with pytest.raises(ValueError, match="one class only"):
        attack_repaired(one, Speller(one.vocabulary), ["a"], [0])


# --------------------------------------------------------------------------- the unknown vector


def test_training_moves_the_unknown_vector_and_nothing_else(classifier, sample):
    texts, labels = sample
    documents = classifier.encode(texts)
    before = {name: w.clone() for name, w in classifier.model.state_dict().items()}
    trained = train_unknown(classifier, documents, labels, epochs=2, seed=1)
    again = train_unknown(classifier, documents, labels, epochs=2, seed=1)
    other = train_unknown(classifier, documents, labels, epochs=2, seed=2)
    for name, weight in classifier.model.state_dict().items():
        assert torch.equal(weight, before[name]), "the classifier given stays as it is"
        now = trained.model.state_dict()[name]
        changed = (now != weight).flatten(1).any(dim=1) if weight.ndim > 1 else now != weight
        expected = [UNKNOWN] if name == "embedding.weight" else []
        assert changed.nonzero().flatten().tolist() == expected
        assert torch.equal(now, again.model.state_dict()[name])
    assert not torch.equal(trained.model.embedding.weight, other.model.embedding.weight)
    assert all(p.requires_grad for p in trained.model.parameters())
    assert trained.vocabulary is classifier.vocabulary and trained.card == classifier.card
    known = [document for document in documents if UNKNOWN not in document]
    assert torch.equal(predict(trained.model, known), predict(classifier.model, known))


def test_training_lowers_the_loss_on_texts_with_unknown_words(classifier):
    corpus = load_corpus("reviews", split="train")
    documents = classifier.encode(corpus.texts[:600])
    labels = [int(label) for label in corpus.labels[:600]]
    bad = with_unknown(classifier, "unit normal")
    trained = train_unknown(bad, documents, labels, rate=0.3, epochs=4)
    rng = np.random.default_rng(9)
    damaged = [[i if rng.random() > 0.3 else UNKNOWN for i in document] for document in documents]
    losses = [
        torch.nn.functional.cross_entropy(predict(c.model, damaged), torch.tensor(labels))
        for c in (bad, trained)
    ]
    assert losses[1] < 0.8 * losses[0]


def test_a_step_follows_the_gradient_that_the_plain_model_has(classifier, sample):
    """Adam's first step is the learning rate against each number's sign, whatever its size."""
    texts, labels = sample
    documents = classifier.encode(texts)
    trained = train_unknown(classifier, documents, labels, rate=0.4, learning_rate=0.01, seed=5)
    ((ids, targets),) = batches(documents, labels, seed=5)
    rng = np.random.default_rng(5)
    share = rng.uniform(0, 0.8, (len(ids), 1))
    gone = torch.from_numpy(rng.random(tuple(ids.shape)) < share) & (ids > UNKNOWN)
    model = deepcopy(classifier.model)
    loss = torch.nn.functional.cross_entropy(model(ids.masked_fill(gone, UNKNOWN)), targets)
    slope = torch.autograd.grad(loss, model.embedding.weight)[0][UNKNOWN]
    moved = trained.model.embedding.weight[UNKNOWN] - classifier.model.embedding.weight[UNKNOWN]
    clear = slope.abs() > 1e-5
    assert clear.float().mean() > 0.8
    assert torch.allclose(moved[clear], -0.01 * slope.sign()[clear], atol=1e-4)


@pytest.mark.parametrize("rate", [0.0, -0.1, 0.6])
def test_a_share_that_cannot_be_is_refused(rate):
    with pytest.raises(ValueError, match="rate is a share, above 0 and at most 1/2"):
        train_unknown(tiny_classifier(), [[2, 3]], [0], rate=rate)
    with pytest.raises(ValueError, match="at least one document"):
        train_unknown(tiny_classifier(), [], [])


def test_a_speller_reads_as_its_classifier_does(classifier):
    other = Speller(classifier.vocabulary, lowercase=not classifier.lowercase)
    with pytest.raises(ValueError, match=f"give the speller lowercase={classifier.lowercase}"):
        attack_repaired(classifier, other, ["a dull film"], [0])
