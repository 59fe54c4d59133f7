"""The Python API: the same objects the commands use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.catalog import Catalog
from mesocosm.config import Spec, read
from mesocosm.core.confidential.owner_files import owner_only
from mesocosm.lifecycle.local_files import refuse_folder
from mesocosm.lifecycle.project_store import open_catalog

if TYPE_CHECKING:
    from mesocosm.api.dataset import DatasetView
    from mesocosm.api.service import ServiceView
    from mesocosm.lifecycle.apply import Outcome
    from mesocosm.lifecycle.plan import Change

Say = Callable[[str, str], None]


class Ecosystem:
    """One file and what was built of it.

    Args:
        path: the file or its folder.

    Raises:
        ConfigError: with everything that is invalid in the file.
        MesocosmError: the project is in a folder that tables cannot be in.
    """

    def __init__(self, path: str | Path) -> None:
        self.spec: Spec = read(Path(path))
        refuse_folder(self.spec.root)
        self.catalog: Catalog = open_catalog(self.spec)
        self._services: dict[str, ServiceView] | None = None

    @property
    def datasets(self) -> dict[str, DatasetView]:
        """Its datasets by name, as tables."""
        from mesocosm.api.dataset import DatasetView

        return {n: DatasetView(n, self.spec, self.catalog) for n in self.spec.eco.datasets}

    @property
    def services(self) -> dict[str, ServiceView]:
        """Its services by name, as functions of rows."""
        if self._services is None:
            from mesocosm.api.service import ServiceView

            names = self.spec.eco.services
            self._services = {n: ServiceView(n, self.spec, self.catalog) for n in names}
        return self._services

    def plan(self) -> list[Change]:
        """What a build would do; what it writes into the store is its owner's alone."""
        from mesocosm.lifecycle.plan import plan

        with owner_only():
            return plan(self.spec, self.catalog)

    def build(self, prune: bool = False, say: Say = lambda address, text: None) -> Outcome:
        """Apply the plan; returns the outcome.

        Args:
            prune: whether what the file no longer names is removed.
            say: is called with each step as it is done: the resource's address, and a sentence.
        """
        from mesocosm.lifecycle.apply import apply

        return apply(self.spec, self.catalog, self.plan(), say, prune)

    def dump(self) -> str:
        """The file as text."""
        return self.spec.path.read_text(encoding="utf-8")


def open_ecosystem(path: str | Path = ".") -> Ecosystem:
    """Open an ecosystem by its file or folder."""
    return Ecosystem(path)
