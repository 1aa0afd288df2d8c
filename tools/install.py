"""Install the book's locked environment into the Python that runs this script.

The plain Linux wheel of PyTorch brings gigabytes of CUDA libraries along. This book needs none of
them, so PyTorch goes in first, from PyTorch's own index of CPU builds, *if* that index answers
within a few seconds. Where it does not (no network, a proxy, a mirror in pip's configuration),
nothing is lost but those seconds: pip then finds PyTorch wherever it is configured to look.

``TORCH_INDEX`` overrides this: a URL (say ``https://download.pytorch.org/whl/cu130``) is used
without asking, ``none`` leaves the choice to pip alone.

Only the standard library is used, for this runs before anything is installed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 4.0
OLDEST_PYTHON = (3, 11)

# Runs in a process of its own: a name server that never answers cannot be timed out from inside.
PROBE = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1].rstrip("/") + "/torch/", method="HEAD")
sys.exit(urllib.request.urlopen(request, timeout=float(sys.argv[2])).status != 200)
"""


def answers(index: str, seconds: float = PROBE_SECONDS) -> bool:
    """Say whether the package index at ``index`` serves torch within ``seconds`` of wall clock."""
    command = [sys.executable, "-c", PROBE, index, str(seconds)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def choose_index(environ: Mapping[str, str], platform: str) -> str | None:
    """Return the extra index to install PyTorch from, or None to leave the choice to pip."""
    wanted = environ.get("TORCH_INDEX", "").strip()
    if wanted.lower() == "none":
        return None
    if wanted:
        return wanted
    if not platform.startswith("linux"):
        return None  # the plain wheels for macOS and Windows are CPU builds
    return CPU_INDEX if answers(CPU_INDEX) else None


def pinned(package: str, lock: Path = LOCK) -> str:
    """Return the lock's requirement for ``package``, such as ``torch==2.13.0``."""
    found = re.search(rf"^{re.escape(package)}==[^\s;]+", lock.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{lock.name} has no pin for {package}; run `make lock`.")
    return found[0]


def torch_is_here(pin: str) -> bool:
    """Say whether this Python already has the pinned PyTorch, whatever its build."""
    from importlib import metadata

    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return False
    return version.partition("+")[0] == pin.partition("==")[2]


def commands(index: str | None, lock: Path = LOCK) -> list[list[str]]:
    """List the pip commands that install everything, in order.

    With an ``index``, PyTorch alone is installed from it first; the lock then finds it satisfied.
    The package itself comes last, with the lock's own build tools, so nothing unpinned slips in.
    """
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    torch_first = [*pip, "--extra-index-url", index or "", "-c", str(lock), pinned("torch", lock)]
    rest = [
        [*pip, "-r", str(lock)],
        [*pip, "--no-deps", "--no-build-isolation", "-e", str(lock.parent)],
    ]
    return [torch_first, *rest] if index else rest


def main(argv: Sequence[str] = ()) -> int:
    """Install, one pip command after the other; the first failure ends it with pip's own status."""
    if sys.version_info < OLDEST_PYTHON:
        have = ".".join(map(str, sys.version_info[:3]))
        print(
            f"The book needs CPython 3.11 or newer; this is {have}. "
            "Try `make PYTHON=python3.11` (after removing .venv).",
            file=sys.stderr,
        )
        return 1
    index = None if torch_is_here(pinned("torch")) else choose_index(os.environ, sys.platform)
    if index:
        print(f"PyTorch comes from {index} (set TORCH_INDEX=none to leave that to pip)", flush=True)
    for command in commands(index):
        print("+", *command, flush=True)
        status = subprocess.run([*command, *argv], check=False, cwd=ROOT).returncode
        if status and index == CPU_INDEX and CPU_INDEX in command:
            print(f"{CPU_INDEX} failed on the way; going on without it", flush=True)
        elif status:
            return status
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
