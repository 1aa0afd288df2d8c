"""Build hook: a wheel carries ``data/`` as ``interpbook/_data``; an editable install reads it in place."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EmbedData(BuildHookInterface):
    """Add the data folder to real wheels only."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Extend the files of the wheel about to be built."""
        if version == "standard":
            build_data["force_include"]["data"] = "interpbook/_data"
