"""The quantities of the papers' tables: what each depends on, and its value in a record."""

from __future__ import annotations

from interpbook.experiments.records import Record

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
