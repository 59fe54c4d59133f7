"""Rows with their predictions as a file: CSV, JSON lines or Parquet. Knows Arrow."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mesocosm.api.row_files import BLOCK
from mesocosm.client import row_as_json
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message

ENDINGS = (".csv", ".jsonl", ".parquet")
COLUMNS = ("id", "version", "label", "probability", "value", "why", "warnings")
NUMBERS = ("probability", "value")
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = Mapping[str, Any]


class PredictionWriter:
    """Writes blocks of rows with their predictions; a cell of a CSV that a table program would take
    for a formula is written as text.

    Args:
        path: the file to write.
        ending: its format, one of `ENDINGS`.
        names: the columns of the rows, where they are known before the rows are.
    """

    def __init__(self, path: Path, ending: str, names: Sequence[str] = ()) -> None:
        self.path, self.ending, self.given = path, ending, list(names)
        self.taken = frozenset(names)
        self.names: list[str] = []  # the columns that are written, known with the first block
        self.file: Any = None
        self.parquet: Any = None
        self.schema: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.parquet is not None:
            self.parquet.close()
        if self.file is not None:
            self.file.close()

    def write(self, rows: Sequence[Row], predictions: Sequence[Row]) -> None:
        """Write a block.

        Raises:
            MesocosmError: a row has a column that no row of the first block had, and the file is a
                table.
        """
        merged = [
            self._merge(row, prediction) for row, prediction in zip(rows, predictions, strict=True)
        ]
        if not self.names:
            self._open(merged)
        if self.ending == ".jsonl":
            lines = (json.dumps(row_as_json(row), ensure_ascii=False) + "\n" for row in merged)
            self.file.writelines(lines)
            return
        self._check_columns(merged)
        if self.ending == ".parquet":
            import pyarrow as pa

            self.parquet.write_table(pa.Table.from_pylist(merged, schema=self.schema))
        else:
            csv.DictWriter(self.file, self.names).writerows(map(_as_cells, merged))

    def _merge(self, row: Row, prediction: Row) -> dict[str, Any]:
        """A row with its prediction; where the row has a column of the same name, the prediction's
        begins with `predicted_`.
        """
        merged = dict(row)
        for key in COLUMNS:
            value = prediction.get(key)
            if key == "warnings" and value:
                value = "; ".join(warning["detail"] for warning in value)
            is_taken = key in self.taken or key in row
            merged[f"predicted_{key}" if is_taken else key] = value
        return merged

    def _open(self, first: Sequence[Row]) -> None:
        """Begin the file with the columns of its first block."""
        own = [f"predicted_{key}" if key in self.given else key for key in COLUMNS]
        known = dict.fromkeys(self.given)
        for row in first:
            known |= dict.fromkeys(row)
        self.names = [name for name in known if name not in own]
        self.names += [name for name in own if name in known]
        if self.ending == ".parquet":
            import pyarrow.parquet

            self.schema = self._schema(first, own)
            self.parquet = pyarrow.parquet.ParquetWriter(self.path, self.schema)
            return
        self.file = self.path.open("w", encoding="utf-8", newline="")
        if self.ending == ".csv":
            csv.DictWriter(self.file, self.names).writeheader()

    def _schema(self, first: Sequence[Row], own: Sequence[str]) -> Any:
        """The type of each column: of the first block, and text where it has no value there."""
        import pyarrow as pa

        table = pa.Table.from_pylist([dict.fromkeys(self.names) | dict(row) for row in first])
        types = {field.name: field.type for field in table.schema if field.type != pa.null()}
        for name, key in zip(own, COLUMNS, strict=True):
            types[name] = pa.float64() if key in NUMBERS else pa.string()
        return pa.schema([(name, types.get(name, pa.string())) for name in self.names])

    def _check_columns(self, rows: Sequence[Row]) -> None:
        known = set(self.names)
        for row in rows:
            for name in row:
                if name not in known:
                    raise MesocosmError(Message("lifecycle.late_column", name=name, block=BLOCK))


def _as_cells(row: Row) -> dict[str, Any]:
    return {name: _as_cell(value) for name, value in row.items()}


def _as_cell(value: Any) -> Any:
    """A value as a CSV has it: moments in ISO 8601, a decimal with all its digits, no formula."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(FORMULA) and not _is_number(value):
        return "'" + value
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
