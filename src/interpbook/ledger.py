"""The ledger: every number that the papers report, beside ours, with a verdict and a reason."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from interpbook.files import write_whole
from interpbook.records import read_records

# Stated before the first run, like the tolerances in published.csv.
TREND = 0.8

Record = dict[str, Any]
Runs = dict[tuple[str, int], list[Record]]  # by corpus and k
Choices = dict[tuple[str, int], dict[str, list[Record]]]  # the same, by what was changed

# Which of the record's metrics depend on epsilon, and are reported for both of its values.
_WITH_EPSILON = ("kept_accuracy", "ratio2", "ratio3")


@dataclass(frozen=True)
class Entry:
    """A number of a paper beside ours.

    Attributes
    ----------
    source, place : str
        Paper and table.
    corpus : str
        A name that ``load_corpus`` knows.
    k : int
        Number of filters.
    quantity : str
        ``accuracy``, ``ratio1``, ``kept_accuracy``, ``ratio2`` or ``ratio3``.
    epsilon : str
        ``"paper"``, ``"calibrated"``, or ``"-"`` where the number does not depend on it.
    paper, ours, sd : float
        The paper's value, our mean and its standard deviation over seeds, in percent.
    seeds : int
        How many runs the mean is over.
    tolerance : float
        In points, stated before the runs.
    verdict : str
        ``"reproduced"``: the mean is within the tolerance. ``"trend reproduced"``: a ratio is not,
        but over all k ours rank like the paper's (Spearman's rho at least ``TREND``). Else
        ``"not reproduced"``.
    reason : str
        Why.
    trained_on : str
        How much of the training split there was.
    """

    source: str
    place: str
    corpus: str
    k: int
    quantity: str
    epsilon: str
    paper: float
    ours: float
    sd: float
    seeds: int
    tolerance: float
    verdict: str
    reason: str
    trained_on: str


def build_ledger(folder: Path, published: Path | None = None) -> list[Entry]:
    """Compare the records in a results folder with what the papers report.

    Parameters
    ----------
    folder : Path
        Holds the folder ``table1`` of records and, for the reasons, ``choices``.
    published : Path, optional
        The papers' numbers; ``folder / "published.csv"`` by default.

    Raises
    ------
    FileNotFoundError
        If the papers' numbers or the records are not there.
    ValueError
        If a record is damaged, or a published number has no record.
    """
    published = _read_published(published or folder / "published.csv")
    runs: Runs = defaultdict(list)
    for record in read_records(folder / "table1"):
        if not record["changes"]:
            runs[record["recipe"]["corpus"], record["k"]].append(record)
    choices: Choices = defaultdict(lambda: defaultdict(list))
    tried = folder / "choices"
    for record in read_records(tried) if any(tried.glob("*.json")) else ():
        if len(record["changes"]) != 1:
            continue
        change = ", ".join(f"{name}={value}" for name, value in sorted(record["changes"].items()))
        choices[record["recipe"]["corpus"], record["k"]][change].append(record)
    series = defaultdict(list)
    for row in published:
        series[row["source"], row["place"], row["corpus"], row["quantity"]].append(row)
    entries = []
    for rows in series.values():
        settings = ("paper", "calibrated") if rows[0]["quantity"] in _WITH_EPSILON else ("-",)
        for epsilon in settings:
            entries += _compare(rows, epsilon, runs, choices)
    return entries


def _compare(
    rows: Sequence[dict[str, str]],
    epsilon: str,
    runs: Runs,
    choices: Choices,
) -> list[Entry]:
    """Judge one row of the paper's table: a quantity over all k."""
    quantity = rows[0]["quantity"]
    ours, found = [], []
    for row in rows:
        records = runs.get((row["corpus"], int(row["k"])), [])
        if not records:
            raise ValueError(
                f"no record of {row['corpus']} with k = {row['k']}: run `interpbook reproduce "
                f"table1 --corpus {row['corpus']} --filters {row['k']}`"
            )
        found.append(records)
        ours.append([100 * metric(record, quantity, epsilon) for record in records])
    means = [round(float(np.mean(values)), 2) for values in ours]  # decimals as in the paper
    paper = [float(row["paper"]) for row in rows]
    rho = _rank_correlation(paper, means)
    hint, side = _what_closes_the_gap(rows, means, epsilon, choices)
    entries = []
    for row, values, mean, records in zip(rows, ours, means, found, strict=True):
        distance, tolerance = round(mean - float(row["paper"]), 2), float(row["tolerance"])
        verdict, reason = _verdict(distance, tolerance, rho, trend=quantity.startswith("ratio"))
        if verdict != "reproduced" and distance * side > 0:
            reason += hint
        entries.append(
            Entry(
                source=row["source"],
                place=row["place"],
                corpus=row["corpus"],
                k=int(row["k"]),
                quantity=quantity,
                epsilon=epsilon,
                paper=float(row["paper"]),
                ours=mean,
                sd=round(float(np.std(values, ddof=1)), 2) if len(values) > 1 else 0.0,
                seeds=len(values),
                tolerance=tolerance,
                verdict=verdict,
                reason=reason,
                trained_on=_completeness(records),
            )
        )
    return entries


def metric(record: Record, quantity: str, epsilon: str = "paper") -> float:
    """Return one of Table 1's quantities from a record, as a share."""
    metrics = record["metrics"]
    return metrics[epsilon][quantity] if quantity in _WITH_EPSILON else metrics[quantity]


def _rank_correlation(paper: Sequence[float], ours: Sequence[float]) -> float:
    """Return Spearman's rho; where one side never changes there is no rank to share, so zero."""
    if min(len(set(paper)), len(set(ours))) < 2:
        return 0.0
    return round(float(spearmanr(paper, ours).statistic), 6)  # 0.8 comes as 0.7999999999999999


def _verdict(distance: float, tolerance: float, rho: float, *, trend: bool) -> tuple[str, str]:
    within = abs(distance) <= tolerance
    side = f"{abs(distance):.2f} points {'above' if distance > 0 else 'below'}"
    apart = f"{side if distance else 'the same as'} the paper, tolerance {tolerance:g}"
    if within:
        return "reproduced", apart
    if not trend:
        return "not reproduced", apart
    if rho >= TREND:
        return "trend reproduced", f"{apart}; over k the two rank alike (rho {rho:.2f})"
    return "not reproduced", f"{apart}; over k they do not rank alike (rho {rho:.2f})"


def _what_closes_the_gap(
    rows: Sequence[dict[str, str]], means: Sequence[float], epsilon: str, choices: Choices
) -> tuple[str, float]:
    """Say which of the settings that were varied brings our value nearest to the paper's.

    They were varied for one k; nothing is said if there our value is within the tolerance. With it
    comes how far our value is off there: what holds above the paper says nothing below it.
    """
    quantity, closed = rows[0]["quantity"], []
    for row, mean in zip(rows, means, strict=True):
        paper, tolerance = float(row["paper"]), float(row["tolerance"])
        for change, records in choices.get((row["corpus"], int(row["k"])), {}).items():
            values = [100 * metric(record, quantity, epsilon) for record in records]
            gap, left = abs(mean - paper), abs(float(np.mean(values)) - paper)
            if gap > tolerance:
                closed.append((left, gap, change, row["k"], mean - paper))
    if not closed:
        return "", 0.0
    left, gap, change, k, side = min(closed)
    if left > gap / 2:
        return f"; at k = {k} no change that was tried halves the gap of {gap:.1f}", side
    return f"; at k = {k} {change} alone takes the gap from {gap:.1f} to {left:.1f}", side


def _completeness(records: Sequence[Record]) -> str:
    """Say how much of the training split the runs had; several amounts if they differ."""
    splits = (record["corpus"]["train"] for record in records)
    amounts = sorted({(split["documents"], split["official_documents"]) for split in splits})
    return ", ".join(
        f"{seen:,}" if seen == official else f"{seen:,} of {official:,}"
        for seen, official in amounts
    )


def _read_published(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: restore it (git checkout)")
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_ledger(entries: Iterable[Entry], path: Path) -> None:
    """Write the ledger as CSV."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [field.name for field in fields(Entry)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(entry) for entry in entries)
    write_whole(path, stream.getvalue().encode())


def read_ledger(path: Path) -> list[Entry]:
    """Read a ledger that ``write_ledger`` wrote."""
    kinds = {"k": int, "seeds": int, "paper": float, "ours": float, "sd": float, "tolerance": float}
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            Entry(**{name: kinds.get(name, str)(value) for name, value in row.items()})
            for row in csv.DictReader(stream)
        ]
