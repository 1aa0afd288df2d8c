"""Data flows one way, so imports only point upstream."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import interpbook

PACKAGE = Path(interpbook.__file__).parent

# From the source of the stream to its mouth; a room may import only rooms before it.
ROOMS = [
    "text",
    "files",
    "archives",
    "downloads",
    "publishers",
    "corpora",
    "vectorfiles",
    "vectors",
    "pretrained",
    "models",
    "precision",
    "slots",
    "swaps",
    "decompose",
    "training",
    "markup",
    "explanations",
    "views",
    "classifier",
    "recipes",
    "building",
    "filters",
    "effects",
    "typos",
    "searches",
    "attack_results",
    "attacks",
    "robustness",
    "spelling",
    "defences",
    "ngrams",
    "saliency",
    "objectives",
    "fields",
    "closed_forms",
    "inversion",
    "neighbours",
    "interpretations",
    "preservation",
    "studies",
    "deep_studies",
    "records",
    "pooling",
    "defence_runs",
    "deep_runs",
    "runs",
    "reproduce",
    "quantities",
    "ledger",
    "figures",
    "widgets",
    "cli",
]
FREE = {"figures", "widgets", "cli"}  # nothing imports these


def room_of(path: Path) -> str:
    """Return a file's module, or the folder it is in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(source: str) -> Iterator[str]:
    """Yield the rooms that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports here are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, *inside = name.split(".")
            if package == "interpbook":
                # `from interpbook import TextCNN` names no room and would hide one.
                assert inside and inside[0] in ROOMS, f"{name} should be imported from its module"
                yield inside[0]


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def test_every_room_is_listed():
    assert {room_of(path) for path in FILES} <= set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_upstream(path):
    room = room_of(path)
    for upstream in imported_rooms(path.read_text(encoding="utf-8")):
        if upstream == room:
            continue
        assert upstream not in FREE, f"{room} imports {upstream}"
        assert ROOMS.index(upstream) < ROOMS.index(room), f"{room} imports {upstream}"


def test_an_import_inside_a_function_counts():
    source = "def f():\n    from interpbook.cli import main\n    import interpbook.figures"
    assert list(imported_rooms(source)) == ["cli", "figures"]


def test_the_package_itself_opens_the_doors_of_the_contract():
    for name in interpbook.__all__:
        assert hasattr(interpbook, name)
    assert interpbook.__all__ == sorted(interpbook.__all__)
