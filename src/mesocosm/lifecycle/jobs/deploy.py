"""A version put into a service as the service wants it: at once, or by a rollout. Knows settings
and the catalog.
"""

from __future__ import annotations

from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.serving.settings import Service


def put(
    catalog: Catalog,
    con: Any,
    name: str,
    service: Service,
    version: str,
    answers: str,
    who: str,
    why: str,
) -> str:
    """Deploy a version, or begin its rollout where another one serves already; says in words
    which.
    """
    now = catalog.deployment(name)
    if (
        service.rollout.strategy == "direct"
        or now is None
        or not now["version"]
        or now["version"] == version
    ):
        catalog.deploy(con, name, version, answers, who, why)
        return f"{version or answers} goes into service"
    catalog.open_rollout(
        con, name, version, answers, now["version"], service.rollout.strategy, who, why
    )
    return f"{version} begins a {service.rollout.strategy} rollout beside {now['version']}"
