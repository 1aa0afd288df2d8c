from __future__ import annotations

import numpy as np
import pytest
import torch

from interpbook._checks import number_from, positive, whole_number

NO_NUMBERS = [True, False, np.True_, 1.0, 2.5, "1", None, [1], float("nan")]


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), torch.tensor(3)])
def test_whole_numbers_of_every_kind_become_pythons(value):
    for found in (whole_number(value), number_from(value, 0, ""), *positive([value], "")):
        assert found == 3 and type(found) is int


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(TypeError):
        whole_number(value)
    with pytest.raises(ValueError, match=r"^what will do$"):
        number_from(value, 0, "what will do")
    with pytest.raises(ValueError, match=r"^what will do$"):
        positive([2, value], "what will do")


@pytest.mark.parametrize(("value", "fits"), [(-1, False), (0, True), (2, True), (3, False)])
def test_a_range_has_two_ends(value, fits):
    if fits:
        assert number_from(value, 0, "", below=3) == value
    else:
        with pytest.raises(ValueError, match=r"^0 to 2$"):
            number_from(value, 0, "0 to 2", below=3)


def test_a_range_may_have_no_end():
    assert number_from(10**9, 1, "") == 10**9


@pytest.mark.parametrize("values", [[], [0], [3, -1], 5, None], ids=repr)
def test_positive_numbers_are_one_or_more_above_zero(as_users_run_it, values):
    with pytest.raises(ValueError, match=r"^one or more$"):
        positive(values, "one or more")
