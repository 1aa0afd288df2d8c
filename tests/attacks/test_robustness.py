"""Attacks on many documents, counted; and the unknown word's vector put another way."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from interpbook import attack_texts, load_classifier, load_corpus
from interpbook.attacks import (
    AttackResult,
    AttackStudy,
    Change,
    attack_study,
    replay,
    robustness,
    with_unknown,
)
from interpbook.text import UNKNOWN

TEXTS = 120


@pytest.fixture(scope="module")
def classifier():
    return load_classifier("reviews")


@pytest.fixture(scope="module")
def corpus():
    return load_corpus("reviews", split="test")


@pytest.fixture(scope="module")
def texts(corpus) -> list[str]:
    return ["", "...", *corpus.texts[:TEXTS]]


@pytest.fixture(scope="module")
def labels(corpus) -> list[int]:
    return [0, 1, *map(int, corpus.labels[:TEXTS])]


# ------------------------------------------------------------------------------- counting attacks


@pytest.mark.parametrize("ranking", ["gradient", "updated_word_scores", "random"])
def test_a_study_counts_what_attack_texts_returns(classifier, texts, labels, ranking):
    study = attack_study(classifier, texts, labels, ranking, 4, seed=2, typo="drop")
    results = attack_texts(classifier, texts, labels, ranking, 4, seed=2, typo="drop")
    assert (study.ranking, study.max_changes) == (ranking, 4)
    assert study.documents == len(texts) and study.outcomes["no word"] == 2
    assert study.outcomes == Counter(result.outcome for result in results)
    correct = [r for r in results if r.outcome not in ("already misclassified", "no word")]
    fallen = [result for result in correct if result.succeeded]
    assert (study.attacked, study.succeeded) == (len(correct), len(fallen))
    assert 0 < study.success == len(fallen) / len(correct) < 1
    assert study.changes.tolist() == [result.num_changes for result in fallen]
    written = [change.before.lower() for result in results for change in result.changes]
    assert study.words == Counter(written)


def test_one_study_holds_all_smaller_budgets(classifier, texts, labels):
    shares = attack_study(classifier, texts, labels, "word_scores", 5).by_budget
    assert len(shares) == 6 and shares[0] == 0
    for budget in (1, 3, 5):
        study = attack_study(classifier, texts, labels, "word_scores", budget)
        assert study.success == pytest.approx(shares[budget]), budget


def test_chunks_do_not_matter(classifier, texts, labels, monkeypatch):
    whole = attack_study(classifier, texts, labels, "random", 3)
    monkeypatch.setattr(robustness, "_CHUNK", 7)
    parts = attack_study(classifier, texts, labels, "random", 3)
    assert (parts.outcomes, parts.words) == (whole.outcomes, whole.words)
    assert parts.changes.tolist() == whole.changes.tolist()


def test_no_document_is_no_success(as_users_run_it, classifier):
    study = attack_study(classifier, [], [])
    assert (study.documents, study.attacked, study.success) == (0, 0, 0.0)
    assert study.by_budget.tolist() == [0.0] * 11
    with pytest.raises(ValueError, match="rankings are"):
        attack_study(classifier, [], [], "loudness")


def test_what_the_classifier_takes_back_is_no_success(classifier, texts, labels, monkeypatch):
    """As if every second changed text had kept its label."""
    monkeypatch.setattr(
        robustness, "replay", lambda _, fallen: [i % 2 > 0 for i in range(len(fallen))]
    )
    study = attack_study(classifier, texts, labels)
    fallen = study.outcomes["prediction changed"]
    assert study.not_replayed == -(-fallen // 2) > 0
    assert study.succeeded == fallen // 2 and study.success == study.succeeded / study.attacked


def test_a_replay_reads_the_changed_text(classifier):
    """Two invented results that claim success: one text says another thing now, one does not."""

    def claimed(after: str) -> AttackResult:
        return AttackResult(
            original="a dull and lifeless film",
            label=0,
            class_names=classifier.class_names,
            ranking="random",
            changes=(Change(position=3, start=11, end=19, before="lifeless", after=after),),
            logits=torch.tensor([[1.0, 0.0], [0.0, 1.0]]),
            outcome="prediction changed",
        )

    assert replay(classifier, [claimed("superb"), claimed("tedious")]) == [True, False]
    assert replay(classifier, []) == []


def test_the_parts_of_a_study_fit_together():
    study = AttackStudy(
        ranking="exact",
        max_changes=3,
        outcomes=Counter(
            {"prediction changed": 3, "budget spent": 1, "no word left": 1, "no word": 2}
            | {"already misclassified": 3}
        ),
        changes=torch.tensor([1, 3, 3]),
        not_replayed=1,
        words=Counter(),
    )
    assert (study.documents, study.attacked, study.succeeded) == (10, 5, 3)
    assert study.success == 0.6
    np.testing.assert_allclose(study.by_budget, [0, 0.2, 0.2, 0.6])


def test_every_text_has_a_label_over_all_chunks(classifier, texts, labels, monkeypatch):
    monkeypatch.setattr(robustness, "_CHUNK", len(texts))
    with pytest.raises(ValueError, match=f"got {len(texts)} texts, {len(texts) + 1} labels"):
        attack_study(classifier, texts, [*labels, 0])


def test_words_are_counted_as_the_classifier_reads_them(classifier):
    study = attack_study(classifier, ["It ISN’T bad", "isn't bad"], [0, 0], "random", 3)
    assert study.words["isn't"] == study.outcomes.total() - study.outcomes["already misclassified"]
    assert "isn’t" not in study.words


# ------------------------------------------------------------------------ the unknown word's vector


def unknown_of(classifier) -> torch.Tensor:
    return classifier.model.embedding.weight[UNKNOWN]


@pytest.mark.parametrize("vector", ["trained", "zero", "mean", "random", "unit normal"])
def test_only_the_unknown_words_vector_differs(classifier, vector):
    before = {name: tensor.clone() for name, tensor in classifier.model.state_dict().items()}
    other = with_unknown(classifier, vector)
    for name, tensor in classifier.model.state_dict().items():
        assert torch.equal(tensor, before[name]), "the classifier given stays as it is"
        changed = (other.model.state_dict()[name] != tensor).nonzero()
        if name == "embedding.weight" and vector != "trained":
            assert set(changed[:, 0].tolist()) == {UNKNOWN}
        else:
            assert not len(changed)
    known, unknown = "a dull film", "a dull fi1m"
    probabilities = other.predict_proba([known, unknown]) - classifier.predict_proba(
        [known, unknown]
    )
    assert (probabilities[0] == 0).all()
    assert (probabilities[1] == 0).all() == (vector == "trained")


def test_the_vectors_are_what_their_names_say(classifier):
    known = classifier.model.embedding.weight[2:].detach()
    assert torch.equal(unknown_of(with_unknown(classifier, "trained")), unknown_of(classifier))
    assert not unknown_of(with_unknown(classifier, "zero")).any()
    torch.testing.assert_close(
        unknown_of(with_unknown(classifier, "mean")), known[-1000:].mean(dim=0)
    )
    drawn = [unknown_of(with_unknown(classifier, "unit normal", seed=n)) for n in range(40)]
    assert torch.stack(drawn).std().item() == pytest.approx(1, abs=0.05)
    assert torch.equal(drawn[3], unknown_of(with_unknown(classifier, "unit normal", seed=3)))
    small = unknown_of(with_unknown(classifier, "random", seed=3))
    torch.testing.assert_close(small, known.std() * drawn[3])


def test_an_unknown_kind_of_vector_is_refused(as_users_run_it, classifier):
    with pytest.raises(ValueError, match=r"unknown vectors are trained, zero, mean, .*, got 'one'"):
        with_unknown(classifier, "one")
