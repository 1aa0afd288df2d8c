"""The live figures' modules, joined: each once, after what it imports, in a scope of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from interpbook._html import AGAINST, FOR
from interpbook.widgets import bundle
from interpbook.widgets.bundle import figure_names, notebook_module, page_script, style

FILES = {
    path.relative_to(bundle.MODULES).as_posix(): path.read_text("utf-8")
    for path in sorted(bundle.MODULES.rglob("*.js"))
}
IMPORT = re.compile(r'^import (?:([^"]*) from )?"(\.[^"]*)";', re.MULTILINE)
EXPORT = re.compile(
    r"^export (?:async )?(?:function\*?|class|const) (\w+)|^export (default) ", re.MULTILINE
)
CALL = re.compile(r'^modules\["([\w/-]+\.js)"\] = \(', re.MULTILINE)
BOTH = pytest.mark.parametrize("script", [page_script, notebook_module])

# From the ground up; what stands in no folder begins a script. A figure imports no other figure, a
# module of the other floors those of its own floor too.
FLOORS = ["network", "parts", "figures", ""]
SOCIAL = {"network", "parts", ""}


def imports(files: Mapping[str, str], name: str) -> list[tuple[str, str]]:
    """Return what a module imports, as written, and the files from which."""
    found = []
    for wanted, path in IMPORT.findall(files[name]):
        folders = [*name.split("/")[:-1]]
        for part in path.split("/"):
            folders = {".": folders, "..": folders[:-1]}.get(part, [*folders, part])
        found.append((wanted, "/".join(folders)))
    return found


def names(wanted: str) -> list[tuple[str, str]]:
    """Read ``{ a, b as c }``: names there and names here."""
    entries = [entry.split() for entry in wanted.strip("{} \n").split(",") if entry.strip()]
    return [(entry[0], entry[-1]) for entry in entries]


def wrong_ways(files: Mapping[str, str]) -> list[str]:
    """Return the imports that do not point downwards."""
    found = []
    for name in files:
        floor = name.rpartition("/")[0]
        for _, source in imports(files, name):
            other = source.rpartition("/")[0]
            below = FLOORS.index(other) < FLOORS.index(floor)
            if not (below or (other == floor and floor in SOCIAL)):
                found.append(f"{name} imports {source}")
    return found


# ------------------------------------------------------------------------------- the real modules


def test_every_module_is_in_one_of_the_two_scripts():
    scripts = {*CALL.findall(page_script()), *CALL.findall(notebook_module())}
    assert scripts == set(FILES) and len(FILES) > 25
    assert "notebook.js" not in CALL.findall(page_script())
    assert "page.js" not in CALL.findall(notebook_module())


@BOTH
def test_each_module_is_there_once_after_what_it_imports(script):
    order = CALL.findall(script())
    assert max(Counter(order).values()) == 1
    for name in order:
        for _, needed in imports(FILES, name):
            assert order.index(needed) < order.index(name), f"{name} needs {needed}"


@BOTH
def test_no_import_and_no_export_is_left(script):
    left = re.findall(r"^[ \t]*(?:import|export)\b.*", script(), re.MULTILINE)
    end = 'export default modules["notebook.js"].default;'
    assert left == ([] if script is page_script else [end])


def test_the_page_script_keeps_its_names_to_itself():
    lines = page_script().splitlines()
    assert lines[:2] == ["(() => {", '"use strict";'] and lines[-1] == "})();"


def test_figures_import_parts_and_parts_the_network():
    assert {name.rpartition("/")[0] for name in FILES} == set(FLOORS)
    assert wrong_ways(FILES) == []


@pytest.mark.parametrize(
    ("name", "source", "allowed"),
    [
        ("figures/a.js", "../parts/b.js", True),
        ("figures/a.js", "../network/b.js", True),
        ("parts/a.js", "../network/b.js", True),
        ("parts/a.js", "./b.js", True),
        ("network/a.js", "./b.js", True),
        ("a.js", "./network/b.js", True),
        ("a.js", "./b.js", True),
        ("figures/a.js", "./b.js", False),
        ("figures/a.js", "../b.js", False),
        ("parts/a.js", "../figures/b.js", False),
        ("network/a.js", "../parts/b.js", False),
    ],
)
def test_an_import_upwards_is_noticed(name, source, allowed):
    assert (wrong_ways({name: f'import {{ x }} from "{source}";\n'}) == []) is allowed


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_module_uses_what_it_imports(name):
    code = IMPORT.sub("", FILES[name])
    for wanted, _ in imports(FILES, name):
        for _, here in names(wanted):
            assert re.search(rf"(?<![\w.]){here}\b|\.\.\.{here}\b", code), here


def test_an_export_is_imported_somewhere():
    wanted = {
        (source, there)
        for name in FILES
        for listed, source in imports(FILES, name)
        for there, _ in names(listed)
    }
    exported = {(name, a or b) for name, text in FILES.items() for a, b in EXPORT.findall(text)}
    assert exported - wanted == {("notebook.js", "default")}


@pytest.mark.parametrize("name", figure_names())
def test_a_figure_is_defined_in_the_file_of_its_name(name):
    assert f'define("textcnn-{name}", ' in FILES[f"figures/{name}.js"]
    assert f'import "./figures/{name}.js";' in FILES["figures.js"]


def test_every_figure_is_named_once():
    assert len(set(figure_names())) == len(figure_names()) >= 9
    assert figure_names()[0] == "explorer"
    assert {f"figures/{name}.js" for name in figure_names()} == {
        name for name in FILES if name.startswith("figures/")
    }


def test_the_style_touches_nothing_but_live_figures():
    """In a notebook it is the style of the whole JupyterLab."""
    rules = re.sub(r"/\*.*?\*/", "", style(), flags=re.DOTALL)
    selectors = [found.strip() for found in re.findall(r"([^{};]+)\{", rules)]
    plain = [found for found in selectors if not found.startswith("@")]
    assert len(plain) > 30
    for selector in plain:
        for part in re.split(r",(?![^()]*\))", selector):
            assert re.search(r"\.live\b", part), part


def test_the_figures_have_the_colours_of_the_records():
    assert f"--live-for: {FOR};" in style()
    assert f"--live-against: {AGAINST};" in style()


# -------------------------------------------------------------------------------- made-up modules


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Let the bundle read other modules: their texts by name, with slashes as two underscores."""
    monkeypatch.setattr(bundle, "MODULES", tmp_path)

    def write(**texts: str) -> None:
        for name, text in texts.items():
            path = tmp_path / f"{name.replace('__', '/')}.js"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")

    return write


def test_modules_are_joined_by_hand(write):
    write(
        page='import "./deep/b.js";\nimport { a as one, A } from "./a.js";\nshow(one, A);\n',
        deep__b='import {\n  a,\n} from "../a.js";\nexport const b = a;\nconst own = 1;\n',
        a="export class A {}\nexport function a() {}\nconst own = 2;\n",
    )
    assert page_script() == (
        '(() => {\n"use strict";\nconst modules = {};\n'
        'modules["a.js"] = (() => {\nclass A {}\nfunction a() {}\nconst own = 2;\n'
        "return { A, a };\n})();\n"
        'modules["deep/b.js"] = (({ a }) => {\nconst b = a;\nconst own = 1;\n'
        'return { b };\n})(modules["a.js"]);\n'
        'modules["page.js"] = (({ a: one, A }) => {\nshow(one, A);\n'
        'return {};\n})(modules["a.js"]);\n'
        "})();\n"
    )


def test_a_notebook_gets_what_its_entry_exports(write):
    write(notebook='import * as all from "./a.js";\nexport default { all };\n', a="export { };\n")
    assert notebook_module().endswith(
        'modules["notebook.js"] = ((all) => {\nconst _default = { all };\n'
        'return { default: _default };\n})(modules["a.js"]);\n'
        'export default modules["notebook.js"].default;\n'
    )


@pytest.mark.parametrize(
    ("text", "returned"),
    [
        ("export const a = 1;\n", "a"),
        ("export function a() {}\n", "a"),
        ("export async function a() {}\n", "a"),
        ("export function* a() {}\n", "a"),
        ("export class a {}\n", "a"),
        ("const a = 1;\nfunction b() {}\nexport { a, b as c };\n", "a, c: b"),
        ('import { b as a, b } from "./b.js";\nexport { a, a as c, b };\n', "a, c: a, b"),
        ('import * as a from "./b.js";\nexport {\n  a,\n}\n', "a"),
    ],
)
def test_what_a_module_exports_is_what_it_returns(write, text, returned):
    write(page='import "./a.js";\n', a=text, b="export const b = 1;\n")
    assert f"\nreturn {{ {returned} }};\n" in page_script()
    assert not re.search(r"^(?:import|export)", page_script(), re.MULTILINE)


@pytest.mark.parametrize(
    "text",
    [
        '// import x from "y";\n',
        '/* a\nimport x from "y";\nexport let b;\n*/\n',
        'const a = "export let b"; // it\'s\n',
        "const a = `\nimport x from 'y';\n`;\n",
        "const a = /[\"'`]/u; // '\nconst b = /export /g;\n",
        "const a = { import: 1, export: 2 };\na.import = a.export;\n",
        "const imported = 1, reexport = imported;\n",
    ],
)
def test_what_only_looks_like_a_statement_stays(write, text):
    write(page=text)
    assert text.strip() in page_script()


@pytest.mark.parametrize(
    "statement",
    [
        'import a from "./a.js";',
        'import a, { b } from "./a.js";',
        'import data from "./a.json" with { type: "json" };',
        'export * from "./a.js";',
        'export { a } from "./a.js";',
        "export let a = 1;",
        "export var a = 1;",
        "export const { a } = {};",
        "export default function a() {}",
        "export default class {}",
        '  import { a } from "./a.js";',
        'const a = await import("./a.js");',
        "const a = import.meta.url;",
    ],
)
def test_other_forms_are_refused_with_file_and_line(write, statement):
    write(page=f'import "./a.js";\n// A line.\n{statement}\n', a="export const a = 1;\n")
    got = re.escape(repr(statement[statement.index("port") - 2 :]))
    with pytest.raises(ValueError, match=rf"^page\.js, line 3: the bundle knows .*; got {got}$"):
        page_script()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("export { a };\n", "page.js, line 1: a const, class or function can be exported, a is"),
        ("let a;\nexport { a };\n", "page.js, line 2: a const, class or function can be"),
        ("const a = 1;\nexport { a, 'b' };\n", "page.js, line 2: names stand between commas"),
        ('import { a; b } from "./a.js";\n', "page.js, line 1: names stand between commas"),
        ('import "a";\n', "page.js, line 1: modules import files of js/ by ./ or ../, got 'a'"),
        ('import "../a.js";\n', "page.js, line 1: modules import files of js/ by ./ or ../, got"),
        ('\nimport "./b.js";\n', "page.js, line 2: there is no module b.js"),
        ('import "./a";\n', "page.js, line 1: there is no module a"),
        ('import { b } from "./a.js";\n', "page.js, line 1: a.js exports a, but no b"),
        ('import { default as a } from "./a.js";\n', "page.js, line 1: a.js exports a, but no def"),
        (
            'import "./n.js";\nimport { b } from "./n.js";\n',
            "page.js, line 2: n.js exports nothing",
        ),
        ('import "./d.js";\n', "only page.js may have a default export, and d.js has one"),
    ],
)
def test_what_does_not_hold_is_refused_by_name(write, text, message):
    write(page=text, a="export const a = 1;\n", n="f();\n", d="export default 1;\n")
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        page_script()


def test_a_circle_is_refused_by_name(write):
    write(page='import "./a.js";\n', a='import "./b.js";\n', b='import "./c.js";\n')
    write(c='import "./a.js";\n')
    with pytest.raises(ValueError, match=r"a\.js imports b\.js imports c\.js imports a\.js$"):
        page_script()
    write(a='import "./a.js";\n')
    with pytest.raises(ValueError, match=r"in a circle: a\.js imports a\.js$"):
        page_script()
