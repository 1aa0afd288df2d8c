"""The ledger as HTML says everything about a number, in a row and on a card."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest

from interpbook.experiments import Entry
from interpbook.tables import VERDICTS, ledger_table, verdict_map

ENTRY = Entry(
    source="Xu & Du 2020",
    place="Table 1",
    corpus="imdb",
    k=30,
    quantity="ratio3",
    setting="paper",
    paper=96.67,
    ours=90.0,
    sd=0.5,
    seeds=3,
    tolerance=10.0,
    verdict="reproduced",
    reason="6.67 points below the paper, tolerance 10",
    trained_on="62,517 of 120,000",
)


class Table(HTMLParser):
    """Reads a table's cells: attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[tuple[dict[str, str | None], str]]] = []
        self.row_attributes: list[dict[str, str | None]] = []
        self.inside = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
            self.row_attributes.append(dict(attrs))
        if tag in ("td", "th"):
            self.rows[-1].append((dict(attrs), ""))
            self.inside = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            attributes, text = self.rows[-1][-1]
            self.rows[-1][-1] = (attributes, text + data)


def texts(html: str, row: int) -> dict[str, str]:
    table = Table(html)
    return {str(cell["data-label"]): text for cell, text in table.rows[row]}


def test_a_row_says_everything_about_a_number():
    assert texts(ledger_table([ENTRY]), 1) == {
        "Corpus": "IMDB",
        "Place": "Table 1 Xu & Du",
        "Quantity": "@Ratio3",
        "k": "30",
        "Setting": "paper's epsilon",
        "Runs": "3",
        "Paper": "96.67",
        "Ours": "90.00 ± 0.50",
        "Tolerance": "10",
        "Verdict": "✓ reproduced",
        "Why": "6.67 points below the paper, tolerance 10",
        "Trained on": "62,517 of 120,000",
    }


# Yuan et al.: no k, and some numbers are counts.
COUNT = replace(
    ENTRY,
    source="Yuan et al. 2019",
    corpus="ag_news",
    k=0,
    quantity="vocabulary",
    setting="-",
    paper=84_252.0,
    ours=71_929.0,
    sd=0.0,
    tolerance=2500.0,
    verdict="not reproduced",
)


def test_a_count_is_whole_and_has_no_spread():
    assert texts(ledger_table([COUNT]), 1) == {
        "Corpus": "AG's News",
        "Place": "Table 1 Yuan et al.",
        "Quantity": "words in the vocabulary",
        "k": "–",
        "Setting": "none",
        "Runs": "3",
        "Paper": "84,252",
        "Ours": "71,929",
        "Tolerance": "2,500",
        "Verdict": "✗ not reproduced",
        "Why": COUNT.reason,
        "Trained on": "62,517 of 120,000",
    }
    # A spread that is there is not hidden.
    wide = replace(COUNT, ours=71_929.5, sd=1.25)
    assert texts(ledger_table([wide]), 1)["Ours"] == "71,929.50 ± 1.25"
    mean = replace(ENTRY, quantity="accuracy", setting="-", sd=0.0)
    assert texts(ledger_table([mean]), 1)["Ours"] == "90.00 ± 0.00"


def test_numbers_with_commas_and_dashes_sort_as_numbers():
    [row] = Table(ledger_table([COUNT])).rows[1:]
    keys = {cell["data-label"]: cell.get("data-sort") for cell, _ in row}
    wanted = {"k": 0, "Paper": 84_252, "Ours": 71_929, "Tolerance": 2500, "Trained on": 62_517}
    assert {label: float(str(keys[label])) for label in wanted} == wanted
    assert float(str(keys["Why"])) == 84_252 - 71_929


@pytest.mark.parametrize(
    ("entries", "caption"),
    [
        ([ENTRY], "Xu & Du 2020, Table 1; beside ours. Numbers in percent; ours"),
        (
            [ENTRY, replace(ENTRY, place="Table 2"), COUNT, replace(COUNT, place="Table 3")],
            "Xu & Du 2020, Table 1 and Table 2; Yuan et al. 2019, Table 1 and Table 3; beside "
            "ours. Numbers in percent, but classes, documents and words are counted; ours",
        ),
        (
            [COUNT],
            "Yuan et al. 2019, Table 1; beside ours. Classes, documents and words are counted; "
            "ours",
        ),
    ],
)
def test_the_caption_says_what_the_numbers_are(entries, caption):
    [found] = re.findall(r"<caption>(.*?)</caption>", ledger_table(entries))
    assert unescape(found) == f"{caption} as mean ± standard deviation over the runs."


def test_one_run_has_no_spread():
    assert texts(ledger_table([replace(ENTRY, seeds=1, sd=0.0)]), 1)["Ours"] == "90.00"


def test_every_cell_carries_its_columns_label_and_roles_survive_the_cards():
    table = Table(ledger_table([ENTRY, replace(ENTRY, k=75)]))
    labels = [text for _, text in table.rows[0]]
    for row in table.rows[1:]:
        assert [cell["data-label"] for cell, _ in row] == labels
        assert {cell["role"] for cell, _ in row} == {"cell"}
    assert {cell["role"] for cell, _ in table.rows[0]} == {"columnheader"}
    assert all(row["role"] == "row" for row in table.row_attributes)


def test_what_does_not_sort_as_text_carries_its_key():
    entries = [
        replace(ENTRY, quantity=q, verdict=v, ours=o, trained_on=t)
        for q, v, o, t in (
            ("accuracy", "not reproduced", 9.5, "25,000"),
            ("ratio3", "reproduced", 90.0, "120,000"),
        )
    ]
    rows = Table(ledger_table(entries)).rows[1:]
    for label in ("Quantity", "Ours", "Why", "Verdict", "Trained on"):
        keys = [
            float(str(cell["data-sort"]))
            for row in rows
            for cell, _ in row
            if cell["data-label"] == label
        ]
        assert (keys[0] < keys[1]) == (label in ("Quantity", "Ours", "Trained on")), label


def test_rows_have_addresses_of_their_own():
    entries = [
        replace(ENTRY, setting=setting, k=k)
        for setting in ("paper", "calibrated")
        for k in (30, 75)
    ] + [
        replace(ENTRY, quantity="gradient_success", setting="unit normal"),
        replace(ENTRY, quantity="ratio1", setting="-"),
    ]
    names = [row["id"] for row in Table(ledger_table(entries)).row_attributes[1:]]
    assert names[0] == "ledger-imdb-30-ratio3-paper" and names[-1] == "ledger-imdb-30-ratio1"
    assert names[-2] == "ledger-imdb-30-gradient_success-unit-normal"
    assert len(set(names)) == len(entries)


def test_the_fields_offer_what_is_there_and_wait_for_a_script():
    html = ledger_table([ENTRY, replace(ENTRY, corpus="ag_news", verdict="not reproduced")])
    form = html[html.index("<form") : html.index("</form>")]
    assert re.match(r"<form [^>]*hidden>", form)
    options = re.findall(r"<option>(.*?)</option>", form)
    assert options == [
        "Xu &amp; Du 2020",
        "IMDB",
        "AG&#x27;s News",
        "Table 1",
        "@Ratio3",
        "paper&#x27;s epsilon",
        "reproduced",
        "not reproduced",
    ]
    names = set(re.findall(r'<select name="(\w+)"', form))
    assert all(f"data-{name}=" in html for name in names) and len(names) == 6


def test_what_comes_from_a_file_is_escaped():
    bad = '<img src=x onerror="x">'
    for field in ("source", "corpus", "quantity", "setting", "verdict", "reason", "trained_on"):
        entry = replace(ENTRY, **{field: bad})
        for html in (ledger_table([entry]), verdict_map([entry])):
            assert "<img" not in html, field


def test_the_map_says_verdicts_in_words_too():
    entries = [
        replace(ENTRY, k=k, verdict=verdict)
        for k, verdict in zip((30, 75, 150), VERDICTS, strict=True)
    ]
    table = Table(verdict_map(entries))
    assert [text for _, text in table.rows[0]] == ["k", "30", "75", "150"]
    cells = [text for _, text in table.rows[1]]
    assert cells == [
        "@Ratio3, paper's epsilon",
        "✓reproduced",
        "≈trend reproduced",
        "✗not reproduced",
    ]


def test_the_map_has_a_table_for_each_corpus_and_one_for_what_has_no_k():
    entries = [
        COUNT,
        replace(ENTRY, corpus="ag_news"),
        replace(COUNT, corpus="mr", verdict="reproduced"),
        ENTRY,
        replace(COUNT, corpus="mr", quantity="accuracy", place="Table 3"),
    ]
    html = verdict_map(entries)
    assert re.findall(r"<caption>(.*?)</caption>", html) == [
        "Yuan et al. 2019",
        "Xu &amp; Du 2020, AG&#x27;s News",
        "Xu &amp; Du 2020, IMDB",
    ]
    rows = [[text for _, text in row] for row in Table(html).rows]
    assert rows[:3] == [
        ["corpus", "AG's News", "MR"],
        ["words in the vocabulary", "✗not reproduced", "✓reproduced"],
        ["accuracy", "", "✗not reproduced"],
    ]
    assert rows[3] == rows[5] == ["k", "30"]


def test_the_map_leaves_a_gap_where_a_number_is_missing():
    entries = [ENTRY, replace(ENTRY, k=75, quantity="ratio2")]
    assert [text for _, text in Table(verdict_map(entries)).rows[1]][1:] == ["✓reproduced", ""]


@pytest.mark.parametrize("draw", [ledger_table, verdict_map])
def test_no_entry_is_an_error(draw):
    with pytest.raises(ValueError, match="at least one entry of the ledger, got none"):
        draw([])
