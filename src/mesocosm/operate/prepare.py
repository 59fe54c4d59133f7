"""Raw rows of a request made ready by the very SQL the build used. Knows DuckDB and one record.

One row alone is treated as it would be in a batch; a row the build would have set aside is refused
with the same reason.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from mesocosm.base.errors import Wrong

MOST_TEXT = 20_000


class Preparation:
    """The serving form of a recipe.

    Args:
        record: `sql` over a table `incoming`, and per field what is `wanted` and whether it `may_miss`.
        teach: makes the connection know the functions that the SQL calls by name.
    """

    def __init__(self, record: Mapping[str, Any], teach: Callable[[Any], None] = lambda con: None) -> None:
        import duckdb

        self.fields: dict[str, dict[str, Any]] = record["fields"]
        self.training: dict[str, Any] = record.get("training", {})
        self.con = duckdb.connect()
        teach(self.con)
        self.lock = threading.Lock()
        columns = ", ".join(f'"{name}" varchar' for name in self.fields)
        self.con.execute("set threads = 1")
        self.con.execute(f'create table incoming ("_row" bigint, {columns})')
        self.con.execute(f"prepare ready as {record['sql']}")

    def check(self, row: Any) -> None:
        """Refuse a row that is no map, lacks a field or has one too many.

        Raises:
            Wrong: with the field, what was found and what would be right.
        """
        if not isinstance(row, Mapping):
            raise Wrong("", f"a row is a {type(row).__name__}", "a map of fields")
        for name in row:
            if name not in self.fields:
                raise Wrong(str(name)[:60], "this service reads no such field", "one of its fields", list(self.fields), str(name))
        for name, field in self.fields.items():
            if name not in row:
                if field.get("extra"):
                    continue
                hint = ", or null to have it filled" if field["may_miss"] else ""
                raise Wrong(name, "the field is missing", field["wanted"] + hint)
            value = row.get(name)
            if isinstance(value, (list, dict)):
                raise Wrong(name, f"a {type(value).__name__} stands here", field["wanted"])
            most = field.get("most", MOST_TEXT)
            if isinstance(value, str) and len(value) > most:
                raise Wrong(name, f"a text of {len(value)} characters stands here", f"at most {most}")

    def logged(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A raw row as it is kept beside its prediction: an image as its length only, since it may say where it was taken."""
        return {k: f"(an image of {len(str(v))} characters)" if self.fields.get(k, {}).get("image") and v is not None else v for k, v in row.items()}

    def ready(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Cleaned rows in their order; `_why` holds the reason where one may not be used."""
        texts = [[i, *(_text(row.get(name)) for name in self.fields)] for i, row in enumerate(rows)]
        marks = ", ".join("?" * (len(self.fields) + 1))
        with self.lock:
            self.con.execute("delete from incoming")
            self.con.executemany(f"insert into incoming values ({marks})", texts)
            result = self.con.execute("execute ready")
            names = [d[0] for d in result.description]
            return [dict(zip(names, map(_plain, row), strict=True)) for row in result.fetchall()]


def _plain(value: Any) -> Any:
    """A value as JSON holds it: dates and moments in ISO 8601."""
    return value.isoformat() if isinstance(value, date) else value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
