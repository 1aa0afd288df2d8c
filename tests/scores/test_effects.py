"""The six parts against a slow twin, closed forms, and what they must add up to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from scipy import stats

from interpbook import TextCNN, decompose, load_classifier
from interpbook.scores import EffectStudy, SwapEffects, effect_study, swap_effects, swap_logits
from interpbook.scores.effects import PARTS
from interpbook.text import UNKNOWN
from support.networks import Case, cases, laid_out, network


def slow_parts(model: TextCNN, document: list[int], i: int, r: int) -> dict[str, torch.Tensor]:
    """Follow one word through every filter, by equations and loops."""
    padded, ends = laid_out(model, document)
    changed = [*padded[:i], r, *padded[i + 1 :]]
    x, y = (model.embedding.weight[torch.tensor(ids)] for ids in (padded, changed))
    k, classes = model.config.num_filters, model.config.num_classes
    parts = {name: torch.zeros(classes, dtype=x.dtype) for name in PARTS}
    p = 0
    for conv in model.convs:
        n = conv.kernel_size[0]
        last = ends if model.config.padding == "masked" else len(padded)
        starts = [s for s in range(len(padded) - n + 1) if s < last]
        if model.config.padding == "masked":
            starts = [s for s in starts if s + n <= max(last, max(model.config.widths))]
        for weight, bias in zip(conv.weight, conv.bias, strict=True):
            old = [sum(weight[:, j] @ x[s + j] for j in range(n)) + bias for s in starts]
            new = [sum(weight[:, j] @ y[s + j] for j in range(n)) + bias for s in starts]
            best = max(range(len(starts)), key=lambda s: (round(float(old[s]), 12), -s))
            vote, j = model.output.weight[:, p], i - starts[best]
            u, u_new = old[best], max(new)
            inside = 0 <= j < n
            if inside:
                parts["predicted"] -= model.output.bias / (k * n)
                parts["biases"] += model.output.bias / (k * n)
            if inside and u > 0:
                t = new[best]
                parts["predicted"] -= vote * (weight[:, j] @ x[i] + bias / n)
                parts["biases"] += vote * bias / n
                parts["replacement"] += vote * (weight[:, j] @ y[i])
                parts["silence"] += vote * (t.relu() - t)
                parts["runners_up"] += vote * (u_new.relu() - t.relu())
            else:
                parts["newcomers"] += vote * (u_new.relu() - u.relu())
            p += 1
    return parts


@settings(max_examples=40, deadline=None)
@given(cases(distinct=True))
@torch.no_grad()
def test_parts_agree_with_a_slow_twin(case: Case):
    model = case.model
    for document in case.documents[:2]:
        ids = torch.tensor(document)
        if model.config.padding == "paper" and case.padding_value:
            continue  # windows of padding tie, and the twin's rounding may choose another
        effects = swap_effects(model, ids)
        for i in range(len(document)):
            expected = slow_parts(model, document, i, UNKNOWN)
            for name in PARTS:
                assert torch.allclose(getattr(effects, name)[i], expected[name], atol=1e-9), name


@settings(max_examples=60, deadline=None)
@given(cases())
@torch.no_grad()
def test_parts_sum_to_what_two_passes_find(case: Case):
    model, r = case.model, case.model.config.vocab_size - 1
    for document in case.documents:
        if 0 in document:
            continue
        ids = torch.tensor(document)
        for replacement in (UNKNOWN, r):
            effects = swap_effects(model, ids, replacement)
            for i in range(len(ids)):
                changed = ids.clone()
                changed[i] = replacement
                change = (model(changed[None]) - model(ids[None]))[0]
                total = sum(part[i] for part in effects.parts.values())
                assert torch.allclose(total, change, atol=1e-9)
            exact = swap_logits(model, ids[None], replacement)[0] - model(ids[None])
            assert torch.allclose(effects.exact, exact, atol=1e-9)
            scores = decompose(model, ids[None]).word_scores[0, : len(ids)]
            assert torch.equal(effects.predicted, -scores)


def test_a_word_that_stays_the_same_changes_nothing_but_on_the_books():
    model = network()
    effects = swap_effects(model, torch.tensor([5, 6, 7, 5, 6]), replacement=7)
    assert effects.exact[2].abs().max() < 1e-12  # logits of two passes, in two orders of adding
    held = effects.predicted[2] + effects.biases[2] + effects.replacement[2]
    assert torch.allclose(held, torch.zeros(3, dtype=held.dtype), atol=1e-12)
    for name in ("silence", "runners_up", "newcomers"):
        assert effects.parts[name][2].abs().max() < 1e-12


def test_silence_and_runners_up_never_take_where_all_votes_are_positive():
    model = network()
    with torch.no_grad():
        model.output.weight.abs_()
    effects = swap_effects(model, torch.tensor([5, 6, 7, 8, 9, 10, 11]))
    assert (effects.silence >= 0).all() and (effects.silence > 0).any()
    assert (effects.runners_up > -1e-12).all() and (effects.newcomers > -1e-12).all()


def test_what_cannot_be_is_refused():
    model = network()
    with pytest.raises(ValueError, match="without padding"):
        swap_effects(model, torch.tensor([5, 0, 6]))
    for replacement in (0, 12):
        with pytest.raises(ValueError, match=rf"1\.\.11, got {replacement}"):
            swap_effects(model, torch.tensor([5, 6]), replacement)
    good = swap_effects(model, torch.tensor([5, 6, 7]))
    with pytest.raises(ValueError, match="do not sum"):
        SwapEffects(exact=good.exact + 0.01, **good.parts)


# ------------------------------------------------------------------------------------- a corpus


@torch.no_grad()
def test_a_study_holds_each_known_words_two_numbers_in_the_documents_order():
    model = network(num_classes=2)
    documents, labels = [[5, 6, 1, 7, 8], [9, 10], [11, 3, 4, 5], [1]], [0, 1, 1, 0]
    study = effect_study(model, documents, labels, batch_size=2)
    assert study.documents.tolist() == [0] * 4 + [1] * 2 + [2] * 4
    assert study.lengths.tolist() == [5] * 4 + [2] * 2 + [4] * 4
    place = 0
    for document, label in zip(documents, labels, strict=True):
        ids = torch.tensor([document])
        scores = decompose(model, ids).word_scores[0, :, label]
        for i, word in enumerate(document):
            if word == UNKNOWN:
                continue
            changed = ids.clone()
            changed[0, i] = UNKNOWN
            fall = (model(ids) - model(changed))[0, label]
            assert torch.isclose(study.predicted[place], scores[i])
            assert torch.isclose(study.exact[place], fall)
            place += 1
    assert place == len(study)
    other = effect_study(model, documents, labels, 7)
    assert not torch.allclose(other.exact, study.exact)
    assert torch.equal(other.predicted, study.predicted)


STUDY = EffectStudy(
    documents=torch.tensor([0, 0, 0, 2, 2]),
    lengths=torch.tensor([3, 3, 3, 2, 2]),
    predicted=torch.tensor([2.0, 1.0, -0.2, 1.0, 0.5]),
    exact=torch.tensor([1.0, 1.0, 0.1, -0.5, 0.0]),
)


def test_a_studys_numbers_by_hand():
    assert STUDY.pearson == pytest.approx(stats.pearsonr(STUDY.predicted, STUDY.exact).statistic)
    assert STUDY.spearman == pytest.approx(stats.spearmanr(STUDY.predicted, STUDY.exact)[0])
    assert STUDY.slope == pytest.approx((2 + 1 - 0.02 - 0.5) / (4 + 1 + 0.04 + 1 + 0.25))
    assert STUDY.wrong_sign() == 2 / 5  # a fall of zero is no wrong sign
    assert STUDY.wrong_sign(0.3) == 1 / 4
    assert STUDY.wrong_sign(5.0) == 0
    assert STUDY.top_agrees.tolist() == [True, False]  # a tie in the truth counts as agreement
    part = STUDY.chosen(STUDY.documents == 2)
    assert part.top_agrees.tolist() == [False] and len(part) == 2


def test_a_study_of_too_little_is_refused(as_users_run_it):
    with pytest.raises(ValueError, match="two words or more"):
        STUDY.chosen(torch.tensor([True, False, False, False, False]))
    with pytest.raises(ValueError, match="each with its numbers"):
        replace(STUDY, exact=torch.zeros(3))


def test_b_tells_more_than_chance_on_the_books_own_sentences():
    classifier = load_classifier("reviews")
    texts = ["A dull and lifeless film", "A lovely, moving story with a superb score"]
    study = effect_study(classifier.model, classifier.encode(texts), np.array([0, 1]))
    assert study.pearson > 0.5


def test_a_batch_does_not_matter():
    model = network(dtype=torch.float32)
    documents = [[5, 6, 7], [8, 9, 10, 11, 2, 3], [4, 5]]
    whole = effect_study(model, documents, [0, 1, 2])
    alone = effect_study(model, documents, [0, 1, 2], batch_size=1)
    assert torch.allclose(whole.exact, alone.exact, atol=1e-6)
    assert torch.equal(whole.documents, alone.documents)
