"""Let a page run and load what belongs to the book, and nothing else.

Each page carries a content security policy: what it loads comes from the site, and of the scripts
that stand in it those run whose hashes it names, which are the ones that the build wrote. Style may
stand in a page, because formulas, scores and figures carry their sizes and colours with them. A
policy knows no handler that stands in a tag: what the theme's buttons do is told in ``data-press``,
and ``reading.js`` does it. A link that opens a window of its own gives that window no hold on the
page.

A page that a step has been over passes through it unchanged.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

# A page from a folder has no host that browsers agree on: to some, "self" is none of its files.
OURS = "'self' file:"
POLICY = {
    "default-src": "'none'",
    "script-src": OURS,
    "style-src": f"{OURS} 'unsafe-inline'",
    "img-src": f"{OURS} data:",
    "font-src": OURS,
    "connect-src": OURS,
    "form-action": OURS,
    "base-uri": OURS,  # the page for an unknown address sets where its links begin
}
MARK = '<meta http-equiv="Content-Security-Policy"'
WRITTEN = re.compile(rf"{re.escape(MARK)}[^>]*>\n?")
CHARSET = re.compile(r'<meta charset="[^"]*" ?/?>\n?')
SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.S)
DATA = re.compile(r'type="application/(?!javascript)')
TAG = re.compile(r"<[a-z][^<>]*>")
PRESS = re.compile(r'\bonclick="([\w.]+)\(\)"')
HANDLER = re.compile(r"""\son[a-z]+=["']""")
WINDOW = re.compile(r'<a\b(?=[^>]*\btarget="_blank")(?![^>]*\brel=)')


def hashes(page: str) -> list[str]:
    """Return the hashes of the scripts that stand in a page, sorted; data is no script.

    >>> hashes('<script type="application/json">1</script>')
    []
    """
    bodies = {body for attributes, body in SCRIPT.findall(page) if not DATA.search(attributes)}
    digests = (sha256(body.encode()).digest() for body in bodies)
    return sorted(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)


def guard(page: str) -> str:
    """Return a page with its policy, first in its head, and without what the policy forbids.

    >>> guard('<a target="_blank" href="b">b</a><button onclick="window.print()">')
    '<a rel="noopener" target="_blank" href="b">b</a><button data-press="window.print">'
    """
    page = WRITTEN.sub("", page)
    page = TAG.sub(lambda tag: PRESS.sub(r'data-press="\1"', tag[0]), page)
    page = WINDOW.sub('<a rel="noopener"', page)
    allowed = {**POLICY, "script-src": " ".join([POLICY["script-src"], *hashes(page)])}
    policy = "; ".join(f"{name} {sources}" for name, sources in allowed.items())
    meta = f'{MARK} content="{escape(policy).replace("&#x27;", chr(39))}" />\n'
    return CHARSET.sub(lambda charset: charset[0] + meta, page, count=1)


def handlers(page: str) -> list[str]:
    """Return the tags of a page that carry a handler, which its policy keeps from running.

    >>> handlers('<p onclick="f(1)">a</p>')
    ['<p onclick="f(1)">']
    """
    return [tag for tag in TAG.findall(SCRIPT.sub("", page)) if HANDLER.search(tag)]


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Guard the pages that Sphinx wrote; templates among the static files are no pages."""
    if exception is not None or app.builder.name != "html":
        return
    site = Path(app.outdir)
    for path in site.rglob("*.html"):
        if "_static" in path.relative_to(site).parts:
            continue
        page = guard(path.read_text("utf-8"))
        path.write_text(page, "utf-8")
        for tag in handlers(page):
            message = "%s: the page's policy keeps this handler from running: %s"
            logging.getLogger(__name__).warning(message, path.name, tag)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx: after all that changes pages, before the archive of the site."""
    app.connect("build-finished", finish, priority=850)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
