"""Make what the pages load lighter, once all of them are written.

- A style rule styles nothing if no page and no script says the name of a class or id that it asks
  for: the theme's style sheets lose most of their weight.
- Font Awesome's fonts keep the icons that the style sheets still name.
- An icon is drawn beside a name; who hears the page hears the name alone.
- A figure keeps 256 colours, which is more than a plot has: a quarter of the bytes.

A file that a step has been over passes through it unchanged, so a second build changes nothing.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import tinycss2
from fontTools import subset
from PIL import Image
from sphinx.application import Sphinx

NAME = re.compile(r"[A-Za-z_][\w-]*")
# `.name` and `#name` in a selector. What brackets hold is an alternative, a denial or a value.
ASKED = re.compile(r"[.#]((?:\\.|[\w-])+)")
BRACKETS = re.compile(r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|\[[^\]]*\]")
# Names that Bootstrap's script puts together from parts.
BUILT = re.compile(r"bs-(tooltip|popover)-")
NESTS = ("media", "supports", "layer", "container")

# Font Awesome's icons live where Unicode leaves room for private use.
PRIVATE = range(0xE000, 0xF900)
ICON_FONTS = "vendor/fontawesome/webfonts/*.woff2"

ICON = re.compile(r'<(i|span)(?= class="[^"]*\bfa-[\w-])(?![^>]*aria-hidden)')

# Copied by the theme, loaded by no page: icons as a script, and what only a debugger asks for.
UNUSED = (
    "scripts/fontawesome.js",
    "**/*.map",
    "vendor/fontawesome/webfonts/*.ttf",
    "locales/**/*",
)
COLOURS = 256

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports each table that it prunes


def names_in(files: Iterable[Path]) -> set[str]:
    """Return every word that pages and scripts say, classes and ids among them."""
    return {name for file in files for name in NAME.findall(file.read_text("utf-8"))}


def reached(selector: str, names: set[str]) -> bool:
    """Say whether a page may hold what a selector asks for.

    >>> reached(".a .b:not(.c)", {"a", "b"}), reached(".a > .d", {"a", "b"})
    (True, False)
    """
    asked = (name.replace("\\", "") for name in ASKED.findall(BRACKETS.sub("", selector)))
    return all(name in names or BUILT.match(name) for name in asked)


def split_selectors(prelude: Iterable[tinycss2.ast.Node]) -> list[str]:
    """Split ``a, b:is(c, d)`` at the commas that stand outside of brackets."""
    groups: list[list[tinycss2.ast.Node]] = [[]]
    for token in prelude:
        if token == ",":
            groups.append([])
        else:
            groups[-1].append(token)
    return [tinycss2.serialize(group).strip() for group in groups]


def is_licence(node: tinycss2.ast.Node) -> bool:
    """Say whether this is a comment that has to stay: by custom it begins with ``!``."""
    return node.type == "comment" and node.value.startswith("!")


def kept_rules(rules: Iterable[tinycss2.ast.Node], names: set[str]) -> Iterator[str]:
    """Write out the rules that may style something."""
    for rule in rules:
        if rule.type == "qualified-rule":
            kept = [one for one in split_selectors(rule.prelude) if reached(one, names)]
            if kept:
                yield f"{','.join(kept)}{{{tinycss2.serialize(rule.content).strip()}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword in NESTS and rule.content:
            nested = tinycss2.parse_rule_list(rule.content)
            if inner := "".join(kept_rules(nested, names)):
                prelude = tinycss2.serialize(rule.prelude).strip()
                yield f"@{rule.at_keyword} {prelude}{{{inner}}}\n"
        elif rule.type == "at-rule" or is_licence(rule):
            yield rule.serialize()


def lean_style(text: str, names: set[str]) -> str:
    """Return a style sheet without the rules that style nothing.

    >>> lean_style("a{top:0} .x,.y{top:1px} @media print{.y{top:0}} .x:is(.y,.z){top:0}", {"x"})
    'a{top:0}.x{top:1px}.x:is(.y,.z){top:0}'
    """
    return "".join(kept_rules(tinycss2.parse_stylesheet(text), names))


def icons_in(styles: Iterable[str]) -> set[int]:
    """Return the code points of the icons that lean style sheets, where none is escaped, name."""
    return {ord(letter) for style in styles for letter in style if ord(letter) in PRIVATE}


def lean_font(path: Path, icons: set[int]) -> None:
    """Keep the glyphs of these icons in a font."""
    options = subset.Options(flavor="woff2", layout_features=[], hinting=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=icons)
    written = io.BytesIO()
    with subset.load_font(str(path), options) as font:
        subsetter.subset(font)
        font.flavor = "woff2"
        font.save(written)
    path.write_bytes(written.getvalue())


def hush_icons(page: str) -> str:
    """Hide from screen readers the letters that stand for icons.

    >>> hush_icons('<i class="fas fa-list"></i>')
    '<i aria-hidden="true" class="fas fa-list"></i>'
    """
    return ICON.sub(r'<\1 aria-hidden="true"', page)


def lean_figure(path: Path) -> None:
    """Draw a figure with 256 colours on white, the sheet that both themes lay it on."""
    with Image.open(path) as figure:
        if figure.mode == "P":
            return
        drawn = figure.convert("RGBA")
    sheet = Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("RGB")
    few = sheet.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    written = io.BytesIO()
    few.save(written, "PNG", optimize=True)
    if written.tell() < path.stat().st_size:
        path.write_bytes(written.getvalue())


def lighten(site: Path) -> None:
    """Go over the static files of a site that is written."""
    static = site / "_static"
    for pattern in UNUSED:
        for path in static.glob(pattern):
            if path.is_file():
                path.unlink()
    scripts = (path for path in site.rglob("*.js") if path.parent.name not in ("katex", "live"))
    names = names_in([*site.rglob("*.html"), *scripts])
    styles = {}
    for path in sorted(static.rglob("*.css")):
        styles[path] = lean_style(path.read_text("utf-8"), names)
        path.write_text(styles[path], "utf-8")
    icons = icons_in(styles.values())
    for path in static.glob(ICON_FONTS):
        lean_font(path, icons)
    for path in site.rglob("*.html"):
        path.write_text(hush_icons(path.read_text("utf-8")), "utf-8")
    for path in (site / "_images").glob("*.png"):
        lean_figure(path)


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Lighten the site that Sphinx wrote."""
    if exception is None and app.builder.name == "html":
        lighten(Path(app.outdir))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx; the archive of the site comes later."""
    app.connect("build-finished", finish, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
