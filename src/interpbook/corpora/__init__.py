"""Labelled texts: what a corpus is, where the public ones come from, and the book's own two."""

from interpbook._files import data_folder
from interpbook.corpora.corpus import Corpus, Provenance
from interpbook.corpora.loading import EMBEDDED, load_corpus
from interpbook.corpora.publishers import PUBLIC, PublicCorpus, Split

__all__ = [
    "EMBEDDED",
    "PUBLIC",
    "Corpus",
    "Provenance",
    "PublicCorpus",
    "Split",
    "data_folder",
    "load_corpus",
]
