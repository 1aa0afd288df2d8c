"""Take off every page what this site doesn't use, and mend what a screen reader stumbles over.

Jupyter Book always loads sphinx-thebe, whose script tags name a CDN and whose second copy is an
error in the browser's console; and myst-nb writes the state of every widget into the page, for a
widget manager that a static site doesn't have.

A page that needs a script of its own names it in its front matter (``scripts: a/b.js c.js``, from
the site's root), and no other page loads it.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
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


def switch_off_thebe(app: Sphinx, config: Config) -> None:
    """Disconnect sphinx-thebe from the build."""
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if listener.handler.__module__ == "sphinx_thebe":
                app.disconnect(listener.id)


def add_own_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Load the scripts that a page's front matter names, on this page alone."""
    for script in (context.get("meta") or {}).get("scripts", "").split():
        app.add_js_file(f"../{script}", loading_method="defer")


def trim_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Drop what is repeated or unused from the head, and reword the body."""
    seen: set[str] = set()
    kept = []
    for script in context["script_files"]:
        key = repr((getattr(script, "filename", script), getattr(script, "attributes", None)))
        if key not in seen and getattr(script, "attributes", {}).get("type") != WIDGET_STATE:
            kept.append(script)
        seen.add(key)
    context["script_files"] = kept
    context["css_files"] = [
        c for c in context["css_files"] if "sphinx-thebe" not in str(c.filename)
    ]
    for theirs, ours in REWORDED.items():
        context["body"] = context.get("body", "").replace(theirs, ours)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", switch_off_thebe, priority=1)
    app.connect("html-page-context", add_own_scripts)
    app.connect("html-page-context", trim_page, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
