"""The publishers' formats: decoding, splitting, mending, and refusing bad rows."""

import gzip
import hashlib
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpbook.corpora import PUBLIC
from interpbook.corpora.downloads import LocalFile
from interpbook.corpora.publishers import mend_ag_text, read_ag_news, read_imdb, read_mr


@pytest.fixture
def local(tmp_path):
    """Write a file, or an archive from a dict of members, as a download would hand it over."""

    def write(content, name="corpus.file"):
        if isinstance(content, dict):
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as archive:
                for member, text in content.items():
                    info = tarfile.TarInfo(member)
                    info.size = len(text)
                    archive.addfile(info, io.BytesIO(text))
            content = gzip.compress(buffer.getvalue())
        (tmp_path / name).write_bytes(content)
        return LocalFile(name, tmp_path / name, hashlib.sha256(content).hexdigest(), "mirror")

    return write


def test_the_registry_holds_sha256_and_official_counts():
    counts = {name: [part.documents for part in c.splits.values()] for name, c in PUBLIC.items()}
    assert counts == {
        "mr": [9_596, 1_066],
        "imdb": [25_000, 25_000, 50_000],
        "ag_news": [120_000, 7_600],
    }
    for corpus in PUBLIC.values():
        for split in corpus.splits.values():
            assert len(bytes.fromhex(split.file.sha256)) == 32
            assert split.file.url.startswith("https://")
            assert split.file.url.endswith(split.file.name.rsplit("/")[-1])


# -------------------------------------------------------------------------------------------- MR


def mr(neg, pos):
    return {"rt-polaritydata/rt-polarity.neg": neg, "rt-polaritydata/rt-polarity.pos": pos}


def test_mr_is_windows_1252_in_lines_that_end_in_lf(local):
    sentence = b"it\x92s \x93caf\xe9\x94 \x96 slow\x85 but\x0b\x0c\x1c moving \n"
    texts, labels = read_mr(local(mr(sentence, b"good\n")), "test")
    assert texts == ("it’s “café” – slow… but\x0b\x0c\x1c moving", "good")
    assert labels == (0, 1)


def test_mr_splits_every_class_in_the_same_way_without_overlap(local):
    def lines(sign):
        return b"".join(f"{sign} {i}\n".encode() for i in range(5_331))

    file = local(mr(lines("bad"), lines("good")))
    train, test = read_mr(file, "train"), read_mr(file, "test")
    assert (len(train[0]), len(test[0])) == (9_596, 1_066)
    assert sum(train[1]) == 4_798 and sum(test[1]) == 533
    assert not set(train[0]) & set(test[0])
    assert len(set(train[0]) | set(test[0])) == 10_662
    assert all((text[0] == "g") == label for text, label in zip(*test, strict=True))
    # The split is a promise: whoever changes it changes every result on MR.
    assert [int(text.split()[1]) for text in test[0][:5]] == [16, 29, 48, 51, 52]
    # It is spread over the file: no third of it holds more than half of the test sentences.
    thirds = [sum(int(text.split()[1]) // 1_777 == third for text in test[0]) for third in range(3)]
    assert max(thirds) < 533


def test_mr_without_a_file_is_refused(local):
    file = local({"rt-polaritydata/rt-polarity.neg": b"bad\n"})
    with pytest.raises(ValueError, match=r"holds no rt-polaritydata/rt-polarity\.pos"):
        read_mr(file, "train")


def test_mr_bytes_that_are_no_windows_1252_are_refused(local):
    with pytest.raises(ValueError, match=r"rt-polarity\.neg is not cp1252 text \(byte 2\)"):
        read_mr(local(mr(b"ab\x81\n", b"good\n")), "test")


# ------------------------------------------------------------------------------------------ IMDB


REVIEWS = {
    "aclImdb/README": b"read me",
    "aclImdb/test/pos/1_9.txt": "très bon".encode(),
    "aclImdb/train/pos/0_9.txt": b"good<br /><br />very <BR>good\n",
    "aclImdb/train/neg/10_1.txt": b"bad",
    "aclImdb/train/neg/0_2.txt": b"worse",
    "aclImdb/train/unsup/0_0.txt": b"who knows",
    "aclImdb/train/labeledBow.feat": b"9 0:1",
    "aclImdb/train/pos/notes.txt": b"not a review",
}


def test_imdb_reads_splits_in_the_order_of_member_names(local):
    file = local(REVIEWS)
    assert read_imdb(file, "train") == (("worse", "bad", "good\n\nvery \ngood"), (0, 0, 1))
    assert read_imdb(file, "test") == (("très bon",), (1,))
    assert read_imdb(file, "unsupervised") == (("who knows",), None)


def test_imdb_reads_a_changed_archive_again(local):
    read_imdb(local(REVIEWS), "test")
    changed = REVIEWS | {"aclImdb/test/pos/1_9.txt": b"another review, longer than the first"}
    assert read_imdb(local(changed), "test")[0] == ("another review, longer than the first",)


def test_imdb_reads_both_labelled_splits_in_one_pass(local, monkeypatch):
    passes = []
    monkeypatch.setattr(
        "interpbook.corpora.publishers.read_archive",
        lambda path, wanted: passes.append(1) or {n: t for n, t in REVIEWS.items() if wanted(n)},
    )
    file = local(REVIEWS)
    for split in ("train", "test", "train", "unsupervised", "test"):
        read_imdb(file, split)
    assert len(passes) == 2


def test_imdb_without_a_split_is_refused(local):
    file = local({name: text for name, text in REVIEWS.items() if "/test/" not in name})
    with pytest.raises(ValueError, match="holds no review of its test split"):
        read_imdb(file, "train")


# --------------------------------------------------------------------------------------- AG's News


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ('"3","Oil up","It rose."', "Oil up. It rose."),
        ('"3","Oil up?","It rose."', "Oil up? It rose."),
        ('"3","Oil up: ","It rose."', "Oil up: It rose."),
        ('"3","","Oil up It rose."', "Oil up It rose."),
        ('"3","Oil up",""', "Oil up"),
        ('"3","He said ""no""","Twice, in ""Rome""."', 'He said "no". Twice, in "Rome".'),
        ('"3","Two\nlines","end"', "Two lines. end"),
    ],
)
def test_ag_news_joins_title_and_description(local, row, text):
    assert read_ag_news(local(row.encode() + b"\n"), "train") == ((text,), (2,))


@pytest.mark.parametrize(
    ("blemished", "mended"),
    [
        ("Google #39;s shares", "Google's shares"),
        ("J J  #39;no way #39; she", "J J 'no way' she"),
        ("past  #36;46 a barrel", "past $46 a barrel"),
        ("Texas A amp;M", "Texas A&M"),
        ("AT #38;T", "AT&T"),
        (" quot;Yes, quot; he", '"Yes," he'),
        ("quot;Yes", '"Yes'),
        ("again  #151; this", "again — this"),
        ("Dwindling\\band of\\\\cynics", "Dwindling band of cynics"),
        (r"\$2.6 Bln \& more", "$2.6 Bln & more"),
        ("tests confirm &lt;b&gt;...&lt;/b&gt;", "tests confirm ..."),
        ('Corp. &lt;A HREF="http://x/y?t=K.O"&gt;K.O&lt;/A&gt; on', "Corp. K.O on"),
        ("one.&lt;br/&gt;&lt;p&gt;two", "one. two"),
        # What looks like a blemish and is none:
        ("Instruments Inc. &lt;TXN.N&gt; rose", "Instruments Inc. <TXN.N> rose"),
        ("Vuelta race; Heras still", "Vuelta race; Heras still"),
        ("Output Up; Factories Run", "Output Up; Factories Run"),
        ("forecasts up 12; shares", "forecasts up 12; shares"),
        ("a < b and c > d", "a < b and c > d"),
    ],
)
def test_ag_news_is_mended_and_no_more(blemished, mended):
    assert mend_ag_text(blemished) == mended


@given(st.text(alphabet=st.characters(exclude_characters="\\<>&;")))
def test_mending_leaves_clean_text_alone(text):
    assert mend_ag_text(text) == " ".join(text.split())


@given(st.text())
def test_mending_takes_any_text(text):
    assert mend_ag_text(text) == mend_ag_text(text).strip()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (b'"1","a","b"\n"2","a"\n', "line 2 of corpus.file: expected 3 columns .*, got 2"),
        (b'"1","a","b"\n\n', "line 2 of corpus.file: expected 3 columns .*, got 0"),
        (b'"1","a\nb","c"\n"5","a","b"\n', "line 3 of corpus.file: expected a class 1-4, got '5'"),
        (b'"Class Index","Title","Description"\n', "line 1 of .*, got 'Class Index'"),
        (b'"1","a","b\n', "line 1 of corpus.file is not comma-separated text"),
        (b'"1","a\xff","b"\n', r"corpus.file is not utf-8 text \(byte 6\)"),
    ],
)
def test_ag_news_rows_that_are_damaged_are_refused_with_their_line(local, rows, message):
    with pytest.raises(ValueError, match=message):
        read_ag_news(local(rows), "train")
