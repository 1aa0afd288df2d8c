"""Documents, invented and real, the usual ways to do the same work, and fair timing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from interpbook import TextCNN, TextCNNConfig, pad
from interpbook.experiments import encode_corpus, train_model
from interpbook.experiments.studies.xu_du import TABLE1_RECIPES
from interpbook.models.text_cnn import hide_windows

VOCABULARY, CLASSES = 20_000, 2


def zipf_documents(
    number: int, *, seed: int = 0, low: int = 150, high: int = 400
) -> list[list[int]]:
    """Draw documents whose word frequencies fall as 1/rank, as they do in text."""
    rng = np.random.default_rng(seed)
    chances = 1 / np.arange(1, VOCABULARY - 1)
    chances /= chances.sum()
    lengths = rng.integers(low, high + 1, size=number)
    return [(rng.choice(VOCABULARY - 2, size=size, p=chances) + 2).tolist() for size in lengths]


def imdb_model(*, seed: int = 0) -> TextCNN:
    """Build the paper's network: m = 100, widths 3, 4, 5 of 50 filters, k = 150."""
    torch.manual_seed(seed)
    config = TextCNNConfig(
        vocab_size=VOCABULARY, embedding_dim=100, num_classes=CLASSES, max_length=400
    )
    return TextCNN(config).eval()


class Data(NamedTuple):
    """A model before its first step, and what to train and to test it on."""

    model: TextCNN
    train: tuple[list[list[int]], list[int]]
    test: tuple[list[list[int]], list[int]]
    learning_rate: float


# A tenth to a fifth of a real split: an epoch of it takes as long a step as one of all, and ends.
SAMPLE = 5_000


def table1_data(name: str) -> Data:
    """Take a sample of each split, evenly, and Table 1's model with k = 150, untrained.

    Vocabulary and word vectors are the study's: 50,000 words of all training documents, and
    skip-gram vectors, which take minutes to train where the user's cache has none.
    """
    recipe = replace(TABLE1_RECIPES[name], epochs=0)
    corpus = encode_corpus(recipe)
    model, _, _ = train_model(recipe, corpus, progress=False)

    def sample(split: tuple[list[list[int]], list[int]]) -> tuple[list[list[int]], list[int]]:
        chosen = np.linspace(0, len(split[0]) - 1, SAMPLE).astype(int)
        return [split[0][i] for i in chosen], [split[1][i] for i in chosen]

    return Data(model, sample(corpus.train), sample(corpus.test), recipe.learning_rate)


def seconds(task: Callable[[], object]) -> float:
    """Time one call."""
    begin = time.perf_counter()
    task()
    return time.perf_counter() - begin


class Ratio(NamedTuple):
    """A task's time in units of its base's."""

    median: float
    best: float  # fastest run by fastest run: what is left when other guests of the machine rest

    def __str__(self) -> str:
        return f"{self.median:9.2f} {self.best:9.2f}"


def ratios(
    tasks: dict[str, Callable[[], object]], base: Callable[[], object], *, rounds: int
) -> dict[str, Ratio]:
    """Time each task right after its base, so that whatever else the machine does slows both."""
    found = {}
    for task in tasks.values():  # warm-up
        task()
    times = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            base()  # after another project's threads, the first run is slow
            times[name].append((seconds(base), seconds(task)))
    for name, pairs in times.items():
        units, runs = np.array(pairs).T
        found[name] = Ratio(float(np.median(runs / units)), float(runs.min() / units.min()))
    return found


@torch.no_grad()
def dense_decompose(model: TextCNN, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute logits, A and B the usual vectorised way: convolve, maximum with index, gather."""
    ids, windows = model.lay_out(ids)
    x = model.embedding(ids)  # (N, l, m)
    N, length, m = x.shape
    W, b = model.output.weight, model.output.bias
    k, per_width = W.shape[1], model.config.filters_per_width
    pooled, B = [], x.new_zeros(N, length, len(b))
    for w, conv in enumerate(model.convs):
        n = conv.kernel_size[0]
        u = hide_windows(conv(x.transpose(1, 2)), windows[:, w])
        u_max, starts = u.max(dim=2)  # (N, f)
        places = starts[:, :, None] + torch.arange(n)  # (N, f, n)
        words = x.gather(1, places.flatten(1)[:, :, None].expand(-1, -1, m))
        u = (words.view(N, -1, n, m) * conv.weight.transpose(1, 2)).sum(dim=3)  # (N, f, n)
        u = (u + conv.bias[:, None] / n) * (u_max > 0)[:, :, None]
        weight = W[:, w * per_width : (w + 1) * per_width].T  # (f, c)
        share = u[..., None] * weight[:, None] + b / (k * n)  # (N, f, n, c)
        B.scatter_add_(1, places.flatten(1)[:, :, None].expand(-1, -1, len(b)), share.flatten(1, 2))
        pooled.append(u_max)
    v = torch.cat(pooled, dim=1).relu()
    return v @ W.T + b, v[:, :, None] * W.T + b / k, B


def usual_step(
    model: TextCNN, optimizer: torch.optim.Optimizer, ids: Tensor, labels: Tensor
) -> None:
    """Train one step the usual way: convolutions forward and backward, dense Adam on everything."""
    loss = F.cross_entropy(model(ids), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


class UsualLoop:
    """Training as it is usually written: one length, shuffled batches, dense Adam."""

    def __init__(
        self,
        model: TextCNN,
        documents: Sequence[Sequence[int]],
        labels: Sequence[int],
        *,
        learning_rate: float,
        batch_size: int = 128,
    ) -> None:
        self.model, self.batch_size = model, batch_size
        length = model.config.max_length
        self.ids = F.pad(pad(documents, max_length=length), (0, length))[:, :length]
        self.labels = torch.tensor(labels)
        self.optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)

    def epoch(self) -> None:
        """Go through the documents once."""
        self.model.train()
        for chosen in torch.randperm(len(self.ids)).split(self.batch_size):
            usual_step(self.model, self.optimizer, self.ids[chosen], self.labels[chosen])
        self.model.eval()


def print_table(title: str, rows: dict[str, object]) -> None:
    """Print one row a line."""
    width = max(map(len, rows))
    print(f"\n\n{title}")
    for name, value in rows.items():
        print(f"  {name:<{width}}  {value}")
