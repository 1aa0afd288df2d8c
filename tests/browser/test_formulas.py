"""The formulas as screen readers have them: valid MathML, which Firefox checks too.

Whether each page's formulas are valid is for test_site to say; here are those that were not.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from support.visiting import INVALID_MATHML, Visit

# TeX in which a name stands where MathML counts children, or inside another name.
NASTY = [
    r"u_{\max}",
    r"u_{\max}^{\text{new}}",
    r"\frac{\max}{\min}",
    r"\sqrt[\max]{2}",
    r"\overline{\max} \underbrace{\log}_{\ln}",
    r"{\max}_x",
    r"\underset{x}{\max} y",
    r"x^{\operatorname{rank}}_{\operatorname*{arg\,max}}",
    r"\operatorname{GL_2}(n)",
    r"a \bmod b_{\bmod}",
    r"x_{\color{red}\max}",
    r"\begin{cases} \max & x_{\min} \\ 1 & 2 \end{cases}",
]
MADE = """<!doctype html><html lang="en"><title>t</title><body>{formulas}
<script src="katex/katex.min.js"></script><script src="katex/auto-render.min.js"></script>
<script src="scripts/formulas.js"></script></body></html>"""


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


def test_a_name_may_stand_anywhere_in_a_formula(context, address):
    page = context.new_page()
    formulas = "".join(rf'<p class="math">\({tex}\)</p>' for tex in NASTY)
    page.route(
        "**/made.html",
        lambda route: route.fulfill(
            body=MADE.replace("{formulas}", formulas), content_type="text/html"
        ),
    )
    visit = Visit(page, address, "made.html")
    assert page.locator("math").count() == len(NASTY)
    assert page.locator(".katex-error").count() == 0
    assert page.evaluate(INVALID_MATHML) == []
    spoken = page.locator("math > semantics > :first-child").first
    assert spoken.evaluate('row => row.outerHTML.replace(/ xmlns="[^"]*"/g, \'\')') == (
        "<mrow><msub><mi>u</mi><mrow><mi>max</mi><mo>\u2061</mo></mrow></msub></mrow>"
    )
    assert visit.complaints == []
    page.close()


@pytest.mark.parametrize(
    "broken",
    [
        "<msub><mi>u</mi><mi>max</mi><mo>\u2061</mo></msub>",
        "<mfrac><mn>1</mn></mfrac>",
        "<mo><mrow><mi>x</mi></mrow></mo>",
        "<mtable><mtd><mn>1</mn></mtd></mtable>",
        "<mrow>x</mrow>",
    ],
)
def test_the_check_sees_what_is_invalid(context, broken):
    page = context.new_page()
    page.set_content(f"<math><mrow>{broken}</mrow></math>")
    assert len(page.evaluate(INVALID_MATHML)) >= 1
    page.close()
