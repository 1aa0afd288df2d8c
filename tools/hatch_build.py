"""Build hook: a wheel carries ``data/``; an editable install reads the folder in place."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EmbedData(BuildHookInterface):
    """Add ``data/`` as ``interpbook/_data``, to real wheels only."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Extend the files of the wheel about to be built."""
        if version == "standard":
            build_data["force_include"]["data"] = "interpbook/_data"
