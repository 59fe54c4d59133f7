"""Rows with values by name shown to the engine as text. Knows Arrow and memory bounds; knows
nothing of where rows come from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.sources.path_utils import parquet_sql, quote
from mesocosm.data.sources.spool import INTERNAL, MOST_BYTES, MOST_ROWS, new_path

MOST_COLUMNS = 16_384
BATCH = MOST_ROWS
# the table that tells of each column of a view of rows whether its cells were numbers, texts or
# both
CELLS = "_cells"


class Exact(float):
    """A number of JSON that keeps the text it was written as."""

    text: str

    def __new__(cls, written: str) -> Exact:
        made = super().__new__(cls, written)
        made.text = written
        return made


def as_text(value: Any) -> str | None:
    """A value as text: null stays null, what is nested becomes JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Exact):
        return value.text
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return as_json(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def as_json(value: Any) -> str:
    """What is nested as JSON, each number as it was written.

    >>> as_json({"v": [Exact("1.10"), Exact("1e400"), 2, None]})
    '{"v": [1.10, 1e400, 2, null]}'
    """
    if isinstance(value, Exact):
        return value.text
    if isinstance(value, dict):
        entries = [
            f"{json.dumps(str(k), ensure_ascii=False)}: {as_json(v)}" for k, v in value.items()
        ]
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False, default=str)


class Rows:
    """Rows written batch by batch; a key that comes up later becomes a column that is missing
    before.

    Keys that differ in case only are kept apart: the second one seen, as `ID` after `id`, is the
    column `ID#2`.
    """

    def __init__(self, con: Any) -> None:
        self.con = con
        self.named: dict[str, str] = {}  # key: column
        self.taken = set(INTERNAL)
        self.texts: set[str] = (
            set()
        )  # keys that had a text, and those that had a number with a part
        self.floats: set[str] = set()
        self.files: list[str] = []
        self.batch: list[tuple[str, int, dict[str, str | None]]] = []
        self.size = self.total = 0

    def column(self, key: str) -> str:
        """The column of a key.

        Raises:
            ConfigValueError: there are more keys than columns can be.
        """
        found = self.named.get(key)
        if found is None:
            if len(self.named) >= MOST_COLUMNS:
                raise ConfigValueError(
                    "path",
                    Message("data.too_many_keys", most=MOST_COLUMNS),
                    Message("data.keys_expected", most=MOST_COLUMNS),
                )
            name = key.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
            name = name or f"column{len(self.named) + 1}"
            found, number = name, 1
            while found.casefold() in self.taken:
                number += 1
                found = f"{name}#{number}"
            self.named[key] = found
            self.taken.add(found.casefold())
        return found

    def add(self, label: str, line: int, row: Mapping[str, Any]) -> None:
        """One row of a file."""
        values = {self.column(k): as_text(v) for k, v in row.items()}
        for k, v in row.items():
            if isinstance(v, str):
                self.texts.add(k)
            elif isinstance(v, float | Decimal):
                self.floats.add(k)
        self.batch.append((label, line, values))
        self.size += sum(len(v) + 8 for v in values.values() if v) + 64
        if len(self.batch) >= MOST_ROWS or self.size > MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the rows at hand."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = keys_of(row for _, _, row in self.batch)
        data: list[pa.Array[Any]] = [
            pa.array([r[0] for r in self.batch], pa.string()),
            pa.array([r[1] for r in self.batch], pa.int64()),
        ]
        data += [pa.array([_clean(r[2].get(c)) for r in self.batch], pa.string()) for c in columns]
        path = new_path(self.con, "parquet")
        pq.write_table(
            pa.Table.from_arrays(data, names=[*INTERNAL, *columns]),
            path,
            compression="lz4",
            use_dictionary=list(INTERNAL[:1]),  # type: ignore[arg-type]  # the stubs know a bool only
            row_group_size=max(64, 2_000_000 // (len(columns) + 2)),
        )
        self.files.append(str(path))
        self.total += len(self.batch)
        self.batch, self.size = [], 0

    def show(self, name: str) -> list[str]:
        """Create view `name`; returns its columns."""
        if self.batch or not self.files:
            self.flush()
        read = parquet_sql(self.files, "union_by_name=true")
        columns = list(self.named.values())
        self.con.execute(
            f"create table if not exists {CELLS} (source varchar, name varchar, kind varchar)"
        )
        kinds = [self._kind_of(key) for key in self.named]
        self.con.execute(
            f"insert into {CELLS} select ?, unnest(?::varchar[]), unnest(?::varchar[])",
            [name, columns, kinds],
        )
        have = {row[0] for row in self.con.execute(f"describe select * from {read}").fetchall()}
        cells = ["_file", "_line"]
        for column in columns:
            cells.append(quote(column) if column in have else f"null::varchar as {quote(column)}")
        self.con.execute(f"create view {quote(name)} as select {', '.join(cells)} from {read}")
        return columns

    def _kind_of(self, key: str) -> str:
        """What the cells of a key were: `numbers` with a part, `texts`, or both (`mixed`)."""
        if key not in self.floats:
            return "texts"
        return "mixed" if key in self.texts else "numbers"


def _clean(value: str | None) -> str | None:
    """Text that UTF-8 can hold: half of a surrogate pair becomes U+FFFD."""
    if value is None or value.isascii():
        return value
    if any("\ud800" <= c <= "\udfff" for c in value):
        return value.encode("utf-8", "replace").decode()
    return value


def keys_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys of some rows, in the order in which they come up.

    >>> keys_of([{"a": 1}, {"b": 2, "a": 3}])
    ['a', 'b']
    """
    found: dict[str, None] = {}
    for row in rows:
        found.update(dict.fromkeys(row))
    return list(found)


def pour_rows(
    con: Any, name: str, columns: Sequence[str], rows: Iterable[tuple[str, int, Mapping[str, Any]]]
) -> int:
    """Create view `name` of text columns from rows (file, line, values); returns how many there
    were.

    Args:
        columns: the keys of the values; a list gets the names that the columns have.
    """
    into = Rows(con)
    named = [into.column(column) for column in columns]
    if isinstance(columns, list):
        columns[:] = named
    for label, line, row in rows:
        into.add(label, line, row)
    into.show(name)
    return into.total
