"""Execute the book's notebooks and bring them to normal form (``make notebooks``).

The normal form keeps what nbval compares and readers of the source want, the text of every output,
and drops what changes from run to run or belongs to the site: images, widget state, timings, random
ids. ``--check`` executes nothing and fails if a notebook is not in normal form.

Cells with ipywidgets need one trick to be compared like all others. While a cell runs, a notebook
front end diverts what a callback prints into the widget; nbval has no widgets and sees it as the
cell's own output. `PlainClient` does as nbval does, so the reference holds what nbval will see.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "book" / "chapters"
TIMEOUT = 120

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"file_extension": ".py", "name": "python", "pygments_lexer": "ipython3"}
CELL_METADATA = ("jupyter", "mystnb", "nbval", "tags")
DROPPED_OUTPUTS = re.compile(r"image/|application/vnd\.jupyter\.widget")
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")


class PlainClient(NotebookClient):
    """A notebook client without widgets: outputs stay with the cell that made them."""

    def __init__(self, nb: NotebookNode, **options: Any) -> None:
        super().__init__(nb, **options)
        self.comm_open_handlers = {}

    def clear_output(self, outs: list[NotebookNode], msg: dict, cell_index: int) -> None:
        """Keep outputs that a widget would redraw, as nbval does."""


def run(notebook: NotebookNode, folder: Path) -> None:
    """Execute ``notebook`` in place, in ``folder``, with the python3 kernel of this environment."""
    client = PlainClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of ``notebook`` in normal form; the source of every cell stays as it is."""
    seen: set[str] = set()
    cells = [_cell(cell, seen) for cell in notebook.cells]
    for count, cell in enumerate((c for c in cells if c.cell_type == "code"), start=1):
        if cell.execution_count is not None:
            cell.execution_count = count
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count
    return nbformat.from_dict(
        {
            "cells": cells,
            "metadata": {"kernelspec": KERNELSPEC, "language_info": LANGUAGE},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def _cell(cell: NotebookNode, seen: set[str]) -> NotebookNode:
    """Normalise one cell; ``seen`` holds the ids already given out in this notebook."""
    source = "\n".join(line.rstrip() for line in _text(cell.source).split("\n")).strip("\n")
    known, salt = cell.get("id", ""), 0
    while not known or known in seen:
        known = hashlib.sha256(f"{salt}{source}".encode()).hexdigest()[:8]
        salt += 1
    seen.add(known)
    metadata = {key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)}
    clean = {"cell_type": cell.cell_type, "id": known, "metadata": metadata, "source": source}
    if cell.cell_type == "code":
        outputs = [_output(output) for output in _merge_streams(cell.outputs)]
        clean |= {
            "execution_count": cell.execution_count,
            "outputs": [output for output in outputs if output is not None],
        }
    elif cell.get("attachments"):
        clean["attachments"] = cell.attachments
    return nbformat.from_dict(clean)


def _output(output: NotebookNode) -> NotebookNode | None:
    """Keep an output's text; None if there is none."""
    clean = nbformat.from_dict(output)
    if output.output_type == "stream":
        clean.text = ADDRESS.sub("0x000000", _text(output.text))
    elif output.output_type in ("display_data", "execute_result"):
        kept = {k: v for k, v in output.data.items() if not DROPPED_OUTPUTS.match(k)}
        clean.data = {
            k: ADDRESS.sub("0x000000", _text(v)) if isinstance(v, str | list) else v
            for k, v in kept.items()
        }
        clean.metadata = {}
        if not clean.data:
            return None
    return clean


def _merge_streams(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Join neighbouring pieces of one stream: how a kernel cuts them is chance."""
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text = _text(last.text) + _text(output.text)
        else:
            merged.append(nbformat.from_dict(output))
    return merged


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def dumps(notebook: NotebookNode) -> str:
    """Write ``notebook`` as its file's text: sorted keys, indented by one."""
    split = nbformat.v4.rwbase.split_lines(nbformat.from_dict(notebook))
    return json.dumps(split, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def load(path: Path) -> NotebookNode:
    """Read a notebook in normal form; unlike nbformat's reader, never invent an id by chance."""
    notebook = nbformat.from_dict(json.loads(path.read_text("utf-8")))
    if notebook.get("nbformat") != 4:
        raise SystemExit(f"{path} is not a version 4 notebook; open and save it in JupyterLab.")
    return normalise(notebook)


def is_normal(path: Path) -> bool:
    """Say whether the file at ``path`` is in normal form."""
    return path.read_text("utf-8") == dumps(load(path))


def rewrite(path: Path, *, execute: bool = True) -> float:
    """Execute and normalise the notebook at ``path`` in one step; return the seconds it ran."""
    notebook = load(path)
    start = time.perf_counter()
    if execute:
        run(notebook, path.parent)
    seconds = time.perf_counter() - start
    text = dumps(normalise(notebook))
    nbformat.validate(nbformat.reads(text, as_version=4))
    if text != path.read_text("utf-8"):
        partial = path.with_name(f".{path.name}.part")
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(path)
    return seconds


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all of book/chapters")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="execute nothing, fail if not normal")
    mode.add_argument("--no-execute", action="store_true", help="normalise the outputs as they are")
    options = parser.parse_args(argv)
    paths = options.notebooks or sorted(CHAPTERS.glob("*.ipynb"))
    if options.check:
        wrong = [path for path in paths if not is_normal(path)]
        for path in wrong:
            print(f"{path}: not in normal form; run `make notebooks`", file=sys.stderr)
        return 1 if wrong else 0
    for path in paths:
        seconds = rewrite(path, execute=not options.no_execute)
        print(f"{path.name}: {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
