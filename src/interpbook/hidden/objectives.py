"""What an inversion climbs: the terms of the objective, each by itself, and their weights."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from interpbook.models.autocast import own_precision

_TINY = 1e-12


def response(
    wanted: Float[Tensor, "B channels"], found: Float[Tensor, "B channels"]
) -> Float[Tensor, " B"]:
    """Return a . a', equation (5): how much an input's activation is that of the text.

    Parameters
    ----------
    wanted, found : Tensor of shape (B, channels)
        a, the locations' answers to the text, and a', those to the input.

    References
    ----------
    Yuan et al. (2019), equation (5).

    Examples
    --------
    >>> import torch
    >>> response(torch.tensor([[2.0, 3.0]]), torch.tensor([[5.0, 7.0]]))
    tensor([31.])
    """
    return (wanted * found).sum(dim=1)


def squared_length(vectors: Float[Tensor, "B R m"]) -> Float[Tensor, " B"]:
    """Return ||X||^2, the L2 term of equation (6), over a receptive field of R words.

    Parameters
    ----------
    vectors : Tensor of shape (B, R, m)
        One input for each of B locations.

    References
    ----------
    Yuan et al. (2019), equation (6).

    Examples
    --------
    >>> import torch
    >>> squared_length(torch.tensor([[[1.0, 0.0], [0.0, 2.0]]]))
    tensor([5.])
    """
    return vectors.square().sum(dim=(1, 2))


@own_precision
def similarity(vectors: Float[Tensor, "B R m"], inside: Bool[Tensor, "B R"]) -> Float[Tensor, " B"]:
    """Return Sim(X), equation (7): how much the vectors of a receptive field point one way.

    Sim(X) is (1/N) times the sum of the cosines of all N^2 pairs, each vector with itself too. So
    it lies in 0..N, is N for vectors of one direction, and does not change with their lengths.

    Parameters
    ----------
    vectors : Tensor of shape (B, R, m)
        One input for each of B locations.
    inside : Tensor of shape (B, R), bool
        Which of the R words count; N is their number.

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
    products = vectors @ vectors.transpose(1, 2)  # (B, R, R); unit vectors take twice as long
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

    References
    ----------
    Yuan et al. (2019), equation (6).

    Examples
    --------
    >>> import torch
    >>> inside = torch.ones(1, 2, dtype=torch.bool)
    >>> vectors = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])
    >>> a = torch.tensor([[2.0, 3.0]])
    >>> Objective(l2=0.5, similarity=0.0).terms(a, a, vectors, inside)
    {'response': tensor([13.]), 'l2': tensor([-2.5000])}
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
        """Return the terms that are on, with their weights and signs, to be summed.

        Parameters
        ----------
        wanted, found : Tensor of shape (B, channels)
            a, the locations' answers to the text, and a', those to the input.
        vectors : Tensor of shape (B, R, m)
            The input.
        inside : Tensor of shape (B, R), bool
            Which of the R words of each field count.

        Returns
        -------
        dict of str to Tensor of shape (B,)
            ``response``; ``l2`` and ``similarity`` if their weights are not zero.
        """
        terms = {"response": response(wanted, found)}
        if self.l2:
            terms["l2"] = -self.l2 * squared_length(vectors)
        if self.similarity:
            terms["similarity"] = self.similarity * similarity(vectors, inside)
        return terms
