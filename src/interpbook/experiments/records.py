"""Result records: one JSON file a run, whole and unchanged or not read at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from interpbook._files import fingerprint, write_whole

Record = dict[str, Any]

_FORMAT = 1


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record by rename, with the SHA-256 of its content in it."""
    content = {"format": _FORMAT, **record}
    content["sha256"] = fingerprint(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, (json.dumps(content, ensure_ascii=False) + "\n").encode())


def read_record(path: Path) -> Record:
    """Read a record that ``write_record`` wrote.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is cut short, changed by hand or of another format.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        stated, found = content.pop("sha256"), content["format"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no whole record: remove it and run its cell again") from error
    if found != _FORMAT:  # asked first: another format may reckon its fingerprint in another way
        raise ValueError(
            f"{path} has record format {found!r}, this version reads {_FORMAT}: run its cell again"
        )
    if stated != fingerprint(content):
        raise ValueError(f"{path} was changed after its run: remove it and run its cell again")
    return content


def read_records(folder: Path) -> Iterator[Record]:
    """Yield the records of a folder in the order of their names.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no record in it.
    ValueError
        If one of them is not whole (``read_record``).
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise FileNotFoundError(
            f"{folder} holds no records: make them with `interpbook reproduce {folder.name}`"
        )
    return map(read_record, paths)
