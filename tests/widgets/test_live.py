"""Live figures print as a fixed line, escape what they are given, and answer with weights."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from interpbook.widgets import Explorer, Live
from interpbook.widgets.bundle import figure_names, notebook_module, style
from interpbook.widgets.weights import page_weights

HARM = '"><img src=x onerror=alert(1)></script><script>alert(1)</script>&amp;\u2028'


class Reader(HTMLParser):
    """Reads an element as a browser does: its tags, its attributes, and the text of its script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.texts: dict[str, str] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= attrs

    def handle_data(self, data):
        self.texts[self.tags[-1]] = self.texts.get(self.tags[-1], "") + data


class Sent:
    """What a figure sends to the browser."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.messages: list[tuple[dict, list]] = []
        monkeypatch.setattr(Live, "send", self._send)

    def _send(self, content, buffers=()):
        self.messages.append((content, list(buffers)))


def test_prints_as_a_fixed_line():
    live = Live("explorer", model="reviews", text="A dull film", clip=2.5)
    line = "Live('explorer', model='reviews', text='A dull film', clip=2.5)"
    assert repr(live) == line
    bundle, _ = live._repr_mimebundle_()
    assert bundle["text/plain"] == line
    live.result = {"text": "another"}
    assert repr(live) == line
    long = Live("explorer", text="good " * 100)  # some widgets cut theirs
    assert long._repr_mimebundle_()[0]["text/plain"] == repr(long)
    assert "good " * 100 in repr(long)


def test_is_a_widget_an_element_and_a_line_at_once():
    bundle, _ = Explorer("reviews")._repr_mimebundle_()
    assert set(bundle) == {
        "application/vnd.jupyter.widget-view+json",
        "text/html",
        "text/plain",
    }
    assert bundle["text/html"].startswith('<textcnn-explorer model="reviews"><p>')
    assert bundle["text/html"].endswith("</p></textcnn-explorer>")
    assert "model_id" in bundle["application/vnd.jupyter.widget-view+json"]


def test_the_browser_gets_module_style_and_what_was_asked_for():
    state = Live("explorer", data={"k": [1, 2]}, model="imdb", max_length=40).get_state()
    assert state["_esm"] == notebook_module() and state["_css"] == style()
    assert state["element"] == "textcnn-explorer" and state["data"] == {"k": [1, 2]}
    assert state["attributes"] == {"model": "imdb", "max-length": "40"}


def test_a_bool_is_there_or_not():
    assert Live("explorer", permalink=True, other=False).attributes == {"permalink": ""}


def test_an_attribute_is_one_attribute():
    with pytest.raises(ValueError, match="'x onclick'"):
        Live("explorer", **{"x onclick": "alert(1)"})


def test_text_and_data_are_escaped():
    data = {"words": [HARM, "<!--", "naïve"], "<script>": {"deep": [None, True, 1.5]}}
    found = Reader(Live("explorer", data=data, model="reviews", text=HARM)._repr_html_())
    assert found.tags == ["textcnn-explorer", "p", "script"]
    assert found.attributes == {"model": "reviews", "text": HARM, "type": "application/json"}
    assert json.loads(found.texts["script"]) == data
    assert "<" not in found.texts["script"]


def test_without_data_there_is_no_script():
    assert Reader(Live("explorer")._repr_html_()).tags == ["textcnn-explorer", "p"]


def test_the_same_figure_gives_the_same_html():
    """So that a notebook can be compared strictly."""
    given = {"data": {"x": [1, 2, 3]}, "model": "mr"}
    assert Live("explorer", **given)._repr_html_() == Live("explorer", **given)._repr_html_()


@pytest.mark.parametrize("name", ["nonsense", "", "Explorer", "textcnn-explorer", "<b>"])
def test_a_figure_that_does_not_exist_is_refused(name):
    with pytest.raises(ValueError, match=r"^live figures are explorer, .*, got ") as refused:
        Live(name)
    assert all(figure in str(refused.value) for figure in figure_names())


@pytest.mark.parametrize("name", ["nonsense", "mr_deep", "<b>", ""])
@pytest.mark.parametrize("make", [Explorer, lambda name: Live("explorer", model=name)])
def test_a_model_that_does_not_exist_is_refused(make, name):
    with pytest.raises(ValueError, match=r"^live figures have the models imdb, .*, got "):
        make(name)


@pytest.mark.parametrize(
    ("data", "error"),
    [([float("nan")], ValueError), ({"x": float("inf")}, ValueError), ({"x": {1, 2}}, TypeError)],
)
def test_data_that_json_cannot_hold_is_refused(data, error):
    with pytest.raises(error, match="JSON"):
        Live("explorer", data=data)


def test_an_explorer_takes_a_sentence_and_attributes():
    explorer = Explorer("ag_news", "The cup final", view="global", clip=2)
    assert explorer.element == "textcnn-explorer"
    assert explorer.attributes == {
        "model": "ag_news",
        "text": "The cup final",
        "view": "global",
        "clip": "2",
    }
    assert Explorer().attributes == {"model": "imdb"}


def test_results_reach_python_and_those_who_observe():
    explorer, seen = Explorer("reviews"), []
    assert explorer.result == {}
    explorer.observe(lambda change: seen.append(change["new"]["tokens"]), "result")
    explorer.set_state({"result": {"tokens": ["a", "film"]}})
    assert explorer.result["tokens"] == ["a", "film"] and seen == [["a", "film"]]


def test_weights_are_sent_when_asked_for(monkeypatch):
    sent = Sent(monkeypatch)
    explorer = Explorer("reviews")
    assert sent.messages == []
    for name in ("reviews", "headlines"):
        explorer._handle_custom_msg({"model": name}, [])
    assert sent.messages == [
        ({"model": name}, [page_weights(name)]) for name in ("reviews", "headlines")
    ]


@pytest.mark.parametrize("name", ["nonsense", "mr_deep", "../imdb", ""])
def test_a_request_that_cannot_be_answered_gets_a_sentence(monkeypatch, name):
    sent = Sent(monkeypatch)
    Explorer("reviews")._handle_custom_msg({"model": name}, [])
    [(content, buffers)] = sent.messages
    assert content["model"] == name and buffers == []
    assert content["error"].startswith("live figures have the models imdb, ")


def test_a_model_that_cannot_be_read_gets_a_sentence(monkeypatch):
    def damaged(_name):
        raise FileNotFoundError("the weights are gone")

    sent = Sent(monkeypatch)
    monkeypatch.setattr("interpbook.widgets.live.page_weights", damaged)
    Explorer("reviews")._handle_custom_msg({"model": "imdb"}, [])
    assert sent.messages == [({"model": "imdb", "error": "the weights are gone"}, [])]
