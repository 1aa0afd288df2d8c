"""Shape annotations are executed: the import hook must come before anything imports interpbook."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator

import hypothesis
import jaxtyping
import pytest
import torch

jaxtyping.install_import_hook("interpbook", "beartype.beartype")
# Now, and whole: collecting a doctest module first would execute it twice.
importlib.import_module("interpbook")

# The tests' networks are tiny: more threads would only wait for each other.
torch.set_num_threads(1)

# A time limit for each example would measure the machine's other guests.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture
def as_users_run_it() -> Iterator[None]:
    """Switch the type checks off, so that wrong types meet the package's own sentences."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
