"""The quantities of the papers' tables: what each depends on, its value in a record, its name.

The names that readers see of corpora, quantities, rankings and methods are here too, because
figures and tables both write them and neither imports the other.
"""

from __future__ import annotations

from collections.abc import Iterable

from interpbook.experiments.records import Record
from interpbook.hidden import METHODS

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
    "classes": ("-",),
    "train_documents": ("-",),
    "test_documents": ("-",),
    "vocabulary": ("-",),
}
# The quantities that are counts, and what they count; all others are shares.
COUNTED = {
    "classes": "classes",
    "train_documents": "documents",
    "test_documents": "documents",
    "vocabulary": "words",
}


def metric(record: Record, quantity: str, setting: str = "paper") -> float:
    """Return one of the tables' quantities from a record: a share, or a number that was counted.

    Parameters
    ----------
    record : dict
        Of the study ``table1`` or ``choices``; for a success, of ``table2``; for a count, of
        ``yuan-table3``.
    quantity, setting : str
        As in ``Entry``; a setting that the quantity does not depend on plays no part. A success
        needs the name of a vector.
    """
    if quantity in COUNTED:
        return float(record["statistics"][quantity])
    metrics = record["metrics"]
    if quantity.endswith("_success"):
        return metrics["attacks"][setting][quantity.removesuffix("_success")]["success"]
    return metrics[setting][quantity] if SETTINGS[quantity] == _EPSILONS else metrics[quantity]


def stated(record: Record, quantity: str, setting: str = "paper") -> float:
    """Return a quantity as the ledger states it: in percent, or what was counted.

    Parameters
    ----------
    record, quantity, setting
        As for ``metric``.
    """
    return metric(record, quantity, setting) * (1 if quantity in COUNTED else 100)


# ----------------------------------------------------------------------- what readers see of names

# The rows of Xu & Du's Table 1, from top to bottom.
TABLE1 = ("accuracy", "ratio1", "kept_accuracy", "ratio2", "ratio3")
CORPORA = {"ag_news": "AG's News", "imdb": "IMDB", "mr": "MR"}
QUANTITIES = {
    "accuracy": "accuracy",
    "ratio1": "@Ratio1",
    "kept_accuracy": "accuracy, kept features",
    "ratio2": "@Ratio2",
    "ratio3": "@Ratio3",
    "gradient_success": "attacks, Text-fool",
    "word_scores_success": "attacks, B",
    "classes": "classes",
    "train_documents": "training documents",
    "test_documents": "test documents",
    "vocabulary": "words in the vocabulary",
}
_RANKINGS = {
    "exact": "exact effect",
    "updated_word_scores": "B, updated",
    "word_scores": "B",
    "gradient": "gradient",
    "random": "random",
}


def corpus_name(corpus: str) -> str:
    """Return what readers see of a corpus's name; one without an entry keeps its own.

    Examples
    --------
    >>> corpus_name("ag_news"), corpus_name("reviews")
    ("AG's News", 'reviews')
    """
    return CORPORA.get(corpus, corpus)


def ranking_name(ranking: str) -> str:
    """Return what readers see of the name of an attack's ranking.

    Raises
    ------
    ValueError
        If there is no such ranking.

    Examples
    --------
    >>> ranking_name("updated_word_scores")
    'B, updated'
    """
    if ranking not in _RANKINGS:
        raise ValueError(f"rankings are {', '.join(_RANKINGS)}, got {ranking!r}")
    return _RANKINGS[ranking]


def method_name(method: str) -> str:
    """Return what readers see of the name of a way of interpreting.

    Raises
    ------
    ValueError
        If there is no such method.

    Examples
    --------
    >>> method_name("without l2")
    'without L2'
    """
    if method not in METHODS:
        raise ValueError(f"methods are {', '.join(METHODS)}, got {method!r}")
    return method.replace("l2", "L2")


def the_corpus(corpora: Iterable[str], what: str) -> str:
    """Return the corpus that entries or records, named by ``what``, are all of.

    Raises
    ------
    ValueError
        If they are of several corpora or of none.

    Examples
    --------
    >>> the_corpus(["mr", "mr"], "records")
    'mr'
    """
    found = sorted(set(corpora))
    if len(found) != 1:
        raise ValueError(f"expected the {what} of one corpus, got {', '.join(found) or 'none'}")
    return found[0]
