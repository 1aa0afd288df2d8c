from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interpbook import Vocabulary, nearest_words
from interpbook.hidden import lay_out_plane, nearest_ids
from support.deep_networks import deep_network, one_sentence, shipped
from support.networks import network

WORDS = ("<pad>", "<unk>", *"abcdefghij")


def by_loop(table: np.ndarray, vector: np.ndarray, count: int) -> list[tuple[int, float]]:
    """Rank the words other than padding, unknown and rows of zeros by cosine, one by one."""
    ranked = []
    for word, row in enumerate(table):
        if word > 1 and any(row):
            cosine = sum(row * vector) / (sum(row**2) * sum(vector**2)) ** 0.5
            ranked.append((word, cosine))
    return sorted(ranked, key=lambda pair: -pair[1])[:count]


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.sets(st.integers(2, 11), max_size=4))
def test_nearest_words_agree_with_a_loop(seed, dimensions, zeros):
    deep = deep_network(seed=seed, embedding_dim=dimensions)
    table = np.random.default_rng(seed).normal(size=(12, dimensions))
    table[[*zeros]] = 0.0
    deep.embedding.weight.data[:] = torch.tensor(table)
    vectors = np.random.default_rng(seed + 1).normal(size=(3, dimensions))
    count = 10 - len(zeros)
    found = nearest_words(deep, Vocabulary(WORDS), torch.tensor(vectors), count)
    for row, vector in zip(found, vectors, strict=True):
        expected = by_loop(table, vector, count)
        np.testing.assert_allclose([c for _, c in row], [c for _, c in expected], atol=1e-12)
        if dimensions > 1:  # of one number all cosines are 1 or -1: ties in any order
            assert [word for word, _ in row] == [WORDS[word] for word, _ in expected]


def test_padding_the_unknown_word_and_zero_rows_are_no_neighbours():
    deep = deep_network()
    vector = deep.embedding.weight.data[2].clone()
    deep.embedding.weight.data[[0, 1]] = vector  # as near as can be
    deep.embedding.weight.data[5] = 0.0
    ids, cosines = nearest_ids(deep, vector[None], 9)
    assert sorted(ids[0].tolist()) == [2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert ids[0, 0] == 2 and float(cosines[0, 0]) == pytest.approx(1.0)
    with one_sentence(ValueError, r"count is 1..9, the words of the vocabulary, got 10"):
        nearest_ids(deep, vector[None], 10)


@pytest.mark.parametrize("padding_value", [0.0, 0.5])
def test_all_words_of_the_vocabulary_can_be_asked_for(padding_value):
    deep = deep_network()
    deep.embedding.weight.data[0] = padding_value
    ids, _ = nearest_ids(deep, torch.ones(1, 4, dtype=torch.float64), 10)
    assert sorted(ids[0].tolist()) == [*range(2, 12)]


def test_length_does_not_count():
    deep = deep_network()
    vectors = deep.embedding.weight.detach()[2:6] * torch.tensor([[1e-3], [1.0], [7.0], [1e6]])
    assert nearest_ids(deep, vectors, 1)[0][:, 0].tolist() == [2, 3, 4, 5]
    deep.embedding.weight.data[2:] *= torch.arange(1.0, 11, dtype=torch.float64)[:, None]
    assert nearest_ids(deep, vectors, 1)[0][:, 0].tolist() == [2, 3, 4, 5]


def test_a_shipped_words_nearest_word_is_itself():
    classifier = shipped()
    words = ["tedious", "charming", "film"]
    vectors = classifier.model.embedding.weight[classifier.vocabulary.encode(words)].detach()
    found = nearest_words(classifier.model, classifier.vocabulary, vectors, 4)
    assert [row[0][0] for row in found] == words
    for row in found:
        cosines = [cosine for _, cosine in row]
        assert cosines[0] == pytest.approx(1.0, abs=1e-5) and cosines == sorted(cosines)[::-1]


def test_a_textcnn_has_neighbours_too():
    model = network()
    found = nearest_words(model, Vocabulary(WORDS), model.embedding.weight[3:5].detach(), 1)
    assert [row[0][0] for row in found] == ["b", "c"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"count": 0}, r"count is 1..10, the words of the vocabulary, got 0"),
        ({"count": 11}, r"count is 1..10, the words of the vocabulary, got 11"),
        ({"vectors": torch.ones(4)}, r"vectors of shape \(B, 4\), got \(4,\)"),
        ({"vectors": torch.ones(2, 5)}, r"vectors of shape \(B, 4\), got \(2, 5\)"),
        ({"vectors": torch.tensor([[1.0] * 4, [0.0] * 4])}, "a zero vector has no direction"),
        ({"vectors": torch.full((1, 4), float("nan"))}, "expected finite vectors other than zero"),
        ({"vectors": torch.full((1, 4), float("inf"))}, "expected finite vectors other than zero"),
        ({"vocabulary": Vocabulary(WORDS[:-1])}, "has 12 words but the vocabulary 11: give the"),
    ],
)
def test_what_has_no_neighbours_is_refused(as_users_run_it, changes, sentence):
    asked = {"vocabulary": Vocabulary(WORDS), "vectors": torch.ones(1, 4), "count": 3} | changes
    with one_sentence(ValueError, sentence):
        nearest_words(deep_network(dtype=torch.float32), **asked)


# A plane ---------------------------------------------------------------------------------------


def drawn(n: int, m: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=(n, m)))


@pytest.mark.parametrize(("n", "m"), [(2, 6), (3, 6), (20, 6), (20, 2)])
def test_pca_agrees_with_a_singular_value_decomposition(n, m):
    vectors = drawn(n, m)
    units = vectors.numpy() / np.linalg.norm(vectors.numpy(), axis=1, keepdims=True)
    U, S, _ = np.linalg.svd(units - units.mean(axis=0), full_matrices=False)
    expected, found = (U * S)[:, :2], lay_out_plane(vectors, "pca")
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-9)
    # Not sign by sign: each axis may be turned round, but only whole.
    for axis in range(2):
        turned = np.sign(found[:, axis] @ expected[:, axis]) or 1.0
        np.testing.assert_allclose(found[:, axis], turned * expected[:, axis], atol=1e-9)


@pytest.mark.parametrize("how", ["pca", "tsne"])
def test_a_layout_does_not_ask_for_lengths(how):
    vectors = drawn(12)
    lengths = 2.0 ** torch.arange(12, dtype=torch.float64)  # no rounding, which t-SNE lets grow
    assert np.array_equal(
        lay_out_plane(vectors, how), lay_out_plane(vectors * lengths[:, None], how)
    )


def test_a_seed_decides_tsne():
    vectors = drawn(2)  # two points start at random, more at PCA's places
    first, again = lay_out_plane(vectors, seed=3), lay_out_plane(vectors, seed=3)
    assert np.array_equal(first, again)
    assert not np.allclose(first, lay_out_plane(vectors, seed=4))


@pytest.mark.parametrize("n", [2, 3, 4, 31])
def test_tsne_lays_few_points_out_too(n):
    found = lay_out_plane(drawn(n))
    assert found.shape == (n, 2) and np.isfinite(found).all()
    assert np.array_equal(found, lay_out_plane(drawn(n)))


def test_tsne_keeps_neighbours_together():
    rng = np.random.default_rng(0)
    middles = np.repeat(np.eye(6)[:3], 8, axis=0)
    plane = lay_out_plane(torch.tensor(middles + rng.normal(scale=0.05, size=middles.shape)))
    apart = np.linalg.norm(plane[:, None] - plane[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (apart.argmin(axis=1) // 8 == np.arange(24) // 8).all()


@pytest.mark.parametrize(
    ("vectors", "how", "sentence"),
    [
        (drawn(1), "tsne", "a plane needs at least 2 vectors, got 1"),
        (drawn(1), "pca", "a plane needs at least 2 vectors, got 1"),
        (drawn(5, 1), "pca", "vectors of at least 2 numbers each, got 1"),
        (drawn(5), "umap", "a layout is 'tsne' or 'pca', got 'umap'"),
        (drawn(5) * float("nan"), "pca", "finite"),
    ],
)
def test_what_cannot_be_laid_out_is_refused(as_users_run_it, vectors, how, sentence):
    with one_sentence(ValueError, sentence):
        lay_out_plane(vectors, how)
