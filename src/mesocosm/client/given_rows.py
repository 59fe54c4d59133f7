"""Rows as a caller has them: mappings, a pandas DataFrame or Series, a pyarrow Table.

Knows shapes only; pandas and pyarrow are looked at where the caller has loaded them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, TypeGuard, Union

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    import pandas
    import pyarrow

Row: TypeAlias = Mapping[str, object]
Rows: TypeAlias = Union[Sequence[Row], "pandas.DataFrame", "pyarrow.Table", "pyarrow.RecordBatch"]


def list_rows(rows: object) -> list[Row]:
    """Rows as mappings of field names to values; a missing value of a DataFrame is None.

    Raises:
        ConfigValueError: it is something else.

    >>> list_rows([{"text": "a"}])
    [{'text': 'a'}]
    >>> list_rows("text")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    mesocosm.core.errors.ConfigValueError: got str; expected a row as a mapping of ...
    """
    if _is_frame(rows):
        return _list_frame_rows(rows)
    if _is_table(rows):
        return list(rows.to_pylist())
    if isinstance(rows, str | bytes) or not isinstance(rows, Sequence):
        raise _refuse(rows)
    for row in rows:
        if not isinstance(row, Mapping):
            raise _refuse(row)
    return list(rows)


def read_row(row: object) -> Row | None:
    """One row as a mapping, such as a row of a DataFrame; None where it is not one row."""
    if _is_series(row):
        return _list_frame_rows(row.to_frame().T)[0]
    return row if isinstance(row, Mapping) else None


def _is_frame(given: object) -> TypeGuard[pandas.DataFrame]:
    return isinstance(given, _loaded("pandas", "DataFrame"))


def _is_series(given: object) -> TypeGuard[pandas.Series]:
    return isinstance(given, _loaded("pandas", "Series"))


def _is_table(given: object) -> TypeGuard[pyarrow.Table]:
    return isinstance(given, _loaded("pyarrow", "Table", "RecordBatch"))


def _loaded(module: str, *names: str) -> tuple[type, ...]:
    """Classes of a library, none where the caller has not loaded it."""
    library = sys.modules.get(module)
    return tuple(getattr(library, name) for name in names if hasattr(library, name))


def _list_frame_rows(frame: pandas.DataFrame) -> list[Row]:
    """The rows of a DataFrame as values of Python."""
    names = [str(name) for name in frame.columns]
    columns = [_list_values(frame.iloc[:, place]) for place in range(len(names))]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _list_values(column: pandas.Series) -> list[object]:
    """The values of a column as those of Python; a missing one is None."""
    pairs = zip(column.tolist(), column.isna().tolist(), strict=True)
    return [None if missing else _plain(value) for value, missing in pairs]


def _plain(value: object) -> object:
    """A value of numpy as one of Python; any other as it is."""
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "ndim", None) == 0 else value


def _refuse(given: object) -> ConfigValueError:
    return ConfigValueError("", Message("api.rows_given", type=type(given).__name__))
