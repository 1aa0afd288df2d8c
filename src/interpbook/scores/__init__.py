"""The two exact score matrices, explanations and views of them, and what swapping a word does."""

from interpbook.scores.effects import EffectStudy, SwapEffects, effect_study, swap_effects
from interpbook.scores.explanations import Explanation, Ngram, explain
from interpbook.scores.matrices import ScoreMatrices, decompose, filter_widths, ngram_score_matrix
from interpbook.scores.swaps import SwapBatch, swap_logits
from interpbook.scores.views import (
    View,
    WordView,
    leave_out_scores,
    log_odds_falls,
    word_table,
    word_view,
)

__all__ = [
    "EffectStudy",
    "Explanation",
    "Ngram",
    "ScoreMatrices",
    "SwapBatch",
    "SwapEffects",
    "View",
    "WordView",
    "decompose",
    "effect_study",
    "explain",
    "filter_widths",
    "leave_out_scores",
    "log_odds_falls",
    "ngram_score_matrix",
    "swap_effects",
    "swap_logits",
    "word_table",
    "word_view",
]
