"""What both networks ask of a batch of ids before they read it."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Int64
from torch import Tensor

from interpbook.text import PADDING

PaddingMode = Literal["masked", "paper"]


def checked_lengths(ids: Tensor, vocab_size: int) -> Int64[Tensor, " N"]:
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


def refuse_empty(lengths: Int64[Tensor, " N"]) -> None:
    """Raise a ValueError that names the first document without a token."""
    if not lengths.all():
        raise ValueError(
            f"document {int(lengths.argmin())} holds no token, only padding: leave it out"
        )


def refuse_longer(lengths: Int64[Tensor, " N"], max_length: int) -> None:
    """Raise a ValueError that names the longest document if it is longer than ``max_length``."""
    if int(lengths.max()) > max_length:
        raise ValueError(
            f"document {int(lengths.argmax())} has {int(lengths.max())} tokens but max_length "
            f"is {max_length}: cut it there when encoding"
        )


def document_lengths(ids: Int64[Tensor, "N l"]) -> Int64[Tensor, " N"]:
    """Return the number of positions up to the last token that is not padding.

    Parameters
    ----------
    ids : Tensor of shape (N, l), int64
        Encoded documents; 0 is padding.

    Returns
    -------
    Tensor of shape (N,), int64
        Length of each document.

    Examples
    --------
    >>> document_lengths(torch.tensor([[5, 0, 6, 0], [0, 0, 0, 0]]))
    tensor([3, 0])
    """
    positions = torch.arange(1, ids.shape[1] + 1, device=ids.device)
    return ((ids != PADDING) * positions).amax(dim=1)
