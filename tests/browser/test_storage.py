"""A browser that refuses a page its storage: all pages work, and the theme can be chosen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from support.visiting import Visit

REFUSALS = {
    "no access": """for (const name of ["localStorage", "sessionStorage"])
        Object.defineProperty(window, name, {
            get() { throw new DOMException("Access is denied.", "SecurityError"); },
        });""",
    "no room": """Storage.prototype.setItem = () => {
        throw new DOMException("The quota has been exceeded.", "QuotaExceededError"); };""",
    "none": """for (const name of ["localStorage", "sessionStorage"])
        Object.defineProperty(window, name, { value: null });""",
}


@pytest.fixture(scope="module", params=REFUSALS)
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(color_scheme="light")
    context.add_init_script(REFUSALS[request.param])
    yield context
    context.close()


@pytest.mark.parametrize(
    "name", ["404.html", "chapters/01_text_to_tensors.html", "intro.html", "ledger.html"]
)
def test_a_page_works_without_storage(context, address, name):
    visit = Visit(context.new_page(), address, name)
    assert visit.complaints == []
    assert visit.page.evaluate("document.documentElement.dataset.theme") == "light"
    visit.page.close()


@pytest.mark.parametrize("place", ["address", "unpacked"])
def test_the_theme_button_goes_round(context, place, request):
    visit = Visit(context.new_page(), request.getfixturevalue(place), "notation.html")
    button = visit.page.get_by_role("button", name="Color mode")
    seen = []
    for _ in range(3):
        button.press("Enter")
        seen.append(visit.page.evaluate("document.documentElement.dataset.mode"))
    assert sorted(seen) == ["auto", "dark", "light"]
    assert visit.complaints == []
    visit.page.close()


def test_a_search_answers(context, address):
    visit = Visit(context.new_page(), address, "search.html?q=saliency")
    visit.page.locator("ul.search a").first.wait_for()
    assert visit.complaints == []
    visit.page.close()
