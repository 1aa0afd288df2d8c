"""IMDB-shaped documents, the usual ways to do the same work, and fair timing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from interpbook import TextCNN, TextCNNConfig
from interpbook.models import hide_windows

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


def print_table(title: str, rows: dict[str, object]) -> None:
    """Print one row a line."""
    width = max(map(len, rows))
    print(f"\n\n{title}")
    for name, value in rows.items():
        print(f"  {name:<{width}}  {value}")
