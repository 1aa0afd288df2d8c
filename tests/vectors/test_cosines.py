from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook.vectors.cosines import highest


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 3),
    st.lists(st.booleans(), min_size=1, max_size=9),
    st.integers(0, 10),
)
def test_the_highest_agree_with_pythons_sort(seed, count_of_vectors, excluded, count):
    # Of few different values, so that there are ties: the earlier row comes first.
    size = (count_of_vectors, len(excluded))
    cosines = np.random.default_rng(seed).integers(-2, 3, size) / 2
    left = [row for row, out in enumerate(excluded) if not out]
    count = min(count, len(left))
    rows, values = highest(torch.tensor(cosines), torch.tensor(excluded), count)
    for found, best, line in zip(rows.tolist(), values.tolist(), cosines, strict=True):
        expected = sorted(left, key=lambda row: -line[row])[:count]
        assert found == expected and best == [line[row] for row in expected]


def test_the_cosines_that_are_handed_in_stay_as_they_are():
    cosines = torch.tensor([[0.5, 1.0]])
    highest(cosines, torch.tensor([True, False]), 1)
    assert cosines.tolist() == [[0.5, 1.0]]
