"""Mesocosm: one file describes an AI ecosystem; this makes it true and keeps it true."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.version import VERSION

if TYPE_CHECKING:
    from mesocosm.api.ecosystem import Ecosystem
    from mesocosm.api.results.data import DatasetDifference, DatasetVersions
    from mesocosm.api.results.file import Draft
    from mesocosm.api.results.model import Card
    from mesocosm.api.results.plan import Plan
    from mesocosm.api.results.project import BuildResult, Status
    from mesocosm.api.results.report import Report
    from mesocosm.api.verbs.files import (
        DraftGoal,
        FileLayout,
        LanguageEndpoint,
        check,
        draft,
        migrate,
        restore,
        schema,
    )
    from mesocosm.api.verbs.new_project import init
    from mesocosm.app.serve import ServeSettings
    from mesocosm.catalog.records import (
        Alert,
        Alerts,
        AuditEntry,
        Deployment,
        Diagnosis,
        LoggedPrediction,
        ModelVersion,
        Rollout,
        Snapshot,
    )
    from mesocosm.client.answers import Answer, Explanation, ServerStatus, Trace, WhatIf
    from mesocosm.client.async_client import AsyncClient
    from mesocosm.client.predictions import Prediction
    from mesocosm.client.requests import Refused
    from mesocosm.client.sync_client import Client
    from mesocosm.core.errors import ConfigError, ConfigValueError, Finding, MesocosmError
    from mesocosm.lifecycle.jobs.privacy_budget import PrivateQuery
    from mesocosm.lifecycle.plan import Change

__version__ = VERSION
_HOMES = {  # where each name is; it is imported when it is asked for
    "mesocosm.api.ecosystem": ("Ecosystem",),
    "mesocosm.api.results.data": ("DatasetDifference", "DatasetVersions"),
    "mesocosm.api.results.model": ("Card",),
    "mesocosm.api.results.plan": ("Plan",),
    "mesocosm.api.results.file": ("Draft",),
    "mesocosm.api.results.project": ("BuildResult", "Status"),
    "mesocosm.api.results.report": ("Report",),
    "mesocosm.api.verbs.files": (
        "DraftGoal",
        "FileLayout",
        "LanguageEndpoint",
        "check",
        "draft",
        "migrate",
        "restore",
        "schema",
    ),
    "mesocosm.api.verbs.new_project": ("init",),
    "mesocosm.app.serve": ("ServeSettings",),
    "mesocosm.catalog.records": (
        "Alert",
        "Alerts",
        "AuditEntry",
        "Deployment",
        "Diagnosis",
        "LoggedPrediction",
        "ModelVersion",
        "Rollout",
        "Snapshot",
    ),
    "mesocosm.client.answers": ("Answer", "Explanation", "ServerStatus", "Trace", "WhatIf"),
    "mesocosm.client.async_client": ("AsyncClient",),
    "mesocosm.client.predictions": ("Prediction",),
    "mesocosm.client.requests": ("Refused",),
    "mesocosm.client.sync_client": ("Client",),
    "mesocosm.core.errors": ("ConfigError", "ConfigValueError", "Finding", "MesocosmError"),
    "mesocosm.lifecycle.jobs.privacy_budget": ("PrivateQuery",),
    "mesocosm.lifecycle.plan": ("Change",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Alert",
    "Alerts",
    "Answer",
    "AsyncClient",
    "AuditEntry",
    "BuildResult",
    "Card",
    "Change",
    "Client",
    "ConfigError",
    "ConfigValueError",
    "DatasetDifference",
    "DatasetVersions",
    "Deployment",
    "Diagnosis",
    "Draft",
    "DraftGoal",
    "Ecosystem",
    "Explanation",
    "FileLayout",
    "Finding",
    "LanguageEndpoint",
    "LoggedPrediction",
    "MesocosmError",
    "ModelVersion",
    "Plan",
    "Prediction",
    "PrivateQuery",
    "Refused",
    "Report",
    "Rollout",
    "ServeSettings",
    "ServerStatus",
    "Snapshot",
    "Status",
    "Trace",
    "WhatIf",
    "check",
    "draft",
    "init",
    "migrate",
    "open",
    "restore",
    "schema",
]


def open(path: str | Path = ".") -> Ecosystem:
    """Open an ecosystem by its file or folder.

    Raises:
        ConfigError: with everything that is invalid in the file.
        MesocosmError: the project is in a folder that tables cannot be in.
    """
    from mesocosm.api.ecosystem import open_ecosystem

    return open_ecosystem(path)


def __getattr__(name: str) -> object:
    """A name of the API, imported now."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'mesocosm' has no attribute '{name}'")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The names of the API."""
    return sorted([*globals(), *__all__])
