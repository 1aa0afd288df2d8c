"""The site's extension for live figures: what it writes, and which pages load it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest

from interpbook.widgets.bundle import page_script, style
from interpbook.widgets.weights import PAGE_MODELS, page_weights
from support.places import ROOT

EXTENSIONS = ROOT / "book" / "_ext"
ELEMENT = '.. raw:: html\n\n   <textcnn-explorer model="imdb"></textcnn-explorer>\n'
PAGES = {
    "index": "Index\n=====\n\n.. toctree::\n\n   a\n   m\n   folder/z\n   folder/y\n",
    "a": f"With\n====\n\n{ELEMENT}",
    "m": "Told of\n=======\n\nWrite ``<textcnn-explorer>``.\n",
    "folder/y": f"With, deeper\n============\n\n{ELEMENT}",
    "folder/z": "Without\n=======\n",
}
LOADED = re.compile(r'(?:src|href)="([^"]*live\.(?:js|css))(\?[^"]*)?"')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a small site with the extension and nothing else."""
    source, site = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    (source / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(EXTENSIONS)!r})\nextensions = ['live_figures']\n"
    )
    for name, text in PAGES.items():
        (source / f"{name}.rst").parent.mkdir(exist_ok=True)
        (source / f"{name}.rst").write_text(text)
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", source, site], check=True
    )
    return site


@pytest.mark.parametrize("name", ["a", "folder/y"])
def test_a_page_with_a_figure_loads_script_and_style(site, name):
    page = site / f"{name}.html"
    found = LOADED.findall(page.read_text("utf-8"))
    assert sorted(Path(path).name for path, _ in found) == ["live.css", "live.js"]
    for path, version in found:
        assert (page.parent / path).resolve().parent == (site / "live").resolve()
        assert version.startswith("?v="), "a reader's browser would keep an old one"


@pytest.mark.parametrize("name", ["index", "m", "folder/z", "genindex", "search"])
def test_a_page_without_one_loads_neither(site, name):
    assert not LOADED.search((site / f"{name}.html").read_text("utf-8"))


def test_script_style_and_models_are_written_as_the_package_makes_them(site):
    assert (site / "live" / "live.js").read_text("utf-8") == page_script()
    assert (site / "live" / "live.css").read_text("utf-8") == style()
    names = {path.stem for path in (site / "live").iterdir()} - {"live"}
    assert names == set(PAGE_MODELS)
    for name in PAGE_MODELS:
        script = (site / "live" / f"{name}.js").read_text("ascii")
        left, right = script.rstrip(";\n").split(" = ")
        assert left == f'(globalThis.textcnnWeights ??= {{}})["{name}"]'
        assert b64decode(json.loads(right)) == page_weights(name)
