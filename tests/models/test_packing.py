"""Weights in one or two bytes: what comes back, how far it is off, and that it stays."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from interpbook import DeepTextCNN, DeepTextCNNConfig
from interpbook.models import pack, round_weights, unpack

PRECISIONS = ("float16", "int8")
every_precision = pytest.mark.parametrize("precision", PRECISIONS)

# A classifier's weights and far beyond, down to numbers that float16 has no normal ones for.
sizes = st.floats(-40, 10).map(lambda power: 2.0**power)
matrices = st.builds(
    lambda table, size: torch.from_numpy(table * np.float32(size)),
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 6)) | st.tuples(*[st.integers(1, 3)] * 3),
        elements=st.floats(-1, 1, width=32),
    ),
    sizes,
)


def twin(row: list[float]) -> list[float]:
    """Round a row to whole multiples of a 127th of its largest number, one number at a time."""
    step = float(np.float16(max(abs(x) for x in row) / 127))
    return [max(-127, min(127, round(x / step))) * step if step else 0.0 for x in row]


@given(matrices)
@example(torch.tensor([[1.501 * 127 * 2.0**-24, 0.0]]))
@example(torch.tensor([[2.0**-14 * 127, 1e-9], [2.0**-14 * 126.9, -3e-3]]))
@example(torch.zeros(2, 3))
@pytest.mark.parametrize("precision", PRECISIONS)
def test_rounding_twice_changes_nothing(precision, matrix):
    once = pack({"w": matrix}, precision)
    again = pack(unpack(once), precision)
    assert once.keys() == again.keys()
    assert all(torch.equal(once[name], again[name]) for name in once)


@given(matrices)
def test_a_number_is_off_by_half_a_step_at_most(matrix):
    found = unpack(pack({"w": matrix}, "int8"))["w"]
    largest = matrix.flatten(1).abs().amax(dim=1).double()
    off = (found.double() - matrix.double()).flatten(1).abs().amax(dim=1)
    # A scale has 11 bits, so a step is not quite a 127th of the largest number.
    half = largest / 254 * (1 + 2**-10)
    assert ((off <= half) | ((largest <= 0.002) & (off <= 8e-6))).all()


@given(matrices)
def test_float16_is_off_by_a_rounding(matrix):
    found = unpack(pack({"w": matrix}, "float16"))["w"]
    assert torch.equal(found, torch.from_numpy(matrix.numpy().astype(np.float16)).float())


def test_a_matrix_is_rounded_row_by_row_like_its_slow_twin():
    matrix = torch.randn(5, 7, generator=torch.Generator().manual_seed(1))
    matrix *= torch.logspace(-1, 2, 5)[:, None]
    found = unpack(pack({"w": matrix}, "int8"))["w"]
    torch.testing.assert_close(
        found, torch.tensor([twin(row) for row in matrix.tolist()]), rtol=1e-6, atol=0
    )


def test_the_filters_of_a_convolution_have_a_scale_each():
    weight = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(2))
    packed = pack({"convs.0.weight": weight}, "int8")
    assert packed["convs.0.weight"].shape == (3, 4, 5)
    assert packed["convs.0.weight"].dtype == torch.int8
    assert packed["convs.0.weight.scale"].shape == (3,)
    assert packed["convs.0.weight.scale"].dtype == torch.float16
    assert packed["convs.0.weight"].abs().flatten(1).amax(dim=1).tolist() == [127] * 3


def test_biases_stay_float16():
    bias = torch.tensor([0.123456, -7.0])
    packed = pack({"bias": bias}, "int8")
    assert list(packed) == ["bias"] and packed["bias"].dtype == torch.float16
    assert torch.equal(unpack(packed)["bias"], bias.half().float())


@every_precision
def test_rows_of_zeros_stay(precision):
    matrix = torch.tensor([[0.0, 0.0], [1.0, -0.25]])
    found = unpack(pack({"w": matrix}, precision))["w"]
    assert not found[0].any() and torch.isfinite(found).all()
    assert float(found[1, 0]) == pytest.approx(1.0, rel=1e-3)


@every_precision
def test_all_comes_back_in_float32_under_its_name(precision):
    weights = {"a": torch.ones(2, 3, dtype=torch.float64), "b": torch.ones(2)}
    found = unpack(pack(weights, precision))
    assert {name: (t.shape, t.dtype) for name, t in found.items()} == {
        "a": ((2, 3), torch.float32),
        "b": ((2,), torch.float32),
    }


@every_precision
@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf, 1e5])
@pytest.mark.parametrize("shape", [(2,), (2, 3)])
def test_a_number_that_float16_cannot_hold_is_refused(precision, number, shape):
    weight = torch.zeros(shape)
    weight.view(-1)[1] = number
    with pytest.raises(ValueError, match="w holds a number that float16 cannot: retrain the model"):
        pack({"fine": torch.ones(2), "w": weight}, precision)


def test_an_unknown_precision_is_refused(as_users_run_it):
    with pytest.raises(ValueError, match="precision is 'float16' or 'int8', got 'int4'"):
        pack({"w": torch.ones(2)}, "int4")


def test_packing_leaves_the_weights_alone():
    weight = torch.tensor([[0.3, 0.123456789]])
    before = weight.clone()
    pack({"w": weight}, "int8")
    assert torch.equal(weight, before)


@every_precision
def test_a_models_weights_are_rounded_in_place(precision):
    config = DeepTextCNNConfig(9, 2, embedding_dim=4, channels=(3, 2), max_length=8)
    model = DeepTextCNN(config).eval()
    exact, embedding = deepcopy(model), model.embedding.weight
    round_weights(model, precision)
    assert model.embedding.weight is embedding and embedding.requires_grad
    expected = unpack(pack(exact.state_dict(), precision))
    assert all(torch.equal(expected[name], found) for name, found in model.state_dict().items())
    assert not torch.equal(embedding, exact.embedding.weight)
    ids = torch.tensor([[2, 3, 4, 5, 6]])
    assert torch.allclose(model(ids), exact(ids), atol=0.05)
