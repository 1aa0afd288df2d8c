"""Word vectors: every format there and back, training, alignment against slow loops."""

import gzip
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpbook.text import Vocabulary
from interpbook.vectors import (
    Coverage,
    WordVectors,
    align,
    read_vectors,
    save_vectors,
    train_skipgram,
)
from support.places import MIRROR, ROOT


def made_up(words=("the", "café", "don't", "映画"), dim=3, seed=0):
    numbers = np.random.default_rng(seed).normal(size=(len(words), dim))
    return WordVectors(tuple(words), numbers.astype(np.float32), "made up")


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


def assert_same(got, expected):
    assert got.words == expected.words
    assert got.vectors.dtype == np.float32
    np.testing.assert_array_equal(got.vectors, expected.vectors)


# --------------------------------------------------------------------------------------- the record


@pytest.mark.parametrize(
    ("words", "table", "message"),
    [
        (("a", "b"), np.zeros((3, 2), np.float32), r"each of 2 words, got shape \(3, 2\)"),
        (("a", "b"), np.zeros((2, 2)), "float32 table .* dtype float64"),
        (("a", "b"), np.zeros(2, np.float32), r"got shape \(2,\)"),
        (("a", "a"), np.zeros((2, 2), np.float32), "each word once"),
        (("a", "b"), np.array([[0, 1], [np.nan, 1]], np.float32), "finite numbers"),
        (("a", "b"), np.array([[np.inf, 1], [-np.inf, 1]], np.float32), "finite numbers"),
        ((), np.zeros((0, 2), np.float32), "at least one word"),
        (("a",), np.zeros((1, 0), np.float32), "at least one word and one dimension"),
    ],
)
def test_word_vectors_check_themselves(words, table, message, as_users_run_it):
    with pytest.raises(ValueError, match=message):
        WordVectors(words, table, "made up")


def test_word_vectors_are_looked_up_and_do_not_change():
    vectors = made_up()
    np.testing.assert_array_equal(vectors["café"], vectors.vectors[1])
    assert "café" in vectors and "cafe" not in vectors
    assert (len(vectors), vectors.dim) == (4, 3)
    with pytest.raises(ValueError, match="read-only"):
        vectors.vectors[0] = 0
    with pytest.raises(KeyError, match="no vector for 'cafe' in made up"):
        vectors["cafe"]


def test_neighbours_go_by_cosine():
    table = np.array([[1, 0], [10, 1], [0, 5], [-1, 0], [0, 0]], np.float32)
    vectors = WordVectors(("a", "near", "across", "opposite", "nowhere"), table, "made up")
    assert [word for word, _ in vectors.neighbours("a", 3)] == ["near", "across", "opposite"]
    assert vectors.neighbours("a", 1)[0][1] == pytest.approx(10 / 101**0.5)
    assert len(vectors.neighbours("a", 99)) == 4


# ------------------------------------------------------------------------------ reading and writing


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
    vectors, content = made_up(), FORMATS[name](made_up())
    path = tmp_path / (name + (".gz" if compressed else ""))
    path.write_bytes(gzip.compress(content) if compressed else content)
    got = read_vectors(path)
    assert_same(got, vectors)
    assert got.source == path.name


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1)


@given(st.lists(WORDS, min_size=1, max_size=6, unique=True), st.integers(1, 5), st.integers(0, 99))
def test_saved_vectors_come_back(tmp_path_factory, words, dim, seed):
    path = tmp_path_factory.mktemp("saved") / "vectors.bin"
    vectors = made_up(words, dim, seed)
    save_vectors(vectors, path)
    assert_same(read_vectors(path), vectors)


def test_saving_is_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "vectors.bin"
    save_vectors(made_up(), path)
    before = path.read_bytes()

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr("interpbook.vectors.files.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_vectors(made_up(seed=1), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_what_the_format_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no room for 'New York'"):
        save_vectors(made_up(("a", "New York")), tmp_path / "vectors.bin")
    with pytest.raises(ValueError, match=r"end in \.bin, got 'vectors\.txt'"):
        save_vectors(made_up(), tmp_path / "vectors.txt")
    assert not list(tmp_path.iterdir())


TEXT, GLOVE, BINARY = (FORMATS[name](made_up()) for name in list(FORMATS)[:3])


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


# ------------------------------------------------------------------------------ gensim's downloader


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

    expected = made_up()
    keyed = KeyedVectors(expected.dim)
    keyed.add_vectors(list(expected.words), np.array(expected.vectors))
    listing = {"models": {"some-vectors": {}}, "corpora": {"text8": {}}}
    monkeypatch.setattr(gensim_downloader, "info", lambda **_: listing)
    monkeypatch.setattr(gensim_downloader, "load", {"some-vectors": keyed}.get)
    got = read_vectors("some-vectors")
    assert_same(got, expected)
    assert got.source == "gensim.downloader some-vectors"
    for unknown in ("no-such-vectors", "text8"):
        with pytest.raises(ValueError, match=f"no file '{unknown}', and gensim.downloader knows"):
            read_vectors(unknown)
    monkeypatch.setattr(gensim_downloader, "load", offline)
    with pytest.raises(ConnectionError, match="could not download 'some-vectors'"):
        read_vectors("some-vectors")


# ----------------------------------------------------------------------------------------- training


def two_topics(documents=400, seed=0):
    """Write documents about one of two topics each, so that a topic's words are neighbours."""
    generator = np.random.default_rng(seed)
    topics = [["sun", "rain", "wind", "snow", "cloud"], ["goal", "team", "match", "coach", "win"]]
    return [list(generator.choice(topics[i % 2], size=12)) for i in range(documents)]


def train(documents, **changes):
    settings = {"dim": 10, "epochs": 5, "workers": 1, "min_count": 5}
    return train_skipgram(documents, **(settings | changes))


def test_words_of_a_topic_become_neighbours():
    vectors = train(two_topics(), epochs=15)
    assert len(vectors) == 10 and vectors.dim == 10
    for word, topic in (
        ("sun", {"rain", "wind", "snow", "cloud"}),
        ("goal", {"team", "match", "coach", "win"}),
    ):
        assert {neighbour for neighbour, _ in vectors.neighbours(word, 4)} == topic


def test_one_worker_is_deterministic_and_the_seed_matters():
    first, second = train(two_topics(), seed=3), train(two_topics(), seed=3)
    assert_same(first, second)
    assert not np.array_equal(first.vectors, train(two_topics(), seed=4)["sun"])
    assert not np.allclose(first["sun"], train(two_topics(), seed=4)["sun"])


def test_it_is_gensims_skip_gram():
    from gensim.models import Word2Vec

    settings = {"window": 2, "min_count": 5, "seed": 7, "workers": 1, "epochs": 2}
    expected = Word2Vec(two_topics(), vector_size=10, sg=1, **settings).wv
    got = train(two_topics(), **settings)
    assert list(got.words) == expected.index_to_key
    np.testing.assert_array_equal(got.vectors, expected.vectors)


def test_another_process_gets_the_same_vectors():
    """Python hashes strings differently in each process: nothing may depend on it."""
    program = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]);"
        "from interpbook.vectors import train_skipgram as train;"
        "words = 'sun rain wind snow cloud'.split();"
        "v = train([words, words[::-1]] * 50, dim=4, workers=1);"
        "print(*v.words, hashlib.sha256(v.vectors.tobytes()).hexdigest())"
    )
    source = str(ROOT / "src")
    printed = subprocess.run(
        [sys.executable, "-c", program, source],
        env=os.environ | {"PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    words = "sun rain wind snow cloud".split()
    here = train_skipgram([words, words[::-1]] * 50, dim=4, workers=1)
    assert printed.split() == [*here.words, hashlib.sha256(here.vectors.tobytes()).hexdigest()]


def test_rare_words_are_left_out_and_the_frequent_come_first():
    documents = [["often"] * 9 + ["sometimes"] * 5 + ["rarely"] * 4] * 1
    assert train(documents, source="a test").words == ("often", "sometimes")
    assert train(documents, source="a test").source == "a test"
    with pytest.raises(ValueError, match="no word occurs 10 times in these documents"):
        train(documents, min_count=10)


def test_any_iterable_that_can_be_read_again_will_do(capsys):
    class Stream:
        passes = 0

        def __iter__(self):
            Stream.passes += 1
            return iter(two_topics())

    assert_same(train(Stream(), progress=True), train(two_topics()))
    assert Stream.passes == 1 + 1 + 5  # a look at the first document, counting, epochs
    assert "pass 6 of 6" in capsys.readouterr().err
    train(two_topics())
    assert "pass" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ((document for document in two_topics()), "got an iterator: pass a list"),
        (["not tokenized"], "got a str: use tokenize"),
        ("not even documents", "got a str: use tokenize"),
    ],
)
def test_documents_of_another_shape_are_refused(documents, message):
    with pytest.raises(TypeError, match=message):
        train(documents)


# ---------------------------------------------------------------------------------------- alignment


def slow_align(vectors, vocabulary, seed, missing="random"):
    """Do what ``align`` says, number by number."""
    columns = [
        [float(number) for number in column] for column in zip(*vectors.vectors, strict=True)
    ]
    means = [sum(column) / len(column) for column in columns]
    numbers = [float(number) for row in vectors.vectors for number in row]
    mean = sum(numbers) / len(numbers)
    deviation = (sum((number - mean) ** 2 for number in numbers) / len(numbers)) ** 0.5
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(len(vocabulary), vectors.dim, generator=generator)
    table = []
    for id_, word in enumerate(vocabulary.words):
        if id_ == 0:
            table.append([0.0] * vectors.dim)
        elif id_ > 1 and word in vectors.words:
            table.append([float(n) for n in vectors.vectors[vectors.words.index(word)]])
        elif missing != "random":
            table.append(means if missing == "mean" else [0.0] * vectors.dim)
        else:
            table.append([float(number) * deviation for number in drawn[id_]])
    return torch.tensor(table)


@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True),
    st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1),
    st.integers(0, 2**31),
    st.sampled_from(["random", "zero", "mean"]),
)
def test_alignment_equals_its_slow_twin(known, with_vectors, seed, missing):
    vocabulary = Vocabulary(("<pad>", "<unk>", *known))
    vectors = made_up(with_vectors, dim=2, seed=seed)
    weights, coverage = align(vectors, vocabulary, seed=seed, missing=missing)
    torch.testing.assert_close(weights, slow_align(vectors, vocabulary, seed, missing))
    assert weights.dtype == torch.float32
    assert coverage.found == len(set(known) & set(with_vectors))
    assert coverage.total == len(known)
    assert coverage.missing == tuple(word for word in known if word not in with_vectors)[:10]


@pytest.mark.parametrize(("missing", "value"), [("zero", 0.0), ("mean", 3.0)])
def test_words_without_a_vector_get_zeros_or_the_mean(missing, value):
    """The unknown word is one of them; padding is always zero, and a word's own vector stays."""
    vectors = WordVectors(("a", "b"), np.array([[2.0, 2.0], [4.0, 4.0]], np.float32), "made up")
    vocabulary = Vocabulary(("<pad>", "<unk>", "a", "new"))
    weights, coverage = align(vectors, vocabulary, missing=missing)
    assert weights.tolist() == [[0, 0], [value, value], [2, 2], [value, value]]
    assert coverage == align(vectors, vocabulary)[1] == Coverage(1, 2, ("new",))
    assert torch.equal(weights, align(vectors, vocabulary, missing=missing, seed=9)[0])


def test_an_unknown_way_to_fill_in_is_refused(as_users_run_it):
    with pytest.raises(ValueError, match="missing is one of random, zero, mean, got 'drop'"):
        align(made_up(), Vocabulary(("<pad>", "<unk>")), missing="drop")


def test_special_words_never_take_a_vector():
    vectors = made_up(("<pad>", "<unk>", "a"))
    weights, coverage = align(vectors, Vocabulary(("<pad>", "<unk>", "a")))
    assert not weights[0].any()
    assert not np.allclose(weights[1], vectors["<unk>"])
    assert (coverage.found, coverage.total, coverage.share) == (1, 1, 1.0)


def test_drawn_rows_are_as_long_as_real_ones_and_follow_the_seed():
    vectors = WordVectors(
        ("a", "b"), np.array([[3.0, 1.0] * 50, [1.0, 3.0] * 50], np.float32), "made up"
    )  # mean 2, standard deviation 1
    vocabulary = Vocabulary(("<pad>", "<unk>", *(f"w{i}" for i in range(1_000))))
    weights, _ = align(vectors, vocabulary, seed=5)
    assert weights[1:].std() == pytest.approx(1.0, abs=0.01)
    assert weights[1:].mean() == pytest.approx(0.0, abs=0.02)
    torch.testing.assert_close(weights, align(vectors, vocabulary, seed=5)[0])
    assert not torch.allclose(weights, align(vectors, vocabulary, seed=6)[0])


def test_weights_do_not_share_memory_with_the_vectors():
    vectors = made_up()
    weights, _ = align(vectors, Vocabulary(("<pad>", "<unk>", *vectors.words)))
    weights[2:] = 0
    assert vectors.vectors.any()


def test_coverage_is_told_in_words():
    assert str(Coverage(1_234, 2_000, ("x", "y"))) == "1,234 of 2,000 words (61.7%), missing: x, y"
    assert str(Coverage(2, 2, ())) == "2 of 2 words (100.0%)"
    assert Coverage(0, 0, ()).share == 1.0


# ---------------------------------------------------------------------------------------- real data


def test_real_glove_vectors_have_sane_neighbours():
    path = MIRROR / "vectors/glove.6B.50d.subset.w2v.txt"
    if not path.is_file():
        pytest.skip("no real vectors: set INTERPBOOK_DATA or provide ../shared/data")
    vectors = read_vectors(path)
    assert (len(vectors), vectors.dim) == (8_453, 50)
    assert vectors.words[0] == "the" and vectors["the"][0] == pytest.approx(0.418)
    assert "better" in dict(vectors.neighbours("good"))
    assert {"kingdom", "ii"} & dict(vectors.neighbours("king", 10)).keys()
