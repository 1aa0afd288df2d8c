"""Take off every page what it doesn't use, and mend what a screen reader stumbles over.

Jupyter Book always loads sphinx-thebe, whose script tags name a CDN and whose second copy is an
error in the browser's console; myst-nb writes the state of every widget into the page, for a
widget manager that a static site doesn't have; the theme puts all icons of Font Awesome, the
search index and the scripts of every extension on every page.

A page that needs a script of its own names it in its front matter (``scripts: a/b.js c.js``, from
the site's root), and no other page loads it. Formulas are set by KaTeX, on pages that have some:
a third of MathJax's weight.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
# Extensions that come with Jupyter Book, and that this book has no use for.
UNUSED = ("sphinx_thebe", "sphinx.ext.mathjax")
# What loads a file or starts it -> what a page holds that needs it.
NEEDED_BY = {
    "sphinx-thebe": "thebe-init",
    "design": 'class="sd-',
    "toggle": r'class="[^"]*\b(toggle|dropdown)\b',
    "copybutton": 'class="highlight',
    "clipboard": 'class="highlight',
    "mystnb": r'class="cell\b|class="output',
}
# Scripts that the theme writes into its head by itself. The index and what reads it serve the page
# of results alone: the search field of the other pages sends its reader there.
FONTAWESOME = r"<script[^>]*/fontawesome\.js[^>]*></script>"
SEARCH = r"<script[^>]*/?(searchtools|language_data|searchindex)\.js[^>]*></script>"
VIEWPORT = r'<meta name="viewport"[^>]*initial-scale=1"\s*/>'
DOCSEARCH = r'<meta name="docsearch:[^>]*>'

REWORDED = {
    # What a fold hides, in words; its text is its name.
    "Show code cell content": "Show a solution",
    "Hide code cell content": "Hide the solution",
    "Show code cell source": "Show the code",
    "Hide code cell source": "Hide the code",
    "Show code cell output": "Show the output",
    "Hide code cell output": "Hide the output",
    ' aria-label="Toggle hidden content"': "",
    # The corner of a table heads nothing; a reference is an item of a list.
    "<th></th>": "<td></td>",
    '<th class="head"><p></p></th>': "<td></td>",
    'role="doc-biblioentry"': 'role="listitem"',
}


def switch_off(app: Sphinx, config: Config) -> None:
    """Disconnect from the build the extensions that the book has no use for."""
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if listener.handler.__module__ in UNUSED:
                app.disconnect(listener.id)


def add_own_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Load the scripts that a page's front matter names and, if it has formulas, KaTeX."""
    for script in (context.get("meta") or {}).get("scripts", "").split():
        app.add_js_file(f"../{script}", loading_method="defer")
    if 'class="math ' in context.get("body", ""):
        app.add_css_file("../katex/katex.min.css")
        for script in ("katex/katex.min.js", "katex/auto-render.min.js", "scripts/formulas.js"):
            app.add_js_file(f"../{script}", loading_method="defer")


def needed(asset: object, body: str) -> bool:
    """Say whether a page with this body needs a script or style sheet."""
    attributes = getattr(asset, "attributes", {})
    if attributes.get("type") == WIDGET_STATE:
        return False
    described = f"{getattr(asset, 'filename', asset)} {attributes.get('body', '')}"
    return all(
        re.search(mark, body) for name, mark in NEEDED_BY.items() if name in described.lower()
    )


def lean_head(head: str) -> str:
    """Take out of the theme's own part of the head what this page has no use for."""
    for pattern in (FONTAWESOME, SEARCH, VIEWPORT, DOCSEARCH):
        head = re.sub(pattern, "", head)
    return head


def trim_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Drop what is repeated or unused from the head, and reword the body."""
    body = context.get("body", "")
    seen: set[str] = set()
    kept = []
    for script in context["script_files"]:
        key = repr((getattr(script, "filename", script), getattr(script, "attributes", None)))
        if key not in seen and needed(script, body):
            kept.append(script)
        seen.add(key)
    context["script_files"] = kept
    context["css_files"] = [style for style in context["css_files"] if needed(style, body)]
    for theirs, ours in REWORDED.items():
        body = body.replace(theirs, ours)
    context["body"] = body
    context["lean_head"] = lean_head  # templates/layout.html calls it


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", switch_off, priority=1)
    app.connect("html-page-context", add_own_scripts)
    app.connect("html-page-context", trim_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
