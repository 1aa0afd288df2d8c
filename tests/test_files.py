"""Files land whole or not at all."""

from __future__ import annotations

import os

import pytest

from interpbook import _files as files
from interpbook._files import fingerprint, write_whole


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "record.json"
    for content in (b"first", b"", b"\0\xff second"):
        write_whole(path, content)
        assert path.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_others_may_read_it(tmp_path):
    write_whole(tmp_path / "file", b"content")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("stop", [OSError("disk full"), KeyboardInterrupt()])
def test_a_stop_at_any_step_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step, stop):
    path = tmp_path / "record.json"
    write_whole(path, b"old")

    def fail(*_args):
        raise stop

    monkeypatch.setattr(files.os, step, fail)
    with pytest.raises(type(stop)):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_a_stop_right_after_the_rename_is_the_stop_itself(tmp_path, monkeypatch):
    real = os.replace

    def rename_and_stop(*args):
        real(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", rename_and_stop)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        write_whole(tmp_path / "nowhere" / "file", b"content")


@pytest.mark.parametrize(
    "other",
    [{"a": 1.5, "b": [2]}, {"a": 1, "b": [2, 2]}, {"a": 1}, {"a": "1", "b": [2]}, {"b": 1, "a": 2}],
)
def test_what_differs_has_another_fingerprint(other):
    assert fingerprint(other) != fingerprint({"a": 1, "b": [2]})
