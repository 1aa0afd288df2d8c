"""Live figures: a custom element on a page, the same through anywidget in a notebook."""

from __future__ import annotations

import json
from html import escape
from typing import Any

import anywidget
import traitlets

from interpbook._files import readable
from interpbook.widgets.bundle import figure_names, notebook_module, style
from interpbook.widgets.weights import check_model, page_weights

_FALLBACK = (
    "A live figure stands here on the book's site, and in Jupyter once this cell has run with the "
    "interpbook package installed."
)


class Live(anywidget.AnyWidget):
    """A figure that the reader's browser computes, with or without a kernel.

    In Jupyter it is a widget, and ``result`` holds what the figure shows now. On the site the
    cell's output is a custom element, which loads the model by itself: no kernel is asked. It
    prints as a fixed line of text, so that a notebook with it can be compared strictly.

    Parameters
    ----------
    figure : str
        The element's name after ``textcnn-``, such as "explorer".
    data : optional
        What the figure shows besides a model's answers: anything that JSON holds.
    **attributes : str, number or bool
        The element's attributes: ``model``, ``text`` and what the figure takes besides.

    Raises
    ------
    ValueError
        If there is no such figure or model, an attribute's name is none, or ``data`` holds a
        number that is not finite.
    TypeError
        If ``data`` holds what JSON cannot.

    Examples
    --------
    >>> Live("explorer", model="reviews", text="A dull film")
    Live('explorer', model='reviews', text='A dull film')
    """

    _esm = notebook_module()
    _css = style()
    element = traitlets.Unicode().tag(sync=True)
    attributes = traitlets.Dict().tag(sync=True)
    data = traitlets.Any().tag(sync=True)
    result = traitlets.Dict().tag(sync=True)

    def __init__(self, figure: str, *, data: Any = None, **attributes: str | int | float) -> None:
        if figure not in figure_names():
            raise ValueError(f"live figures are {', '.join(figure_names())}, got {figure!r}")
        if "model" in attributes:
            check_model(attributes["model"])
        data = {} if data is None else data
        data = json.loads(_as_json(data))  # what JSON cannot hold stops here, not in a browser
        self._line = f"Live({', '.join([repr(figure), *_pairs(attributes)])})"
        super().__init__(element=f"textcnn-{figure}", attributes=_named(attributes), data=data)
        self.on_msg(self._send_weights)

    def _send_weights(self, _: object, content: dict[str, Any], buffers: object) -> None:
        """Answer a figure that asks for a model."""
        name = content.get("model", "")
        try:
            self.send({"model": name}, buffers=[page_weights(name)])
        except (OSError, ValueError) as error:
            self.send({"model": name, "error": str(error)})

    def __repr__(self) -> str:
        return self._line

    def _repr_html_(self) -> str:
        """Return the element for a page without a kernel."""
        attributes = "".join(
            f' {name}="{escape(value)}"' for name, value in self.attributes.items()
        )
        # In a script "<" could end the element; in JSON it can be written otherwise.
        data = _as_json(self.data).replace("<", "\\u003c")
        script = f'<script type="application/json">{data}</script>' if self.data else ""
        return f"<{self.element}{attributes}><p>{escape(_FALLBACK)}</p>{script}</{self.element}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "text/plain": repr(self), "text/html": self._repr_html_()}, metadata


class Explorer(Live):
    """Type a sentence and see A and B of a trained model: ``<textcnn-explorer>`` in a notebook.

    Attributes
    ----------
    result : dict
        What the figure computed last: ``text``, ``tokens`` (L words), ``logits`` (c),
        ``ngramScores`` (A, k by c), ``wordScores`` (B, l by c), ``model``, ``label`` and more.
        Observe it like any trait.

    Parameters
    ----------
    model : str
        "imdb", "ag_news", "mr", "reviews" or "headlines".
    text : str, optional
        The sentence to begin with; an example if left out.
    **attributes
        ``view`` ("local" or "global"), ``clip`` (lambda), ``models`` (names to choose from).

    Examples
    --------
    >>> Explorer("ag_news")
    Live('explorer', model='ag_news')
    """

    def __init__(
        self, model: str = "imdb", text: str = "", **attributes: str | int | float
    ) -> None:
        given = {"text": text} if text else {}
        super().__init__("explorer", model=model, **given, **attributes)


def _as_json(data: Any) -> str:
    return readable(json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def _named(attributes: dict[str, Any]) -> dict[str, str]:
    """Write attributes as HTML has them: a bool is there or not."""
    for name in attributes:
        if not name.isidentifier():
            raise ValueError(f"attributes are named like arguments of a function, got {name!r}")
    return {
        name.replace("_", "-"): "" if value is True else readable(str(value))
        for name, value in attributes.items()
        if value is not False
    }


def _pairs(attributes: dict[str, Any]) -> list[str]:
    return [f"{name}={value!r}" for name, value in attributes.items()]
