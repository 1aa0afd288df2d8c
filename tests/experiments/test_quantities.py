"""What a quantity is worth in a record, and what shows a paper's trend."""

from __future__ import annotations

import pytest

from interpbook.experiments import QUANTITIES, metric, stated
from interpbook.experiments.quantities import TREND, lead_trend, rank_trend

RECORD = {
    "metrics": {
        "accuracy": 0.9,
        "ratio1": 0.25,
        "paper": {"ratio2": 0.5},
        "calibrated": {"ratio2": 0.75},
        "attacks": {"trained": {"gradient": {"success": 0.2}, "word_scores": {"success": 0.6}}},
    },
    "statistics": {"classes": 4},
}


def test_each_quantity_reads_its_own_place_in_a_record():
    assert metric(RECORD, "accuracy") == metric(RECORD, "accuracy", "calibrated") == 0.9
    assert metric(RECORD, "ratio1", "calibrated") == 0.25
    assert (metric(RECORD, "ratio2"), metric(RECORD, "ratio2", "calibrated")) == (0.5, 0.75)
    assert metric(RECORD, "word_scores_success", "trained") == 0.6
    assert (stated(RECORD, "ratio1"), stated(RECORD, "classes")) == (25.0, 4.0)
    assert {name for name, q in QUANTITIES.items() if q.counted} == {
        "classes",
        "train_documents",
        "test_documents",
        "vocabulary",
    }


@pytest.mark.parametrize(
    ("ours", "alike", "rho"),
    [
        ([1, 2, 3, 4], True, "1.00"),
        ([1, 3, 2, 4], True, "0.80"),  # the bound itself counts
        ([4, 3, 2, 1], False, "-1.00"),
        ([2, 2, 2, 2], False, "0.00"),  # nothing to rank
    ],
)
def test_series_rank_alike_from_the_bound_on(ours, alike, rho):
    found = rank_trend([1.0, 2.0, 3.0, 4.0], [float(x) for x in ours], [[]] * 4, "-")
    assert TREND == 0.8 and len(found) == 4 and {holds for holds, _ in found} == {alike}
    assert all(f"(rho {rho})" in said for _, said in found)


def test_a_lead_is_judged_at_each_k_by_the_mean_over_its_runs():
    trend = lead_trend("word_scores_success", "gradient_success", "B", "the gradient")

    def run(gradient: float, word_scores: float) -> dict:
        success = {"gradient": {"success": gradient}, "word_scores": {"success": word_scores}}
        return {"metrics": {"attacks": {"trained": success}}}

    records = [[run(0.2, 0.6), run(0.4, 0.2)], [run(0.5, 0.5)], [run(0.5, 0.25)]]
    assert trend([0.0] * 3, [0.0] * 3, records, "trained") == [
        (True, "; B is 10.0 points above the gradient"),
        (False, "; B is level with the gradient"),
        (False, "; B is 25.0 points below the gradient"),
    ]
