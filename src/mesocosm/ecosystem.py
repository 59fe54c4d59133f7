"""The Python API: the same objects the commands use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesocosm.base.owned import owner_only
from mesocosm.build.local_files import refuse_folder
from mesocosm.build.project_store import catalog_of
from mesocosm.catalog import Catalog
from mesocosm.spec import Spec, read


class Ecosystem:
    """One file and what was made of it.

    Args:
        path: the file or its folder.

    Raises:
        Invalid: with everything that is not right about the file.
        Failure: the project lies in a folder that tables cannot lie in.
    """

    def __init__(self, path: str | Path) -> None:
        self.spec: Spec = read(Path(path))
        refuse_folder(self.spec.root)
        self.catalog: Catalog = catalog_of(self.spec)

    def plan(self) -> list[Any]:
        """What a build would do; what it notes in the store is its owner's alone."""
        from mesocosm.build.plan import plan

        with owner_only():
            return plan(self.spec, self.catalog)

    def build(self, prune: bool = False, say: Any = lambda address, text: None) -> Any:
        """Make it true; returns the outcome."""
        from mesocosm.build.apply import apply

        return apply(self.spec, self.catalog, self.plan(), say, prune)

    def dump(self) -> str:
        """The file as text."""
        return self.spec.path.read_text(encoding="utf-8")


def open_ecosystem(path: str | Path = ".") -> Ecosystem:
    """Open an ecosystem by its file or folder."""
    return Ecosystem(path)
