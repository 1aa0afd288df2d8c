"""A filter study, from trained model to record, against one training epoch of the same model."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from peers import SAMPLE, print_table, seconds, table1_data

from interpbook import filter_study
from interpbook.experiments import read_record, write_record
from interpbook.experiments.studies.xu_du import filter_metrics
from interpbook.models import batches, fit

ROUNDS, EPSILON = 3, 0.005


def test_a_study_of_imdb(one_thread, real_corpora, benchmark, tmp_path):
    """All of Table 1's quantities at k = 150, over as many reviews as an epoch trains on."""
    data = table1_data("imdb")
    model = deepcopy(data.model)
    record = tmp_path / "record.json"

    def epoch() -> None:
        fit(model, *data.train, epochs=1, learning_rate=data.learning_rate)

    def study() -> None:
        found = filter_study(model, batches(*data.test, batch_size=256), EPSILON)
        write_record(record, {"metrics": filter_metrics(found)})

    # The weights are new each time, so each study fills its table of slot scores again.
    pairs = [(seconds(epoch), seconds(study)) for _ in range(ROUNDS)]
    ratio = float(np.median([ours / base for base, ours in pairs]))
    benchmark.extra_info["ratio"] = ratio
    benchmark.pedantic(study, rounds=1)
    times = np.median(pairs, axis=0)
    print_table(
        f"IMDB, k = 150, {SAMPLE:,} reviews each",
        {
            "a training epoch": f"{times[0]:6.1f} s",
            "a study, to its record": f"{times[1]:6.1f} s",
            "ratio": f"{ratio:9.2f}",
        },
    )
    assert read_record(record)["metrics"]["documents"] == SAMPLE
    assert ratio <= 0.5
