"""The API pages: one for each room, and each name of a room's door is on its page."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re

import pytest
import yaml

import interpbook
from support.places import ROOT

PACKAGE = ROOT / "src" / "interpbook"
PAGES = {path.stem: path.read_text("utf-8") for path in (ROOT / "book" / "api").glob("*.md")}
DOCUMENTED = {
    module: page
    for page, text in PAGES.items()
    for module in re.findall(r"^\.\. automodule:: interpbook\.([\w.]+)$", text, re.MULTILINE)
}
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


@pytest.mark.parametrize("room", [*ROOMS, "text", "classifier", "cli"])
def test_every_room_has_a_page(room):
    assert room in DOCUMENTED


def test_every_page_is_in_the_contents_and_in_the_overview():
    contents = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text("utf-8"))
    (package,) = [part for part in contents["parts"] if part["caption"] == "The package"]
    overview, *listed = [chapter["file"] for chapter in package["chapters"]]
    assert overview == "api" and sorted(listed) == sorted(f"api/{page}" for page in PAGES)
    text = (ROOT / "book" / "api.md").read_text("utf-8")
    assert re.findall(r"<(api/\w+)>", text) == listed


@pytest.mark.parametrize("room", ROOMS)
def test_every_function_and_class_of_a_door_has_a_docstring(room):
    door = importlib.import_module(f"interpbook.{room}")
    for name in door.__all__:
        found = getattr(door, name)
        if inspect.isfunction(found) or inspect.isclass(found):
            assert (found.__doc__ or "").strip(), f"interpbook.{room}.{name} has no docstring"


def test_the_overview_links_every_name_of_the_package():
    text = (ROOT / "book" / "api.md").read_text("utf-8")
    linked = re.findall(r"`~interpbook\.(\w+)\.(\w+)`", text)
    assert sorted(name for _, name in linked) == sorted(interpbook.__all__)
    for room, name in linked:
        door = importlib.import_module(f"interpbook.{room}")
        assert getattr(door, name) is getattr(interpbook, name)


def test_every_name_of_the_package_is_on_a_page():
    doors = {
        name
        for module in DOCUMENTED
        for name in vars(importlib.import_module(f"interpbook.{module}"))
    }
    assert set(interpbook.__all__) <= doors


@pytest.mark.parametrize("room", [*ROOMS, "text", "classifier", "cli"])
def test_every_function_and_class_of_a_door_has_an_example(room):
    door = importlib.import_module(f"interpbook.{room}")
    own = [name for name, found in vars(door).items() if _is_public_and_of(name, found, door)]
    names = getattr(door, "__all__", own)
    assert names
    without = [
        name
        for name in names
        if (inspect.isfunction(found := getattr(door, name)) or inspect.isclass(found))
        and not doctest.DocTestParser().get_examples(inspect.getdoc(found) or "")
    ]
    assert without == []


def _is_public_and_of(name, found, door):
    return not name.startswith("_") and getattr(found, "__module__", None) == door.__name__
