"""What the records of ``yuan-interpretations`` say together: shares and leads over several runs.

The runs of a corpus differ in their seed, so in their model, but read the same documents. A share
here is the mean over the runs. Its interval is as wide as if the runs agreed on every document, so
rather too wide than too narrow: three runs on 200 documents count as 200 documents, not as 600.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from interpbook.experiments.records import Record
from interpbook.hidden import METHODS, paired_lead


class Estimate(NamedTuple):
    """A number and its confidence interval.

    Attributes
    ----------
    value, low, high : float
        The number and the interval's ends, as shares of the documents: 1 is all of them.

    Examples
    --------
    >>> share = Estimate(0.97, low=0.93, high=0.98)
    >>> f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"
    '97% (93% to 98%)'
    """

    value: float
    low: float
    high: float


def of_corpus(records: Sequence[Record], corpus: str) -> list[Record]:
    """Return the records of a corpus that can be pooled.

    Parameters
    ----------
    records : sequence of dict
        Records of the study ``yuan-interpretations``.
    corpus : str
        A name that ``load_corpus`` knows.

    Returns
    -------
    list of dict
        The records of the corpus.

    Raises
    ------
    ValueError
        If a record is of another study, there is none of the corpus, or two of the corpus differ
        in more than the seed.

    Examples
    --------
    >>> from interpbook._files import data_folder
    >>> from interpbook.experiments import read_records
    >>> records = list(read_records(data_folder() / "results" / "yuan-interpretations"))
    >>> [record["cell"] for record in of_corpus(records, "mr")]
    ['mr-seed0', 'mr-seed1', 'mr-seed2']
    """
    for record in records:
        if record["study"] != "yuan-interpretations":
            raise ValueError(
                f"expected records of yuan-interpretations, got one of {record['study']}"
            )
    chosen = [record for record in records if record["recipe"]["corpus"] == corpus]
    if not chosen:
        found = ", ".join(sorted({record["recipe"]["corpus"] for record in records}))
        raise ValueError(f"expected records of {corpus}, got records of {found or 'no corpus'}")
    for record in chosen[1:]:
        if _settings(record) != _settings(chosen[0]) or record["seed"] == chosen[0]["seed"]:
            raise ValueError(
                f"expected runs of {corpus} that differ in their seed alone, got "
                f"{chosen[0]['cell']} and {record['cell']}"
            )
    return chosen


def _settings(record: Record) -> dict[str, object]:
    """Return what has to be the same in records that are pooled."""
    recipe = {name: value for name, value in record["recipe"].items() if name != "seed"}
    documents = record["metrics"]["documents"]
    texts = {split: record["corpus"][split]["files"] for split in ("train", "test")}
    read = record["interpretation"]
    return {"recipe": recipe, "texts": texts, "read": read, "documents": documents}


def pooled_share(kept: Sequence[int], documents: int, *, confidence: float = 0.95) -> Estimate:
    """Return the mean share over runs on the same documents, with Wilson's interval of one run.

    Parameters
    ----------
    kept : sequence of int
        How many documents each run keeps.
    documents : int
        How many documents there are, the same for each run.
    confidence : float
        How often such an interval holds the true share: 0.95 by default.

    Raises
    ------
    ValueError
        If there is no run or no document, or a count is not one of these documents.

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22.

    Examples
    --------
    >>> [round(number, 3) for number in pooled_share([8, 9, 10], 10)]
    [0.9, 0.596, 0.982]
    """
    if not len(kept) or not all(0 <= count <= documents for count in kept) or documents < 1:
        raise ValueError(f"expected counts of {documents} documents, got {list(kept)}")
    share = float(np.mean(kept)) / documents
    z = float(norm.ppf(0.5 + confidence / 2))
    shrink = 1 / (1 + z**2 / documents)
    centre = shrink * (share + z**2 / (2 * documents))
    reach = shrink * z * np.sqrt(share * (1 - share) / documents + z**2 / (4 * documents**2))
    # For shares of 0 and 1 the interval ends at the share itself, but for a float's last digit.
    low, high = max(0.0, float(centre - reach)), min(1.0, float(centre + reach))
    return Estimate(share, min(share, low), max(share, high))


def kept_share(
    records: Sequence[Record], method: str, k: int, m: int, *, confidence: float = 0.95
) -> Estimate:
    """Return the share of documents whose class the words of a method keep, over all runs.

    Parameters
    ----------
    records : sequence of dict
        What ``of_corpus`` returns.
    method : str
        One of ``preservation.METHODS``.
    k, m : int
        How many locations, and how many words for each.
    confidence : float
        How often such an interval holds the true share: 0.95 by default.

    Returns
    -------
    Estimate
        The share and its interval.

    Raises
    ------
    ValueError
        If the records hold no such method, k or m.

    Examples
    --------
    >>> from interpbook._files import data_folder
    >>> from interpbook.experiments import read_records
    >>> records = read_records(data_folder() / "results" / "yuan-interpretations")
    >>> runs = of_corpus(list(records), "mr")
    >>> for method in ("inversion", "random words"):
    ...     share = kept_share(runs, method, k=1, m=1)
    ...     print(f"{method}: {share.value:.0%} ({share.low:.0%} to {share.high:.0%})")
    inversion: 98% (95% to 99%)
    random words: 51% (44% to 58%)
    """
    counts = [_count(record, method, "kept", k, m) for record in records]
    return pooled_share(counts, records[0]["metrics"]["documents"], confidence=confidence)


def kept_lead(
    records: Sequence[Record], other: str, k: int, m: int, *, confidence: float = 0.95
) -> Estimate:
    """Return by how much the inversion's share is above another method's, over all runs.

    The two methods are compared document by document. The interval is Bonett and Price's: the
    interval of ``paired_lead``, with one document more won and one more lost. So two methods that
    agree on every document seen do not get an interval without width.

    Parameters
    ----------
    records : sequence of dict
        What ``of_corpus`` returns.
    other : str
        A method that the inversion is compared with.
    k, m, confidence
        Each is described under ``kept_share``.

    Returns
    -------
    Estimate
        The difference of the shares and its interval; negative where the other method is ahead.

    Raises
    ------
    ValueError
        If the records hold no such method, k or m.

    References
    ----------
    Bonett and Price (2012), "Adjusted Wald confidence interval for a difference of binomial
    proportions based on paired data", Journal of Educational and Behavioral Statistics 37.

    Examples
    --------
    >>> from interpbook._files import data_folder
    >>> from interpbook.experiments import read_records
    >>> records = read_records(data_folder() / "results" / "yuan-interpretations")
    >>> runs = of_corpus(list(records), "mr")
    >>> lead = kept_lead(runs, "random words", k=1, m=1)
    >>> f"{100 * lead.value:.0f} points ahead ({100 * lead.low:.0f} to {100 * lead.high:.0f})"
    '47 points ahead (39 to 53)'
    """
    # A record counts what the other method wins and loses against the inversion.
    won = float(np.mean([_count(record, other, "lost", k, m) for record in records]))
    lost = float(np.mean([_count(record, other, "won", k, m) for record in records]))
    documents = records[0]["metrics"]["documents"]
    _, low, high = paired_lead(won + 1, lost + 1, documents + 2, confidence=confidence)
    return Estimate((won - lost) / documents, max(-1.0, low), min(1.0, high))


def _count(record: Record, method: str, what: str, k: int, m: int) -> int:
    methods, read = record["metrics"]["methods"], record["interpretation"]
    if method not in methods:
        raise ValueError(f"methods are {', '.join(METHODS)}, got {method!r}")
    if k not in read["locations"] or m not in read["words"]:
        raise ValueError(
            f"k is one of {read['locations']} and m one of {read['words']} here, got {k} and {m}"
        )
    row, column = read["locations"].index(k), read["words"].index(m)
    return methods[method][what][row][column]
