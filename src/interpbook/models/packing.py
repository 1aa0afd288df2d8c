"""Weights in one or two bytes a number instead of four: what git and a reader's browser carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import torch
from torch import Tensor

Precision = Literal["float16", "int8"]

_SCALE = ".scale"  # follows a tensor's name
_LEVELS = 127
_GRAIN = 2.0**-24  # the smallest number that float16 has


def pack(weights: Mapping[str, Tensor], precision: Precision) -> dict[str, Tensor]:
    """Return the tensors as they are stored.

    ``"float16"`` rounds every number to float16. ``"int8"`` turns each row of a matrix (a word's
    vector, a filter) into whole numbers -127..127 and one float16 scale, which stands under the
    matrix's name with ``.scale`` appended; a row is off by at most half a step, its largest number
    divided by 254 (a row without a number above 0.002: by at most 8e-6). Vectors such as biases
    stay float16. Packing numbers that were packed and unpacked before changes none of them.

    Parameters
    ----------
    weights : mapping of str to Tensor
        A model's weights, such as its ``state_dict()``.
    precision : {"float16", "int8"}
        How the numbers are stored.

    Returns
    -------
    dict of str to Tensor
        The stored tensors by name, scales included.

    Raises
    ------
    ValueError
        If a number is not finite, or is too large for float16, or there is no such precision.

    Examples
    --------
    >>> packed = pack({"w": torch.tensor([[1.0, -0.5, 0.25]])}, "int8")
    >>> packed["w"].tolist(), round(float(packed["w.scale"]), 5)
    ([[127, -64, 32]], 0.00787)
    """
    if precision not in get_args(Precision):
        raise ValueError(f"precision is 'float16' or 'int8', got {precision!r}")
    packed = {}
    for name, tensor in weights.items():
        values = tensor.detach().cpu().float()
        if not torch.isfinite(values.half()).all():
            raise ValueError(f"{name} holds a number that float16 cannot: retrain the model")
        if precision == "float16" or tensor.ndim < 2:
            packed[name] = values.half().contiguous()
            continue
        rows = values.flatten(1)  # (V, m) stays; a convolution's (f, m, n) becomes (f, m n)
        # A float16 scale times 127 is exact in float32, and a row's largest number is a whole 127:
        # so rounding twice changes nothing. Below float16's normal numbers its grain is too coarse
        # for that, unless a scale is rounded down.
        scale = rows.abs().amax(dim=1) / _LEVELS
        down = (scale / _GRAIN).floor() * _GRAIN
        scale = scale.where(scale >= torch.finfo(torch.float16).tiny, down).half()
        steps = rows / scale.float().where(scale > 0, 1.0)[:, None]
        whole = steps.round().clamp(-_LEVELS, _LEVELS).to(torch.int8)
        packed[name], packed[name + _SCALE] = whole.view_as(values).contiguous(), scale
    return packed


def unpack(packed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return float32 tensors from what ``pack`` made.

    Parameters
    ----------
    packed : mapping of str to Tensor
        What ``pack`` returned.

    Returns
    -------
    dict of str to Tensor
        float32 tensors with the names and shapes that ``pack`` was given.

    Examples
    --------
    >>> packed = pack({"w": torch.tensor([[1.0, -0.5, 0.25]])}, "int8")
    >>> [round(number, 3) for number in unpack(packed)["w"][0].tolist()]
    [1.0, -0.504, 0.252]
    """
    weights = {}
    for name, tensor in packed.items():
        if name.endswith(_SCALE):
            continue
        values = tensor.float()
        if tensor.dtype == torch.int8:
            scale = packed[name + _SCALE].float()
            values *= scale.view(-1, *[1] * (tensor.ndim - 1))
        weights[name] = values
    return weights


@torch.no_grad()
def round_weights(model: torch.nn.Module, precision: Precision) -> None:
    """Round a model's weights in place to what ``pack`` keeps of them.

    Parameters
    ----------
    model : Module
        The model whose weights are changed.
    precision : {"float16", "int8"}
        How ``pack`` would store them.

    Examples
    --------
    >>> model = torch.nn.Linear(3, 1)
    >>> with torch.no_grad():
    ...     _ = model.weight.copy_(torch.tensor([[0.1, 0.2, 0.3]]))
    >>> round_weights(model, "float16")
    >>> model.weight[0].tolist() == torch.tensor([0.1, 0.2, 0.3]).half().tolist()
    True
    """
    model.load_state_dict(unpack(pack(model.state_dict(), precision)))
