"""The joined scripts do in a browser what the modules do there that they are made of."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from interpbook.widgets import bundle
from interpbook.widgets.bundle import figure_names, notebook_module, page_script
from support.operating import serve_modules

# Names that clash, each form of import and export, and an order that shows.
MADE_UP = {
    "page.js": 'import "./first.js";\nimport { told, two as second } from "./deep/second.js";\n'
    'import * as first from "./first.js";\nconst own = "page";\n'
    "log.push(own, told(), second, first.one, new first.Thing().own, Object.keys(first).sort());\n",
    "first.js": 'import { two } from "./deep/second.js";\nconst own = "first";\nlog.push(own);\n'
    "const one = two - 1;\nexport { one, own as name };\n"
    "export class Thing {\n  own = own;\n}\n",
    "deep/second.js": 'import { three } from "../third.js";\nlog.push("second", later());\n'
    "export const two = three - 1;\n"
    "export function told() {\n  return own;\n}\n"
    "const own = `\nimport ${told.name}`;\n"
    'function later() {\n  return "hoisted";\n}\n',
    "third.js": 'const own = "third";\nlog.push(own);\nexport const three = 3;\n'
    "export async function slow() {\n  return own;\n}\n",
}
RESULT = ["third", "second", "hoisted", "first", "page", "\nimport told", 2, 1, "first"]
RESULT += [["Thing", "name", "one"]]


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Open a page without anything, at the site's address."""
    context = browser.new_context()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route(f"{address}empty", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto(f"{address}empty")
    page.evaluate("globalThis.log = []")
    yield page
    assert errors == []
    context.close()


def load(page: Page, text: str, kind: str) -> None:
    """Run a script of a page, and wait until it has run."""
    source = f"data:text/javascript;base64,{b64encode(text.encode()).decode()}"
    page.add_script_tag(url=source, type=kind)


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in MADE_UP.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.setattr(bundle, "MODULES", tmp_path)


def test_joined_modules_do_what_modules_do(page, address, made_up):
    page.add_script_tag(url=serve_modules(page, address) + "page.js", type="module")
    assert page.evaluate("log") == RESULT
    page.evaluate("log = []")
    load(page, page_script(), "text/javascript")
    assert page.evaluate("log") == RESULT
    assert page.evaluate("typeof modules") == "undefined"


def test_the_modules_load_as_they_are(page, address):
    folder = serve_modules(page, address)
    page.add_script_tag(url=f"{folder}page.js", type="module")
    assert defined(page) == [True] * len(figure_names())
    render = "async address => typeof (await import(address)).default.render"
    assert page.evaluate(render, f"{folder}notebook.js") == "function"


def test_the_page_script_defines_the_figures_and_nothing_else(page):
    before = page.evaluate("Object.keys(globalThis)")
    load(page, page_script(), "text/javascript")
    assert defined(page) == [True] * len(figure_names())
    assert page.evaluate("Object.keys(globalThis)") == before


def test_the_notebook_module_exports_what_anywidget_asks_for(page):
    load(page, f"globalThis.text = {json.dumps(notebook_module())}", "text/javascript")
    exported = page.evaluate(
        """async () => {
            const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
            const module = await import(address);
            return [Object.keys(module), typeof module.default.render];
        }"""
    )
    assert exported == [["default"], "function"]
    assert defined(page) == [True] * len(figure_names())


def defined(page: Page) -> list[bool]:
    """Say of each live figure whether the page knows its element."""
    return page.evaluate(
        "names => names.map(name => Boolean(customElements.get(`textcnn-${name}`)))",
        list(figure_names()),
    )
