"""Autocast halves no product of what is decorated."""

from __future__ import annotations

import torch

from interpbook.models.autocast import own_precision


def test_the_precision_of_the_arguments_is_kept_and_autocast_goes_on_afterwards():
    @own_precision
    def product(matrix):
        return matrix @ matrix

    ones = torch.ones(2, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert product(ones).dtype == torch.float32
        assert (ones @ ones).dtype == torch.bfloat16
    assert product.__name__ == "product"
