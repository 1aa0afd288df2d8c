"""Corpora are loaded by name: the embedded ones, and the real data where they are."""

import hashlib
import json
from dataclasses import replace

import pytest

from interpbook import _files
from interpbook.corpora import PUBLIC, Provenance, Split, data_folder, load_corpus
from interpbook.corpora import loading as corpora
from interpbook.corpora.downloads import OfficialFile
from interpbook.text import tokenize
from support.places import MIRROR, ROOT

# -------------------------------------------------------------------------------- loading by name


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        ("imbd", "train", "no corpus 'imbd': choose one of reviews, headlines, mr, imdb, ag_news"),
        ("imdb", "dev", "corpus 'imdb' has no split 'dev': choose one of train, test, unsup"),
        (
            "mr",
            "unsupervised",
            "corpus 'mr' has no split 'unsupervised': choose one of train, test",
        ),
        ("reviews", "dev", "corpus 'reviews' has no split 'dev': choose one of train, test"),
    ],
)
def test_unknown_names_are_answered_with_what_there_is(name, split, message):
    with pytest.raises(ValueError, match=message):
        load_corpus(name, split)


def test_a_public_corpus_is_read_from_the_mirror(tmp_path, monkeypatch):
    content = b'"4","Moon","Full."\n"1","Vote","Held."\n'
    (tmp_path / "ag_news").mkdir()
    (tmp_path / "ag_news/test.csv").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  ./ag_news/test.csv\n")
    monkeypatch.setenv("INTERPBOOK_DATA", str(tmp_path))
    some = load_corpus("ag_news", "test")
    assert some.texts == ("Moon. Full.", "Vote. Held.") and some.labels.tolist() == [3, 0]
    assert some.class_names == ("World", "Sports", "Business", "Sci/Tech")
    assert some.provenance == Provenance("mirror", {"ag_news/test.csv": digest}, 2, 7_600)
    assert str(tmp_path) not in repr(some) + json.dumps(some.provenance.to_dict())
    with pytest.raises(FileNotFoundError, match=r"has no mr/rt-polaritydata\.tar\.gz"):
        load_corpus("mr")


def test_a_public_corpus_from_the_cache_names_its_address(tmp_path, monkeypatch):
    monkeypatch.delenv("INTERPBOOK_DATA", raising=False)
    content = b'"4","Moon","Full."\n'
    (tmp_path / "ag.csv").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    file = OfficialFile("ag.csv", "https://example.org/ag.csv", digest, len(content))
    public = replace(PUBLIC["ag_news"], splits={"test": Split(file, 1)})
    some = corpora._load_public("ag_news", "test", public, cache=tmp_path)
    assert some.provenance == Provenance(file.url, {"ag.csv": digest}, 1, 1)


# ----------------------------------------------------------------------------- the book's corpora


@pytest.fixture
def embedded(tmp_path):
    (tmp_path / "corpora").mkdir()

    def write(*rows):
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (tmp_path / "corpora/reviews.test.jsonl").write_text("\n".join(lines) + "\n")
        return tmp_path

    return write


ROW = {"text": "Not good!", "label": 0, "rationale": [0, 1], "facts": ["negation"], "template": "t"}


def test_an_embedded_corpus_brings_rationales_and_facts(embedded):
    other = ROW | {"text": "fine\u2028line\x85here", "label": 1, "rationale": [], "facts": []}
    folder = embedded(ROW, json.dumps(other, ensure_ascii=False))
    some = corpora._load_embedded("reviews", "test", folder, 2)
    assert some.texts == ("Not good!", "fine\u2028line\x85here")
    assert some.rationales == ((0, 1), ()) and some.facts == (("negation",), ())
    assert some.labels.tolist() == [0, 1] and some.provenance.complete
    place = "corpora/reviews.test.jsonl"
    digest = hashlib.sha256((folder / place).read_bytes()).hexdigest()
    assert some.provenance == Provenance("embedded", {place: digest}, 2, 2)


@pytest.mark.parametrize(
    "damaged",
    [
        '{"text": "cut sho',
        "[]",
        {key: ROW[key] for key in ("text", "label", "facts")},
        ROW | {"rationale": [2]},
        ROW | {"rationale": [-1]},
        ROW | {"label": "0"},
        ROW | {"text": None},
        ROW | {"facts": "negation"},
    ],
    ids=str,
)
def test_a_damaged_row_is_named(embedded, damaged):
    folder = embedded(ROW, damaged)
    with pytest.raises(ValueError, match=r"line 2 of corpora/reviews\.test\.jsonl is damaged"):
        corpora._load_embedded("reviews", "test", folder, 2)


def test_bytes_that_are_no_text_are_a_damaged_row(embedded):
    folder = embedded(ROW)
    with (folder / "corpora/reviews.test.jsonl").open("ab") as file:
        file.write(b"\xff\xfe\n")
    with pytest.raises(ValueError, match=r"line 2 of corpora/reviews\.test\.jsonl is damaged"):
        corpora._load_embedded("reviews", "test", folder, 2)


def test_an_embedded_corpus_cut_short_at_a_line_is_refused(embedded):
    with pytest.raises(ValueError, match=r"is damaged: expected 1,000 documents, got 1; clone"):
        corpora._load_embedded("reviews", "test", embedded(ROW), 1_000)


def test_a_missing_embedded_corpus_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no corpora/headlines\.train\.jsonl"):
        corpora._load_embedded("headlines", "train", tmp_path, 1)


def test_the_data_folder_is_beside_src_or_inside_a_wheel(tmp_path, monkeypatch):
    assert data_folder() == ROOT / "data"
    installed = tmp_path / "site-packages/interpbook"
    installed.mkdir(parents=True)
    (tmp_path / "data").mkdir()  # somebody else's
    monkeypatch.setattr(_files, "__file__", str(installed / "_files.py"))
    with pytest.raises(FileNotFoundError, match="the book's data folder is missing"):
        data_folder()
    (installed / "_data").mkdir()
    assert data_folder() == installed / "_data"


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", ["reviews", "headlines"])
def test_the_embedded_corpora_are_sound(name, split):
    some = load_corpus(name, split)
    assert len(some.rationales) == len(some.facts) == len(some)
    assert all(tokenize(text) for text in some.texts)
    assert min(some.class_counts.values()) > 0
    assert some.provenance.source == "embedded" and some.provenance.complete


# -------------------------------------------------------------------------------------- real data


@pytest.fixture(scope="module")
def real():
    """Load real corpora, once per module; skip where the mirror is missing."""
    if not MIRROR.is_dir():
        pytest.skip("no real corpora: set INTERPBOOK_DATA or provide ../shared/data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTERPBOOK_DATA", str(MIRROR))
        yield load_corpus


REAL = [
    ("mr", "train", {"negative": 4_798, "positive": 4_798}),
    ("mr", "test", {"negative": 533, "positive": 533}),
    ("imdb", "train", {"negative": 12_500, "positive": 12_500}),
    ("imdb", "test", {"negative": 12_500, "positive": 12_500}),
    ("imdb", "unsupervised", {}),
    ("ag_news", "test", dict.fromkeys(("World", "Sports", "Business", "Sci/Tech"), 1_900)),
]


@pytest.mark.parametrize(("name", "split", "counts"), REAL)
def test_real_corpora_are_complete_and_balanced(real, name, split, counts):
    some = real(name, split)
    assert some.provenance.complete
    assert some.class_counts == counts
    assert len(some) == (sum(counts.values()) or 50_000)


def test_real_ag_news_says_how_much_of_it_came(real):
    some = real("ag_news", "train")
    if len(some) == 120_000:
        pytest.skip("this mirror holds all of AG's News")
    assert str(some.provenance) == "62,517 of 120,000 documents (incomplete)"
    assert list(some.class_counts.values()) == [16_042, 15_154, 15_153, 16_168]


@pytest.mark.parametrize(("name", "split"), [row[:2] for row in REAL] + [("ag_news", "train")])
def test_real_texts_are_decoded_and_hold_words(real, name, split):
    texts = real(name, split).texts
    assert all(any(sign.isalnum() for sign in text) for text in texts)
    assert not any("\ufffd" in text or "<br" in text for text in texts)
    assert not any(text != text.strip() for text in texts)


def test_real_mr_is_read_as_windows_1252(real):
    texts = real("mr", "train").texts + real("mr", "test").texts
    assert len(texts) == 10_662
    assert not any("\x80" <= sign <= "\x9f" for text in texts for sign in text)
    assert any("é" in text for text in texts) and any("…" in text for text in texts)
    assert not any("\n" in text for text in texts)


def test_real_ag_news_is_mended(real):
    joined = "\n".join(real("ag_news", "test").texts)
    for blemish in ("#39;", "quot;", "&lt;", "\\", "<b>", "</A>"):
        assert blemish not in joined
    assert "<TXN.N>" in joined and "doesn't feel any extra pressure" in joined


def test_real_imdb_keeps_its_line_breaks(real):
    assert sum("\n\n" in text for text in real("imdb", "train").texts) > 10_000
