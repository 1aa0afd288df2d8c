"""Files that are either whole or not there, and the fingerprint that tells."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is either whole or not there: it lands by rename."""
    part = tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f"{path.name}.", suffix=".part", delete=False
    )
    try:
        with part:
            part.write(content)
            part.flush()
            os.fsync(part.fileno())
        os.chmod(part.name, 0o644)
        os.replace(part.name, path)
    except BaseException:
        os.unlink(part.name)
        raise


def fingerprint(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what JSON would hold, however it is laid out.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": (2,)}) == fingerprint({"b": [2], "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
