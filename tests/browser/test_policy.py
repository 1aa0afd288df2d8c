"""Each page's policy: it lets the page run, from a server and from a folder, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, BrowserContext, Page

from support.visiting import SITE, Visit, pages

WATCH = """addEventListener("securitypolicyviolation", event => (globalThis.forbidden ??= []).push(
    `${event.violatedDirective}: ${event.blockedURI || event.sourceFile} ${event.sample}`), true)"""
FORBIDDEN = "globalThis.forbidden ?? []"
EVERY = [*pages(), "index.html"]
# One of each kind; whether every page has a clean console is for test_site and test_archive to say.
KINDS = [
    "404.html",
    "api/figures.html",
    "chapters/04_word_scores.html",
    "intro.html",
    "ledger.html",
    "search.html",
]


def soup(name: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / name).read_text("utf-8"), "html.parser")


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(bypass_csp=False)
    context.add_init_script(WATCH)
    yield context
    context.close()


@pytest.fixture(params=["address", "unpacked"])
def place(request: pytest.FixtureRequest) -> str:
    """Where a page is read: from a server, and from a folder."""
    return request.getfixturevalue(request.param)


def read_on(page: Page) -> None:
    """Go down the page, and open what is folded and what drops down."""
    for fold in page.locator("details").all():
        fold.evaluate("fold => (fold.open = true)")
    for button in page.locator("[data-bs-toggle=dropdown]:visible").all():
        button.click()
    page.keyboard.press("End")


@pytest.mark.parametrize("name", KINDS)
def test_a_page_keeps_its_policy(context, place, name):
    visit = Visit(context.new_page(), place, name)
    visit.reach_figures()
    read_on(visit.page)
    assert visit.page.evaluate(FORBIDDEN) == []
    assert visit.complaints == []
    visit.page.close()


@pytest.mark.parametrize("name", EVERY)
def test_the_policy_stands_before_all_that_loads(name):
    first = soup(name).head.find_all(True)[:2]
    assert first[0].get("charset") == "utf-8"
    assert first[1]["http-equiv"] == "Content-Security-Policy"
    policy = dict(rule.split(" ", 1) for rule in first[1]["content"].split("; "))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in policy["script-src"]
    assert not any(re.search(r"https?:|\*", sources) for sources in policy.values())


@pytest.mark.parametrize("name", EVERY)
def test_no_tag_carries_a_handler(name):
    found = soup(name).find_all(lambda tag: any(name.startswith("on") for name in tag.attrs))
    assert found == []
    assert not soup(name).select('[href^="javascript:"]')


@pytest.mark.parametrize("name", EVERY)
def test_a_window_that_a_link_opens_has_no_hold_on_the_page(name):
    links = soup(name).select('[target="_blank"]')
    assert [link for link in links if "noopener" not in link.get("rel", [])] == []


def test_what_the_book_did_not_write_does_not_run(context, address):
    page = Visit(context.new_page(), address, "intro.html").page
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "globalThis.ran = true";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend", '<img src="x" onerror="ran = true">');
        }"""
    )
    page.wait_for_timeout(500)
    assert len(page.evaluate(FORBIDDEN)) == 2
    assert page.evaluate("globalThis.ran") is None
    page.close()


def test_the_buttons_above_a_page_work(context, address):
    page = Visit(context.new_page(), address, "chapters/03_ngram_scores.html").page
    page.evaluate("window.print = () => (globalThis.printed = true)")
    page.get_by_role("button", name="Download this page").press("Enter")
    page.locator("[data-press='window.print']").press("Enter")
    assert page.evaluate("globalThis.printed") is True
    page.get_by_role("button", name="Fullscreen mode").press("Enter")
    page.wait_for_timeout(500)
    assert page.evaluate("document.fullscreenElement !== null")
    page.close()
