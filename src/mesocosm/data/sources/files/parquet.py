"""Parquet files. Knows DuckDB's reader; the columns keep the types the files give them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources.file_union import Part, Schema, unite
from mesocosm.data.sources.files.parquet_exact import keep_exact
from mesocosm.data.sources.path_utils import (
    disable_optimizer,
    files_of,
    fingerprint_files,
    name_and_fingerprint,
    parquet_sql,
    quote,
)
from mesocosm.data.sources.query_results import count_rows, describe_columns
from mesocosm.data.sources.source import SourceKind
from mesocosm.data.sources.spool import unique_names

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Parquet(SourceKind):
    """Files in Apache Parquet.

    A decimal of more than 38 digits is read as text, and a duration as a whole number of its unit,
    which is reported. Moments finer than a microsecond in the old form INT96 are refused.

    Args:
        path: a path or glob inside the project.
        schema: what becomes of files whose columns differ: `fail` stops, `evolve` takes all columns
            (missing where a file has none), `ignore` takes those that all files have.

    Source: https://parquet.apache.org/docs/file-format

    >>> Parquet(path="data/loans.parquet").type
    'parquet'
    """

    type: Literal["parquet"] = "parquet"
    path: str
    schema_: Schema = Field("fail", alias="schema")

    def fingerprint(self, where: ProjectPaths) -> str:
        """A fingerprint of the files' names and bytes."""
        return fingerprint_files(where, self.path)

    def collect(self, where: ProjectPaths, con: DuckDBPyConnection, name: str) -> Collected:
        """Show the files as view `name` with `_file` and `_line` (the row in its file, from 1).

        Raises:
            ConfigValueError: a file is not Parquet, or files differ in their columns and `schema`
                is `fail`.
        """
        found = Collected([], 0, {})
        parts: list[Part] = []
        for path in files_of(where, self.path):
            label, content = name_and_fingerprint(where, path)
            exact, notes = keep_exact(con, path, label)
            found.notes += notes
            parts.append(_part_of(con, exact, label))
            found.files[label] = content
        if any(_has_fractions(part) for part in parts):
            disable_optimizer(con, "statistics_propagation")
        found.columns = unite(con, name, parts, self.schema_)
        found.rows = count_rows(con, quote(name))
        return found


def _part_of(con: DuckDBPyConnection, path: Path, label: str) -> Part:
    """A file as a part of the source.

    Raises:
        ConfigValueError: it is not Parquet.
    """
    import duckdb

    try:
        own = describe_columns(con, parquet_sql(path))
        names = unique_names(list(own))
        query = _numbered(path, dict(zip(own, names, strict=True)))
        con.execute(f"describe {query}")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise ConfigValueError(
            "path", Message("data.not_parquet", file=label), Message("data.parquet")
        ) from error
    return Part(label, names, query, dict(zip(names, own.values(), strict=True)))


def _numbered(path: Path, names: Mapping[str, str]) -> str:
    """SQL of the rows of a file and their numbers.

    Args:
        names: what each column is called.
    """
    shown = ", ".join(f"{quote(own)} as {quote(name)}" for own, name in names.items())
    if "file_row_number" in map(str.casefold, names):
        # the reader cannot number the rows beside a column of that name
        return f"select row_number() over () as _line, {shown} from {parquet_sql(path)}"
    return (
        f"select file_row_number + 1 as _line, {shown} from"
        f" {parquet_sql(path, 'file_row_number=true')}"
    )


def _has_fractions(part: Part) -> bool:
    """Whether a column of a file holds floating-point numbers."""
    return not {"DOUBLE", "FLOAT"}.isdisjoint(part.types.values())
