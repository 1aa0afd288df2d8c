"""Result records: one JSON file a run, whole and unchanged or not read at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from interpbook._files import fingerprint, readable, write_whole

Record = dict[str, Any]

_FORMAT = 1


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record by rename, with the SHA-256 of its content in it.

    Parameters
    ----------
    path : Path
        The file; its folder is made if need be.
    record : mapping
        What JSON can hold.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "run.json"
    ...     write_record(path, {"study": "table1", "metrics": {"accuracy": 0.9}})
    ...     read_record(path)
    {'format': 1, 'study': 'table1', 'metrics': {'accuracy': 0.9}}
    """
    content = {"format": _FORMAT, **record}
    content["sha256"] = fingerprint(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, (readable(json.dumps(content, ensure_ascii=False)) + "\n").encode())


def read_record(path: Path) -> Record:
    """Read a record that ``write_record`` wrote.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        The record, without its SHA-256.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the record is cut short, changed by hand or of another format.

    Examples
    --------
    >>> from interpbook._files import data_folder
    >>> record = read_record(data_folder() / "results" / "table1" / "imdb-k150-seed0.json")
    >>> record["k"], round(record["metrics"]["accuracy"], 2), record["metrics"]["documents"]
    (150, 0.89, 25000)
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        stated, found = content.pop("sha256"), content["format"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no whole record: remove it and run its cell again") from error
    # The format is looked at first: another one may reckon its fingerprint in another way.
    if found != _FORMAT:
        raise ValueError(
            f"{path} has record format {found!r}, this version reads {_FORMAT}: run its cell again"
        )
    if stated != fingerprint(content):
        raise ValueError(f"{path} was changed after its run: remove it and run its cell again")
    return content


def read_records(folder: Path) -> Iterator[Record]:
    """Yield the records of a folder in the order of their names.

    Parameters
    ----------
    folder : Path
        The folder of a study.

    Returns
    -------
    iterator of dict
        One record a file.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no record in it.
    ValueError
        If a record is not whole (``read_record``).

    Examples
    --------
    >>> from interpbook._files import data_folder
    >>> for record in read_records(data_folder() / "results" / "yuan-table3"):
    ...     print(f"{record['cell']} {record['metrics']['accuracy']:.1%}")
    ag_news-seed0 89.4%
    ag_news-seed1 88.8%
    ag_news-seed2 89.0%
    mr-seed0 80.1%
    mr-seed1 80.1%
    mr-seed2 80.8%
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise FileNotFoundError(
            f"{folder} holds no records: make them with `interpbook reproduce {folder.name}`"
        )
    return map(read_record, paths)
