"""Archives: whole ones are read, damaged and hostile ones refused."""

import gzip
import io
import tarfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from interpbook.corpora.archives import read_archive


def tar_bytes(*members, contents=b"text"):
    """Write a plain tar; a member is a name, or a ready TarInfo."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for member in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(contents) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(contents))
    return buffer.getvalue()


def link(name, target, kind):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.fixture
def write(tmp_path):
    def write(content, *, compress=True):
        path = tmp_path / "some.tar.gz"
        path.write_bytes(gzip.compress(content) if compress else content)
        return path

    return write


def everything(name):
    return True


def test_it_reads_the_wanted_files_in_order(write):
    path = write(tar_bytes("a/2.txt", "a/1.txt", "b.txt"))
    assert read_archive(path, lambda name: name.startswith("a/")) == {
        "a/2.txt": b"text",
        "a/1.txt": b"text",
    }
    assert list(read_archive(path, everything)) == ["a/2.txt", "a/1.txt", "b.txt"]


def test_nothing_is_unpacked(write, tmp_path):
    read_archive(write(tar_bytes("a.txt")), everything)
    assert [path.name for path in tmp_path.iterdir()] == ["some.tar.gz"]


@pytest.mark.parametrize(
    "member",
    [
        "/etc/passwd",
        "../outside.txt",
        "a/../../outside.txt",
        "a/../inside.txt",
        "..",
        "C:/outside.txt",
        r"a\..\..\outside.txt",
        r"\\server\outside.txt",
        link("link", "/etc/passwd", tarfile.SYMTYPE),
        link("a/link", "../../outside.txt", tarfile.SYMTYPE),
        link("link", "../outside.txt", tarfile.LNKTYPE),
        link("a/link", "../outside.txt", tarfile.LNKTYPE),
        link("link", "/etc/passwd", tarfile.LNKTYPE),
    ],
    ids=lambda member: getattr(member, "linkname", member),
)
def test_a_member_that_points_outside_spoils_the_archive(write, member):
    name = getattr(member, "name", member)
    path = write(tar_bytes("good.txt", member, "good2.txt"))
    with pytest.raises(ValueError, match="points outside the archive") as caught:
        read_archive(path, lambda name: name.startswith("good"))
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(
    "member",
    [
        link("a/link", "../inside.txt", tarfile.SYMTYPE),
        link("a/link", "b.txt", tarfile.LNKTYPE),
        "a/..b/c..txt",
    ],
    ids=["symlink", "hardlink", "dots in names"],
)
def test_members_that_stay_inside_are_fine(write, member):
    assert "good.txt" in read_archive(write(tar_bytes("good.txt", member)), everything)


WHOLE = gzip.compress(tar_bytes(*(f"{i}.txt" for i in range(5)), contents=bytes(range(256)) * 3))


@given(st.integers(0, len(WHOLE) - 1))
def test_an_archive_cut_short_anywhere_is_refused(tmp_path_factory, length):
    path = tmp_path_factory.mktemp("cut") / "cut.tar.gz"
    path.write_bytes(WHOLE[:length])
    with pytest.raises(ValueError, match=r"cut\.tar\.gz is not a whole \.tar\.gz archive"):
        read_archive(path, everything)


@given(st.integers(12, len(WHOLE) - 1), st.integers(1, 255))
@example(417, 1)  # a bit that gzip does not look at: the content is what it was
@example(len(WHOLE) // 2, 255)
def test_an_archive_with_a_changed_byte_is_refused_or_says_what_it_said(
    tmp_path_factory, place, change
):
    damaged = bytearray(WHOLE)
    damaged[place] ^= change
    path = tmp_path_factory.mktemp("changed") / "changed.tar.gz"
    path.write_bytes(damaged)
    try:
        found = read_archive(path, everything)
    except ValueError as error:
        assert "not a whole .tar.gz archive" in str(error)
    else:
        assert found == {f"{i}.txt": bytes(range(256)) * 3 for i in range(5)}


def test_a_tar_without_its_end_is_refused(write):
    """Tarfile alone takes the missing end, or an odd block, for the end of the archive."""
    content = tar_bytes("a.txt", "b.txt")
    for cut in (1024, 1024 + 100, 2048):
        with pytest.raises(ValueError, match="not a whole"):
            read_archive(write(content[:cut]), everything)
    odd = content[:1024] + b"x" * 512 + content[1536:]
    with pytest.raises(ValueError, match="not a whole"):
        read_archive(write(odd), everything)


def test_something_else_is_refused(write):
    with pytest.raises(ValueError, match="not a whole"):
        read_archive(write(b"<html>sign in</html>", compress=False), everything)
    with pytest.raises(ValueError, match="not a whole"):
        read_archive(write(b"no tar" * 500), everything)
