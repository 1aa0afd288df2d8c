"""The live figures' script and style: ES modules joined into one file.

The modules in ``js/`` import each other by name, and a browser could load them as they are. One
file is needed twice: a page opened from a local folder may not load modules at all, and anywidget
takes a single one. Joining needs no tool: the modules stand one after the other, each behind what
it imports, without their import lines and without the word ``export``.
"""

from __future__ import annotations

import re
from pathlib import Path

MODULES = Path(__file__).parent / "js"
_IMPORT = re.compile(r'^import (?:\{[^}]*\} from )?"\./([\w.-]+)";\n', re.MULTILINE)
_DEFINED = re.compile(r'^define\("textcnn-([a-z-]+)"', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async|class|const|function)", re.MULTILINE)


def page_script() -> str:
    """Return the classic script that a page of the site loads."""
    return f'(() => {{\n"use strict";\n{_join("page.js")}}})();\n'


def notebook_module() -> str:
    """Return the ES module that a notebook loads through anywidget."""
    return _join("notebook.js")


def figure_names() -> tuple[str, ...]:
    """Return the names of the live figures, without the ``textcnn-`` before them.

    Examples
    --------
    >>> "explorer" in figure_names()
    True
    """
    return tuple(_DEFINED.findall(_join("figures.js")))


def style() -> str:
    """Return the style sheet of both."""
    return (MODULES / "live.css").read_text("utf-8")


def _join(entry: str) -> str:
    """Join a module and all that it imports, each once."""
    visited: set[str] = set()
    pieces: list[str] = []

    def add(name: str) -> None:
        if name in visited:
            return
        visited.add(name)
        text = (MODULES / name).read_text("utf-8")
        for needed in _IMPORT.findall(text):
            add(needed)
        pieces.append(f"// {name}\n{_EXPORT.sub('', _IMPORT.sub('', text))}")

    add(entry)
    return "\n".join(pieces)
