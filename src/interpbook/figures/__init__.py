"""Records and small arrays as matplotlib figures, in one style.

Each function draws on new axes and returns the figure. Signed scores get one diverging map, blue
for and orange against, centred on zero, the same for every colour vision. The paper under each
figure is white in both themes, so that ink keeps its contrast.
"""

from interpbook.figures.attacks import attack_curves, attacked_words, table2_curves, table2_html
from interpbook.figures.effects import defence_panels, effect_scatter, repair_shares
from interpbook.figures.filters import (
    count_strips,
    filter_profile_map,
    ideal_against_found,
    ngram_map,
    padding_capture,
    shares_by_k,
)
from interpbook.figures.plots import curves, word_map
from interpbook.figures.scores import (
    ngram_waterfall,
    paired_bars,
    signed_bars,
    signed_heatmap,
    waterfall,
    window_scores,
)
from interpbook.figures.studies import (
    choices_plot,
    epsilon_sweep,
    feature_histogram,
    table1_curves,
    table1_html,
)
from interpbook.figures.texts import id_grid, padding_map
from interpbook.figures.words import estimates, leave_out_curves, word_views

__all__ = [
    "attack_curves",
    "attacked_words",
    "choices_plot",
    "count_strips",
    "curves",
    "defence_panels",
    "effect_scatter",
    "epsilon_sweep",
    "estimates",
    "feature_histogram",
    "filter_profile_map",
    "id_grid",
    "ideal_against_found",
    "leave_out_curves",
    "ngram_map",
    "ngram_waterfall",
    "padding_capture",
    "padding_map",
    "paired_bars",
    "repair_shares",
    "shares_by_k",
    "signed_bars",
    "signed_heatmap",
    "table1_curves",
    "table1_html",
    "table2_curves",
    "table2_html",
    "waterfall",
    "window_scores",
    "word_map",
    "word_views",
]
