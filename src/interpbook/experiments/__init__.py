"""The papers' studies run again: recipes, records, and a ledger of their numbers beside ours."""

from interpbook.experiments import studies as studies
from interpbook.experiments.building import (
    Encoded,
    as_classifier,
    encode_corpus,
    kept_classifier,
    train_classifier,
    train_model,
)
from interpbook.experiments.intervals import (
    Estimate,
    kept_lead,
    kept_share,
    of_corpus,
    pooled_share,
)
from interpbook.experiments.ledger import Entry, build_ledger, read_ledger, write_ledger
from interpbook.experiments.quantities import ACCURACY, QUANTITIES, Quantity, metric, stated
from interpbook.experiments.recipes import RECIPES, AnyRecipe, DeepRecipe, Recipe
from interpbook.experiments.records import Record, read_record, read_records, write_record
from interpbook.experiments.runner import reproduce, run_cell
from interpbook.experiments.study import (
    SEEDS,
    Cell,
    Study,
    cells,
    change_name,
    find_study,
    register,
    registered_studies,
)

__all__ = [
    "ACCURACY",
    "QUANTITIES",
    "RECIPES",
    "SEEDS",
    "AnyRecipe",
    "Cell",
    "DeepRecipe",
    "Encoded",
    "Entry",
    "Estimate",
    "Quantity",
    "Recipe",
    "Record",
    "Study",
    "as_classifier",
    "build_ledger",
    "cells",
    "change_name",
    "encode_corpus",
    "find_study",
    "kept_classifier",
    "kept_lead",
    "kept_share",
    "metric",
    "of_corpus",
    "pooled_share",
    "read_ledger",
    "read_record",
    "read_records",
    "register",
    "registered_studies",
    "reproduce",
    "run_cell",
    "stated",
    "train_classifier",
    "train_model",
    "write_ledger",
    "write_record",
]
