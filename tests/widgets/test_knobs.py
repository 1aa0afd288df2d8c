"""Knobs redraw when a control moves, print as a fixed line, and escape what is not HTML."""

from __future__ import annotations

from base64 import b64decode
from html import escape

import matplotlib
import pytest
from ipywidgets import Textarea
from matplotlib import pyplot as plt

from interpbook import attack, load_classifier
from interpbook.widgets import Knobs


def picture(knobs: Knobs) -> str:
    return knobs.children[-1].value


def turn(knobs: Knobs, name: str, value: object) -> None:
    next(child for child in knobs.children if child.description == name).value = value


def test_moving_a_control_redraws():
    knobs = Knobs(lambda width, word: f"<b>{width} {word}</b>", width=(1, 5), word=["a", "b"])
    assert picture(knobs) == "<b>3 a</b>"
    turn(knobs, "width", 5)
    turn(knobs, "word", "b")
    assert picture(knobs) == "<b>5 b</b>"


def test_prints_as_a_fixed_line():
    knobs = Knobs(lambda filter_width: "", filter_width=(1, 5))
    assert repr(knobs) == "Knobs(filter_width)"
    assert knobs._repr_mimebundle_()["text/plain"] == "Knobs(filter_width)"
    assert knobs.children[0].description == "filter width"


def test_a_figure_becomes_a_picture_and_is_closed():
    matplotlib.use("agg")

    def draw(height):
        figure, axes = plt.subplots()
        axes.bar([0], [height])
        return figure

    html = picture(Knobs(draw, height=(1, 3)))
    assert b64decode(html.split("base64,")[1].split('"')[0]).startswith(b"\x89PNG")
    assert 'alt="Figure for height 2"' in html
    assert not plt.get_fignums()


def test_a_record_shows_its_own_html():
    class Record:
        def _repr_html_(self):
            return "<i>record</i>"

    assert picture(Knobs(lambda on: Record(), on=True)) == "<i>record</i>"


def test_bad_input_becomes_its_escaped_sentence():
    def refuse(text):
        raise ValueError(f"the text holds no word, got {text!r}")

    knobs = Knobs(refuse, text="<script>")
    assert "&lt;script&gt;" in picture(knobs) and "<script>" not in picture(knobs)


def test_other_results_are_escaped():
    assert picture(Knobs(lambda x: {"<b>": x}, x=(1, 3))) == "<p>{&#x27;&lt;b&gt;&#x27;: 2}</p>"


def test_errors_that_are_not_about_input_are_raised():
    with pytest.raises(ZeroDivisionError):
        Knobs(lambda x: 1 / x, x=(0, 0))


def test_an_attack_is_played_step_by_step():
    classifier = load_classifier("reviews")

    def play(text, ranking, changes):
        label = int(classifier.predict_proba([text]).argmax())
        return attack(classifier, text, label, ranking, changes)

    area = Textarea(value="A dull and lifeless film", rows=3)
    knobs = Knobs(play, text=area, ranking=["word_scores", "random"], changes=(0, 10))
    assert knobs.children[0] is area
    [change] = attack(classifier, area.value, 0, max_changes=1).changes
    shown = f'title="{escape(str(change))}"'
    turn(knobs, "changes", 0)
    assert shown not in picture(knobs)
    turn(knobs, "changes", 1)
    assert shown in picture(knobs) and change.after in picture(knobs)
    area.value = "?!"
    assert "holds no word" in picture(knobs)
