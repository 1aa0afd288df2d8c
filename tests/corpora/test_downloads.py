"""Downloads against a local server that can fail in the ways servers fail; mirrors."""

import hashlib
import http.server
import re
import socket
import threading
from types import SimpleNamespace

import pytest

from interpbook.corpora import downloads
from interpbook.corpora.downloads import OfficialFile, download, file_sha256, obtain, read_mirror

CONTENT = bytes(range(256)) * 2_000
CUT = 3 * 65_536  # requests drops a last chunk that is not whole: cut where that changes nothing
NAME = "corpus/file.bin"


@pytest.fixture
def server(monkeypatch):
    """Serve ``state.content`` at any path; ``state`` tells it how to fail and logs the requests."""
    state = SimpleNamespace(
        content=CONTENT, ranges=[], cut_after=None, ranged=True, stated=True, status=None
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            state.ranges.append(wanted)
            assert self.headers["Accept-Encoding"] == "identity"
            if state.status:
                return self.send_error(state.status)
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and state.ranged else 0
            if wanted and state.ranged and start >= len(state.content):
                return self.send_error(416)
            body = state.content[start:]
            self.send_response(206 if wanted and state.ranged else 200)
            if state.stated:
                self.send_header("Content-Length", str(len(body)))
            if wanted and state.ranged:
                last = len(state.content) - 1
                self.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
            self.end_headers()
            self.wfile.write(body[: state.cut_after])

        def log_message(self, *args):
            pass

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("INTERPBOOK_DATA", raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        state.url = f"http://127.0.0.1:{httpd.server_port}/file.bin"
        yield state
        httpd.shutdown()
        thread.join()


def official(url, content=CONTENT):
    return OfficialFile(NAME, url, hashlib.sha256(content).hexdigest(), len(content))


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_download_lands_whole_and_only_once(server, tmp_path, capsys):
    local = obtain(official(server.url), cache=tmp_path)
    assert local.path == tmp_path / NAME and local.path.read_bytes() == CONTENT
    assert (local.source, local.sha256) == (server.url, hashlib.sha256(CONTENT).hexdigest())
    assert names(tmp_path) == ["file.bin"]
    assert "100%" in capsys.readouterr().err
    obtain(official(server.url), cache=tmp_path)
    assert server.ranges == [None]


def test_the_progress_bar_can_be_left_out(server, tmp_path, capsys):
    download(official(server.url), cache=tmp_path, progress=False)
    assert "%" not in capsys.readouterr().err


def test_a_wrong_hash_leaves_nothing_behind(server, tmp_path):
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(
        ValueError, match=r"wrong hash: expected .*, got .*; the file was removed"
    ) as error:
        download(official(server.url), cache=tmp_path)
    for content in (CONTENT, server.content):
        assert hashlib.sha256(content).hexdigest() in str(error.value)
    assert names(tmp_path) == []


@pytest.mark.parametrize("stated", [True, False], ids=["length stated", "length not stated"])
def test_a_broken_download_resumes_with_the_rest_only(server, tmp_path, stated):
    server.cut_after, server.stated = CUT, stated
    with pytest.raises(
        ConnectionError, match=r"broke off after 196,608 of 512,000 .*run this again"
    ):
        download(official(server.url), cache=tmp_path)
    assert names(tmp_path) == ["file.bin.part"]
    server.cut_after = None
    assert download(official(server.url), cache=tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=196608-"]
    assert names(tmp_path) == ["file.bin"]


def test_it_can_break_off_more_than_once(server, tmp_path):
    server.cut_after = CUT
    for came in ("196,608", "393,216"):
        with pytest.raises(ConnectionError, match=f"broke off after {came} of 512,000"):
            download(official(server.url), cache=tmp_path)
    assert download(official(server.url), cache=tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=196608-", "bytes=393216-"]


def test_a_server_that_ignores_ranges_sends_everything_anew(server, tmp_path):
    server.cut_after, server.ranged = CUT, False
    with pytest.raises(ConnectionError, match="broke off"):
        download(official(server.url), cache=tmp_path)
    server.cut_after = None
    assert download(official(server.url), cache=tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=196608-"]


def test_a_part_that_is_whole_needs_no_request(server, tmp_path):
    part = tmp_path / f"{NAME}.part"
    part.parent.mkdir()
    part.write_bytes(CONTENT)
    assert download(official(server.url), cache=tmp_path).read_bytes() == CONTENT
    assert server.ranges == [] and names(tmp_path) == ["file.bin"]


def test_a_part_that_is_too_long_is_dropped(server, tmp_path):
    part = tmp_path / f"{NAME}.part"
    part.parent.mkdir()
    part.write_bytes(CONTENT + b"?")
    assert download(official(server.url), cache=tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None]


def test_a_range_that_the_server_does_not_have_starts_over(server, tmp_path):
    part = tmp_path / f"{NAME}.part"
    part.parent.mkdir()
    part.write_bytes(b"?" * 400_000)
    server.content = CONTENT[:300_000]
    with pytest.raises(ValueError, match="wrong hash"):
        download(official(server.url), cache=tmp_path)
    assert server.ranges == ["bytes=400000-", None]
    assert names(tmp_path) == []


def test_a_page_in_place_of_the_file_is_a_wrong_hash_not_a_part(server, tmp_path):
    server.content = b"<html>sign in</html>"
    with pytest.raises(ValueError, match="wrong hash"):
        download(official(server.url), cache=tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_refusal_is_one_sentence(server, tmp_path, status):
    server.status = status
    with pytest.raises(ConnectionError, match=f"{server.url} answered {status} .*INTERPBOOK_DATA"):
        download(official(server.url), cache=tmp_path)
    assert names(tmp_path) == []


def test_an_unreachable_server_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/file.bin"
    with pytest.raises(ConnectionError, match=f"could not reach {url}.*INTERPBOOK_DATA"):
        download(official(url), cache=tmp_path)
    assert names(tmp_path) == []


def test_a_damaged_file_in_the_cache_is_fetched_again(server, tmp_path):
    path = download(official(server.url), cache=tmp_path)
    path.write_bytes(b"damaged")
    assert download(official(server.url), cache=tmp_path).read_bytes() == CONTENT


# --------------------------------------------------------------------------------------- mirrors


@pytest.fixture
def mirror(tmp_path):
    path = tmp_path / NAME
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(CONTENT).hexdigest()}  ./{NAME}\n")
    return tmp_path


def test_a_mirror_goes_before_the_network(mirror, monkeypatch):
    monkeypatch.setenv("INTERPBOOK_DATA", str(mirror))
    local = obtain(official("http://127.0.0.1:9/never", b"the official file"))
    assert (local.path, local.source) == (mirror / NAME, "mirror")
    assert local.sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_an_empty_variable_names_no_mirror(server, monkeypatch, tmp_path):
    monkeypatch.setenv("INTERPBOOK_DATA", "")
    assert obtain(official(server.url), cache=tmp_path).source == server.url


@pytest.mark.parametrize("line", ["{} *{}", "{}  {}"])
def test_both_forms_of_sha256sum_are_read(mirror, line):
    digest = hashlib.sha256(CONTENT).hexdigest()
    (mirror / "SHA256SUMS").write_text("0" * 64 + "  other\n" + line.format(digest, NAME) + "\n")
    assert read_mirror(mirror, NAME).sha256 == digest


def test_a_mirror_whose_file_changed_is_refused(mirror):
    (mirror / NAME).write_bytes(CONTENT + b"?")
    with pytest.raises(ValueError, match="in the mirror has the wrong hash") as error:
        read_mirror(mirror, NAME)
    for content in (CONTENT, CONTENT + b"?"):
        assert hashlib.sha256(content).hexdigest() in str(error.value)
    assert str(mirror) not in str(error.value)


def test_a_mirror_that_does_not_list_the_file_is_refused(mirror):
    (mirror / "SHA256SUMS").write_text("")
    with pytest.raises(ValueError, match=f"does not list {NAME}"):
        read_mirror(mirror, NAME)


@pytest.mark.parametrize("lost", [NAME, "SHA256SUMS"])
def test_a_file_missing_in_the_mirror_is_named(mirror, lost):
    (mirror / lost).unlink()
    with pytest.raises(FileNotFoundError, match=f"has no {lost}: name a complete mirror") as error:
        read_mirror(mirror, NAME)
    assert str(mirror) not in str(error.value)


def test_a_file_is_hashed_once_until_it_changes(mirror, monkeypatch):
    calls = []
    digest = hashlib.file_digest
    monkeypatch.setattr(
        downloads.hashlib, "file_digest", lambda *args: calls.append(1) or digest(*args)
    )
    for _ in range(3):
        file_sha256(mirror / NAME)
    assert len(calls) == 1
    (mirror / NAME).write_bytes(b"longer or shorter")
    assert file_sha256(mirror / NAME) == hashlib.sha256(b"longer or shorter").hexdigest()
    assert len(calls) == 2
