"""A grid resumes after any stop, and gives the same records wherever its cells run."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interpbook import cli
from interpbook.experiments import (
    Cell,
    cells,
    read_record,
    read_records,
    reproduce,
    run_cell,
    write_record,
)
from interpbook.experiments import runner as module
from interpbook.experiments.runner import find_missing, is_done, record_path
from interpbook.vectors import VectorRecipe

PATIENCE = 600  # seconds, for a machine with other guests; nothing here waits so long by itself

CHANGES = {"epochs": 1}
GRID = cells("table1", corpora=["reviews"], filters=[30, 60, 90], seeds=[0, 1], changes=CHANGES)
ARGUMENTS = ("table1", "--corpus", "reviews", "--filters", "30", "60", "90", "--seeds", "0", "1")


# ------------------------------------------------------------------------------- with invented runs


@pytest.fixture
def runs(monkeypatch) -> list[str]:
    """Replace training by a stand-in; return the names of the cells that were run."""
    names: list[str] = []

    def stand_in(cell: Cell, models: Path | None) -> dict[str, Any]:
        names.append(cell.name)
        return {"cell": cell.name, **cell.settings}

    monkeypatch.setattr(module, "run_cell", stand_in)
    return names


def test_each_cell_becomes_a_record_and_a_second_call_runs_nothing(tmp_path, runs):
    paths = reproduce(GRID, tmp_path, progress=False)
    assert paths == [tmp_path / "table1" / f"{cell.name}.json" for cell in GRID]
    assert [read_record(path)["cell"] for path in paths] == runs == [cell.name for cell in GRID]
    before = [(path.stat().st_mtime_ns, path.read_bytes()) for path in paths]
    assert reproduce(GRID, tmp_path, progress=False) == paths
    assert [(path.stat().st_mtime_ns, path.read_bytes()) for path in paths] == before
    assert len(runs) == len(GRID)


def test_only_what_is_missing_is_run(tmp_path, runs):
    reproduce(GRID[2:4], tmp_path, progress=False)
    runs.clear()
    assert find_missing(GRID, tmp_path) == GRID[:2] + GRID[4:]
    reproduce(GRID, tmp_path, progress=False)
    assert runs == [cell.name for cell in GRID[:2] + GRID[4:]]


def test_cells_that_share_a_record_are_run_once(tmp_path, runs):
    paths = reproduce([GRID[1], GRID[0], GRID[1]], tmp_path, progress=False)
    assert runs == [GRID[1].name, GRID[0].name] and paths[0] == paths[2]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def edit(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace('"seed": 0', '"seed": 9'), "utf-8")


def run_otherwise(path: Path) -> None:
    write_record(path, read_record(path) | {"epsilon": 0.5})


@pytest.mark.parametrize("damage", [truncate, edit, run_otherwise, Path.unlink])
def test_a_record_that_is_not_this_cells_whole_record_is_made_again(tmp_path, runs, damage):
    paths = reproduce(GRID[:3], tmp_path, progress=False)
    damage(paths[1])
    assert [is_done(tmp_path, cell) for cell in GRID[:3]] == [True, False, True]
    runs.clear()
    reproduce(GRID[:3], tmp_path, progress=False)
    assert runs == [GRID[1].name]
    assert all(is_done(tmp_path, cell) for cell in GRID[:3])


def test_parts_of_records_are_never_read(tmp_path, runs):
    folder = record_path(tmp_path, GRID[0]).parent
    folder.mkdir()
    whole = {"cell": GRID[0].name, **GRID[0].settings}
    write_record(folder / "whole", whole)
    part = (folder / "whole").rename(folder / f"{GRID[0].name}.json.a1b2.part")
    assert not is_done(tmp_path, GRID[0])
    reproduce(GRID[:2], tmp_path, progress=False)
    assert len(list(read_records(folder))) == 2 and part.exists()
    assert runs == [cell.name for cell in GRID[:2]]


@pytest.mark.parametrize("stop", [ValueError("boom"), OSError("no corpus"), RuntimeError("odd")])
def test_a_cell_that_fails_is_named_and_the_records_before_it_stay(
    tmp_path, runs, monkeypatch, stop
):
    stand_in = module.run_cell

    def fail_at_the_third(cell, models):
        if cell == GRID[2]:
            raise stop
        return stand_in(cell, models)

    monkeypatch.setattr(module, "run_cell", fail_at_the_third)
    with pytest.raises(ValueError, match=f"^table1/{GRID[2].name} failed: {stop}$"):
        reproduce(GRID, tmp_path, progress=False)
    assert [is_done(tmp_path, cell) for cell in GRID] == [True, True, *[False] * 4]


def test_a_stop_by_the_user_keeps_what_is_done(tmp_path, runs, monkeypatch):
    def stop(cell, models):
        raise KeyboardInterrupt

    reproduce(GRID[:1], tmp_path, progress=False)
    monkeypatch.setattr(module, "run_cell", stop)
    with pytest.raises(KeyboardInterrupt):
        reproduce(GRID, tmp_path, progress=False)
    assert find_missing(GRID, tmp_path) == GRID[1:]


def test_the_bar_says_how_many_runs_and_how_much_time_are_left(tmp_path, runs, capsys):
    reproduce(GRID[:2], tmp_path)
    shown = capsys.readouterr().err
    assert "0 of 2 runs" in shown and "2 of 2 runs 100%" in shown and " left" in shown
    reproduce(GRID[:2], tmp_path)
    reproduce(GRID[2:], tmp_path, progress=False)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("jobs", "scheduler"), [(0, None), (-1, None), (2, "tcp://127.0.0.1:8786")]
)
def test_jobs_that_cannot_be_are_refused(tmp_path, runs, jobs, scheduler):
    with pytest.raises(ValueError, match=f"jobs is a positive number, .* got jobs={jobs}"):
        reproduce(GRID, tmp_path, jobs=jobs, scheduler=scheduler)
    assert not runs


def test_with_nothing_to_do_no_cluster_is_started(tmp_path, runs, monkeypatch):
    paths = reproduce(GRID, tmp_path, progress=False)
    monkeypatch.setattr(module, "_run_on_cluster", lambda *_: pytest.fail("started a cluster"))
    assert reproduce(GRID, tmp_path, jobs=2, progress=False) == paths


@pytest.mark.parametrize(
    ("corpus", "scheduler", "made"),
    [("imdb", None, [True]), ("reviews", None, []), ("imdb", "tcp://10.0.0.1:8786", [])],
)
def test_word_vectors_are_there_before_processes_share_the_work(
    tmp_path, runs, monkeypatch, corpus, scheduler, made
):
    """A cluster's workers see to their own; the book's corpora need none."""
    calls: list[bool] = []

    def vectors(recipe: VectorRecipe, *, progress: bool) -> None:
        assert not runs and recipe == VectorRecipe()
        calls.append(progress)

    monkeypatch.setattr(module, "public_vectors", vectors)
    monkeypatch.setattr(module, "_run_on_cluster", lambda *_: (yield from ()))
    grid = cells("table1", corpora=[corpus], filters=[3, 6], seeds=[0])
    reproduce(grid, tmp_path, scheduler=scheduler)
    assert calls == made and len(runs) == (0 if scheduler else 2)


def test_each_kind_of_word_vectors_is_made_once(tmp_path, runs, monkeypatch):
    """Yuan et al.'s networks ask for several; cells that are done ask for none."""
    calls: list[VectorRecipe] = []
    monkeypatch.setattr(module, "public_vectors", lambda recipe, *, progress: calls.append(recipe))
    grid = [*cells("yuan-choices", seeds=[0, 1]), *cells("yuan-table3", seeds=[0])]
    wanted = [cell.recipe.vectors for cell in grid]
    assert None in wanted and 1 < len({*wanted} - {None}) < len(wanted)
    reproduce(grid, tmp_path, progress=False)
    assert calls == list(dict.fromkeys(recipe for recipe in wanted if recipe is not None))
    assert runs == [cell.name for cell in grid]
    calls.clear()
    record_path(tmp_path, grid[1]).unlink()
    record_path(tmp_path, grid[0]).unlink()
    reproduce(grid, tmp_path, progress=False)
    assert calls == [VectorRecipe(300, False, ("ag_news",))]
    assert runs[len(grid) :] == [grid[0].name, grid[1].name]


def test_cells_of_both_papers_go_into_their_own_folders(tmp_path, runs):
    grid = [
        GRID[0],
        Cell("yuan-table3", "mr", None, 0),
        Cell("yuan-interpretations", "mr", None, 0),
    ]
    changes = {"vector_corpora": ()}
    grid += cells("yuan-choices", corpora=["mr"], seeds=[3], changes=changes)[:1]
    grid[1:3] = [replace(cell, changes=changes) for cell in grid[1:3]]
    paths = reproduce(grid, tmp_path, progress=False)
    names = ["yuan-table3", "yuan-interpretations", "yuan-choices"]
    assert [path.parent.name for path in paths] == ["table1", *names]
    assert [path.stem for path in paths[1:3]] == ["mr-vector_corpora=none-seed0"] * 2
    assert all(is_done(tmp_path, cell) for cell in grid)


def test_a_record_of_another_setting_is_not_a_deep_cells(tmp_path, runs, monkeypatch):
    cell = Cell("yuan-interpretations", "mr", None, 0, {"vector_corpora": ()})
    (path,) = reproduce([cell], tmp_path, progress=False)
    write_record(path, read_record(path) | {"interpretation": {"steps": 1}})
    assert not is_done(tmp_path, cell)


def test_without_dask_several_jobs_say_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"dask.distributed: pip install 'interpbook\[grid\]"):
        reproduce(GRID, tmp_path, jobs=2, progress=False)
    command = ["reproduce", *ARGUMENTS, "--out", str(tmp_path), "--jobs", "2", "--quiet"]
    assert cli.main(command) == 1
    error = capsys.readouterr().err
    assert error.startswith("interpbook: several jobs and") and error.count("\n") == 1


# ------------------------------------------------------------------------------------------ killed

START = "from interpbook.cli import main; raise SystemExit(main())"


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``interpbook reproduce`` as a process of its own, on one thread like these tests."""
    with contextlib.ExitStack() as stack:

        def begin(*more: str, before: str = "") -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-c", before + START, "reproduce", *ARGUMENTS),
                    *("--set", "epochs=1", "--quiet", "--out", str(tmp_path), *more),
                ],
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)  # nothing stays behind a test that fails
            return process

        yield begin


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return out


def wait_until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.005)


def records(folder: Path) -> list[Path]:
    return sorted((folder / "table1").glob("*.json"))


def kill_after_a_record(process: subprocess.Popen[str], folder: Path, delay: float = 0.0) -> None:
    """Kill -9 when one more record is there, and see that the grid was still running."""
    before = len(records(folder))
    wait_until(
        lambda: len(records(folder)) > before or process.poll() is not None, "the first record"
    )
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL, "the grid was over before it could be killed"


@pytest.fixture(scope="module")
def uninterrupted() -> dict[str, dict[str, Any]]:
    """Every cell's metrics, from a run that nothing disturbs."""
    return {cell.name: run_cell(cell)["metrics"] for cell in GRID}


def metrics(folder: Path) -> dict[str, dict[str, Any]]:
    return {record["cell"]: record["metrics"] for record in read_records(folder / "table1")}


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
def test_killed_at_any_moment_the_grid_loses_one_cell_at_most(start, tmp_path, uninterrupted):
    done = 0
    for delay in (0.0, 0.15):
        kill_after_a_record(start(), tmp_path, delay)
        found = records(tmp_path)
        assert done < len(found) < len(GRID)
        done = len(found)
        # All that was begun is there, but for the cell that was running: no gaps, nothing after.
        assert set(found) == {record_path(tmp_path, cell) for cell in GRID[:done]}
        assert all(is_done(tmp_path, cell) for cell in GRID[:done])
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in found}
    assert f"table1: 6 runs, {6 - done} of them to do" in finish(start())
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before} == before
    assert metrics(tmp_path) == uninterrupted


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
def test_killed_while_a_record_is_written_leaves_nothing_that_is_read(start, tmp_path):
    """The process kills itself when all is written but the name."""
    kill_itself = (
        "import os, signal, interpbook._files as files\n"
        "files.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    process = start("--seeds", "0", before=kill_itself)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL
    folder = tmp_path / "table1"
    assert [path.suffix for path in folder.iterdir()] == [".part"]
    assert find_missing(GRID[:3], tmp_path) == GRID[:3]
    with pytest.raises(FileNotFoundError, match="holds no records"):
        read_records(folder)
    assert "3 runs, 3 of them to do" in finish(start("--seeds", "0"))
    assert len(list(read_records(folder))) == 3


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
def test_killed_with_two_jobs_no_worker_is_left_behind(start, tmp_path):
    pytest.importorskip("distributed", reason="two jobs need dask: pip install 'interpbook[grid]'")
    psutil = pytest.importorskip("psutil")
    process = start("--jobs", "2")
    wait_until(lambda: bool(records(tmp_path)) or process.poll() is not None, "the first record")
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2, "no workers were running"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    assert not [worker for worker in alive if worker.status() != psutil.STATUS_ZOMBIE]
    assert 1 <= len(records(tmp_path)) < len(GRID)
    assert {record_path(tmp_path, cell) for cell in GRID if is_done(tmp_path, cell)} == set(
        records(tmp_path)
    )


# ------------------------------------------------------------------------------------ on a cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Dask cluster of two worker processes, as a lab's would be."""
    distributed = pytest.importorskip(
        "distributed", reason="schedulers need dask: pip install 'interpbook[grid]'"
    )
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster


def kept_words() -> int:
    """Count, in a worker, the corpora that it has split into words: none if it ran no cell."""
    from interpbook.experiments import building

    return building._tokenized.cache_info().currsize


def test_a_scheduler_spreads_the_cells_over_its_workers(tmp_path, cluster, uninterrupted, capsys):
    address = cluster.scheduler_address
    arguments = ["reproduce", *ARGUMENTS, "--set", "epochs=1", "--out", str(tmp_path), "--quiet"]
    assert cli.main([*arguments, "--scheduler", address]) == 0
    assert "6 runs, 6 of them to do" in capsys.readouterr().out
    assert metrics(tmp_path) == uninterrupted
    from distributed import Client

    with Client(address) as client:
        used = client.run(kept_words)
    assert len(used) == 2 and all(used.values()), "one worker did it all"


def test_a_cell_that_fails_on_a_worker_is_named(tmp_path, cluster):
    failing = cells("table1", corpora=["reviews"], filters=[3], changes={"batch_size": 0})
    sentence = r"^table1/reviews-k3-batch_size=0-seed\d failed: batch_size is a positive number"
    with pytest.raises(ValueError, match=sentence):
        reproduce(failing, tmp_path, scheduler=cluster.scheduler_address, progress=False)
    assert not records(tmp_path)


def test_two_jobs_give_the_same_records(tmp_path, uninterrupted, monkeypatch):
    pytest.importorskip("distributed", reason="two jobs need dask: pip install 'interpbook[grid]'")
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)  # so that each job has one thread
    reproduce(GRID[:3], tmp_path, jobs=2, progress=False)
    assert metrics(tmp_path) == {cell.name: uninterrupted[cell.name] for cell in GRID[:3]}


def unreachable(folder: Path, address: str) -> Sequence[str]:
    return ["reproduce", *ARGUMENTS, "--out", str(folder), "--quiet", "--scheduler", address]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://127.0.0.1:1"])
def test_a_scheduler_that_does_not_answer_is_one_sentence(tmp_path, capsys, address):
    pytest.importorskip("distributed", reason="schedulers need dask")  # it brings the settings
    dask = pytest.importorskip("dask")
    with dask.config.set({"distributed.comm.timeouts.connect": "300ms"}):
        assert cli.main(unreachable(tmp_path, address)) == 1
    error = capsys.readouterr().err
    assert error.startswith("interpbook: ") and error.count("\n") == 1


def test_a_setting_of_several_numbers_counts_as_done_too(tmp_path):
    """A record holds a list where the cell has a tuple."""
    cell = Cell("table1", "reviews", 2, 0, {"widths": (2, 3), "epochs": 1})
    reproduce([cell], tmp_path, progress=False)
    assert is_done(tmp_path, cell)
