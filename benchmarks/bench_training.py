"""A training step of ``fit`` against the usual loop."""

from __future__ import annotations

import numpy as np
import torch
from peers import imdb_model, print_table, seconds, usual_step, zipf_documents

from interpbook import pad
from interpbook.training import fit

BATCH, STEPS, LENGTH, ROUNDS = 128, 4, 400, 3


def test_fit_against_the_usual_loop(benchmark):
    """The usual loop pads to 400 words and moves all 20,000 word vectors each step."""
    documents = zipf_documents(BATCH * STEPS)
    labels = [i % 2 for i in range(len(documents))]
    recipe = {"epochs": 1, "learning_rate": 0.005, "batch_size": BATCH}
    ours, usual = imdb_model(), imdb_model().train()
    optimizer = torch.optim.Adam(usual.parameters(), lr=0.005)
    padded = torch.nn.functional.pad(pad(documents), (0, LENGTH))[:, :LENGTH]
    targets = torch.tensor(labels)

    def usual_epoch() -> None:
        for ids, target in zip(padded.split(BATCH), targets.split(BATCH), strict=True):
            usual_step(usual, optimizer, ids, target)

    def our_epoch() -> None:
        fit(ours, documents, labels, **recipe)

    usual_epoch(), our_epoch()
    pairs = [(seconds(usual_epoch), seconds(our_epoch)) for _ in range(ROUNDS)]
    ratio = float(np.median([ours / usual for usual, ours in pairs]))
    per_step = np.median(pairs, axis=0) / STEPS * 1000
    benchmark.extra_info["ratio"] = ratio
    benchmark.pedantic(our_epoch, rounds=2)
    print_table(
        f"A training step of {BATCH} documents",
        {
            "the usual loop": f"{per_step[0]:6.0f} ms",
            "fit": f"{per_step[1]:6.0f} ms",
            "ratio": f"{ratio:9.2f}",
        },
    )
    assert ratio < 1
