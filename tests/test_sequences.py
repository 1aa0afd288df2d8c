"""Any sequence of texts, documents or labels gives what its list gives: it is read by position."""

from __future__ import annotations

from collections import UserList

import numpy as np
import pandas as pd
import pytest
import torch

from interpbook import attack_texts, fit, load_classifier, load_corpus
from interpbook.attacks import Speller, attack_repaired, attack_study
from interpbook.hidden import preservation_study
from interpbook.models import batches, evaluate, predict
from interpbook.scores import effect_study
from support.networks import network

COUNT = 24
ORDER = np.random.default_rng(0).permutation(COUNT)

AS = {
    "permuted index": lambda items: pd.Series(items, index=ORDER),
    "index of names": lambda items: pd.Series(items, index=[f"row {n}" for n in ORDER]),
    "index from 100": lambda items: pd.Series(items, index=range(100, 100 + len(items))),
    "object column": lambda items: pd.Series(items, index=ORDER, dtype=object),
    "array": lambda items: np.array([*items, None], dtype=object)[:-1],
    "tuple": tuple,
    "user list": UserList,
    "values of a dict": lambda items: dict(enumerate(items)).values(),
}
pytestmark = pytest.mark.usefixtures("as_users_run_it")


@pytest.fixture(params=AS)
def given(request):
    return AS[request.param]


@pytest.fixture(scope="module")
def classifier():
    return load_classifier("reviews")


@pytest.fixture(scope="module")
def corpus():
    found = load_corpus("reviews", "test")
    return list(found.texts[:COUNT]), [int(label) for label in found.labels[:COUNT]]


def test_predictions_and_accuracies(classifier, corpus, given):
    texts, labels = corpus
    documents = classifier.encode(texts)
    assert classifier.encode(given(texts)) == documents
    assert np.array_equal(classifier.predict_proba(given(texts)), classifier.predict_proba(texts))
    expected = predict(classifier.model, documents)
    assert torch.equal(predict(classifier.model, given(documents)), expected)
    accuracy = evaluate(classifier.model, documents, labels)
    assert evaluate(classifier.model, given(documents), given(labels)) == accuracy


def test_training(corpus, classifier, given):
    texts, labels = corpus
    documents = [[id_ % 10 + 2 for id_ in document] for document in classifier.encode(texts)]
    settings = {"epochs": 1, "learning_rate": 0.01, "batch_size": 8}
    one, other = network(num_classes=2), network(num_classes=2)
    expected = fit(one, documents, labels, **settings)
    assert fit(other, given(documents), given(labels), **settings).losses == expected.losses
    ours = [ids.tolist() for ids, _ in batches(given(documents), given(labels), batch_size=8)]
    assert ours == [ids.tolist() for ids, _ in batches(documents, labels, batch_size=8)]


def test_attacks(corpus, classifier, given):
    texts, labels = corpus
    expected = [result.text for result in attack_texts(classifier, texts, labels)]
    found = attack_texts(classifier, given(texts), given(labels))
    assert [result.text for result in found] == expected
    study = attack_study(classifier, given(texts), given(labels))
    assert study.words == attack_study(classifier, texts, labels).words
    speller = Speller(classifier.vocabulary)
    expected = [r.text for r in attack_repaired(classifier, speller, texts, labels)]
    found = attack_repaired(classifier, speller, given(texts), given(labels))
    assert [result.text for result in found] == expected


def test_studies(corpus, classifier, given):
    texts, labels = corpus
    documents = classifier.encode(texts)
    expected = effect_study(classifier.model, documents, labels)
    found = effect_study(classifier.model, given(documents), given(labels))
    assert torch.equal(found.exact, expected.exact) and torch.equal(
        found.documents, expected.documents
    )
    deep = load_classifier("mr_deep")
    documents = deep.encode(texts)
    settings = {"method": "own words", "locations": (1,), "words": (2,)}
    expected = preservation_study(deep.model, documents, **settings)
    found = preservation_study(deep.model, given(documents), **settings)
    assert torch.equal(found.kept, expected.kept)


def test_labels_of_a_column_that_may_have_gaps(corpus, classifier):
    texts, labels = corpus
    documents = classifier.encode(texts)
    column = pd.Series(labels, index=ORDER, dtype="Int64")
    expected = evaluate(classifier.model, documents, labels)
    assert evaluate(classifier.model, documents, column) == expected
    column.iloc[3] = pd.NA
    with pytest.raises(ValueError, match="labels are whole numbers"):
        evaluate(classifier.model, documents, column)


@pytest.mark.parametrize("value", ["", "?!", None, float("nan"), pd.NA, 3])
def test_a_text_that_cannot_be_read_is_named_by_its_number(corpus, classifier, value):
    texts, labels = corpus
    texts = [*texts[:3], value, *texts[4:]]
    with pytest.raises((TypeError, ValueError), match=r"^document 3: "):
        classifier.encode(texts)
    with pytest.raises((TypeError, ValueError), match=r"^document 3: "):
        classifier.predict_proba(pd.Series(texts, index=ORDER))
    if not isinstance(value, str):
        with pytest.raises(TypeError, match=r"^document 3: "):
            attack_texts(classifier, texts, labels)
