"""Draw the picture that stands for the book where another site links to it.

`python tools/social_card.py` photographs a small page, set in the book's type and colours, into
``book/extra/social-card.png`` (1200 x 630, the size that Open Graph asks for). Run it when title or
look change.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from base64 import b64encode
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

BOOK = Path(__file__).resolve().parents[1] / "book"
CARD = BOOK / "extra" / "social-card.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SIZE = {"width": 1200, "height": 630}

# A sentence of the welcome page: word, colour of its score, the score where it is large.
BLUE, ORANGE, PLAIN = "#3d86c6", "#d97a1e", "transparent"
WORDS = (
    ("The", PLAIN, ""),
    ("plot", PLAIN, ""),
    ("is", PLAIN, ""),
    ("thin,", ORANGE, "−"),
    ("but", PLAIN, ""),
    ("the", PLAIN, ""),
    ("acting", PLAIN, ""),
    ("is", PLAIN, ""),
    ("superb.", BLUE, "+"),
)
PAGE = """<!doctype html><meta charset="utf-8"><style>
@font-face {{ font-family: Book; src: url({serif}) }}
@font-face {{ font-family: Frame; src: url({sans}); font-weight: 200 900 }}
body {{ margin: 0; width: 1200px; height: 630px; box-sizing: border-box; padding: 64px 80px;
  background: #fff; color: #1d2430; border-top: 14px solid #3d86c6; font-family: Book;
  display: flex; flex-direction: column; justify-content: space-between }}
header {{ display: flex; align-items: center; gap: 40px }}
header svg {{ width: 250px; margin-left: -12px }}
h1 {{ margin: 0; font: 650 84px/1.05 Frame; letter-spacing: -0.015em }}
.words {{ font-size: 46px; white-space: nowrap }}
.words span {{ display: inline-block; padding: 2px 7px 6px; border-bottom: 7px solid var(--score);
  position: relative }}
.words b {{ position: absolute; left: 0; right: 0; top: -46px; text-align: center;
  font: 650 46px Frame; color: var(--score) }}
p {{ margin: 0; font: 36px/1.35 Frame; color: #545d6c }}
</style><header>{logo}<h1>Inside the<br>Text CNN</h1></header>
<div class="words">{words}</div>
<p>How a convolutional network reads a text, and how to<br>
read the network. An executable book, with live models.</p>"""


def embedded(font: str) -> str:
    """Return a font of the book as a data address."""
    data = (BOOK / "vendor" / "fonts" / font).read_bytes()
    return f"data:font/woff2;base64,{b64encode(data).decode()}"


def main() -> int:
    """Write the card."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        print(f"Found no browser (looked for {', '.join(BROWSERS)}).", file=sys.stderr)
        return 1
    words = (
        f'<span style="--score: {colour}">{word}<b>{sign}</b></span>'
        for word, colour, sign in WORDS
    )
    page = PAGE.format(
        serif=embedded("source-serif-4-latin-400-normal.woff2"),
        sans=embedded("source-sans-3-latin-wght-normal.woff2"),
        logo=(BOOK / "logo.svg").read_text("utf-8"),
        words=" ".join(words),
    )
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "card.png"
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        tab = browser.new_page(viewport=SIZE)
        tab.set_content(page)
        tab.evaluate("document.fonts.ready.then(() => true)")
        tab.screenshot(path=shot)
        browser.close()
        few = Image.open(shot).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    few.save(CARD, optimize=True)
    print(f"wrote {CARD.name}: {CARD.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
