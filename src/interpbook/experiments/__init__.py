"""The papers' studies run again: recipes, records, and a ledger of their numbers beside ours."""

from interpbook.experiments.building import (
    Encoded,
    as_classifier,
    encode_corpus,
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
from interpbook.experiments.quantities import metric, stated
from interpbook.experiments.recipes import RECIPES, AnyRecipe, DeepRecipe, Recipe
from interpbook.experiments.records import Record, read_record, read_records, write_record
from interpbook.experiments.runner import reproduce
from interpbook.experiments.runs import run_cell
from interpbook.experiments.xu_du import Cell, cells
from interpbook.experiments.yuan import DeepCell, deep_cells

__all__ = [
    "RECIPES",
    "AnyRecipe",
    "Cell",
    "DeepCell",
    "DeepRecipe",
    "Encoded",
    "Entry",
    "Estimate",
    "Recipe",
    "Record",
    "as_classifier",
    "build_ledger",
    "cells",
    "deep_cells",
    "encode_corpus",
    "kept_lead",
    "kept_share",
    "metric",
    "of_corpus",
    "pooled_share",
    "read_ledger",
    "read_record",
    "read_records",
    "reproduce",
    "run_cell",
    "stated",
    "train_classifier",
    "train_model",
    "write_ledger",
    "write_record",
]
