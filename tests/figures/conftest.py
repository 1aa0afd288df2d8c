"""Figures of these tests are drawn on no screen."""

from __future__ import annotations

import matplotlib
import pytest


@pytest.fixture(autouse=True)
def on_paper() -> None:
    matplotlib.use("agg")
