"""Give the site's live figures what they load: a script, a style sheet, and the models' weights.

A page that holds a ``<textcnn-...>`` element gets script and style; no other page does. The weights
are scripts too, because a browser that shows a page from a local folder loads nothing else.
"""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from interpbook.widgets.bundle import page_script, style
from interpbook.widgets.weights import PAGE_MODELS, page_weights

FOLDER = "live"
ELEMENT = re.compile(r"<textcnn-[a-z]")


def add_to_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Load script and style where a live figure stands."""
    if ELEMENT.search(context.get("body", "")):
        app.add_js_file(f"../{FOLDER}/live.js", loading_method="defer")
        app.add_css_file(f"../{FOLDER}/live.css")


def write_files(app: Sphinx) -> None:
    """Write script, style sheet and models before the pages: Sphinx adds their hash to links."""
    if app.builder.name != "html":
        return
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "live.js").write_text(page_script(), "utf-8")
    (folder / "live.css").write_text(style(), "utf-8")
    for name in PAGE_MODELS:
        weights = b64encode(page_weights(name)).decode()
        script = f'(globalThis.textcnnWeights ??= {{}})["{name}"] = "{weights}";\n'
        (folder / f"{name}.js").write_text(script, "ascii")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", add_to_page)
    app.connect("builder-inited", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
