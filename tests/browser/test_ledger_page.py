"""The ledger's page as readers use it: sorted, filtered, on a phone, on paper, without scripts."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from interpbook.corpora import data_folder
from support.visiting import TOO_WIDE, Visit, violations

NAME = "ledger.html"

COLUMN = """label => [...document.querySelectorAll(".ib-ledger tbody tr")]
    .filter(row => !row.hidden)
    .map(row => row.querySelector(`[data-label="${label}"]`).textContent.trim())"""

# The label that a card shows above a value, and whether the two take room on the screen.
LABELS = """() => [...document.querySelector(".ib-ledger tbody tr").cells].map(cell => [
    getComputedStyle(cell, "::before").content.replaceAll('"', ""),
    cell.textContent.trim(), cell.getBoundingClientRect().height])"""


@pytest.fixture(scope="module")
def ledger() -> list[dict[str, str]]:
    with (data_folder() / "results" / "ledger.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return request.param


def opened(browser: Browser, address: str, theme: str, width: int) -> Iterator[Page]:
    """Open the page afresh for each test: they sort and filter."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    visit = Visit(context.new_page(), address, NAME)
    yield visit.page
    assert visit.foreign == [] and visit.complaints == []
    context.close()


@pytest.fixture
def page(browser: Browser, address: str, theme: str) -> Iterator[Page]:
    yield from opened(browser, address, theme, 1280)


@pytest.fixture
def phone(browser: Browser, address: str, theme: str) -> Iterator[Page]:
    yield from opened(browser, address, theme, 360)


@pytest.fixture
def bare(browser: Browser, address: str) -> Iterator[Page]:
    """Open the page with scripts switched off."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(address + NAME)
    yield page
    context.close()


def column(page: Page, label: str) -> list[str]:
    return page.evaluate(COLUMN, label)


def said(page: Page) -> str:
    return page.locator(".ib-count").inner_text()


def field(page: Page, name: str) -> Locator:
    """Find a filter by its name, and see that it has a label."""
    found = page.get_by_role("search").locator(f"label [name={name}]")
    expect(found).to_have_accessible_name(re.compile(name, re.IGNORECASE))
    return found


def header(page: Page, name: str) -> Locator:
    return page.locator(".ib-ledger th").filter(has=page.get_by_role("button", name=name))


def number(text: str) -> float:
    """Read a number as a cell shows it, without its spread."""
    return float(text.partition(" ")[0].replace(",", ""))


def test_shows_every_row_of_the_file(page, ledger):
    assert column(page, "k") == [row["k"] if row["k"] != "0" else "–" for row in ledger]
    for label, name in (("Paper", "paper"), ("Ours", "ours"), ("Tolerance", "tolerance")):
        shown = [number(text) for text in column(page, label)]
        assert shown == [float(row[name]) for row in ledger]
    counted = [text for text in column(page, "Ours") if "±" not in text]
    assert "71,929" in counted and len(counted) == 8
    assert column(page, "Why") == [row["reason"] for row in ledger]
    assert said(page) == f"{len(ledger)} of {len(ledger)} rows shown"


def test_sorts_by_keyboard_and_says_so(page, ledger):
    button = page.get_by_role("button", name="Ours", exact=True)
    ours = [float(row["ours"]) for row in ledger]
    assert ours != sorted(ours)
    for key, order in (("Enter", "ascending"), ("Space", "descending")):
        button.press(key)
        expect(page.locator(".ib-count")).to_have_text(
            f"{len(ledger)} of {len(ledger)} rows shown, sorted by our mean, {order}"
        )
        expect(header(page, "Ours")).to_have_attribute("aria-sort", order)
        values = [number(text) for text in column(page, "Ours")]
        assert values == sorted(ours, reverse=order == "descending")
        expect(button).to_be_focused()


def test_every_column_sorts(page, ledger):
    before = column(page, "Paper")
    for label in page.locator(".ib-ledger th").all_inner_texts():
        page.get_by_role("button", name=label.split(" ")[0]).first.click()
    expect(page.locator("[aria-sort]")).to_have_count(1)
    page.get_by_role("button", name="Why", exact=True).click()
    expect(header(page, "Why")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator(".ib-count")).to_contain_text("sorted by distance from the paper")
    distances = [abs(round(float(row["ours"]) - float(row["paper"]), 2)) for row in ledger]
    ours = [number(text) for text in column(page, "Ours")]
    papers = [number(text) for text in column(page, "Paper")]
    shown = [abs(round(o - p, 2)) for o, p in zip(ours, papers, strict=True)]
    assert shown == sorted(distances)
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".ib-count")).to_have_text(f"{len(ledger)} of {len(ledger)} rows shown")
    assert column(page, "Paper") == before


def test_filters_by_corpus_quantity_setting_and_verdict(page, ledger):
    field(page, "corpus").select_option("IMDB")
    expect(page.locator(".ib-count")).to_have_text(f"84 of {len(ledger)} rows shown")
    field(page, "place").select_option("Table 1")
    expect(page.locator(".ib-count")).to_have_text(f"56 of {len(ledger)} rows shown")
    field(page, "quantity").select_option("@Ratio3")
    expect(page.locator(".ib-count")).to_have_text(f"14 of {len(ledger)} rows shown")
    field(page, "setting").select_option("calibrated epsilon")
    expect(page.locator(".ib-count")).to_have_text(f"7 of {len(ledger)} rows shown")
    assert column(page, "k") == "30 75 150 225 300 450 600".split()
    verdict = next(
        row["verdict"]
        for row in ledger
        if (row["corpus"], row["quantity"], row["setting"]) == ("imdb", "ratio3", "calibrated")
    )
    field(page, "verdict").select_option(verdict)
    assert set(column(page, "Verdict")) == {
        text for text in column(page, "Verdict") if text.endswith(verdict)
    }
    header(page, "k").get_by_role("button").click()  # a sort keeps the choice
    expect(page.locator(".ib-count")).to_contain_text("sorted by k")
    assert set(column(page, "Quantity")) == {"@Ratio3"}


def test_filters_by_paper(page, ledger):
    field(page, "paper").select_option("Yuan et al. 2019")
    expect(page.locator(".ib-count")).to_have_text(f"10 of {len(ledger)} rows shown")
    assert set(column(page, "k")) == {"–"}
    field(page, "corpus").select_option("MR")
    expect(page.locator(".ib-count")).to_have_text(f"5 of {len(ledger)} rows shown")
    field(page, "place").select_option("Table 3")
    assert column(page, "Paper") == ["79.96"]
    field(page, "paper").select_option("Xu & Du 2020")  # MR is none of theirs
    expect(page.locator(".ib-count")).to_have_text("No row fits: change a filter")
    field(page, "corpus").select_option("")
    field(page, "place").select_option("Table 1")
    wanted = [r for r in ledger if (r["source"][:2], r["place"]) == ("Xu", "Table 1")]
    expect(page.locator(".ib-count")).to_have_text(f"{len(wanted)} of {len(ledger)} rows shown")


def test_sorts_by_k_where_some_have_none(page, ledger):
    header(page, "k").get_by_role("button").click()
    expect(page.locator(".ib-count")).to_contain_text("sorted by k, ascending")
    shown = [0 if text == "–" else int(text) for text in column(page, "k")]
    assert shown == sorted(int(row["k"]) for row in ledger)


def test_filters_by_words(page, ledger):
    words = field(page, "words")
    words.fill("imdb BELOW")
    wanted = [r for r in ledger if r["corpus"] == "imdb" and "below" in r["reason"]]
    expect(page.locator(".ib-count")).to_have_text(f"{len(wanted)} of {len(ledger)} rows shown")
    assert column(page, "Why") == [row["reason"] for row in wanted]
    words.fill("no such words anywhere")
    expect(page.locator(".ib-count")).to_have_text("No row fits: change a filter")
    words.press("Enter")  # submits nothing
    assert page.url.endswith(NAME)


def test_announces_what_changes(page):
    count = page.get_by_role("status").filter(has_text="rows shown")
    expect(count).to_have_count(1)


def test_is_cards_with_labels_on_a_phone(phone):
    assert phone.evaluate(TOO_WIDE) == []
    cells = phone.evaluate(LABELS)
    labels = "Corpus Place Quantity k Setting Runs Paper Ours Tolerance Verdict Why".split()
    assert [label for label, _, _ in cells] == [*labels, "Trained on"]
    assert all(text and height > 20 for _, text, height in cells)
    first = phone.locator(".ib-ledger tbody tr").first.bounding_box()
    box = phone.locator(".ib-ledger tbody tr").nth(1).bounding_box()
    assert first and box and box["y"] > first["y"] + first["height"]
    phone.get_by_role("button", name="Ours", exact=True).press("Enter")
    expect(header(phone, "Ours")).to_have_attribute("aria-sort", "ascending")
    assert violations(phone) == []


def test_is_a_table_where_there_is_room(page):
    cells = page.locator(".ib-ledger tbody tr").first.locator("td")
    first, last = cells.first.bounding_box(), cells.last.bounding_box()
    assert first and last and first["y"] == pytest.approx(last["y"], abs=1)
    room = "node => node.parentElement.scrollWidth - node.parentElement.clientWidth"
    assert page.locator(".ib-ledger").evaluate(room) <= 0
    assert violations(page) == []


def test_filtered_and_sorted_it_stays_accessible(page):
    field(page, "corpus").select_option("IMDB")
    page.get_by_role("button", name="Paper", exact=True).click()
    assert violations(page) == []


def test_says_each_verdict_in_words(page):
    verdicts = {text.split(" ", 1)[1] for text in column(page, "Verdict")}
    assert verdicts <= {"reproduced", "trend reproduced", "not reproduced"}


def test_prints_without_controls(page):
    page.emulate_media(media="print")
    expect(page.locator(".ib-ledger form")).to_be_hidden()
    cell = page.locator(".ib-ledger tbody td").first
    assert cell.evaluate("node => getComputedStyle(node).display") == "table-cell"
    page.set_viewport_size({"width": 600, "height": 780})  # paper is narrow, and still a table
    assert cell.evaluate("node => getComputedStyle(node).display") == "table-cell"


def test_is_a_plain_whole_table_without_scripts(bare, ledger):
    rows = bare.locator(".ib-ledger tbody tr")
    assert rows.count() == len(ledger)
    assert all(rows.nth(i).is_visible() for i in (0, len(ledger) // 2, len(ledger) - 1))
    assert bare.locator(".ib-ledger form").is_hidden()
    assert bare.locator(".ib-ledger th button").count() == 0
    assert bare.locator(".ib-count").inner_text() == f"{len(ledger)} rows"


def test_offers_the_file(page, ledger):
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the ledger as CSV").click()
    text = download.value.path().read_text("utf-8")
    assert text == (data_folder() / "results" / "ledger.csv").read_text("utf-8")


def test_no_other_page_loads_the_scripts(browser, address):
    context = browser.new_context()
    for name, wanted in ((NAME, 2), ("notation.html", 0)):
        page = Visit(context.new_page(), address, name).page
        found = page.locator("script[src*='sortable.js'], script[src*='ledger.js']")
        assert found.count() == wanted
    context.close()
