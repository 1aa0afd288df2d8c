"""The quantities of the papers' tables: what each depends on, and its value in a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from interpbook.experiments.records import Record

# A rank correlation from which on two series are said to rank alike. Stated before the first run,
# like the tolerances in published.csv.
TREND = 0.8

Trend = Callable[[Sequence[float], Sequence[float], Sequence[Sequence[Record]], str], list]
"""Given the paper's values over k, our means, the records behind each and the setting, say for each
k whether ours goes the paper's way, and in which words."""


@dataclass(frozen=True)
class Quantity:
    """A number that a paper's table reports, and how a record holds it.

    Parameters
    ----------
    value : callable
        Given a record and a setting, returns the number: a share, or a count.
    settings : tuple of str
        The values of what the number depends on and the paper leaves open, for each of which the
        number is reported once; ``"-"`` alone where it depends on nothing of the kind.
    counted : str
        What a count counts, such as ``"documents"``; empty for a share.
    trend : callable, optional
        Says whether ours follow the paper's trend where a number itself is not reproduced
        (``Trend``).
    grows_with_corpus : bool
        Whether an incomplete training split makes the number smaller.

    Examples
    --------
    >>> half = Quantity(lambda record, setting: record["metrics"]["half"])
    >>> half.value({"metrics": {"half": 0.5}}, "-"), half.settings
    (0.5, ('-',))
    """

    value: Callable[[Record, str], float]
    settings: tuple[str, ...] = ("-",)
    counted: str = ""
    trend: Trend | None = None
    grows_with_corpus: bool = False


QUANTITIES: dict[str, Quantity] = {}
"""All quantities by name: registering a study adds its own."""


def accuracy_of(record: Record, setting: str) -> float:
    """Return the share of test documents that a record's model classifies correctly."""
    return record["metrics"]["accuracy"]


ACCURACY = Quantity(accuracy_of)
"""The share of test documents classified correctly, which the studies of both papers measure."""


def rank_trend(
    paper: Sequence[float], ours: Sequence[float], records: Sequence[Sequence[Record]], setting: str
) -> list[tuple[bool, str]]:
    """Say whether two series rank alike over k: Spearman's rho is at least ``TREND``.

    Where one side never changes there is no rank to share, so rho counts as zero.
    """
    rho = 0.0
    if min(len(set(paper)), len(set(ours))) > 1:
        rho = round(float(spearmanr(paper, ours).statistic), 6)  # 0.8 comes as 0.7999999999999999
    alike = rho >= TREND
    said = "the two rank alike" if alike else "they do not rank alike"
    return [(alike, f"; over k {said} (rho {rho:.2f})")] * len(paper)


def lead_trend(ours: str, theirs: str, name: str, other: str) -> Trend:
    """Return a trend that holds at each k where one quantity is above another.

    Parameters
    ----------
    ours, theirs : str
        The two quantities.
    name, other : str
        What the sentence calls them.
    """

    def leads(
        paper: Sequence[float],
        means: Sequence[float],
        records: Sequence[Sequence[Record]],
        setting: str,
    ) -> list[tuple[bool, str]]:
        found = []
        for runs in records:
            first, second = (
                np.mean([100 * metric(record, quantity, setting) for record in runs])
                for quantity in (ours, theirs)
            )
            margin = float(first - second)
            side = f"{abs(margin):.1f} points {'above' if margin > 0 else 'below'}"
            found.append((margin > 0, f"; {name} is {side if margin else 'level with'} {other}"))
        return found

    return leads


def metric(record: Record, quantity: str, setting: str = "paper") -> float:
    """Return one of the tables' quantities from a record: a share, or a number that was counted.

    Parameters
    ----------
    record : dict
        A record of a study that measures the quantity, or varies the training of one that does.
    quantity : str
        A name in ``QUANTITIES``.
    setting : str
        Which epsilon, or which vector of the unknown word, as in ``Entry``; it plays no part for a
        quantity that does not depend on it.

    Returns
    -------
    float
        A share of 1, or a count.

    Raises
    ------
    KeyError
        If there is no such quantity, or the record does not hold it.

    Examples
    --------
    >>> metric({"metrics": {"accuracy": 0.9}}, "accuracy")
    0.9
    """
    return float(QUANTITIES[quantity].value(record, setting))


def stated(record: Record, quantity: str, setting: str = "paper") -> float:
    """Return a quantity as the ledger states it: in percent, or what was counted.

    Parameters
    ----------
    record : dict
        A record that holds the quantity.
    quantity : str
        A name in ``QUANTITIES``.
    setting : str
        Which epsilon, or which vector of the unknown word, as for ``metric``.

    Returns
    -------
    float
        A percentage, or a count.

    Raises
    ------
    KeyError
        If there is no such quantity, or the record does not hold it.

    Examples
    --------
    >>> stated({"metrics": {"accuracy": 0.9}}, "accuracy")
    90.0
    """
    return metric(record, quantity, setting) * (1 if QUANTITIES[quantity].counted else 100)
