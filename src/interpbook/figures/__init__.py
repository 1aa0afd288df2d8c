"""Records and small arrays as matplotlib figures, in one style.

Each function draws on new axes and returns the figure. Signed scores get one diverging map, blue
for and orange against, centred on zero, the same for every colour vision. The paper under each
figure is white in both themes, so that ink keeps its contrast.
"""

from interpbook.figures.plots import curves, word_map
from interpbook.figures.scores import (
    ngram_waterfall,
    paired_bars,
    signed_bars,
    signed_heatmap,
    waterfall,
    window_scores,
)
from interpbook.figures.texts import id_grid, padding_map

__all__ = [
    "curves",
    "id_grid",
    "ngram_waterfall",
    "padding_map",
    "paired_bars",
    "signed_bars",
    "signed_heatmap",
    "waterfall",
    "window_scores",
    "word_map",
]
