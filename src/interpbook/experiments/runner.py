"""Run a grid of cells: resumable, in this process, in several, or on a Dask cluster."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from interpbook.experiments.records import Record, read_record, write_record
from interpbook.experiments.study import Cell, Study, find_study, register, registered_studies
from interpbook.vectors import public_vectors


def reproduce(
    cells: Iterable[Cell],
    folder: Path,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    models: Path | None = None,
    progress: bool = True,
) -> list[Path]:
    """Run the cells whose records are missing; write each record when its cell is done.

    A record lands by rename, so whatever stops the grid, the records that are there are whole, and
    the next call goes on after them. A stop loses the cells that were running, one for each job.

    Parameters
    ----------
    cells : iterable of Cell
        The grid of runs.
    folder : Path
        Records go to ``folder / cell.study / (cell.name + ".json")``.
    jobs : int
        How many local processes share the cores.
    scheduler : str, optional
        The address of a Dask scheduler whose workers run the cells instead, such as
        ``"tcp://10.0.0.1:8786"``. The workers need this package, find corpora as ``load_corpus``
        does, and should share one cache of word vectors, which two trainings would not make alike.
    models : Path, optional
        A folder, seen from where the cells run, for ``run_cell``: it keeps classifiers that are
        trained in this call and gives studies those that other studies left there.
    progress : bool
        Whether to show a bar with the time left.

    Returns
    -------
    list of Path
        The records of all cells, in their order.

    Raises
    ------
    ValueError
        If ``jobs`` is not positive or comes with a scheduler, or a cell fails (it is named).
    OSError
        If the scheduler does not answer, or there is nothing to train word vectors on.
    ImportError
        If dask.distributed is needed and not installed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from interpbook.experiments import registered_studies
    >>> study = registered_studies()[0].name
    >>> grid = [Cell(study, "headlines", k, 0, {"epochs": 1}) for k in (3, 6)]
    >>> with TemporaryDirectory() as folder:
    ...     done = reproduce(grid, Path(folder), progress=False)
    ...     again = reproduce(grid, Path(folder), progress=False)  # nothing is left to run
    >>> [path.name for path in done], again == done
    (['headlines-k3-epochs=1-seed0.json', 'headlines-k6-epochs=1-seed0.json'], True)
    """
    if jobs < 1 or (jobs > 1 and scheduler is not None):
        raise ValueError(
            f"jobs is a positive number, and a scheduler brings its own workers: got jobs={jobs}, "
            f"scheduler={scheduler!r}"
        )
    cells = list(cells)
    paths = [record_path(folder, cell) for cell in cells]
    missing = find_missing(cells, folder)
    if not missing:
        return paths
    if scheduler is None:
        # Word vectors are trained once, before processes share the work: trained in each of them,
        # they would differ a little.
        for vectors in dict.fromkeys(cell.recipe.vectors for cell in missing):
            if vectors is not None:
                public_vectors(vectors, progress=progress)
    if scheduler is None and jobs == 1:
        results = _run_here(missing, models)
    else:
        results = _run_on_cluster(missing, models, min(jobs, len(missing)), scheduler)
    bar = tqdm(
        total=sum(cell.work for cell in missing),
        disable=not progress,
        bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed} gone, {remaining} left",
    )
    with contextlib.closing(results), bar:
        bar.set_description_str(f"0 of {len(missing)} runs")
        for number, (cell, record) in enumerate(results, start=1):
            write_record(record_path(folder, cell), record)
            bar.set_description_str(f"{number} of {len(missing)} runs", refresh=False)
            bar.update(cell.work)
    return paths


def run_cell(cell: Cell, models: Path | None = None) -> Record:
    """Measure a cell's model and return the record.

    Parameters
    ----------
    cell : Cell
        The run.
    models : Path, optional
        A folder of trained classifiers: what is trained is kept there, and a study of models that
        another study trains takes them from there, if recipe and vocabulary are the same. A model
        that reads marks cannot be kept, nor attacked.

    Returns
    -------
    dict
        The cell's settings, the versions and the hardware of the run, and what the study measures.

    Raises
    ------
    ValueError, FileNotFoundError, ConnectionError
        If the corpus cannot be loaded.

    Examples
    --------
    >>> from interpbook.experiments import registered_studies
    >>> study = registered_studies()[0].name
    >>> record = run_cell(Cell(study, "headlines", 3, 0, {"epochs": 1}))
    >>> record["cell"], record["k"], record["recipe"]["filters_per_width"]
    ('headlines-k3-epochs=1-seed0', 3, 1)
    >>> sorted(record["metrics"]["paper"])
    ['counts', 'epsilon', 'kept_accuracy', 'ratio2', 'ratio3', 'share_by_width']
    """
    return {
        "study": cell.study,
        "cell": cell.name,
        **cell.settings,
        "versions": {
            "interpbook": version("interpbook"),
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
        "hardware": hardware(),
        **find_study(cell.study).measure(cell, models),
    }


def record_path(folder: Path, cell: Cell) -> Path:
    """Return where a cell's record belongs."""
    return folder / cell.study / f"{cell.name}.json"


def find_missing(cells: Iterable[Cell], folder: Path) -> list[Cell]:
    """List the cells without a record, of those with the same record the first one only."""
    first: dict[Path, Cell] = {}
    for cell in cells:
        first.setdefault(record_path(folder, cell), cell)
    return [cell for cell in first.values() if not is_done(folder, cell)]


def is_done(folder: Path, cell: Cell) -> bool:
    """Say whether a whole record of this very cell, with these very settings, is there."""
    try:
        record = read_record(record_path(folder, cell))
    except (FileNotFoundError, ValueError):
        return False
    return all(record.get(name) == value for name, value in cell.settings.items())


def _run_here(cells: list[Cell], models: Path | None) -> Iterator[tuple[Cell, Record]]:
    for cell in cells:
        with _named(cell):
            record = run_cell(cell, models)
        yield cell, record


def _run_on_cluster(
    cells: list[Cell], models: Path | None, jobs: int, scheduler: str | None
) -> Iterator[tuple[Cell, Record]]:
    """Yield records in the order in which workers finish them."""
    try:
        from distributed import Client, LocalCluster, as_completed
    except ImportError as error:
        raise ImportError(
            "several jobs and schedulers need dask.distributed: pip install 'interpbook[grid]'"
        ) from error
    with contextlib.ExitStack() as stack:
        threads = None
        if scheduler is None:
            # Dask gets processes of one thread each; PyTorch's own threads are shared out below.
            # The processes end with this one, however that ends. Dask's page takes any free port of
            # this machine, since the usual one may be another cluster's.
            scheduler = stack.enter_context(
                LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    memory_limit=0,
                    dashboard_address="127.0.0.1:0",
                )
            )
            threads = max(1, (os.cpu_count() or 1) // jobs)
        client = stack.enter_context(Client(scheduler))
        futures = {
            client.submit(
                _run_with_threads, find_study(cell.study), cell, models, threads, pure=False
            ): cell
            for cell in cells
        }
        for future in as_completed(futures):
            with _named(futures[future]):
                record = future.result()
            yield futures[future], record


@contextlib.contextmanager
def _named(cell: Cell) -> Iterator[None]:
    """Name the cell in the error of a run that fails."""
    try:
        yield
    except Exception as error:
        raise ValueError(f"{cell.study}/{cell.name} failed: {error}") from error


def _run_with_threads(study: Study, cell: Cell, models: Path | None, threads: int | None) -> Record:
    """Run a cell in a worker, which learns of a study that only its sender has registered."""
    if study.name not in {known.name for known in registered_studies()}:
        register(study)
    if threads is not None:
        torch.set_num_threads(threads)
    return run_cell(cell, models)


def hardware() -> dict[str, Any]:
    """Say what this computer is, as far as timings depend on it."""
    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.is_file():
        lines = information.read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        name = names[0] if names else name
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": platform.system(),
        "device": "cpu",
    }
