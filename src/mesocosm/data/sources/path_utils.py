"""Files a source names: found inside the project, sorted, fingerprinted by content."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError, nearest
from mesocosm.core.files import inside
from mesocosm.core.hashing import digest, digest_file
from mesocosm.core.messages import Message
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.pipeline.internal_names import quote as quote
from mesocosm.data.sources.query_results import read_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def files_of(where: ProjectPaths, path: str) -> list[Path]:
    """The files a path or glob names, sorted by name.

    Raises:
        ConfigValueError: there is none, or one lies outside the project.
    """
    inside(where.root, path.split("*")[0] or ".")
    matches = _match_path(where.root, path)
    files = [inside(where.root, str(p.resolve())) for p in matches if p.is_file()]
    if not files:
        raise ConfigValueError(
            "path", Message("data.no_file", path=path), _expected_file(where.root / path)
        )
    return files


def _match_path(root: Path, path: str) -> list[Path]:
    """What a path or glob matches, sorted; a file of exactly that name goes before any glob."""
    if (root / path).is_file():
        return [root / path]
    return sorted(root / match for match in glob.glob(path, root_dir=root, recursive=True))


def _expected_file(path: Path) -> Message:
    """What was expected in the place of an absent file, with the file of the nearest name."""
    names: list[str] = []
    if path.parent.is_dir():
        names = sorted(p.name for p in path.parent.iterdir() if p.is_file())
    near = nearest(path.name, names)
    if not near:
        return Message("data.file_inside")
    return Message("data.file_inside_near", near=repr(near))


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


def disable_optimizer(con: DuckDBPyConnection, name: str) -> None:
    """Have the engine plan without one of its optimizers, and without those it leaves out already.

    `statistics_propagation` concludes from a file's statistics what no value can be; those of
    Parquet leave NaN out, so `isnan(x)` would be false of every row.
    """
    setting = read_text(con, "select current_setting('disabled_optimizers')") or ""
    names = {one.strip() for one in setting.split(",") if one.strip()} | {name}
    con.execute(f"set disabled_optimizers={text(','.join(sorted(names)))}")
