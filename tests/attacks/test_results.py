"""Results of attacks: what contradicts itself is refused, and how the rest looks."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook import load_classifier
from interpbook.attacks import attack
from support.attacking import builders, predicted, stubborn, texts
from support.browsing import Reader, assert_harmless


def test_a_record_that_contradicts_itself_is_refused():
    result = attack(stubborn(), "a good movie", 0, max_changes=2)
    first, second = result.changes
    with pytest.raises(ValueError, match=r"3 states .* 2 classes have logits of shape \(2, 2\)"):
        replace(result, logits=result.logits[:2])
    with pytest.raises(ValueError, match="a word was changed twice"):
        replace(result, changes=(first, first))
    with pytest.raises(ValueError, match="the text does not hold"):
        replace(result, changes=(first, replace(second, start=second.start + 1)))
    for wrong in (
        {"outcome": "prediction changed"},
        {"logits": result.logits.flip(1)},
        {"logits": torch.stack([result.logits[0], result.logits[0].flip(0), result.logits[0]])},
    ):
        with pytest.raises(ValueError, match="the logits do not agree with the outcome"):
            replace(result, **wrong)
    with pytest.raises(ValueError, match="2 changes cannot end with the outcome 'already miscl"):
        replace(result, outcome="already misclassified")
    with pytest.raises(ValueError, match="0 changes cannot end with the outcome 'prediction ch"):
        replace(result, changes=(), logits=result.logits[:1], outcome="prediction changed")


def test_an_outcome_that_does_not_exist_is_refused(as_users_run_it):
    result = attack(stubborn(), "a good movie", 0, max_changes=2)
    with pytest.raises(ValueError, match=r"outcomes are prediction changed, .*, got 'bored'"):
        replace(result, outcome="bored")


NASTY = [
    "<script>alert(1)</script> good",
    'good" onmouseover="alert(1) "movie',
    "</span><img src=x onerror=alert(1)> good",
    "good <!-- movie --> &lt;b&gt;",
]


@pytest.mark.parametrize("text", NASTY)
def test_texts_and_class_names_are_escaped(text):
    classifier = stubborn(class_names=(text, "<script>'\"&"))
    result = attack(classifier, text, 0)
    assert result.num_changes
    assert_harmless(result._repr_html_())
    assert result.text in Reader(result._repr_html_()).text_without_numbers


@given(builders(), texts(), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_shown(build, text, more):
    classifier, text = build(), text + more
    result = attack(classifier, text, predicted(classifier, text), "word_scores", 4)
    html = result._repr_html_()
    assert_harmless(html)
    shown = Reader(html).text_without_numbers
    assert result.text in shown


def test_the_rendering_marks_the_changes_and_says_why_it_stopped():
    result = attack(stubborn(), "A movie, good but slow", 0, "exact", 2)
    html = result._repr_html_()
    reader = Reader(html)
    assert html.count('class="ib-word ib-changed"') == 2
    assert "font-weight: bold" in html and "dashed" in html, "not by colour alone"
    for number, change in enumerate(result.changes, start=1):
        assert ("title", f"{change.before} -> {change.after}") in reader.attributes
        assert ("rt", str(number)) in reader.pieces
        chance = f"{result.probabilities[number]:.1%}"
        row = f"<tr><td>{number}</td><td>{change.before} -&gt; {change.after}</td><td>{chance}</td>"
        assert row in html
    assert f"<td>0</td><td>as written</td><td>{result.probabilities[0]:.1%}</td>" in html
    assert "It stopped because the budget was spent; the prediction held." in reader.text
    assert repr(result) == "AttackResult(exact: budget spent after 2 changes)"


def test_every_outcome_has_its_sentence():
    flips = load_classifier("reviews")
    results = [
        attack(flips, "A dull and lifeless film", 0, "exact"),
        attack(stubborn(), "good", 0, max_changes=1),
        attack(stubborn(), "good", 0),
        attack(stubborn(), "good", 1),
        attack(stubborn(), "", 0),
    ]
    sentences = [
        "It stopped because the prediction changed.",
        "It stopped because the budget was spent; the prediction held.",
        "It stopped because no word was left that a typo makes unknown; the prediction held.",
        "It did not start: the text is misclassified as it is.",
        "It did not start: the text holds no word.",
    ]
    for result, sentence in zip(results, sentences, strict=True):
        assert sentence in Reader(result._repr_html_()).text
    assert results[0].succeeded and "1 change" in repr(results[0])


def test_a_long_text_and_many_changes_are_shown_in_part():
    result = attack(stubborn(), "good movie " * 2000, 0, "random", max_changes=150)
    html = result._repr_html_()
    left = len(result.text) - 10_000
    assert f"{left:,} more characters are not shown" in html and len(html) < 50_000
    assert "50 more changes are not shown" in html and html.count("<tr>") == 102
