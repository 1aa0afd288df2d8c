"""How corpora, quantities, rankings and methods are called in figures and tables."""

from __future__ import annotations

from collections.abc import Iterable

from interpbook.hidden import METHODS

# The rows of Xu & Du's Table 1, from top to bottom.
TABLE1 = ("accuracy", "ratio1", "kept_accuracy", "ratio2", "ratio3")
CORPORA = {"ag_news": "AG's News", "imdb": "IMDB", "mr": "MR"}
QUANTITY_NAMES = {
    "accuracy": "accuracy",
    "ratio1": "@Ratio1",
    "kept_accuracy": "accuracy, kept features",
    "ratio2": "@Ratio2",
    "ratio3": "@Ratio3",
    "gradient_success": "attacks, Text-fool",
    "word_scores_success": "attacks, B",
    "classes": "classes",
    "train_documents": "training documents",
    "test_documents": "test documents",
    "vocabulary": "words in the vocabulary",
}
_RANKINGS = {
    "exact": "exact effect",
    "updated_word_scores": "B, updated",
    "word_scores": "B",
    "gradient": "gradient",
    "random": "random",
}


def corpus_name(corpus: str) -> str:
    """Return what readers see of a corpus's name; one without an entry keeps its own.

    Examples
    --------
    >>> corpus_name("ag_news"), corpus_name("reviews")
    ("AG's News", 'reviews')
    """
    return CORPORA.get(corpus, corpus)


def ranking_name(ranking: str) -> str:
    """Return what readers see of the name of an attack's ranking.

    Raises
    ------
    ValueError
        If there is no such ranking.

    Examples
    --------
    >>> ranking_name("updated_word_scores")
    'B, updated'
    """
    if ranking not in _RANKINGS:
        raise ValueError(f"rankings are {', '.join(_RANKINGS)}, got {ranking!r}")
    return _RANKINGS[ranking]


def method_name(method: str) -> str:
    """Return what readers see of the name of a way of interpreting.

    Raises
    ------
    ValueError
        If there is no such method.

    Examples
    --------
    >>> method_name("without l2")
    'without L2'
    """
    if method not in METHODS:
        raise ValueError(f"methods are {', '.join(METHODS)}, got {method!r}")
    return method.replace("l2", "L2")


def the_corpus(corpora: Iterable[str], what: str) -> str:
    """Return the corpus that entries or records, named by ``what``, are all of.

    Raises
    ------
    ValueError
        If they are of several corpora or of none.

    Examples
    --------
    >>> the_corpus(["mr", "mr"], "records")
    'mr'
    """
    found = sorted(set(corpora))
    if len(found) != 1:
        raise ValueError(f"expected the {what} of one corpus, got {', '.join(found) or 'none'}")
    return found[0]
