"""What is on disk now, for a world and a console that must not show yesterday's state: changed or
lost source files, damaged artifacts, builds that stopped.

Knows what `plan` and `doctor` know. Looks again after a few seconds, in a thread of its own; nobody
who asks waits, but for the first look.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import Failure
from mesocosm.lifecycle.access.integrity import find_damage
from mesocosm.lifecycle.file_datasets import datasets_of
from mesocosm.lifecycle.project_store import where_of
from mesocosm.lifecycle.stopped_build import read_stop

PAUSE = 3.0  # seconds between two looks


class Fault(NamedTuple):
    """What is wrong with a thing: `lost` (a source file is gone), `changed` (not built since),
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
        self.signatures: dict[str, tuple[Any, str]] = {}

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
            except Failure as error:
                self.faults = {"world": Fault("damaged", str(error))}
            except (
                Exception
            ) as error:  # whatever the look met: what was found before says nothing of now
                self.faults = {
                    "world": Fault(
                        "damaged", f"the state of the files is not known ({type(error).__name__})"
                    )
                }
            self.looked = time.monotonic()

    def _find_faults(self) -> dict[str, Fault]:
        eco, store = self.spec.eco, where_of(self.spec).store
        listed = {row["address"]: row for row in self.catalog.resources()}
        found = {
            address: Fault("damaged", fault)
            for address, fault in find_damage(self.spec, self.catalog).items()
        }
        for name, source in eco.sources.items():
            row = listed.get(f"sources.{name}")
            if row and isinstance(getattr(source, "path", None), str):
                fault = self._check_source(
                    name, source, row["definition"]["made_by"].get("content")
                )
                found |= {f"sources.{name}": fault} if fault else {}
        for name, data in datasets_of(self.spec).items():
            address = f"datasets.{name}"
            stops = read_stop(store, name)
            faulty = [s for s in data.all_sources if f"sources.{s}" in found]
            if address in found or address not in listed:
                continue
            if stops:
                first = stops[0]
                found[address] = Fault(
                    "stopped", f"the last build stopped before training: {first.sentence}"
                )
            elif faulty:
                lost = found[f"sources.{faulty[0]}"].kind == "lost"
                found[address] = Fault(
                    "changed",
                    f"its source '{faulty[0]}' {'is gone' if lost else 'changed'}; this snapshot is"
                    " older",
                )
        return found

    def _check_source(self, name: str, source: Any, known: str | None) -> Fault | None:
        """A source's files against what the last build read; files of unchanged size and time are
        not read again.
        """
        where = where_of(self.spec)
        try:
            paths = (
                [p for p in where.root.glob(source.path) if p.is_file()]
                if not Path(source.path).is_absolute()
                else []
            )
            signature = [(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in sorted(paths)]
            held = self.signatures.get(name)
            content = held[1] if held and held[0] == signature else str(source.fingerprint(where))
            self.signatures[name] = (signature, content)
        except (Failure, OSError, ValueError) as error:
            return Fault("lost", str(error))
        return (
            Fault("changed", "its content changed since the last build; run 'mesocosm build'")
            if known is not None and content != known
            else None
        )
