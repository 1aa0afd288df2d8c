"""Word vectors: published ones, our own by skip-gram, and their place in a vocabulary."""

from interpbook.vectors.alignment import Coverage, Missing, align
from interpbook.vectors.public import VectorRecipe, public_vectors
from interpbook.vectors.skipgram import train_skipgram
from interpbook.vectors.word_vectors import WordVectors, read_vectors, save_vectors

__all__ = [
    "Coverage",
    "Missing",
    "VectorRecipe",
    "WordVectors",
    "align",
    "public_vectors",
    "read_vectors",
    "save_vectors",
    "train_skipgram",
]
