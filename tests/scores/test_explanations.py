from __future__ import annotations

import time
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook import decompose
from interpbook.scores import Explanation
from support.browsing import Reader, assert_harmless
from support.networks import tiny_classifier

TEXT = "What a good movie, but it isn't bad: slow, slow, moving!"
EXACT = {"rtol": 0, "atol": 1e-5}


def explained(text: str = TEXT, *, classes: int = 2, **config) -> Explanation:
    names = [f"class {q}" for q in range(classes)]
    return tiny_classifier(class_names=names, **config).explain(text)


def test_an_explanation_holds_the_scores_of_its_text():
    classifier = tiny_classifier()
    e = classifier.explain(TEXT)
    s = decompose(classifier.model, torch.tensor(classifier.encode([TEXT])))
    for name in ("logits", "ngram_scores", "word_scores", "pooled", "starts"):
        assert torch.equal(getattr(e, name), getattr(s, name)[0])
    assert e.predicted == int(e.logits.argmax())
    assert e.probabilities.sum().item() == pytest.approx(1)


def test_tokens_known_and_spans_belong_together():
    e = explained()
    assert e.tokens[:4] == ["what", "a", "good", "movie"]
    assert e.known[:4] == (False, True, True, True)
    assert [TEXT[span.start : span.end].lower() for span in e.spans] == e.tokens
    assert e.unread == 0


@pytest.mark.parametrize("padding", ["masked", "paper"])
def test_rows_behind_the_words_belong_to_padding(padding):
    e = explained("bad", widths=(3,), padding=padding, max_length=6)
    assert e.tokens == ["bad"] and len(e.word_scores) >= 3
    torch.testing.assert_close(e.word_scores.sum(dim=0), e.logits, **EXACT)


def test_words_behind_max_length_are_counted_and_not_read():
    e = explained(max_length=4)
    assert len(e.tokens) == 4 and e.unread == 7
    assert torch.equal(e.logits, explained("What a good movie", max_length=4).logits)
    html = e._repr_html_()
    assert "reads the first 4 words; 7 more are left out" in html and "moving" not in html


@pytest.mark.parametrize("classes", [1, 2, 4])
@pytest.mark.parametrize("label", [None, 0, -1])
def test_evidence_sums_to_the_difference_of_logits(classes, label):
    e = explained(classes=classes)
    label = classes - 1 if label == -1 else label
    chosen = e.predicted if label is None else label
    others = torch.cat([e.logits[:chosen], e.logits[chosen + 1 :]])
    expected = e.logits[chosen] - (others.mean() if len(others) else 0.0)
    torch.testing.assert_close(e.evidence(label).sum(), expected, **EXACT)


def test_evidence_of_two_classes_is_the_margin():
    e = explained()
    margin = e.word_scores[:, 1] - e.word_scores[:, 0]
    torch.testing.assert_close(e.evidence(1), margin)
    torch.testing.assert_close(e.evidence(0), -margin)


@pytest.mark.parametrize("classes", [1, 3])
def test_ngrams_and_silent_filters_add_up_to_the_difference_of_logits(classes):
    classifier = tiny_classifier(class_names="abc"[:classes], filters_per_width=20)
    classifier.model.convs[0].bias.data[:7] = -100.0
    e = classifier.explain(TEXT)
    live = e.pooled > 0
    assert 0 < e.silent_filters == int((~live).sum()) < len(live)
    for label in range(classes):
        weights = torch.full((classes,), -1 / max(classes - 1, 1))
        weights[label] = 1.0
        found = e.ngrams(label)
        silent = (e.ngram_scores[~live] @ weights).sum()
        total = sum(ngram.score for ngram in found) + silent
        torch.testing.assert_close(total, e.logits @ weights, **EXACT)
        assert sum(ngram.filters for ngram in found) == int(live.sum())
        sizes = [abs(ngram.score) for ngram in found]
        assert sizes == sorted(sizes, reverse=True)


def test_ngrams_hold_the_words_of_their_window():
    e = explained("bad", widths=(1, 3), filters_per_width=20)
    windows = {(ngram.start, ngram.words) for ngram in e.ngrams()}
    assert windows == {(0, ("bad",)), (0, ("bad", "<pad>", "<pad>"))}
    e = explained(filters_per_width=20)
    for ngram in e.ngrams():
        assert list(ngram.words) == e.tokens[ngram.start : ngram.start + len(ngram.words)]


@pytest.mark.parametrize("label", [-1, 2, 0.5, "positive"])
def test_a_label_outside_the_classes_is_refused(as_users_run_it, label):
    e = explained()
    for ask in (e.evidence, e.ngrams):
        with pytest.raises(ValueError, match=rf"the label .* 0..1 .*, got {label!r}"):
            ask(label)


def test_a_label_may_be_any_whole_number(as_users_run_it):
    e = explained()
    assert torch.equal(e.evidence(e.logits.argmax()), e.evidence(e.predicted))


@pytest.mark.parametrize("text", ["", "  \n", "?!…", "👍🏽🎬", "\u202e\u200f", "!" * 10**6])
def test_a_text_without_a_word_is_refused_in_one_short_sentence(text):
    with pytest.raises(ValueError, match=r"holds no word to classify, got .*: write at least") as e:
        explained(text)
    assert len(str(e.value)) < 200 and "\n" not in str(e.value)


LONG = {
    "words": "good movie " * 90_910,
    "one word": "a" * 10**6,
    "signs behind a word": "good" + "!" * 10**6,
    "signs before a word": "!" * 10**6 + "good",
    "marks to escape": "good & " * 143_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_a_million_characters_are_read_fast_and_shown_in_part(text):
    begin = time.process_time()
    e = explained(text)
    html = e._repr_html_()
    assert time.process_time() - begin < 20
    assert len(text) >= 10**6 and len(html) < 500_000
    if len(e.tokens) > 1000:
        assert f"{len(e.tokens) - 1000:,} more words are not shown" in html
    torch.testing.assert_close(e.word_scores.sum(dim=0), e.logits, rtol=0, atol=1e-3)


def test_a_million_characters_are_cut_where_the_model_stops_reading():
    html = explained(LONG["words"], max_length=400)._repr_html_()
    assert "the first 400 words; 181,420 more are left out" in html and len(html) < 200_000


@pytest.mark.parametrize("text", ["סרט טוב good", "فيلم جيد", "👍 good 👩‍👩‍👧", "यह अच्छी"])
def test_any_script_is_explained_and_shown_as_written(text):
    html = explained(text)._repr_html_()
    assert text in Reader(html).text_without_numbers


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 3))
def test_any_text_with_a_word_is_explained(text, classes):
    e = explained(text + " good", classes=classes)
    assert_harmless(e._repr_html_())
    assert repr(e).startswith("Explanation(")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> good",
        'good" onmouseover="alert(1) "movie',
        "</span><img src=x onerror=alert(1)> good",
        "good <!-- movie --> &lt;b&gt;",
    ],
)
def test_text_and_class_names_are_escaped(text):
    e = tiny_classifier(class_names=(text, "<script>'\"&")).explain(text)
    assert_harmless(e._repr_html_())
    assert text in Reader(e._repr_html_()).text_without_numbers


def test_the_rendering_shows_words_ngrams_and_both_sums_beside_the_logits():
    e = explained("a strange movie")
    html = e._repr_html_()
    for q, name in enumerate(e.class_names):
        number = f"<td>{float(e.logits[q]):.3f}</td>"
        assert f"<tr><td>{name}</td>{number * 3}<td>{e.probabilities[q]:.3f}</td>" in html
    assert "ib-unknown" in html and "vocabulary" in html
    assert " ".join(e.ngrams()[0].words) in Reader(html).text
    assert f"{e.silent_filters} of {len(e.pooled)} filters are silent" in html


def test_known_words_need_no_word_about_italics():
    assert "vocabulary" not in explained("a good movie")._repr_html_()


def test_the_repr_is_one_short_line():
    assert repr(explained("a good movie")).startswith("Explanation('a good movie': class ")
    assert len(repr(explained("good\n" * 1000))) < 120


def test_a_record_whose_parts_do_not_fit_is_refused():
    e = explained()
    with pytest.raises(ValueError, match="expected 2 class names, one a logit"):
        replace(e, class_names=("one",))
    with pytest.raises(ValueError, match="11 words have only 3 rows"):
        replace(e, word_scores=e.word_scores[:3])
