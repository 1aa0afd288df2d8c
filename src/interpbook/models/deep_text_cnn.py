"""The deeper network of Yuan et al., which keeps a location above each word."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from interpbook._checks import number_from, positive
from interpbook.models.layout import PaddingMode, checked_lengths, refuse_empty, refuse_longer
from interpbook.text import PADDING


@dataclass(frozen=True)
class DeepTextCNNConfig:
    """What defines a DeepTextCNN before it is trained; the sizes, by default, are those for MR.

    Parameters
    ----------
    vocab_size, num_classes : int
        Number of words V and of classes c.
    embedding_dim : int
        Length m of a word's vector.
    channels : tuple of int
        The channels of each convolutional layer, the first layer first.
    kernel_size : int
        How many neighbouring locations a location of the next layer sees; odd, so that it has a
        middle.
    max_length : int
        Where the encoder cuts a document, in tokens.
    padding : {"masked", "paper"}
        ``"masked"``: what comes after a document's last token is nothing, in every layer, as if the
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

    Examples
    --------
    >>> config = DeepTextCNNConfig(vocab_size=10, num_classes=2, channels=(8, 4), kernel_size=3)
    >>> config.num_layers
    2
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
            (size,) = positive([value], f"{name} is a positive number, got {value!r}")
            object.__setattr__(self, name, size)
        channels = positive(
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

        With ``"masked"`` padding, activations after a document's last token are zero.
        """
        return self.layers_of(*self.lay_out(ids))

    def layers_of(
        self, ids: Int64[Tensor, "N padded"], inside: Bool[Tensor, "N 1 padded"]
    ) -> tuple[Float[Tensor, "N _ padded"], ...]:
        """Return the ``activations`` of a batch that ``lay_out`` has laid out."""
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
            The layer's activations at all its locations.
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
        lengths = checked_lengths(ids, self.config.vocab_size)
        refuse_empty(lengths)
        refuse_longer(lengths, self.config.max_length)
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
        last = self.config.num_layers
        sentence = f"layers are 0 (the embedding) to {last} here, got {layer}"
        return number_from(layer, 0, sentence, below=last + 1)


def as_deep_text_cnn(model: nn.Module) -> DeepTextCNN:
    """Return the model, or raise a TypeError if it is another: it has no hidden locations.

    Parameters
    ----------
    model : Module
        Any network.

    Returns
    -------
    DeepTextCNN
        The model as given.

    Examples
    --------
    >>> deep = DeepTextCNN(DeepTextCNNConfig(vocab_size=10, num_classes=2, embedding_dim=4))
    >>> as_deep_text_cnn(deep) is deep
    True
    """
    if not isinstance(model, DeepTextCNN):
        raise TypeError(
            f"hidden locations are a DeepTextCNN's, got a {type(model).__name__}: give the .model "
            "of the classifier mr_deep or ag_news_deep, or one of your own"
        )
    return model
