"""Give the site's live figures what they load: a script, a style sheet, and the models' weights.

A page that holds a ``<textcnn-...>`` element gets script and style; no other page does. The weights
are scripts too, because a browser that shows a page from a local folder loads nothing else. The
page names the checksum of each model's weights: by it the script asks for this version, and knows
whether it came.
"""

from __future__ import annotations

import functools
import json
import re
import zlib
from base64 import b64encode
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from interpbook.widgets.bundle import page_script, style
from interpbook.widgets.weights import PAGE_MODELS, page_weights

FOLDER = "live"
ELEMENT = re.compile(r"<textcnn-[a-z]")


@functools.cache
def weights(name: str) -> bytes:
    """Return a model's weights as the page carries them, made once a build."""
    return page_weights(name)


def checksum(name: str) -> str:
    """Return the CRC-32 of a model's weights, which ``models.js`` computes again."""
    return f"{zlib.crc32(weights(name)):08x}"


def add_to_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Load script and style where a live figure stands."""
    if ELEMENT.search(context.get("body", "")):
        checksums = {name: checksum(name) for name in PAGE_MODELS}
        app.add_js_file(
            f"../{FOLDER}/live.js",
            loading_method="defer",
            **{"data-weights": json.dumps(checksums, separators=(",", ":"))},
        )
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
        text = b64encode(weights(name)).decode()
        script = f'(globalThis.textcnnWeights ??= {{}})["{name}"] = "{text}";\n'
        (folder / f"{name}.js").write_text(script, "ascii")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", add_to_page)
    app.connect("builder-inited", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
