"""A corpus and its origin check themselves."""

import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from interpbook.corpora import Corpus, Provenance

WHOLE = Provenance("embedded", {"some/file": "00"}, 3, 3)


def corpus(**changes):
    fields = {
        "name": "some",
        "split": "train",
        "texts": ("good", "bad", "fine"),
        "labels": np.array([1, 0, 1]),
        "class_names": ("negative", "positive"),
        "provenance": WHOLE,
    }
    return Corpus(**(fields | changes))


def test_provenance_says_whether_all_came():
    part = Provenance("mirror", {"a.csv": "ff"}, 62_517, 120_000)
    assert WHOLE.complete and not part.complete
    assert str(part) == "62,517 of 120,000 documents (incomplete)"
    assert str(WHOLE) == "3 of 3 documents (complete)"


def test_provenance_goes_through_json():
    record = json.loads(json.dumps(Provenance("mirror", {"a.csv": "ff"}, 1, 2).to_dict()))
    assert record == {
        "source": "mirror",
        "files": {"a.csv": "ff"},
        "documents": 1,
        "official_documents": 2,
        "complete": False,
    }


def test_provenance_does_not_change_and_counts_no_more_than_there_are():
    files = {"a": "ff"}
    record = Provenance("mirror", files, 1, 2)
    files["b"] = "00"
    assert record.files == {"a": "ff"}
    with pytest.raises(TypeError):
        record.files["b"] = "00"
    with pytest.raises(ValueError, match="expected at most 2 documents, got 3"):
        Provenance("mirror", {}, 3, 2)


def test_a_corpus_knows_its_size_and_counts():
    some = corpus()
    assert len(some) == 3
    assert some.class_counts == {"negative": 1, "positive": 2}
    assert repr(some) == (
        "<Corpus some train: 3 of 3 documents (complete); negative 1, positive 2>"
    )
    assert corpus(class_names=("a", "b", "c")).class_counts == {"a": 1, "b": 2, "c": 0}


def test_a_corpus_without_labels_says_so():
    some = corpus(labels=None)
    assert some.labels is None and some.class_counts == {}
    assert repr(some).endswith("; no labels>")


def test_labels_are_a_read_only_copy(as_users_run_it):
    labels = np.array([1, 0, 1], dtype=np.int32)
    some = corpus(labels=labels)
    labels[0] = 0
    assert some.labels.dtype == np.int64 and some.labels.tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="read-only"):
        some.labels[0] = 0
    with pytest.raises(FrozenInstanceError):
        some.texts = ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"texts": (), "labels": np.array([], dtype=int)}, "at least one document"),
        ({"provenance": replace(WHOLE, documents=2)}, "counts 2 documents, there are 3"),
        ({"labels": np.array([0, 1])}, r"expected 3 whole numbers .* shape \(2,\)"),
        ({"labels": np.array([0.0, 1.0, 1.0])}, "whole numbers .* dtype float64"),
        ({"labels": np.array([0, 1, 2])}, r"labels lie in 0\.\.1, got 2"),
        ({"labels": np.array([0, -1, 1])}, r"labels lie in 0\.\.1, got -1"),
        ({"rationales": ((0,),)}, "expected no rationales or 3, got 1"),
        ({"facts": ((), ())}, "expected no facts or 3, got 2"),
    ],
)
def test_a_corpus_checks_itself(changes, message, as_users_run_it):
    with pytest.raises(ValueError, match=message):
        corpus(**changes)
