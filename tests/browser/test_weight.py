"""What a page weighs: everything that it loads, once each, as a server would send it."""

from __future__ import annotations

import gzip
import statistics

import pytest
from playwright.sync_api import Browser, Response

from support.visiting import Visit, pages

HEAVIEST, MEDIAN = 1_500_000, 500_000
OURS = ("live/live.js", "live/live.css")

# Down the page in steps, so that what loads when it is reached is loaded.
READ_ON = """async () => {
    for (let y = 0; y < document.body.scrollHeight; y += 700) {
        window.scrollTo({ top: y, behavior: "instant" });
        await new Promise(requestAnimationFrame);
    }
}"""


def is_weights(url: str) -> bool:
    """Say whether a file holds the weights of a model, which do not count."""
    return "/live/" in url and not url.endswith(OURS)


def sent(body: bytes) -> int:
    return min(len(body), len(gzip.compress(body, 6)))


def weigh(browser: Browser, address: str, name: str) -> dict[str, int]:
    """Return the weight of each file that a page loads."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    responses: dict[str, Response] = {}
    page.on("response", lambda r: responses.setdefault(r.url.partition("?")[0], r))
    Visit(page, address, name)
    page.evaluate(READ_ON)
    page.wait_for_load_state("networkidle")
    files = {
        url.removeprefix(address): sent(response.body())
        for url, response in list(responses.items())  # reading a body may let another one in
        if url.startswith(address) and not is_weights(url)
    }
    context.close()
    return files


@pytest.fixture(scope="module")
def weights(browser: Browser, address: str) -> dict[str, dict[str, int]]:
    return {name: weigh(browser, address, name) for name in pages()}


def test_no_page_is_heavy(weights):
    for name, files in weights.items():
        heaviest = sorted(files.items(), key=lambda item: -item[1])[:5]
        assert sum(files.values()) <= HEAVIEST, (name, heaviest)


def test_the_median_page_is_light(weights):
    totals = {name: sum(files.values()) for name, files in weights.items()}
    assert statistics.median(totals.values()) <= MEDIAN, totals


def test_a_page_is_weighed_with_all_that_it_loads(weights):
    files = weights["chapters/06_how_many_filters.html"]
    assert {name.rpartition(".")[2] for name in files} >= {"html", "css", "js", "woff2", "png"}
    assert any(name.startswith("_images/") for name in files)
    assert not any(name.endswith("searchindex.js") for name in files)


def test_weights_of_models_do_not_count():
    assert is_weights("http://host/live/imdb.js") and not is_weights("http://host/live/live.js")
