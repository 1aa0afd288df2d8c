"""The formulas as screen readers have them: valid MathML, which Firefox checks too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from support.visiting import Visit, pages

INVALID = """() => {
    const children = {
        mfrac: 2, mroot: 2, msub: 2, msup: 2, msubsup: 3, munder: 2, mover: 2, munderover: 3,
        semantics: 2,
    };
    const holds = {mtable: ["mtr", "mlabeledtr"], mtr: ["mtd"], mlabeledtr: ["mtd"]};
    return [...document.querySelectorAll("math, math *")].filter(node => {
        const name = node.localName, inside = [...node.children].map(child => child.localName);
        const isText = /^(mi|mn|mo|mtext|ms|annotation)$/.test(name);
        const texts = [...node.childNodes].filter(one => one.nodeType === 3);
        return (isText ? inside.length > 0 : texts.some(text => text.data.trim()))
            || (name in children && inside.length !== children[name])
            || (name in holds && inside.some(child => !holds[name].includes(child)))
            || (name === "mtr" && node.parentNode.localName !== "mtable")
            || (name === "mtd" && !/^m(labeled)?tr$/.test(node.parentNode.localName))
            || (name === "math" && node.parentNode.closest("math"));
    }).map(node => node.outerHTML);
}"""

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


@pytest.mark.parametrize("name", pages())
def test_every_formula_is_valid(context, address, name):
    page = Visit(context.new_page(), address, name).page
    assert page.evaluate(INVALID) == []
    page.close()


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
    assert page.evaluate(INVALID) == []
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
    assert len(page.evaluate(INVALID)) >= 1
    page.close()
