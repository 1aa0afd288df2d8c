"""Two pages that no source stands for: the one for an unknown address, and the site's front door.

GitHub answers an unknown address below the site, at any depth, with the site's ``404.html``. Its
links can't be relative to that address; and the site may stand below a path of its host (GitHub
Pages) or at the host's root, so they can't be absolute either. Thus the page carries its style in
itself, and a script sets the address that its links start from. (sphinx-notfound-page writes one
fixed prefix into the links: it serves one of the two places.)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from sphinx import addnodes
from sphinx.application import Sphinx

Page = tuple[str, dict[str, Any], str]


def contents(app: Sphinx) -> list[tuple[str, list[tuple[str, str]]]]:
    """List the parts of the book, and the address and title of each page in them."""
    trees = app.env.get_doctree(app.config.root_doc).findall(addnodes.toctree)
    return [
        (
            tree.get("caption") or "",
            [
                (app.builder.get_target_uri(page), app.env.titles[page].astext())
                for _, page in tree["entries"]
            ],
        )
        for tree in trees
    ]


def collect(app: Sphinx) -> Iterator[Page]:
    """Hand Sphinx the two pages to write."""
    source = Path(app.srcdir)
    style = (source / "_static" / "book.css").read_text("utf-8").replace("../fonts/", "fonts/")
    yield (
        "404",
        {
            "title": "Page not found",
            "book": app.config.html_title,
            "style": style,
            "logo_drawing": (source / app.config.html_logo).read_text("utf-8"),
            "site_path": urlparse(app.config.html_baseurl).path,
            "front": app.builder.get_target_uri(app.config.root_doc),
            "parts": contents(app),
        },
        "404.html",
    )
    front = app.builder.get_target_uri(app.config.root_doc)
    yield "index", {"title": app.config.html_title, "front": front}, "front_door.html"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-collect-pages", collect)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
