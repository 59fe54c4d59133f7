"""The file of rows that a person labels: each row twice, as it was found and as it is right."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mesocosm.data.pipeline.internal_names import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VERSION, PLACE = "says", "place"
FOUND, RIGHT = "found", "right"
MOST_ROWS = 50_000  # among which rows are chosen


def write_labels(
    con: DuckDBPyConnection, sources: Sequence[str], columns: dict[str, str], count: int
) -> tuple[str, int]:
    """The text of the file, and how many rows it asks about.

    Args:
        columns: by field, the column of the sources.
    """
    from mesocosm.data.cleaning.learned_errors.row_choice import choose_rows

    parts = [_select(con, source, columns) for source in sources]
    query = " union all ".join(parts)
    rows = con.execute(f"{query} limit {MOST_ROWS}").fetchall()
    cells = {name: [str(row[i + 1]) for row in rows] for i, name in enumerate(columns)}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([VERSION, PLACE, *columns])
    chosen = sorted(choose_rows(cells, count)) if rows else []
    for at in chosen:
        writer.writerow([FOUND, *rows[at]])
        writer.writerow([RIGHT, *rows[at]])
    return out.getvalue(), len(chosen)


def _select(con: DuckDBPyConnection, source: str, columns: dict[str, str]) -> str:
    from mesocosm.data.sources.query_results import list_columns

    table = quote("src_" + source)
    there = set(list_columns(con, table))
    texts = [
        f"coalesce({quote(column)}::varchar, '')" if column in there else "''"
        for column in columns.values()
    ]
    return f"select _file || ':' || _line, {', '.join(texts)} from {table}"
