"""What a study is: a list of cells, each one model measured, and how its records are read.

A study is one entry of one table. Whoever lists, runs or compares studies reads the table: no other
code knows a study by its name.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from interpbook.experiments.quantities import QUANTITIES, Quantity
from interpbook.experiments.recipes import AnyRecipe, Recipe, check_changes
from interpbook.experiments.records import Record

SEEDS = (0, 1, 2)
ALL = "all"

Point = tuple[int | None, Mapping[str, Any]]
"""The number of filters k, None for a network that has no such number, and changed settings."""


@dataclass(frozen=True)
class Study:
    """A study: what it runs, what is measured, and what the ledger takes from its records.

    Parameters
    ----------
    name : str
        The study's name on the command line, and the folder of its records.
    paper : str
        The source whose numbers the study reproduces, as ``published.csv`` writes it.
    recipes : mapping of str to recipe
        How the model of each corpus is trained, before a cell changes anything.
    cells : callable
        Given a corpus, returns its points: pairs of a number of filters and changed settings.
    measure : callable
        Given a cell and the folder of kept models (None for none), returns what goes into the
        cell's record.
    settings : callable
        Given a cell, returns what decides its result beside its recipe, seed and changes.
    work : callable
        Given a cell, returns about how much there is to do, in any unit that all cells of the study
        share: the time left is reckoned from it.
    quantities : mapping of str to Quantity
        The paper's quantities that the study measures, by which the ledger finds the records of a
        published number.
    corpora : tuple of str
        The corpora that the study runs on unless others are asked for; the first with a recipe by
        default.
    part_of : str
        The study whose cells these are some of; they share its records.
    varies : str
        The study whose training this one varies: the ledger looks into its records for what closes
        the gaps of that study.

    Examples
    --------
    >>> study = find_study("table2")
    >>> study.paper, len(study.grid(seeds=[0])), sorted(study.quantities)
    ('Xu & Du 2020', 14, ['gradient_success', 'word_scores_success'])
    """

    name: str
    paper: str
    recipes: Mapping[str, AnyRecipe]
    cells: Callable[[str], Sequence[Point]]
    measure: Callable[[Cell, Path | None], Record]
    settings: Callable[[Cell], Mapping[str, Any]] = lambda cell: {}
    work: Callable[[Cell], float] = lambda cell: 1.0
    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    corpora: tuple[str, ...] = ()
    part_of: str = ""
    varies: str = ""

    def __post_init__(self) -> None:
        if not self.corpora:
            object.__setattr__(self, "corpora", tuple(self.recipes)[:1])

    @property
    def counts_filters(self) -> bool:
        """Whether the networks have a number of filters k that a cell can choose."""
        return all(isinstance(recipe, Recipe) for recipe in self.recipes.values())

    def grid(
        self,
        *,
        corpora: Iterable[str] | None = None,
        filters: Iterable[int] | None = None,
        seeds: Iterable[int] = SEEDS,
        changes: Mapping[str, Any] = MappingProxyType({}),
    ) -> list[Cell]:
        """List the cells seed by seed, so that an early stop leaves a whole first seed.

        Parameters
        ----------
        corpora, filters, seeds, changes
            Each is described under ``cells``.

        Raises
        ------
        ValueError
            If the study has no such corpus or no number of filters, or a cell cannot be (``Cell``).
        """
        corpora, seeds = list(self.corpora if corpora is None else corpora), list(seeds)
        ks = None if filters is None else list(filters)
        if ks and not self.counts_filters:
            raise ValueError(
                f"{self.name} has no --filters: its networks have no number of filters k"
            )
        if self.part_of:  # a part has some corpora of the whole only, whatever else is asked for
            asked = corpora
            corpora = [corpus for corpus in self.corpora if corpus in asked]
            if asked and not corpora:
                drawn = ", ".join(self.corpora)
                raise ValueError(f"{self.name} is drawn from {drawn}, got {', '.join(asked)}")
        points = [
            (corpus, k, change)
            for corpus in corpora
            for k, change in _with_filters(self.cells(corpus), ks)
        ]
        if corpora and seeds and not points:
            raise ValueError(f"{self.name} has no runs of {', '.join(corpora)}")
        return [
            Cell(self.part_of or self.name, corpus, k, seed, {**change, **changes})
            for seed in seeds
            for corpus, k, change in points
        ]


def _with_filters(points: Sequence[Point], ks: Sequence[int] | None) -> list[Point]:
    """Return the points with other numbers of filters, each change with all of them."""
    if not ks:
        return list(points)
    changes = []
    for _, change in points:
        if change not in changes:
            changes.append(change)
    return [(k, change) for change in changes for k in ks]


@dataclass(frozen=True)
class Cell:
    """One run of a study: which model is measured, and how it is trained.

    A whole number for a setting that is a real one, such as ``dropout=0``, is taken as such.

    Parameters
    ----------
    study : str
        The study's name, and the folder of the cell's record.
    corpus : str
        A corpus for which the study has a recipe.
    num_filters : int or None
        The number of filters k, spread evenly over the widths; None for a network that has no such
        number.
    seed : int
        Decides initial weights, order, dropout, and what the measurement draws.
    changes : mapping of str to value
        Settings of the recipe that differ from the study's own.

    Raises
    ------
    ValueError
        If there is no such study, it has no recipe for the corpus, k is not a multiple of the
        number of widths, or a change names no setting of a recipe or gives it a value of another
        kind or one that no recipe can have.
    TypeError
        If k is no whole number where the network has one.

    Examples
    --------
    >>> cell = Cell("table1", "reviews", 30, 0, {"epochs": 3})
    >>> cell.name, cell.recipe.filters_per_width, cell.recipe.epochs
    ('reviews-k30-epochs=3-seed0', 10, 3)
    """

    study: str
    corpus: str
    num_filters: int | None
    seed: int
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        recipes = find_study(self.study, whole=True).recipes
        if self.corpus not in recipes:
            raise ValueError(f"corpora are {', '.join(recipes)}, got {self.corpus!r}")
        usual = recipes[self.corpus]
        counts = isinstance(usual, Recipe)
        if counts:
            object.__setattr__(self, "num_filters", operator.index(self.num_filters))
        elif self.num_filters is not None:
            raise ValueError(f"{self.study} chooses no number of filters, got {self.num_filters}")
        fixed = ("corpus", "filters_per_width", "seed") if counts else ("corpus", "seed")
        changes = check_changes(usual, self.changes, fixed=fixed)
        object.__setattr__(self, "changes", changes)
        changed = replace(usual, **changes)  # a recipe refuses what none can have
        if counts and (self.num_filters < 1 or self.num_filters % len(changed.widths)):
            widths = len(changed.widths)
            raise ValueError(
                f"k is spread evenly over {widths} widths, so it is a multiple of {widths}, "
                f"got {self.num_filters}"
            )

    @property
    def recipe(self) -> AnyRecipe:
        """How the cell's model is trained."""
        recipe = replace(find_study(self.study).recipes[self.corpus], **self.changes)
        if self.num_filters is not None:
            recipe = replace(recipe, filters_per_width=self.num_filters // len(recipe.widths))
        return replace(recipe, seed=self.seed)

    @property
    def name(self) -> str:
        """The record's name, without its ending."""
        k = [] if self.num_filters is None else [f"k{self.num_filters}"]
        changes = [change_name(*change) for change in sorted(self.changes.items())]
        return "-".join([self.corpus, *k, *changes, f"seed{self.seed}"])

    @property
    def work(self) -> float:
        """About how much there is to do, in the study's own unit."""
        return find_study(self.study).work(self)

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the cell's result, as its record states it: plain lists and numbers."""
        k = {} if self.num_filters is None else {"k": self.num_filters}
        stated = {"seed": self.seed, "changes": self.changes, "recipe": asdict(self.recipe)}
        more = find_study(self.study).settings(self)
        return json.loads(json.dumps({**k, **stated, **more}))


def change_name(name: str, value: object) -> str:
    """Return ``name=value`` as the names of records and the ledger write it.

    Parameters
    ----------
    name : str
        A setting of a recipe.
    value : object
        The setting's value; the entries of a tuple or list are joined by plus signs.

    Returns
    -------
    str
        The change.

    Examples
    --------
    >>> change_name("epochs", 3), change_name("vector_corpora", ("imdb", "ag_news"))
    ('epochs=3', 'vector_corpora=imdb+ag_news')
    """
    if isinstance(value, tuple | list):
        value = "+".join(map(str, value)) or "none"
    return f"{name}={value}"


# ------------------------------------------------------------------------------------ the table

_STUDIES: dict[str, Study] = {}


def register(study: Study) -> Study:
    """Add a study to the table, so that it can be listed, run and compared by its name.

    A module in ``interpbook.experiments.studies`` need not call this: what it lists in ``STUDIES``
    is registered when the package is imported.

    Parameters
    ----------
    study : Study
        The study to add.

    Returns
    -------
    Study
        The same study.

    Raises
    ------
    ValueError
        If the name is taken, another study measures a quantity of the same name in another way, or
        a study that this one refers to is not there.

    Examples
    --------
    >>> from dataclasses import replace
    >>> mine = replace(find_study("table1"), name="table1-again", varies="table3")
    >>> register(mine)
    Traceback (most recent call last):
    ValueError: table1-again refers to 'table3', which is no study: register it
    """
    if study.name in {*_STUDIES, ALL}:
        raise ValueError(f"there is a study {study.name!r} already: choose another name")
    for other in filter(None, (study.part_of, study.varies)):
        if other not in _STUDIES:
            raise ValueError(f"{study.name} refers to {other!r}, which is no study: register it")
    for name, quantity in study.quantities.items():
        if QUANTITIES.get(name, quantity) != quantity:
            raise ValueError(f"{name!r} is measured in another way by another study: rename it")
    QUANTITIES.update(study.quantities)
    _STUDIES[study.name] = study
    return study


def registered_studies(*, whole: bool = False) -> tuple[Study, ...]:
    """Return all studies in the order in which they were registered.

    Parameters
    ----------
    whole : bool
        Whether to leave out studies that are a part of another and have no records of their own.

    Returns
    -------
    tuple of Study
        The studies.

    Examples
    --------
    >>> [study.name for study in registered_studies(whole=True)][:3]
    ['table1', 'choices', 'table2']
    """
    return tuple(study for study in _STUDIES.values() if not (whole and study.part_of))


def find_study(name: str, *, whole: bool = False) -> Study:
    """Return a study by its name.

    Parameters
    ----------
    name : str
        The study's name.
    whole : bool
        Whether a study that is a part of another is refused.

    Returns
    -------
    Study
        The study.

    Raises
    ------
    ValueError
        If there is no such study.

    Examples
    --------
    >>> find_study("table2").corpora, find_study("figure4").part_of
    (('ag_news', 'imdb'), 'table1')
    """
    names = [study.name for study in registered_studies(whole=whole)]
    if name not in names:
        raise ValueError(f"studies are {', '.join(names)}, got {name!r}")
    return _STUDIES[name]


def cells(
    study: str,
    *,
    corpora: Iterable[str] | None = None,
    filters: Iterable[int] | None = None,
    seeds: Iterable[int] = SEEDS,
    changes: Mapping[str, Any] = MappingProxyType({}),
) -> list[Cell]:
    """List a study's cells, seed by seed, so that an early stop leaves a whole first seed of it.

    Parameters
    ----------
    study : str
        A study's name, or ``"all"``. With corpora, filters or changes, which mean nothing to some
        networks, ``"all"`` lists the studies whose networks have a number of filters.
    corpora : iterable of str, optional
        The corpora to run on; the study's own by default.
    filters : iterable of int, optional
        The numbers of filters k; the study's own by default.
    seeds : iterable of int
        The seeds of the runs; 0, 1 and 2 by default.
    changes : mapping of str to value
        Settings that differ from the study's, in every cell.

    Returns
    -------
    list of Cell
        The grid.

    Raises
    ------
    ValueError
        If there is no such study, it has no such corpus or no number of filters, or a cell cannot
        be (``Cell``).

    Examples
    --------
    >>> len(cells("table1")), len(cells("table2"))
    (42, 42)
    >>> cells("figure4", seeds=[0])[0].name
    'ag_news-k30-seed0'
    >>> [cell.name for cell in cells("yuan-table3", seeds=[0])]
    ['mr-seed0', 'ag_news-seed0']
    """
    corpora, filters = (None if given is None else list(given) for given in (corpora, filters))
    chosen = {"corpora": corpora, "filters": filters, "seeds": list(seeds), "changes": changes}
    if study != ALL:
        return find_study(study).grid(**chosen)
    some = bool(corpora or filters or changes)
    return [
        cell
        for one in registered_studies(whole=True)
        if one.counts_filters or not some
        for cell in one.grid(**chosen)
    ]
