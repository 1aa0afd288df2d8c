"""Open the pages of the built site in Chromium, and note what they ask for and complain about."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from interpbook.widgets.bundle import figure_names
from support.places import ROOT

SITE = Path(os.environ.get("INTERPBOOK_SITE", ROOT / "book" / "_build" / "html"))
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")

AXE = (ROOT / "tests" / "browser" / "vendor" / "axe.min.js").read_text("utf-8")

# What axe finds in the theme's own frame: rule -> what marks the node that it complains about.
THEME_FINDINGS = {
    "label-content-name-mismatch": ("search-button-field", "theme-switch-button"),
    "region": ("logo__image", "logo__title"),
    "aria-required-children": ("citation-list",),  # sphinxcontrib-bibtex
}

LIVE = ", ".join(f"textcnn-{name}" for name in figure_names())

TOO_WIDE = """() => {
    const wide = document.documentElement.scrollWidth - window.innerWidth;
    if (wide <= 0) return [];
    return [...document.querySelectorAll("main *")]
        .filter(node => node.getBoundingClientRect().right > window.innerWidth + 1)
        .slice(0, 5).map(node => node.outerHTML.slice(0, 120)).concat([`${wide} px too wide`]);
}"""


# What sticks out of a box that neither shows nor scrolls it.
CUT_OFF = """() => {
    const scrolls = node => /auto|scroll/.test(getComputedStyle(node).overflowX);
    const cuts = node => /hidden|clip/.test(getComputedStyle(node).overflowX);
    const apart = ".katex, .visually-hidden, .bd-sidebar-secondary, .live-chart, svg, script";
    const found = [];
    for (const node of document.querySelectorAll("main :is(p, code, pre, td, button)")) {
        const box = node.getBoundingClientRect();
        if (box.width < 2 || node.closest(apart)) continue;
        let around = node.parentElement;
        while (around && !scrolls(around) && !cuts(around)) around = around.parentElement;
        if (around && cuts(around) && box.right > around.getBoundingClientRect().right + 1)
            found.push(node.outerHTML.slice(0, 120));
    }
    return found.slice(0, 5);
}"""

# A place in MathML has its number of children; a name or number holds text alone.
INVALID_MATHML = """() => {
    const children = {
        mfrac: 2, mroot: 2, msub: 2, msup: 2, msubsup: 3, munder: 2, mover: 2, munderover: 3,
        semantics: 2,
    };
    const holds = {mtable: ["mtr", "mlabeledtr"], mtr: ["mtd"], mlabeledtr: ["mtd"]};
    return [...document.querySelectorAll("math, math *")].filter(node => {
        const name = node.localName, inside = [...node.children].map(child => child.localName);
        const isText = /^(mi|mn|mo|mtext|ms|annotation)$/.test(name);
        const texts = [...node.childNodes].filter(one => one.nodeType === 3);
        return (isText ? inside.length > 0 : texts.some(text => text.data.trim()))
            || (name in children && inside.length !== children[name])
            || (name in holds && inside.some(child => !holds[name].includes(child)))
            || (name === "mtr" && node.parentNode.localName !== "mtable")
            || (name === "mtd" && !/^m(labeled)?tr$/.test(node.parentNode.localName))
            || (name === "math" && node.parentNode.closest("math"));
    }).map(node => node.outerHTML);
}"""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and writes no log."""

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def serve(handler: type[QuietHandler] = QuietHandler) -> Iterator[str]:
    """Serve the built site on this machine; give its address, without the last slash."""
    at_site = functools.partial(handler, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), at_site) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def find_chromium() -> str | None:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or (str(MAC) if MAC.exists() else None)


def pages(site: Path = SITE) -> list[str]:
    """List the pages of the built site; a page that only redirects is none."""
    return [
        path.relative_to(site).as_posix()
        for path in sorted(site.rglob("*.html"))
        if "_static" not in path.parts and 'http-equiv="Refresh"' not in path.read_text("utf-8")
    ]


class Visit:
    """A page, opened once, and all that it asked for and complained about on the way."""

    def __init__(self, page: Page, address: str, name: str) -> None:
        self.page, self.name = page, name
        page.set_default_timeout(120_000)  # a busy machine is no fault of the page
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self._request(request.url, address))
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("requestfailed", lambda request: self._failure(request.url, address))
        page.on(
            "response",
            lambda r: r.status >= 400 and self.complaints.append(f"{r.status}: {r.url}"),
        )
        page.route(re.compile(f"^(?!{re.escape(address)})https?://"), lambda route: route.abort())
        page.goto(address + name, wait_until="load")
        page.evaluate("document.fonts.ready.then(() => true)")
        page.wait_for_load_state("networkidle")

    def reach_figures(self) -> list[str]:
        """Scroll to each live figure until it is ready; return their names."""
        names = []
        for figure in self.page.locator(LIVE).all():
            figure.scroll_into_view_if_needed()
            expect(figure).to_have_attribute("data-state", "ready", timeout=120_000)
            names.append(figure.evaluate("figure => figure.localName"))
        self.page.evaluate("scrollTo(0, 0)")
        return names

    def _request(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            self.foreign.append(url)

    def _failure(self, url: str, address: str) -> None:
        if url.startswith(address):  # the others never leave
            self.complaints.append(f"failed: {url}")

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")


def excused(rule: str, node: dict[str, Any]) -> bool:
    return any(mark in node["html"] for mark in THEME_FINDINGS.get(rule, ()))


def violations(page: Page, *, rules: Sequence[str] = ()) -> list[str]:
    """Return what axe finds on a page by these rules, or all; the theme's own findings are not."""
    page.evaluate(AXE)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    findings = page.evaluate(
        "options => axe.run(document, options).then(result => result.violations)", options
    )
    return [
        f"{finding['id']}: {node['target']} {node['html'][:160]}"
        for finding in findings
        for node in finding["nodes"]
        if not excused(finding["id"], node)
    ]
