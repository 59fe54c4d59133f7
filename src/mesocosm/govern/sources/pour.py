"""Rows in memory poured into an engine's table as text. Knows Arrow; knows nothing of where rows come from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mesocosm.govern.sources.paths import quote

BATCH = 20_000


def said(value: Any) -> str | None:
    """A value as text: null stays null, what is nested becomes JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def pour_rows(con: Any, name: str, columns: Sequence[str], rows: Iterable[tuple[str, int, Mapping[str, Any]]]) -> int:
    """Create table `name` of text columns from rows (file, line, values); returns how many there were."""
    import pyarrow as pa

    shape = ", ".join(f"{quote(c)} varchar" for c in columns)
    con.execute(f"create table {quote(name)} (_file varchar, _line bigint, {shape})")
    schema = pa.schema([("_file", pa.string()), ("_line", pa.int64()), *((c, pa.string()) for c in columns)])
    total = 0

    def flush(batch: list[tuple[str, int, Mapping[str, Any]]]) -> None:
        data = [pa.array([r[0] for r in batch], pa.string()), pa.array([r[1] for r in batch], pa.int64())]
        data += [pa.array([said(r[2].get(c)) for r in batch], pa.string()) for c in columns]
        con.register("_batch", pa.Table.from_arrays(data, schema=schema))
        con.execute(f"insert into {quote(name)} select * from _batch")
        con.unregister("_batch")

    batch: list[tuple[str, int, Mapping[str, Any]]] = []
    for row in rows:
        batch.append(row)
        total += 1
        if len(batch) == BATCH:
            flush(batch)
            batch = []
    if batch:
        flush(batch)
    return total
