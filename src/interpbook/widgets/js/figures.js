// All live figures; each file in figures/ defines one custom element, named after it.

import "./figures/explorer.js";
import "./figures/tokens.js";
import "./figures/windows.js";
import "./figures/ngrams.js";
import "./figures/swap.js";
import "./figures/views.js";
import "./figures/threshold.js";
import "./figures/filters.js";
import "./figures/padding.js";
import "./figures/locations.js";
import "./figures/trajectory.js";
import "./figures/readback.js";
import "./figures/attack.js";
import "./figures/effects.js";
