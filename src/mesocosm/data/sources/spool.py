"""Rows of a source on disk: Parquet files beside the engine's spill, which leave with it. Knows
Arrow and memory bounds.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import uuid
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.data.sources.path_utils import parquet_sql, quote, text
from mesocosm.data.sources.query_results import read_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_BYTES = 8_000_000  # of one batch
MOST_ROWS = 20_000
INTERNAL = ("_file", "_line")


def new_path(con: DuckDBPyConnection, ending: str) -> Path:
    """A path for a new file in the engine's folder for temporary files."""
    folder = Path(read_text(con, "select current_setting('temp_directory')") or "none")
    if not folder.is_dir() or not folder.is_absolute():
        folder = Path(tempfile.mkdtemp(prefix="mesocosm-"))
        con.execute(f"set temp_directory={text(str(folder))}")
        atexit.register(shutil.rmtree, folder, True)
    return folder / f"source-{uuid.uuid4().hex[:12]}.{ending}"


def unique_names(names: Sequence[str]) -> list[str]:
    """Column names that no two share, whatever their case: the second `id` is `id#2`, a column
    without a name `column3`.

    >>> unique_names(["id", "ID", "", "id"])
    ['id', 'ID#2', 'column3', 'id#3']
    """
    given = {name.casefold() for name in names}
    taken = set(INTERNAL)
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        own = _free_name(name, place, taken, given)
        taken.add(own.casefold())
        found.append(own)
    return found


def _free_name(name: str, place: int, taken: set[str], given: set[str]) -> str:
    """The name of a column, or it with the first number that no other column has.

    Args:
        taken: the names of the columns before, in small letters.
        given: the names that the columns of the file have, in small letters.
    """
    own = name or f"column{place}"
    others = [taken] if name else [taken, given]
    number, found = 1, own
    while _is_among(found, others):
        number, others = number + 1, [taken, given]
        found = f"{own}#{number}"
    return found


def _is_among(name: str, others: Sequence[Collection[str]]) -> bool:
    """Whether a name is in one of some sets of names in small letters."""
    return any(name.casefold() in names for names in others)


class Spool:
    """Rows of text columns, written batch by batch.

    Args:
        columns: the names, as `distinct` gives them.
    """

    def __init__(self, con: DuckDBPyConnection, columns: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = new_path(con, "parquet")
        fields: list[pa.Field[pa.DataType]] = [pa.field("_line", pa.int64())]
        fields += [pa.field(name, pa.string()) for name in columns]
        self.schema = pa.schema(fields)
        self.writer = pq.ParquetWriter(
            self.path,
            self.schema,
            compression="lz4",
            use_dictionary=False,
            write_statistics=["_line"],
        )
        self.lines: list[int] = []
        self.rows: list[Sequence[str | None]] = []
        self.size = self.total = 0
        self.batch = max(64, min(MOST_ROWS, 1_000_000 // max(1, len(columns))))

    def add(self, line: int, cells: Sequence[str | None], size: int) -> None:
        """One row; `size` is about its bytes."""
        self.lines.append(line)
        self.rows.append(cells)
        self.size += size
        if len(self.rows) >= self.batch or self.size > MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the rows at hand."""
        import pyarrow as pa

        if self.rows:
            columns = [pa.array(column, pa.string()) for column in zip(*self.rows, strict=True)]
            self.writer.write_table(
                pa.Table.from_arrays(
                    [pa.array(self.lines, pa.int64()), *columns], schema=self.schema
                )
            )
            self.total += len(self.rows)
        self.lines, self.rows, self.size = [], [], 0

    def close(self) -> str:
        """Finish the file; SQL of its rows."""
        self.flush()
        self.writer.close()
        return parquet_sql(self.path)


def pick(columns: Sequence[str]) -> str:
    """Names as SQL."""
    return ", ".join(map(quote, columns))
