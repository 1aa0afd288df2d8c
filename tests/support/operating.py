"""Operate a live figure of the built site as a reader does who has a keyboard and no mouse."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Route

from interpbook import Classifier
from interpbook.widgets import bundle
from interpbook.widgets.weights import read_page_weights
from support.visiting import SITE, Visit, violations

HOSTILE = "<img src=x onerror=\"document.title='gone'\"> a good <b>film</b> &amp; <i>x</i>"
FOCUSABLE = "button, input, select, textarea, [tabindex='0']"


def carried(name: str) -> Classifier:
    """Return the classifier that the built page carries."""
    script = (SITE / "live" / f"{name}.js").read_text("ascii")
    return read_page_weights(b64decode(json.loads(script.split("=", 2)[-1].rstrip("; \n"))))


def serve_modules(page: Page, address: str) -> str:
    """Serve the modules that the site's script is joined from, as written; return their address."""
    folder = f"{address}modules/"

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(folder)
        route.fulfill(path=bundle.MODULES / name, content_type="text/javascript")

    page.route(f"{folder}**", answer)
    return folder


def press(page: Page, *keys: str) -> None:
    """Press keys one after the other."""
    for key in keys:
        page.keyboard.press(key)


class Operator:
    """One figure on one page, ready, and the hands on the keyboard."""

    def __init__(
        self, browser: Browser, address: str, name: str, element: str, number: int = 0
    ) -> None:
        self.context = browser.new_context()
        self.visit = Visit(self.context.new_page(), address, name)
        self.page = self.visit.page
        self.figure = self.page.locator(element).nth(number)
        self.figure.scroll_into_view_if_needed()
        self.page.wait_for_function(
            "figure => figure.dataset.state === 'ready'", arg=self.figure.element_handle()
        )

    @property
    def result(self) -> dict[str, Any]:
        """What the figure has published last."""
        return self.figure.evaluate("figure => figure.result")

    @property
    def status(self) -> str:
        """What a screen reader is told."""
        return " ".join(self.figure.get_by_role("status").all_inner_texts())

    def tab_to(self, control: Locator) -> Locator:
        """Press Tab from the figure's first control on, until this one has the focus."""
        self.figure.locator(FOCUSABLE).first.focus()
        for _ in range(60):
            if control.evaluate("node => node === document.activeElement"):
                return control
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {control}")

    def write(self, text: str, name: str | None = None) -> None:
        """Write into the figure's text box."""
        self.tab_to(self.figure.get_by_role("textbox", name=name))
        self.page.keyboard.press("Control+A")
        self.page.keyboard.press("Delete")
        if text:
            self.page.keyboard.insert_text(text)

    def choose(self, name: str, value: str) -> None:
        """Choose from a list by its arrow keys."""
        box = self.tab_to(self.figure.get_by_role("combobox", name=name))
        self.page.keyboard.press("Home")
        for _ in range(box.locator("option").count()):
            if box.input_value() == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{name!r} does not offer {value!r}")

    def press(self, name: str, key: str = "Enter") -> None:
        """Press a button."""
        self.tab_to(self.figure.get_by_role("button", name=name, exact=True))
        self.page.keyboard.press(key)

    def slide(self, name: str, value: float) -> None:
        """Move a slider to a value, in its own steps."""
        handle = self.tab_to(self.figure.get_by_role("slider", name=name))
        goal = handle.evaluate("(node, value) => Math.round((value - node.min) / node.step)", value)
        at = handle.evaluate("node => Math.round((node.value - node.min) / node.step)")
        for _ in range(abs(goal - at)):
            self.page.keyboard.press("ArrowRight" if goal > at else "ArrowLeft")

    def wait_for(self, name: str, value: object) -> None:
        """Wait until the result says so: a model that the page has to load first takes a moment."""
        self.page.wait_for_function(
            "([figure, name, value]) => figure.result[name] === value",
            arg=[self.figure.element_handle(), name, value],
        )

    def close(self) -> None:
        """End the visit: nothing was asked of strangers, and nothing complained about."""
        found = violations(self.page)
        assert not found, found
        assert not self.visit.foreign, self.visit.foreign
        assert not self.visit.complaints, self.visit.complaints
        assert self.page.title() != "gone"
        self.context.close()
