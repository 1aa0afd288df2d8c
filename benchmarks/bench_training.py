"""An epoch of ``fit`` against the usual loop."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from peers import (
    SAMPLE,
    Data,
    UsualLoop,
    imdb_model,
    print_table,
    seconds,
    table1_data,
    zipf_documents,
)

from interpbook import TextCNN
from interpbook.models import evaluate, fit

BATCH, ROUNDS = 128, 3


def compare(benchmark: Any, title: str, data: Data) -> tuple[float, TextCNN]:
    """Time an epoch of each in turn; return the median ratio and what the usual loop trained."""
    torch.manual_seed(0)
    ours, usual = deepcopy(data.model), deepcopy(data.model)
    loop = UsualLoop(usual, *data.train, learning_rate=data.learning_rate, batch_size=BATCH)

    def our_epoch() -> None:
        fit(ours, *data.train, epochs=1, learning_rate=data.learning_rate, batch_size=BATCH)

    pairs = [(seconds(loop.epoch), seconds(our_epoch)) for _ in range(ROUNDS)]
    ratio = float(np.median([ours / usual for usual, ours in pairs]))
    benchmark.extra_info["ratio"] = ratio
    benchmark.pedantic(our_epoch, rounds=1)
    milliseconds = np.median(pairs, axis=0) / -(-len(data.train[0]) // BATCH) * 1000
    print_table(
        f"{title}: a step of {BATCH} documents",
        {
            "the usual loop": f"{milliseconds[0]:6.0f} ms",
            "fit": f"{milliseconds[1]:6.0f} ms",
            "ratio": f"{ratio:9.2f}",
        },
    )
    return ratio, usual


@pytest.mark.parametrize(
    ("name", "length", "bound"), [("imdb", 400, 1 / 2), ("ag_news", 195, 1 / 3)]
)
def test_an_epoch_on_a_real_corpus(one_thread, real_corpora, benchmark, name, length, bound):
    """Table 1's model, k = 150, on a sample; the accuracy is that on a sample of the test split."""
    data = table1_data(name)
    assert data.model.config.max_length == length and data.model.config.num_filters == 150
    ratio, usual = compare(benchmark, f"{name}, {SAMPLE:,} documents padded to {length}", data)
    # In one call: Adam's moments would begin anew with each.
    ours = deepcopy(data.model)
    fit(ours, *data.train, epochs=ROUNDS, learning_rate=data.learning_rate, batch_size=BATCH)
    accuracies = {"the usual loop": evaluate(usual, *data.test), "fit": evaluate(ours, *data.test)}
    benchmark.extra_info.update(accuracies)
    print_table(
        f"{name}: accuracy after {ROUNDS} epochs",
        {trained: f"{accuracy:9.1%}" for trained, accuracy in accuracies.items()},
    )
    assert ratio <= bound
    # On AG's News seeds of either way lie a point apart.
    assert abs(accuracies["fit"] - accuracies["the usual loop"]) < 0.03
    assert min(accuracies.values()) > 0.8


def test_an_epoch_on_invented_documents(one_thread, benchmark):
    """For machines without the corpora: word frequencies and lengths as in IMDB, no meaning."""
    documents = zipf_documents(BATCH * 4)
    labels = [i % 2 for i in range(len(documents))]
    data = Data(imdb_model(), (documents, labels), ([], []), learning_rate=0.005)
    ratio, _ = compare(benchmark, "Invented documents padded to 400", data)
    assert ratio <= 0.5
