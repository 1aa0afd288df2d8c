"""Xu & Du's tables as HTML hold what they are given."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from interpbook import tables
from support.papers import ENTRIES, ENTRY, OURS, THEIRS


def test_table1_as_html_has_three_lines_for_each_k():
    html = tables.table1_html(ENTRIES)
    rows = html.count("<tr>")
    assert rows == 1 + 3 * 2
    assert "<td>paper</td><td>90.0</td><td></td><td></td><td></td><td>95.0</td>" in html
    assert "<td>ours</td><td>89.0</td><td></td><td></td><td></td><td>97.0</td>" in html
    assert "<td>±</td><td>0.5</td>" in html and "99.0" not in html
    assert "AG&#x27;s News" in html and "3 runs, trained on 62,517 of 120,000 documents" in html


def test_table1_of_one_run_has_no_spread():
    html = tables.table1_html([replace(ENTRY, seeds=1, sd=0.0)])
    assert "<td>±</td><td></td>" in html and "0.0</td>" in html


def test_table1_wants_one_corpus():
    with pytest.raises(ValueError, match="one corpus, got ag_news, imdb"):
        tables.table1_html([ENTRY, replace(ENTRY, corpus="imdb")])
    with pytest.raises(ValueError, match="one corpus, got none"):
        tables.table1_html([])


def test_table2_as_html_has_a_line_for_the_paper_and_for_each_setting():
    html = tables.table2_html(THEIRS, OURS, caption="IMDB <4>.")
    assert html.count("<tr") == 1 + 3 * 2
    assert "<td>30</td><td>paper</td><td>29.9</td><td>60.4</td>" in html
    assert "<td></td><td>trained</td><td>21.0 ± 1.4</td><td>56.0 ± 1.4</td>" in html
    assert "<td></td><td>unit normal</td><td>36.0 ± 1.4</td><td>64.0</td>" in html  # one run
    assert "<td></td><td>unit normal</td><td></td><td></td>" in html  # none
    assert "IMDB &lt;4&gt;. Ours: mean ± standard deviation" in html
    assert [cell.strip() for cell in re.findall(r"<th [^>]*>([^<]*)<", html)] == [
        "k",
        "row",
        "gradient",
        "B",
    ]
    rows = re.findall(r"<tr([^>]*)><td>(\d*)</td><td>([^<]*)</td>", html)
    assert [k for mark, k, _ in rows if "data-paper" in mark] == ["30", "600"]
    assert [name for mark, _, name in rows if "data-last" in mark] == ["unit normal"] * 2


def test_table2_with_one_setting_closes_each_k():
    html = tables.table2_html(THEIRS, {"trained": OURS["trained"]}, caption="C")
    assert re.findall(r"<tr([^>]*)><td>", html) == [" data-paper", " data-last"] * 2


def test_table2_of_nothing_is_refused():
    with pytest.raises(ValueError, match="the paper's values"):
        tables.table2_html({}, OURS, caption="C")
    with pytest.raises(ValueError, match="at least one setting of ours"):
        tables.table2_html(THEIRS, {}, caption="C")
    with pytest.raises(ValueError, match=r"rankings are exact, .*, got 'best'"):
        tables.table2_html({"best": {30: 1.0}}, {"trained": {"best": {30: [1.0]}}}, caption="C")
