"""Write ``requirements.lock``: every package of the running environment, pinned.

``make lock`` runs it. What pip installed on one system is not the whole set of another: `ONLY` adds
the markers for packages that one system must not get, `ELSEWHERE` the pins that another one needs.
A build of PyTorch may call itself ``2.13.0+cpu``; the lock names the plain version, which matches
the CPU and the CUDA builds alike.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"

HEADER = """\
# Every package of the book's environment, pinned. `make test` and `make book` install from it.
#
# Made by `make lock` (tools/lock.py) from a working .venv. To move to newer versions:
#     .venv/bin/python -m pip install --upgrade PACKAGE ...   (or `-e ".[book,test,bench]"` in a new venv)
#     make lock && make test
# torch has no local suffix such as +cpu on purpose: tools/install.py says where its build comes from.
"""  # noqa: E501

ONLY = {
    "pexpect": 'sys_platform != "win32"',
    "ptyprocess": 'sys_platform != "win32"',
}
ELSEWHERE = (
    'appnope==0.1.4 ; sys_platform == "darwin"',
    'colorama==0.4.6 ; sys_platform == "win32"',
    'pywinpty==3.0.2 ; sys_platform == "win32"',
)
NOT_PINNED = {"interpbook", "pip"}


def lock_lines(freeze: list[str]) -> list[str]:
    """Turn ``pip list --format=freeze`` lines into sorted lock lines.

    >>> lock_lines(["torch==2.13.0+cpu", "pip==25.0", "pexpect==4.9.0"])[-2:]
    ['pywinpty==3.0.2 ; sys_platform == "win32"', 'torch==2.13.0']
    """
    lines = list(ELSEWHERE)
    for line in freeze:
        name, _, version = line.partition("==")
        name = re.sub(r"[-_.]+", "-", name).lower()
        if not version or name in NOT_PINNED:
            continue
        pin = f"{name}=={version.partition('+')[0]}"
        lines.append(f"{pin} ; {ONLY[name]}" if name in ONLY else pin)
    return sorted(lines)


def main() -> int:
    """Read the running environment and replace the lock in one step."""
    command = [sys.executable, "-m", "pip", "list", "--format=freeze"]
    freeze = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    partial = LOCK.with_suffix(".part")
    partial.write_text(HEADER + "\n".join(lock_lines(freeze.splitlines())) + "\n", encoding="utf-8")
    partial.replace(LOCK)
    print(f"wrote {LOCK.name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
