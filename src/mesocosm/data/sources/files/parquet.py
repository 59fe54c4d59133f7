"""Parquet files. Knows DuckDB's reader; the columns keep the types the files give them."""

from __future__ import annotations

from typing import Any, Literal

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
from mesocosm.data.sources.source import SourceKind
from mesocosm.data.sources.spool import unique_names


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

    def collect(self, where: ProjectPaths, con: Any, name: str) -> Collected:
        """Show the files as view `name` with `_file` and `_line` (the row in its file, from 1).

        Raises:
            ConfigValueError: a file is not Parquet, or files differ in their columns and `schema`
                is `fail`.
        """
        import duckdb

        found = Collected([], 0, {})
        parts: list[Part] = []
        for path in files_of(where, self.path):
            label, content = name_and_fingerprint(where, path)
            path, notes = keep_exact(con, path, label)
            found.notes += notes
            try:
                own = {
                    str(row[0]): str(row[1])
                    for row in con.execute(f"describe select * from {parquet_sql(path)}").fetchall()
                }
                called = unique_names(list(own))
                shown = ", ".join(
                    f"{quote(c)} as {quote(n)}" for c, n in zip(own, called, strict=True)
                )
                if any(
                    c.casefold() == "file_row_number" for c in own
                ):  # the reader cannot number the rows beside it
                    query = (
                        f"select row_number() over () as _line, {shown} from {parquet_sql(path)}"
                    )
                else:
                    query = (
                        f"select file_row_number + 1 as _line, {shown} from"
                        f" {parquet_sql(path, 'file_row_number=true')}"
                    )
                con.execute(f"describe {query}")
            except duckdb.OutOfMemoryException:
                raise
            except duckdb.Error as error:
                raise ConfigValueError(
                    "path", Message("data.not_parquet", file=label), Message("data.parquet")
                ) from error
            parts.append(Part(label, called, query, dict(zip(called, own.values(), strict=True))))
            found.files[label] = content
        if any({"DOUBLE", "FLOAT"} & set(part.types.values()) for part in parts):
            disable_optimizer(con, "statistics_propagation")
        found.columns = unite(con, name, parts, self.schema_)
        found.rows = int(con.execute(f"select count(*) from {quote(name)}").fetchone()[0])
        return found
