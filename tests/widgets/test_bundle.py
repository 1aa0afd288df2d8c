"""The live figures' modules, joined: each once, behind what it imports, in one scope."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from interpbook._html import AGAINST, FOR
from interpbook.widgets import bundle
from interpbook.widgets.bundle import figure_names, notebook_module, page_script, style

FILES = {path.name: path.read_text("utf-8") for path in bundle.MODULES.glob("*.js")}
IMPORT = re.compile(r'import (?:\{([^}]*)\} from )?"\./([\w.-]+)";')
NAMED = re.compile(
    r"^(export )?(?:async )?(?:function\*? |class |const |let |var )(\w+|\[[^\]]*\]|\{[^}]*\})",
    re.MULTILINE,
)
BOTH = pytest.mark.parametrize("script", [page_script, notebook_module])


def modules(script: str) -> list[str]:
    """Return the files in a joined script, in their order."""
    return re.findall(r"^// ([\w-]+\.js)$", script, re.MULTILINE)


def top_level_names(script: str) -> list[str]:
    found = []
    for _, name in NAMED.findall(script):
        found += re.findall(r"\w+", name)
    return found


def test_every_module_is_in_one_of_the_two_scripts():
    assert {*modules(page_script()), *modules(notebook_module())} == set(FILES)
    assert "notebook.js" not in modules(page_script())
    assert "page.js" not in modules(notebook_module())


@BOTH
def test_each_module_is_there_once_behind_what_it_imports(script):
    order = modules(script())
    assert max(Counter(order).values()) == 1
    for name in order:
        for _, needed in IMPORT.findall(FILES[name]):
            assert order.index(needed) < order.index(name), f"{name} needs {needed}"


@BOTH
def test_no_import_and_no_export_is_left(script):
    left = re.findall(r"^[ \t]*(?:import|export)\b.*", script(), re.MULTILINE)
    assert left == ([] if script is page_script else ["export default { render };"])


@BOTH
def test_all_modules_share_one_scope_without_a_clash(script):
    names = top_level_names(script())
    assert len(names) > 50
    assert {name: n for name, n in Counter(names).items() if n > 1} == {}


@pytest.mark.parametrize("name", sorted(FILES))
def test_what_a_module_imports_is_exported_there(name):
    """Joined it would work all the same; a browser that loads the modules would refuse."""
    for imported, source in IMPORT.findall(FILES[name]):
        exported = {found for marked, found in NAMED.findall(FILES[source]) if marked}
        needed = {entry.split(" as ")[0].strip() for entry in imported.split(",")} - {""}
        assert needed <= exported, f"{name} imports {needed - exported} from {source}"


def test_the_page_script_keeps_its_names_to_itself():
    lines = page_script().splitlines()
    assert lines[:2] == ["(() => {", '"use strict";'] and lines[-1] == "})();"


@pytest.mark.parametrize("name", figure_names())
def test_a_figure_is_defined_in_the_file_of_its_name(name):
    assert f'define("textcnn-{name}", ' in FILES[f"{name}.js"]
    assert f'import "./{name}.js";' in FILES["figures.js"]


def test_every_figure_is_named_once():
    assert len(set(figure_names())) == len(figure_names()) >= 9
    assert figure_names()[0] == "explorer"


def test_the_style_touches_nothing_but_live_figures():
    """In a notebook it is the style of the whole JupyterLab."""
    rules = re.sub(r"/\*.*?\*/", "", style(), flags=re.DOTALL)
    selectors = [found.strip() for found in re.findall(r"([^{};]+)\{", rules)]
    plain = [found for found in selectors if not found.startswith("@")]
    assert len(plain) > 30
    for selector in plain:
        for part in re.split(r",(?![^()]*\))", selector):
            assert re.search(r"\.live\b", part), part


def test_modules_are_joined_by_hand(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "MODULES", tmp_path)
    (tmp_path / "page.js").write_text('import "./b.js";\nimport { a } from "./a.js";\nshow(a);\n')
    (tmp_path / "b.js").write_text(
        'import {\n  a,\n} from "./a.js";\nexport const b = a;\nexport async function f() {}\n'
    )
    (tmp_path / "a.js").write_text("export class A {}\nexport function a() {}\n")
    assert page_script() == (
        '(() => {\n"use strict";\n// a.js\nclass A {}\nfunction a() {}\n\n'
        "// b.js\nconst b = a;\nasync function f() {}\n\n// page.js\nshow(a);\n})();\n"
    )


def test_the_figures_have_the_colours_of_the_records():
    assert f"--live-for: {FOR};" in style()
    assert f"--live-against: {AGAINST};" in style()
