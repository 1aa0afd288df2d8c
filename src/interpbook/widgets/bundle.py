"""The live figures' script and style: ES modules joined into one file.

The modules in ``js/`` import each other by path, and a browser could load them as they are. One
file is needed twice: a page opened from a local folder may not load modules at all, and anywidget
takes a single one. Joining needs no tool: each module becomes a function, which is called once. Its
arguments are what it imports, it returns what it exports, and all its other names stay inside::

    import { dot as product } from "./a.js";       modules["b.js"] = (({ dot: product }) => {
    export const two = product([1], [2]);    -->   const two = product([1], [2]);
                                                   return { two };
                                                   })(modules["a.js"]);

The calls stand in the order in which a browser evaluates modules: each after all that it imports.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

MODULES = Path(__file__).parent / "js"

# What is no code: comments, texts, and regular expressions, which stand where a value begins.
_NO_CODE = re.compile(
    r"""
      //[^\n]* | /\*.*?\*/
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `(?:\\.|[^`\\])*`
    | (?:(?<=[(,=:\[!&|?{};>])|(?<=return))\s*/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+/
    """,
    re.DOTALL | re.VERBOSE,
)
_KEYWORD = re.compile(r"(?<![\w$.#])(?:import|export)\b(?!\s*:)")
_IMPORT = re.compile(
    r"""import(?:\s*\{(?P<list>[^{}]*)\}\s*from|\s*\*\s*as\s+(?P<all>[\w$]+)\s+from)?\s*"""
    r"""(?P<quote>["'])(?P<path>[^"'\n]+)(?P=quote);?[^\S\n]*(?:\n|$)"""
)
_DECLARATION = re.compile(
    r"export\s+(?=(?:async\s+)?(?:const|class|function\b\*?)\s+(?P<name>[\w$]+))"
)
_LIST = re.compile(r"export\s*\{(?P<list>[^{}]*)\}\s*(?:;[^\S\n]*\n?|\n|$)(?!\s*from\b)")
_DEFAULT = re.compile(r"export\s+default\s+(?!async\b|class\b|function\b)")
_FORMS = (
    'import { a, b as c } from "./file.js", import * as x from "./file.js", import "./file.js", '
    "export before const, class, function or async function, export { a, b as c }, and export "
    "default before a value, each at the beginning of a line"
)
_NAME = re.compile(r"(?P<first>[\w$]+)(?:\s+as\s+(?P<last>[\w$]+))?")
_CONSTANT = re.compile(r"^(?:async\s+)?(?:const|class|function\b\*?)\s+([\w$]+)", re.MULTILINE)
_DEFINED = re.compile(r'^define\("textcnn-([a-z-]+)"', re.MULTILINE)


class _Import(NamedTuple):
    """One import statement: what it takes from which file, and what the module calls that."""

    where: str
    path: str
    names: dict[str, str]  # the module's own name for each, and the one that it is exported by
    everything: str  # what the module calls all exports together, "" if it takes some by name


class _Module(NamedTuple):
    """One file of ``js/``: its text without import and export, and what these said."""

    path: str
    body: str
    imports: list[_Import]
    exports: dict[str, str]  # each with what the module itself calls it


def page_script() -> str:
    """Return the classic script that a page of the site loads."""
    return f'(() => {{\n"use strict";\n{_join("page.js")}}})();\n'


def notebook_module() -> str:
    """Return the ES module that a notebook loads through anywidget."""
    return f'{_join("notebook.js")}export default modules["notebook.js"].default;\n'


def figure_names() -> tuple[str, ...]:
    """Return the names of the live figures, without the ``textcnn-`` before them.

    Examples
    --------
    >>> "explorer" in figure_names()
    True
    """
    bodies = (module.body for module in _in_order("figures.js"))
    return tuple(name for body in bodies for name in _DEFINED.findall(body))


def style() -> str:
    """Return the style sheet of both."""
    return (MODULES / "live.css").read_text("utf-8")


def _join(entry: str) -> str:
    """Join a module and all that it imports, each once and in a scope of its own."""
    return "const modules = {};\n" + "".join(_scoped(module) for module in _in_order(entry))


def _scoped(module: _Module) -> str:
    """Write a module as a function of what it imports, called at once."""
    used = [each for each in module.imports if each.everything or each.names]
    taken = ", ".join(
        each.everything or _pattern((there, here) for here, there in each.names.items())
        for each in used
    )
    given = ", ".join(f'modules["{each.path}"]' for each in used)
    return (
        f'modules["{module.path}"] = (({taken}) => {{\n{module.body.strip()}\n'
        f"return {_pattern(module.exports.items())};\n}})({given});\n"
    )


def _pattern(pairs: Iterable[tuple[str, str]]) -> str:
    """Write properties and variables as an object or its destructuring: ``{ a, b: c }``."""
    written = ", ".join(name if name == local else f"{name}: {local}" for name, local in pairs)
    return f"{{ {written} }}" if written else "{}"


def _in_order(entry: str) -> list[_Module]:
    """Return a module and all that it imports, each once, in the order of evaluation."""
    done: dict[str, _Module] = {}

    def add(path: str, importers: tuple[str, ...]) -> None:
        if path in importers:
            circle = " imports ".join((*importers[importers.index(path) :], path))
            raise ValueError(f"modules may not import each other in a circle: {circle}")
        if path in done:
            return
        module = _read(path)
        if importers and "default" in module.exports:
            raise ValueError(f"only {entry} may have a default export, and {path} has one")
        for each in module.imports:
            if not (MODULES / each.path).is_file():
                raise ValueError(f"{each.where}: there is no module {each.path}")
            add(each.path, (*importers, path))
            _check_names(each, done[each.path].exports)
        done[path] = module

    add(entry, ())
    return list(done.values())


def _check_names(statement: _Import, exports: dict[str, str]) -> None:
    for name in statement.names.values():
        if name not in exports:
            raise ValueError(
                f"{statement.where}: {statement.path} exports {', '.join(exports) or 'nothing'}, "
                f"but no {name}"
            )


def _read(path: str) -> _Module:
    return _parse(path, (MODULES / path).read_text("utf-8"))


@cache
def _parse(path: str, text: str) -> _Module:
    """Take the import and export statements out of a module's text."""
    body, end = "", 0
    imports: list[_Import] = []
    exports: dict[str, str] = {}
    places: dict[str, str] = {}  # where each is exported
    for where, found in _statements(path, text):
        body += text[end : found.start()]
        end = found.end()
        if found.re is _IMPORT:
            imports.append(_read_import(found, path, where))
            continue
        if found.re is _DECLARATION:
            local = {found["name"]: found["name"]}
        elif found.re is _LIST:
            local = _read_names(found["list"], where)
        else:
            local = {"default": "_default"}
            body += "const _default = "
        exports |= local
        places |= dict.fromkeys(local, where)
    body += text[end:]
    imported = {name for each in imports for name in (*each.names, each.everything)}
    constant = imported.union(_CONSTANT.findall(body))
    for name, inside in exports.items():
        # The modules that import a name hold a copy, which would not follow a change.
        if inside not in constant:
            raise ValueError(
                f"{places[name]}: a const, class or function can be exported, {inside} is none"
            )
    return _Module(path, body, imports, exports)


def _statements(path: str, text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield the import and export statements of a module, each with its file and line."""
    code = _NO_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    end = 0
    for keyword in _KEYWORD.finditer(code):
        at = keyword.start()
        if at < end:
            continue
        where = f"{path}, line {text.count(chr(10), 0, at) + 1}"
        forms = (_IMPORT, _DECLARATION, _LIST, _DEFAULT)
        found = next(filter(None, (form.match(text, at) for form in forms)), None)
        if found is None or text[:at].rpartition("\n")[2]:
            got = text[at:].partition("\n")[0]
            raise ValueError(f"{where}: the bundle knows {_FORMS}; got {got!r}")
        yield where, found
        end = found.end()


def _read_import(found: re.Match[str], path: str, where: str) -> _Import:
    source = posixpath.normpath(posixpath.join(posixpath.dirname(path), found["path"]))
    if not found["path"].startswith(("./", "../")) or source.startswith("../"):
        raise ValueError(
            f"{where}: modules import files of js/ by ./ or ../, got {found['path']!r}"
        )
    return _Import(where, source, _read_names(found["list"] or "", where), found["all"] or "")


def _read_names(listed: str, where: str) -> dict[str, str]:
    """Read ``a, b as c`` between braces: the last name of each entry, with the first one."""
    names = {}
    for entry in listed.strip().removesuffix(",").split(",") if listed.strip() else ():
        found = _NAME.fullmatch(entry.strip())
        if not found:
            raise ValueError(
                f"{where}: names stand between commas in braces, got {entry.strip()!r}"
            )
        names[found["last"] or found["first"]] = found["first"]
    return names
