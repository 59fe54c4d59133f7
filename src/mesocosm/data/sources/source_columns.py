"""The columns of sources, read from the first records of their files, so that a plan can hold a
join against them. Reads no rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.core.settings import Source, Where
from mesocosm.data.sources.delimited.csv import Csv
from mesocosm.data.sources.delimited.header import header_of
from mesocosm.data.sources.delimited.plain_text import plain
from mesocosm.data.sources.files.parquet import Parquet
from mesocosm.data.sources.path_utils import files_of, name_and_print
from mesocosm.data.sources.spool import distinct


def columns_of_sources(
    con: Any, sources: Mapping[str, Source], names: Sequence[str], where: Where
) -> dict[str, list[str]]:
    """The columns of those of the sources whose files tell them without a pass over the rows:
    delimited files and Parquet.

    Raises:
        Wrong: a file cannot be read.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        source = sources[name]
        if isinstance(source, Csv):
            columns: dict[str, None] = {}
            for path in files_of(where, source.path):
                label, _ = name_and_print(where, path)
                columns |= dict.fromkeys(
                    header_of(plain(con, path, label, source.encoding).path, label, source).names
                )
            found[name] = list(columns)
        elif isinstance(source, Parquet):
            import pyarrow as pa
            import pyarrow.parquet as pq

            try:
                found[name] = distinct(
                    list(
                        dict.fromkeys(
                            c
                            for path in files_of(where, source.path)
                            for c in pq.read_schema(path).names
                        )
                    )
                )
            except (pa.ArrowException, OSError):  # the build says what is wrong with the file
                continue
    return found
