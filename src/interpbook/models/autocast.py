"""The precision that a model is read in: its own, also where ``torch.autocast`` would halve it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")

_DEVICES = ("cpu", "cuda", "mps", "xpu")


def own_precision(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function compute in the precision of the tensors that it is given.

    Inside ``torch.autocast`` a matrix product has 8 bits, the sum beside it 24: what is split
    exactly in one of them does not add up in the other.

    Parameters
    ----------
    function : callable
        Any function or method; it is decorated.

    Examples
    --------
    >>> @own_precision
    ... def product(matrix):
    ...     return matrix @ matrix
    >>> with torch.autocast("cpu", dtype=torch.bfloat16):
    ...     product(torch.ones(2, 2)).dtype
    torch.float32
    """
    for device in _DEVICES:
        function = torch.autocast(device, enabled=False)(function)
    return function
