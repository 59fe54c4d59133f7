"""What an exporter knows of an ecosystem. Knows shapes."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from mesocosm.core.settings import Settings
from mesocosm.monitoring.settings import Monitor
from mesocosm.serving.settings import Service

PORT = 8765
USER = 10001  # the container's user, who owns nothing but the store


@dataclass(frozen=True)
class Living:
    """An ecosystem that is to run elsewhere.

    Args:
        name: its name, as the file has it.
        version: of Mesocosm.
        secrets: names of environment variables that its sources read.
        files: paths of the project that the image carries.
        store_gb: the size of its store now.
        extras: of the package, that the file needs.
        beside: packages that are installed without their requirements.
        plugins: packages whose kinds the file names.
    """

    name: str
    about: str
    version: str
    services: Mapping[str, Service]
    monitors: Mapping[str, Monitor]
    secrets: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    store_gb: float = 0.0
    extras: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The name as DNS allows it."""
        return re.sub(r"[^a-z0-9-]+", "-", self.name.lower()).strip("-")[:50] or "ecosystem"

    @property
    def memory_mb(self) -> int:
        """The memory of the gateway, its prefork server and a worker a service, with room for a new
        version beside the old.
        """
        return 600 + 600 * max(1, len(self.services))


class Exporter(Settings):
    """Writes what another system reads."""

    @abstractmethod
    def files(self, living: Living) -> dict[str, str]:
        """The files by name, `/` in a name for a folder."""


def documents(*things: Mapping[str, object]) -> str:
    """Things as YAML documents, their keys in the order given."""
    return "---\n".join(
        yaml.safe_dump(thing, sort_keys=False, allow_unicode=True, width=140) for thing in things
    )
