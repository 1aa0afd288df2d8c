"""The ledger: every number that the papers report, beside ours, with a verdict and a reason."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from interpbook._files import readable, write_whole
from interpbook.experiments.quantities import QUANTITIES, stated
from interpbook.experiments.records import Record, read_records
from interpbook.experiments.study import change_name, registered_studies

Runs = dict[tuple[str, int], list[Record]]  # by corpus and k, 0 where a network has no k
Choices = dict[tuple[str, int], dict[str, list[Record]]]  # the same, by what was changed


@dataclass(frozen=True)
class Entry:
    """A number of a paper beside ours.

    Attributes
    ----------
    source, place : str
        The paper, and the table in it.
    corpus : str
        A name that ``load_corpus`` knows.
    k : int
        Number of filters; 0 for the networks of Yuan et al., which have no such number.
    quantity : str
        What the number is: a key of ``Study.quantities`` of the study that measures it. Xu & Du's
        Table 1 has ``accuracy``, ``ratio1``, ``kept_accuracy``, ``ratio2`` and ``ratio3``, their
        Table 2 ``gradient_success`` (Text-fool) and ``word_scores_success`` (B). Yuan et al.'s
        Table 1 has ``classes``, ``train_documents``, ``test_documents`` and ``vocabulary``, their
        Table 3 ``accuracy``.
    setting : str
        For the kept accuracy, ``ratio2`` and ``ratio3`` of Xu & Du's Table 1, which epsilon:
        ``"paper"`` or ``"calibrated"``. For their Table 2, which vector the unknown word has:
        ``"trained"`` or ``"unit normal"``. ``"-"`` where the number depends on neither.
    paper, ours, sd : float
        The paper's value, our mean and its standard deviation over seeds: in percent, or a number
        of what is counted (``Quantity.counted``).
    seeds : int
        How many runs the mean is over.
    tolerance : float
        How far ours may be from the paper's, in points or in what is counted; stated before the
        runs.
    verdict : str
        ``"reproduced"``: the mean is within the tolerance. ``"trend reproduced"``: the mean is not,
        but our ratios over all k rank like the paper's (Spearman's rho at least ``TREND``), or our
        success of B's attack at this k is above the gradient's, as in the paper. ``"not
        reproduced"``: neither.
    reason : str
        How far ours is from the paper's, and what is known of the cause.
    trained_on : str
        How many training documents there were.

    Examples
    --------
    >>> from interpbook._files import data_folder
    >>> entry = read_ledger(data_folder() / "results" / "ledger.csv")[0]
    >>> entry.place, entry.corpus, entry.k, entry.quantity
    ('Table 1', 'ag_news', 30, 'accuracy')
    >>> entry.paper, entry.ours, entry.verdict
    (90.03, 89.11, 'reproduced')
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

    A study without a record is left out. Of a study with some, every published number needs one.

    Parameters
    ----------
    folder : Path
        Holds a folder of records for each study that measures published numbers, and for each
        study that varies the training of one, from which the reasons are taken.
    published : Path, optional
        The file of the papers' numbers; ``folder / "published.csv"`` by default.

    Returns
    -------
    list of Entry
        One a published number and setting.

    Raises
    ------
    FileNotFoundError
        If the papers' numbers or the records are not there.
    ValueError
        If a record is damaged, or a published number has no record.

    Examples
    --------
    >>> from interpbook._files import data_folder
    >>> results = data_folder() / "results"
    >>> build_ledger(results) == read_ledger(results / "ledger.csv")
    True
    """
    published = _read_published(published or folder / "published.csv")
    studies = list(dict.fromkeys(map(_study, published)))
    begun = [study for study in studies if any((folder / study).glob("*.json"))]
    runs = {study: _read_runs(folder / study) for study in begun or studies}
    choices = {
        study.varies: _read_choices(folder / study.name)
        for study in registered_studies()
        if study.varies
    }
    series = defaultdict(list)
    for row in published:
        if _study(row) not in runs:
            continue
        series[row["source"], row["place"], row["corpus"], row["quantity"]].append(row)
    return [
        entry
        for rows in series.values()
        for setting in QUANTITIES[rows[0]["quantity"]].settings
        for entry in _compare(
            rows, setting, runs[_study(rows[0])], choices.get(_study(rows[0]), {})
        )
    ]


def _study(row: dict[str, str]) -> str:
    """Return which study's records hold a published number: the paper's own study if it has one."""
    measuring = [study for study in registered_studies() if row["quantity"] in study.quantities]
    if not measuring:
        raise ValueError(f"no study measures {row['quantity']!r}: register one that does")
    return next(
        (study.name for study in measuring if study.paper == row["source"]), measuring[0].name
    )


def _read_runs(folder: Path) -> Runs:
    runs: Runs = defaultdict(list)
    for record in read_records(folder):
        if not record["changes"]:
            runs[record["recipe"]["corpus"], record.get("k", 0)].append(record)
    return runs


def _read_choices(folder: Path) -> Choices:
    choices: Choices = defaultdict(lambda: defaultdict(list))
    for record in read_records(folder) if any(folder.glob("*.json")) else ():
        # Records of Yuan et al.'s networks, which have no k, may change several settings at once
        # (with --set).
        if len(record["changes"]) == 1 or "k" not in record:
            changes = [change_name(*change) for change in record["changes"].items()]
            place = record["recipe"]["corpus"], record.get("k", 0)
            choices[place][" and ".join(changes)].append(record)
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
            k = f" with k = {row['k']}" if row["k"] != "0" else ""
            filters = k.replace("with k =", "--filters")
            raise ValueError(
                f"no record of {row['corpus']}{k}: run `interpbook reproduce {_study(row)} "
                f"--corpus {row['corpus']}{filters}`"
            )
        found.append(records)
        ours.append([stated(record, quantity, setting) for record in records])
    means = [round(float(np.mean(values)), 2) for values in ours]  # decimals as in the paper
    papers = [float(row["paper"]) for row in rows]
    trend = QUANTITIES[quantity].trend
    trends = [(False, "")] * len(rows) if trend is None else trend(papers, means, found, setting)
    hint, side = _what_closes_the_gap(rows, means, setting, choices)
    entries = []
    for row, values, mean, records, trend in zip(rows, ours, means, found, trends, strict=True):
        distance, tolerance = round(mean - float(row["paper"]), 2), float(row["tolerance"])
        verdict, reason = _verdict(distance, tolerance, quantity, *trend)
        if verdict != "reproduced":
            reason += hint if distance * side > 0 else _what_is_missing(quantity, records)
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


def _verdict(
    distance: float, tolerance: float, quantity: str, alike: bool, trend: str
) -> tuple[str, str]:
    far = f"{abs(distance):.2f} points"
    if counted := QUANTITIES[quantity].counted:
        far = f"{abs(distance):,.2f}".removesuffix(".00") + f" {counted}"
    side = f"{far} {'above' if distance > 0 else 'below'}"
    apart = f"{side if distance else 'the same as'} the paper, tolerance {tolerance:,g}"
    if abs(distance) <= tolerance:
        return "reproduced", apart
    return "trend reproduced" if alike else "not reproduced", apart + trend


def _what_closes_the_gap(
    rows: Sequence[dict[str, str]], means: Sequence[float], setting: str, choices: Choices
) -> tuple[str, float]:
    """Say which of the settings that were varied brings our value nearest to the paper's.

    The settings were varied for one k; nothing is said if our value is within the tolerance there.
    The second value is how far ours is off there: what closes a gap above the paper's value says
    nothing of one below it.
    """
    quantity, closed = rows[0]["quantity"], []
    if QUANTITIES[quantity].counted:  # a setting cannot bring back what a corpus lacks
        return "", 0.0
    for row, mean in zip(rows, means, strict=True):
        paper, tolerance = float(row["paper"]), float(row["tolerance"])
        for change, records in choices.get((row["corpus"], int(row["k"])), {}).items():
            values = [stated(record, quantity, setting) for record in records]
            gap, left = abs(mean - paper), abs(float(np.mean(values)) - paper)
            if gap > tolerance:
                place = f"at k = {row['k']} " if row["k"] != "0" else ""
                closed.append((left, gap, change, place, mean - paper))
    if not closed:
        return "", 0.0
    left, gap, change, place, side = min(closed)
    if left > gap / 2:
        return f"; {place}no change that was tried halves the gap of {gap:.1f}", side
    takes = "together take" if " and " in change else "alone takes"
    return f"; {place}{change} {takes} the gap from {gap:.1f} to {left:.1f}", side


def _what_is_missing(quantity: str, records: Sequence[Record]) -> str:
    """Say of a number that grows with the training split that the split is incomplete, if it is."""
    if not QUANTITIES[quantity].grows_with_corpus:
        return ""
    amount = _completeness(records)
    return f"; the corpus here holds {amount} training documents" if " of " in amount else ""


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
    """Write the ledger as CSV.

    Parameters
    ----------
    entries : iterable of Entry
        The ledger, a row each.
    path : Path
        The file, which is replaced as a whole.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from interpbook._files import data_folder
    >>> kept = data_folder() / "results" / "ledger.csv"
    >>> with TemporaryDirectory() as folder:
    ...     copy = Path(folder) / "copy.csv"
    ...     write_ledger(read_ledger(kept), copy)
    ...     copy.read_bytes() == kept.read_bytes()
    True
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [field.name for field in fields(Entry)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(entry) for entry in entries)
    write_whole(path, readable(stream.getvalue()).encode())


def read_ledger(path: Path) -> list[Entry]:
    """Read a ledger that ``write_ledger`` wrote.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    list of Entry
        One a row.

    Raises
    ------
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> from collections import Counter
    >>> from interpbook._files import data_folder
    >>> ledger = read_ledger(data_folder() / "results" / "ledger.csv")
    >>> Counter(entry.verdict for entry in ledger if entry.source == "Yuan et al. 2019")
    Counter({'reproduced': 7, 'not reproduced': 3})
    """
    kinds = {"k": int, "seeds": int, "paper": float, "ours": float, "sd": float, "tolerance": float}
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            Entry(**{name: kinds.get(name, str)(value) for name, value in row.items()})
            for row in csv.DictReader(stream)
        ]
