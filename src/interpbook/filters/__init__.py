"""What filters do over a corpus, and which n-grams each of them wants."""

from interpbook.filters.ngrams import ScoredNgram, best_ngrams, discriminative_ngrams
from interpbook.filters.profiles import FilterProfile, filter_profile, slot_profile
from interpbook.filters.study import EPSILONS, FilterStudy, filter_study, variances

__all__ = [
    "EPSILONS",
    "FilterProfile",
    "FilterStudy",
    "ScoredNgram",
    "best_ngrams",
    "discriminative_ngrams",
    "filter_profile",
    "filter_study",
    "slot_profile",
    "variances",
]
