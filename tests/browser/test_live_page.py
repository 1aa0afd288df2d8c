"""What a live figure asks the page for, keeps in its address, and never lets run."""

from __future__ import annotations

import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from html import escape
from urllib.parse import urlencode, urlparse
from urllib.request import url2pathname

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from interpbook.widgets.weights import page_weights
from support.operating import Operator
from support.visiting import SITE, TOO_WIDE, QuietHandler, Visit, serve, violations

READY = "textcnn-explorer[data-state=ready]"
HARM = '<img src=x onerror="globalThis.ran = true"><script>globalThis.ran = true</script> good'
ODD = [
    "50% off & more: a+b=c #film ?q=1",
    "it's “naïve” café 😀 / \\ ~ ^ | `",
    "two\nlines\tand\ttabs",
    "%zz %20 %",
    "не плохо 这是一部好电影 ﷽",
    HARM,
]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


def altered(page: Page, address: str, change: Callable[[str], str]) -> None:
    """Let the welcome page arrive with its explorer changed."""

    def answer(route: Route) -> None:
        response = route.fetch()
        parts = re.split("(<textcnn-explorer.*?</textcnn-explorer>)", response.text(), flags=re.S)
        before, element, behind = parts
        route.fulfill(response=response, body=before + change(element) + behind)

    page.route(f"{address}intro.html", answer)


def told(page: Page) -> str:
    return page.locator("textcnn-explorer [role=status]").first.inner_text()


def has_run(page: Page) -> bool:
    """Whether an image that failed to load, or a script, ran what the text told it to run."""
    page.evaluate(  # errors of images come in order: once this one's is here, so is any earlier one
        "new Promise(done => Object.assign(new Image(), {onerror: done}).src = 'no-such-image')"
    )
    return page.evaluate(
        "globalThis.ran === true || [...document.images].some(i => i.getAttribute('src') === 'x')"
    )


# ---------------------------------------------------------------------------------------- loading


def weights(asked: list[str]) -> list[str]:
    """Return the addresses among these that are of a model's weights."""
    return [url for url in asked if "/live/" in url and "/live/live." not in url]


def test_a_model_is_asked_for_when_its_figure_is_reached_and_once(context, address):
    page = context.new_page()
    space = '<div style="height: 6000px"></div>'
    altered(page, address, lambda element: space + element + element)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit = Visit(page, address, "intro.html")
    assert any("/live/live.js" in url for url in asked) and weights(asked) == []
    assert page.locator(READY).count() == 0
    page.keyboard.press("End")
    page.locator("textcnn-explorer").last.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelectorAll('[data-state=ready]').length === 2")
    (asked_for,) = weights(asked)
    version = f"{zlib.crc32(page_weights('imdb')):08x}"
    assert asked_for == f"{address}live/imdb.js?v={version}"
    assert visit.complaints == []


def test_a_page_without_a_live_figure_loads_nothing_of_them(context, address):
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    Visit(page, address, "references.html")
    assert asked and not [url for url in asked if "/live/" in url]


def test_weights_that_do_not_come_are_a_sentence_and_a_second_try(context, address):
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/live/imdb.js*", lambda route: route.abort())
    Visit(page, address, "intro.html")
    page.locator("textcnn-explorer").scroll_into_view_if_needed()
    page.wait_for_selector("textcnn-explorer[data-state=failed]")
    assert re.search(
        r"could not start: \S+/live/imdb\.js did not load\.", page.get_by_role("alert").inner_text()
    )
    assert violations(page) == []
    page.unroute("**/live/imdb.js*")
    page.get_by_role("button", name="Try again").press("Enter")
    page.wait_for_selector(READY)
    assert told(page).startswith("The model says") and errors == []


IMDB = (SITE / "live" / "imdb.js").read_bytes() if SITE.is_dir() else b""
BAD = {
    "cut": IMDB[:9999],
    "empty": b"",
    "damaged": IMDB.replace(IMDB[5000:5004], b"AAAA", 1),
    "of another version": IMDB.replace(b"A", b"B"),
    "a portal's page": b"<!doctype html><title>Log in</title>",
    "another model": (SITE / "live" / "reviews.js").read_bytes() if SITE.is_dir() else b"",
    "no base64": b'x = "=";\n',
}
SAID = (
    "This figure could not start: {file} was expected to hold this page’s weights, but it is cut, "
    "damaged or another file; try again."
)


class BadOnce(QuietHandler):
    """Serves other bytes for one model's weights the first time, and lets the browser keep them."""

    bad = b""
    served = 0

    def do_GET(self) -> None:  # noqa: N802
        if not self.path.startswith("/live/imdb.js"):
            return super().do_GET()
        kind = type(self)
        body = IMDB if kind.served else kind.bad
        kind.served += 1
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=3600, immutable")
        self.end_headers()
        self.wfile.write(body)


@pytest.mark.parametrize("kind", BAD)
def test_bad_weights_are_one_sentence_and_asked_for_again(context, kind):
    """The browser keeps what was bad; a second try asks the server, not what was kept."""
    handler = type("Handler", (BadOnce,), {"bad": BAD[kind]})
    with serve(handler) as site:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{site}/intro.html")
        page.locator("textcnn-explorer").scroll_into_view_if_needed()
        page.wait_for_selector("textcnn-explorer[data-state=failed]")
        alert = page.get_by_role("alert").inner_text()
        assert alert == SAID.format(file=f"{site}/live/imdb.js")
        page.get_by_role("button", name="Try again").press("Enter")
        page.wait_for_selector(READY)
        assert handler.served == 2 and errors == []
        page.close()


@pytest.mark.parametrize("kind", ["damaged", "another model"])
def test_bad_weights_in_a_folder_are_one_sentence(context, unpacked, tmp_path, kind):
    folder = tmp_path / "site"
    shutil.copytree(url2pathname(urlparse(unpacked).path), folder)
    (folder / "live" / "imdb.js").write_bytes(BAD[kind])
    page = context.new_page()
    page.goto(f"{folder.as_uri()}/intro.html")
    page.wait_for_selector("textcnn-explorer[data-state=failed]")
    file = f"{folder.as_uri()}/live/imdb.js"
    assert page.get_by_role("alert").inner_text() == SAID.format(file=file)
    (folder / "live" / "imdb.js").write_bytes(IMDB)
    page.get_by_role("button", name="Try again").press("Enter")
    page.wait_for_selector(READY)
    page.close()


def test_another_model_that_does_not_come_leaves_the_first_one(context, address):
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/live/ag_news.js*", lambda route: route.abort())
    Visit(page, address, "intro.html")
    page.wait_for_selector(READY)
    models = page.get_by_role("combobox", name="Model")
    models.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "/could not be loaded: .*ag_news.js/.test("
        "document.querySelector('textcnn-explorer [role=status]').textContent)"
    )
    assert models.input_value() == "imdb"
    page.unroute("**/live/ag_news.js*")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("document.querySelector('textcnn-explorer').result.model === 'ag_news'")
    assert errors == []


def other_text(operator: Operator) -> None:
    operator.figure.locator(".live-examples button").last.press("Enter")


def other_curve(operator: Operator) -> None:
    operator.figure.get_by_role("combobox", name="Curves of").select_option("3")


@pytest.mark.parametrize(
    ("name", "element", "number", "choose"),
    [
        ("chapters/05_two_views.html", "textcnn-views", 0, other_text),
        ("chapters/06_how_many_filters.html", "textcnn-threshold", 1, other_curve),
    ],
)
def test_what_needs_a_model_that_does_not_come_is_not_shown(
    browser, address, name, element, number, choose
):
    operator = Operator(browser, address, name, element, number)
    operator.page.route("**/live/imdb.js*", lambda route: route.abort())
    before = operator.result
    choose(operator)
    operator.page.wait_for_function(
        "figure => /could not be loaded: .*imdb.js did not load\\.$/.test("
        "figure.querySelector('[role=status]').textContent)",
        arg=operator.figure.element_handle(),
    )
    assert operator.result == before
    if choose is other_curve:
        assert operator.figure.get_by_role("combobox", name="Curves of").input_value() == "0"
    operator.page.unroute("**/live/imdb.js*")
    choose(operator)
    operator.wait_for("model", "imdb")
    operator.context.close()


def test_the_last_model_chosen_is_the_one_that_answers(context, address):
    """Its weights may come before those of the one chosen first."""
    page = context.new_page()
    held: list[Route] = []
    page.route("**/live/ag_news.js*", lambda route: held.append(route))
    Visit(page, address, "intro.html")
    page.wait_for_selector(READY)
    page.get_by_role("combobox", name="Model").focus()
    with page.expect_request("**/live/ag_news.js*"):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.wait_for_function("document.querySelector('textcnn-explorer').result.model === 'imdb'")
    page.wait_for_timeout(100)
    with page.expect_response("**/live/ag_news.js*"):
        held[0].continue_()
    page.wait_for_timeout(300)
    assert page.evaluate("document.querySelector('textcnn-explorer').result.model") == "imdb"
    assert page.get_by_role("combobox", name="Model").input_value() == "imdb"


# -------------------------------------------------------------------------------------- permalinks


def test_a_link_carries_sentence_and_model(browser, address):
    writer = Operator(browser, address, "intro.html", "textcnn-explorer")
    writer.choose("Model", "ag_news")
    writer.page.wait_for_function(
        "document.querySelector('textcnn-explorer').result.model === 'ag_news'"
    )
    for text in ODD:
        writer.write(text)
        link = writer.figure.get_by_role("link", name="Link to this sentence")
        href = link.get_attribute("href")
        writer.tab_to(link)
        writer.page.keyboard.press("Enter")
        assert writer.page.url == f"{address}intro.html{href}"
        assert writer.result["text"] == text  # following its own link changes nothing

        page = writer.context.new_page()
        visit = Visit(page, address, f"intro.html{href}")
        page.wait_for_selector(READY)
        shown = page.evaluate("document.querySelector('textcnn-explorer').result")
        assert (shown["text"], shown["model"]) == (text, "ag_news")
        box = page.locator("textcnn-explorer textarea")
        assert box.input_value() == text
        assert box.evaluate("box => box.getBoundingClientRect().top < innerHeight")
        assert visit.complaints == []
        page.close()
    writer.close()


def test_a_changed_address_shows_its_sentence(context, address):
    page = context.new_page()
    visit = Visit(page, address, "intro.html")
    page.wait_for_selector(READY)
    for model, text in (("ag_news", "The court met"), ("ag_news", "A cup final"), ("imdb", "Dull")):
        fragment = urlencode({"model": model, "text": text})
        page.evaluate("fragment => { location.hash = fragment }", fragment)
        page.wait_for_function(
            "([text, model]) => { const { result } = document.querySelector('textcnn-explorer');"
            " return result.text === text && result.model === model }",
            arg=[text, model],
        )
    page.evaluate("location.hash = 'try-it'")  # a section's own anchor is no sentence
    page.evaluate("location.hash = 'model=nonsense&text=Odd'")
    page.wait_for_function("document.querySelector('textcnn-explorer').result.text === 'Odd'")
    assert page.evaluate("document.querySelector('textcnn-explorer').result.model") == "imdb"
    assert visit.complaints == []


# ------------------------------------------------------------------------ text is never markup


def test_typed_markup_runs_nothing(context, address):
    page = context.new_page()
    Visit(page, address, "intro.html")
    page.wait_for_selector(READY)
    page.locator("textcnn-explorer textarea").focus()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(HARM)
    assert "img" in page.evaluate("document.querySelector('textcnn-explorer').result.tokens")
    page.keyboard.press("Tab")
    for _ in range(12):  # over every word, so that each one's n-grams are drawn
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
    assert not has_run(page)


def test_markup_in_the_address_runs_nothing(context, address):
    page = context.new_page()
    Visit(page, address, f"intro.html#{urlencode({'model': HARM, 'text': HARM})}")
    page.wait_for_selector(READY)
    assert page.locator("textcnn-explorer textarea").input_value() == HARM
    assert not has_run(page)


@pytest.mark.parametrize("attribute", ["text", "model", "models", "view", "clip"])
def test_markup_in_an_attribute_runs_nothing(context, address, attribute):
    page = context.new_page()
    harmful = f'<textcnn-explorer {attribute}="{escape(HARM)}"></textcnn-explorer>'
    altered(page, address, lambda element: harmful)
    Visit(page, address, "intro.html")
    page.wait_for_selector("textcnn-explorer:is([data-state=ready], [data-state=failed])")
    assert page.evaluate("document.querySelector('textcnn-explorer').isConnected")
    assert not has_run(page)


def test_the_watch_sees_markup_that_runs(context, address):
    page = context.new_page()
    Visit(page, address, "intro.html")
    assert not has_run(page)
    page.evaluate("html => document.querySelector('main').innerHTML += html", HARM)
    assert has_run(page)


# ------------------------------------------------------------------------------ for every reader


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible_after_typing(browser, address, theme):
    context = browser.new_context(color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    Visit(page, address, "intro.html")
    page.wait_for_selector(READY)
    box = page.locator("textcnn-explorer textarea")
    for text in ("The acting is superb but the plot is dull zzyzx", "", "a" * 300):
        box.fill(text)
        assert violations(page) == []
    page.locator("textcnn-explorer input[type=radio]").last.press("Space")
    box.fill("It is not good, it is awful")
    assert violations(page) == []
    context.close()


def test_a_phone_never_scrolls_sideways(browser, address):
    context = browser.new_context(viewport={"width": 320, "height": 780})
    page = context.new_page()
    Visit(page, address, "intro.html")
    page.locator("textcnn-explorer").scroll_into_view_if_needed()
    page.wait_for_selector(READY)
    box = page.locator("textcnn-explorer textarea")
    long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    for text in ("good", long, "a" * 3000, f"not {long * 5} good", "good " * 500):
        box.fill(text)
        assert page.evaluate(TOO_WIDE) == []
    context.close()


def test_numbers_stay_readable_among_letters_from_the_right(context, address):
    page = context.new_page()
    Visit(page, address, "intro.html")
    page.wait_for_selector(READY)
    page.locator("textcnn-explorer textarea").fill("סרט superb מאוד, awful")
    words = page.locator("textcnn-explorer .live-word")
    assert words.first.get_attribute("title").startswith("\u2068סרט\u2069: ")
    assert words.nth(1).get_attribute("title").startswith("superb: ")
    look = """word => {
        const style = getComputedStyle(word, "::before");
        return [style.direction, style.unicodeBidi];
    }"""
    assert words.nth(1).evaluate(look) == ["ltr", "isolate"]


def test_words_left_out_are_counted_with_separators(context, address):
    page = context.new_page()
    Visit(page, address, "intro.html")
    page.wait_for_selector(READY)
    page.locator("textcnn-explorer textarea").fill("good " * 21_429)
    assert re.search(r"; 2\d,\d{3} more are left out", told(page))
