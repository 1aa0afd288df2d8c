"""A and B against a slow twin, against gradients, and in the cases with a closed form."""

from __future__ import annotations

import gc
from copy import deepcopy
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from interpbook import ScoreMatrices, TextCNN, decompose
from interpbook.models import slots
from interpbook.scores import filter_widths, swap_effects, swap_logits
from support.networks import Case, cases, laid_out, network

EXACT = {"rtol": 0, "atol": 1e-12}


# The slow twin: Xu & Du (2020), equations (1)-(10), in Python numbers. ------------------------


class Twin(NamedTuple):
    logits: list[float]
    A: list[list[float]]
    B: list[list[float]]
    pooled: list[float]
    starts: list[int]


def dot(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def twin(model: TextCNN, document: list[int]) -> Twin:
    words, last = laid_out(model, document)
    vectors = [model.embedding.weight[word].tolist() for word in words]
    W, b = model.output.weight.tolist(), model.output.bias.tolist()
    k, c = model.config.num_filters, model.config.num_classes
    logits, A, pooled, starts = list(b), [], [], []
    B = [[0.0] * c for _ in words]
    filters = [f for conv in model.convs for f in zip(conv.weight, conv.bias, strict=True)]
    for p, (weight, bias) in enumerate(filters):
        w, b_f = weight.T.tolist(), bias.item()  # n slots of m numbers
        n = len(w)
        u = [
            sum(dot(w[j], vectors[i + j]) for j in range(n)) + b_f
            for i in range(len(words) - n + 1)
            if i < last
        ]
        u_max = max(u)
        i_p = u.index(u_max)  # index() finds the first
        v_p = max(u_max, 0.0)
        A.append([W[q][p] * v_p + b[q] / k for q in range(c)])  # (4)
        for j in range(n):
            u_ij = dot(w[j], vectors[i_p + j]) + b_f / n if u_max > 0 else 0.0  # (6), (7)
            for q in range(c):
                B[i_p + j][q] += W[q][p] * u_ij + b[q] / (k * n)  # (9), (10)
        logits = [o + W[q][p] * v_p for q, o in enumerate(logits)]  # (2)
        pooled.append(u_max)
        starts.append(i_p)
    return Twin(logits, A, B, pooled, starts)


def assert_same_rows(found: Tensor, expected: list[list[float]]) -> None:
    """Compare score rows; those that only one side has belong to padding and are zero."""
    expected = torch.tensor(expected, dtype=found.dtype)
    length = max(len(found), len(expected))
    found, expected = (F.pad(B, (0, 0, 0, length - len(B))) for B in (found, expected))
    torch.testing.assert_close(found, expected, **EXACT)


@settings(max_examples=150)
@given(cases())
def test_decompose_agrees_with_the_twin(case):
    s = decompose(case.model, case.ids)
    for d, document in enumerate(case.documents):
        expected = twin(case.model, document)
        for name, values in (
            ("logits", expected.logits),
            ("ngram_scores", expected.A),
            ("pooled", expected.pooled),
        ):
            found = getattr(s, name)[d]
            torch.testing.assert_close(found, torch.tensor(values, dtype=found.dtype), **EXACT)
        assert s.starts[d].tolist() == expected.starts
        assert_same_rows(s.word_scores[d], expected.B)


def assert_exact(case: Case, tolerance: float) -> None:
    s = decompose(case.model, case.ids)
    with torch.no_grad():
        logits = case.model(case.ids)
    for found in (s.logits, s.ngram_scores.sum(dim=1), s.word_scores.sum(dim=1)):
        torch.testing.assert_close(found, logits, rtol=0, atol=tolerance)


@settings(max_examples=150)
@given(cases())
def test_columns_sum_to_the_logits_in_float64(case):
    assert_exact(case, 1e-12)


@settings(max_examples=150)
@given(cases(dtype=torch.float32))
def test_columns_sum_to_the_logits_in_float32(case):
    assert_exact(case, 1e-5)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_columns_sum_to_the_logits_at_the_papers_size(dtype, tolerance):
    config = {"vocab_size": 500, "embedding_dim": 100, "widths": (3, 4, 5), "filters_per_width": 50}
    ids = torch.randint(1, 500, (4, 200), generator=torch.Generator().manual_seed(0))
    assert_exact(Case(config | {"dtype": dtype}, ids.tolist(), spare=3), tolerance)


# Gradient x input ----------------------------------------------------------------------------


def gradient_times_input(model: TextCNN, ids: Tensor) -> Tensor:
    """Return (dS_q/dx_i) . x_i of every word and class, through the convolutions."""
    x = model.embedding(ids).detach().requires_grad_()
    handle = model.embedding.register_forward_hook(lambda *_: x)
    logits = model(ids)
    handle.remove()
    columns = [
        (torch.autograd.grad(column.sum(), x, retain_graph=True)[0] * x).sum(dim=2)
        for column in logits.unbind(1)
    ]
    return torch.stack(columns, dim=2).detach()


def bias_shares(model: TextCNN, s: ScoreMatrices) -> Tensor:
    """Spread w_(q,p) b_p / n of live filters and b_q / (k n) of all over their windows."""
    B = torch.zeros_like(s.word_scores)
    b_f = torch.cat([conv.bias for conv in model.convs]).detach()
    W, b = model.output.weight.detach(), model.output.bias.detach()
    for d in range(len(s)):
        for p, (start, n) in enumerate(zip(s.starts[d].tolist(), s.widths.tolist(), strict=True)):
            live = s.pooled[d, p] > 0
            B[d, start : start + n] += (live * W[:, p] * b_f[p] + b / len(s.widths)) / n
    return B


@given(cases(distinct=True, damage=False))
def test_b_is_gradient_times_input_plus_bias_shares(case):
    s = decompose(case.model, case.ids)
    ids, _ = case.model.lay_out(case.ids)
    expected = gradient_times_input(case.model, ids) + bias_shares(case.model, s)
    torch.testing.assert_close(s.word_scores, expected, **EXACT)


# What must not matter ------------------------------------------------------------------------


@given(cases())
def test_scores_do_not_depend_on_the_batch(case):
    together, turned = decompose(case.model, case.ids), decompose(case.model, case.ids.flip(0))
    for d, document in enumerate(case.documents):
        # A copy has a table of its own, filled from this document alone.
        alone = decompose(deepcopy(case.model), torch.tensor([document]))
        for other, row in ((alone, 0), (turned, len(case.documents) - 1 - d)):
            for name in ("logits", "ngram_scores", "pooled"):
                found, expected = getattr(other, name)[row], getattr(together, name)[d]
                torch.testing.assert_close(found, expected, **EXACT)
            assert torch.equal(other.starts[row], together.starts[d])
            assert_same_rows(other.word_scores[row], together.word_scores[d].tolist())


@given(cases())
def test_permuting_filters_permutes_a_and_leaves_b(case):
    model, per_width = deepcopy(case.model), case.model.config.filters_per_width
    turn = torch.arange(per_width).flip(0)
    for conv in model.convs:
        conv.weight.data, conv.bias.data = conv.weight.data[turn], conv.bias.data[turn]
    order = torch.cat([turn + w * per_width for w in range(len(model.convs))])
    model.output.weight.data = model.output.weight.data[:, order]
    before, after = decompose(case.model, case.ids), decompose(model, case.ids)
    assert torch.equal(after.starts, before.starts[:, order])
    torch.testing.assert_close(after.ngram_scores, before.ngram_scores[:, order], **EXACT)
    torch.testing.assert_close(after.word_scores, before.word_scores, **EXACT)


def test_dropout_plays_no_part():
    model, ids = network(dropout=0.9), torch.tensor([[2, 3, 4, 5]])
    expected = model(ids).detach()
    scores = decompose(model.train(), ids)
    torch.testing.assert_close(scores.logits, expected, **EXACT)
    assert model.training


def test_no_gradient_is_kept():
    model = network()
    s = decompose(model, torch.tensor([[2, 3, 4, 5]]))
    assert not any(getattr(s, name).requires_grad for name in ("logits", "word_scores", "pooled"))
    assert all(parameter.grad is None for parameter in model.parameters())


# Ties and places -----------------------------------------------------------------------------


@pytest.mark.parametrize("repeats", [2, 30])
@pytest.mark.parametrize("padding", ["masked", "paper"])
def test_ties_go_to_the_first_window(repeats, padding):
    """Thirty repeats reach over several of the blocks that the maximum is searched in."""
    model = network(padding=padding, max_length=200, widths=(1, 2, 3), filters_per_width=20)
    once = [2, 3, 4, 5]
    s = decompose(model, torch.tensor([once * repeats]))
    assert s.starts.max() < len(once) or padding == "paper"
    assert s.starts[0].tolist() == twin(model, once * repeats).starts


def test_the_first_of_many_all_padding_windows_wins():
    model = network(padding="paper", max_length=100, filters_per_width=30)
    model.embedding.weight.data[1:] = 0.0
    model.embedding.weight.data[0] = 1.0
    for conv in model.convs:
        conv.weight.data.abs_()
    s = decompose(model, torch.tensor([[2, 3, 4]]))
    assert (s.starts == 3).all()


def test_when_all_windows_tie_the_first_wins():
    model = network()
    for conv in model.convs:
        conv.weight.data.zero_()
    assert (decompose(model, torch.tensor([[2, 3, 4, 5] * 20])).starts == 0).all()


def spotter() -> TextCNN:
    """One filter that scores 3 - 1/2 on the words 2 3 4 and at most 2 - 1/2 elsewhere."""
    model = network(embedding_dim=12, num_classes=2, widths=(3,), filters_per_width=1)
    with torch.no_grad():
        model.embedding.weight.copy_(torch.eye(12))
        model.convs[0].weight.zero_()
        model.convs[0].weight[0, [2, 3, 4], [0, 1, 2]] = 1.0
        model.convs[0].bias.fill_(-0.5)
        model.output.weight.copy_(torch.tensor([[2.0], [-4.0]]))
        model.output.bias.copy_(torch.tensor([0.3, 0.6], dtype=torch.float64))
    return model


@pytest.mark.parametrize("before", [0, 1, 17, 40])
def test_an_ngram_scores_the_same_wherever_it_stands(before):
    document = [7] * before + [2, 3, 4] + [8] * 5
    s = decompose(spotter(), torch.tensor([document]))
    word = [2 * (1 - 0.5 / 3) + 0.3 / 3, -4 * (1 - 0.5 / 3) + 0.6 / 3]
    assert s.starts.item() == before and s.widths.item() == 3
    assert s.pooled.item() == 2.5
    assert_same_rows(s.word_scores[0], [[0.0, 0.0]] * before + [word] * 3)
    logits = [2 * 2.5 + 0.3, -4 * 2.5 + 0.6]
    assert_same_rows(s.ngram_scores[0], [logits])


def test_a_dead_filter_spreads_its_bias_share_over_its_best_window():
    model = spotter()
    model.convs[0].bias.data.fill_(-10.0)
    s = decompose(model, torch.tensor([[7, 2, 3, 4, 8]]))
    assert s.pooled.item() == -7.0
    expected = [[0.0, 0.0], *[[0.1, 0.2]] * 3, [0.0, 0.0]]
    assert_same_rows(s.word_scores[0], expected)
    torch.testing.assert_close(s.logits[0], model.output.bias.detach(), **EXACT)


def test_without_output_weights_b_is_only_bias_shares():
    model = network()
    model.output.weight.data.zero_()
    s = decompose(model, torch.tensor([[2, 3, 4, 5]]))
    k, b = len(s.widths), model.output.bias.detach()
    torch.testing.assert_close(s.ngram_scores[0], (b / k).expand(k, -1), **EXACT)
    covered = torch.zeros(4).double()
    for start, n in zip(s.starts[0].tolist(), s.widths.tolist(), strict=True):
        covered[start : start + n] += 1 / (k * n)
    torch.testing.assert_close(s.word_scores[0], covered[:, None] * b, **EXACT)


def test_one_filter_one_class_one_word():
    model = network(widths=(1,), filters_per_width=1, num_classes=1)
    s = decompose(model, torch.tensor([[5]]))
    assert s.ngram_scores.shape == s.word_scores.shape == (1, 1, 1)
    torch.testing.assert_close(s.ngram_scores[:, 0], s.logits, **EXACT)
    torch.testing.assert_close(s.word_scores[:, 0], s.logits, **EXACT)


def test_a_document_shorter_than_the_widest_filter_is_padded_up_to_it():
    s = decompose(network(widths=(1, 5)), torch.tensor([[3]]))
    assert s.word_scores.shape[1] == 5 and not s.starts.any()


@given(cases(damage=False))
def test_pooled_is_the_score_of_the_window_at_starts_and_none_is_higher(case):
    model, s = case.model, decompose(case.model, case.ids)
    ids, windows = model.lay_out(case.ids)
    assert s.widths.tolist() == [
        width for width in model.config.widths for _ in range(model.config.filters_per_width)
    ]
    x = model.embedding(ids).transpose(1, 2)
    per_width = s.pooled.split(model.config.filters_per_width, dim=1)
    starts = s.starts.split(model.config.filters_per_width, dim=1)
    for w, conv in enumerate(model.convs):
        u = conv(x).detach()
        at_start = u.gather(2, starts[w][:, :, None])[:, :, 0]
        torch.testing.assert_close(at_start, per_width[w], **EXACT)
        for d, number in enumerate(windows[:, w].tolist()):
            assert (starts[w][d] < number).all()
            assert (u[d, :, :number] <= per_width[w][d][:, None] + 1e-12).all()


def test_repeated_and_unsorted_widths_keep_their_order():
    widths = filter_widths(network(widths=(3, 1, 3), filters_per_width=2))
    assert widths.tolist() == [3, 3, 1, 1, 3, 3]


# Never stale ---------------------------------------------------------------------------------

IDS = torch.tensor([[2, 3, 4, 5, 6], [6, 5, 4, 0, 0]])


def step(model: TextCNN) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    F.cross_entropy(model(IDS), torch.tensor([0, 1])).backward()
    optimizer.step()


def edit_one_vector(model: TextCNN) -> None:
    model.embedding.weight.data[4] += 1.0


def edit_one_filter(model: TextCNN) -> None:
    model.convs[1].weight.data[0, 0, 0] += 1.0


def edit_biases(model: TextCNN) -> None:
    model.convs[0].bias.data += 1.0
    model.output.bias.data += 1.0


def load_other_weights(model: TextCNN) -> None:
    model.load_state_dict(network(seed=1).state_dict())


def put_another_conv(model: TextCNN) -> None:
    model.convs[0] = deepcopy(network(seed=2).convs[0])


def put_another_embedding(model: TextCNN) -> None:
    model.embedding = deepcopy(network(seed=2).embedding)


def there_and_back(model: TextCNN) -> None:
    model.float()
    decompose(model, IDS)
    model.double()


CHANGES = [
    step,
    edit_one_vector,
    edit_one_filter,
    edit_biases,
    load_other_weights,
    put_another_conv,
    put_another_embedding,
    there_and_back,
    TextCNN.float,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_scores_are_never_stale(change):
    model = network()
    decompose(model, IDS)
    change(model)
    found, fresh = decompose(model, IDS), decompose(deepcopy(model), IDS)
    torch.testing.assert_close(found.logits, model(IDS).detach())
    for name in ("ngram_scores", "word_scores", "pooled"):
        torch.testing.assert_close(getattr(found, name), getattr(fresh, name))
    assert found.logits.dtype == model.output.weight.dtype


def test_two_models_do_not_share_scores():
    one, other = network(seed=1), network(seed=2)
    for _ in range(2):
        for model in (one, other):
            torch.testing.assert_close(decompose(model, IDS).logits, model(IDS).detach(), **EXACT)


def test_a_later_batch_with_new_words_is_scored():
    model = network()
    for ids in ([[2, 3, 4]], [[5, 6, 7]], [[2, 6, 11]]):
        ids = torch.tensor(ids)
        torch.testing.assert_close(decompose(model, ids).logits, model(ids).detach(), **EXACT)


def test_the_table_goes_when_the_model_goes():
    model = network()
    decompose(model, IDS)
    before = len(slots._TABLES)
    del model
    gc.collect()
    assert len(slots._TABLES) < before


def test_a_table_begun_in_inference_mode_is_filled_in_outside():
    model = network()
    with torch.inference_mode():
        decompose(model, torch.tensor([[2, 3, 4]]))
    ids = torch.tensor([[5, 6, 7]])
    torch.testing.assert_close(decompose(model, ids).logits, model(ids).detach(), **EXACT)


@pytest.mark.parametrize(
    "part", ["embedding.weight", "convs.0.weight", "convs.0.bias", "output.weight", "output.bias"]
)
def test_weights_that_are_not_finite_are_named(part):
    model = network()
    model.get_parameter(part).data[:] = torch.nan
    with pytest.raises(ValueError, match="not finite: retrain or reload it"):
        decompose(model, IDS)


# The record ----------------------------------------------------------------------------------


def fields_of(s: ScoreMatrices) -> dict[str, Tensor]:
    names = ("logits", "ngram_scores", "word_scores", "pooled", "starts", "widths")
    return {name: getattr(s, name) for name in names}


@pytest.mark.parametrize("name", ["ngram_scores", "word_scores"])
def test_a_record_whose_columns_do_not_sum_is_refused(name):
    fields = fields_of(decompose(network(), IDS))
    fields[name] = fields[name] + 1e-6
    with pytest.raises(ValueError, match=f"columns of {name} do not sum to the logits"):
        ScoreMatrices(**fields)


@pytest.mark.parametrize("name", ["logits", "pooled", "starts", "widths"])
def test_a_record_whose_shapes_differ_is_refused(as_users_run_it, name):
    fields = fields_of(decompose(network(), IDS))
    fields[name] = fields[name][..., :-1]
    with pytest.raises(ValueError, match=rf"{name} should have shape \(.*\), got \("):
        ScoreMatrices(**fields)


def test_a_record_counts_its_documents_and_shows_its_shapes():
    s = decompose(network(), IDS)
    assert len(s) == 2
    assert repr(s).startswith("ScoreMatrices(logits (2, 3), ngram_scores (2, 6, 3)")


@st.composite
def large_networks(draw: st.DrawFn) -> tuple[dict[str, Any], list[float], float, int]:
    """Draw sizes up to 3,000 filters, a scale for each kind of weight, and how much cancels."""
    config = {
        "filters_per_width": draw(st.sampled_from([1, 10, 100, 500, 1000])),
        "widths": (3, 4, 5),
        "vocab_size": 30,
        "seed": draw(st.integers(0, 1000)),
        "dtype": draw(st.sampled_from([torch.float32, torch.float64])),
    }
    scales = [10.0 ** draw(st.integers(-20, 20)) for _ in range(3)]
    return config, scales, draw(st.sampled_from([0.0, 0.9, 1.0])), draw(st.integers(1, 12))


@settings(max_examples=100)
@given(large_networks())
@example(({"filters_per_width": 1000, "widths": (3, 4, 5), "seed": 1}, [1.0, 1.0, 1.0], 1.0, 5))
def test_rounding_never_makes_decompose_refuse_its_own_scores(drawn):
    """Each filter has a twin that votes the other way, so that words and logits cancel."""
    config, (of_embedding, of_filters, of_output), cancelling, length = drawn
    model = network(**({"vocab_size": 30, "dtype": torch.float32} | config))
    with torch.no_grad():
        model.embedding.weight *= of_embedding
        for conv in model.convs:
            conv.weight *= of_filters
            half = len(conv.weight) // 2
            conv.weight[:half] = conv.weight[half : 2 * half]
        model.output.weight *= of_output
        for columns in model.output.weight.split(config["filters_per_width"], dim=1):
            half = columns.shape[1] // 2
            columns[:, :half] -= cancelling * (columns[:, :half] + columns[:, half : 2 * half])
    generator = torch.Generator().manual_seed(config["seed"])
    ids = torch.randint(1, 30, (4, length), generator=generator)
    try:
        effects = [swap_effects(model, row) for row in ids]
        scores = decompose(model, ids)
    except ValueError as error:
        assert "not finite" in str(error)  # of products past the largest number
        return
    assert len(scores) == 4 and len(effects[0].exact) == length


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_inside_autocast_the_model_keeps_its_precision(dtype):
    model = network(dtype=torch.float32, filters_per_width=50)
    expected, swapped = decompose(model, IDS), swap_logits(model, IDS)
    other = network(dtype=torch.float32, filters_per_width=50)  # whose table is still empty
    with torch.autocast("cpu", dtype=dtype):
        assert torch.equal(decompose(other, IDS).logits, expected.logits)
        assert torch.equal(swap_logits(other, IDS), swapped)
        swap_effects(other, IDS[0][IDS[0] > 0])
