"""Small local sources read before a build: each once, for all that look at them.

Knows DuckDB's schemas. Knows nothing of what is looked for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.config import Spec
from mesocosm.core.errors import belonging_to
from mesocosm.core.settings import Collected, ProjectPaths

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class DatasetSources:
    """The sources of a dataset as tables `src_SOURCE`; what else is made belongs to this dataset.

    Args:
        con: where they are.
        collected: what each source gave.
    """

    con: DuckDBPyConnection
    collected: dict[str, Collected]


class ReadSources:
    """An engine that holds the sources that were read so far; it begins with the first one."""

    def __init__(self, spec: Spec, stack: ExitStack) -> None:
        self.spec, self.stack = spec, stack
        self.collected: dict[str, Collected] = {}
        self.con: DuckDBPyConnection | None = None
        self.folder = Path()
        self.reads = 0

    @contextmanager
    def of_dataset(self, name: str) -> Iterator[DatasetSources]:
        """The sources of a dataset, in a schema of its own.

        Raises:
            ConfigValueError: a source cannot be read.
        """
        from mesocosm.data.engines.bounded_duckdb import explain_errors, memory_limit

        con = self._engine()
        own = f"read_{self.reads}"
        self.reads += 1
        with explain_errors(memory_limit()):
            con.execute("set search_path='main'")
            collected = {
                source: self._collect(con, source)
                for source in dict.fromkeys(self.spec.eco.datasets[name].all_sources)
            }
            con.execute(f"create schema {own}; set search_path='{own},main'")
            yield DatasetSources(con, collected)

    def _engine(self) -> DuckDBPyConnection:
        from mesocosm.data.engines.bounded_duckdb import open_engine

        if self.con is None:
            self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
            engine = open_engine(self.folder, with_functions=False)
            self.con = self.stack.enter_context(engine)
        return self.con

    def _collect(self, con: DuckDBPyConnection, source: str) -> Collected:
        """What a source gave, read where it was not read yet."""
        if source not in self.collected:
            where = ProjectPaths(self.spec.root, self.folder)
            with belonging_to(f"sources.{source}"):
                found = self.spec.eco.sources[source].collect(where, con, f"src_{source}")
            self.collected[source] = found
        return self.collected[source]


@contextmanager
def read_sources(spec: Spec) -> Iterator[ReadSources]:
    """Sources of a file that are read once until the block ends."""
    with ExitStack() as stack:
        yield ReadSources(spec, stack)
