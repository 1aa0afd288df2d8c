"""Figures of these tests are drawn on no screen and closed after each test."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import pytest
from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def on_paper() -> Iterator[None]:
    matplotlib.use("agg")
    yield
    plt.close("all")
