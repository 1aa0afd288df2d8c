"""Controls above a picture that Python redraws: for notebooks with a kernel."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from html import escape
from io import BytesIO
from typing import Any

import ipywidgets
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from interpbook._files import readable


class Knobs(ipywidgets.VBox):
    """Controls above a figure or a piece of HTML that is redrawn when one of them moves.

    Unlike ``ipywidgets.interact`` it prints as a fixed line of text, so that a notebook with it can
    be compared strictly, and a bad setting shows its sentence instead of a traceback.

    Parameters
    ----------
    draw : callable
        Takes the controls' values by name; returns a matplotlib figure, a record with
        ``_repr_html_``, or a string of HTML.
    **controls
        Widgets, or what ``ipywidgets.interactive`` turns into one: a list of options, a tuple
        (low, high) or (low, high, step), a bool, a string.

    Examples
    --------
    >>> from contextlib import redirect_stdout
    >>> with redirect_stdout(None):  # without a kernel, ipywidgets prints control codes
    ...     knobs = Knobs(lambda width, bold: f"<p>{width} {bold}</p>", width=(1, 5), bold=True)
    >>> knobs
    Knobs(width, bold)
    """

    def __init__(self, draw: Callable[..., Any], **controls: Any) -> None:
        self._draw = draw
        made = ipywidgets.interactive(lambda **_: None, **controls)
        self._controls = {child.description: child for child in made.children[:-1]}
        self._picture = ipywidgets.HTML()
        super().__init__(children=[*self._controls.values(), self._picture])
        for name, control in self._controls.items():
            control.description = name.replace("_", " ")
            control.style.description_width = "initial"
            control.layout.width = "min(36rem, 95%)"
            control.observe(self._redraw, "value")
        self._redraw()

    def _redraw(self, _: object = None) -> None:
        values = {name: control.value for name, control in self._controls.items()}
        settings = ", ".join(f"{name} {value}" for name, value in values.items())
        try:
            self._picture.value = _html(self._draw(**values), settings)
        except ValueError as error:
            self._picture.value = _html(error, settings)

    def __repr__(self) -> str:
        return f"Knobs({', '.join(self._controls)})"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "text/plain": repr(self)}


def _html(result: Any, settings: str) -> str:
    """Turn what a draw function returned into HTML; text that is not HTML is escaped."""
    if isinstance(result, Figure):
        buffer = BytesIO()
        result.savefig(buffer, format="png")
        plt.close(result)
        picture = b64encode(buffer.getvalue()).decode()
        return f'<img alt="Figure for {escape(settings)}" src="data:image/png;base64,{picture}">'
    if hasattr(result, "_repr_html_"):
        return result._repr_html_()
    return readable(result if isinstance(result, str) else f"<p>{escape(str(result))}</p>")
