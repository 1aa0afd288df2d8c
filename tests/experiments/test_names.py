"""The names that readers see of corpora, quantities, rankings and methods."""

from __future__ import annotations

from typing import get_args

import pytest

from interpbook.attacks.rankings import Ranking
from interpbook.experiments import QUANTITIES
from interpbook.experiments.names import (
    QUANTITY_NAMES,
    TABLE1,
    corpus_name,
    method_name,
    ranking_name,
    the_corpus,
)
from interpbook.hidden import METHODS


def test_every_quantity_has_a_name_of_its_own():
    assert set(QUANTITY_NAMES) == set(QUANTITIES) > set(TABLE1)
    assert len(set(QUANTITY_NAMES.values())) == len(QUANTITY_NAMES)


def test_every_ranking_and_every_method_has_a_name_of_its_own():
    rankings = [ranking_name(ranking) for ranking in get_args(Ranking)]
    methods = [method_name(method) for method in METHODS]
    assert len(set(rankings)) == len(rankings) and len(set(methods)) == len(methods)


def test_what_does_not_exist_has_no_name():
    with pytest.raises(ValueError, match=r"^rankings are exact, .*, got 'best'$"):
        ranking_name("best")
    with pytest.raises(ValueError, match=r"^methods are inversion, .*, got 'magic'$"):
        method_name("magic")


def test_a_corpus_of_the_readers_own_keeps_its_name():
    assert [corpus_name(name) for name in ("imdb", "films.csv")] == ["IMDB", "films.csv"]


@pytest.mark.parametrize(("corpora", "found"), [(["mr", "imdb", "mr"], "imdb, mr"), ([], "none")])
def test_several_corpora_or_none_are_refused(corpora, found):
    with pytest.raises(ValueError, match=f"^expected the records of one corpus, got {found}$"):
        the_corpus(corpora, "records")
