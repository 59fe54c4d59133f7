"""Rows with values by name shown to the engine as text. Knows Arrow and memory bounds; knows
nothing of where rows come from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.sources.path_utils import parquet_sql, quote
from mesocosm.data.sources.query_results import list_columns
from mesocosm.data.sources.spool import INTERNAL, MOST_BYTES, MOST_ROWS, new_path

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_COLUMNS = 16_384
BATCH = MOST_ROWS
# the table that tells of each column of a view of rows whether its cells were numbers, texts or
# both
CELLS = "_cells"


# a row of a source: its file, its line and its values
SourceRow = tuple[str, int, Mapping[str, object]]


class Exact(float):
    """A number of JSON that keeps the text it was written as."""

    text: str

    def __new__(cls, written: str) -> Exact:
        made = super().__new__(cls, written)
        made.text = written
        return made


def as_text(value: object) -> str | None:
    """A value as text: null stays null, what is nested becomes JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        return as_json(value)
    return _scalar_text(value)


def _scalar_text(value: object) -> str:
    """A number as it was written, a whole one without its point; another scalar as text."""
    if isinstance(value, Exact):
        return value.text
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def as_json(value: object) -> str:
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

    def __init__(self, con: DuckDBPyConnection) -> None:
        self.con = con
        self.named: dict[str, str] = {}  # key: column
        self.taken = set(INTERNAL)
        self.texts: set[str] = set()  # keys that had a text
        self.floats: set[str] = set()  # keys that had a number with a part
        self.files: list[str] = []
        self.batch: list[tuple[str, int, dict[str, str | None]]] = []
        self.size = self.total = 0

    def column(self, key: str) -> str:
        """The column of a key.

        Raises:
            ConfigValueError: there are more keys than columns can be.
        """
        column = self.named.get(key)
        if column is None:
            column = self.named[key] = self._free_name(key)
            self.taken.add(column.casefold())
        return column

    def _free_name(self, key: str) -> str:
        """A name for the column of a new key that no other has, whatever its case.

        Raises:
            ConfigValueError: there are more keys than columns can be.
        """
        if len(self.named) >= MOST_COLUMNS:
            raise ConfigValueError(
                "path",
                Message("data.too_many_keys", most=MOST_COLUMNS),
                Message("data.keys_expected", most=MOST_COLUMNS),
            )
        name = key.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
        name = name or f"column{len(self.named) + 1}"
        column, number = name, 1
        while column.casefold() in self.taken:
            number += 1
            column = f"{name}#{number}"
        return column

    def add(self, label: str, line: int, row: Mapping[str, object]) -> None:
        """One row of a file."""
        values = {self.column(k): as_text(v) for k, v in row.items()}
        self._note_cells(row)
        self.batch.append((label, line, values))
        self.size += _size_of(values)
        if len(self.batch) >= MOST_ROWS or self.size > MOST_BYTES:
            self.flush()

    def _note_cells(self, row: Mapping[str, object]) -> None:
        """Note which keys had a text, and which a number with a part."""
        for key, value in row.items():
            if isinstance(value, str):
                self.texts.add(key)
            elif isinstance(value, float | Decimal):
                self.floats.add(key)

    def flush(self) -> None:
        """Write the rows at hand."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = keys_of(row for _, _, row in self.batch)
        data: list[pa.Array[pa.Scalar[pa.DataType]]] = [
            pa.array([r[0] for r in self.batch], pa.string()),
            pa.array([r[1] for r in self.batch], pa.int64()),
        ]
        for column in columns:
            cells = [_clean(values.get(column)) for _, _, values in self.batch]
            data.append(pa.array(cells, pa.string()))
        path = new_path(self.con, "parquet")
        pq.write_table(
            pa.Table.from_arrays(data, names=[*INTERNAL, *columns]),
            path,
            compression="lz4",
            # the stubs know a bool only
            use_dictionary=list(INTERNAL[:1]),  # type: ignore[arg-type]
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
        self._keep_kinds(name, columns)
        have = set(list_columns(self.con, read))
        cells = ["_file", "_line"]
        for column in columns:
            cell = quote(column)
            if column not in have:
                cell = f"null::varchar as {cell}"
            cells.append(cell)
        self.con.execute(f"create view {quote(name)} as select {', '.join(cells)} from {read}")
        return columns

    def _keep_kinds(self, name: str, columns: Sequence[str]) -> None:
        """Write into the table `CELLS` what the cells of each column of a view were."""
        self.con.execute(
            f"create table if not exists {CELLS} (source varchar, name varchar, kind varchar)"
        )
        kinds = [self._kind_of(key) for key in self.named]
        self.con.execute(
            f"insert into {CELLS} select ?, unnest(?::varchar[]), unnest(?::varchar[])",
            [name, columns, kinds],
        )

    def _kind_of(self, key: str) -> str:
        """What the cells of a key were: `numbers` with a part, `texts`, or both (`mixed`)."""
        if key not in self.floats:
            return "texts"
        return "mixed" if key in self.texts else "numbers"


def _size_of(values: Mapping[str, str | None]) -> int:
    """About how many bytes a row of texts has."""
    return sum(len(text) + 8 for text in values.values() if text) + 64


def _clean(value: str | None) -> str | None:
    """Text that UTF-8 can hold: half of a surrogate pair becomes U+FFFD."""
    if value is None or value.isascii():
        return value
    if any("\ud800" <= c <= "\udfff" for c in value):
        return value.encode("utf-8", "replace").decode()
    return value


def keys_of(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """The keys of some rows, in the order in which they come up.

    >>> keys_of([{"a": 1}, {"b": 2, "a": 3}])
    ['a', 'b']
    """
    found: dict[str, None] = {}
    for row in rows:
        found.update(dict.fromkeys(row))
    return list(found)


def pour_rows(
    con: DuckDBPyConnection,
    name: str,
    columns: Sequence[str],
    rows: Iterable[SourceRow],
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
