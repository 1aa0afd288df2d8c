"""Read the HTML of the records as a browser would."""

from __future__ import annotations

from html.parser import HTMLParser

ELEMENTS = set("style div p span strong ruby rt table thead tbody tr th td".split())
ATTRIBUTES = {"class", "style", "title", "dir", "scope", "tabindex", "role", "aria-label"}


class Reader(HTMLParser):
    """Reads HTML as a browser does: elements, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.pieces: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, "elements are closed in order"

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data):
        self.pieces.append((self.open[-1] if self.open else "", data))

    @property
    def text(self) -> str:
        return "".join(data for tag, data in self.pieces if tag != "style")

    @property
    def text_without_numbers(self) -> str:
        return "".join(data for tag, data in self.pieces if tag not in ("style", "rt"))


def assert_harmless(html: str) -> None:
    reader = Reader(html)
    assert set(reader.elements) <= ELEMENTS
    assert {name for name, _ in reader.attributes} <= ATTRIBUTES
    assert not reader.open
