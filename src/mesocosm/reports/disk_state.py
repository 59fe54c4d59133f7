"""What is on disk now, for a world and a console that must not show yesterday's state: changed or
lost source files, damaged artifacts, builds that stopped.

Knows what `plan` and `doctor` know. Looks again after a few seconds, in a thread of its own; no
request waits, but for the first look.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import ResourceRow
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.settings import ProjectPaths, Source
from mesocosm.core.values.json_shapes import read_text
from mesocosm.data.dataset import Dataset
from mesocosm.lifecycle.access.integrity import find_damage
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.lifecycle.review.stopped_build import read_stop

Signature = tuple[str, int, int]  # of a file: its path, its size, when it was changed
PAUSE = 3.0  # seconds between two looks


class Fault(NamedTuple):
    """What is wrong with a source or an artifact: `lost` (a source file is gone), `changed` (not
    built since),
    `damaged`, `stopped`; and a sentence.
    """

    kind: str
    says: str


class Condition:
    """The faults of an ecosystem, by address.

    Args:
        pause: seconds between two looks.
    """

    def __init__(self, spec: Spec, catalog: Catalog, pause: float = PAUSE) -> None:
        self.spec, self.catalog, self.pause = spec, catalog, pause
        self.lock = threading.Lock()
        self.faults: dict[str, Fault] = {}
        self.looked = 0.0
        self.signatures: dict[str, tuple[list[Signature], str]] = {}

    def now(self) -> dict[str, Fault]:
        """The faults of a few seconds ago at most."""
        if not self.looked:
            self._look(first=True)
        elif time.monotonic() - self.looked > self.pause and self.lock.acquire(blocking=False):
            self.looked = time.monotonic()
            self.lock.release()
            threading.Thread(target=self._look, name="condition", daemon=True).start()
        return self.faults

    def _look(self, first: bool = False) -> None:
        with self.lock:
            if first and self.looked:  # another request looked while this one waited
                return
            try:
                self.faults = self._find_faults()
            except MesocosmError as error:
                self.faults = {"world": Fault("damaged", str(error))}
            except Exception as error:  # an earlier look says nothing of the state now
                text = f"the state of the files is not known ({type(error).__name__})"
                self.faults = {"world": Fault("damaged", text)}
            self.looked = time.monotonic()

    def _find_faults(self) -> dict[str, Fault]:
        damage = find_damage(self.spec, self.catalog)
        faults = {address: Fault("damaged", fault) for address, fault in damage.items()}
        listed = {row["address"]: row for row in self.catalog.resources()}
        faults |= self._find_source_faults(listed)
        for name, data in resolve_datasets(self.spec).items():
            if f"datasets.{name}" in listed:
                self._add_dataset_fault(name, data, faults)
        return faults

    def _add_dataset_fault(self, name: str, data: Dataset, faults: dict[str, Fault]) -> None:
        """Add the fault of a dataset that is not damaged."""
        address = f"datasets.{name}"
        if address in faults:
            return
        fault = self._check_dataset(name, data, faults)
        if fault:
            faults[address] = fault

    def _find_source_faults(self, listed: Mapping[str, ResourceRow]) -> dict[str, Fault]:
        """The faults of the sources that were built and read files."""
        faults: dict[str, Fault] = {}
        for name, source in self.spec.eco.sources.items():
            row, path = listed.get(f"sources.{name}"), getattr(source, "path", None)
            if row and isinstance(path, str):
                content = read_text(row["definition"]["made_by"].get("content"))
                fault = self._check_source(name, source, path, content)
                if fault:
                    faults[f"sources.{name}"] = fault
        return faults

    def _check_dataset(self, name: str, data: Dataset, faults: Mapping[str, Fault]) -> Fault | None:
        """A build that stopped, or a snapshot that is older than a source."""
        for stop in read_stop(locate_project(self.spec).store, name):
            return Fault("stopped", f"the last build stopped before training: {stop.sentence}")
        for source in data.all_sources:
            fault = faults.get(f"sources.{source}")
            if fault:
                state = "changed"
                if fault.kind == "lost":
                    state = "is gone"
                return Fault("changed", f"its source '{source}' {state}; this snapshot is older")
        return None

    def _check_source(
        self, name: str, source: Source, path: str, known: str | None
    ) -> Fault | None:
        """A source's files against what the last build read."""
        try:
            content = self._read_content(name, source, path)
        except (MesocosmError, OSError, ValueError) as error:
            return Fault("lost", str(error))
        if known is None or content == known:
            return None
        return Fault("changed", "its content changed since the last build; run 'mesocosm build'")

    def _read_content(self, name: str, source: Source, path: str) -> str:
        """The fingerprint of a source's files; files of unchanged size and time are not read
        again.
        """
        where = locate_project(self.spec)
        files = _list_files(where, path)
        signature = [(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in files]
        if name in self.signatures and self.signatures[name][0] == signature:
            return self.signatures[name][1]
        content = str(source.fingerprint(where))
        self.signatures[name] = (signature, content)
        return content


def _list_files(where: ProjectPaths, path: str) -> list[Path]:
    """The files of the project that a path names; none of a path outside it."""
    if Path(path).is_absolute():
        return []
    return sorted(file for file in where.root.glob(path) if file.is_file())
