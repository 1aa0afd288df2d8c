"""The public corpora: where their publishers keep them, and how their files are read."""

from __future__ import annotations

import csv
import functools
import hashlib
import html
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from interpbook.corpora.archives import read_archive
from interpbook.corpora.downloads import LocalFile, OfficialFile

Documents = tuple[tuple[str, ...], tuple[int, ...] | None]
"""Texts and their labels; None where the publisher gives no labels."""

# ------------------------------------------------------------------------------------------ IMDB

_IMDB_MEMBER = re.compile(
    r"aclImdb/(?:(?P<split>train|test)/(?P<sign>neg|pos)|train/unsup)/\d+_\d+\.txt"
)
_LINE_BREAK = re.compile(r"<br\s*/?>", flags=re.IGNORECASE)


def read_imdb(file: LocalFile, split: str) -> Documents:
    """Read a split of Maas et al.'s archive; reviews come in the order of their member names.

    A pass over the archive takes seconds, so both labelled splits are read in one and stay in
    memory (66 MB) until the process ends. The unlabelled half, as large again, waits for its own
    pass until somebody asks for it.
    """
    status = file.path.stat()
    stamp = (status.st_size, status.st_mtime_ns)
    return _read_imdb(file.path, stamp, split == "unsupervised")[split]


@functools.lru_cache(maxsize=2)
def _read_imdb(path: Path, stamp: tuple[int, int], unsupervised: bool) -> Mapping[str, Documents]:
    def wanted(name: str) -> bool:
        match = _IMDB_MEMBER.fullmatch(name)
        return match is not None and (match["split"] is None) == unsupervised

    contents = read_archive(path, wanted)
    texts: dict[str, list[str]] = {}
    labels: dict[str, list[int]] = {}
    for name in sorted(contents):
        match = _IMDB_MEMBER.fullmatch(name)
        split = match["split"] or "unsupervised"
        review = _decode(contents.pop(name), "utf-8", name)
        texts.setdefault(split, []).append(_LINE_BREAK.sub("\n", review).strip())
        labels.setdefault(split, []).append(int(match["sign"] == "pos"))
    for split in ("unsupervised",) if unsupervised else ("train", "test"):
        if split not in texts:
            raise ValueError(
                f"{path.name} holds no review of its {split} split: fetch the archive again"
            )
    return {
        split: (tuple(texts[split]), None if unsupervised else tuple(labels[split]))
        for split in texts
    }


# -------------------------------------------------------------------------------------------- MR

MR_TEST_PER_CLASS = 533
_MR_SEED = "interpbook MR split 1"


def read_mr(file: LocalFile, split: str) -> Documents:
    """Read a split of Pang & Lee's sentence polarity data, which has no official one.

    Of each class, 533 sentences are for testing, which gives the 9,596 and 1,066 sentences of
    Yuan et al. (2019), Table 1. A sentence's turn is decided by the SHA-256 of a seed, its class
    and its line number: unlike a random generator's stream, that is the same everywhere, forever.
    """
    names = [f"rt-polaritydata/rt-polarity.{sign}" for sign in ("neg", "pos")]
    contents = read_archive(file.path, names.__contains__)
    texts: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(names):
        if name not in contents:
            raise ValueError(f"{file.name} holds no {name}: fetch the archive again")
        # Windows-1252, lines end in LF. str.splitlines() would also split at other signs, such
        # as byte 0x85 of a Latin-1 decode, which is an ellipsis here.
        lines = _decode(contents[name], "cp1252", name).split("\n")
        sentences = [line.strip() for line in lines if line.strip()]
        for index in _mr_indices(label, len(sentences), split):
            texts.append(sentences[index])
            labels.append(label)
    return tuple(texts), tuple(labels)


def _mr_indices(label: int, count: int, split: str) -> list[int]:
    """Choose a class's sentences for a split, in the file's order."""
    by_turn = sorted(
        range(count),
        key=lambda index: hashlib.sha256(f"{_MR_SEED}:{label}:{index}".encode()).digest(),
    )
    test, train = by_turn[:MR_TEST_PER_CLASS], by_turn[MR_TEST_PER_CLASS:]
    return sorted(test if split == "test" else train)


# --------------------------------------------------------------------------------------- AG's News

# The data set lost its ampersands, each to a space: "&#39;s" became " #39;s". Only names that are
# no English words are mended: "Vuelta race; Heras" is no entity, though HTML has "&race;".
_LOST_ENTITY = re.compile(
    r"(?: |^)(#\d{2,5}|#x[0-9a-fA-F]{2,4}|quot|amp|lt|gt|nbsp|hellip|[lr][sd]quo|[mn]dash"
    r"|pound|euro|eacute|icirc);"
)
_TAG = re.compile(
    r"</?(?:a|b|br|cite|em|font|i|img|nobr|p|strong|u)(?:\s[^<>]*)?/?>", flags=re.IGNORECASE
)


def read_ag_news(file: LocalFile, split: str) -> Documents:
    """Read Zhang et al.'s comma-separated rows: class 1-4, title, description; no header.

    The text is ``title. description``; where the title is empty, the description stands alone.
    """
    content = _decode(file.path.read_bytes(), "utf-8", file.name)
    rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    texts: list[str] = []
    labels: list[int] = []
    try:
        for row in rows:
            label, text = _parse_ag_row(row, f"line {rows.line_num} of {file.name}")
            texts.append(text)
            labels.append(label)
    except csv.Error as error:
        raise ValueError(
            f"line {rows.line_num} of {file.name} is not comma-separated text ({error}): "
            "fetch the file again"
        ) from error
    return tuple(texts), tuple(labels)


def _parse_ag_row(row: list[str], place: str) -> tuple[int, str]:
    if len(row) != 3:
        raise ValueError(
            f"{place}: expected 3 columns (class, title, description), got {len(row)}; "
            "fetch the file again"
        )
    if row[0] not in ("1", "2", "3", "4"):
        raise ValueError(f"{place}: expected a class 1-4, got {row[0]!r}; fetch the file again")
    title, description = mend_ag_text(row[1]), mend_ag_text(row[2])
    if not title or not description:
        return int(row[0]) - 1, title or description
    joint = " " if title[-1] in ".!?:;…" else ". "
    return int(row[0]) - 1, title + joint + description


def mend_ag_text(text: str) -> str:
    r"""Undo what the making of AG's News did to its texts, and no more.

    Restores entities that lost their ampersand, drops HTML tags (but not a stock ticker such as
    ``<TXN.N>``), turns backslashes, which stand for line breaks or escape the next sign, into
    spaces or nothing, and leaves one space between words.

    Examples
    --------
    >>> mend_ag_text(r"Google #39;s shares rose to  #36;85,\up 4 &lt;b&gt;...&lt;/b&gt;")
    "Google's shares rose to $85, up 4 ..."
    >>> mend_ag_text(r"said  quot;no quot; to A amp;M &lt;TXN.N&gt; for \$2")
    'said "no" to A&M <TXN.N> for $2'
    """
    text = _LOST_ENTITY.sub(lambda match: html.unescape(f"&{match[1]};"), text)
    text = _TAG.sub(" ", html.unescape(text))
    text = re.sub(r"\\(?=[$&,.(\"'])", "", text).replace("\\", " ")
    return " ".join(text.split())


def _decode(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name} is not {encoding} text (byte {error.start}): fetch the file again"
        ) from error


# ---------------------------------------------------------------------------------------- registry


@dataclass(frozen=True)
class Split:
    """The file that holds a split of a corpus, and how many documents the publisher put there.

    Examples
    --------
    >>> split = PUBLIC["ag_news"].splits["test"]
    >>> split.file.name, split.documents
    ('ag_news/test.csv', 7600)
    """

    file: OfficialFile
    documents: int


@dataclass(frozen=True)
class PublicCorpus:
    """A public corpus: its class names, the reader of ``(file, split)``, and its splits.

    Examples
    --------
    >>> PUBLIC["imdb"].class_names, sorted(PUBLIC["imdb"].splits)
    (('negative', 'positive'), ['test', 'train', 'unsupervised'])
    """

    class_names: tuple[str, ...]
    read: Callable[[LocalFile, str], Documents]
    splits: Mapping[str, Split]


_AG_FOLDER = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv"
_MR_FILE = OfficialFile(
    "mr/rt-polaritydata.tar.gz",
    "https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz",
    "a05befe52aafda71d458d188a1c54506a998b1308613ba76bbda2e5029409ce9",
    487_770,
)
_IMDB_FILE = OfficialFile(
    "imdb/aclImdb_v1.tar.gz",
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    84_125_825,
)
_AG_TRAIN_FILE = OfficialFile(
    "ag_news/train.csv",
    f"{_AG_FOLDER}/train.csv",
    "76a0a2d2f92b286371fe4d4044640910a04a803fdd2538e0f3f29a5c6f6b672e",
    29_470_338,
)
_AG_TEST_FILE = OfficialFile(
    "ag_news/test.csv",
    f"{_AG_FOLDER}/test.csv",
    "521465c2428ed7f02f8d6db6ffdd4b5447c1c701962353eb2c40d548c3c85699",
    1_857_427,
)

PUBLIC: Mapping[str, PublicCorpus] = {
    "mr": PublicCorpus(
        ("negative", "positive"),
        read_mr,
        {"train": Split(_MR_FILE, 9_596), "test": Split(_MR_FILE, 1_066)},
    ),
    "imdb": PublicCorpus(
        ("negative", "positive"),
        read_imdb,
        {
            "train": Split(_IMDB_FILE, 25_000),
            "test": Split(_IMDB_FILE, 25_000),
            "unsupervised": Split(_IMDB_FILE, 50_000),
        },
    ),
    "ag_news": PublicCorpus(
        ("World", "Sports", "Business", "Sci/Tech"),
        read_ag_news,
        {"train": Split(_AG_TRAIN_FILE, 120_000), "test": Split(_AG_TEST_FILE, 7_600)},
    ),
}
