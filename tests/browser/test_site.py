"""Every page of the built site, in a real browser, in the light theme and then in the dark one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from support.visiting import (
    CUT_OFF,
    INVALID_MATHML,
    SITE,
    TOO_WIDE,
    Visit,
    pages,
    violations,
)

IMAGES_WITHOUT_ALT = """() => [...document.querySelectorAll("main img, article img")]
    .filter(image => {
        const alt = (image.getAttribute("alt") || "").trim();
        return alt.length < 10 || /^\\S+\\.(png|svg|jpe?g|gif)$/i.test(alt)
            || image.src.includes(alt);
    }).map(image => image.src)"""

MATHS = """() => ({
    sources: document.querySelectorAll(".math").length,
    unset: [...document.querySelectorAll(".math")]
        .filter(node => !node.querySelector(".katex")).map(node => node.textContent),
    errors: [...document.querySelectorAll(".katex-error")].map(node => node.textContent),
})"""


PAGES = pages()
COLOURS = ["color-contrast", "link-in-text-block"]  # axe's rules that read colours


@pytest.fixture(scope="module", params=PAGES)
def visit(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Visit]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        color_scheme="light",
        reduced_motion="reduce",
        bypass_csp=False,
    )
    visit = Visit(context.new_page(), address, request.param)
    visit.reach_figures()
    yield visit
    context.close()


def test_the_site_is_built():
    assert PAGES, f"no page in {SITE}: run `make book` first"


def test_asks_no_other_host(visit):
    assert visit.foreign == []


def test_has_a_clean_console(visit):
    assert visit.complaints == []


def test_follows_the_theme(visit):
    assert visit.page.evaluate("document.documentElement.dataset.theme") == "light"


def test_sets_all_its_maths(visit):
    maths = visit.page.evaluate(MATHS)
    assert maths["unset"] == [] and maths["errors"] == []


def test_its_maths_are_valid(visit):
    assert visit.page.evaluate(INVALID_MATHML) == []


def test_says_what_its_images_show(visit):
    assert visit.page.evaluate(IMAGES_WITHOUT_ALT) == []


def test_is_accessible(visit):
    assert violations(visit.page) == []


def test_is_legible_in_the_dark(visit):
    """What a page says is the same in both themes; what differs are its colours."""
    visit.page.emulate_media(color_scheme="dark")
    expect(visit.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert violations(visit.page, rules=COLOURS) == []


@pytest.mark.parametrize("width", [360, 320])
def test_does_not_scroll_sideways_on_a_phone(visit, width):
    visit.page.set_viewport_size({"width": width, "height": 780})
    assert visit.page.evaluate(TOO_WIDE) == []
    assert visit.page.evaluate(CUT_OFF) == []


# Each check above, broken once on a page made for it.

BROKEN = """<!doctype html><html lang="en"><title>t</title><main><article>
<img src="figure.png" alt="figure.png">
<div style="width: 900px; color: #ddd">wide</div>
<div style="overflow: hidden; width: 99px"><p style="width: 200px">cut</p></div>
<span class="math">x^2</span><math><msub><mi>u</mi></msub></math>
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
    assert len(page.evaluate(CUT_OFF)) == 1
    assert len(page.evaluate(INVALID_MATHML)) == 1
    assert page.evaluate(MATHS)["unset"] == ["x^2"]
    assert any("color-contrast" in found for found in violations(page, rules=COLOURS))
    context.close()
