"""Tables of Yuan et al.'s interpretations hold what the records hold: numbers are read back."""

from __future__ import annotations

import re
from copy import deepcopy
from html.parser import HTMLParser

import pytest

from interpbook import tables
from interpbook.experiments import kept_lead, kept_share
from interpbook.hidden import METHODS
from support.readings import reading

RECORDS = [reading(seed=seed) for seed in range(3)]
K, M = (1, 2, 3, 5), (1, 3, 5, 10)


class Tables(HTMLParser):
    """Reads tables: rows of cells' texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.inside = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.tables[-1][-1][-1] += data


def number(text: str) -> float:
    return float(text.replace("−", "-"))


@pytest.mark.parametrize("k", K)
def test_the_table_holds_every_share_and_every_lead(k):
    shares, leads = Tables(tables.preservation_html(RECORDS, "mr", k=k)).tables
    assert shares[0] == ["words from", *(f"m = {m}" for m in M)]
    assert leads[0] == ["lead over", *(f"m = {m}" for m in M)]
    assert [row[0].lower() for row in shares[1::2]] == list(METHODS)
    assert [row[0].lower() for row in leads[1::2]] == list(METHODS[1:])
    for rows, estimate in ((shares, kept_share), (leads, kept_lead)):
        for values, limits in zip(rows[1::2], rows[2::2], strict=True):
            assert limits[0] == "95% interval"
            for m, value, limit in zip(M, values[1:], limits[1:], strict=True):
                expected = [100 * end for end in estimate(RECORDS, values[0].lower(), k, m)]
                assert number(value) == pytest.approx(expected[0], abs=0.051)
                ends = [number(end) for end in re.split("–| to ", limit)]
                assert ends == pytest.approx(expected[1:], abs=0.51)


def test_a_lead_carries_its_sign_and_nothing_has_none():
    records = deepcopy(RECORDS)
    for record in records:
        for method, (won, lost) in {
            "without l2": (0, 0),
            "closed form": (20, 0),
            "own words": (0, 20),
        }.items():
            record["metrics"]["methods"][method]["won"] = [[won] * 4] * 4
            record["metrics"]["methods"][method]["lost"] = [[lost] * 4] * 4
    _, leads = Tables(tables.preservation_html(records, "mr")).tables
    rows = {
        row[0]: (row[1], limits[1]) for row, limits in zip(leads[1::2], leads[2::2], strict=True)
    }
    assert rows["without L2"] == ("0.0", "−1 to 1")
    assert rows["closed form"] == ("−10.0", "−14 to −6")
    assert rows["own words"] == ("+10.0", "6 to 14")


def test_the_captions_say_how_runs_are_pooled():
    html = tables.preservation_html(RECORDS, "mr")
    captions = re.findall(r"<p class=ib-note>(.*?)</p>", html)
    assert captions[0].startswith("MR: per cent of 200 test documents")
    for caption in captions:
        assert (
            "3 locations" in caption
            and "over 3 models that" in caption
            and "200 documents" in caption
        )
    html = tables.preservation_html(RECORDS[:1], "mr", k=1)
    for caption in re.findall(r"<p class=ib-note>(.*?)</p>", html):
        assert re.search(r"\b1 location\b", caption) and "Of one model;" in caption


def test_the_inversion_alone_has_no_table_of_leads():
    html = tables.preservation_html(RECORDS, "mr", methods=["inversion"])
    [table] = Tables(html).tables
    assert len(table) == 3


def test_every_header_cell_has_text():
    for table in Tables(tables.preservation_html(RECORDS, "mr")).tables:
        assert all(cell.strip() for cell in table[0])


def test_what_cannot_be_told_is_refused():
    with pytest.raises(ValueError, match="at least one method, got none"):
        tables.preservation_html(RECORDS, "mr", methods=())
    with pytest.raises(ValueError, match=r"methods are inversion, .*, got 'magic'"):
        tables.preservation_html(RECORDS, "mr", methods=("inversion", "magic"))
    with pytest.raises(ValueError, match="expected records of ag_news, got records of mr"):
        tables.preservation_html(RECORDS, "ag_news")


@pytest.mark.parametrize(
    ("after", "verdict"), [([0.2, 0.8], "good (80%): kept"), ([0.7, 0.3], "bad (70%): not kept")]
)
def test_a_reading_says_what_the_model_says_before_and_after(after, verdict):
    page = tables.read_back_html(
        "a <b> film", [["fine", "warm"], ["apt"]], [0.1, 0.9], after, ["bad", "good"]
    )
    assert "a &lt;b&gt; film" in page and "<b>" not in page
    assert "The model says good (90%)." in page
    assert "Location 1: fine, warm" in page and "Location 2: apt" in page
    assert f"Of these words it says {verdict}." in page
