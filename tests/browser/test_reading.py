"""Readers' circumstances: paper, a keyboard, less motion."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from support.visiting import Visit

PAGES = ["intro.html", "chapters/03_ngram_scores.html", "chapters/06_how_many_filters.html"]
PAPER = {"width": 680, "height": 960}  # the type area of A4

NAVIGATION = (
    ".bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article, .prev-next-area, "
    ".bd-footer-content, .copybtn, .bd-article details"
)
CUT = """() => [...document.querySelectorAll("article *")].filter(node => {
    const box = node.getBoundingClientRect(), style = getComputedStyle(node);
    const hidden = node.closest(".katex-mathml, .visually-hidden, .jupyter-widgets");
    if (box.width < 2 || hidden) return false;
    const scrolls = /auto|scroll|hidden/.test(style.overflowX);
    return box.right > innerWidth + 1 || (scrolls && node.scrollWidth > node.clientWidth + 1);
}).slice(0, 5).map(node => node.outerHTML.slice(0, 120))"""
LUMINANCE = """selector => {
    const [r, g, b] = getComputedStyle(document.querySelector(selector)).color
        .match(/[\\d.]+/g).map(Number);
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}"""

MOVING = """() => [document.documentElement, ...document.querySelectorAll("*")].flatMap(node =>
    ["", "::before", "::after"].filter(part => {
        const style = getComputedStyle(node, part || null);
        const seconds = list => Math.max(...list.split(",").map(parseFloat));
        return seconds(style.transitionDuration) > 0 || style.animationName !== "none"
            || style.scrollBehavior === "smooth";
    }).map(part => `${node.tagName}.${node.className}${part}`))"""

FOCUS = """() => {
    const node = document.activeElement, style = getComputedStyle(node);
    const box = node.closest("form.bd-search") ?? node;
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    const shadowed = style.boxShadow !== "none" || getComputedStyle(box).boxShadow !== "none";
    return [node.outerHTML.slice(0, 160), outlined || shadowed];
}"""


def opened(browser: Browser, address: str, name: str, **options: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
    visit = Visit(context.new_page(), address, name)
    yield visit.page
    assert visit.complaints == []
    context.close()


@pytest.fixture(scope="module", params=PAGES)
def paper(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """Show a page as a reader of the dark theme prints it."""
    for page in opened(browser, address, request.param, color_scheme="dark"):
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert page.evaluate(LUMINANCE, "article p") > 0.6
        page.emulate_media(media="print", color_scheme="dark")
        page.set_viewport_size(PAPER)
        page.wait_for_timeout(200)
        yield page


def test_paper_holds_no_navigation(paper):
    shown = paper.locator(NAVIGATION).filter(visible=True)
    assert shown.count() == 0
    expect(paper.get_by_role("heading", level=1).filter(visible=True)).to_have_count(1)


def test_paper_is_white_whatever_the_theme(paper):
    assert paper.evaluate("document.documentElement.dataset.theme") == "light"
    for selector in ("article p", "article h2", "article pre", "article td"):
        assert paper.evaluate(LUMINANCE, selector) < 0.4, selector
    body = paper.evaluate("getComputedStyle(document.body).backgroundColor")
    assert body in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")


def test_paper_cuts_nothing_off(paper):
    assert paper.evaluate(CUT) == []


def test_the_reader_gets_the_own_theme_back(browser, address):
    for page in opened(browser, address, PAGES[1], color_scheme="dark"):
        page.emulate_media(media="print", color_scheme="dark")
        page.wait_for_function("document.documentElement.dataset.theme === 'light'")
        page.emulate_media(media="screen", color_scheme="dark")
        page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
        page.pdf()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("name", [*PAGES, "ledger.html", "search.html"])
def test_nothing_moves_for_who_asked_for_less_motion(browser, address, name):
    for page in opened(browser, address, name, reduced_motion="reduce"):
        assert page.evaluate(MOVING) == []


def test_something_moves_for_everyone_else(browser, address):
    for page in opened(browser, address, PAGES[1], reduced_motion="no-preference"):
        assert page.evaluate(MOVING)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_keyboards_place_is_seen(browser, address, theme):
    for page in opened(browser, address, PAGES[1], color_scheme=theme):
        seen = []
        for _ in range(60):
            page.keyboard.press("Tab")
            seen.append(page.evaluate(FOCUS))
        assert len({node for node, _ in seen}) > 50
        assert [node for node, outlined in seen if not outlined] == []


def test_a_wide_listing_scrolls_by_keyboard(browser, address):
    for page in opened(browser, address, PAGES[2]):
        page.set_viewport_size({"width": 360, "height": 780})
        page.wait_for_timeout(300)
        wide = page.locator(".highlight pre[tabindex='0']").first
        wide.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(300)
        assert wide.evaluate("node => node.scrollLeft") > 0
