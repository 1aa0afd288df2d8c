"""The ledger as HTML: one table for screens, phones, paper and screen readers.

Both functions return finished HTML that is complete without JavaScript. On the book's page,
``book/extra/scripts/ledger.js`` adds what needs it: filters, and headers that sort.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from interpbook._html import AGAINST, FOR
from interpbook.experiments import QUANTITIES, Entry
from interpbook.experiments.names import QUANTITY_NAMES, corpus_name

SETTINGS = {
    "-": "none",
    "paper": "paper's epsilon",
    "calibrated": "calibrated epsilon",
    "trained": "trained vector",
    "unit normal": "unit normal vector",
}
# Words and signs carry the verdict; colour only repeats them.
VERDICTS = {"reproduced": "✓", "trend reproduced": "≈", "not reproduced": "✗"}

_STYLE = f"""<style>
.ib-ledger {{ container-type: inline-size; color: inherit; font-size: 0.86rem; line-height: 1.4;
  font-family: var(--book-sans, inherit); page: ib-ledger; }}
.ib-ledger [hidden] {{ display: none !important; }}
.ib-ledger form {{ display: flex; flex-wrap: wrap; gap: 0.5rem 0.9rem; align-items: end;
  margin: 0.4rem 0; }}
.ib-ledger label {{ display: flex; flex-direction: column; gap: 0.1rem; font-size: 0.9em; }}
.ib-ledger :is(select, input, form button) {{ font: inherit; color: inherit; max-width: 100%;
  min-height: 2rem; padding: 0.15rem 0.5rem; border: 1px solid rgb(128, 128, 128);
  border-radius: 0.3rem; background: var(--pst-color-background, Canvas); }}
.ib-ledger .ib-count {{ margin: 0.4rem 0; font-variant-numeric: tabular-nums; }}
.ib-ledger table {{ border-collapse: collapse; width: 100%; margin: 0; font-size: inherit; }}
.ib-ledger caption {{ text-align: left; caption-side: top; color: inherit; padding: 0.2rem 0; }}
.ib-ledger :is(th, td) {{ padding: 0.3rem !important; text-align: left;
  vertical-align: baseline; color: inherit; background: none; }}
.ib-ledger td.ib-why {{ min-width: 8.5rem; }}
.ib-ledger td:is(.ib-corpus, .ib-place) {{ white-space: nowrap; }}
.ib-ledger .ib-place small {{ display: block; font-size: 0.9em; font-weight: normal; }}
.ib-ledger th {{ white-space: nowrap; font-weight: 600; }}
.ib-ledger tr > .ib-number {{ text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }}
.ib-ledger tr:target {{ outline: 2px solid currentColor; outline-offset: -1px; }}
.ib-ledger th button {{ all: unset; cursor: pointer; padding: 0.1rem; margin: -0.1rem;
  text-decoration: underline dotted; text-underline-offset: 0.2em; }}
.ib-ledger th button:hover {{ text-decoration-style: solid; }}
.ib-ledger :is(button, select, input):focus-visible {{ outline: 2px solid currentColor;
  outline-offset: 2px; }}
.ib-ledger th[aria-sort="ascending"] button::after {{ content: " ▲"; content: " ▲" / ""; }}
.ib-ledger th[aria-sort="descending"] button::after {{ content: " ▼"; content: " ▼" / ""; }}
.ib-verdict {{ display: inline-block; white-space: nowrap; padding: 0 0.4em; border-radius: 0.25em;
  border: 1px solid rgba(128, 128, 128, 0.6); }}
.ib-verdict-reproduced {{ background: rgba({FOR}, 0.2); border-color: rgb({FOR}); }}
.ib-verdict-not-reproduced {{ background: rgba({AGAINST}, 0.2); border-color: rgb({AGAINST});
  border-style: dashed; }}
.ib-verdicts {{ overflow-x: auto; font-family: var(--book-sans, inherit); font-size: 0.9rem; }}
.ib-verdicts table {{ border-collapse: collapse; margin: 0.3rem 0 1rem; font-size: inherit; }}
.ib-verdicts caption {{ text-align: left; caption-side: top; color: inherit; font-weight: 600; }}
.ib-verdicts :is(th, td) {{ padding: 0.2rem 0.3rem !important; text-align: center; color: inherit;
  background: none; font-weight: normal; }}
.ib-verdicts tr > :first-child {{ text-align: left; padding-left: 0 !important; }}
.ib-verdicts .ib-verdict {{ min-width: 1.7em; }}
.ib-unseen {{ position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }}
@media screen {{
  @container (max-width: 54rem) {{
    .ib-ledger :is(table, caption, thead, tbody, th, td) {{ display: block; }}
    .ib-ledger thead tr {{ display: flex; flex-wrap: wrap; gap: 0.3rem; margin: 0.4rem 0 0.8rem; }}
    .ib-ledger thead tr::before {{ content: "Sort by"; align-self: center; }}
    .ib-ledger thead th {{ border: 0 !important; padding: 0 !important; }}
    .ib-ledger thead:not(:has(button)) {{ display: none; }}
    .ib-ledger th button {{ border: 1px solid rgb(128, 128, 128); border-radius: 0.3rem;
      padding: 0.25rem 0.5rem; margin: 0; text-decoration: none; }}
    .ib-ledger tbody tr {{ display: grid; grid-template-columns: repeat(6, 1fr);
      gap: 0.35rem 0.8rem; padding: 0.6rem 0.8rem; margin-bottom: 0.7rem;
      border: 1px solid rgba(128, 128, 128, 0.6); border-radius: 0.4rem;
      background: none !important; }}
    .ib-ledger tr > td[data-label] {{ border: 0 !important; padding: 0 !important;
      text-align: left; overflow-wrap: anywhere; min-width: 0; }}
    .ib-ledger tbody td::before {{ content: attr(data-label); display: block; font-size: 0.86em;
      line-height: 1.2; color: var(--book-soft, inherit); }}
    .ib-ledger tr > td {{ grid-column: span 2; }}
    .ib-ledger tr > :is(.ib-corpus, .ib-place) {{ grid-column: span 3; font-weight: 600; }}
    .ib-ledger tr > .ib-quantity {{ grid-column: 1 / -1; font-weight: 600; }}
    .ib-ledger td::before {{ font-weight: normal; }}
    .ib-ledger tr > :is(.ib-verdict-cell, .ib-why, .ib-trained) {{ grid-column: 1 / -1; }}
  }}
}}
@media screen and (min-width: 1200px) {{
  /* The page has no list of contents: take the room that it would have. */
  .bd-article .cell:has(.ib-ledger) {{ width: calc(100% + var(--pst-sidebar-secondary, 0px)); }}
}}
@page ib-ledger {{ size: landscape; }}
@media print {{
  .ib-ledger {{ font-size: 7.5pt; }}
  .ib-ledger form {{ display: none; }}
  .ib-ledger table {{ break-inside: auto; }}
  .ib-ledger tr {{ break-inside: avoid; }}
  .ib-ledger th button {{ text-decoration: none; }}
  .ib-ledger :is(th, td) {{ padding: 0.1rem 0.25rem !important; }}
}}
</style>"""


def ledger_table(entries: Sequence[Entry]) -> str:
    """Return the ledger as a table with a row for each entry, and the filters that go with it.

    A narrow column shows each row as a card with labels. The filters stay hidden until a script
    finds them. Cells whose text does not sort as their value does carry ``data-sort``.

    Raises
    ------
    ValueError
        If there is no entry.

    Examples
    --------
    >>> entry = Entry("Xu & Du 2020", "Table 1", "imdb", 30, "ratio1", "-", 6.88, 6.5, 0.4, 3,
    ...               10.0, "reproduced", "0.4 points below the paper, tolerance 10", "25,000")
    >>> html = ledger_table([entry])
    >>> html.count("<tr"), "6.50 ± 0.40" in html, 'data-label="Verdict"' in html
    (2, True, True)
    """
    if not entries:
        raise ValueError("expected at least one entry of the ledger, got none")
    head = "".join(
        f'<th role="columnheader" scope="col" class="{name}" data-name="{escape(sorted_by)}">'
        f"{label}</th>"
        for name, label, sorted_by in _COLUMNS
    )
    return (
        f'{_STYLE}<div class="ib-ledger">{_filters(entries)}'
        f'<p class="ib-count" role="status">{len(entries)} rows</p>'
        f'<table class="sortable asc" role="table"><caption>{escape(_caption(entries))}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(map(_row, entries))}</tbody></table></div>'
    )


# Class, header, and what a sort by this column goes by.
_COLUMNS = (
    ("ib-corpus", "Corpus", "corpus"),
    ("ib-place", "Place", "paper and table"),
    ("ib-quantity", "Quantity", "quantity"),
    ("ib-number", "k", "k"),
    ("ib-setting", "Setting", "setting"),
    ("ib-number", "Runs", "runs"),
    ("ib-number", "Paper", "the paper's value"),
    ("ib-number", "Ours", "our mean"),
    ("ib-number", "Tolerance", "tolerance"),
    ("ib-verdict-cell", "Verdict", "verdict"),
    ("ib-why", "Why", "distance from the paper"),
    ("ib-trained", "Trained on", "training documents"),
)


def _caption(entries: Sequence[Entry]) -> str:
    """Say which tables of the papers the numbers are from, and what unit they have."""
    tables: dict[str, list[str]] = {}
    for entry in entries:
        of_source = tables.setdefault(entry.source, [])
        if entry.place not in of_source:
            of_source.append(entry.place)
    places = "; ".join(f"{source}, {' and '.join(of)}" for source, of in tables.items())
    counts = [bool(_counted(entry)) for entry in entries]
    unit = "Numbers in percent"
    if any(counts):
        unit = "Numbers in percent, but classes, documents and words are counted"
    if all(counts):
        unit = "Classes, documents and words are counted"
    return f"{places}; beside ours. {unit}; ours as mean ± standard deviation over the runs."


def _amount(entry: Entry, number: float) -> str:
    """Write a number as its quantity is stated: a count whole, a share in percent."""
    if _counted(entry):
        return f"{number:,.2f}".removesuffix(".00")
    return f"{number:.2f}"


def _row(entry: Entry) -> str:
    counted = _counted(entry)
    # The runs of a corpus count the same documents: a spread would say nothing.
    spread = (
        f" ± {_amount(entry, entry.sd)}" if entry.seeds > 1 and (entry.sd or not counted) else ""
    )
    documents = entry.trained_on.partition(" of ")[0].replace(",", "")
    cells = (
        (corpus_name(entry.corpus), None),
        (None, f"{entry.source}, {entry.place}"),
        (_quantity(entry), _place(QUANTITY_NAMES, entry.quantity)),
        (str(entry.k) if entry.k else "–", entry.k),
        (_setting(entry), _place(SETTINGS, entry.setting)),
        (str(entry.seeds), None),
        (_amount(entry, entry.paper), entry.paper),
        (f"{_amount(entry, entry.ours)}{spread}", entry.ours),
        (f"{entry.tolerance:,g}", entry.tolerance),
        (None, _place(VERDICTS, entry.verdict)),
        (entry.reason, f"{abs(entry.ours - entry.paper):.2f}"),
        (entry.trained_on, documents),
    )
    authors = entry.source.rpartition(" ")[0] or entry.source  # the year would cost a line's room
    made = {
        "Place": f"{escape(entry.place)} <small>{escape(authors)}</small>",
        "Verdict": _verdict(entry.verdict),
    }
    tds = "".join(
        f'<td role="cell" class="{name}" data-label="{label}"'
        + (f' data-sort="{escape(str(key))}"' if key is not None else "")
        + f">{made[label] if text is None else escape(text)}</td>"
        for (name, label, _), (text, key) in zip(_COLUMNS, cells, strict=True)
    )
    place = f"ledger-{entry.corpus}-{entry.k}-{entry.quantity}"
    if entry.setting != "-":
        place += f"-{entry.setting.replace(' ', '-')}"
    return (
        f'<tr role="row" id="{escape(place)}" data-corpus="{escape(corpus_name(entry.corpus))}" '
        f'data-paper="{escape(entry.source)}" data-place="{escape(entry.place)}" '
        f'data-quantity="{escape(_quantity(entry))}" data-setting="{escape(_setting(entry))}" '
        f'data-verdict="{escape(entry.verdict)}">'
        f"{tds}</tr>"
    )


def _filters(entries: Sequence[Entry]) -> str:
    selects = (
        ("paper", "Paper", [e.source for e in entries]),
        ("corpus", "Corpus", [corpus_name(e.corpus) for e in entries]),
        ("place", "Place", [e.place for e in entries]),
        ("quantity", "Quantity", [_quantity(e) for e in entries]),
        ("setting", "Setting", [_setting(e) for e in entries]),
        ("verdict", "Verdict", [v for v in VERDICTS if any(e.verdict == v for e in entries)]),
    )
    fields = "".join(
        f'<label>{label}<select name="{name}" autocomplete="off"><option value="">all</option>'
        + "".join(f"<option>{escape(value)}</option>" for value in dict.fromkeys(values))
        + "</select></label>"
        for name, label, values in selects
    )
    return (
        f'<form role="search" aria-label="Filter the ledger" hidden>{fields}'
        '<label>Words in a row<input type="search" name="words" autocomplete="off"></label>'
        '<button type="reset">Show all</button></form>'
    )


def verdict_map(entries: Sequence[Entry]) -> str:
    """Return small tables with a sign for each verdict, quantities down.

    Each paper and corpus has a table with k across; a paper whose numbers have no k has one table,
    with corpora across.

    Raises
    ------
    ValueError
        If there is no entry.

    Examples
    --------
    >>> from interpbook.corpora import data_folder
    >>> from interpbook.experiments import read_ledger
    >>> html = verdict_map(read_ledger(data_folder() / "results" / "ledger.csv"))
    >>> html.count("<table") >= 2
    True
    """
    if not entries:
        raise ValueError("expected at least one entry of the ledger, got none")
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        corpus = f", {corpus_name(entry.corpus)}" if entry.k else ""
        groups.setdefault(f"{entry.source}{corpus}", []).append(entry)
    tables = "".join(_small_map(caption, chosen) for caption, chosen in groups.items())
    return f'{_STYLE}<div class="ib-verdicts">{tables}</div>'


def _small_map(caption: str, entries: Sequence[Entry]) -> str:
    rows: dict[str, dict[str, Entry]] = {}
    across = {}
    for entry in sorted(entries, key=lambda entry: entry.k):
        suffix = "" if entry.setting == "-" else f", {_setting(entry)}"
        column = str(entry.k) if entry.k else corpus_name(entry.corpus)
        across[column] = None
        rows.setdefault(_quantity(entry) + suffix, {})[column] = entry
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in across)
    body = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        + "".join(
            f"<td>{_verdict(row[column].verdict, short=True) if column in row else ''}</td>"
            for column in across
        )
        + "</tr>"
        for label, row in rows.items()
    )
    corner = "k" if entries[0].k else "corpus"
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f'<thead><tr><th scope="col">{corner}</th>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def _verdict(verdict: str, *, short: bool = False) -> str:
    sign, name = VERDICTS.get(verdict, "?"), verdict.replace(" ", "-")
    words = (
        f'<span aria-hidden="true">{sign}</span><span class="ib-unseen">{escape(verdict)}</span>'
        if short
        else f'<span aria-hidden="true">{sign}</span> {escape(verdict)}'
    )
    return f'<span class="ib-verdict ib-verdict-{escape(name)}">{words}</span>'


def _quantity(entry: Entry) -> str:
    return QUANTITY_NAMES.get(entry.quantity, entry.quantity)


def _setting(entry: Entry) -> str:
    return SETTINGS.get(entry.setting, entry.setting)


def _place(names: Mapping[str, str], name: str) -> int:
    """Return where a name stands in its list; unknown ones come last."""
    return list(names).index(name) if name in names else len(names)


def _counted(entry: Entry) -> str:
    """Return what a number counts; nothing for a share, and for a quantity of someone's own."""
    return QUANTITIES[entry.quantity].counted if entry.quantity in QUANTITIES else ""
