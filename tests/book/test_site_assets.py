"""What the build does to the site's files: lighter styles, icons and figures, and an archive."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from PIL import Image

import addresses
import archive
import lean_assets
import lean_pages

STYLE = """/* a comment */ /*! a licence */
@import url("x.css");
@font-face{font-family:F;src:url(f.woff2)}
:root{--icon:"\\f0c9"}
.here,.gone{color:red}
.here:not(.gone) > .there:is(.gone,.here){color:blue}
#gone .here{color:green}
.sm\\:here{top:0}
.bs-tooltip-auto .here{top:1px}
a[href$=".gone"]{top:2px}
@media print{.gone{top:3px}.here{top:4px}}
@supports (top:0){.gone{top:5px}}
@keyframes turn{from{top:0}to{top:1px}}
"""


def test_a_style_keeps_the_rules_that_a_page_may_meet():
    lean = lean_assets.lean_style(STYLE, {"here", "there", "sm", "sm:here"})
    for kept in (
        "/*! a licence */",
        '@import url("x.css");',
        "@font-face{font-family:F;src:url(f.woff2)}",
        ':root{--icon:"\uf0c9"}',  # an escape becomes the letter
        ".here{color:red}",
        ".here:not(.gone) > .there:is(.gone,.here){color:blue}",
        ".sm\\:here{top:0}",
        ".bs-tooltip-auto .here{top:1px}",
        'a[href$=".gone"]{top:2px}',
        "@media print{.here{top:4px}}",
        "@keyframes turn{from{top:0}to{top:1px}}",
    ):
        assert kept in lean
    assert (
        "comment" not in lean
        and "green" not in lean
        and "3px" not in lean
        and "@supports" not in lean
    )
    assert lean_assets.lean_style(lean, {"here", "there", "sm:here"}) == lean


def test_icons_are_found_in_lean_styles():
    style = lean_assets.lean_style('a{content:"\\f135"} b{--icon:"\uf0c9"} c{content:"é"}', set())
    assert lean_assets.icons_in([style, "d{top:0}"]) == {0xF135, 0xF0C9}


def test_a_font_keeps_what_is_asked_for(tmp_path):
    path = tmp_path / "font.woff2"
    with TTFont(font_manager.findfont("DejaVu Sans")) as font:
        font.flavor = "woff2"
        font.save(path)
    before = path.stat().st_size
    for icons in ({ord("a"), ord("b"), 0xF8FF}, {ord("a"), ord("b")}):
        lean_assets.lean_font(path, icons)
        with TTFont(path) as font:
            assert set(font.getBestCmap()) == {ord("a"), ord("b")}
        assert path.stat().st_size < before / 20


def test_a_figure_keeps_its_look(tmp_path):
    """White stays white, nothing moves far, and a second pass changes nothing."""
    rows, columns = np.mgrid[0:200, 0:300]
    pixels = np.stack([rows, columns * 255 // 299, 255 - rows, np.full_like(rows, 255)], axis=-1)
    pixels = pixels.astype(np.uint8)
    pixels[:20] = 255
    pixels[20:40, :, 3] = 0  # clear: the sheet shows
    path = tmp_path / "figure.png"
    Image.fromarray(pixels, "RGBA").save(path, compress_level=0)
    before = path.stat().st_size
    lean_assets.lean_figure(path)
    drawn = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert (drawn[:40] == 255).all()
    assert np.abs(drawn[40:] - pixels[40:, :, :3]).max() <= 48
    once = path.read_bytes()
    assert len(once) < before
    lean_assets.lean_figure(path)
    assert path.read_bytes() == once


def test_a_hidden_icon_is_not_hidden_twice():
    page = '<i class="fas fa-list"></i><span class="fa-solid fa-x"></span><i class="word"></i>'
    hushed = lean_assets.hush_icons(page)
    assert hushed.count('aria-hidden="true"') == 2
    assert lean_assets.hush_icons(hushed) == hushed


@pytest.mark.parametrize(
    ("file", "body", "expected"),
    [
        ("copybutton.js", '<div class="highlight-x">', True),
        ("copybutton.js", "<p>words</p>", False),
        ("design-tabs.js", '<div class="sd-card">', True),
        ("design-tabs.js", '<div class="highlight">', False),
        ("book.css", "", True),
    ],
)
def test_a_page_loads_what_it_needs(file, body, expected):
    assert lean_pages.needed(file, body) is expected


def test_the_head_loses_icons_and_search_index_alone():
    head = (
        '<script defer src="../_static/scripts/fontawesome.js?digest=1"></script>'
        '<script src="../searchindex.js"></script><script src="../_static/doctools.js"></script>'
    )
    assert lean_pages.lean_head(head) == '<script src="../_static/doctools.js"></script>'


def built(folder: Path, order: list[str]) -> Path:
    for name in order:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"the page {name}\n", "utf-8")
    return folder


def test_the_same_site_gives_the_same_archive(tmp_path):
    names = ["index.html", "chapters/a.html", "_static/b.css", ".buildinfo"]
    first = built(tmp_path / "first", names)
    second = built(tmp_path / "second", names[::-1])
    for path in second.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        if path.is_file():
            path.chmod(0o600)
    packed = archive.write_archive(first, "the-book").read_bytes()
    assert archive.write_archive(second, "the-book").read_bytes() == packed
    assert archive.write_archive(first, "the-book").read_bytes() == packed, "it holds itself"
    assert not list(first.glob("*.part"))


def test_one_address_makes_the_others():
    assert addresses.published("https://github.com/Some-One/a.book") == (
        "https://some-one.github.io/a.book/"
    )
