"""A service of a built project, running in the process of a test."""

from __future__ import annotations

from typing import Any

from mesocosm.app.loader import Loader
from mesocosm.serving.service import LiveService


def load_service(eco: Any, name: str = "desk") -> LiveService:
    """The service `name`, with its deployed version loaded."""
    served = LiveService(
        name, eco.spec.eco.services[name], eco.catalog, Loader(eco.spec, eco.catalog).load
    )
    served.refresh()
    return served
