"""The explorer of the welcome page in a reader's browser: until it is ready, and per keystroke."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from peers import print_table
from playwright.sync_api import Browser, Page, Route, sync_playwright

from interpbook import load_corpus
from interpbook.text import tokenize
from support.visiting import FLAGS, SITE, find_chromium, serve

VISITS, KEYSTROKES, WORDS = 5, 60, 60
GOALS = {"ready": 1_000, "computing": 16}  # milliseconds; printed, not asserted

# The time from being reached to being ready, as the page itself counts it.
REACH = """() => new Promise(done => {
    const element = document.querySelector("textcnn-explorer");
    const start = performance.now();
    new MutationObserver(() => {
        if (element.dataset.state === "ready") done(performance.now() - start);
    }).observe(element, {attributeFilter: ["data-state"]});
    element.scrollIntoView();
})"""

# A reader types on behind a text: each keystroke is computed alone, then computed and drawn.
TYPE = """([text, more]) => {
    const element = document.querySelector("textcnn-explorer");
    const box = element.querySelector("textarea");
    const timed = act => {
        const start = performance.now();
        act();
        return performance.now() - start;
    };
    element.show(text);
    return [...more].map((_, i) => {
        const typed = text + more.slice(0, i + 1);
        const computing = timed(() => element.model.explain(typed));
        box.value = typed;
        const whole = timed(() => {
            box.dispatchEvent(new Event("input"));
            element.getBoundingClientRect(); // the browser lays it out now
        });
        return [computing, whole];
    });
}"""


@pytest.fixture(scope="module")
def welcome() -> Iterator[str]:
    """Serve the built site; yield the address of its welcome page."""
    if not (SITE / "live" / "live.js").is_file():
        pytest.skip("no site is built: run `make book` first")
    with serve() as address:
        yield f"{address}/intro.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium found: nothing was timed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


def far_below(route: Route) -> None:
    """Answer with the page whose figure is out of sight, so that it waits until it is reached."""
    response = route.fetch()
    space = '<div style="height: 6000px"></div><textcnn-explorer'
    route.fulfill(response=response, body=response.text().replace("<textcnn-explorer", space, 1))


def visit(browser: Browser, welcome: str) -> tuple[Page, float]:
    """Open the page with an empty cache and go down to the figure; return how long it took."""
    page = browser.new_context().new_page()
    page.route(welcome, far_below)
    page.goto(welcome, wait_until="networkidle")
    return page, page.evaluate(REACH)


def test_until_it_is_ready(browser, welcome, benchmark):
    """From being reached to its first answer: weights loaded, read, and everything drawn."""
    times = []

    def reach() -> None:
        page, milliseconds = visit(browser, welcome)
        times.append(milliseconds)
        page.context.close()

    benchmark.pedantic(reach, rounds=VISITS)
    benchmark.extra_info["milliseconds"] = median = float(np.median(times))
    print_table(
        f"Ready after being reached (median of {VISITS} visits, {max(times):.0f} ms at most)",
        {"milliseconds": f"{median:.0f}", "goal": f"{GOALS['ready']}"},
    )


def test_a_keystroke(browser, welcome, benchmark):
    """IMDB's model, k = 150, behind a text of 60 words."""
    reviews = " ".join(load_corpus("reviews", split="test").texts[:20])
    text = " ".join(reviews.split()[:WORDS])
    more = " " + " ".join(reviews.split()[WORDS : 2 * WORDS])[: KEYSTROKES - 1]
    page, _ = visit(browser, welcome)
    assert page.evaluate("document.querySelector('textcnn-explorer').model.filters.length") == 150
    times = np.array(benchmark.pedantic(page.evaluate, args=(TYPE, [text, more]), rounds=1))
    assert len(times) == KEYSTROKES and len(tokenize(text)) >= WORDS
    page.context.close()
    computing, whole = np.median(times, axis=0)
    benchmark.extra_info["computing"] = float(computing)
    print_table(
        f"A keystroke behind {WORDS} words (median of {KEYSTROKES}), milliseconds",
        {
            "computing": f"{computing:.1f}",
            "goal": f"{GOALS['computing']}",
            "computing and drawing": f"{whole:.1f}",
            "the slowest, drawn": f"{times[:, 1].max():.1f}",
        },
    )
