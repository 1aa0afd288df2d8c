"""A study is one entry of a table: whoever lists, runs and compares studies finds it there."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from interpbook.cli import main
from interpbook.experiments import (
    QUANTITIES,
    RECIPES,
    Cell,
    Quantity,
    Record,
    Study,
    build_ledger,
    cells,
    encode_corpus,
    find_study,
    read_record,
    register,
    registered_studies,
    reproduce,
)
from interpbook.experiments import study as module
from interpbook.experiments.runner import find_missing, is_done


def measure_lengths(cell: Cell, models: Path | None) -> Record:
    """Measure how long the documents are, and whether they fit: no model is trained."""
    corpus = encode_corpus(cell.recipe)
    lengths = [len(document) for document in corpus.train[0]]
    return {
        "corpus": corpus.provenance,
        "metrics": {
            "mean_length": sum(lengths) / len(lengths),
            "short": sum(length <= 10 for length in lengths) / len(lengths),
        },
    }


TOY = Study(
    name="toy-lengths",
    paper="A made-up paper",
    recipes={name: RECIPES[name] for name in ("reviews", "headlines")},
    corpora=("reviews", "headlines"),
    cells=lambda corpus: [(3, {}), (6, {"min_count": 2})],
    measure=measure_lengths,
    settings=lambda cell: {"longest": 10},
    quantities={"short": Quantity(lambda record, setting: record["metrics"]["short"])},
)


@pytest.fixture
def toy(monkeypatch) -> Iterator[Study]:
    """A study that only this test has registered."""
    monkeypatch.setattr(module, "_STUDIES", dict(module._STUDIES))
    yield register(TOY)
    for name in TOY.quantities:
        QUANTITIES.pop(name, None)


def test_a_toy_study_is_listed_run_resumed_and_compared(toy, tmp_path, capsys):
    grid = cells("toy-lengths", seeds=[0])
    assert [cell.name for cell in grid] == [
        "reviews-k3-seed0",
        "reviews-k6-min_count=2-seed0",
        "headlines-k3-seed0",
        "headlines-k6-min_count=2-seed0",
    ]
    with pytest.raises(SystemExit):
        main(["reproduce", "--help"])
    assert "toy-lengths" in capsys.readouterr().out

    command = ["reproduce", "toy-lengths", "--seeds", "0", "--out", str(tmp_path), "--quiet"]
    assert main([*command, "--corpus", "reviews"]) == 0
    assert "2 runs, 2 of them to do" in capsys.readouterr().out
    assert [is_done(tmp_path, cell) for cell in grid] == [True, True, False, False]
    first = tmp_path / "toy-lengths" / "reviews-k3-seed0.json"
    before = first.read_bytes()
    assert main(command) == 0
    assert "4 runs, 2 of them to do" in capsys.readouterr().out
    assert first.read_bytes() == before and find_missing(grid, tmp_path) == []
    record = read_record(first)
    assert (record["study"], record["k"], record["longest"]) == ("toy-lengths", 3, 10)
    assert {cell.study for cell in cells("all", seeds=[0])} > {"toy-lengths", "table1"}

    published = tmp_path / "published.csv"
    with published.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["source", "place", "corpus", "k", "quantity", "paper", "tolerance"])
        rows.writerow([toy.paper, "Table 1", "reviews", 3, "short", 0, 1])
    (entry,) = build_ledger(tmp_path, published)
    assert entry.ours == round(100 * record["metrics"]["short"], 2)
    assert (entry.verdict == "reproduced") == (entry.ours <= 1)


def test_a_worker_learns_of_a_study_that_only_its_sender_knows(toy, monkeypatch, tmp_path):
    from interpbook.experiments.runner import _run_with_threads

    (cell, *_) = cells("toy-lengths", seeds=[0])
    del module._STUDIES["toy-lengths"]  # as in another process
    record = _run_with_threads(toy, cell, None, None)
    assert record["cell"] == cell.name and find_study("toy-lengths") is toy


def test_reproduce_all_finds_nothing_to_do_in_the_committed_records():
    from interpbook.corpora import data_folder

    grid = cells("all")
    assert len(grid) == 204 and find_missing(grid, data_folder() / "results") == []
    assert reproduce(grid[:1], data_folder() / "results", progress=False)


def test_a_name_that_is_taken_or_means_nothing_is_refused(toy):
    for name in ("toy-lengths", "table1", "all"):
        with pytest.raises(ValueError, match=f"there is a study '{name}' already"):
            register(Study(name, "", TOY.recipes, TOY.cells, measure_lengths))
    for there in ({"part_of": "table9"}, {"varies": "table9"}):
        with pytest.raises(ValueError, match="refers to 'table9', which is no study"):
            register(Study("new", "", TOY.recipes, TOY.cells, measure_lengths, **there))
    other = Quantity(lambda record, setting: 0.0)
    with pytest.raises(ValueError, match="'short' is measured in another way"):
        register(
            Study("new", "", TOY.recipes, TOY.cells, measure_lengths, quantities={"short": other})
        )
    assert "new" not in {study.name for study in registered_studies()}
    with pytest.raises(ValueError, match=r"studies are table1, .*, toy-lengths, got 'new'"):
        find_study("new")
    with pytest.raises(ValueError, match=r"studies are table1, choices, .*, got 'figure4'"):
        find_study("figure4", whole=True)


def test_no_module_but_its_own_knows_a_study_by_name():
    """The CLI, the runner and the ledger read the table."""
    package = Path(module.__file__).parent
    readers = [package / "runner.py", package / "ledger.py", package.parent / "cli.py"]
    for path in readers:
        source = path.read_text(encoding="utf-8")
        for study in registered_studies():
            assert f'"{study.name}"' not in source, f"{path.name} names {study.name}"
