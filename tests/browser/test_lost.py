"""The page for an unknown address, served as GitHub does: at a host's root, and below a path."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlparse

import pytest
import yaml
from playwright.sync_api import Browser, expect

from support.visiting import ROOT, SITE, QuietHandler, Visit, serve, violations

REPOSITORY = yaml.safe_load((ROOT / "book" / "_config.yml").read_text("utf-8"))["repository"]["url"]
BELOW = f"/{urlparse(REPOSITORY).path.split('/')[2]}"
UNKNOWN = ("no-such-page.html", "a/b/c", "chapters/no/such/page.html", "a/b/")


class PagesHandler(QuietHandler):
    """Answers as GitHub Pages: an unknown address gets the site's 404.html, with that status."""

    below = ""

    def translate_path(self, path: str) -> str:
        if not urlparse(path).path.startswith(f"{self.below}/"):
            return str(SITE / "outside-of-the-site")
        return super().translate_path(path.removeprefix(self.below))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        body = (SITE / "404.html").read_bytes() if code == 404 else b""
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module", params=["", BELOW], ids=["at the root", "below a path"])
def host(request: pytest.FixtureRequest) -> Iterator[str]:
    handler = type("Handler", (PagesHandler,), {"below": request.param})
    with serve(handler) as address:
        yield f"{address}{request.param}/"


@pytest.fixture(params=UNKNOWN)
def lost(request: pytest.FixtureRequest, browser: Browser, host: str) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 320, "height": 780})
    yield Visit(context.new_page(), host, request.param)
    context.close()


def test_only_the_page_itself_is_missing(lost, host):
    missing = [
        complaint for complaint in lost.complaints if complaint.startswith(("404", "failed"))
    ]
    assert missing == [f"404: {host}{lost.name}"]
    assert lost.foreign == []
    # Chromium notes the answer's status in the console; nothing else stands there.
    said = [complaint for complaint in lost.complaints if complaint.startswith("error")]
    assert len(said) == 1 and "404" in said[0]
    assert len(lost.complaints) == 2


def test_looks_like_the_book(lost):
    fonts = lost.page.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
    )
    assert {"Source Serif 4", "Source Sans 3"} <= {font.strip('"') for font in fonts}
    expect(lost.page.get_by_role("heading", level=1)).to_be_visible()
    assert lost.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_every_link_leads_to_a_page(lost, host):
    links = lost.page.eval_on_selector_all("a[href]", "all => all.map(link => link.href)")
    assert f"{host}intro.html" in links and f"{host}search.html" in links
    assert len(links) > 15
    for link in set(links):
        assert link.startswith(host)
        assert lost.page.request.get(link).status == 200, link


def test_searches_from_there(lost, host):
    lost.page.get_by_role("searchbox").fill("saliency")
    lost.page.keyboard.press("Enter")
    lost.page.wait_for_url(f"{host}search.html?q=saliency")
    expect(lost.page.locator("ul.search a").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_is_accessible_in_the_readers_theme(browser, host, theme):
    context = browser.new_context(color_scheme=theme)
    page = Visit(context.new_page(), host, "a/b/c").page
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert violations(page) == []
    context.close()
