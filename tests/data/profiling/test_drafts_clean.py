"""The law of drafts: on clean public tables as packages ship them, what is drafted changes no value
and drops no row.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.util import find_spec
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

import pytest

import mesocosm.data.profiling.profile
from mesocosm.data.engines.bounded_duckdb import open_engine
from mesocosm.data.profiling.proof import read_fields
from mesocosm.data.sources.path_utils import quote

MOST_ROWS, MOST_COLUMNS, MOST_TABLES = 100, 8, 40
BLANK = ("", "na", "n/a", "nan", "null", "?")
PACKAGES = (
    ("sklearn", "datasets/data"),
    ("statsmodels", "datasets"),
    ("vega_datasets", "_data"),
    ("river", "datasets"),
)


Table = tuple[str, list[str], list[list[str]]]


def tables() -> Iterator[Table]:
    """Tables of installed packages, one of each in turn: a name, the header, and the first rows and
    columns.
    """
    return (
        t
        for t in chain.from_iterable(zip_longest(*(shipped(*p) for p in PACKAGES)))
        if t is not None
    )


def shipped(package: str, folder: str) -> Iterator[Table]:
    """The tables that a package ships, none where it is not installed."""
    found = find_spec(package)
    for home in (found.submodule_search_locations or [])[:1] if found else []:
        for path in sorted((Path(home) / folder).rglob("*.csv")):
            if "tests" in path.parts:
                continue
            with path.open(encoding="utf-8-sig", errors="replace") as lines:
                rows = [
                    row for row, _ in zip(csv.reader(lines), range(MOST_ROWS + 1), strict=False)
                ]
            head = [n.strip() for n in rows[0]]
            if (
                len(rows) > 5
                and len({len(r) for r in rows}) == 1
                and len(head) > 1
                and len({n.lower() for n in head}) == len(head)
                and all(n and not n.startswith("_") for n in head)
                and "\ufffd" not in str(rows)
            ):
                yield (
                    f"{package}:{path.stem}",
                    head[:MOST_COLUMNS],
                    [r[:MOST_COLUMNS] for r in rows[1:]],
                )


def same(text: str, value: Any) -> bool:
    """Whether a value says what its cell says: numbers by their figure, days by their date, all
    else by its letters.
    """
    text = text.strip()
    if value is None:
        return text.lower() in BLANK
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    if isinstance(value, int | float):
        return (
            not re.match(r"[-+]?0\d", text) and float(text.replace(",", "")) == value
        )  # a leading zero would be lost
    if isinstance(value, date | datetime):
        if re.search(r"\d[+-]\d\d:\d\d$", text):  # an instant, kept in UTC
            return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None) == value
        parts = set(map(int, re.findall(r"\d+", text)))
        months = {value.month} & parts or value.strftime("%b").lower() in text.lower()
        return value.strftime("%Y%m%d") in re.sub(r"\D", "", text) or bool(
            value.day in parts and months and {value.year, value.year % 100} & parts
        )
    return text == str(value).strip()


def test_a_draft_of_a_clean_table_changes_no_value_and_drops_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns drafted with the same settings are read as one long column, so that all tables cost
    one reading.
    """
    monkeypatch.setattr(
        mesocosm.data.profiling.profile, "propose", lambda *_: []
    )  # proposals are comments: they change nothing
    monkeypatch.setattr(
        mesocosm.data.profiling.profile, "count_unread", lambda *_: {}
    )  # the look alone must be right, not only what is held against all rows
    wrong: list[str] = []
    cells: dict[str, list[tuple[str, str]]] = {}
    seen = 0
    with open_engine(tmp_path) as con:
        for name, head, rows in islice(tables(), MOST_TABLES):
            seen += 1
            fill(con, "t", head, rows)
            made = mesocosm.data.profiling.profile.draft(con, "t")
            said = made.settings()
            kept = {k: v for k, v in said.items() if k not in ("fields", "key")}
            wrong += (
                [f"{name}: {kept}"] if kept else []
            )  # nothing that could drop, merge or mend rows
            wrong += (
                [f"{name}: several rows have one key of {said['key']}"]
                if "key" in said and len({r[head.index(said["key"])] for r in rows}) < len(rows)
                else []
            )
            for n, field in made.fields.items():
                wrong += (
                    [f"{name}.{n}: {json.dumps(field)}"]
                    if {"outliers", "rules", "unreadable", "missing"} & set(field)
                    else []
                )
                plain = {k: v for k, v in field.items() if k != "private"}
                cells.setdefault(json.dumps(plain, sort_keys=True), []).extend(
                    (f"{name}.{n}", r[head.index(n)]) for r in rows
                )
        names = [f"f{i}" for i in range(len(cells))]
        length = max(map(len, cells.values()))
        fill(
            con,
            "all_cells",
            names,
            list(
                zip(
                    *(
                        [c for _, c in told] + [""] * (length - len(told))
                        for told in cells.values()
                    ),
                    strict=True,
                )
            ),
        )
        read_fields(
            con, "all_cells", dict(zip(names, map(json.loads, cells), strict=True)), "built"
        )
        built = con.execute(f"select {', '.join(names)} from built order by rowid").fetchall()
    assert seen >= 30 and len(built) == length, (seen, length, len(built))
    for told, values in zip(cells.values(), zip(*built, strict=True), strict=True):
        wrong += [
            f"{where}: {cell!r} -> {value!r}"
            for (where, cell), value in zip(told, values, strict=False)
            if not same(cell, value)
        ]
    assert not wrong, (len(wrong), wrong[:20])


def fill(con: Any, table: str, head: list[str], rows: list[Any]) -> None:
    """Make a collected table of texts."""
    import pyarrow as pa

    columns = {n: pa.array([r[i] for r in rows], pa.string()) for i, n in enumerate(head)}
    held = pa.table(
        columns
        | {
            "_file": pa.array(["t.csv"] * len(rows)),
            "_line": pa.array(range(2, len(rows) + 2)),
        }
    )
    con.register("held", held)
    con.execute(f"create or replace temp table {quote(table)} as select * from held")
    con.unregister("held")
