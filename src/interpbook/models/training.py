"""Train and evaluate a network: length-bucketed batches, sparse steps, one seed."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F
from tqdm.auto import tqdm

from interpbook._checks import number_from
from interpbook.models.deep_text_cnn import DeepTextCNN
from interpbook.models.slots import check_finite, pooled_scores
from interpbook.models.text_cnn import TextCNN
from interpbook.text import pad

Network = TextCNN | DeepTextCNN
Labels = Sequence[int] | npt.NDArray[np.integer]
"""One class number 0..c-1 a document, such as ``Corpus.labels``."""

# Documents are shuffled, then sorted by length inside pools of this many batches: neighbours in a
# batch have about the same length, and the batches still differ from epoch to epoch.
_POOL = 50


@dataclass(frozen=True)
class TrainingHistory:
    """What a call of ``fit`` did, one entry an epoch.

    Attributes
    ----------
    losses : tuple of float
        Mean cross entropy on the training batches, in nats.
    accuracies : tuple of float
        Accuracy on the validation documents, empty without any.
    seconds : tuple of float
        Wall-clock time, validation not counted.

    Examples
    --------
    >>> history = TrainingHistory(losses=(0.7, 0.4), accuracies=(), seconds=(1.2, 1.1))
    >>> history.losses[-1]
    0.4
    """

    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    seconds: tuple[float, ...]


def bucket(
    lengths: Sequence[int], batch_size: int, *, seed: int | None = None
) -> list[Int64[np.ndarray, " batch"]]:
    """Group documents of about the same length into batches.

    Parameters
    ----------
    lengths : sequence of int
        The N documents' lengths.
    batch_size : int
        Documents in a batch; the last one may be smaller.
    seed : int, optional
        Shuffles documents and batches; without one the order is by length.

    Returns
    -------
    list of int64 arrays
        Document numbers; each of 0..N-1 occurs once.

    Examples
    --------
    >>> [batch.tolist() for batch in bucket([9, 2, 8, 1], 2)]
    [[3, 1], [2, 0]]
    """
    check_batch_size(batch_size)
    lengths = np.asarray(lengths)
    rng = np.random.default_rng(seed)
    order = np.arange(len(lengths)) if seed is None else rng.permutation(len(lengths))
    pool = len(lengths) if seed is None else _POOL * batch_size
    batches = []
    for begin in range(0, len(order), max(pool, 1)):
        pooled = order[begin : begin + pool]
        pooled = pooled[np.argsort(lengths[pooled], kind="stable")]
        batches += [pooled[i : i + batch_size] for i in range(0, len(pooled), batch_size)]
    if seed is not None:
        batches = [batches[i] for i in rng.permutation(len(batches))]
    return batches


def batches(
    documents: Sequence[Sequence[int]],
    labels: Labels,
    *,
    batch_size: int = 128,
    seed: int | None = None,
) -> Iterator[tuple[Int64[Tensor, "N l"], Int64[Tensor, " N"]]]:
    """Yield padded batches of ids and their labels, each no longer than it must be.

    Parameters
    ----------
    documents : sequence of sequences of int
        Encoded documents.
    labels : sequence of int
        One class number a document.
    batch_size, seed
        Each is described under ``bucket``.

    Examples
    --------
    >>> for ids, labels in batches([[2, 3, 4], [5]], [1, 0], batch_size=2):
    ...     print(ids.tolist(), labels.tolist())
    [[5, 0, 0], [2, 3, 4]] [0, 1]
    """
    documents, labels = list(documents), as_labels(labels)
    check_pairs(documents, labels)
    targets = torch.as_tensor(np.array(labels, dtype=np.int64))
    for chosen in bucket([len(document) for document in documents], batch_size, seed=seed):
        yield pad([documents[i] for i in chosen]), targets[chosen]


def fit(
    model: Network,
    documents: Sequence[Sequence[int]],
    labels: Labels,
    *,
    epochs: int,
    learning_rate: float,
    batch_size: int = 128,
    seed: int = 0,
    validation: tuple[Sequence[Sequence[int]], Labels] | None = None,
    progress: bool = False,
) -> TrainingHistory:
    """Train a model in place with Adam on the cross entropy.

    Only the words of a batch take part in its step: their vectors are moved by ``SparseAdam``. For
    a TextCNN their slot scores are one small matrix product, and gradients reach just the windows
    that win.

    Parameters
    ----------
    model : TextCNN or DeepTextCNN
        Left in evaluation mode.
    documents : sequence of sequences of int
        Encoded documents, none of them empty.
    labels : sequence of int
        Class numbers 0..c-1.
    epochs, learning_rate, batch_size
        Passes over the data, Adam's step size, documents per step.
    seed : int
        Decides order and dropout; the global random state is left as it was.
    validation : tuple of (documents, labels), optional
        Evaluated after each epoch.
    progress : bool
        Show a progress bar.

    Returns
    -------
    TrainingHistory
        Losses, accuracies, seconds.

    Raises
    ------
    ValueError
        If a label is no class number 0..c-1, a document is empty, there are not as many labels as
        documents, the batch size is not positive, or the loss stops being finite.

    Examples
    --------
    >>> from interpbook.models import TextCNNConfig
    >>> model = TextCNN(TextCNNConfig(6, 4, 2, widths=(1,), filters_per_width=4))

    >>> documents, labels = [[2, 3], [2, 4]] * 20, [0, 1] * 20
    >>> history = fit(model, documents, labels, epochs=3, learning_rate=0.05, batch_size=8)
    >>> len(history.losses), history.losses[-1] < history.losses[0]
    (3, True)
    """
    documents, labels = list(documents), as_labels(labels)
    check_labels(labels, model.config.num_classes)
    check_pairs(documents, labels)
    check_batch_size(batch_size)
    optimizers = [
        torch.optim.SparseAdam([model.embedding.weight], lr=learning_rate),
        torch.optim.Adam([*model.convs.parameters(), *model.output.parameters()], lr=learning_rate),
    ]
    losses, accuracies, seconds = [], [], []
    model.embedding.sparse = True
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            for epoch in range(epochs):
                begin = time.perf_counter()
                losses.append(
                    _epoch(model, documents, labels, optimizers, batch_size, seed + epoch, progress)
                )
                seconds.append(time.perf_counter() - begin)
                if validation is not None:
                    accuracies.append(evaluate(model, *validation))
    finally:  # whatever stops it, the model stays one that can be used
        model.embedding.sparse = False
        model.zero_grad(set_to_none=True)
        model.eval()
    return TrainingHistory(tuple(losses), tuple(accuracies), tuple(seconds))


def _epoch(
    model: Network,
    documents: Sequence[Sequence[int]],
    labels: Labels,
    optimizers: Sequence[torch.optim.Optimizer],
    batch_size: int,
    seed: int,
    progress: bool,
) -> float:
    """Go through the documents once and return the mean loss."""
    model.train()
    total = 0.0
    steps = tqdm(
        batches(documents, labels, batch_size=batch_size, seed=seed),
        total=math.ceil(len(documents) / batch_size),
        disable=not progress,
        desc="training",
    )
    device = model.output.weight.device
    for ids, targets in steps:
        logits = _score(model, ids.to(device))
        loss = F.cross_entropy(logits, targets.to(device))
        if not torch.isfinite(loss):
            raise ValueError("the loss is no longer finite: use a smaller learning rate")
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        total += loss.item() * len(ids)
    return total / len(documents)


def _score(model: Network, ids: Int64[Tensor, "N l"]) -> Float[Tensor, "N c"]:
    """Return the logits of a batch, a TextCNN's by way of the slot scores."""
    if isinstance(model, DeepTextCNN):
        return model(ids)
    return model.classify(pooled_scores(model, ids))


@torch.no_grad()
def predict(
    model: Network, documents: Sequence[Sequence[int]], *, batch_size: int = 256
) -> Float[Tensor, "N c"]:
    """Return the logits of encoded documents, in their order and on the CPU.

    The model is left in evaluation mode.

    Parameters
    ----------
    model : TextCNN or DeepTextCNN
        Left in evaluation mode.
    documents : sequence of sequences of int
        N encoded documents, none of them empty.
    batch_size : int
        Documents in a batch.

    Returns
    -------
    Tensor of shape (N, c)
        The logits.

    Raises
    ------
    TypeError, ValueError
        If a document is empty or does not suit the model (``TextCNN.lay_out``).
    ValueError
        If a logit is not finite.

    Examples
    --------
    >>> from interpbook.models import TextCNNConfig
    >>> model = TextCNN(TextCNNConfig(6, 4, 2, widths=(1,), filters_per_width=4))

    >>> predict(model, [[2, 3], [4]]).shape
    torch.Size([2, 2])
    """
    model.eval()
    documents = list(documents)
    device = model.output.weight.device
    logits = torch.empty(len(documents), model.config.num_classes, dtype=model.output.weight.dtype)
    for chosen in bucket([len(document) for document in documents], batch_size):
        ids = pad([documents[i] for i in chosen]).to(device)
        logits[chosen] = _score(model, ids).cpu()
    check_finite(logits)
    return logits


def evaluate(model: Network, documents: Sequence[Sequence[int]], labels: Labels) -> float:
    """Return the accuracy, the share of documents whose largest logit is their label's.

    Parameters
    ----------
    model : TextCNN or DeepTextCNN
        Left in evaluation mode.
    documents : sequence of sequences of int
        Encoded documents, none of them empty.
    labels : sequence of int
        Class numbers 0..c-1, one a document.

    Returns
    -------
    float
        The accuracy, 0..1.

    Raises
    ------
    ValueError
        If documents and labels do not suit the model, as for ``fit``.

    Examples
    --------
    >>> from interpbook.models import TextCNNConfig
    >>> model = TextCNN(TextCNNConfig(6, 4, 2, widths=(1,), filters_per_width=4))

    >>> evaluate(model, [[2, 3], [4]], [0, 1]) in (0.0, 0.5, 1.0)
    True
    """
    labels = as_labels(labels)
    check_labels(labels, model.config.num_classes)
    check_pairs(documents, labels)
    predicted = predict(model, documents).argmax(dim=1)
    return float((predicted.numpy() == labels).mean())


def as_labels(labels: Labels) -> np.ndarray:
    """Return labels by their position, whatever sequence, column or tensor holds them.

    Parameters
    ----------
    labels : sequence of int
        One label a document.

    Examples
    --------
    >>> as_labels([1, 0])
    array([1, 0])
    """
    if isinstance(labels, Tensor):
        return labels.cpu().numpy()
    array = np.asarray(labels)
    if array.dtype == object:  # as a column that may have gaps, or the values of a mapping
        with contextlib.suppress(TypeError):
            array = np.array(list(labels))
    return array if array.size else array.astype(np.int64)


def check_batch_size(batch_size: int) -> None:
    """Raise a ValueError if a batch would hold no document."""
    number_from(batch_size, 1, f"batch_size is a positive number, got {batch_size}")


def check_pairs(documents: Sequence[Sequence[int]], labels: Labels) -> None:
    """Raise a ValueError if there are no documents, one is empty, or one has no label."""
    if not len(documents):
        raise ValueError("expected at least one document, got none")
    if len(documents) != len(labels):
        raise ValueError(
            f"each document has one label, got {len(documents)} documents and {len(labels)} labels"
        )
    for number, document in enumerate(documents):
        if not len(document):
            raise ValueError(f"document {number} holds no token: leave it out")


def check_labels(labels: Labels, num_classes: int) -> None:
    """Raise a ValueError if a label is no class number."""
    labels = as_labels(labels)
    if labels.size and (labels.ndim != 1 or labels.dtype.kind not in "iu"):
        raise ValueError(
            f"labels are whole numbers 0..{num_classes - 1}, one a document, "
            f"got {labels.dtype} of shape {labels.shape}"
        )
    outside = (labels < 0) | (labels >= num_classes)
    if outside.any():
        raise ValueError(
            f"labels lie in 0..{num_classes - 1} here, got {labels[outside][0]} "
            f"for document {int(outside.argmax())}"
        )
