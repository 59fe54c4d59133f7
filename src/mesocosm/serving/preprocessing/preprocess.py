"""Raw rows of a request preprocessed by the very SQL of the build: few by its program, many by
DuckDB. Knows one record.

One row alone is treated as in a batch; a row the build would have quarantined is rejected with the
same reason.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from mesocosm.serving.preprocessing.row_functions import Unsure
from mesocosm.serving.preprocessing.row_program import compile_program
from mesocosm.serving.requests.fields import Fields
from mesocosm.serving.requests.nested import to_text

MOST_STEPS = 2500  # of a program, over which DuckDB is faster
# rows in a row that a program was not sure of, after which it is tried on one in so many only
DOUBTS = 64


class Preprocessor(Fields):
    """The serving form of a recipe.

    Args:
        record: that of `Fields`, and `sql` over a table `incoming`.
        register: registers the functions that the SQL calls by name with the connection.
        calls: those of them that are functions of texts.
    """

    def __init__(
        self,
        record: Mapping[str, Any],
        register: Callable[[Any], None] = lambda con: None,
        calls: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        import duckdb

        super().__init__(record)
        self.con = duckdb.connect()
        register(self.con)
        self.lock = threading.Lock()
        names = ['"' + name.replace('"', '""') + '"' for name in self.fields]
        # Values come as one text, since many parameters cost a row more than the work does; the
        # plan of a few rows is not worth optimising.
        shape = json.dumps([{"row": "BIGINT"} | {f"f{n}": "VARCHAR" for n in range(len(names))}])
        given = "".join(f", i.f{n}" for n in range(len(names)))
        self.con.execute("set threads = 1")
        self.con.execute("pragma disable_optimizer")
        self.con.execute(
            f'create table incoming ("_row" bigint{"".join(f", {n} varchar" for n in names)})'
        )
        self.con.execute(f"prepare ready as {record['sql']}")
        put = (
            f"insert into incoming select i.row{given} from (select unnest(from_json(?, '{shape}'))"
            " as i)"
        )
        (self.empty,), (self.put,), (self.run,) = (
            self.con.extract_statements(q) for q in ("delete from incoming", put, "execute ready")
        )
        self.program = compile_program(record["sql"], "incoming", list(self.fields), calls or {})
        self.doubts = 0
        self.commas = {name for name, field in self.fields.items() if field.get("decimal") == ","}
        self._by_engine([dict.fromkeys(self.fields)])  # as quick the first time as the hundredth

    def prepare(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Clean rows, in their order; `_why` holds the reason where one may not be used."""
        if self.program is None or len(rows) * len(self.program.steps) > MOST_STEPS:
            return self._by_engine(rows)
        found = [self._by_program(i, row) for i, row in enumerate(rows)]
        left = [i for i, row in enumerate(found) if row is None]
        if left:
            by_engine = self._by_engine([rows[i] for i in left])
            for i, row in zip(left, by_engine, strict=True):
                found[i] = row | {"_row": i}
        return [row for row in found if row is not None]

    def _by_program(self, number: int, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """One row by the recipe's program, None where that is not sure."""
        if self.program is None or (self.doubts >= DOUBTS and self.doubts % DOUBTS):
            self.doubts += 1
            return None
        try:
            found = self.program([number, *self._texts(row)])
        except Unsure:
            self.doubts += 1
            return None
        self.doubts = 0
        return found

    def _texts(self, row: Mapping[str, Any]) -> list[str | None]:
        """The values of a row as texts."""
        if not self.nested and not self.commas:
            return [to_text(row.get(name)) for name in self.fields]
        return [self._text(name, row.get(name)) for name in self.fields]

    def _text(self, name: str, value: Any) -> str | None:
        """A value as text: a list or object in its field's form, a number with the decimal mark
        that its field reads (JSON's is a point).
        """
        if isinstance(value, (list, dict)) and name in self.nested:
            return to_text(value, self.nested[name])
        text = to_text(value)
        if text is not None and isinstance(value, float) and name in self.commas:
            return text.replace(".", ",")
        return text

    def _by_engine(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        texts = [
            {"row": i} | {f"f{n}": text for n, text in enumerate(self._texts(row))}
            for i, row in enumerate(rows)
        ]
        given = orjson.dumps(texts).decode()
        with self.lock:
            self.con.execute(self.empty)
            self.con.execute(self.put, [given])
            result = self.con.execute(self.run)
            names = [d[0] for d in result.description]
            return [
                dict(zip(names, map(to_json_value, row), strict=True)) for row in result.fetchall()
            ]


def to_json_value(value: Any) -> Any:
    """A value as JSON holds it: dates and moments in ISO 8601, decimals as the doubles that a model
    takes.
    """
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value
