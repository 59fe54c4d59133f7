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
from typing import TYPE_CHECKING, cast

import orjson

from mesocosm.core.records import Json
from mesocosm.serving.preprocessing.row_functions import TextFunction, Unsure
from mesocosm.serving.preprocessing.row_program import compile_program
from mesocosm.serving.requests.field_records import PreparationRecord
from mesocosm.serving.requests.fields import Fields
from mesocosm.serving.requests.nested import to_text

if TYPE_CHECKING:
    import duckdb

Row = Mapping[str, object]
Prepared = dict[str, Json]
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
        record: PreparationRecord,
        register: Callable[[duckdb.DuckDBPyConnection], None] = lambda con: None,
        calls: Mapping[str, TextFunction] | None = None,
    ) -> None:
        import duckdb

        super().__init__(record)
        self.con = duckdb.connect()
        register(self.con)
        self.lock = threading.Lock()
        put = _create_table(self.con, list(self.fields))
        self.con.execute(f"prepare ready as {record['sql']}")
        (self.empty,) = self.con.extract_statements("delete from incoming")
        (self.put,) = self.con.extract_statements(put)
        (self.run,) = self.con.extract_statements("execute ready")
        self.program = compile_program(record["sql"], "incoming", list(self.fields), calls or {})
        self.doubts = 0
        self.commas = {name for name, field in self.fields.items() if field.get("decimal") == ","}
        self._by_engine([dict.fromkeys(self.fields)])  # as quick the first time as the hundredth

    def prepare(self, rows: Sequence[Row]) -> list[Prepared]:
        """Clean rows, in their order; `_why` holds the reason where one may not be used."""
        if self.program is None or len(rows) * len(self.program.steps) > MOST_STEPS:
            return self._by_engine(rows)
        found = [self._by_program(i, row) for i, row in enumerate(rows)]
        self._complete(found, rows)
        return [row for row in found if row is not None]

    def _complete(self, found: list[Prepared | None], rows: Sequence[Row]) -> None:
        """Clean the rows that the program was not sure of by the engine."""
        left = [i for i, row in enumerate(found) if row is None]
        if not left:
            return
        by_engine = self._by_engine([rows[i] for i in left])
        for i, row in zip(left, by_engine, strict=True):
            found[i] = row | {"_row": i}

    def _by_program(self, number: int, row: Row) -> Prepared | None:
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
        return cast(Prepared, found)

    def _texts(self, row: Row) -> list[str | None]:
        """The values of a row as texts."""
        if not self.nested and not self.commas:
            return [to_text(row.get(name)) for name in self.fields]
        return [self._text(name, row.get(name)) for name in self.fields]

    def _text(self, name: str, value: object) -> str | None:
        """A value as text: a list or object in its field's form, a number with the decimal mark
        that its field reads (JSON's is a point).
        """
        if isinstance(value, (list, dict)) and name in self.nested:
            return to_text(value, self.nested[name])
        text = to_text(value)
        if text is not None and isinstance(value, float) and name in self.commas:
            return text.replace(".", ",")
        return text

    def _by_engine(self, rows: Sequence[Row]) -> list[Prepared]:
        given = orjson.dumps([self._number_texts(i, row) for i, row in enumerate(rows)]).decode()
        with self.lock:
            self.con.execute(self.empty)
            self.con.execute(self.put, [given])
            result = self.con.execute(self.run)
            names = [str(column[0]) for column in result.description]
            found: list[tuple[object, ...]] = result.fetchall()
            return [dict(zip(names, map(to_json_value, row), strict=True)) for row in found]

    def _number_texts(self, number: int, row: Row) -> dict[str, int | str | None]:
        """A row as the engine takes it: its number, and its texts by the place of their field."""
        texts: dict[str, int | str | None] = {"row": number}
        for n, text in enumerate(self._texts(row)):
            texts[f"f{n}"] = text
        return texts


def _create_table(con: duckdb.DuckDBPyConnection, fields: Sequence[str]) -> str:
    """Create the table of incoming texts; returns the statement that inserts rows.

    Values come as one text, since many parameters cost a row more than the work does; the plan of a
    few rows is not worth optimising.
    """
    names = ['"' + name.replace('"', '""') + '"' for name in fields]
    shape = json.dumps([{"row": "BIGINT"} | {f"f{n}": "VARCHAR" for n in range(len(names))}])
    given = "".join(f", i.f{n}" for n in range(len(names)))
    columns = "".join(f", {name} varchar" for name in names)
    con.execute("set threads = 1")
    con.execute("pragma disable_optimizer")
    con.execute(f'create table incoming ("_row" bigint{columns})')
    return (
        f"insert into incoming select i.row{given} from (select unnest(from_json(?, '{shape}'))"
        " as i)"
    )


def to_json_value(value: object) -> Json:
    """A value as JSON holds it: dates and moments in ISO 8601, decimals as the doubles that a model
    takes.
    """
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return cast(Json, value)
