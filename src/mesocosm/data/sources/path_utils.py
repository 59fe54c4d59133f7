"""Files a source names: found inside the project, sorted, fingerprinted by content."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mesocosm.core.errors import ConfigValueError, nearest
from mesocosm.core.files import inside
from mesocosm.core.hashing import digest, digest_file
from mesocosm.core.messages import Message
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.pipeline.internal_names import PLACE_COLUMNS
from mesocosm.data.pipeline.internal_names import quote as quote


def files_of(where: ProjectPaths, path: str) -> list[Path]:
    """The files a path or glob names, sorted by name.

    Raises:
        ConfigValueError: there is none, or one lies outside the project.
    """
    inside(where.root, path.split("*")[0] or ".")
    found = sorted(where.root / p for p in glob.glob(path, root_dir=where.root, recursive=True))
    if (where.root / path).is_file():
        found = [where.root / path]  # a file of exactly that name
    files = [inside(where.root, str(p.resolve())) for p in found if p.is_file()]
    if not files:
        raise ConfigValueError(
            "path", Message("data.no_file", path=path), _expected_file(where.root / path)
        )
    return files


def _expected_file(path: Path) -> str:
    """What was expected in the place of an absent file, with the file of the nearest name."""
    names: list[str] = []
    if path.parent.is_dir():
        names = sorted(p.name for p in path.parent.iterdir() if p.is_file())
    near = nearest(path.name, names)
    if not near:
        return "a file inside the project"
    return f"a file inside the project (there is {near!r})"


def fingerprint_files(where: ProjectPaths, path: str) -> str:
    """One fingerprint of the names and contents of the files a path names."""
    return digest([(_name(where, p), digest_file(p)) for p in files_of(where, path)])


def _name(where: ProjectPaths, path: Path) -> str:
    return path.relative_to(where.root.resolve()).as_posix()


def name_and_fingerprint(where: ProjectPaths, path: Path) -> tuple[str, str]:
    """A file's name in the project and its fingerprint."""
    return _name(where, path), digest_file(path)


def text(value: str) -> str:
    """A value as a SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def parquet_sql(files: Path | str | Sequence[Path | str], *options: str) -> str:
    """SQL that reads Parquet files and nothing else: no `*` or `[` of a folder's name is a pattern,
    no folder `v=1` becomes a column.

    >>> parquet_sql("a/v=1/x.parquet")
    "read_parquet(['a/v=1/x.parquet'], hive_partitioning=false)"
    >>> parquet_sql(["a[1]/x"], "union_by_name=true")
    "read_parquet(['a[[]1]/x'], union_by_name=true, hive_partitioning=false)"
    """
    each = [files] if isinstance(files, Path | str) else files
    return (
        f"read_parquet([{', '.join(text(literal_path(f)) for f in each)}],"
        f" {', '.join([*options, 'hive_partitioning=false'])})"
    )


def literal_path(file: Path | str) -> str:
    """A path as the engine takes it, where `*`, `?` and `[` would make it a pattern; one with a
    backslash is taken as it is.
    """
    path = str(file)
    return path if "\\" in path else re.sub(r"([*?[])", r"[\1]", path)


def pour(con: Any, name: str, select: str, first: bool) -> None:
    """Create a table from a SELECT, or append to it by column name.

    Raises:
        ConfigValueError: the columns are not those of the table.
    """
    if first:
        con.execute(f"create table {quote(name)} as {select}")
        return
    have = [row[0] for row in con.execute(f"describe {quote(name)}").fetchall()]
    new = [row[0] for row in con.execute(f"describe {select}").fetchall()]
    if set(have) != set(new):
        odd = sorted(c for c in set(have) ^ set(new) if c not in PLACE_COLUMNS)
        raise ConfigValueError(
            "path", Message("data.files_differ", columns=tuple(odd)), Message("data.same_columns")
        )
    con.execute(f"insert into {quote(name)} by name {select}")


def disable_optimizer(con: Any, name: str) -> None:
    """Have the engine plan without one of its optimizers, and without those it leaves out already.

    `statistics_propagation` concludes from a file's statistics what no value can be; those of
    Parquet leave NaN out, so `isnan(x)` would be false of every row.
    """
    setting = con.execute("select current_setting('disabled_optimizers')").fetchall()[0][0] or ""
    names = {one.strip() for one in setting.split(",") if one.strip()} | {name}
    con.execute(f"set disabled_optimizers={text(','.join(sorted(names)))}")
