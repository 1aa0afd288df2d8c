"""Words near a vector, and a plane to draw them on."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F

from interpbook._checks import number_from
from interpbook.models import DeepTextCNN, TextCNN
from interpbook.models.autocast import own_precision
from interpbook.text import PADDING, UNKNOWN, Vocabulary
from interpbook.vectors.cosines import highest

Layout = Literal["tsne", "pca"]
"""How a plane is laid out: by scikit-learn's ``TSNE`` or by its ``PCA``."""


@own_precision
@torch.no_grad()
def nearest_ids(
    model: DeepTextCNN | TextCNN, vectors: Float[Tensor, "B m"], count: int = 10
) -> tuple[Int64[Tensor, "B count"], Float[Tensor, "B count"]]:
    """Return the ids of the words with the highest cosine to each vector, and the cosines.

    Padding, the unknown word and words with a zero vector are no neighbours. Of words with the
    same cosine, that with the lower id comes first.

    Parameters
    ----------
    model : DeepTextCNN or TextCNN
        Its embedding is searched, as it is after training.
    vectors : Tensor of shape (B, m)
        Vectors of the embedding's length, such as ``Inversion.overall``.
    count : int
        How many words to return for each vector.

    Returns
    -------
    ids, cosines : Tensor of shape (B, count)
        The nearest first.

    Raises
    ------
    ValueError
        If a vector has another length than the model's, is zero or not finite, or ``count`` is
        not between 1 and the number of words.

    Examples
    --------
    A word's vector is nearest to itself:

    >>> from interpbook import DeepTextCNN, DeepTextCNNConfig
    >>> deep = DeepTextCNN(DeepTextCNNConfig(vocab_size=10, num_classes=2, embedding_dim=4))
    >>> ids, cosines = nearest_ids(deep, deep.embedding.weight[4:6].detach(), count=3)
    >>> ids.shape, ids[:, 0].tolist()
    (torch.Size([2, 3]), [4, 5])
    """
    table = model.embedding.weight
    ordinary = table.any(dim=1)
    ordinary[[PADDING, UNKNOWN]] = False
    words = int(ordinary.sum())
    if vectors.ndim != 2 or vectors.shape[1] != table.shape[1]:
        raise ValueError(
            f"expected vectors of shape (B, {table.shape[1]}), got {tuple(vectors.shape)}"
        )
    if not torch.isfinite(vectors).all() or not vectors.any(dim=1).all():
        raise ValueError("expected finite vectors other than zero: a zero vector has no direction")
    sentence = f"count is 1..{words}, the words of the vocabulary, got {count}"
    count = number_from(count, 1, sentence, below=words + 1)
    cosines = F.normalize(vectors, dim=1) @ F.normalize(table, dim=1).T
    return highest(cosines, ~ordinary, count)


def nearest_words(
    model: DeepTextCNN | TextCNN,
    vocabulary: Vocabulary,
    vectors: Float[Tensor, "B m"],
    count: int = 10,
) -> list[list[tuple[str, float]]]:
    """List the words whose vectors have the highest cosine with each of B vectors.

    Parameters
    ----------
    model : DeepTextCNN or TextCNN
        Its embedding is searched, as it is after training.
    vocabulary : Vocabulary
        The words of the embedding.
    vectors : Tensor of shape (B, m)
        Vectors of the embedding's length, such as ``Inversion.overall``.
    count : int
        How many words to list for each vector.

    Returns
    -------
    list of lists of (word, cosine)
        The nearest first.

    Raises
    ------
    ValueError
        If the vocabulary is another model's, or for the reasons that ``nearest_ids`` names.

    References
    ----------
    Yuan et al. (2019), section "Visualization of Optimized Inputs".

    Examples
    --------
    >>> from interpbook import load_classifier
    >>> classifier = load_classifier("mr_deep")
    >>> vector = classifier.model.embedding.weight[classifier.vocabulary.encode(["tedious"])]
    >>> (near,) = nearest_words(classifier.model, classifier.vocabulary, vector.detach(), 2)
    >>> [(word, round(cosine, 3)) for word, cosine in near]
    [('tedious', 1.0), ('plodding', 0.78)]
    """
    if len(vocabulary) != len(model.embedding.weight):
        raise ValueError(
            f"the model has {len(model.embedding.weight)} words but the vocabulary "
            f"{len(vocabulary)}: give the model's own"
        )
    ids, cosines = nearest_ids(model, vectors, count)
    return [
        list(zip(vocabulary.decode(row), values, strict=True))
        for row, values in zip(ids.tolist(), cosines.tolist(), strict=True)
    ]


def lay_out_plane(
    vectors: Float[Tensor, "n m"], how: Layout = "tsne", *, perplexity: float = 10.0, seed: int = 0
) -> Float[np.ndarray, "n 2"]:
    """Place vectors on a plane: t-SNE keeps neighbours together, PCA keeps the largest spread.

    Both are given unit vectors, since neighbours here are neighbours by cosine.

    Parameters
    ----------
    vectors : Tensor of shape (n, m)
        At least 2.
    how : {"tsne", "pca"}
        scikit-learn's ``TSNE`` or ``PCA``.
    perplexity : float
        t-SNE's perplexity: about how many neighbours each point has; at most (n - 1) / 3 is used.
    seed : int
        Decides where t-SNE's points start; PCA draws nothing.

    Returns
    -------
    ndarray of shape (n, 2)
        Where each vector stands; the axes have no unit.

    Raises
    ------
    ValueError
        If there are fewer than 2 vectors, they have fewer than 2 numbers or are not finite, or
        ``how`` is neither.

    References
    ----------
    van der Maaten & Hinton (2008); scikit-learn's documentation.

    Examples
    --------
    >>> plane = lay_out_plane(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), "pca")
    >>> plane.shape
    (3, 2)
    """
    from sklearn.decomposition import PCA  # importing it takes a second, which few readers need
    from sklearn.manifold import TSNE

    if how not in get_args(Layout):
        raise ValueError(f"a layout is 'tsne' or 'pca', got {how!r}")
    if len(vectors) < 2:
        raise ValueError(f"a plane needs at least 2 vectors, got {len(vectors)}")
    if vectors.shape[1] < 2 or not torch.isfinite(vectors).all():
        raise ValueError(
            f"expected finite vectors of at least 2 numbers each, got {vectors.shape[1]} numbers, "
            f"{int((~torch.isfinite(vectors)).sum())} values not finite"
        )
    units = F.normalize(vectors.detach().cpu().double(), dim=1).numpy()
    if how == "pca":
        return PCA(n_components=2, svd_solver="full").fit_transform(units)
    plane = TSNE(
        perplexity=min(perplexity, max((len(units) - 1) / 3, 1e-3)),
        init="pca" if len(units) > 2 else "random",
        random_state=seed,
        # For so few points the exact method is as fast, and has no threads that wait for each
        # other on a busy machine.
        method="exact" if len(units) < 500 else "barnes_hut",
    )
    return plane.fit_transform(units)
