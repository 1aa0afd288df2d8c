"""Files from elsewhere: fetched with resumption, checked against a hash."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests
from tqdm.auto import tqdm

MIRROR_VARIABLE = "INTERPBOOK_DATA"
_CHUNK = 1 << 16


@dataclass(frozen=True)
class OfficialFile:
    """A file as its publisher ships it.

    Parameters
    ----------
    name : str
        Where it lies in the cache and in a mirror, such as ``"imdb/aclImdb_v1.tar.gz"``.
    url : str
        The publisher's address.
    sha256 : str
        Hash of its content.
    size : int
        Length in bytes.
    """

    name: str
    url: str
    sha256: str
    size: int


@dataclass(frozen=True)
class LocalFile:
    """A checked file on this machine; ``source`` is the address it came from, or ``"mirror"``."""

    name: str
    path: Path
    sha256: str
    source: str


def obtain(file: OfficialFile, *, cache: Path | None = None, progress: bool = True) -> LocalFile:
    """Find a file in the mirror that ``INTERPBOOK_DATA`` names, else in the cache, else online.

    Parameters
    ----------
    file : OfficialFile
        What to get.
    cache : Path, optional
        Folder that keeps downloads; the user's cache folder (``pooch.os_cache``) by default.
    progress : bool
        Whether a download draws a progress bar.

    Raises
    ------
    FileNotFoundError
        If the mirror lacks the file.
    ValueError
        If the content has the wrong hash.
    ConnectionError
        If the download did not come through.
    """
    mirror = os.environ.get(MIRROR_VARIABLE)
    if mirror:
        return read_mirror(Path(mirror), file.name)
    path = download(file, cache=cache, progress=progress)
    return LocalFile(file.name, path, file.sha256, file.url)


# ---------------------------------------------------------------------------------------- hashes


def file_sha256(path: Path) -> str:
    """Hash a file, once per process unless its size or time of change differ."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_mirror(mirror: Path, name: str) -> LocalFile:
    """Read a file of a mirror after checking it against the mirror's own ``SHA256SUMS``.

    Messages name the file by its place in the mirror, so that no local path ends up in a record.
    """
    registry, path = mirror / "SHA256SUMS", mirror / name
    for wanted in (registry, path):
        if not wanted.is_file():
            raise FileNotFoundError(
                f"the mirror that {MIRROR_VARIABLE} names has no {wanted.relative_to(mirror)}: "
                f"name a complete mirror, or unset {MIRROR_VARIABLE} to download the official file"
            )
    expected = _parse_sums(registry.read_text(encoding="utf-8")).get(posixpath.normpath(name))
    if expected is None:
        raise ValueError(
            f"the mirror's SHA256SUMS does not list {name}: add it with `sha256sum {name}`"
        )
    actual = file_sha256(path)
    if actual != expected:
        raise ValueError(
            f"{name} in the mirror has the wrong hash: SHA256SUMS says {expected}, "
            f"the file has {actual}; copy it again"
        )
    return LocalFile(name, path, actual, "mirror")


def _parse_sums(text: str) -> dict[str, str]:
    """Read the output of ``sha256sum``: a hash, a space, a space or an asterisk, a name."""
    lines = re.findall(r"^([0-9a-fA-F]{64}) [ *](.+)$", text, flags=re.MULTILINE)
    return {posixpath.normpath(name.strip()): digest.lower() for digest, name in lines}


# ------------------------------------------------------------------------------------- downloads


def download(file: OfficialFile, *, cache: Path | None = None, progress: bool = True) -> Path:
    """Bring a file into the cache, going on where an earlier download broke off."""
    folder = Path(cache or pooch.os_cache("interpbook"))
    target = folder / file.name
    if target.is_file() and file_sha256(target) == file.sha256:
        return target
    hub = pooch.create(
        path=folder, base_url="", registry={file.name: file.sha256}, urls={file.name: file.url}
    )
    part = target.with_name(target.name + ".part")
    return Path(hub.fetch(file.name, downloader=_Resuming(file, part, progress)))


class _Resuming:
    """A pooch downloader that keeps what came in ``NAME.part`` and asks only for the rest.

    pooch itself starts over each time. It calls this object with the path of a temporary file,
    hashes that file and moves it to its final name; the part is renamed to the temporary path
    only when its own hash is right.
    """

    def __init__(self, file: OfficialFile, part: Path, progress: bool) -> None:
        self.file, self.part, self.progress = file, part, progress

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        if self._size() > self.file.size:
            self.part.unlink()
        if self._size() < self.file.size:
            self._request_rest(url)
        self._check_hash()
        os.replace(self.part, output_file)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _request_rest(self, url: str) -> None:
        have, answers = self._size(), []
        try:
            with self.part.open("ab") as output:
                self._stream(url, output, have, answers)
        except requests.HTTPError as error:
            status = error.response.status_code
            if status == 416 and have:  # nothing left to send: the part is not of this file
                self.part.unlink()
                return self._request_rest(url)
            raise ConnectionError(
                f"{url} answered {status} ({error.response.reason}): try again later, or let "
                f"{MIRROR_VARIABLE} name a mirror"
            ) from error
        except requests.RequestException as error:
            raise self._broken_off(url) if answers else self._unreachable(url) from error
        finally:
            if self.part.exists() and not self._size():
                self.part.unlink()
        # Without a stated length, requests takes a cut connection for the end of the file.
        if self._size() < self.file.size and "Content-Length" not in answers[-1].headers:
            raise self._broken_off(url)

    def _stream(
        self, url: str, output: io.BufferedWriter, have: int, answers: list[requests.Response]
    ) -> None:
        def note_answer(response: requests.Response, **_: object) -> None:
            if response.status_code == 200:  # the server ignored Range and sends everything
                output.truncate(0)
            if response.status_code in (200, 206):
                answers.append(response)

        # A compressed answer would have another length, and a range of it would be of no use.
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        rest = tqdm(
            total=self.file.size - have,
            desc=self.part.stem,
            unit="B",
            unit_scale=True,
            disable=not self.progress,
        )
        with rest:
            fetch = pooch.HTTPDownloader(
                progressbar=rest if self.progress else False,
                chunk_size=_CHUNK,
                headers=headers,
                hooks={"response": note_answer},
            )
            fetch(url, output, None)

    def _check_hash(self) -> None:
        actual = file_sha256(self.part)
        if actual != self.file.sha256:
            self.part.unlink()
            raise ValueError(
                f"{self.file.url} has the wrong hash: expected {self.file.sha256}, got {actual}; "
                f"the file was removed: try again, or let {MIRROR_VARIABLE} name a mirror"
            )

    def _broken_off(self, url: str) -> ConnectionError:
        return ConnectionError(
            f"the download of {url} broke off after {self._size():,} of {self.file.size:,} bytes, "
            "which were kept: run this again to fetch the rest"
        )

    def _unreachable(self, url: str) -> ConnectionError:
        return ConnectionError(
            f"could not reach {url}: check the network, or let {MIRROR_VARIABLE} name a folder "
            "with a mirror of the data"
        )
