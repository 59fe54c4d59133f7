"""Columns of a Parquet file that the engine's reader would change without a word. Knows Arrow's
reader.

A decimal of more than 38 digits would become a double, and a moment as INT96 lose its nanoseconds;
a duration is a number whose unit the reader drops.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.sources.spool import new_path

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from pyarrow.parquet import ColumnSchema, ParquetFile

MOST_DIGITS = 38  # of a decimal that the engine holds
BATCH = 20_000  # rows


def keep_exact(con: DuckDBPyConnection, path: Path, label: str) -> tuple[Path, list[str]]:
    """The file, or a copy whose wide decimals are text; and a sentence for each duration.

    Raises:
        ConfigValueError: a moment is finer than a microsecond where the reader would cut it, or a
            wide decimal is inside a list or struct.
    """
    import pyarrow as pa
    import pyarrow.parquet

    try:
        file = pa.parquet.ParquetFile(path, coerce_int96_timestamp_unit="us")
    except (pa.ArrowException, OSError):
        return path, []  # the engine's reader says what is wrong with it
    with file:
        try:
            copy = _check_columns(con, file, path, label)
        except (pa.ArrowException, OSError) as error:
            raise ConfigValueError(
                "path",
                Message(
                    "data.file_not_readable_to_end",
                    label=label,
                    reason=str(error).splitlines()[0][:120],
                ),
                Message("data.parquet_and_room"),
            ) from error
        return copy, _note_durations(file.schema_arrow, label)


def _check_columns(con: DuckDBPyConnection, file: ParquetFile, path: Path, label: str) -> Path:
    """The file, or a copy whose wide decimals are text; refused where neither is exact."""
    wide = {field.name for field in file.schema_arrow if _is_wide(field.type)}
    columns = [file.schema.column(i) for i in range(len(file.schema))]
    _refuse_nested_wide(columns, wide, label)
    _refuse_fine(path, label, [c.path for c in columns if c.physical_type == "INT96"])
    if wide:
        return _copy_as_text(con, file, wide)
    return path


def _note_durations(schema: pa.Schema, label: str) -> list[str]:
    """A sentence for each column that is a duration."""
    import pyarrow as pa

    notes: list[str] = []
    for field in schema:
        if isinstance(field.type, pa.DurationType):
            notes.append(
                f"'{field.name}' of '{label}' is a duration, read as a whole number of"
                f" {UNITS[field.type.unit]}"
            )
    return notes


def _is_wide(kind: pa.DataType) -> bool:
    """Whether an Arrow type is a decimal that the engine would make a double."""
    import pyarrow as pa

    decimals = (pa.Decimal32Type, pa.Decimal64Type, pa.Decimal128Type, pa.Decimal256Type)
    return isinstance(kind, decimals) and kind.precision > MOST_DIGITS


def _refuse_nested_wide(columns: Sequence[ColumnSchema], wide: Collection[str], label: str) -> None:
    """Refuse a wide decimal inside of a list or struct, which cannot be made a text."""
    for column in columns:
        if column.logical_type.type != "DECIMAL" or column.path in wide:
            continue
        if (column.precision or 0) > MOST_DIGITS:
            raise ConfigValueError(
                "path",
                Message(
                    "data.decimals_nested",
                    label=label,
                    digits=MOST_DIGITS,
                    name=column.path.split(".")[0],
                ),
                Message("data.decimals_in_own_column"),
            )


UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


def _copy_as_text(con: DuckDBPyConnection, file: ParquetFile, wide: Collection[str]) -> Path:
    """A copy of a file in which some decimals are texts."""
    import pyarrow as pa
    import pyarrow.parquet

    copy = new_path(con, "parquet")
    fields: list[pa.Field[pa.DataType]] = []
    for field in file.schema_arrow:
        if field.name in wide:
            field = pa.field(field.name, pa.string())
        fields.append(field)
    schema = pa.schema(fields)
    with pa.parquet.ParquetWriter(copy, schema) as writer:
        for batch in file.iter_batches(BATCH):
            writer.write_batch(_with_texts(batch, schema, wide))
    return copy


def _with_texts(batch: pa.RecordBatch, schema: pa.Schema, wide: Collection[str]) -> pa.RecordBatch:
    """Some rows, with some of their decimals as texts."""
    import pyarrow as pa

    columns: list[pa.Array[pa.Scalar[pa.DataType]]] = []
    for field, column in zip(schema, batch.columns, strict=True):
        if field.name in wide:
            column = _as_text(cast("pa.Array[pa.Decimal256Scalar]", column))
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _as_text(column: pa.Array[pa.Decimal256Scalar]) -> pa.StringArray:
    """A column of decimals as texts."""
    import pyarrow as pa

    texts = [None if value is None else format(value, "f") for value in column.to_pylist()]
    return pa.array(texts, pa.string())


def _refuse_fine(path: Path, label: str, columns: list[str]) -> None:
    """Refuse a file in which an INT96 moment has digits below a microsecond.

    The nanoseconds of a day far away do not fit 64 bits and wrap; what is over beside the
    microseconds is right all the same.
    """
    import pyarrow.parquet

    if not columns:
        return
    row = 0
    with (
        pyarrow.parquet.ParquetFile(path) as fine,
        pyarrow.parquet.ParquetFile(path, coerce_int96_timestamp_unit="us") as coarse,
    ):
        for one, other in zip(
            fine.iter_batches(BATCH, columns=columns),
            coarse.iter_batches(BATCH, columns=columns),
            strict=True,
        ):
            for name, moments, cut in zip(
                one.schema.names, one.columns, other.columns, strict=True
            ):
                _refuse_fine_moments(moments, cut, f"'{label}'", name, row)
            row += one.num_rows


def _refuse_fine_moments(
    moments: pa.Array[pa.Scalar[pa.DataType]],
    cut: pa.Array[pa.Scalar[pa.DataType]],
    file: str,
    name: str,
    before: int,
) -> None:
    """Refuse moments of a column of which one has digits below a microsecond.

    Args:
        cut: the same moments in microseconds.
        before: how many rows of the file come before them.
    """
    if not hasattr(moments.type, "unit"):
        raise ConfigValueError(
            "path",
            Message("data.int96_nested", file=file, name=name),
            Message("data.moments_in_own_column"),
        )
    import numpy as np

    over = _as_integers(moments) - _as_integers(cut) * np.int64(1000)
    if over.any():
        raise ConfigValueError(
            "path",
            Message(
                "data.moment_too_fine",
                row=before + int(over.nonzero()[0][0]) + 1,
                file=file,
                name=name,
            ),
            Message("data.moments_of_microseconds"),
        )


def _as_integers(moments: pa.Array[pa.Scalar[pa.DataType]]) -> npt.NDArray[np.int64]:
    """The integers below moments, 0 where there is none."""
    import numpy as np
    import pyarrow as pa

    integers: npt.NDArray[np.int64] = np.asarray(moments.cast(pa.int64()).fill_null(0))
    return integers
