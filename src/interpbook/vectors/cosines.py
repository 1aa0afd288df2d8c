"""Nearest by cosine: which rows of a table rank highest, once their cosines are there."""

from __future__ import annotations

from jaxtyping import Bool, Float, Int64
from torch import Tensor


def highest(
    cosines: Float[Tensor, "B V"], excluded: Bool[Tensor, " V"], count: int
) -> tuple[Int64[Tensor, "B _"], Float[Tensor, "B _"]]:
    """Return the rows with the highest cosines, the highest first, and the cosines.

    Of equal cosines, that of the earlier row comes first.

    Parameters
    ----------
    cosines : Tensor of shape (B, V)
        What each of B vectors has with each of V rows.
    excluded : Tensor of shape (V,), bool
        Which rows are no neighbours; they come last.
    count : int
        How many rows to return for each vector.

    Examples
    --------
    >>> import torch
    >>> cosines = torch.tensor([[1.0, 0.5, 0.75, 0.5]])
    >>> rows, values = highest(cosines, torch.tensor([True, False, False, False]), 3)
    >>> rows.tolist(), values.tolist()
    ([[2, 1, 3]], [[0.75, 0.5, 0.5]])
    """
    ranked = cosines.masked_fill(excluded, -float("inf")).sort(dim=1, descending=True, stable=True)
    return ranked.indices[:, :count], ranked.values[:, :count]
