"""Any name of a column: the same data under hostile and under plain names give the same rows,
answers and accounts.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.core.settings import ProjectPaths
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline import recipe
from mesocosm.data.pipeline.ibis_sql import CALLS, prepare
from mesocosm.data.pipeline.internal_names import (
    LINEAGE_COLUMNS,
    find_name_problem,
    find_same_but_case,
    name_entry,
    quote,
    raw_names,
    split_entries,
)
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, Snapshot, build_snapshot
from mesocosm.data.snapshots.delta_tables import page_of, read_table
from mesocosm.data.snapshots.versions import diff
from mesocosm.data.sources import SOURCES
from mesocosm.serving.preprocessing.preprocess import Preprocessor

ROWS = 40
ODD = [
    "g",
    "n",
    "x",
    "a",
    "b",
    "s",
    "v",
    "w",
    "c",
    "t",
    "l",
    "k",
    "h",
    "p",
    "q",
    "f",
    "r",
    "n0",
    "q0",
    "m0",
    "s0",
    "r_s0",
    "d_s0",
    "s0_sign",
    "p0",
    "a0",
    "b0",
    "c0",
    "self",
    "None",
    "exprs",
    "value",
    "values",
    "count",
    "part",
    "rows",
    "row",
    "id",
    "split",
    "place",
    "total",
    "score",
    "label",
    "text",
    "probability",
    "prediction",
    "answer",
    "inputs",
    "parameters",
    "reason",
    "original",
    "kept",
    "judge",
    "said",
    "name",
    "_stage",
    "_raw",
    "_x",
    "_key",
    "_id",
    "__v",
    "_group",
    "_g",
    "_s0",
    "_taught",
    "emoji 😀",
    "it's",
    'say "hi"',
    '""',
    "`tick`",
    "a.b",
    "a/b",
    "a\\b",
    "{brace}",
    "{}",
    "$dollar",
    "${X}",
    "%s",
    "100%",
    " lead",
    "trail ",
    "semi;colon",
    ";",
    "comma,name",
    "colon: x",
    "new\nline",
    "cr\rname",
    "tab\there",
    "列名",
    "年龄",
    "עברית",
    "مرحبا",
    "x" * 300,
    "-",
    "--",
    "/*",
    "*/",
    "?",
    "*",
    "[x]",
    "(y)",
    "<script>alert(1)</script>",
    "&amp;",
    "#h",
    "@at",
    "|",
    "~",
    "'; drop table _raw; --",
    "0",
    "1.5",
    "NaN",
    "true",
    "é",
    "e\u0301",
    "ß",
    "\u200b",
    "\ufeffbom",
    "__class__",
    "__proto__",
    "constructor",
    "model_dump",
    "schema",
    "columns",
    "incoming",
    "fields",
    "data",
    "type",
    "from",
    "column",
]


def made(
    home: Path,
    names: list[str],
    settings_: list[dict[str, Any]],
    cells: list[list[str]],
    more: dict[str, Any],
) -> tuple[Snapshot, Any, Dataset]:
    home.mkdir()
    ids = [f"r{i}" for i in range(ROWS)]
    pq.write_table(
        pa.table({"nr_": ids, **dict(zip(names, cells, strict=True))}), home / "d.parquet"
    )
    fields = {
        "nr_": {"type": "text", "private": "pseudonymise"},
        **dict(zip(names, settings_, strict=True)),
    }
    dataset = Dataset.model_validate({"from": "s", "key": "nr_", "fields": fields, **more})
    source = SOURCES["parquet"].model_validate({"type": "parquet", "path": "d.parquet"})
    found = build_snapshot(
        "d",
        dataset,
        {"s": source},
        ProjectPaths(home, home / ".mesocosm"),
        "made",
        "ab" * 32,
        BuildOptions(say=lambda _: None),
    )  # type: ignore[dict-item]
    path = home / ".mesocosm" / "datasets" / "d" / "rows"
    assert page_of(path, found.delta["rows"], list(fields), 0, 1)[0].keys() >= set(names)
    return found, read_table(path, found.delta["rows"]), dataset


def rounded(value: Any) -> Any:
    """A JSON value whose last digits do not hang on the order in which threads add up."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return float(f"{value:.12g}") if isinstance(value, float) else value


def report_of(found: Snapshot, names: list[str]) -> Any:
    """What the report says, each name as its number."""
    r = found.report
    keys = ("before", "after", "treated", "mended", "examples")
    by_name = {k: [rounded(r[k].get(n)) for n in names] for k in keys}
    missing = [(sorted(names.index(n) for n in p["missing"]), p["rows"]) for p in r["patterns"]]
    return (
        by_name,
        sorted(missing),
        found.account,
        r["anonymity"] and {k: r["anonymity"][k] for k in ("loss", "groups", "smallest")},
    )


@pytest.mark.parametrize("part", [1])
def test_every_step_takes_any_name(tmp_path: Path, part: int) -> None:
    draw = random.Random(part)
    names = [*ODD[part::9], "semi;colon", "v", "n0", "g"][-12:]
    names = list(dict.fromkeys(names))
    kinds = [("category", "number", "integer")[i % 3] for i in range(len(names))]
    cells = [
        [
            (
                draw.choice("abc") * 4
                if k == "category"
                else str(draw.randrange(60))
                if draw.random() > 0.1
                else ""
            )
            for _ in range(ROWS)
        ]
        for k in kinds
    ]
    each: dict[str, dict[str, Any]] = {
        "category": {"type": "category", "missing": "mode"},
        "number": {
            "type": "number",
            "missing": "median",
            "outliers": {"method": "iqr", "action": "flag"},
        },
        "integer": {"type": "integer", "missing": "mean", "rules": [{"type": "range", "min": 0}]},
    }
    plain = [f"c{i}" for i in range(len(names))]
    both = []
    for use in (names, plain):
        of = {k: [n for n, kind in zip(use, kinds, strict=True) if kind == k] for k in each}
        of["category"], a, b = of["category"][2:], *of["category"][:2]
        more = {
            "repairs": [
                {
                    "method": "dependency",
                    "from": of["category"],
                    "to": a,
                    "share": 0.51,
                    "min": 2,
                },
                {"method": "spelling", "of": [a, b]},
                {"method": "moved", "from": a, "to": b},
            ],
            "rules": (
                [f"{quote(n)} < 58 or {quote(n)} is null" for n in of["number"]]
                + [{"type": "unique", "of": [*of["integer"], of["number"][0]]}]
            ),
            "anonymity": {"of": [of["integer"][0], of["number"][0]], "k": 3},
            "split": {"test": 0.25, "stratify": b},
            "duplicates": {"by": of["integer"][:2]},
        }
        found, table, dataset = made(
            tmp_path / use[0][:1].encode().hex(), use, [each[k] for k in kinds], cells, more
        )
        sql = recipe.serving_sql(
            dataset.fields,
            dataset.rules,
            found.facts["fields"],
            "ab" * 32,
            dataset.repairs,
            dataset.anonymity,
        )
        ready = Preprocessor(
            {
                "sql": sql,
                "fields": {n: {"may_miss": True, "wanted": "a value"} for n in dataset.fields},
            },
            prepare,
            CALLS,
        )
        raw = [
            {"nr_": f"r{j}", **{n: c[j] or None for n, c in zip(use, cells, strict=True)}}
            for j in range(4)
        ]
        served = [[row["_why"] is None, *(row[n] for n in use)] for row in ready._by_engine(raw)]
        single = [
            [row["_why"] is None, *(row[n] for n in use)]
            for one in raw
            for row in ready.prepare([one])
        ]
        assert served == single
        path = tmp_path / use[0][:1].encode().hex() / ".mesocosm" / "datasets" / "d" / "rows"
        stays = diff(
            path,
            found.delta["rows"],
            found.delta["rows"],
            {n: f.ibis_type for n, f in dataset.fields.items()},
            "nr_",
        )
        assert stays["rows"]["changed"] == 0 and all(
            f["psi"] in (0.0, None) for f in stays["fields"].values()
        )
        split = table.column("_split").to_pylist()
        flags = [
            [use.index(n) for n in split_entries(f)] for f in table.column("_flags").to_pylist()
        ]
        both.append(
            (
                table.select(use).rename_columns(plain).to_pydict(),
                split,
                flags,
                served,
                report_of(found, use),
            )
        )
    for hard, easy in zip(*both, strict=True):
        assert hard == easy


NAMES = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"),
    min_size=1,
    max_size=12,
)


@settings(max_examples=20)
@given(st.lists(NAMES, min_size=1, max_size=8, unique=True))
def test_names_of_raw_columns_and_lists_of_names_are_told_apart(names: list[str]) -> None:
    known = raw_names([*names, "_row", "_Row"])
    low = [k.lower() for k in known.values()]
    assert len(set(low)) == len(low) and not set(low) & LINEAGE_COLUMNS
    with duckdb.connect() as con:
        con.execute(
            "create table t (_row int, _why int,"
            f" {', '.join(f'{quote(k)} int' for k in known.values())})"
        )
    able = [n for n in names if find_name_problem(n) is None]
    assert split_entries("".join(map(name_entry, able))) == able


def test_names_that_no_field_can_have() -> None:
    assert all(find_name_problem(n) for n in ("_row", "_SPLIT", "_why", "", " ", "a\x1fb", "a\x00"))
    assert (
        find_same_but_case(["a", "b", "A"]) == ("a", "A") and find_same_but_case(["a", "b"]) is None
    )
