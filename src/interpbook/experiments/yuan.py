"""What the reproduction of Yuan et al. runs: models, their training varied, their interpretations.

``yuan-table3`` trains the two networks as the paper's Table 2 says, ``yuan-choices`` changes one
thing at a time to see what the accuracy owes it, ``yuan-interpretations`` reads interpretations
back. What the paper leaves open is ours: dropout, that the embedding has all words, and the epochs,
which were chosen on training documents held out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

from interpbook.experiments.recipes import RECIPES, DeepRecipe, check_changes
from interpbook.hidden import METHODS

SEEDS = (0, 1, 2)
_ALL_WORDS = {"vocab_size": 100_000, "precision": "float16"}
YUAN_RECIPES: dict[str, DeepRecipe] = {
    "mr": replace(RECIPES["mr_deep"], **_ALL_WORDS),
    "ag_news": replace(RECIPES["ag_news_deep"], **_ALL_WORDS),
}

# Stated in section "Experimental Setup": lambda_1 and lambda_2, the rate, the layer.
INVERSION = {
    "mr": {"l2": 0.004, "similarity": 0.02, "learning_rate": 2e-4},
    "ag_news": {"l2": 0.002, "similarity": 0.01, "learning_rate": 2e-4},
}
# Ours: how many test documents, drawn once for all models; k and m; and how many steps.
STEPS = 1000
READ_DOCUMENTS = {"mr": 200, "ag_news": 100}  # a climb costs four times as much there
LOCATIONS = (1, 2, 3, 5)
WORDS = (1, 3, 5, 10)

YUAN_FOLDERS = ("yuan-table3", "yuan-choices", "yuan-interpretations")

# What MR's accuracy owes the word vectors, and what it owes settings that the paper leaves open.
CHOICES: dict[str, tuple[dict[str, Any], ...]] = {
    "mr": (
        {"vector_corpora": ()},
        {"vector_corpora": ("ag_news",)},
        {"vector_corpora": ("imdb",)},
        {"tokenizer": "words"},
        {"dropout": 0.0},
        {"padding": "paper"},
        {"epochs": 16},
    ),
    "ag_news": (),
}


@dataclass(frozen=True)
class DeepCell:
    """One run of a study of Yuan et al.: which network, trained how, and what is measured.

    Parameters
    ----------
    study : str
        One of ``YUAN_FOLDERS``; also the folder of its records.
    corpus : str
        A key of ``YUAN_RECIPES``.
    seed : int
        Decides initial weights, order and dropout; of an interpretation, starts and draws too.
    changes : mapping of str to value
        Fields of ``DeepRecipe`` that differ from the paper's network.

    Raises
    ------
    ValueError
        If there is no such study or corpus, or a change names no field of a recipe, gives it a
        value of another kind, or one that no recipe can have.
    """

    study: str
    corpus: str
    seed: int
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.study not in YUAN_FOLDERS:
            raise ValueError(f"studies are {', '.join(YUAN_FOLDERS)}, got {self.study!r}")
        if self.corpus not in YUAN_RECIPES:
            raise ValueError(f"corpora are {', '.join(YUAN_RECIPES)}, got {self.corpus!r}")
        usual = YUAN_RECIPES[self.corpus]
        changes = check_changes(usual, self.changes, fixed=("corpus", "seed"))
        object.__setattr__(self, "changes", changes)
        _ = self.recipe

    @property
    def recipe(self) -> DeepRecipe:
        """How the cell's model is trained."""
        return replace(YUAN_RECIPES[self.corpus], **self.changes, seed=self.seed)

    @property
    def name(self) -> str:
        """The record's name, without its ending."""
        changes = [change_name(*change) for change in sorted(self.changes.items())]
        return "-".join([self.corpus, *changes, f"seed{self.seed}"])

    @property
    def work(self) -> float:
        """About how much there is to do, in seconds on two cores."""
        interpretation = self.study == "yuan-interpretations"
        if self.corpus == "mr":
            return 500.0 if interpretation else 3.0 * self.recipe.epochs
        return 1000.0 if interpretation else 240.0 * self.recipe.epochs

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the cell's result, as its record states it."""
        stated = {"seed": self.seed, "changes": self.changes, "recipe": asdict(self.recipe)}
        if self.study == "yuan-interpretations":
            stated["interpretation"] = {
                **INVERSION[self.corpus],
                "layer": 1,
                "steps": STEPS,
                "documents": READ_DOCUMENTS[self.corpus],
                "locations": LOCATIONS,
                "words": WORDS,
                "methods": METHODS,
            }
        return stated


def change_name(name: str, value: object) -> str:
    """Return ``name=value`` as the names of records and the ledger write it."""
    if isinstance(value, tuple | list):
        value = "+".join(map(str, value)) or "none"
    return f"{name}={value}"


def deep_cells(
    study: str,
    *,
    corpora: Iterable[str] = ("mr", "ag_news"),
    seeds: Iterable[int] = SEEDS,
    changes: Mapping[str, Any] = MappingProxyType({}),
) -> list[DeepCell]:
    """List the cells of a study of Yuan et al., seed by seed.

    Parameters
    ----------
    study : str
        One of ``YUAN_FOLDERS``.
    corpora, seeds
        Which; all by default.
    changes : mapping of str to value
        Settings that differ from the study's, in every cell.

    Raises
    ------
    ValueError
        If the study has no cells of these corpora, or as ``DeepCell``.

    Examples
    --------
    >>> [cell.name for cell in deep_cells("yuan-table3", seeds=[0])]
    ['mr-seed0', 'ag_news-seed0']
    """
    corpora, seeds = list(corpora), list(seeds)
    varied = CHOICES if study == "yuan-choices" else {}
    grid = [
        DeepCell(study, corpus, seed, {**choice, **changes})
        for seed in seeds
        for corpus in corpora
        for choice in varied.get(corpus, ({},))
    ]
    if corpora and seeds and not grid:
        raise ValueError(f"{study} has no runs of {', '.join(corpora)}")
    return grid
