"""Files of word vectors: word2vec's text and binary format, GloVe's text format."""

from __future__ import annotations

import gzip
import os
import traceback
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

# gensim is imported where it is used: it takes a second that most readers of the book never need.

Table = tuple[tuple[str, ...], Float32[np.ndarray, "V m"]]
"""V words and their vectors."""

# What gensim and gzip raise on content that is not as it should be.
_DAMAGE = (ValueError, EOFError, MemoryError, IndexError, gzip.BadGzipFile, zlib.error)


def read_file(path: Path) -> Table:
    """Read a file whose format shows in its content; gzipped if its name ends in ``.gz``.

    Raises
    ------
    ValueError
        If it is damaged or of another format.
    """
    from gensim.models import KeyedVectors

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # gensim leaves GloVe files open
        try:
            header, binary = _look_at_start(path)
            keyed = KeyedVectors.load_word2vec_format(
                str(path), binary=binary, no_header=not header, datatype=np.float32
            )
        except _DAMAGE as error:
            traceback.clear_frames(error.__traceback__)  # and so it closes what gensim left open
            raise ValueError(
                f"{path.name} is damaged or holds no word vectors in word2vec or GloVe format "
                f"({error}): fetch it again"
            ) from error
    return _table(keyed)


def _table(keyed: KeyedVectors) -> Table:
    return tuple(keyed.index_to_key), keyed.vectors.astype(np.float32, copy=False)


def _look_at_start(path: Path) -> tuple[bool, bool]:
    """Say whether a file starts with word2vec's line "V m", and whether it is binary."""
    opened = gzip.open(path) if path.suffix == ".gz" else path.open("rb")
    with opened as stream:
        first, second = stream.readline(1 << 16), stream.readline(1 << 16)
    fields = first.split()
    header = len(fields) == 2 and all(entry.isdigit() for entry in fields)
    if not header:
        _count_numbers(first)  # GloVe: the first line is a word and its vector already
        return False, False
    try:
        return True, _count_numbers(second) != int(fields[1])
    except ValueError:  # bytes that are no text, or no numbers
        return True, True


def _count_numbers(line: bytes) -> int:
    """Count the numbers after the word of a text line; ValueError if it is no such line."""
    _, *numbers = line.decode("utf-8").rstrip().split(" ")
    if not numbers:
        raise ValueError("the first line holds no vector")
    return len([float(number) for number in numbers])


def load_named(name: str) -> Table:
    """Load vectors by the name that gensim.downloader has for them.

    Raises
    ------
    ValueError
        If it knows no such name.
    ConnectionError
        If it cannot reach its server.
    """
    import gensim.downloader

    offline = (
        f"could not download {name!r} with gensim.downloader: check the network, or give the "
        "path of a file in word2vec or GloVe format"
    )
    try:
        known = gensim.downloader.info(show_only_latest=False)["models"]
    except (ValueError, OSError) as error:  # no network, and no list kept from an earlier time
        raise ConnectionError(offline) from error
    if name not in known:
        raise ValueError(
            f"no file {name!r}, and gensim.downloader knows no word vectors of that name: "
            "try 'glove-wiki-gigaword-100' or 'word2vec-google-news-300'"
        )
    try:
        return _table(gensim.downloader.load(name))
    except OSError as error:
        raise ConnectionError(offline) from error


def write_binary(words: Sequence[str], table: Float32[np.ndarray, "V m"], path: Path) -> None:
    """Write word2vec's binary format under a temporary name, then rename.

    Raises
    ------
    ValueError
        If the name does not end in ``.bin``, or a word has a space in it.
    """
    if path.suffix != ".bin":
        raise ValueError(f"word2vec's binary files end in .bin, got {path.name!r}")
    for word in words:
        if not word or any(sign in word for sign in " \n"):
            raise ValueError(f"word2vec's format has no room for {word!r}: a word has no spaces")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            stream.write(f"{len(words)} {table.shape[1]}\n".encode())
            for word, vector in zip(words, table.astype("<f4", copy=False), strict=True):
                stream.write(word.encode("utf-8") + b" " + vector.tobytes() + b"\n")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
