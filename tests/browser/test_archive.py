"""The archive of the site, unpacked into a folder and read there without a server."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from support.visiting import SITE, Visit, pages

CHAPTER = "chapters/03_ngram_scores.html"

FONTS = """() => [...document.fonts].filter(font => font.status === "loaded")
    .map(font => font.family.replaceAll('"', ""))"""


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator:
    context = browser.new_context(offline=True, bypass_csp=False)
    yield context
    context.close()


@pytest.fixture(params=pages())
def local(request: pytest.FixtureRequest, context, unpacked: str) -> Iterator[Visit]:
    visit = Visit(context.new_page(), unpacked, request.param)
    yield visit
    visit.page.close()


@pytest.fixture
def page(context, unpacked: str) -> Iterator[Page]:
    visit = Visit(context.new_page(), unpacked, CHAPTER)
    yield visit.page
    assert visit.foreign == [] and visit.complaints == []
    visit.page.close()


def test_every_page_opens_from_a_folder(local):
    figures = local.reach_figures()
    assert bool(figures) == (local.name == "intro.html" or local.name.startswith("chapters/"))
    assert local.foreign == [] and local.complaints == []
    unset = local.page.locator(".math:not(:has(.katex))").count()
    assert unset == 0, f"{unset} formulas are not set"


def test_holds_the_whole_site_and_not_itself():
    (path,) = SITE.glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        assert archive.testzip() is None
    assert {name.split("/")[0] for name in names} == {path.stem}
    there = {
        file.relative_to(SITE).as_posix()
        for file in SITE.rglob("*")
        if file.is_file() and file != path and file.name != ".buildinfo"
    }
    assert {name.partition("/")[2] for name in names} == there
    assert {"index.html", "404.html", "live/live.js"} <= there


def test_has_its_fonts(page):
    found = set(page.evaluate(FONTS))
    assert {"Source Serif 4", "Source Sans 3", "KaTeX_Main", "KaTeX_Math"} <= found
    assert "Font Awesome 6 Free" in found


def test_leads_from_page_to_page(page):
    page.get_by_role("link", name="next").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("The word score matrix B")
    page.get_by_role("link", name="previous").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("The n-gram score matrix A")


def test_search_finds_a_word(page):
    page.keyboard.press("Control+k")
    page.keyboard.type("saliency")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=saliency*")
    hit = page.locator("ul.search a", has_text="hidden location").first
    expect(hit).to_be_visible()
    hit.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("hidden location")


def test_the_front_door_leads_to_the_welcome_page(context, unpacked):
    page = context.new_page()
    page.goto(f"{unpacked}index.html")
    page.wait_for_url("**/intro.html")
    page.close()
