"""Tables as HTML, for notebooks and pages: complete without a script, readable on a phone."""

from interpbook._html import page, paragraph, table
from interpbook.tables.ledger import VERDICTS, ledger_table, verdict_map
from interpbook.tables.xu_du import table1_html, table2_html
from interpbook.tables.yuan import preservation_html, read_back_html

__all__ = [
    "VERDICTS",
    "ledger_table",
    "page",
    "paragraph",
    "preservation_html",
    "read_back_html",
    "table",
    "table1_html",
    "table2_html",
    "verdict_map",
]
