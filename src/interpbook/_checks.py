"""Checks that several rooms share: each does one job and raises one clear sentence."""

from __future__ import annotations

import operator
from collections.abc import Iterable


def positive(values: Iterable[object], sentence: str) -> tuple[int, ...]:
    """Return positive whole numbers, of numpy's kinds too, as Python's; or raise the sentence."""
    try:
        numbers = tuple(operator.index(value) for value in values)
    except TypeError:
        numbers = ()
    if min(numbers, default=0) < 1:
        raise ValueError(sentence)
    return numbers
