"""Equation (13) against plain Python floats, and what the views look like."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook import Explanation, load_classifier
from interpbook.scores import leave_out_scores, log_odds_falls, word_table, word_view
from support.browsing import Reader, assert_harmless
from support.networks import WORDS, tiny_classifier

TEXT = "What a good movie, but it isn't bad: slow, slow, moving!"


def explained(text: str = TEXT, *, classes: int = 2, **config) -> Explanation:
    names = [f"class {q}" for q in range(classes)]
    return tiny_classifier(class_names=names, **config).explain(text)


@st.composite
def explanations(draw: st.DrawFn, *, classes: tuple[int, int] = (1, 4)) -> Callable:
    """Draw what builds an explanation of a text, with logits from tame to huge."""
    words = draw(st.lists(st.sampled_from([*WORDS, "zebra"]), min_size=1, max_size=8))
    number = draw(st.integers(*classes))
    config = {
        "seed": draw(st.integers(0, 2**32 - 1)),
        "class_names": [f"class {q}" for q in range(number)],
        "filters_per_width": draw(st.integers(1, 8)),
        "padding": draw(st.sampled_from(["masked", "paper"])),
        "max_length": 10,
    }
    factor = draw(st.sampled_from([1.0, 1.0, 10.0, 300.0]))

    def build() -> Explanation:
        e = tiny_classifier(**config).explain(" ".join(words))
        scaled = {name: getattr(e, name) * factor for name in ("logits", "word_scores")}
        return replace(e, **scaled)

    return build


def slow_loss(logits: list[float], label: int) -> float:
    """Return -log softmax, digit by digit: log(1 + x) keeps a small x that 1 + x would lose."""
    others = [math.exp(min(o - logits[label], 700)) for q, o in enumerate(logits) if q != label]
    return math.log1p(math.fsum(others))


def slow_global_view(e: Explanation, label: int, clip: float) -> list[float]:
    logits, scores = e.logits.tolist(), []
    before = slow_loss(logits, label)
    for row in e.word_scores[: len(e.tokens)].tolist():
        after = slow_loss([o - b for o, b in zip(logits, row, strict=True)], label)
        if before > 0:
            s = (after - before) / before
        else:
            s = math.inf if after > 0 else 0.0
        scores.append(min(s, clip) if s >= 0 else max(s, -clip))
    return scores


@given(explanations(), st.data())
def test_the_global_view_is_equation_13_as_it_is_meant(build, data):
    e = build()
    label = data.draw(st.integers(0, len(e.logits) - 1))
    clip = data.draw(st.sampled_from([0.01, 0.5, 5.0, 1e6]))
    found = word_view(e, label, "global", clip).scores
    expected = torch.tensor(slow_global_view(e, label, clip))
    torch.testing.assert_close(found, expected, rtol=2e-5, atol=1e-6)


def crafted(logits: list[float], rows: list[list[float]]) -> Explanation:
    """Explain as many words as there are rows, with these logits and scores."""
    e = explained(" ".join(["good"] * len(rows)), classes=len(logits))
    return replace(e, logits=torch.tensor(logits), word_scores=torch.tensor(rows))


def test_scores_are_clipped_on_both_sides_and_only_beyond():
    e = crafted([1.0, 0.0], [[5.0, 0.0], [0.1, 0.0], [-0.1, 0.0], [-9.0, 0.0]])
    free = word_view(e, 0, "global", 1e9).scores
    assert free[0] > 5 and 0 < free[1] < 0.5 and -0.5 < free[2] < 0 and free[3] < -0.5
    assert word_view(e, 0).scores.tolist() == [5.0, *free[1:].tolist()]
    found = word_view(e, 0, "global", 0.5).scores
    assert found.tolist() == [0.5, *free[1:3].tolist(), -0.5]


def test_the_printed_equation_would_do_something_else():
    """Max{s, lambda} for s >= 0 and min{s, -lambda} below would leave no small score."""
    e = crafted([1.0, 0.0], [[0.1, 0.0], [-0.1, 0.0]])
    free = word_view(e, 0, "global", 1e9).scores.tolist()
    printed = [max(s, 5.0) if s >= 0 else min(s, -5.0) for s in free]
    assert printed == [5.0, -5.0]
    assert word_view(e, 0).scores.tolist() == free


@given(explanations(), st.data())
def test_the_local_view_is_the_labels_column(build, data):
    e = build()
    label = data.draw(st.integers(0, len(e.logits) - 1))
    view = word_view(e, label, "local", 0.001)
    assert torch.equal(view.scores, e.word_scores[: len(e.tokens), label]), "not clipped"
    assert view.tokens == e.tokens


@given(explanations(classes=(2, 2)), st.integers(0, 1))
def test_with_two_classes_the_global_view_rises_with_the_difference_of_b(build, label):
    """The paper says: with word importance. It is the difference of the two columns that counts."""
    e = build()
    rows = e.word_scores[: len(e.tokens)].double()
    margin = rows[:, label] - rows[:, 1 - label]
    scores = leave_out_scores(e.logits, rows.to(e.logits.dtype), label)
    order = margin.argsort()
    rising, margins = scores[order].diff(), margin[order]
    assert (rising >= 0).all()
    resolved = (scores[order][:-1] > -1 + 1e-6) & scores[order][1:].isfinite()
    apart = margins.diff() > 1e-6 * (1 + margins.abs().max())
    assert (rising[apart & resolved] > 0).all()
    assert ((scores >= 0) == (margin >= 0)).all()


@given(explanations(), st.data())
def test_no_score_lies_below_minus_one(build, data):
    """A loss can do no more than vanish, so the lower clip counts for a lambda below 1 only."""
    e = build()
    label = data.draw(st.integers(0, len(e.logits) - 1))
    free = word_view(e, label, "global", 1e9).scores
    assert (free >= -1).all()
    assert torch.equal(word_view(e, label, "global", 1.0).scores, free.clamp(max=1.0))


def test_the_global_view_does_not_rise_with_the_labels_column_alone():
    e = crafted([1.0, 0.5], [[1.0, 2.0], [0.5, 0.0]])
    local, wide = word_view(e, 0, "local").scores, word_view(e, 0, "global").scores
    assert local[0] > local[1] and wide[0] < 0 < wide[1]


def test_with_three_classes_it_does_not_rise_with_the_evidence_either():
    e = crafted([0.0, 2.0, -5.0], [[1.0, 1.0, -5.0], [0.9, 0.0, 0.0]])
    evidence, scores = e.evidence(0), word_view(e, 0).scores
    assert evidence[0] > evidence[1] and scores[0] < scores[1]


def slow_log_odds(logits: list[float], label: int) -> float:
    odds = [math.exp(o - max(logits)) for o in logits]
    return math.log(odds.pop(label) / math.fsum(odds))


@given(explanations(classes=(2, 5)), st.data())
def test_the_falls_are_those_of_the_log_odds(build, data):
    e = build()
    label = data.draw(st.integers(0, len(e.logits) - 1))
    rows = e.word_scores[: len(e.tokens)]
    logits = (e.logits / max(1.0, float(e.logits.abs().max()))).tolist()  # tame, for math.exp
    tame = (rows / max(1.0, float(rows.abs().max()))).tolist()
    found = log_odds_falls(torch.tensor(logits), torch.tensor(tame), label)
    for row, fall in zip(tame, found.tolist(), strict=True):
        without = [o - b for o, b in zip(logits, row, strict=True)]
        expected = slow_log_odds(logits, label) - slow_log_odds(without, label)
        assert fall == pytest.approx(expected, abs=1e-6)


@given(explanations(), st.data())
def test_the_global_view_rises_with_the_fall_of_the_log_odds(build, data):
    """Increasing in what? In this, for any number of classes."""
    e = build()
    label = data.draw(st.integers(0, len(e.logits) - 1))
    rows = e.word_scores[: len(e.tokens)]
    falls = log_odds_falls(e.logits, rows, label)
    scores = leave_out_scores(e.logits, rows, label)
    order = falls.argsort()
    assert (scores[order].diff().nan_to_num(0) >= 0).all()  # inf less inf is nan
    assert ((scores >= 0) == (falls >= 0)).all()
    if len(e.logits) == 1:
        assert not falls.any()
    if len(e.logits) == 2:
        difference = (rows[:, label] - rows[:, 1 - label]).double()
        torch.testing.assert_close(falls, difference, rtol=1e-5, atol=1e-4)


def test_four_words_by_hand():
    """With odds of 1 to 3: taking out a word that triples the odds leaves 1 to 9, and so on."""
    logits = torch.tensor([0.0, math.log(2), 0.0])  # the label against 2 + 1
    rows = torch.tensor(
        [
            [math.log(3), 0.0, 0.0],  # 1/3 to 3: 1 to 9
            [0.0, math.log(2), 0.0],  # 1 to 1 + 1
            [0.0, 0.0, math.log(1 / 2)],  # 1 to 2 + 2
            [7.0, 7.0, 7.0],  # for all alike
        ]
    )
    found = log_odds_falls(logits, rows, 0)
    odds = torch.tensor([9 / 3, 2 / 3, 4 / 3, 1.0], dtype=torch.float64)
    torch.testing.assert_close(found, odds.log(), rtol=0, atol=1e-6)
    losses = torch.tensor([10.0, 3.0, 5.0, 4.0], dtype=torch.float64).log()
    expected = losses / math.log(4) - 1
    torch.testing.assert_close(leave_out_scores(logits, rows, 0), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("lead", [40.0, 100.0])
def test_the_two_ends_of_the_curve(lead):
    """A sure loss grows like the odds; the loss of a hopeless one is the lost lead itself."""
    rows = torch.tensor([[1.0, 0.5, -1.0], [-2.0, 0.0, 0.0], [0.0, 3.0, -0.25]])
    sure = torch.tensor([lead, 0.0, 1.0])
    falls = log_odds_falls(sure, rows, 0)
    torch.testing.assert_close(leave_out_scores(sure, rows, 0), falls.expm1())
    hopeless = torch.tensor([0.0, lead, 0.0])
    falls = log_odds_falls(hopeless, rows, 0)
    torch.testing.assert_close(leave_out_scores(hopeless, rows, 0), falls / lead)


@pytest.mark.parametrize("margin", [30.0, 50.0, 80.0, 200.0])
def test_a_tiny_loss_still_gives_exact_scores(margin):
    """For two classes and a sure prediction, s = exp(B[i, y] - B[i, other]) - 1."""
    e = crafted([margin, 0.0], [[1.0, 0.0], [0.0, 0.5]])
    expected = torch.tensor([math.e - 1, math.exp(-0.5) - 1])
    torch.testing.assert_close(word_view(e, 0).scores, expected, rtol=1e-6, atol=0)


def test_a_loss_of_zero_gives_finite_scores():
    e = crafted([5000.0, 0.0], [[4999.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    assert word_view(e, 0).scores.tolist() == [5.0, 0.0, 0.0]
    sure = word_view(explained(classes=1), 0).scores
    assert not sure.any(), "one class has no loss"


def test_a_huge_loss_gives_finite_scores():
    e = crafted([-3e38, 3e38], [[1.0, 0.0], [-3e38, 3e38]])
    assert word_view(e, 0).scores.isfinite().all()


def test_padding_has_no_score():
    e = explained("bad", widths=(3,), padding="paper", max_length=6)
    assert len(e.word_scores) > 1 and len(word_view(e, 0).scores) == 1


# What is refused. --------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [-1, 2, 0.5, "positive"])
def test_a_label_outside_the_classes_is_refused(as_users_run_it, label):
    for how in ("global", "local"):
        with pytest.raises(ValueError, match=rf"the label lies in 0..1 .*, got {label!r}"):
            word_view(explained(), label, how)


def test_an_unknown_view_is_refused(as_users_run_it):
    with pytest.raises(ValueError, match="views are global and local, got 'sideways'"):
        word_view(explained(), 0, "sideways")


@pytest.mark.parametrize("clip", [0.0, -1.0, math.nan])
def test_a_clip_that_is_not_positive_is_refused(clip):
    with pytest.raises(ValueError, match=f"clip is a positive number, got {clip}"):
        word_view(explained(), 0, "global", clip)


def test_a_record_whose_parts_do_not_fit_is_refused():
    view = word_view(explained(), 0)
    with pytest.raises(ValueError, match="11 words have 3 scores"):
        replace(view, scores=view.scores[:3])


# How it looks. -----------------------------------------------------------------------------------

NASTY = [
    "<img src=x onerror=alert(1)> good",
    "<script>alert(1)</script> good",
    'good" onmouseover="alert(1) "movie',
    "good <!-- movie --> &lt;b&gt;",
]


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("how", ["global", "local"])
def test_text_and_class_names_are_escaped(text, how):
    e = tiny_classifier(class_names=(text, "<script>'\"&")).explain(text)
    html = word_view(e, 0, how)._repr_html_()
    assert_harmless(html)
    assert text in Reader(html).text_without_numbers
    assert_harmless(word_table(e))


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["global", "local"]))
def test_any_text_with_a_word_is_shown(text, how):
    e = explained(text + " good")
    assert_harmless(word_view(e, 1, how)._repr_html_())
    assert_harmless(word_table(e))


def test_words_for_and_against_differ_without_colour():
    e = crafted([1.0, 0.0], [[2.0, 0.0], [-2.0, 0.0]])
    html = word_view(e, 0, "local")._repr_html_().split("</style>")[1]
    assert html.count("ib-for") == html.count("ib-against") == 1
    assert "<rt>+2.0</rt>" in html and "<rt>-2.0</rt>" in html
    assert "solid line: speaks for class 0; orange, dotted: against it" in html


def test_the_rendering_says_what_the_numbers_are():
    e = explained("a strange movie")
    for how, unit in (("global", "clipped to -5..5"), ("local", "Numbers are logits.")):
        view = word_view(e, 1, how)
        html = view._repr_html_()
        assert f"{how.capitalize()} view from <strong>class 1</strong>" in html and unit in html
        assert "vocabulary" in html, "there is a word that the model does not know"
        assert not any(view.clipped)
        for token, score in zip(view.tokens, view.scores.tolist(), strict=True):
            assert f'title="{token}: {score:+.2f}"' in html
    assert repr(view) == "WordView(local, class 1: 'a strange movie')"


def test_clipped_scores_say_so():
    e = crafted([1.0, 0.0], [[9.0, 0.0], [0.1, 0.0], [-9.0, 0.0]])
    for clip in (0.3, 0.5):
        for view in (
            word_view(e, 0, clip=clip),
            word_view(replace(e, logits=e.logits.double(), word_scores=e.word_scores.double()), 0,
                      clip=clip),
        ):  # fmt: skip
            assert view.clipped == [True, False, True]
            html = view._repr_html_()
            assert f'title="good: +{clip:.2f} or more"' in html
            assert f'title="good: -{clip:.2f} or less"' in html
            assert html.count(" or ") == 2
    assert word_view(e, 0).clipped == [True, False, False]
    assert word_view(e, 0, "local", clip=0.01).clipped == [False] * 3


@pytest.mark.parametrize("text", ["good movie " * 9000, "a" * 10**5, "good" + "!" * 10**5])
def test_a_long_text_is_shown_in_part(text):
    e = explained(text)
    assert len(word_view(e, 0)._repr_html_()) < 500_000
    assert len(word_table(e)) < 200_000


def test_what_is_not_read_or_not_shown_is_said():
    html = word_view(explained(max_length=4), 0)._repr_html_()
    assert "reads the first 4 words; 7 more are left out" in html and "moving" not in html
    e = explained("good movie " * 600)
    assert "200 more words are not shown" in word_view(e, 0)._repr_html_()


def cells(html: str) -> list[list[str]]:
    rows = html.split("<tbody>")[1].split("<tr>")[1:]
    return [[cell.split("</td>")[0] for cell in row.split("<td>")[1:]] for row in rows]


@pytest.mark.parametrize("padding", ["masked", "paper"])
@pytest.mark.parametrize("text", ["bad", TEXT, "good movie slow " * 400])
def test_the_tables_rows_sum_to_the_logits_line(text, padding):
    e = explained(text, classes=3, padding=padding, max_length=1300)
    *rows, last = cells(word_table(e))
    words = [row[0] for row in rows]
    assert words[: len(e.tokens)][:1000] == [t.replace("'", "&#x27;") for t in e.tokens][:1000]
    assert ("200 more words" in words) == (len(e.tokens) == 1200)
    assert last == ["sum: the logits", *(f"{logit:+.2f}" for logit in e.logits.tolist())]
    for q in range(3):
        total = sum(float(row[q + 1]) for row in rows)
        assert total == pytest.approx(float(last[q + 1]), abs=0.005 * len(rows) + 0.005)


def test_the_tables_padding_row_stands_for_paddings_share():
    e = explained("bad", widths=(3,), filters_per_width=20)
    (_, word), (name, padding) = ((row[0], row[1]) for row in cells(word_table(e))[:2])
    assert name == "padding"
    assert padding == f"{float(e.word_scores[1:, 0].sum()):+.2f}"
    assert word == f"{float(e.word_scores[0, 0]):+.2f}"
    assert "<td>padding</td>" not in word_table(explained("a good movie isn't bad"))


def test_figure_6_on_a_real_classifier():
    """A sentence that we wrote: the words that carry the sentiment lead both views."""
    e = load_classifier("imdb").explain("The plot is dull and the acting is awful")
    for how in ("global", "local"):
        view = word_view(e, 0, how)
        leading = {view.tokens[i] for i in view.scores.argsort(descending=True)[:3].tolist()}
        assert leading & {"dull", "awful"}


@pytest.mark.parametrize("label", [-1, 2])
@pytest.mark.parametrize("score", [leave_out_scores, log_odds_falls])
def test_a_label_that_is_no_class_is_refused(score, label):
    with pytest.raises(ValueError, match=rf"the label lies in 0..1, got {label}"):
        score(torch.tensor([1.0, 0.0]), torch.tensor([[1.0, 0.0]]), label)
