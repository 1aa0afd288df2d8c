"""JupyterLab opens the notebooks ready to run: MyST and widgets load in the version of the lock."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def extensions() -> dict[str, str]:
    """Return the line that JupyterLab prints about each of its extensions."""
    command = [sys.executable, "-m", "jupyter", "labextension", "list"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    lines = (done.stdout + done.stderr).splitlines()
    return {line.split()[0]: line for line in lines if line.strip()}


@pytest.mark.parametrize(
    "name", ["jupyterlab-myst", "@jupyter-widgets/jupyterlab-manager", "anywidget"]
)
def test_extension_is_enabled_and_compatible(extensions, name):
    assert "enabled" in extensions[name] and "OK" in extensions[name], extensions[name]
