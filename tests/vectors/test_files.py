"""Files of word vectors: every format there and back, and what is no such file."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpbook.vectors import (
    read_vectors,
    save_vectors,
)
from support.inventions import assert_same_vectors, random_vectors


def as_text(vectors, header):
    lines = [f"{len(vectors)} {vectors.dim}"] if header else []
    for word, vector in zip(vectors.words, vectors.vectors, strict=True):
        lines.append(" ".join([word, *(repr(float(number)) for number in vector)]))
    return "\n".join(lines).encode() + b"\n"


def as_binary(vectors, ending=b""):
    """Write word2vec's binary format; its C program ends each vector with a newline."""
    content = f"{len(vectors)} {vectors.dim}\n".encode()
    for word, vector in zip(vectors.words, vectors.vectors, strict=True):
        content += word.encode() + b" " + vector.tobytes() + ending
    return content


FORMATS = {
    "word2vec.txt": lambda vectors: as_text(vectors, header=True),
    "glove.txt": lambda vectors: as_text(vectors, header=False),
    "word2vec.bin": as_binary,
    "with_newlines.bin": lambda vectors: as_binary(vectors, b"\n"),
    "binary_by_content": as_binary,
}


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_told_by_its_content(tmp_path, name, compressed):
    vectors, content = random_vectors(), FORMATS[name](random_vectors())
    path = tmp_path / (name + (".gz" if compressed else ""))
    path.write_bytes(gzip.compress(content) if compressed else content)
    got = read_vectors(path)
    assert_same_vectors(got, vectors)
    assert got.source == path.name


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1)


@given(st.lists(WORDS, min_size=1, max_size=6, unique=True), st.integers(1, 5), st.integers(0, 99))
def test_saved_vectors_come_back(tmp_path_factory, words, dim, seed):
    path = tmp_path_factory.mktemp("saved") / "vectors.bin"
    vectors = random_vectors(words, dim, seed)
    save_vectors(vectors, path)
    assert_same_vectors(read_vectors(path), vectors)


def test_saving_is_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "vectors.bin"
    save_vectors(random_vectors(), path)
    before = path.read_bytes()

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr("interpbook.vectors.files.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_vectors(random_vectors(seed=1), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_what_the_format_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no room for 'New York'"):
        save_vectors(random_vectors(("a", "New York")), tmp_path / "vectors.bin")
    with pytest.raises(ValueError, match=r"end in \.bin, got 'vectors\.txt'"):
        save_vectors(random_vectors(), tmp_path / "vectors.txt")
    assert not list(tmp_path.iterdir())


TEXT, GLOVE, BINARY = (FORMATS[name](random_vectors()) for name in list(FORMATS)[:3])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.txt", TEXT[: TEXT.rindex(b" ")]),
        ("short.txt", TEXT[: TEXT.rindex(b"\n", 0, -1) + 1]),
        ("cut_glove.txt", GLOVE[: GLOVE.rindex(b" ")]),
        ("cut.bin", BINARY[:-1]),
        ("short.bin", BINARY[: len(BINARY) // 2]),
        ("header.txt", b"4 3\n"),
        ("empty.txt", b""),
        ("words.txt", b"no vectors here\nat all\n"),
        ("latin.txt", b"caf\xe9 0.1 0.2\n"),
        ("huge.bin", b"99999999999999 300\n" + BINARY),
        ("no.txt.gz", TEXT),
        ("cut.txt.gz", gzip.compress(TEXT)[:-20]),
        ("nan.txt", b"a 0.1 nan\nb 0.2 0.3\n"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_damaged_file_is_one_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged or holds no|finite numbers") as error:
        read_vectors(tmp_path / name)
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize("source", ["no/such/file", "vectors.bin", Path("vectors")])
def test_a_missing_file_is_not_taken_for_a_name(source):
    with pytest.raises(FileNotFoundError, match=f"no file {source}"):
        read_vectors(source)


@pytest.fixture
def gensim_downloader(monkeypatch, tmp_path):
    import gensim.downloader

    monkeypatch.setattr(gensim.downloader, "BASE_DIR", str(tmp_path))
    return gensim.downloader


def offline(*args, **kwargs):
    raise OSError("no route to host")


def test_a_name_needs_a_network(gensim_downloader, monkeypatch):
    monkeypatch.setattr(gensim_downloader, "urlopen", offline)
    with pytest.raises(ConnectionError, match="could not download 'glove-wiki-gigaword-100'"):
        read_vectors("glove-wiki-gigaword-100")


def test_a_name_goes_through_gensim(gensim_downloader, monkeypatch, tmp_path):
    from gensim.models import KeyedVectors

    expected = random_vectors()
    keyed = KeyedVectors(expected.dim)
    keyed.add_vectors(list(expected.words), np.array(expected.vectors))
    listing = {"models": {"some-vectors": {}}, "corpora": {"text8": {}}}
    monkeypatch.setattr(gensim_downloader, "info", lambda **_: listing)
    monkeypatch.setattr(gensim_downloader, "load", {"some-vectors": keyed}.get)
    got = read_vectors("some-vectors")
    assert_same_vectors(got, expected)
    assert got.source == "gensim.downloader some-vectors"
    for unknown in ("no-such-vectors", "text8"):
        with pytest.raises(ValueError, match=f"no file '{unknown}', and gensim.downloader knows"):
            read_vectors(unknown)
    monkeypatch.setattr(gensim_downloader, "load", offline)
    with pytest.raises(ConnectionError, match="could not download 'some-vectors'"):
        read_vectors("some-vectors")
