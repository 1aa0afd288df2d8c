"""Widgets: knobs that Python redraws, and live figures that the reader's browser computes."""

from __future__ import annotations

from interpbook.widgets.knobs import Knobs
from interpbook.widgets.live import Explorer, Live

__all__ = ["Explorer", "Knobs", "Live"]
