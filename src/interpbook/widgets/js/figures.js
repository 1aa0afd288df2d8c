// All live figures; each file defines one custom element, named after it.

import "./explorer.js";
import "./tokens.js";
import "./windows.js";
import "./ngrams.js";
import "./swap.js";
import "./views.js";
import "./threshold.js";
import "./filters.js";
import "./padding.js";
import "./locations.js";
import "./trajectory.js";
import "./readback.js";
import "./attack.js";
import "./effects.js";
