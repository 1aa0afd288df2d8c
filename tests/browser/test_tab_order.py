"""Tab goes through a page in the order of reading, and past no figure that has yet to start."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from support.visiting import LIVE, Visit

# The focused element's place among all elements, and the live figure that it is in.
AT = """() => {
    const node = document.activeElement;
    const figures = [...document.querySelectorAll(%r)];
    const figure = figures.findIndex(one => one.contains(node));
    return [[...document.querySelectorAll("*")].indexOf(node), figure, node.tabIndex];
}"""


@pytest.mark.parametrize("name", ["intro.html", "chapters/03_ngram_scores.html"])
def test_tab_reaches_every_figure_from_above(browser: Browser, address: str, name: str):
    context = browser.new_context(viewport={"width": 1280, "height": 600}, reduced_motion="reduce")
    visit = Visit(context.new_page(), address, name)
    page = visit.page
    figures = page.locator(LIVE).count()
    assert figures
    page.locator("#main-content, main").first.evaluate("main => (main.tabIndex = -1, main.focus())")
    reached, places = [], []
    for _ in range(400):
        page.keyboard.press("Tab")
        place, figure, index = page.evaluate(AT % LIVE)
        if figure >= 0 and figure not in reached:
            reached.append(figure)
            one = page.locator(LIVE).nth(figure)
            one.and_(page.locator("[data-state=ready]")).wait_for(state="attached")
            page.wait_for_timeout(50)
            place, inside, index = page.evaluate(AT % LIVE)
            assert inside == figure, "the focus went on to the first control"
        assert index <= 0
        if places and place < places[-1]:
            break
        places.append(place)
        if len(reached) == figures:
            break
    assert reached == list(range(figures))
    assert visit.complaints == []
    context.close()
