"""Erase a subject from the tables of a dataset: files are rewritten without it, older versions
deleted.

Knows Delta tables and their files. Knows nothing of the catalog.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from mesocosm.data.snapshots.delta_tables import commit, files_of, new_file, scan
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.sources.query_results import count_rows, read_rows, read_value
from mesocosm.data.types.field import FieldKind

LEDGER = "changes"  # the table of changed cells

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyarrow import ChunkedArray, DataType, Scalar


def keys_as_kept(field: FieldKind, keys: Sequence[str], secret: str) -> list[str]:
    """Keys as the rows hold them: read by their type, and hidden as the field is."""
    import duckdb

    from mesocosm.data.pipeline import ibis_sql, recipe

    if field.sealed:
        return list(keys)  # sealed values are opened to be compared
    kind = field.model_copy(update={"column": None, "unreadable": "missing"})
    read = recipe.read_sql({"k": kind}, {}, "incoming", {"k": "string"}, {"_row": "int64"})
    hidden = recipe.clean_sql({"k": kind}, "_read", {}, secret, ("_row",), serving=True)
    with duckdb.connect() as con:
        ibis_sql.prepare(con)
        con.execute("create table incoming (_row bigint, k varchar)")
        con.executemany("insert into incoming values (?, ?)", list(enumerate(keys)))
        query = f"with _read as ({read}) select k::varchar from ({hidden}) order by _row"
        found = read_rows(con, query)
    return [key if value is None else str(value) for (value,), key in zip(found, keys, strict=True)]


def mark_key(key: str, secret: str) -> str:
    """The mark of a key (see `retention.mark_of`)."""
    import duckdb

    from mesocosm.data.pipeline import ibis_sql
    from mesocosm.data.snapshots.retention import mark_of

    table = ibis_sql.table("incoming", {"k": "string"})
    with duckdb.connect() as con:
        con.execute("create table incoming as select ?::varchar as k", [key])
        return str(read_value(con, ibis_sql.to_sql(table.select(m=mark_of(table["k"], secret)))))


def match_keys(
    field: str, kept: Sequence[str], given: Sequence[str], sealed: str | None = None
) -> dict[str, str]:
    """For each table, SQL that is true for the rows of some keys.

    Args:
        kept: the keys as `rows` holds them.
        given: the keys as they were given, which quarantined originals hold.
        sealed: SQL that opens the field, where it is encrypted.
    """
    original = f"json_extract_string(original, {text('$.' + quote(field))})"
    both = ", ".join(map(text, [*kept, *given]))
    if sealed:
        rows = f"coalesce({sealed} in ({both}), false)"
        original = f"opened({original})"
    else:
        listed = ", ".join(map(text, kept))
        rows = f"coalesce({quote(field)}::varchar in ({listed}), false)"
    named = f"coalesce(case when json_valid(original) then {original} end in ({both}), false)"
    return {"rows": rows, "quarantine": f"({named} or {match_text(given)})"}


def match_text(given: Sequence[str]) -> str:
    """SQL that is true for quarantined lines whose original or reason names one of some keys."""
    form = text(_whole_words(given))
    return (
        f"coalesce(regexp_matches(original, {form}), false) or coalesce(regexp_matches(reason,"
        f" {form}), false)"
    )


def match_age(field: str, kind: FieldKind, first: str) -> dict[str, str]:
    """For each table, SQL that is true for rows older than a day (ISO 8601); a quarantined row is
    dated by its original, in the field's formats.
    """
    day = f"json_extract_string(original, {text('$.' + quote(field))})"
    read = (
        f"coalesce(try_cast({day} as date), try_strptime({day},"
        f" [{', '.join(map(text, getattr(kind, 'forms', [])))}]::varchar[])::date)"
    )
    old = f"< date {text(first)}"
    return {
        "rows": f"coalesce({quote(field)} {old}, false)",
        "quarantine": f"coalesce(case when json_valid(original) then {read} end {old}, false)",
    }


def erase(
    path: Path,
    versions: Mapping[str, int],
    gone: Mapping[str, str],
    made: str,
    ready: Callable[[DuckDBPyConnection], None] = lambda con: None,
) -> tuple[dict[str, int], dict[str, int], list[int]]:
    """Erase rows from the newest version of each table, and delete every older version.

    Args:
        path: the folder of the dataset's tables.
        versions: the newest version of `rows`, `quarantine`, `duplicates` and, where there is one,
            `changes`.
        gone: SQL for `rows` and `quarantine`, true for the rows that go; copies and changes go with
            their rows.
        ready: makes a connection ready for that SQL.

    Returns:
        The new versions, how many rows each table lost, and the row numbers erased from `rows`.
    """
    import duckdb

    new: dict[str, int] = {}
    lost: dict[str, int] = {}
    rows: list[int] = []
    with duckdb.connect() as con:
        con.execute("set memory_limit='600MB'")
        ready(con)
        for name, version in versions.items():
            table = scan(path / name, version)
            which = gone.get(name) or _follow_rows(name, rows)
            if name == "rows":
                rows = _numbers_of_rows(con, table, which)
            if name != LEDGER:  # a cell is no row
                lost[name] = count_rows(con, table, which)
            kept = f"select * from {table} where not {which}"
            new[name] = _replace_table(con, path / name, kept, made)
    return new, lost, rows


def _follow_rows(name: str, rows: Sequence[int]) -> str:
    """SQL that is true for what goes with some erased rows: their copies, or their changes."""
    listed = ", ".join(map(str, rows)) or "null"
    copies = "" if name == LEDGER else f" or kept in ({listed})"
    return f"coalesce(_row in ({listed}){copies}, false)"


def _numbers_of_rows(con: DuckDBPyConnection, table: str, condition: str) -> list[int]:
    found = con.execute(f"select _row from {table} where {condition}").fetchall()
    return [int(row[0]) for row in found]


def find_held_keys(
    path: Path,
    field: str | None,
    keys: Mapping[str, str],
    sealed: bool,
    ready: Callable[[DuckDBPyConnection], None] = lambda con: None,
) -> set[str]:
    """Which keys any version of a dataset's tables, also an older one, holds; a version whose field
    was hidden otherwise is asked for both forms of a key.

    Args:
        path: the folder of the dataset's tables.
        field: of the key in `rows`; None where only the quarantine can name it.
        keys: each as it was given, with the form in which `rows` holds it.
        sealed: whether the field is encrypted.
    """
    import duckdb

    with duckdb.connect() as con:
        con.execute("set memory_limit='600MB'")
        ready(con)
        found: set[str] = set()
        if field:
            found = _find_in_rows(con, path / "rows", field, keys, sealed)
        files = sorted((path / "quarantine").glob("*.parquet"))
        for given, kept in keys.items():
            if given in found:
                continue
            named = _match_quarantined(field, given, kept, sealed)
            if any(_has_row(con, file, named) for file in files):
                found.add(given)
    return found


def _match_quarantined(field: str | None, given: str, kept: str, sealed: bool) -> str:
    """SQL that is true for quarantined lines that name a key.

    Args:
        kept: the key as `rows` holds it.
    """
    if not field:
        return match_text([given])
    opened = "sealed" if sealed else None
    return match_keys(field, [kept], [given], opened)["quarantine"]


def _find_in_rows(
    con: DuckDBPyConnection, folder: Path, field: str, keys: Mapping[str, str], sealed: bool
) -> set[str]:
    """Which keys any file of a table of kept rows holds, in either form."""
    import pyarrow.parquet as pq

    forms = _keys_by_form(keys)
    listed = ", ".join(map(text, forms))
    values = [f"{quote(field)}::varchar"]
    if sealed:
        values.append(f"opened({quote(field)}::varchar)")
    found: set[str] = set()
    for file in sorted(folder.glob("*.parquet")):
        if field not in pq.read_schema(file).names:  # of an older version without the field
            continue
        for value in values:
            query = (
                f"select distinct {value} from read_parquet({text(str(file))}) where {value} in"
                f" ({listed})"
            )
            found.update(*(forms[str(form)] for (form,) in read_rows(con, query)))
    return found


def _keys_by_form(keys: Mapping[str, str]) -> dict[str, set[str]]:
    """The keys that each form may stand for, as given or as the rows hold it."""
    forms: dict[str, set[str]] = {}
    for given, kept in keys.items():
        forms.setdefault(given, set()).add(given)
        forms.setdefault(kept, set()).add(given)
    return forms


def _has_row(con: DuckDBPyConnection, file: Path, condition: str) -> bool:
    query = f"select 1 from read_parquet({text(str(file))}) where {condition} limit 1"
    return con.execute(query).fetchone() is not None


def reseal(
    path: Path,
    versions: Mapping[str, int],
    fields: Sequence[str],
    made: str,
    ready: Callable[[DuckDBPyConnection], None],
) -> dict[str, int]:
    """Encrypt sealed fields under the newest key in the newest version of the tables; every older
    version is deleted with its files.
    """
    import duckdb

    new = dict(versions)
    with duckdb.connect() as con:
        con.execute("set memory_limit='600MB'")
        ready(con)
        swap = ", ".join(f"resealed({quote(f)}) as {quote(f)}" for f in fields)
        for name, changed in (("rows", swap), ("quarantine", "resealed(original) as original")):
            new[name] = _replace_table(
                con,
                path / name,
                f"select * replace ({changed}) from {scan(path / name, versions[name])}",
                made,
            )
    return new


def _replace_table(con: DuckDBPyConnection, table: Path, query: str, made: str) -> int:
    """Make the rows of a query the only version of a table that can still be read."""
    file = new_file(table)
    con.execute(f"copy ({query}) to {text(str(file))} (format parquet)")
    version = commit(table, [file], made)
    keep = {Path(p).name for p in files_of(table, version)}
    for stray in table.glob("*.parquet"):
        if stray.name not in keep:
            stray.unlink()
    return version


class OpenedValue(TypedDict):
    """A value of an encrypted field, and the number of its row."""

    row: int
    value: str | None


def open_values(
    path: Path,
    version: int,
    field: str,
    key: str,
    keys: Sequence[str],
    ready: Callable[[DuckDBPyConnection], None],
    sealed_key: bool,
) -> list[OpenedValue]:
    """The opened values of an encrypted field in the rows of some keys."""
    import duckdb

    with duckdb.connect() as con:
        ready(con)
        named = f"opened({quote(key)})" if sealed_key else f"{quote(key)}::varchar"
        query = (
            f"select _row, opened({quote(field)}) as v from {scan(path / 'rows', version)} where"
            f" {named} in ({', '.join(map(text, keys))}) order by _row"
        )
        return [{"row": row, "value": value} for row, value in con.execute(query).fetchall()]


def _whole_words(values: Sequence[str]) -> str:
    """A regular expression of any of some values that stands by itself."""
    escaped = [re.escape(value).replace("\\-", "-") for value in values]
    return r"(^|[^\w])(" + "|".join(escaped) + r")($|[^\w])"


def find_files_with(store: Path, values: Sequence[str]) -> list[str]:
    """Files of a store in which a value is found: every byte of each, and every cell of its Parquet
    files.
    """
    searched = [*map(str.encode, values), *map(_escaped, values)]
    found: list[str] = []
    for path in sorted(filter(Path.is_file, store.rglob("*"))):
        if _holds_bytes(path, searched) or _holds_cell(path, values):
            found.append(path.relative_to(store).as_posix())
    return found


def _escaped(value: str) -> bytes:
    """A text as it stands inside of one of JSON."""
    return json.dumps(value)[1:-1].encode()


def _holds_bytes(path: Path, searched: Sequence[bytes]) -> bool:
    data = path.read_bytes()
    return any(value in data for value in searched)


def _holds_cell(path: Path, values: Sequence[str]) -> bool:
    """Whether a cell of a file, if that is Parquet, holds one of some values."""
    import pyarrow.parquet as pq

    if path.suffix != ".parquet":
        return False
    return any(_column_holds(column, values) for column in pq.read_table(path).itercolumns())


def _column_holds(column: ChunkedArray[Scalar[DataType]], values: Sequence[str]) -> bool:
    found = column.to_pylist()  # type: ignore[misc]  # the stubs take columns of few types
    cells = {str(cell) for cell in found if cell is not None}
    return any(_is_within(cells, value) for value in values)


def _is_within(cells: Collection[str], value: str) -> bool:
    return any(value in cell for cell in cells)
