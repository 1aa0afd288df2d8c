"""The tables of Xu & Du (2020) as HTML: the paper's numbers, ours, and the spread of our runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from interpbook import _html as markup
from interpbook.experiments import Entry
from interpbook.experiments.names import TABLE1, corpus_name, ranking_name, the_corpus

# Seven columns on a phone, a rule under each k, our means in bold.
_TABLE1_STYLE = """<style>
.ib-table1 .ib :is(th, td) { padding: 0.1rem 0.28rem !important; font-size: 0.88rem; }
.ib-table1 tbody tr:not(:nth-child(3n)) td { border-bottom: 0 !important; }
.ib-table1 tbody tr:nth-child(3n + 2) td { font-weight: 600; }
</style>"""
_TABLE2_STYLE = """<style>
.ib-table2 .ib :is(th, td) { padding: 0.1rem 0.4rem !important; font-size: 0.9rem; }
.ib-table2 .ib :is(th, td):nth-child(2) { text-align: left; }
.ib-table2 tbody tr:not([data-last]) td { border-bottom: 0 !important; }
.ib-table2 tbody tr[data-paper] td { font-weight: 600; }
</style>"""

# Per cent by ranking and k, of ours by setting too; ours hold one value for each run.
Theirs = Mapping[str, Mapping[int, float]]
Ours = Mapping[str, Mapping[str, Mapping[int, Sequence[float] | np.ndarray]]]


def table1_html(entries: Sequence[Entry]) -> str:
    """Return one corpus's part of Table 1 as HTML: for each k the paper's row, ours and our spread.

    Three short lines for each k, instead of one long one, make the table narrow enough for a phone.

    Parameters
    ----------
    entries : sequence of Entry
        Entries of the ledger, all of one corpus; those at a calibrated epsilon are left out.

    Raises
    ------
    ValueError
        If there is no entry, or the entries are of several corpora.

    Examples
    --------
    >>> from interpbook.corpora import data_folder
    >>> from interpbook.experiments import read_ledger
    >>> entries = read_ledger(data_folder() / "results" / "ledger.csv")
    >>> wanted = [e for e in entries if e.corpus == "imdb" and "Table 1" in e.place]
    >>> "<table" in table1_html(wanted)
    True
    """
    corpus = corpus_name(the_corpus((entry.corpus for entry in entries), "entries"))
    chosen = {(e.k, e.quantity): e for e in entries if e.setting != "calibrated"}
    rows = []
    for k in sorted({k for k, _ in chosen}):
        line = [chosen.get((k, quantity)) for quantity in TABLE1]
        for first, name, write in (
            (str(k), "paper", lambda e: f"{e.paper:.1f}"),
            ("", "ours", lambda e: f"{e.ours:.1f}"),
            ("", "±", lambda e: f"{e.sd:.1f}" if e.seeds > 1 else ""),
        ):
            rows.append([first, name, *("" if e is None else write(e) for e in line)])
    header = ["k", "row", "acc.", "@R1", "kept", "@R2", "@R3"]
    seeds = sorted({str(e.seeds) for e in chosen.values()})
    caption = (
        f"{corpus}, in per cent: accuracy, @Ratio1, accuracy from the kept features, @Ratio2, "
        f"@Ratio3. Ours: mean and standard deviation over {' or '.join(seeds)} runs, trained on "
        f"{entries[0].trained_on} documents."
    )
    table = markup.page(markup.table(header, rows, caption=caption))
    return f'{_TABLE1_STYLE}<div class="ib-table1">{table}</div>'


def table2_html(theirs: Theirs, ours: Ours, *, caption: str) -> str:
    """Return one corpus's part of Table 2 as HTML: for each k the paper's row and ours by setting.

    Short lines for each k, instead of one long one, make the table narrow enough for a phone.

    Parameters
    ----------
    theirs : mapping of ranking to mapping of int to float
        The paper's success in per cent, by k.
    ours : mapping of str to mapping of ranking to mapping of int to array of shape (S,)
        Our success in per cent by setting, one value for each of S runs.
    caption : str
        What the reader has to know about the numbers; how ours are written is added to it.

    Raises
    ------
    ValueError
        If there is no number of the paper's, no setting, or a ranking is unknown.

    Examples
    --------
    >>> theirs = {"gradient": {150: 40.0}, "word_scores": {150: 60.0}}
    >>> ours = {"trained": {"gradient": {150: [39.0, 41.0]}, "word_scores": {150: [58.0, 60.0]}}}
    >>> html = table2_html(theirs, ours, caption="Success, %.")
    >>> "59.0" in html
    True
    """
    if not theirs or not all(theirs.values()):
        raise ValueError("expected the paper's values, got none")
    if not ours:
        raise ValueError("expected at least one setting of ours, got none")
    rows, marks = [], []
    for k in next(iter(theirs.values())):
        rows.append([str(k), "paper", *(f"{of[k]:.1f}" for of in theirs.values())])
        marks.append(" data-paper")
        for setting, measured in ours.items():
            cells = [_mean_and_spread(measured[ranking].get(k, ())) for ranking in theirs]
            rows.append(["", setting, *cells])
            marks.append("")
        marks[-1] += " data-last"
    header = ["k", "row", *map(ranking_name, theirs)]
    note = f"{caption} Ours: mean ± standard deviation over the runs."
    head, *lines = markup.table(header, rows, caption=note).split("<tbody><tr>")
    body = "<tr>".join(lines).split("<tr>")
    table = "".join(f"<tr{mark}>{line}" for mark, line in zip(marks, body, strict=True))
    return f'{_TABLE2_STYLE}<div class="ib-table2">{markup.page(f"{head}<tbody>{table}")}</div>'


def _mean_and_spread(values: Sequence[float] | np.ndarray) -> str:
    values = np.asarray(values, dtype=float)
    if not len(values):
        return ""
    spread = f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else ""
    return f"{values.mean():.1f}{spread}"
