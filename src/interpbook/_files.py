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
        Path(part.name).unlink(missing_ok=True)  # a stop may come when it has just been renamed
        raise


def fingerprint(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what JSON would hold, however it is laid out.

    What a file holds has the fingerprint of what was written to it: JSON turns tuples into lists
    and keys into strings, so the order of keys is that of the strings.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": (2,)}) == fingerprint({"b": [2], "a": 1})
    True
    >>> fingerprint({"share": {2: 0.1, 10: 0.9}}) == fingerprint({"share": {"2": 0.1, "10": 0.9}})
    True
    """
    held = json.loads(json.dumps(content))
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


def data_folder() -> Path:
    """Find the data that come with the book.

    In a checkout it is ``data/`` beside ``src/``; an installed wheel carries it as
    ``interpbook/_data``.

    Examples
    --------
    >>> (data_folder() / "corpora" / "reviews.test.jsonl").is_file()
    True
    """
    package = Path(__file__).resolve().parent
    candidates = [package / "_data"]
    if package.parent.name == "src":
        candidates.append(package.parent.parent / "data")
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        "the book's data folder is missing (data/ in a checkout, _data in an installed "
        "interpbook): clone the repository again, or reinstall the package"
    )
