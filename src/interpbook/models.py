"""The two networks, each on one page: the TextCNN, and a deeper one that keeps its locations."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from interpbook.text import PADDING

PaddingMode = Literal["masked", "paper"]


@dataclass(frozen=True)
class TextCNNConfig:
    """What defines a TextCNN before it is trained.

    Parameters
    ----------
    vocab_size, embedding_dim, num_classes : int
        V, m and c.
    widths : tuple of int
        The filter widths n, one convolution each.
    filters_per_width : int
        Filters of each width; k = ``len(widths) * filters_per_width`` in total.
    padding : {"masked", "paper"}
        What counts as a window. ``"masked"``: a document counts as padded only up to the widest
        filter; windows start on a real token and end inside that length. ``"paper"``: every
        document counts as padded to ``max_length``, so a window may hold nothing but padding.
    max_length : int, optional
        Where the encoder cuts a document, in tokens; required by ``"paper"``.
    dropout : float
        Probability of dropping an n-gram feature in training (Kim 2014).

    Raises
    ------
    ValueError
        If a size is not positive, the padding mode is unknown, or a filter is wider than
        ``max_length``.
    """

    vocab_size: int
    embedding_dim: int
    num_classes: int
    widths: tuple[int, ...] = (3, 4, 5)
    filters_per_width: int = 50
    padding: PaddingMode = "masked"
    max_length: int | None = None
    dropout: float = 0.5

    def __post_init__(self) -> None:
        sizes = ["vocab_size", "embedding_dim", "num_classes", "filters_per_width"]
        for name in sizes if self.max_length is None else [*sizes, "max_length"]:
            value = getattr(self, name)
            (size,) = _positive([value], f"{name} is a positive number, got {value!r}")
            object.__setattr__(self, name, size)
        widths = _positive(
            self.widths, f"widths are one or more positive numbers, got {self.widths!r}"
        )
        object.__setattr__(self, "widths", widths)
        if self.padding not in ("masked", "paper"):
            raise ValueError(f"padding is 'masked' or 'paper', got {self.padding!r}")
        if self.padding == "paper" and self.max_length is None:
            raise ValueError("padding='paper' pads every document to max_length: give one")
        if self.max_length is not None and self.max_length < max(self.widths):
            raise ValueError(
                f"the widest filter reads {max(self.widths)} tokens but max_length is "
                f"{self.max_length}: give a longer max_length or narrower filters"
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is a probability below 1, got {self.dropout}")

    @property
    def num_filters(self) -> int:
        """k, the number of filters in total."""
        return len(self.widths) * self.filters_per_width


def _positive(values: Iterable[object], sentence: str) -> tuple[int, ...]:
    """Return positive whole numbers, of numpy's kinds too, as Python's; or raise the sentence."""
    try:
        numbers = tuple(operator.index(value) for value in values)
    except TypeError:
        numbers = ()
    if min(numbers, default=0) < 1:
        raise ValueError(sentence)
    return numbers


class TextCNN(nn.Module):
    """Embedding, parallel convolutions, max over time, one linear layer (Kim 2014).

    Filter p of width n scores the window that starts at word i with
    u_i = W_p . x_(i:i+n-1) + b_p. The best window counts, v_p = ReLU(max_i u_i), and the logits
    are o = W v + b.

    Parameters
    ----------
    config : TextCNNConfig
        Sizes and padding mode.

    References
    ----------
    Xu & Du (2020), section 3.1, equations (1) and (2).

    Examples
    --------
    >>> config = TextCNNConfig(vocab_size=10, embedding_dim=4, num_classes=2, filters_per_width=2)
    >>> TextCNN(config).eval()(torch.tensor([[2, 3, 4, 5, 6, 7]])).shape
    torch.Size([1, 2])
    """

    def __init__(self, config: TextCNNConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_dim, padding_idx=PADDING)
        self.convs = nn.ModuleList(
            nn.Conv1d(config.embedding_dim, config.filters_per_width, kernel_size=width)
            for width in config.widths
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.num_filters, config.num_classes)

    def forward(self, ids: Int64[Tensor, "N l"]) -> Float[Tensor, "N c"]:
        """Return the logits of N encoded documents."""
        ids, windows = self.lay_out(ids)  # ids (N, l), windows (N, widths)
        x = self.embedding(ids).transpose(1, 2)  # (N, m, l)
        pooled = [
            hide_windows(conv(x), allowed).amax(dim=2)  # (N, f, l-n+1) -> (N, f)
            for conv, allowed in zip(self.convs, windows.unbind(1), strict=True)
        ]
        return self.classify(torch.cat(pooled, dim=1))

    def classify(self, pooled: Float[Tensor, "N k"]) -> Float[Tensor, "N c"]:
        """Turn the filters' maxima u_max into logits: o = W ReLU(u_max) + b."""
        return self.output(self.dropout(F.relu(pooled)))

    def lay_out(
        self, ids: Int64[Tensor, "N l"]
    ) -> tuple[Int64[Tensor, "N padded"], Int64[Tensor, "N widths"]]:
        """Pad a batch as far as the padding mode asks and count each document's windows.

        A document ends at its last token that is not padding. Only the first ``windows[d, w]``
        windows of width ``config.widths[w]`` of document d count, so that neither the other
        documents of a batch nor spare padding columns can change a prediction.

        Returns
        -------
        ids : Tensor of shape (N, l), int64
            At least as long as given.
        windows : Tensor of shape (N, number of widths), int64
            Allowed windows for each document and width.

        Raises
        ------
        TypeError
            If ``ids`` is not an int64 matrix.
        ValueError
            If an id is outside 0..V-1, a document holds no token, or (``"paper"``) a document
            is longer than ``max_length``.
        """
        lengths = self._check(ids)
        widths = torch.tensor(self.config.widths, device=ids.device)
        widest = max(self.config.widths)
        if self.config.padding == "masked":
            needed = widest
            ends = lengths.clamp(min=widest)[:, None]  # a window ends here at the latest
            windows = torch.minimum(ends - widths + 1, lengths[:, None])
        else:
            # Windows of padding alone all score the same, so one of them stands for the rest:
            # `widest` columns behind the longest document hold one of every width.
            needed = min(int(lengths.max()) + widest, self.config.max_length)
            ends = min(max(ids.shape[1], needed), self.config.max_length)
            windows = (ends - widths + 1).expand(len(ids), -1)
        return F.pad(ids, (0, max(0, needed - ids.shape[1])), value=PADDING), windows

    def _check(self, ids: Tensor) -> Tensor:
        """Return the documents' lengths, or say what is wrong with the ids."""
        lengths = _checked_lengths(ids, self.config.vocab_size)
        if self.config.padding == "masked":
            _refuse_empty(lengths)
        else:
            _refuse_longer(lengths, self.config.max_length)
        return lengths


@dataclass(frozen=True)
class DeepTextCNNConfig:
    """What defines a DeepTextCNN before it is trained; the sizes, by default, are those for MR.

    Parameters
    ----------
    vocab_size, num_classes : int
        V and c.
    embedding_dim : int
        m.
    channels : tuple of int
        The channels of each convolutional layer, the first layer first.
    kernel_size : int
        How many neighbouring locations a location of the next layer sees; odd, so that it has a
        middle.
    max_length : int
        Where the encoder cuts a document, in tokens.
    padding : {"masked", "paper"}
        ``"masked"``: what lies behind a document's last token is nothing, in every layer, as if the
        document stood alone. ``"paper"``: every document counts as padded to ``max_length``, and
        the padding's locations take part like any others.
    dropout : float
        Probability of dropping a pooled feature in training.

    Raises
    ------
    ValueError
        If a size is not positive, the kernel has no middle or is wider than ``max_length``, or the
        padding mode is unknown.

    References
    ----------
    Yuan et al. (2019), Table 2.
    """

    vocab_size: int
    num_classes: int
    embedding_dim: int = 300
    channels: tuple[int, ...] = (128, 64, 32)
    kernel_size: int = 5
    max_length: int = 56
    padding: PaddingMode = "masked"
    dropout: float = 0.5

    def __post_init__(self) -> None:
        for name in ("vocab_size", "num_classes", "embedding_dim", "kernel_size", "max_length"):
            value = getattr(self, name)
            (size,) = _positive([value], f"{name} is a positive number, got {value!r}")
            object.__setattr__(self, name, size)
        channels = _positive(
            self.channels, f"channels are one or more positive numbers, got {self.channels!r}"
        )
        object.__setattr__(self, "channels", channels)
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is odd, to have a middle, got {self.kernel_size}")
        if self.kernel_size > self.max_length:
            raise ValueError(
                f"the kernel sees {self.kernel_size} locations but max_length is "
                f"{self.max_length}: give a longer max_length or a smaller kernel"
            )
        if self.padding not in ("masked", "paper"):
            raise ValueError(f"padding is 'masked' or 'paper', got {self.padding!r}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is a probability below 1, got {self.dropout}")

    @property
    def num_layers(self) -> int:
        """How many convolutional layers there are."""
        return len(self.channels)


class DeepTextCNN(nn.Module):
    """Embedding, stacked 'same' convolutions with ReLU, max over time, one linear layer.

    Location i of layer j stays above word i: a_ij = ReLU(sum_t W_jt a_(i+t, j-1) + b_j), with t
    from -h to h for a kernel of 2 h + 1 and zeros outside the document. Layer 0 is the embedding,
    layer 1 the first convolution.

    Parameters
    ----------
    config : DeepTextCNNConfig
        Sizes and padding mode.

    References
    ----------
    Yuan et al. (2019), Figure 1 and Table 2.

    Examples
    --------
    >>> deep = DeepTextCNN(DeepTextCNNConfig(vocab_size=10, num_classes=2, embedding_dim=4)).eval()
    >>> ids = torch.tensor([[2, 3, 4, 5, 6, 7]])
    >>> deep(ids).shape
    torch.Size([1, 2])
    >>> [tuple(layer.shape) for layer in deep.activations(ids)]
    [(1, 4, 6), (1, 128, 6), (1, 64, 6), (1, 32, 6)]
    >>> deep.receptive_field(layer=2, location=1, length=6)
    range(0, 6)
    """

    def __init__(self, config: DeepTextCNNConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_dim, padding_idx=PADDING)
        self.convs = nn.ModuleList(
            nn.Conv1d(below, channels, config.kernel_size, padding="same")
            for below, channels in pairwise((config.embedding_dim, *config.channels))
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.channels[-1], config.num_classes)

    def forward(self, ids: Int64[Tensor, "N l"]) -> Float[Tensor, "N c"]:
        """Return the logits of N encoded documents."""
        ids, inside = self.lay_out(ids)
        return self.scores_from(0, self.embedding(ids).transpose(1, 2) * inside, inside)

    def activations(self, ids: Int64[Tensor, "N l"]) -> tuple[Float[Tensor, "N _ padded"], ...]:
        """Return the activations A_j of every layer, the embedding's first, columns as locations.

        Behind a document's end they are zero (``"masked"``).
        """
        ids, inside = self.lay_out(ids)
        layers = [self.embedding(ids).transpose(1, 2) * inside]
        for conv in self.convs:
            layers.append(F.relu(conv(layers[-1])) * inside)
        return tuple(layers)

    def scores_from(
        self, layer: int, activations: Float[Tensor, "N channels l"], inside: Bool[Tensor, "N 1 l"]
    ) -> Float[Tensor, "N c"]:
        """Run what stands above a layer: its activations in, logits out.

        Parameters
        ----------
        layer : int
            0 for the embedding, 1 for the first convolution.
        activations : Tensor of shape (N, channels of the layer, l)
            Of all its locations.
        inside : Tensor of shape (N, 1, l), bool
            Which locations count, from ``lay_out``.
        """
        for conv in self.convs[self.check_layer(layer) :]:
            activations = F.relu(conv(activations)) * inside  # (N, channels, l)
        # ReLU leaves nothing below zero: the zeros outside never beat a location inside.
        pooled = activations.amax(dim=2)  # (N, channels of the last layer)
        return self.output(self.dropout(pooled))

    def lay_out(
        self, ids: Int64[Tensor, "N l"]
    ) -> tuple[Int64[Tensor, "N padded"], Bool[Tensor, "N 1 padded"]]:
        """Pad a batch as the padding mode asks and say which locations count.

        Raises
        ------
        TypeError
            If ``ids`` is not an int64 matrix.
        ValueError
            If an id is outside 0..V-1, or a document holds no token or more than ``max_length``.
        """
        lengths = _checked_lengths(ids, self.config.vocab_size)
        _refuse_empty(lengths)
        _refuse_longer(lengths, self.config.max_length)
        if self.config.padding == "paper":
            # A negative number cuts; what it cuts is padding.
            ids = F.pad(ids, (0, self.config.max_length - ids.shape[1]), value=PADDING)
            lengths = torch.full_like(lengths, self.config.max_length)
        return ids, (torch.arange(ids.shape[1], device=ids.device) < lengths[:, None])[:, None]

    def receptive_field(self, layer: int, location: int, length: int) -> range:
        """Return the words that a location can see, clipped at both ends of the document.

        Parameters
        ----------
        layer : int
            0 for the embedding, 1 for the first convolution.
        location : int
            0..length-1.
        length : int
            Tokens in the document (``"paper"``: ``max_length``).

        Raises
        ------
        ValueError
            If there is no such layer or location.
        """
        reach = self.check_layer(layer) * (self.config.kernel_size // 2)
        if not 0 <= location < length:
            raise ValueError(f"locations are 0..{length - 1} here, got {location}")
        return range(max(location - reach, 0), min(location + reach + 1, length))

    def check_layer(self, layer: int) -> int:
        """Return the number of a layer, or raise a ValueError if the network has no such layer."""
        try:
            number = -1 if isinstance(layer, bool) else operator.index(layer)
        except TypeError:
            number = -1
        if not 0 <= number <= self.config.num_layers:
            raise ValueError(
                f"layers are 0 (the embedding) to {self.config.num_layers} here, got {layer}"
            )
        return number


def as_deep_text_cnn(model: nn.Module) -> DeepTextCNN:
    """Return the model, or raise a TypeError if it is another: it has no hidden locations."""
    if not isinstance(model, DeepTextCNN):
        raise TypeError(
            f"hidden locations are a DeepTextCNN's, got a {type(model).__name__}: give the .model "
            "of the classifier mr_deep or ag_news_deep, or one of your own"
        )
    return model


def as_text_cnn(model: nn.Module) -> TextCNN:
    """Return the model, or raise a TypeError if it is another: a deeper one has no A and no B."""
    if not isinstance(model, TextCNN):
        raise TypeError(
            "n-grams, word scores, filters and attacks are a TextCNN's, got a "
            f"{type(model).__name__}: load imdb, ag_news or mr, or ask interpret about this one"
        )
    return model


def _checked_lengths(ids: Tensor, vocab_size: int) -> Int64[Tensor, " N"]:
    """Return the documents' lengths, or say what is wrong with the ids."""
    expected = "expected ids as an int64 matrix of N >= 1 documents by l >= 1 positions"
    if not isinstance(ids, Tensor):
        raise TypeError(f"{expected}, got {type(ids).__name__}: make a tensor of it with pad")
    if ids.dtype != torch.int64 or ids.ndim != 2 or not ids.numel():
        raise TypeError(f"{expected}, got {ids.dtype} of shape {tuple(ids.shape)}")
    low, high = ids.aminmax()
    if low < 0 or high >= vocab_size:
        wrong = int(low if low < 0 else high)
        raise ValueError(
            f"ids lie in 0..{vocab_size - 1} (the vocabulary), got {wrong}: "
            "encode the text with the model's own vocabulary"
        )
    return document_lengths(ids)


def _refuse_empty(lengths: Int64[Tensor, " N"]) -> None:
    if not lengths.all():
        raise ValueError(
            f"document {int(lengths.argmin())} holds no token, only padding: leave it out"
        )


def _refuse_longer(lengths: Int64[Tensor, " N"], max_length: int) -> None:
    if int(lengths.max()) > max_length:
        raise ValueError(
            f"document {int(lengths.argmax())} has {int(lengths.max())} tokens but max_length "
            f"is {max_length}: cut it there when encoding"
        )


def document_lengths(ids: Int64[Tensor, "N l"]) -> Int64[Tensor, " N"]:
    """Return the number of positions up to the last token that is not padding.

    Examples
    --------
    >>> document_lengths(torch.tensor([[5, 0, 6, 0], [0, 0, 0, 0]]))
    tensor([3, 0])
    """
    positions = torch.arange(1, ids.shape[1] + 1, device=ids.device)
    return ((ids != PADDING) * positions).amax(dim=1)


def hide_windows(
    scores: Float[Tensor, "N f windows"], allowed: Int64[Tensor, " N"]
) -> Float[Tensor, "N f windows"]:
    """Set the scores of windows that do not count to minus infinity."""
    if int(allowed.min()) >= scores.shape[2]:
        return scores
    hidden = torch.arange(scores.shape[2], device=scores.device) >= allowed[:, None, None]
    return scores.masked_fill(hidden, -torch.inf)
