"""What an element may look at: the catalog's records and the figures of live services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mesocosm.catalog import Catalog


@dataclass(frozen=True)
class View:
    """The living state, read once for a scene."""

    catalog: Catalog
    listed: Mapping[str, Mapping[str, Any]]
    figures: Mapping[str, Mapping[str, float]]
    alerts: list[dict[str, Any]]
    watches: Mapping[str, Mapping[str, Any]]

    def alarm(self, name: str) -> bool:
        """Whether an alert is open for a monitor or service."""
        return any(name in (a["monitor"], a["service"]) for a in self.alerts)
