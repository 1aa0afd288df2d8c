"""Every page of the built site, in a real browser, in both themes."""

from __future__ import annotations

import functools
import http.server
import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(os.environ.get("INTERPBOOK_SITE", ROOT / "book" / "_build" / "html"))
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")

# What axe finds in the theme's own frame: rule -> what marks the node that it complains about.
THEME_FINDINGS = {
    "label-content-name-mismatch": ("search-button-field", "theme-switch-button"),
    "region": ("logo__image", "logo__title"),
    "aria-required-children": ("citation-list",),  # sphinxcontrib-bibtex
}

IMAGES_WITHOUT_ALT = """() => [...document.querySelectorAll("main img, article img")]
    .filter(image => {
        const alt = (image.getAttribute("alt") || "").trim();
        return alt.length < 10 || /^\\S+\\.(png|svg|jpe?g|gif)$/i.test(alt)
            || image.src.includes(alt);
    }).map(image => image.src)"""

TOO_WIDE = """() => {
    const wide = document.documentElement.scrollWidth - window.innerWidth;
    if (wide <= 0) return [];
    return [...document.querySelectorAll("main *")]
        .filter(node => node.getBoundingClientRect().right > window.innerWidth + 1)
        .slice(0, 5).map(node => node.outerHTML.slice(0, 120)).concat([`${wide} px too wide`]);
}"""

MATHS = """() => ({
    sources: document.querySelectorAll("article .math").length,
    unset: [...document.querySelectorAll("article .math")]
        .filter(node => !node.querySelector("mjx-container")).map(node => node.textContent),
    errors: [...document.querySelectorAll("mjx-merror")].map(node => node.textContent),
})"""


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


PAGES = pages()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Serve the site; yield its address."""
    handler = functools.partial(QuietHandler, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium; without one, skip, or fail where CI says that it must be there."""
    executable = find_chromium()
    if executable is None:
        message = f"no Chromium found (looked for {', '.join(NAMES)}): the site was not checked"
        if os.environ.get("INTERPBOOK_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


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
        page.on(
            "response",
            lambda r: r.status >= 400 and self.complaints.append(f"{r.status}: {r.url}"),
        )
        page.route(re.compile(f"^(?!{re.escape(address)})https?://"), lambda route: route.abort())
        page.goto(address + name, wait_until="load")
        page.evaluate("window.MathJax?.startup?.promise")
        page.evaluate("document.fonts.ready.then(() => true)")
        page.wait_for_load_state("networkidle")

    def _request(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            self.foreign.append(url)

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")


@pytest.fixture(scope="module", params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", params=PAGES)
def visit(
    request: pytest.FixtureRequest, browser: Browser, address: str, theme: str
) -> Iterator[Visit]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    yield Visit(context.new_page(), address, request.param)
    context.close()


def test_the_site_is_built():
    assert PAGES, f"no page in {SITE}: run `make book` first"


def test_asks_no_other_host(visit):
    assert visit.foreign == []


def test_has_a_clean_console(visit):
    assert visit.complaints == []


def test_follows_the_theme(visit, theme):
    assert visit.page.evaluate("document.documentElement.dataset.theme") == theme


def test_sets_all_its_maths(visit):
    maths = visit.page.evaluate(MATHS)
    assert maths["unset"] == [] and maths["errors"] == []


def test_says_what_its_images_show(visit):
    assert visit.page.evaluate(IMAGES_WITHOUT_ALT) == []


def excused(rule: str, node: dict[str, Any]) -> bool:
    return any(mark in node["html"] for mark in THEME_FINDINGS.get(rule, ()))


def test_is_accessible(visit):
    visit.page.evaluate(AXE)
    findings = visit.page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)"
    )
    ours = [
        f"{finding['id']}: {node['target']} {node['html'][:160]}"
        for finding in findings
        for node in finding["nodes"]
        if not excused(finding["id"], node)
    ]
    assert ours == []


def test_does_not_scroll_sideways_on_a_phone(visit):
    visit.page.set_viewport_size({"width": 360, "height": 780})
    assert visit.page.evaluate(TOO_WIDE) == []


# Each check above, broken once on a page made for it.

BROKEN = """<!doctype html><html lang="en"><title>t</title><main><article>
<img src="figure.png" alt="figure.png">
<div style="width: 900px">wide</div>
<span class="math">x^2</span>
<script src="https://example.org/x.js"></script></article></main></html>"""


def test_the_checks_see_a_broken_page(browser, address):
    context = browser.new_context(viewport={"width": 360, "height": 780})
    page = context.new_page()
    page.route("**/broken.html", lambda route: route.fulfill(body=BROKEN, content_type="text/html"))
    broken = Visit(page, address, "broken.html")
    assert broken.foreign == ["https://example.org/x.js"]
    assert any("404" in complaint for complaint in broken.complaints)
    assert len(page.evaluate(IMAGES_WITHOUT_ALT)) == 1
    assert page.evaluate(TOO_WIDE)
    assert page.evaluate(MATHS)["unset"] == ["x^2"]
    context.close()
