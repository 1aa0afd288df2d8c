"""The two networks, each on one page: the TextCNN, and a deeper one that keeps its locations."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from interpbook._checks import positive
from interpbook.models.layout import PaddingMode, checked_lengths, refuse_empty, refuse_longer
from interpbook.text import PADDING


@dataclass(frozen=True)
class TextCNNConfig:
    """What defines a TextCNN before it is trained.

    Parameters
    ----------
    vocab_size, embedding_dim, num_classes : int
        Number of words V, length m of a word's vector, and number of classes c.
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

    Examples
    --------
    >>> config = TextCNNConfig(vocab_size=10, embedding_dim=4, num_classes=2, widths=(2, 3))
    >>> config.num_filters
    100
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
            (size,) = positive([value], f"{name} is a positive number, got {value!r}")
            object.__setattr__(self, name, size)
        widths = positive(
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
            # `widest` columns after the longest document hold one of every width.
            needed = min(int(lengths.max()) + widest, self.config.max_length)
            ends = min(max(ids.shape[1], needed), self.config.max_length)
            windows = (ends - widths + 1).expand(len(ids), -1)
        return F.pad(ids, (0, max(0, needed - ids.shape[1])), value=PADDING), windows

    def _check(self, ids: Tensor) -> Tensor:
        """Return the documents' lengths, or say what is wrong with the ids."""
        lengths = checked_lengths(ids, self.config.vocab_size)
        if self.config.padding == "masked":
            refuse_empty(lengths)
        else:
            refuse_longer(lengths, self.config.max_length)
        return lengths


def as_text_cnn(model: nn.Module) -> TextCNN:
    """Return the model, or raise a TypeError if it is another: a deeper one has no A and no B.

    Parameters
    ----------
    model : Module
        Any network.

    Returns
    -------
    TextCNN
        The model as given.

    Examples
    --------
    >>> model = TextCNN(TextCNNConfig(vocab_size=10, embedding_dim=4, num_classes=2))
    >>> as_text_cnn(model) is model
    True
    """
    if not isinstance(model, TextCNN):
        raise TypeError(
            "n-grams, word scores, filters and attacks are a TextCNN's, got a "
            f"{type(model).__name__}: load imdb, ag_news or mr, or ask interpret about this one"
        )
    return model


def hide_windows(
    scores: Float[Tensor, "N f windows"], allowed: Int64[Tensor, " N"]
) -> Float[Tensor, "N f windows"]:
    """Set the scores of windows that do not count to minus infinity."""
    if int(allowed.min()) >= scores.shape[2]:
        return scores
    # windows        0  1  2  3
    # allowed = 2    .  .  x  x    (x is hidden)
    hidden = torch.arange(scores.shape[2], device=scores.device) >= allowed[:, None, None]
    return scores.masked_fill(hidden, -torch.inf)
