"""tools/install.py: where PyTorch comes from, decided without installing anything."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata

import pytest
from packaging.specifiers import SpecifierSet

import install
import lock


class Index(BaseHTTPRequestHandler):
    status = 200

    def do_HEAD(self) -> None:
        self.send_response(self.status if self.path == "/cpu/torch/" else 404)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


class BrokenIndex(Index):
    status = 503


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/cpu"
        server.shutdown()
        thread.join()


@contextmanager
def listening() -> Iterator[str]:
    """Accept connections and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}/cpu"


@pytest.fixture
def lockfile(tmp_path):
    path = tmp_path / "requirements.lock"
    path.write_text("# a comment\nnumpy==2.4.6\ntorch==2.13.0\n", encoding="utf-8")
    return path


@pytest.fixture
def no_proxy(monkeypatch):
    for name in (
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_proxy")
def test_an_index_that_serves_torch_answers():
    with serving(Index) as index:
        assert install.answers(index, seconds=30)


@pytest.mark.usefixtures("no_proxy")
def test_an_index_in_trouble_does_not_answer():
    with serving(BrokenIndex) as index:
        assert not install.answers(index, seconds=30)


@pytest.mark.usefixtures("no_proxy")
def test_a_silent_index_costs_the_limit_and_no_more():
    with listening() as index:
        start = time.perf_counter()
        assert not install.answers(index, seconds=1)
        assert time.perf_counter() - start < 10


@pytest.mark.usefixtures("no_proxy")
def test_a_closed_port_does_not_answer():
    with listening() as index:
        pass
    assert not install.answers(index, seconds=30)


def test_the_limit_holds_where_even_the_name_server_hangs(monkeypatch):
    monkeypatch.setattr(install, "PROBE", "import time; time.sleep(60)")
    start = time.perf_counter()
    assert not install.answers("http://unused.invalid", seconds=1)
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ("wanted", "platform", "reachable", "index"),
    [
        ("", "linux", True, install.CPU_INDEX),
        ("", "linux", False, None),
        ("", "darwin", True, None),
        ("", "win32", True, None),
        ("none", "linux", True, None),
        ("NONE", "darwin", True, None),
        ("https://example.org/whl/cu130", "linux", False, "https://example.org/whl/cu130"),
        ("https://example.org/whl/cu130", "win32", False, "https://example.org/whl/cu130"),
    ],
)
def test_the_choice_of_index(monkeypatch, wanted, platform, reachable, index):
    monkeypatch.setattr(install, "answers", lambda url: reachable)
    assert install.choose_index({"TORCH_INDEX": wanted}, platform) == index


def test_torch_goes_first_and_alone_from_an_index(lockfile):
    first, second, third = install.commands("https://example.org/whl/cpu", lockfile)
    assert first[-5:] == [
        "--extra-index-url",
        "https://example.org/whl/cpu",
        "-c",
        str(lockfile),
        "torch==2.13.0",
    ]
    assert second[-2:] == ["-r", str(lockfile)]
    assert {"--no-deps", "--no-build-isolation", "-e"} <= set(third)


def test_without_an_index_pip_is_left_alone(lockfile):
    assert len(install.commands(None, lockfile)) == 2
    assert not any("--extra-index-url" in command for command in install.commands(None, lockfile))


def test_a_lock_without_torch_is_refused(tmp_path):
    path = tmp_path / "requirements.lock"
    path.write_text("numpy==2.4.6\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"no pin for torch; run `make lock`"):
        install.pinned("torch", path)


@pytest.fixture
def pip(monkeypatch):
    """Stand in for pip: note the commands, and fail those that hold `pip.fails_on`."""

    class Pip:
        ran: list[list[str]]
        fails_on = "nothing"

        def __call__(self, command, **options):
            self.ran.append(command)
            return subprocess.CompletedProcess(command, 1 if self.fails_on in command else 0)

    stand_in = Pip()
    stand_in.ran = []
    monkeypatch.setattr(install.subprocess, "run", stand_in)
    monkeypatch.setattr(install, "torch_is_here", lambda pin: False)
    monkeypatch.setattr(install, "choose_index", lambda environ, platform: install.CPU_INDEX)
    return stand_in


def test_an_index_that_breaks_on_the_way_is_left_out(pip, capsys):
    pip.fails_on = install.CPU_INDEX
    assert install.main() == 0
    assert len(pip.ran) == 3
    assert "going on without it" in capsys.readouterr().out


def test_any_other_failure_ends_the_install(pip):
    pip.fails_on = "-r"
    assert install.main() == 1
    assert len(pip.ran) == 2


def test_nothing_is_asked_where_torch_is_here(pip, monkeypatch):
    monkeypatch.setattr(install, "torch_is_here", lambda pin: True)
    monkeypatch.setattr(install, "choose_index", lambda *a: pytest.fail("asked the network"))
    assert install.main() == 0


def direct_dependencies() -> set[str]:
    """Name everything that pyproject.toml asks for."""
    project = tomllib.loads((install.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return {re.match(r"[\w.-]+", line)[0].lower() for line in lines}


def test_the_lock_pins_every_direct_dependency():
    assert all(install.pinned(name) for name in direct_dependencies())


def test_conda_gets_every_direct_dependency():
    text = (install.ROOT / "environment.yml").read_text("utf-8")
    names = re.findall(r"^ +- ([\w-]+)", text, re.M)
    listed = {re.sub("-(base|python)$", "", name) for name in names}  # as conda-forge calls them
    assert direct_dependencies() - {"torch"} <= listed
    assert re.search(r"^ +- pytorch =\*=cpu\*$", text, re.M)


def test_every_package_of_the_lock_runs_on_the_oldest_python():
    oldest = ".".join(map(str, install.OLDEST_PYTHON)) + ".0"
    needs = {d.metadata["Name"]: d.metadata["Requires-Python"] for d in metadata.distributions()}
    too_new = [name for name, need in needs.items() if need and oldest not in SpecifierSet(need)]
    assert not too_new  # Debian 12's own Python is 3.11.2


def test_the_lock_is_plain_about_builds_and_systems():
    lines = lock.lock_lines(["torch==2.13.0+cpu", "pexpect==4.9.0", "interpbook==0.1.0"])
    assert "torch==2.13.0" in lines
    assert 'pexpect==4.9.0 ; sys_platform != "win32"' in lines
    assert not any(line.startswith("interpbook") for line in lines)
    text = lock.LOCK.read_text("utf-8")
    assert "+cpu" not in text.replace("such as +cpu", "") and "://" not in text
