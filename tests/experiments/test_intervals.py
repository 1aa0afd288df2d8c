"""Shares and leads over several runs, against SciPy, each document by itself, and simulation."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from interpbook.corpora import data_folder
from interpbook.experiments import kept_lead, kept_share, of_corpus, pooled_share, read_record
from interpbook.hidden import METHODS, paired_lead
from support.readings import kept_documents, reading

RECORDS = [reading(seed=seed) for seed in range(3)]
K, M = (1, 2, 3, 5), (1, 3, 5, 10)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_one_run_has_wilsons_interval(counts):
    kept, documents = counts
    found = pooled_share([kept], documents, confidence=0.9)
    wilson = binomtest(kept, documents).proportion_ci(0.9, method="wilson")
    assert found == pytest.approx((kept / documents, wilson.low, wilson.high), abs=1e-9)
    assert 0 <= found.low <= found.value <= found.high <= 1


@given(st.lists(st.integers(0, 50), min_size=2, max_size=6))
def test_more_runs_on_the_same_documents_do_not_narrow_the_interval(kept):
    pooled = pooled_share(kept, 50)
    assert pooled.value == pytest.approx(np.mean(kept) / 50)
    widths = [(one := pooled_share([count], 50)).high - one.low for count in kept]
    assert pooled.high - pooled.low >= np.mean(widths) - 1e-9
    assert pooled == pytest.approx(pooled_share(kept * 2, 50))


@pytest.mark.parametrize(
    ("kept", "documents"), [([], 10), ([3], 0), ([0], 0), ([11], 10), ([3, -1], 10)]
)
def test_counts_that_cannot_be_are_refused(kept, documents):
    with pytest.raises(ValueError, match=f"expected counts of {documents} documents, got"):
        pooled_share(kept, documents)


@pytest.mark.parametrize("method", METHODS)
def test_a_share_is_that_of_the_documents_themselves(method):
    for row, k in enumerate(K):
        for column, m in enumerate(M):
            kept = [kept_documents(seed)[method][:, row, column] for seed in range(3)]
            found = kept_share(RECORDS, method, k, m)
            assert found.value == pytest.approx(np.mean(kept))
            assert found == pooled_share([int(run.sum()) for run in kept], 200)


def test_a_lead_is_compared_document_by_document():
    inversion, other = (kept_documents(0)[name] for name in ("inversion", "own words"))
    for row, k in enumerate(K):
        for column, m in enumerate(M):
            differences = inversion[:, row, column] * 1.0 - other[:, row, column]
            found = kept_lead(RECORDS[:1], "own words", k, m)
            assert found.value == pytest.approx(differences.mean())
            # Bonett and Price: as if one document more were won, and one more lost.
            seen = np.append(differences, [1, -1])
            reach = 1.959964 * seen.std() / np.sqrt(202)
            ends = seen.mean() - reach, seen.mean() + reach
            assert (found.low, found.high) == pytest.approx(ends, abs=1e-6)


def test_a_lead_is_nearly_that_of_the_study_itself():
    counts = RECORDS[0]["metrics"]["methods"]["random words"]
    plain = paired_lead(counts["lost"][2][2], counts["won"][2][2], 200, confidence=0.8)
    assert kept_lead(RECORDS[:1], "random words", 3, 5, confidence=0.8) == pytest.approx(
        plain, abs=0.01
    )


def test_a_lead_over_several_runs_is_their_mean_and_as_unsure_as_one():
    alone = [kept_lead([record], "random words", 3, 5) for record in RECORDS]
    found = kept_lead(RECORDS, "random words", 3, 5)
    assert found.value == pytest.approx(np.mean([one.value for one in alone]))
    widths = [one.high - one.low for one in alone]
    assert min(widths) * 0.99 <= found.high - found.low <= max(widths) * 1.05


def test_two_methods_that_never_differ_still_leave_doubt():
    found = kept_lead(RECORDS, "inversion", 1, 1)
    assert found.value == 0 and found.high == -found.low
    assert 0.01 < found.high < 0.02  # of 200 documents, 3 in 200 is what none in 200 allows


def test_leads_cover_what_they_should():
    rng = np.random.default_rng(1)
    record = reading(documents=200)
    read, counts = record["metrics"], record["metrics"]["methods"]["own words"]
    for won, lost in ((0.01, 0.01), (0.02, 0.0), (0.3, 0.1)):
        covered = 0
        for first, second, _ in rng.multinomial(200, [won, lost, 1 - won - lost], 400).tolist():
            counts["lost"], counts["won"] = [[first] * 4] * 4, [[second] * 4] * 4
            found = kept_lead([record], "own words", 1, 1)
            covered += found.low <= won - lost <= found.high
        assert 0.92 * 400 <= covered
    assert covered < 400 and read["documents"] == 200


def test_intervals_cover_what_they_should():
    """Three models that often agree, on documents drawn again and again: 95% or more."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        hard = rng.random(60)  # what the models share; they differ a little in how much they keep
        kept = [int((hard + rng.normal(0, 0.1, 60) < share).sum()) for share in (0.7, 0.75, 0.8)]
        found = pooled_share(kept, 60)
        covered += found.low <= 0.75 <= found.high
    assert covered >= 0.94 * 400
    assert covered < 400  # an interval that always covers says nothing


# What cannot be pooled.


def test_records_are_chosen_by_corpus():
    other = reading("ag_news", seed=1)
    assert of_corpus([*RECORDS, other], "mr") == RECORDS
    assert of_corpus([*RECORDS, other], "ag_news") == [other]
    with pytest.raises(ValueError, match="expected records of imdb, got records of ag_news, mr"):
        of_corpus([*RECORDS, other], "imdb")
    with pytest.raises(ValueError, match="got records of no corpus"):
        of_corpus([], "mr")
    with pytest.raises(ValueError, match="records of yuan-interpretations, got one of table1"):
        of_corpus([{**RECORDS[0], "study": "table1"}], "mr")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("recipe", "epochs"), 4),
        (("interpretation", "steps"), 100),
        (("metrics", "documents"), 100),
        (("corpus", "test", "files", "test"), "another hash"),
        (("seed",), 0),
    ],
)
def test_runs_that_differ_in_more_than_the_seed_are_refused(place, value):
    changed = deepcopy(RECORDS[1])
    inside = changed
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = value
    with pytest.raises(ValueError, match="in their seed alone, got mr-seed0 and mr-seed1"):
        of_corpus([RECORDS[0], changed], "mr")


def test_what_was_not_measured_is_refused():
    with pytest.raises(ValueError, match=r"methods are inversion, .*, got 'magic'"):
        kept_share(RECORDS, "magic", 1, 1)
    with pytest.raises(ValueError, match=r"k is one of \[1, 2, 3, 5\] .*, got 4 and 1"):
        kept_lead(RECORDS, "own words", 4, 1)
    with pytest.raises(ValueError, match="got 3 and 2"):
        kept_share(RECORDS, "own words", 3, 2)


# The real records: what must hold of them.


@pytest.mark.parametrize("corpus", ["mr", "ag_news"])
@pytest.mark.parametrize("other", ["random words", "random locations", "weakest locations"])
def test_interpretations_keep_the_class_more_often_than_chance_does(corpus, other):
    paths = sorted((data_folder() / "results" / "yuan-interpretations").glob(f"{corpus}-*.json"))
    if not paths:
        pytest.skip(f"no records of {corpus}: interpbook reproduce yuan-interpretations")
    records = of_corpus([read_record(path) for path in paths], corpus)
    for m in M:
        assert kept_lead(records, other, 3, m).low > 0
