"""Where the tests find things: the checkout, and the mirror of the real corpora if there is one."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MIRROR = Path(os.environ.get("INTERPBOOK_DATA") or ROOT.parent / "shared" / "data")
