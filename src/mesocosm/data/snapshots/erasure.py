"""A subject erased from the tables of a dataset: files rewritten without it, older versions gone.

Knows Delta tables and their files. Knows nothing of the catalog.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mesocosm.data.snapshots.delta_tables import commit, files_of, new_file, scan
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.types.field import FieldKind


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
        found = con.execute(
            f"with _read as ({read}) select k::varchar from ({hidden}) order by _row"
        ).fetchall()
    return [
        str(row[0]) if row[0] is not None else key for row, key in zip(found, keys, strict=True)
    ]


def mark(key: str, secret: str) -> str:
    """The mark of a key (see `gone.mark_of`)."""
    import duckdb

    from mesocosm.data.pipeline import ibis_sql
    from mesocosm.data.snapshots.retention import mark_of

    table = ibis_sql.table("incoming", {"k": "string"})
    with duckdb.connect() as con:
        con.execute("create table incoming as select ?::varchar as k", [key])
        return str(
            con.execute(ibis_sql.to_sql(table.select(m=mark_of(table.k, secret)))).fetchall()[0][0]
        )


def of_keys(
    field: str, kept: Sequence[str], said: Sequence[str], sealed: str | None = None
) -> dict[str, str]:
    """For each table, SQL that is true for the rows of some keys.

    Args:
        kept: the keys as `rows` holds them.
        said: the keys as they were said, which quarantined originals hold.
        sealed: SQL that opens the field, where it is encrypted.
    """
    listed = ", ".join(map(text, [*kept, *said] if sealed else kept))
    original = f"json_extract_string(original, {text('$.' + quote(field))})"
    own = (
        "coalesce(case when json_valid(original) then"
        f" {f'opened({original})' if sealed else original} end in"
        f" ({', '.join(map(text, [*kept, *said]))}), false)"
    )
    aside = f"({own} or {in_text(said)})"
    return {
        "rows": f"coalesce({sealed or quote(field) + '::varchar'} in ({listed}), false)",
        "quarantine": aside,
    }


def in_text(said: Sequence[str]) -> str:
    """SQL that is true for quarantined lines whose original or reason names one of some keys."""
    form = text(_whole(said))
    return (
        f"coalesce(regexp_matches(original, {form}), false) or coalesce(regexp_matches(reason,"
        f" {form}), false)"
    )


def of_age(field: str, kind: FieldKind, first: str) -> dict[str, str]:
    """For each table, SQL that is true for rows older than a day (ISO 8601); what was set aside is
    told by its original, in the field's formats.
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
    ready: Callable[[Any], None] = lambda con: None,
) -> tuple[dict[str, int], dict[str, int], list[int]]:
    """Erase rows from the newest version of each table, and every older version whole.

    Args:
        path: the folder of the dataset's tables.
        versions: the newest version of `rows`, `quarantine` and `duplicates`.
        gone: SQL for `rows` and `quarantine`, true for the rows that go; copies go with the rows
            they copy.
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
            which = gone.get(
                name,
                f"coalesce(_row in ({', '.join(map(str, rows)) or 'null'}) or kept in"
                f" ({', '.join(map(str, rows)) or 'null'}), false)",
            )
            if name == "rows":
                rows = [
                    r[0] for r in con.execute(f"select _row from {table} where {which}").fetchall()
                ]
            lost[name] = int(
                con.execute(f"select count(*) from {table} where {which}").fetchall()[0][0]
            )
            new[name] = _anew(con, path / name, f"select * from {table} where not {which}", made)
    return new, lost, rows


def held_in(
    path: Path,
    field: str | None,
    keys: Mapping[str, str],
    sealed: bool,
    ready: Callable[[Any], None] = lambda con: None,
) -> set[str]:
    """Which keys any version of a dataset's tables, also an older one, holds; a version whose field
    was hidden otherwise is asked for both forms of a key.

    Args:
        path: the folder of the dataset's tables.
        field: of the key in `rows`; None where only the quarantine can name it.
        keys: each as it was said, with the form in which `rows` holds it.
        sealed: whether the field is encrypted.
    """
    import duckdb
    import pyarrow.parquet as pq

    found: set[str] = set()
    forms: dict[str, set[str]] = {}
    for said, kept in keys.items():
        for form in (said, kept):
            forms.setdefault(form, set()).add(said)
    listed = ", ".join(map(text, forms))
    with duckdb.connect() as con:
        con.execute("set memory_limit='600MB'")
        ready(con)
        for file in sorted((path / "rows").glob("*.parquet")):
            if (
                not field or field not in pq.read_schema(file).names
            ):  # of an older version without the field
                continue
            for value in (
                f"{quote(field)}::varchar",
                *([f"opened({quote(field)}::varchar)"] if sealed else []),
            ):
                query = (
                    f"select distinct {value} from read_parquet({text(str(file))}) where {value} in"
                    f" ({listed})"
                )
                found |= {
                    said for row in con.execute(query).fetchall() for said in forms[str(row[0])]
                }
        for said, kept in keys.items():
            aside = (
                of_keys(field, [kept], [said], "sealed" if sealed else None)["quarantine"]
                if field
                else in_text([said])
            )
            for file in (
                sorted((path / "quarantine").glob("*.parquet")) if said not in found else ()
            ):
                if con.execute(
                    f"select 1 from read_parquet({text(str(file))}) where {aside} limit 1"
                ).fetchone():
                    found.add(said)
                    break
    return found


def reseal(
    path: Path,
    versions: Mapping[str, int],
    fields: Sequence[str],
    made: str,
    ready: Callable[[Any], None],
) -> dict[str, int]:
    """Seal encrypted fields anew in the newest version of the tables; every older version is gone
    with its files.
    """
    import duckdb

    new = dict(versions)
    with duckdb.connect() as con:
        con.execute("set memory_limit='600MB'")
        ready(con)
        swap = ", ".join(f"resealed({quote(f)}) as {quote(f)}" for f in fields)
        for name, changed in (("rows", swap), ("quarantine", "resealed(original) as original")):
            new[name] = _anew(
                con,
                path / name,
                f"select * replace ({changed}) from {scan(path / name, versions[name])}",
                made,
            )
    return new


def _anew(con: Any, table: Path, query: str, made: str) -> int:
    """Make what a query gives the only version of a table that can still be read."""
    file = new_file(table)
    con.execute(f"copy ({query}) to {text(str(file))} (format parquet)")
    version = commit(table, [file], made)
    keep = {Path(p).name for p in files_of(table, version)}
    for stray in table.glob("*.parquet"):
        if stray.name not in keep:
            stray.unlink()
    return version


def find(
    path: Path,
    version: int,
    field: str,
    key: str,
    keys: Sequence[str],
    ready: Callable[[Any], None],
    sealed_key: bool,
) -> list[dict[str, Any]]:
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


def _whole(values: Sequence[str]) -> str:
    """A regular expression of any of some values that stands by itself."""
    import re

    return (
        r"(^|[^\w])(" + "|".join(re.escape(v).replace("\\-", "-") for v in values) + r")($|[^\w])"
    )


def found_in(store: Path, values: Sequence[str]) -> list[str]:
    """Files of a store in which a value is found: every byte of each, and every cell of its Parquet
    files.
    """
    import pyarrow.parquet as pq

    found = []
    wanted = [v.encode() for v in values] + [json.dumps(v)[1:-1].encode() for v in values]
    for path in sorted(p for p in store.rglob("*") if p.is_file()):
        data = path.read_bytes()
        hit = any(w in data for w in wanted)
        if not hit and path.suffix == ".parquet":
            table = pq.read_table(path)
            for column in table.itercolumns():
                cells = {str(v) for v in column.to_pylist() if v is not None}
                hit = hit or any(v in cell for cell in cells for v in values)
        if hit:
            found.append(path.relative_to(store).as_posix())
    return found
