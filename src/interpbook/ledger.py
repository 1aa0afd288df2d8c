"""The ledger: every number that the papers report, beside ours, with a verdict and a reason."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from interpbook.files import write_whole
from interpbook.records import Record, read_records

# Stated before the first run, like the tolerances in published.csv.
TREND = 0.8

Runs = dict[tuple[str, int], list[Record]]  # by corpus and k
Choices = dict[tuple[str, int], dict[str, list[Record]]]  # the same, by what was changed

# What a number depends on and the paper leaves open, so that it is reported twice: the threshold of
# variance, and the vector of the word that a typo makes.
_EPSILONS, _UNKNOWNS = ("paper", "calibrated"), ("trained", "unit normal")
SETTINGS: dict[str, tuple[str, ...]] = {
    "accuracy": ("-",),
    "ratio1": ("-",),
    "kept_accuracy": _EPSILONS,
    "ratio2": _EPSILONS,
    "ratio3": _EPSILONS,
    "gradient_success": _UNKNOWNS,
    "word_scores_success": _UNKNOWNS,
}


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
        ``accuracy``, ``ratio1``, ``kept_accuracy``, ``ratio2`` or ``ratio3`` of Table 1; for Table
        2, ``gradient_success`` (Text-fool) or ``word_scores_success`` (B).
    setting : str
        Which epsilon, ``"paper"`` or ``"calibrated"``; for Table 2, which vector the unknown word
        has, ``"trained"`` or ``"unit normal"``; ``"-"`` where the number depends on neither.
    paper, ours, sd : float
        The paper's value, our mean and its standard deviation over seeds, in percent.
    seeds : int
        How many runs the mean is over.
    tolerance : float
        In points, stated before the runs.
    verdict : str
        ``"reproduced"``: the mean is within the tolerance. ``"trend reproduced"``: a ratio is not,
        but over all k ours rank like the paper's (Spearman's rho at least ``TREND``); or an
        attack's success is not, but at its k B's is above the gradient's, as in the paper. Else
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
    setting: str
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

    A study that was not begun is left out; of one that was, every published number needs a record.

    Parameters
    ----------
    folder : Path
        Holds the folders ``table1`` and ``table2`` of records and, for the reasons, ``choices``.
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
    studies = list(dict.fromkeys(map(_study, published)))
    begun = [study for study in studies if any((folder / study).glob("*.json"))]
    runs = {study: _read_runs(folder / study) for study in begun or studies}
    choices = _read_choices(folder / "choices")
    series = defaultdict(list)
    for row in published:
        if _study(row) not in runs:
            continue
        series[row["source"], row["place"], row["corpus"], row["quantity"]].append(row)
    return [
        entry
        for rows in series.values()
        for setting in SETTINGS[rows[0]["quantity"]]
        for entry in _compare(rows, setting, runs[_study(rows[0])], choices)
    ]


def _study(row: dict[str, str]) -> str:
    """Return which study's records hold a published number."""
    return "table2" if row["quantity"].endswith("_success") else "table1"


def _read_runs(folder: Path) -> Runs:
    runs: Runs = defaultdict(list)
    for record in read_records(folder):
        if not record["changes"]:
            runs[record["recipe"]["corpus"], record["k"]].append(record)
    return runs


def _read_choices(folder: Path) -> Choices:
    choices: Choices = defaultdict(lambda: defaultdict(list))
    for record in read_records(folder) if any(folder.glob("*.json")) else ():
        if len(record["changes"]) != 1:
            continue
        ((name, value),) = record["changes"].items()
        choices[record["recipe"]["corpus"], record["k"]][f"{name}={value}"].append(record)
    return choices


def _compare(
    rows: Sequence[dict[str, str]], setting: str, runs: Runs, choices: Choices
) -> list[Entry]:
    """Judge one row of the paper's table: a quantity over all k."""
    quantity = rows[0]["quantity"]
    ours, found = [], []
    for row in rows:
        records = runs.get((row["corpus"], int(row["k"])), [])
        if not records:
            raise ValueError(
                f"no record of {row['corpus']} with k = {row['k']}: run `interpbook reproduce "
                f"{_study(row)} --corpus {row['corpus']} --filters {row['k']}`"
            )
        found.append(records)
        ours.append([100 * metric(record, quantity, setting) for record in records])
    means = [round(float(np.mean(values)), 2) for values in ours]  # decimals as in the paper
    trends = _trends(rows, means, found, setting)
    hint, side = _what_closes_the_gap(rows, means, setting, choices)
    entries = []
    for row, values, mean, records, trend in zip(rows, ours, means, found, trends, strict=True):
        distance, tolerance = round(mean - float(row["paper"]), 2), float(row["tolerance"])
        verdict, reason = _verdict(distance, tolerance, *trend)
        if verdict != "reproduced" and distance * side > 0:
            reason += hint
        entries.append(
            Entry(
                source=row["source"],
                place=row["place"],
                corpus=row["corpus"],
                k=int(row["k"]),
                quantity=quantity,
                setting=setting,
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


def metric(record: Record, quantity: str, setting: str = "paper") -> float:
    """Return one of Table 1's or Table 2's quantities from a record, as a share.

    Parameters
    ----------
    record : dict
        Of the study ``table1`` or ``choices``; for a success, of ``table2``.
    quantity, setting : str
        As in ``Entry``; a setting that the quantity does not depend on plays no part. A success
        needs the name of a vector.
    """
    metrics = record["metrics"]
    if quantity.endswith("_success"):
        return metrics["attacks"][setting][quantity.removesuffix("_success")]["success"]
    return metrics[setting][quantity] if SETTINGS[quantity] == _EPSILONS else metrics[quantity]


def _trends(
    rows: Sequence[dict[str, str]],
    means: Sequence[float],
    found: Sequence[Sequence[Record]],
    setting: str,
) -> list[tuple[bool, str]]:
    """Say for each k whether ours goes the paper's way, and which way that is.

    An accuracy has no trend: its seven values hardly differ.
    """
    quantity = rows[0]["quantity"]
    if quantity.startswith("ratio"):
        rho = _rank_correlation([float(row["paper"]) for row in rows], means)
        alike = rho >= TREND
        said = "the two rank alike" if alike else "they do not rank alike"
        return [(alike, f"; over k {said} (rho {rho:.2f})")] * len(rows)
    if quantity.endswith("_success"):
        return [_margin(records, setting) for records in found]
    return [(False, "")] * len(rows)


def _margin(records: Sequence[Record], setting: str) -> tuple[bool, str]:
    """Say whether B's ranking beats the gradient's, and by how much."""
    ours, theirs = (
        np.mean([100 * metric(record, quantity, setting) for record in records])
        for quantity in ("word_scores_success", "gradient_success")
    )
    margin = float(ours - theirs)
    side = f"{abs(margin):.1f} points {'above' if margin > 0 else 'below'}"
    return margin > 0, f"; B's ranking is {side if margin else 'level with'} the gradient's"


def _rank_correlation(paper: Sequence[float], ours: Sequence[float]) -> float:
    """Return Spearman's rho; where one side never changes there is no rank to share, so zero."""
    if min(len(set(paper)), len(set(ours))) < 2:
        return 0.0
    return round(float(spearmanr(paper, ours).statistic), 6)  # 0.8 comes as 0.7999999999999999


def _verdict(distance: float, tolerance: float, alike: bool, trend: str) -> tuple[str, str]:
    side = f"{abs(distance):.2f} points {'above' if distance > 0 else 'below'}"
    apart = f"{side if distance else 'the same as'} the paper, tolerance {tolerance:g}"
    if abs(distance) <= tolerance:
        return "reproduced", apart
    return "trend reproduced" if alike else "not reproduced", apart + trend


def _what_closes_the_gap(
    rows: Sequence[dict[str, str]], means: Sequence[float], setting: str, choices: Choices
) -> tuple[str, float]:
    """Say which of the settings that were varied brings our value nearest to the paper's.

    They were varied for one k; nothing is said if there our value is within the tolerance. With it
    comes how far our value is off there: what holds above the paper says nothing below it.
    """
    quantity, closed = rows[0]["quantity"], []
    if _study(rows[0]) != "table1":  # no other setting was varied
        return "", 0.0
    for row, mean in zip(rows, means, strict=True):
        paper, tolerance = float(row["paper"]), float(row["tolerance"])
        for change, records in choices.get((row["corpus"], int(row["k"])), {}).items():
            values = [100 * metric(record, quantity, setting) for record in records]
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
