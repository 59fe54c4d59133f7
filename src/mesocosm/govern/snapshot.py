"""Governed tables as Delta: written whole, read by version, never through an engine's download.

Knows deltalake and Arrow. Knows nothing of cleaning.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesocosm.base.errors import Failure


def write_table(path: Path, reader: Any, made: str, plain: list[str]) -> int:
    """Write an Arrow reader as the next version of a Delta table and return its number.

    Args:
        plain: columns whose minima and maxima may stand in the log; private ones must not.
    """
    from deltalake import CommitProperties, DeltaTable, write_deltalake

    path.mkdir(parents=True, exist_ok=True)
    write_deltalake(
        path,
        reader,
        mode="overwrite",
        schema_mode="overwrite",
        configuration={"delta.dataSkippingStatsColumns": ",".join(plain)},
        commit_properties=CommitProperties(custom_metadata={"made": made}),
    )
    return int(DeltaTable(path).version())


def files_of(path: Path, version: int) -> list[str]:
    """The Parquet files of one version of a Delta table.

    Raises:
        Failure: the version is not there.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    try:
        table = DeltaTable(path, version=version)
        files = [str(uri).removeprefix("file://") for uri in table.file_uris()]
    except (DeltaError, TableNotFoundError) as error:
        raise Failure(f"version {version} of the table '{path.name}' cannot be read; run 'mesocosm build'") from error
    gone = [f for f in files if not Path(f).exists()]
    if gone:
        raise Failure(f"the table '{path.name}' has lost the file '{Path(gone[0]).name}'; run 'mesocosm doctor'")
    return files


def read_table(path: Path, version: int, columns: str = "*", where: str = "true") -> Any:
    """Rows of one version as an Arrow table, in the order of `_row` where it has one."""
    import duckdb

    from mesocosm.govern.sources.paths import text

    files = ", ".join(text(f) for f in files_of(path, version))
    with duckdb.connect() as con:
        if not files:
            from deltalake import DeltaTable

            return DeltaTable(path, version=version).to_pyarrow_table()
        query = f"select {columns} from read_parquet([{files}]) where {where}"
        names = {row[0] for row in con.execute(f"describe select * from read_parquet([{files}])").fetchall()}
        return con.sql(query + (" order by _row" if "_row" in names else "")).to_arrow_table()
