"""The frame around a page: what a link to it shows elsewhere, and the buttons above it.

Every page says in its head where it lives, what it is about and which picture stands for it. The
welcome page tells in a line what each page is about; that line is the description.
"""

from __future__ import annotations

import functools
import re
from html import escape, unescape
from itertools import chain
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

from addresses import published, repository, site_name

CARD = "social-card.png"
CARD_ALT = (
    "Inside the Text CNN. In a sentence about a film the word thin is marked against the answer, "
    "the word superb for it."
)
# Pages that the welcome page's list leaves out.
DESCRIPTIONS = {
    "intro": "An executable book on how convolutional networks classify text, and how to read what "
    "they do: exact scores for words and n-grams, hidden units, attacks.",
    "api": "Every function and class of interpbook, the tested package behind the book.",
    "references": "The papers, books and corpora that the book cites.",
    "genindex": "Every function, class and module of the book's package, in alphabetical order.",
    "search": "Find a word in the book's chapters and in its package.",
}


def set_base_address(app: Sphinx, config: Config) -> None:
    """Tell Sphinx where the site is published; it then writes canonical links."""
    config.html_baseurl = config.html_baseurl or published(repository(config))


def plain(text: str) -> str:
    r"""Write a line with formulas as plain text.

    >>> plain(r"The matrix  \mathbf{B}: what it says.")
    'The matrix B: what it says.'
    """
    return " ".join(re.sub(r"\\[a-z]+\{([^}]*)\}", r"\1", text).split())


@functools.cache
def descriptions(app: Sphinx) -> dict[str, str]:
    """Read off the lists of the welcome page and of the package's page what each page is about."""
    found = dict(DESCRIPTIONS)
    lists = [app.config.root_doc, *({"api"} & app.env.found_docs)]
    for item in chain.from_iterable(
        app.env.get_doctree(page).findall(nodes.definition_list_item) for page in lists
    ):
        link = next(item.findall(addnodes.pending_xref), None)
        if link is not None and link["reftype"] == "doc":
            found[link["reftarget"]] = plain(item[-1].astext())
    return found


def describe(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Write into a page's head what other sites show where they link to it."""
    front_door = page == "index"  # it leads to the welcome page, and links name it
    about = descriptions(app).get(app.config.root_doc if front_door else page)
    if about is None:
        if doctree is not None:
            message = "%s: the welcome page's list, which describes each page, leaves it out"
            logging.getLogger(__name__).warning(message, page)
        return
    site = app.config.html_baseurl
    title = unescape(re.sub(r"<[^>]+>", "", context.get("title", "")))
    tags = {
        "og:type": "website",
        "og:site_name": app.config.html_title,
        "og:title": title,
        "og:description": about,
        "og:url": site if front_door else site + app.builder.get_target_uri(page),
        "og:image": site + CARD,
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": CARD_ALT,
    }
    lines = [f'<meta property="{name}" content="{escape(text)}" />' for name, text in tags.items()]
    lines += [
        f'<meta name="description" content="{escape(about)}" />',
        '<meta name="twitter:card" content="summary_large_image" />',
    ]
    context["metatags"] = "\n".join([context.get("metatags", ""), *lines, ""])


def mend_search(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Load on the page of results what the theme's search needs besides."""
    if page == "search":
        app.add_js_file("../scripts/search.js", loading_method="defer")


def offer(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Offer the whole book for download, and to launch only what Binder and Colab can run."""
    archive = context["pathto"](f"{site_name(app.config)}.zip", 1)
    source = str(context.get("page_source_suffix") or "")
    kept = []
    for group in context.get("header_buttons", []):
        if group.get("label") == "launch-buttons" and source != ".ipynb":
            continue
        if group.get("label") == "download-buttons":
            button = {
                "type": "link",
                "url": archive,
                "text": "Whole book (.zip)",
                "tooltip": "Download the book, to read it without a network",
                "icon": "fas fa-file-zipper",
                "label": "download-book-button",
            }
            group["buttons"].append(button)
        kept.append(group)
    context["header_buttons"] = kept
    context["theme_extra_footer"] = (
        f'<a class="book-archive" href="{archive}">Download the book</a> to read it offline: '
        "unpack it and open <code>index.html</code>."
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx, after the theme has made its buttons."""
    app.connect("config-inited", set_base_address)
    app.connect("html-page-context", describe)
    app.connect("html-page-context", mend_search)
    app.connect("html-page-context", offer, priority=850)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
