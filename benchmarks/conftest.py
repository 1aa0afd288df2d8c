"""What the benchmarks share beside their peers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Use one thread: two would wait for each other at each small step while others compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def real_corpora(monkeypatch) -> None:
    """Read the real corpora from a mirror; a benchmark downloads nothing."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    mirror = Path(os.environ.get("INTERPBOOK_DATA") or beside)
    if not (mirror / "SHA256SUMS").exists():
        pytest.skip("the real corpora are not here: set INTERPBOOK_DATA to a mirror")
    monkeypatch.setenv("INTERPBOOK_DATA", str(mirror))
