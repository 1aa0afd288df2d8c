"""Checks that several rooms share: each does one job and raises one clear sentence."""

from __future__ import annotations

import operator
from collections.abc import Iterable

import numpy as np


def whole_number(value: object) -> int:
    """Return a whole number, Python's or numpy's, as Python's.

    Parameters
    ----------
    value : object
        What the caller gave.

    Raises
    ------
    TypeError
        If the value is no whole number; true and false are none.

    Examples
    --------
    >>> whole_number(np.int64(3))
    3
    """
    if isinstance(value, bool | np.bool_):
        raise TypeError("true and false are no numbers")
    return operator.index(value)


def number_from(value: object, low: int, sentence: str, *, below: int | None = None) -> int:
    """Return a whole number from ``low`` on, or raise a ValueError with the sentence.

    Parameters
    ----------
    value : object
        What the caller gave.
    low : int
        The smallest number that will do.
    sentence : str
        The error's message: what will do, and what was given.
    below : int, optional
        The first number after those that will do; without it there is no end.

    Returns
    -------
    int
        The number, as Python's.

    Raises
    ------
    ValueError
        If the value is no whole number, or none of those that will do.

    Examples
    --------
    >>> number_from(2, 0, "labels are 0..2", below=3)
    2
    """
    try:
        number = whole_number(value)
    except TypeError:
        raise ValueError(sentence) from None
    if number < low or (below is not None and number >= below):
        raise ValueError(sentence)
    return number


def positive(values: Iterable[object], sentence: str) -> tuple[int, ...]:
    """Return one or more positive whole numbers as Python's, or raise the sentence as an error.

    Parameters
    ----------
    values : iterable of object
        What the caller gave.
    sentence : str
        The error's message: what will do, and what was given.

    Raises
    ------
    ValueError
        If there is no value, or one of them is no positive whole number.

    Examples
    --------
    >>> positive([np.int64(3), 5], "widths are positive numbers")
    (3, 5)
    >>> positive([], "widths are positive numbers, got none")
    Traceback (most recent call last):
    ValueError: widths are positive numbers, got none
    """
    try:
        numbers = tuple(number_from(value, 1, sentence) for value in values)
    except TypeError:  # the values are not iterable
        numbers = ()
    if not numbers:
        raise ValueError(sentence)
    return numbers
