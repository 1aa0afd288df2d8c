"""Data flows one way, so a room imports only from rooms below it; no folder is a wall of files."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import interpbook
from support.places import ROOT

PACKAGE = Path(interpbook.__file__).parent

# From the ground up. A room is a module beside ``__init__.py`` or a package; rooms of one floor do
# not import each other.
FLOORS = [
    {"_checks", "_files", "text"},
    {"_html", "corpora"},
    {"vectors"},
    {"models"},
    {"scores"},
    {"classifier"},
    {"filters", "hidden", "attacks"},
    {"experiments"},
    {"figures", "tables", "widgets"},
    {"cli"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
ENDS = {"figures", "tables", "widgets", "cli"}  # what readers see: nothing imports it
MOST_MODULES = 12

FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]
ROOMS = sorted({path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES})
PACKAGES = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def room_of(path: Path) -> str:
    """Return the room that a file is in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(source: str) -> Iterator[str]:
    """Yield what a module imports of the package, in functions too, without ``interpbook.``."""
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
                assert inside and inside[0] in FLOOR, f"{name} should be imported from its room"
                yield ".".join(inside)


def test_every_room_has_a_floor():
    assert set(ROOMS) <= set(FLOOR)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_rooms_below(path):
    room = room_of(path)
    for name in imported_modules(path.read_text(encoding="utf-8")):
        other = name.split(".")[0]
        if other == room:
            continue
        assert other not in ENDS, f"{room} imports {other}"
        assert FLOOR[other] < FLOOR[room], f"{room} imports {other}"


@pytest.mark.parametrize("package", PACKAGES)
def test_the_modules_of_a_room_import_each_other_one_way(package):
    """A room's modules import each other without a cycle, and never through its own door."""
    needs: dict[str, set[str]] = {}
    for path in (PACKAGE / package).glob("*.py"):
        inside = [
            name.split(".")[1:]
            for name in imported_modules(path.read_text(encoding="utf-8"))
            if name.split(".")[0] == package
        ]
        modules = {parts[0] for parts in inside if parts}
        if path.stem != "__init__":
            there = {other.stem for other in (PACKAGE / package).glob("*.py")}
            assert modules <= there, f"{path.stem} imports through {package}/__init__.py"
            needs[path.stem] = modules
    while needs:
        free = [name for name, modules in needs.items() if not modules & set(needs)]
        assert free, f"in {package}, {', '.join(sorted(needs))} import each other in a circle"
        for name in free:
            del needs[name]


def test_an_import_inside_a_function_counts():
    source = "def f():\n    from interpbook.cli import main\n    import interpbook.figures.style"
    assert list(imported_modules(source)) == ["cli.main", "figures.style"]


@pytest.mark.parametrize("folder", ["", *PACKAGES])
def test_no_folder_is_a_wall_of_files(folder):
    modules = [path.stem for path in (PACKAGE / folder).glob("*.py") if path.stem != "__init__"]
    assert len(modules) <= MOST_MODULES, modules


@pytest.mark.parametrize(
    "path",
    [path.relative_to(PACKAGE) for path in FILES if path.stem != "__init__"],
    ids=lambda path: path.as_posix(),
)
def test_every_module_has_its_test_file_at_the_mirrored_place(path):
    mirrored = path.with_name(f"test_{path.stem.lstrip('_')}.py")
    assert (ROOT / "tests" / mirrored).is_file(), f"tests/{mirrored.as_posix()} is missing"


@pytest.mark.parametrize("package", ["", *PACKAGES])
def test_a_door_opens_to_what_it_names_and_hides_no_module(package):
    door = importlib.import_module(f"interpbook.{package}".rstrip("."))
    assert door.__doc__ and sorted(door.__all__) == sorted(set(door.__all__))
    modules = {path.stem for path in (PACKAGE / package).glob("*.py")}
    for name in door.__all__:
        assert hasattr(door, name), f"{package} exports {name}, which is not there"
        assert name not in modules, f"{package} exports {name} and has a module of that name"


def test_the_package_opens_what_readers_see_when_asked():
    assert interpbook.fit is importlib.import_module("interpbook.models").fit
    for name in ("figures", "tables", "widgets"):
        assert name in dir(interpbook)
        assert getattr(interpbook, name) is importlib.import_module(f"interpbook.{name}")
    with pytest.raises(AttributeError, match="module 'interpbook' has no attribute 'figure'"):
        _ = interpbook.figure
