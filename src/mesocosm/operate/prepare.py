"""Raw rows of a request made ready by the very SQL the build used: few by its program, many by DuckDB. Knows one record.

One row alone is treated as it would be in a batch; a row the build would have set aside is refused
with the same reason.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from mesocosm.base.errors import Wrong
from mesocosm.operate.program import program_of
from mesocosm.operate.steps import Unsure

MOST_TEXT = 20_000
MOST_STEPS = 2500  # of a program, over which DuckDB is quicker
DOUBTS = 64  # rows one after another that a program was not sure of, before it is asked of one in so many only


class Fields:
    """What a service reads: the fields of a row, and what training knew of each.

    Args:
        record: per field what is `wanted` and whether it `may_miss`; `training` has quantiles or counts.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.fields: dict[str, dict[str, Any]] = record["fields"]
        self.training: dict[str, Any] = record.get("training", {})

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


class Preparation(Fields):
    """The serving form of a recipe.

    Args:
        record: that of `Fields`, and `sql` over a table `incoming`.
        teach: makes the connection know the functions that the SQL calls by name.
        calls: those of them that are functions of texts.
    """

    def __init__(self, record: Mapping[str, Any], teach: Callable[[Any], None] = lambda con: None, calls: Mapping[str, Callable[..., Any]] | None = None) -> None:
        import duckdb

        super().__init__(record)
        self.con = duckdb.connect()
        teach(self.con)
        self.lock = threading.Lock()
        names = [f'"{name}"' for name in self.fields]
        # Values come as one text, since many parameters cost a row more than the work does; the plan of a few rows is not worth optimising.
        shape = json.dumps([{"row": "BIGINT"} | {f"f{n}": "VARCHAR" for n in range(len(names))}])
        given = "".join(f", i.f{n}" for n in range(len(names)))
        self.con.execute("set threads = 1")
        self.con.execute("pragma disable_optimizer")
        self.con.execute(f'create table incoming ("_row" bigint{"".join(f", {n} varchar" for n in names)})')
        self.con.execute(f"prepare ready as {record['sql']}")
        put = f"insert into incoming select i.row{given} from (select unnest(from_json(?, '{shape}')) as i)"
        (self.empty,), (self.put,), (self.run,) = (self.con.extract_statements(q) for q in ("delete from incoming", put, "execute ready"))
        self.program = program_of(record["sql"], "incoming", list(self.fields), calls or {})
        self.doubts = 0
        self._by_engine([dict.fromkeys(self.fields)])  # as quick the first time as the hundredth

    def ready(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Cleaned rows in their order; `_why` holds the reason where one may not be used."""
        if self.program is None or len(rows) * len(self.program.steps) > MOST_STEPS:
            return self._by_engine(rows)
        found = [self._by_program(i, row) for i, row in enumerate(rows)]
        left = [i for i, one in enumerate(found) if one is None]
        for i, one in zip(left, self._by_engine([rows[i] for i in left]) if left else (), strict=True):
            found[i] = one | {"_row": i}
        return [one for one in found if one is not None]

    def _by_program(self, number: int, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the recipe's program gives for one row, None where it is not sure."""
        if self.program is None or (self.doubts >= DOUBTS and self.doubts % DOUBTS):
            self.doubts += 1
            return None
        try:
            found = self.program([number, *(_text(row.get(name)) for name in self.fields)])
        except Unsure:
            self.doubts += 1
            return None
        self.doubts = 0
        return found

    def _by_engine(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        texts = [{"row": i} | {f"f{n}": _text(row.get(name)) for n, name in enumerate(self.fields)} for i, row in enumerate(rows)]
        given = orjson.dumps(texts).decode()
        with self.lock:
            self.con.execute(self.empty)
            self.con.execute(self.put, [given])
            result = self.con.execute(self.run)
            names = [d[0] for d in result.description]
            return [dict(zip(names, map(plain, row), strict=True)) for row in result.fetchall()]


def plain(value: Any) -> Any:
    """A value as JSON holds it: dates and moments in ISO 8601."""
    return value.isoformat() if isinstance(value, date) else value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
