"""Files that are either whole or not there, fingerprints of content, and the data folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_HALF = re.compile("[\ud800-\udfff]")  # of a character, as it stands where a text was cut


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is either whole or not there: it lands by rename.

    Parameters
    ----------
    path : Path
        The file; an older one is replaced.
    content : bytes
        All that the file is to hold.

    Raises
    ------
    OSError
        If the file cannot be written; then an older one stays as it is.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "words.txt", b"dull")
    ...     [path.name for path in Path(folder).iterdir()]
    ['words.txt']
    """
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
        # A stop may come when the part has just been renamed, so that it is no longer there.
        Path(part.name).unlink(missing_ok=True)
        raise


def readable(text: str) -> str:
    r"""Replace halves of characters, which no file and no page can hold, by \ufffd.

    A text that was cut inside an emoji ends in one. The text stays as long as it was, so that
    places in it stay where they are.

    Parameters
    ----------
    text : str
        Any text.

    Examples
    --------
    >>> readable("cut \ud83d") == "cut \ufffd"
    True
    """
    return _HALF.sub("\ufffd", text)


def plain(value: Any, place: str) -> Any:
    """Return a value with Python's own numbers and texts, as JSON can hold it.

    Parameters
    ----------
    value : object
        What is to be saved; numbers and arrays of numpy become Python's.
    place : str
        Where the value stands, for the error's sentence.

    Raises
    ------
    TypeError
        If a part of it is nothing that JSON can hold.

    Examples
    --------
    >>> plain({"accuracy": np.float32(0.5), "widths": (3, 4)}, "the card")
    {'accuracy': 0.5, 'widths': (3, 4)}
    """
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist(), place)
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {plain(key, place): plain(item, f"{place}, {key!r}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(item, place) for item in value)
    raise TypeError(f"{place} holds texts, numbers, lists and mappings, got {value!r}")


def fingerprint(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of content as JSON would hold it, however the file is laid out.

    Content read from a file has the fingerprint of the content that was written: JSON turns tuples
    into lists and keys into strings, and this does so too before it sorts the keys; halves of
    characters are not written.

    Parameters
    ----------
    content : mapping
        What JSON can hold.

    Returns
    -------
    str
        The SHA-256, in hexadecimal digits.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": (2,)}) == fingerprint({"b": [2], "a": 1})
    True
    >>> fingerprint({"share": {2: 0.1, 10: 0.9}}) == fingerprint({"share": {"2": 0.1, "10": 0.9}})
    True
    """
    held = json.loads(readable(json.dumps(content, ensure_ascii=False)))
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


def data_folder() -> Path:
    """Find the data that come with the book.

    In a checkout it is ``data/`` beside ``src/``; an installed wheel carries it as
    ``interpbook/_data``.

    Raises
    ------
    FileNotFoundError
        If it is in neither place.

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
