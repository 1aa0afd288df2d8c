"""Records and small arrays as matplotlib figures, in one style.

Each function draws on new axes and returns the figure. Signed scores get one diverging map, blue
for and orange against, centred on zero, the same for every colour vision. The paper under each
figure is white in both themes, so that ink keeps its contrast.
"""

from interpbook.figures.attacks import (
    attack_curves,
    attacked_words,
    defence_panels,
    effect_scatter,
    repair_shares,
    table2_curves,
)
from interpbook.figures.filters import (
    count_strips,
    filter_profile_map,
    ideal_against_found,
    ngram_map,
    padding_capture,
    shares_by_k,
)
from interpbook.figures.inversions import climb_curves, climb_paths
from interpbook.figures.locations import (
    location_cloud,
    pipeline,
    receptive_fields,
    saliency_map,
)
from interpbook.figures.plots import curves, estimates, kept_intervals
from interpbook.figures.preservation import overlap_maps, preservation_curves, repeated_words
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
    yuan_choices,
)
from interpbook.figures.words import id_grid, leave_out_curves, padding_map, word_map, word_views

__all__ = [
    "attack_curves",
    "attacked_words",
    "choices_plot",
    "climb_curves",
    "climb_paths",
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
    "kept_intervals",
    "leave_out_curves",
    "location_cloud",
    "ngram_map",
    "ngram_waterfall",
    "overlap_maps",
    "padding_capture",
    "padding_map",
    "paired_bars",
    "pipeline",
    "preservation_curves",
    "receptive_fields",
    "repair_shares",
    "repeated_words",
    "saliency_map",
    "shares_by_k",
    "signed_bars",
    "signed_heatmap",
    "table1_curves",
    "table2_curves",
    "waterfall",
    "window_scores",
    "word_map",
    "word_views",
    "yuan_choices",
]
