"""Pretrained vectors: which there are, where they are kept, and that they are trained once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from interpbook import Corpus
from interpbook.corpora import Provenance
from interpbook.vectors import VectorRecipe, public_vectors, save_vectors
from interpbook.vectors import public as pretrained
from support.inventions import made_up_vectors

# ------------------------------------------------------------------------------------- recipes


@pytest.mark.parametrize(
    ("recipe", "name"),
    [
        (VectorRecipe(), "skipgram-imdb-ag_news-100d.bin"),  # as they were called from the start
        (VectorRecipe(300, False), "skipgram-imdb-ag_news-300d-cased.bin"),
        (VectorRecipe(300, True, ("imdb",)), "skipgram-imdb-300d.bin"),
        (VectorRecipe(50, False, ("ag_news",)), "skipgram-ag_news-50d-cased.bin"),
    ],
)
def test_a_recipe_says_where_its_vectors_are_kept(monkeypatch, tmp_path, recipe, name):
    monkeypatch.setattr(pretrained.pooch, "os_cache", lambda folder: str(tmp_path / folder))
    assert recipe.path == tmp_path / "interpbook" / name


def test_no_two_recipes_share_a_file():
    corpora = [("imdb",), ("ag_news",), ("imdb", "ag_news"), ("ag_news", "imdb")]
    recipes = [
        VectorRecipe(dim, lowercase, names)
        for dim in (10, 100)
        for lowercase in (False, True)
        for names in corpora
    ]
    assert len({recipe.path for recipe in recipes}) == len(recipes) == 16


def test_a_list_of_corpora_is_as_good_as_a_tuple(as_users_run_it):
    assert VectorRecipe(corpora=["imdb"]) == VectorRecipe(corpora=("imdb",))
    assert hash(VectorRecipe(corpora=["imdb"])) == hash(VectorRecipe(corpora=("imdb",)))


@pytest.mark.parametrize("corpora", [(), ("mr",), ("imdb", "mr"), ("imdb", "imdb"), "imdb"])
def test_vectors_of_other_texts_are_refused(as_users_run_it, corpora):
    with pytest.raises(ValueError, match="are trained on imdb or ag_news or both, got "):
        VectorRecipe(corpora=corpora)


@pytest.mark.parametrize("dim", [0, -1])
def test_vectors_without_a_length_are_refused(dim):
    with pytest.raises(ValueError, match=f"dim is a positive number, got {dim}"):
        VectorRecipe(dim)


# -------------------------------------------------------------------------------------- vectors


@pytest.fixture
def trained(monkeypatch, tmp_path):
    """A cache of its own, and a stand-in for gensim; return what it was asked to train."""
    calls = []

    def train(documents, **options):
        calls.append(options | {"documents": documents})
        vectors = made_up_vectors(options["dim"])
        shifted = vectors.vectors + np.float32(len(calls))  # no two trainings are alike
        return replace(vectors, vectors=shifted, source=options["source"])

    def load(name: str, split: str) -> Corpus:
        return Corpus(name, split, ("Fine.", "Bad!"), None, (), Provenance("invented", {}, 2, 4))

    monkeypatch.setattr(pretrained, "train_skipgram", train)
    monkeypatch.setattr(pretrained, "load_corpus", load)
    monkeypatch.setattr(pretrained.pooch, "os_cache", lambda name: str(tmp_path / name))
    public_vectors.cache_clear()
    yield calls
    public_vectors.cache_clear()


def test_vectors_are_trained_once_and_kept_with_their_origin(trained):
    made, read = (public_vectors.__wrapped__(progress=False) for _ in range(2))
    assert len(trained) == 1 and trained[0]["dim"] == 100
    assert trained[0]["documents"] == [["fine"], ["bad"]] * 3
    assert "imdb unsupervised, 2 of 4 documents (incomplete); ag_news train" in made.source
    assert made.source.startswith("skip-gram, 100-d, window 5")
    assert (read.source, read.words) == (made.source, made.words)
    assert np.array_equal(read.vectors, made.vectors)


def test_cased_vectors_see_cased_words_and_say_so(trained):
    recipe = VectorRecipe(300, lowercase=False, corpora=("ag_news",))
    made, read = (public_vectors.__wrapped__(recipe, progress=False) for _ in range(2))
    assert len(trained) == 1 and trained[0]["dim"] == made.dim == 300
    assert trained[0]["documents"] == [["Fine"], ["Bad"]]
    assert made.source == (
        "skip-gram, 300-d, cased, window 5, 3 epochs, "
        "on ag_news train, 2 of 4 documents (incomplete)"
    )
    assert read.source == made.source and np.array_equal(read.vectors, made.vectors)


def test_recipes_asked_for_in_turn_are_trained_once_each(trained):
    """Memory holds the last only; the others come from their files, as they were."""
    recipes = [VectorRecipe(8), VectorRecipe(8, lowercase=False)]
    found = [public_vectors(recipe, progress=False) for recipe in recipes * 2]
    assert [call["documents"][0] for call in trained] == [["fine"], ["Fine"]]
    for first, again, recipe in zip(found[:2], found[2:], recipes, strict=True):
        assert first.source == again.source and ("cased" in first.source) != recipe.lowercase
        assert np.array_equal(first.vectors, again.vectors)
    assert not np.array_equal(found[0].vectors, found[1].vectors)


def test_the_last_vectors_are_not_read_again(trained):
    first = public_vectors(VectorRecipe(8), progress=False)
    assert public_vectors(VectorRecipe(8), progress=False) is first


def test_vectors_without_their_note_are_trained_again(monkeypatch, tmp_path):
    """A note is written last, so vectors without one may be of another origin."""
    folder = tmp_path / "interpbook"
    folder.mkdir()
    save_vectors(made_up_vectors(2), folder / "skipgram-imdb-ag_news-100d.bin")
    monkeypatch.setattr(pretrained.pooch, "os_cache", lambda name: str(tmp_path / name))

    def load(*_):
        raise InterruptedError

    monkeypatch.setattr(pretrained, "load_corpus", load)
    with pytest.raises(InterruptedError):  # from reading what to train on
        public_vectors.__wrapped__(progress=False)


def test_a_stop_before_the_note_leaves_no_old_note_beside_new_vectors(trained, monkeypatch):
    recipe = VectorRecipe(8)
    public_vectors.__wrapped__(recipe, progress=False)
    recipe.path.unlink()

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(pretrained, "write_whole", stop)
    with pytest.raises(KeyboardInterrupt):
        public_vectors.__wrapped__(recipe, progress=False)
    assert recipe.path.exists() and not recipe.path.with_suffix(".txt").exists()
