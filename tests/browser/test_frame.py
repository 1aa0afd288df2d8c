"""The frame around the pages: addresses, buttons, what a link shows elsewhere, search, favicon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode, urljoin, urlparse

import pytest
import yaml
from bs4 import BeautifulSoup
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from support.visiting import ROOT, SITE, Visit, pages

CONFIG = yaml.safe_load((ROOT / "book" / "_config.yml").read_text("utf-8"))
REPOSITORY = CONFIG["repository"]["url"]
BRANCH, FOLDER = CONFIG["repository"]["branch"], CONFIG["repository"]["path_to_book"]
OWNER, NAME = urlparse(REPOSITORY).path.strip("/").split("/")
PUBLISHED = f"https://{OWNER}.github.io/{NAME}/"
CONTENTS = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text("utf-8"))
ORDER = [CONTENTS["root"]] + [
    chapter["file"] for part in CONTENTS["parts"] for chapter in part["chapters"]
]
# Hosts of ours; a link to them is made of the one address.
OURS = re.compile(r"https://(mybinder\.org|colab\.research\.google\.com|[\w-]+\.github\.io)/")


def source(page: str) -> str:
    """Return where a page's source lies in the repository."""
    candidates = (ROOT / FOLDER / f"{page}{suffix}" for suffix in (".ipynb", ".md"))
    (path,) = (path for path in candidates if path.exists())
    return path.relative_to(ROOT).as_posix()


def soup(page: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / f"{page}.html").read_text("utf-8"), "html.parser")


def links(page: str) -> list[str]:
    return [link["href"] for link in soup(page).select("a[href]")]


def property_of(page: BeautifulSoup, name: str) -> str:
    (tag,) = page.select(f'meta[property="{name}"], meta[name="{name}"]')
    return tag["content"]


# ---- One address -----------------------------------------------------------------------------


@pytest.mark.parametrize("page", ORDER)
def test_every_page_offers_its_source(page):
    found = set(links(page))
    path = source(page)
    assert (ROOT / path).is_file()
    assert REPOSITORY in found
    assert f"{REPOSITORY}/edit/{BRANCH}/{path}" in found
    assert any(
        link.startswith(f"{REPOSITORY}/issues/new?") and f"{page}.html" in link for link in found
    )
    assert f"{'../' * page.count('/')}{NAME}.zip" in found
    downloads = [link for link in found if "_sources/" in link]
    assert any(link.endswith(path.removeprefix(f"{FOLDER}/")) for link in downloads)
    for link in downloads:
        assert (SITE / urljoin(f"{page}.html", link)).is_file()


@pytest.mark.parametrize("page", ORDER)
def test_what_binder_and_colab_can_run_has_buttons_for_them(page):
    """They open notebooks; Colab can't open one that is written in Markdown."""
    path = source(page)
    found = {link for link in links(page) if OURS.match(link)}
    binder = f"https://mybinder.org/v2/gh/{OWNER}/{NAME}/{BRANCH}?urlpath=lab/tree/{path}"
    colab = f"https://colab.research.google.com/github/{OWNER}/{NAME}/blob/{BRANCH}/{path}"
    assert found == ({binder, colab} if path.endswith(".ipynb") else set())


def test_no_other_address_of_ours_is_written_anywhere():
    """Whoever moves the book edits `_config.yml`, and what this names if it then fails."""
    named = re.compile(rf"(?:https://)?github\.com/([\w.-]+/{re.escape(NAME)})\b")
    texts = [*ROOT.glob("*.*"), *(ROOT / "src").rglob("*.py"), *(ROOT / "tools").rglob("*.py")]
    texts += [*(ROOT / "book").glob("*.*"), *(ROOT / "book" / "chapters").glob("*.ipynb")]
    found = {
        path.relative_to(ROOT).as_posix(): set(named.findall(path.read_text("utf-8")))
        for path in texts
        if path.is_file() and path.suffix not in (".png", ".zip")
    }
    found = {name: addresses for name, addresses in found.items() if addresses}
    assert {"book/_config.yml", "CITATION.cff", "pyproject.toml", "book/intro.md"} <= set(found)
    for name, addresses in found.items():
        assert addresses == {f"{OWNER}/{NAME}"}, name
    for page in pages():
        for link in links(page.removesuffix(".html")):
            if OURS.match(link):
                assert f"{OWNER}/{NAME}/" in link, (page, link)


# ---- What a link to a page shows elsewhere ---------------------------------------------------

SHOWN = [*(page.removesuffix(".html") for page in pages() if page != "404.html"), "index"]


@pytest.mark.parametrize("name", SHOWN)
def test_a_link_to_a_page_has_a_card(name):
    page = soup(name)
    address = PUBLISHED if name == "index" else f"{PUBLISHED}{name}.html"
    assert property_of(page, "og:url") == address
    if name != "index":
        assert page.select_one('link[rel="canonical"]')["href"] == address
    assert property_of(page, "og:title") in page.title.text
    about = property_of(page, "og:description")
    assert about == property_of(page, "description")
    assert 30 <= len(about) <= 200 and about[-1] in ".!?" and not re.search(r"[\\${}]", about)
    assert property_of(page, "og:image") == f"{PUBLISHED}social-card.png"
    assert len(property_of(page, "og:image:alt")) > 40
    assert property_of(page, "twitter:card") == "summary_large_image"


def test_each_page_is_described_by_itself():
    about = [property_of(soup(name), "og:description") for name in SHOWN if name != "index"]
    assert len(about) == len(set(about)) > 15


def test_the_cards_picture_has_the_size_that_it_claims():
    path = SITE / "social-card.png"
    assert path.stat().st_size < 100_000
    page = soup("intro")
    claimed = tuple(int(property_of(page, f"og:image:{side}")) for side in ("width", "height"))
    with Image.open(path) as picture:
        assert picture.format == "PNG" and picture.size == claimed == (1200, 630)


# ---- From page to page -----------------------------------------------------------------------


def test_the_pages_are_strung_in_the_books_order():
    for place, page in enumerate(ORDER):
        found = soup(page)
        for rel, neighbour in (("left-prev", place - 1), ("right-next", place + 1)):
            link = found.select_one(f".prev-next-area a.{rel}")
            if 0 <= neighbour < len(ORDER):
                assert urljoin(f"{page}.html", link["href"]) == f"{ORDER[neighbour]}.html"
            else:
                assert link is None


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    visit = Visit(context.new_page(), address, "chapters/03_ngram_scores.html")
    yield visit.page
    assert visit.foreign == [] and visit.complaints == []
    context.close()


@pytest.mark.parametrize(
    ("word", "chapter"),
    [("inversion", "09_inversion"), ("typo", "11_attacks"), ("discriminative", "06_how_many")],
)
def test_search_finds_words_of_chapters(page, word, chapter):
    page.get_by_role("button", name="Search").first.click()
    page.keyboard.type(word)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    hits = page.locator("ul.search > li")
    expect(hits.locator(f'a[href*="{chapter}"]').first).to_be_visible()
    expect(hits.locator(".context").first).to_be_visible()


@pytest.mark.parametrize("place", ["address", "unpacked"])
@pytest.mark.parametrize(
    "query",
    [
        "constructor",
        "__proto__",
        "constructors inversion",
        "toString",
        "valueOf",
        "hasOwnProperty",
        "isPrototypeOf",
        "__defineGetter__",
        "inversion __proto__ constructor",
        "%",
    ],
)
def test_search_answers_to_words_that_every_object_knows(browser, request, place, query):
    context = browser.new_context()
    name = f"search.html?{urlencode({'q': query})}"
    visit = Visit(context.new_page(), request.getfixturevalue(place), name)
    expect(visit.page.locator(".search-summary")).to_contain_text(
        re.compile("Search finished|did not match")
    )
    assert visit.complaints == []
    context.close()


def test_the_archive_is_offered_in_the_menu(page, address):
    page.get_by_role("button", name="Download this page").focus()
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Whole book (.zip)")
    expect(link).to_be_visible()
    expect(page.locator("footer").get_by_role("link", name="Download the book")).to_be_visible()
    answer = page.request.head(urljoin(page.url, link.get_attribute("href")))
    assert answer.status == 200 and answer.headers["content-type"] == "application/zip"


def test_the_favicon_answers(page):
    icon = page.locator('link[rel="icon"]').get_attribute("href")
    answer = page.request.get(urljoin(page.url, icon))
    assert answer.status == 200 and answer.headers["content-type"] == "image/svg+xml"


def test_icons_are_drawn_and_not_spoken(page):
    icons = page.locator("[class*='fa-']:not(body *[hidden] *)")
    assert icons.count() > 10
    assert page.locator(".bd-main [class*=' fa-']:not([aria-hidden=true])").count() == 0
    widths = page.eval_on_selector_all(
        ".article-header-buttons i.fa-rocket, .article-header-buttons i.fa-download",
        "all => all.map(icon => [icon.getBoundingClientRect().width,"
        " getComputedStyle(icon, '::before').content])",
    )
    assert len(widths) == 2
    for width, letter in widths:
        assert width > 10 and letter not in ("none", "normal")
    assert page.evaluate("document.fonts.check('900 20px \"Font Awesome 6 Free\"', '\\uf135')")
