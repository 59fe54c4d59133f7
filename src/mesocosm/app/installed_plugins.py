"""The plugins that are installed, and whether each keeps the contract.

Knows every table that plugins add to. Imports all plugins, so only `doctor` asks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mesocosm.app.deploy import EXPORTS
from mesocosm.core.errors import nearest
from mesocosm.core.messages import Message, combine
from mesocosm.core.plugins.entry_points import (
    PREFIX,
    Plugin,
    PluginError,
    import_plugin,
    installed_plugins,
)
from mesocosm.core.plugins.kinds import Kinds
from mesocosm.data.cleaning.missing import IMPUTERS
from mesocosm.data.cleaning.outliers import OUTLIER_DETECTORS
from mesocosm.data.cleaning.repairs import REPAIRS
from mesocosm.data.quality.rules import RULES
from mesocosm.data.sources import SOURCES
from mesocosm.data.types import TYPES
from mesocosm.learning.fine_tuning import FINE_TUNING
from mesocosm.learning.tasks.registry import TASK_KINDS
from mesocosm.monitoring.drift.detectors import FEATURE_TESTS
from mesocosm.world.elements import ELEMENT_KINDS

TABLES: tuple[Kinds[Any], ...] = (
    SOURCES,
    TYPES,
    IMPUTERS,
    OUTLIER_DETECTORS,
    REPAIRS,
    RULES,
    TASK_KINDS,
    FINE_TUNING,
    FEATURE_TESTS,
    EXPORTS,
    ELEMENT_KINDS,
)
GROUPS = tuple(dict.fromkeys(table.group for table in TABLES))


@dataclass(frozen=True)
class PluginState:
    """A plugin as `doctor` lists it; `why` says why it is refused, empty where it is ready."""

    plugin: Plugin
    why: str = ""

    def as_json(self) -> dict[str, str]:
        """As JSON-ready data."""
        state = "refused" if self.why else "ready"
        return {**asdict(self.plugin), "state": state, "why": self.why}


def list_plugins() -> list[PluginState]:
    """Every plugin that is installed, by group and name."""
    return [PluginState(plugin, _find_fault(plugin)) for plugin in installed_plugins()]


def _describe_unknown_group(plugin: Plugin) -> str:
    """Why a plugin of a group that there is not is refused, with the nearest group."""
    groups = tuple(PREFIX + group for group in GROUPS)
    expected = Message("core.plugin_groups", groups=groups)
    if near := nearest(plugin.group, GROUPS):
        expected = Message("core.plugin_groups_near", groups=groups, near=PREFIX + near)
    found = Message("core.group_of_plugin", group=PREFIX + plugin.group)
    return str(plugin.refusal(found, expected))


def _find_fault(plugin: Plugin) -> str:
    """Why a plugin is refused; empty where a table of its group takes it."""
    tables = [table for table in TABLES if table.group == plugin.group]
    if not tables:
        return _describe_unknown_group(plugin)
    try:
        kind = import_plugin(plugin)
        fitting = [table for table in tables if issubclass(kind, table.base)]
        if not fitting:
            bases = [f"{table.base.__module__}.{table.base.__name__}" for table in tables]
            expected = Message("core.subclass_of", base=combine("core.either", bases))
            raise plugin.refusal(Message("core.other_base", kind=kind.__name__), expected)
        fitting[0].load(plugin)
    except PluginError as error:
        return str(error)
    return ""
