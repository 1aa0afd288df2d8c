"""Records are whole and unchanged, or not read at all."""

from __future__ import annotations

import json

import pytest

from interpbook import _files as files
from interpbook._files import fingerprint
from interpbook.experiments import read_record, read_records, write_record

RECORD = {
    "cell": "imdb-k30-seed0",
    "k": 30,
    "changes": {},
    "losses": [0.1 + 0.2, 1e-300],
    "corpus": {"train": {"complete": False, "source": "Gödel's ∞ “mirror”"}},
}


@pytest.fixture
def path(tmp_path):
    write_record(tmp_path / "table1" / "cell.json", RECORD)
    return tmp_path / "table1" / "cell.json"


def test_a_record_comes_back_as_it_was(path):
    assert read_record(path) == {"format": 1, **RECORD}
    assert list(read_records(path.parent)) == [read_record(path)]


def test_tuples_and_numbered_keys_come_back_as_json_has_them(path):
    write_record(path, {"widths": (3, 4), "share": {2: 0.25, 10: 0.75}})
    assert read_record(path) == {"format": 1, "widths": [3, 4], "share": {"2": 0.25, "10": 0.75}}


def test_a_record_is_readable_text_without_the_words_escaped(path):
    content = path.read_text(encoding="utf-8")
    assert content.count("\n") == 1 and "Gödel's ∞" in content


def test_layout_is_no_change(path):
    path.write_text(json.dumps(json.loads(path.read_bytes()), indent=4), encoding="utf-8")
    assert read_record(path)["k"] == 30


def test_a_record_cut_anywhere_is_refused(path):
    content = path.read_bytes()
    for end in range(len(content) - 2):  # without its newline it is still whole
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match=r"cell.json is no whole record: remove it and run"):
            read_record(path)


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b"{}", b'"k"', b"7", b"\xff\xfe", b"k: 30"]
)
def test_what_is_no_record_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cell.json is no whole record: remove it and run"):
        read_record(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [("30", "31"), ("false", "true"), ("0.30000000000000004", "0.3"), ('"k"', '"K"')],
)
def test_a_record_changed_by_hand_is_refused(path, old, new):
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=r"cell.json was changed after its run: remove it and run"):
        read_record(path)


@pytest.mark.parametrize("whole", [True, False])
def test_another_format_is_named(path, whole):
    """Whatever its fingerprint: another format may reckon it otherwise."""
    content = {"format": 2, "news": []}
    content["sha256"] = fingerprint(content) if whole else "0"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=r"has record format 2, this version reads 1: run its"):
        read_record(path)


def test_a_record_without_a_fingerprint_is_refused(path):
    path.write_text(json.dumps({"format": 1, **RECORD}), encoding="utf-8")
    with pytest.raises(ValueError, match="no whole record"):
        read_record(path)


def test_no_record_is_no_damage(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_record(tmp_path / "cell.json")


def test_a_write_that_is_cut_off_leaves_the_old_record(path, monkeypatch):
    def fail(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write_record(path, RECORD | {"k": 75})
    assert read_record(path)["k"] == 30
    assert [path.name for path in path.parent.iterdir()] == ["cell.json"]


def test_records_come_in_the_order_of_their_names_and_parts_are_no_records(path):
    for name in ("b", "a", "c"):
        write_record(path.parent / f"{name}.json", {"name": name})
    path.unlink()
    (path.parent / "a.json.x1y2.part").write_text("half a rec", encoding="utf-8")
    (path.parent / "notes.txt").touch()
    assert [record["name"] for record in read_records(path.parent)] == ["a", "b", "c"]


def test_one_damaged_record_among_good_ones_is_named(path):
    (path.parent / "b.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"b.json is no whole record"):
        list(read_records(path.parent))


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_records_says_how_to_make_them(tmp_path, made):
    folder = tmp_path / "table1"
    if made:
        folder.mkdir()
    with pytest.raises(FileNotFoundError, match=r"make them with `interpbook reproduce table1`"):
        read_records(folder)
