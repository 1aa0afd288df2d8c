"""Archives, read in one pass without unpacking anything to disk."""

from __future__ import annotations

import gzip
import io
import posixpath
import re
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path


def read_archive(path: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Read files out of a ``.tar.gz`` in one pass; nothing is unpacked to disk.

    Parameters
    ----------
    path : Path
        The archive.
    wanted : callable
        Says of a member's name whether its content is to be kept.

    Returns
    -------
    dict of str to bytes
        Content of the wanted files in the archive's order.

    Raises
    ------
    ValueError
        If the archive is damaged or cut short, or if any member, wanted or not, points outside
        the archive: such an archive is refused as a whole.
    """
    contents = {}
    try:
        # tarfile's own stream mode ("r|gz") took 2.4 times as long for IMDB's 100,000 members.
        with io.BufferedReader(gzip.open(path), 1 << 20) as stream:  # type: ignore[arg-type]
            with tarfile.open(fileobj=stream, mode="r:") as archive:
                while (member := archive.next()) is not None:
                    _check_member(member, path.name)
                    if member.isfile() and wanted(member.name):
                        contents[member.name] = archive.extractfile(member).read()
                    archive.members.clear()  # tarfile would keep all 100,000 headers
                _check_end(stream, archive.offset)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"{path.name} is not a whole .tar.gz archive ({error}): remove it and fetch it again"
        ) from error
    return contents


def _check_end(stream: io.BufferedReader, end: int) -> None:
    """Demand the block of zeros that ends an archive; tarfile takes any odd block for the end.

    Reading on to the end also makes gzip check its own checksum.
    """
    rest = stream.read()
    if stream.tell() < end + tarfile.BLOCKSIZE or any(rest):
        raise tarfile.ReadError("its end is missing")


def _check_member(member: tarfile.TarInfo, archive: str) -> None:
    places = [member.name]
    if member.issym():  # a symbolic link starts at its own folder, a hard link at the root
        places.append(posixpath.join(posixpath.dirname(member.name), member.linkname))
    elif member.islnk():
        places.append(member.linkname)
    if any(_points_outside(place) for place in places) or ".." in re.split(r"[/\\]", member.name):
        target = f" -> {member.linkname!r}" if member.linkname else ""
        raise ValueError(
            f"{archive} was refused: its member {member.name!r}{target} points outside the "
            "archive; fetch the archive again from a source you trust"
        )


def _points_outside(place: str) -> bool:
    place = posixpath.normpath(place.replace("\\", "/"))
    return (
        place.startswith("/")
        or re.match(r"[A-Za-z]:", place) is not None
        or (place.split("/")[0] == "..")
    )
