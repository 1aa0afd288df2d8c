// The host on a page of the site: a classic script that defines every live figure.

import "./figures.js";
