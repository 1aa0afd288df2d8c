"""What an inversion climbs: the terms of the objective, each by itself, and their weights."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

_TINY = 1e-12


def response(
    wanted: Float[Tensor, "B channels"], found: Float[Tensor, "B channels"]
) -> Float[Tensor, " B"]:
    """Return a . a', equation (5): how much an input's activation is that of the text.

    References
    ----------
    Yuan et al. (2019), equation (5).
    """
    return (wanted * found).sum(dim=1)


def squared_length(vectors: Float[Tensor, "B R m"]) -> Float[Tensor, " B"]:
    """Return ||X||^2, the L2 term of equation (6), over a receptive field of R words."""
    return vectors.square().sum(dim=(1, 2))


def similarity(vectors: Float[Tensor, "B R m"], inside: Bool[Tensor, "B R"]) -> Float[Tensor, " B"]:
    """Return Sim(X), equation (7): how much the vectors of a receptive field point one way.

    (1/N) times the sum of the cosines of all N^2 pairs, each vector with itself too. So it lies in
    0..N, is N for vectors of one direction, and does not change with their lengths.

    References
    ----------
    Yuan et al. (2019), equation (7).

    Examples
    --------
    >>> import torch
    >>> inside = torch.ones(2, 2, dtype=torch.bool)
    >>> similarity(torch.tensor([[[1.0, 0], [2, 0]], [[1, 0], [0, 3]]]), inside)
    tensor([2., 1.])
    """
    products = vectors @ vectors.transpose(1, 2)  # (B, R, R): half the time of unit vectors
    squares = products.diagonal(dim1=1, dim2=2).clamp(min=_TINY)
    weights = squares.rsqrt() * inside
    cosines = products * weights[:, :, None] * weights[:, None, :]
    return cosines.sum(dim=(1, 2)) / inside.sum(dim=1)


@dataclass(frozen=True)
class Objective:
    """a . a' - l2 ||X||^2 + similarity Sim(X), equation (6); a weight of zero switches a term off.

    Parameters
    ----------
    l2, similarity : float
        lambda_1 and lambda_2. Yuan et al. take 0.004 and 0.02 for MR, 0.002 and 0.01 for AG's News.

    Raises
    ------
    ValueError
        If a weight is negative or not finite.
    """

    l2: float = 0.004
    similarity: float = 0.02

    def __post_init__(self) -> None:
        for name in ("l2", "similarity"):
            weight = getattr(self, name)
            if not 0 <= weight < float("inf"):
                raise ValueError(f"{name} is a finite weight of at least 0, got {weight}")

    def terms(
        self,
        wanted: Float[Tensor, "B channels"],
        found: Float[Tensor, "B channels"],
        vectors: Float[Tensor, "B R m"],
        inside: Bool[Tensor, "B R"],
    ) -> dict[str, Float[Tensor, " B"]]:
        """Return the terms that are on, with their weights and signs, to be summed."""
        terms = {"response": response(wanted, found)}
        if self.l2:
            terms["l2"] = -self.l2 * squared_length(vectors)
        if self.similarity:
            terms["similarity"] = self.similarity * similarity(vectors, inside)
        return terms
