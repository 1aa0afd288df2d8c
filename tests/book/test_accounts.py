"""The sources of the two pages that settle accounts with the papers: the ledger and the errata."""

from __future__ import annotations

import re

from support.places import ROOT

BOOK = ROOT / "book"
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (BOOK / name).read_text("utf-8")


def sections(text: str) -> dict[str, str]:
    """Split the errata into their entries: label -> text up to the next one."""
    found = re.split(r"^\((err-[a-z0-9-]+)\)=$", text, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def missing_in(entry: str) -> list[str]:
    """Say what an erratum lacks."""
    wanted = ["**It says.**", "**What is wrong.**", "**What is right.**", "**Does it matter?**"]
    missing = [part for part in wanted if part not in entry]
    places = [entry.find(part) for part in wanted]
    if not missing and places != sorted(places):
        missing.append("the order of its parts")
    cells = CELL.findall(entry)
    if not any(re.search(r"^\s*assert\b", cell, re.MULTILINE) for cell in cells):
        missing.append("a cell with an assert")
    return missing


def test_every_erratum_is_complete_and_proves_its_point():
    entries = sections(page("errata.md"))
    assert len(entries) >= 14
    assert {label: missing_in(entry) for label, entry in entries.items() if missing_in(entry)} == {}


def test_the_errata_are_listed_in_their_order():
    text = page("errata.md")
    listed = re.findall(r"<(err-[a-z0-9-]+)>`$", text[: text.index("## Xu & Du")], re.MULTILINE)
    assert listed == list(sections(text))


def test_the_check_of_an_erratum_sees_what_is_missing():
    cell = "```{code-cell} ipython3\nassert 1 == 1\n```\n"
    whole = "**It says.** a **What is wrong.** b **What is right.** c **Does it matter?** d\n"
    assert missing_in(whole + cell) == []
    assert missing_in(whole) == ["a cell with an assert"]
    assert missing_in(whole.replace("**What is right.** c", "") + cell) == ["**What is right.**"]
    swapped = whole.replace("It says", "X").replace("What is wrong", "It says")
    assert missing_in(swapped.replace("X", "What is wrong") + cell) == ["the order of its parts"]


def test_the_ledgers_page_runs_anew_in_every_build():
    assert re.search(
        r"^mystnb:\n(  .*\n)*  execution_mode: force$", page("ledger.md"), re.MULTILINE
    )


def test_the_scripts_that_pages_name_are_there():
    named = re.findall(r"^scripts: (.*)$", page("ledger.md"), re.MULTILINE)
    assert named, "the ledger's page names its scripts"
    for script in named[0].split():
        assert (BOOK / "vendor" / script).is_file() or (BOOK / "extra" / script).is_file(), script
