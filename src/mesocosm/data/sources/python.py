"""The user's own source: a function of a module in the project that gives rows. It runs with the
user's rights.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import inside
from mesocosm.core.hashing import digest, digest_file
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.arrow_ingest import SourceRow, keys_of, pour_rows
from mesocosm.data.sources.source import SourceKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Python(SourceKind):
    """Rows from `module:function`, a file of the project and a function in it that yields maps.

    Args:
        call: `sources/ledger.py:rows`, or `sources.ledger:rows`.
        args: arguments for the function, by name.
        revision: change it when the function would give other rows though its file is the same.

    Source: https://docs.python.org/3/library/importlib.html

    >>> Python(call="sources.ledger:rows").call
    'sources.ledger:rows'
    """

    type: Literal["python"] = "python"
    call: str = Field(pattern=r"^[\w./-]+:[A-Za-z_]\w*$")
    args: dict[str, str | int | float | bool] = {}
    revision: int = 0

    def _file(self, where: ProjectPaths) -> Path:
        module = self.call.split(":")[0]
        name = module if module.endswith(".py") else module.replace(".", "/") + ".py"
        path = inside(where.root, name, "call")
        if not path.is_file():
            raise ConfigValueError(
                "call",
                Message("data.no_file", path=name),
                Message("data.module_function"),
            )
        return path

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the module's file, its arguments and the revision."""
        return digest(digest_file(self._file(where)), self.call, self.args, self.revision)

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Pour the rows into table `name`; `_line` counts them from 1.

        Raises:
            ConfigValueError: there is no such function, it fails, or it gives no maps.
        """
        given = self._call(self._file(where))
        found = Collected([], 0, {self.call: self.fingerprint(where)})
        rows: list[SourceRow] = []
        for number, row in enumerate(given, start=1):
            if isinstance(row, Mapping):
                rows.append((self.call, number, {str(k): v for k, v in row.items()}))
            else:
                why = f"expected a map, got {type(row).__name__}"
                found.unreadable.append((self.call, number, "", why))
        if not rows:
            raise ConfigValueError(
                "call",
                Message("data.function_gave_none", call=self.call),
                Message("data.maps_of_columns"),
            )
        found.columns = keys_of(row for _, _, row in rows)
        found.rows = pour_rows(con, name, found.columns, rows)
        return found

    def _call(self, path: Path) -> list[object]:
        """What the function of a file gives.

        Raises:
            ConfigValueError: there is no such function, or it fails.
        """
        try:
            return list(self._function(path)(**self.args))
        except ConfigValueError:
            raise
        except Exception as error:
            raise ConfigValueError(
                "call",
                Message("data.function_failed", call=self.call, kind=type(error).__name__),
                Message("data.row_function"),
            ) from error

    def _function(self, path: Path) -> Callable[..., Iterable[object]]:
        """The function, of its module, which is run for it."""
        made = importlib.util.spec_from_file_location(f"_source_{path.stem}", path)
        assert made is not None and made.loader is not None
        module = importlib.util.module_from_spec(made)
        made.loader.exec_module(module)
        name = self.call.split(":")[1]
        work: object = getattr(module, name, None)
        if not callable(work):
            names = [other for other, _ in inspect.getmembers(module, inspect.isfunction)]
            raise ConfigValueError(
                "call",
                Message("data.no_function", file=path.name, function=name),
                Message("data.a_function"),
                names,
                name,
            )
        return cast("Callable[..., Iterable[object]]", work)
