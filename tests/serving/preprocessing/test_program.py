"""A recipe's program says of a row what DuckDB says of it, or that it is not sure: every kind of
field, every character, random recipes.
"""

from __future__ import annotations

import csv
import json
import math
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import rounds
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.cleaning.missing import IMPUTERS
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.ibis_sql import CALLS, prepare
from mesocosm.data.pipeline.recipe import serving_sql
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, build_snapshot
from mesocosm.data.sources import SOURCES
from mesocosm.data.types import TYPES
from mesocosm.serving.preprocessing.preprocess import DOUBTS, Preprocessor
from mesocosm.serving.preprocessing.row_functions import ODD_CASE, SPACES, Unsure
from mesocosm.serving.preprocessing.row_program import Program, compile_program

pytestmark = pytest.mark.slow

KEY = "ab" * 32
ODD: list[Any] = [
    None,
    "",
    " ",
    "n/a",
    "NULL",
    "?",
    "0",
    "-0",
    "12",
    "12.50",
    "-3",
    "+7",
    " 8 ",
    "1e3",
    "1E400",
    "nan",
    "inf",
    "1_000",
    "0x10",
    "1.169,00",
    "1,234.5",
    "12 cm",
    "1.5m",
    "60 in",
    "5 kg",
    "3万元",
    "$ 100",
    "１７０cm",
    "９",
    "９９９９９９９９９９９９９９９９９",
    "99999999999999999999",
    "9007199254740993",
    "2.5",
    "0.1",
    "7.000000000000001",
    "yes",
    "Yes",
    " no",
    "NO",
    "true",
    "f",
    "1",
    "2024-01-31",
    "31/01/2024",
    "2024年1月31日",
    "2024-07-01T12:00:00Z",
    "+86 138 1234 5678",
    "030 901820",
    "中国",
    "Deutschland",
    "12 n. Main st.",
    "北京市 朝阳区 建国路 93号",
    "Ａ；ｂ",
    "a;b; c",
    "call +44 20 7946 0958",
    "ann@example.org wrote",
    "  ｆｕｌｌ　ｗｉｄｔｈ ",
    "CAFÉ",
    "İstanbul",
    "ΣΑΣ",
    "ﬁle",
    "a'b",
    "tab\there",
    "two\nlines",
    "\u00a0x\u00a0",
    "\u2003y",
    "😀 hi",
    "x" * 300,
    12,
    -4,
    12.5,
    1e22,
    True,
]
SHAPES: dict[
    str, list[dict[str, Any]]
] = {  # settings of each kind of field; every kind stands here
    "address": [{}, {"part": "province"}],
    "boolean": [{}],
    "category": [
        {},
        {"values": ["yes", "no"]},
        {"values": ["yes", "no"], "aliases": {"Deutschland": "yes"}},
    ],
    "country": [{"form": "code"}, {"form": "name"}],
    "date": [{"formats": ["iso", "%d/%m/%Y"]}, {"formats": ["zh"]}],
    "decimal": [{}, {"decimal": ",", "unit": "m", "scale": 4}],
    "identifier": [{"form": "card"}, {"form": "cn_plate"}],
    "image": [{}],
    "integer": [{}, {"absent": ["12"]}, {"unit": "cm"}],
    "list": [{}, {"separator": ",", "values": ["a", "b"]}],
    "number": [
        {},
        {"unit": "m"},
        {"unit": "CNY", "rates": {"USD": 7.2}},
        {"decimal": ","},
        {"absent": ["0", "-3"]},
    ],
    "phone": [{"country": "DE"}],
    "tags": [{"values": ["a", "b"]}],
    "text": [
        {},
        {"unicode": "nfkc", "case": "lower", "spaces": "one"},
        {"case": "upper"},
        {"unicode": "fold"},
    ],
    "time": [{}, {"formats": ["iso", "us"], "zone": "Asia/Shanghai"}],
}


def same(a: Any, b: Any) -> bool:
    """Equal, of one type, the sign of zero too."""
    return type(a) is type(b) and (
        a == b and (not isinstance(a, float) or math.copysign(1, a) == math.copysign(1, b))
    )


def agrees(made: Preprocessor, rows: list[dict[str, Any]]) -> int:
    """Of how many rows the program is sure; what it says of them is what the engine says."""
    assert made.program is not None
    sure = 0
    for row in rows:
        (theirs,) = made._by_engine([row])  # which no value makes fail
        made.doubts = 0
        mine = made._by_program(0, row)
        if mine is None:
            continue
        sure += 1
        assert list(mine) == list(theirs), "columns and their order"
        for name in theirs:
            assert same(mine[name], theirs[name]), (name, row, mine[name], theirs[name])
    return sure


def built(
    home: Path, fields: dict[str, Any], rows: list[dict[str, Any]], **more: Any
) -> Preprocessor:
    """The preparation of a recipe whose facts come from rows."""
    with (home / "a.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(fields))
        writer.writeheader()
        writer.writerows([{k: "" if v is None else str(v) for k, v in row.items()} for row in rows])
    data = Dataset.model_validate({"from": "a", "fields": fields, "split": "none", **more})
    snapshot = build_snapshot(
        "t",
        data,
        {"a": SOURCES["csv"].model_validate({"path": "a.csv"})},
        ProjectPaths(home, home / ".mesocosm"),
        "m",
        KEY,
        BuildOptions(say=lambda _: None),
    )
    sql = serving_sql(
        dict(data.fields), data.rules, snapshot.facts["fields"], KEY, data.repairs, data.anonymity
    )
    return Preprocessor(
        {"sql": sql, "fields": {n: {"may_miss": True, "wanted": ""} for n in fields}},
        prepare,
        CALLS,
    )


def test_every_kind_of_field_has_shapes() -> None:
    assert set(SHAPES) == set(TYPES)


@pytest.mark.parametrize(
    ("kind", "more"), [(k, m) for k, shapes in SHAPES.items() for m in shapes], ids=str
)
def test_a_field_of_any_kind_is_read_by_the_program_as_by_the_engine(
    tmp_path: Path, kind: str, more: dict[str, Any]
) -> None:
    rows = [{"x": v} for v in ODD]
    made = built(tmp_path, {"x": {"type": kind, **more}}, rows)
    sure = agrees(made, rows)
    if (
        kind in ("number", "integer", "category", "boolean")
        and more != {"decimal": ","}
        or kind == "text"
        and not more
    ):
        assert sure > len(rows) / 4, "the program is of use"


@st.composite
def recipes(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    fields: dict[str, Any] = {}
    for name in draw(st.permutations(["a", "b", "c", "d"]))[:3]:
        kind = draw(st.sampled_from(["number", "integer", "category", "text", "boolean"]))
        field = {"type": kind, **draw(st.sampled_from(SHAPES[kind]))}
        fills = (
            [n for n in IMPUTERS if n not in ("constant", "forward")]
            if kind in ("number", "integer")
            else ["keep", "drop", "quarantine", "mode"]
        )
        field["missing"] = draw(st.sampled_from(fills))
        if kind == "number" and draw(st.booleans()):
            field["outliers"] = {
                "method": draw(st.sampled_from(["iqr", "mad", "zscore"])),
                "action": draw(st.sampled_from(["clip", "flag", "null", "quarantine"])),
            }
        if kind == "text" and draw(st.booleans()):
            field["private"] = draw(st.sampled_from(["mask", "pseudonymise", "redact"]))
        fields[name] = field
    more: dict[str, Any] = {}
    numbers = [n for n, f in fields.items() if f["type"] in ("number", "integer")]
    if numbers and draw(st.booleans()):
        rule = draw(
            st.sampled_from(
                [
                    "{0} between 0 and 100",
                    "{0} > 0 and {0} < 50.5",
                    "{0} + 1 < 60 or {0} is null",
                    "{0} * 2 <> 24",
                    "not ({0} in (12, 13))",
                    "abs({0} - 2.5) > 1",
                ]
            )
        )
        more["rules"] = [{"condition": rule.format(numbers[0]), "severity": "quarantine"}]
    return fields, more


@settings(
    max_examples=rounds(8, 150),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=[Phase.generate],
)
@given(recipe=recipes(), seed=st.integers(0, 10_000))
def test_random_recipes_are_said_by_the_program_as_by_the_engine(
    tmp_path_factory: pytest.TempPathFactory, recipe: Any, seed: int
) -> None:
    fields, more = recipe
    rng = random.Random(seed)

    def value() -> Any:
        return rng.choice(
            [
                rng.choice(ODD),
                f"{rng.gauss(40, 30):.2f}",
                str(rng.randrange(90)),
                rng.choice(["yes", "no"]),
                rng.gauss(10, 5),
            ]
        )

    rows = [{n: value() for n in fields} for _ in range(80)]
    try:
        made = built(tmp_path_factory.mktemp("program"), fields, rows, **more)
    except ConfigValueError:
        return  # a recipe that the rows do not fit
    agrees(
        made,
        rows[:60]
        + [{n: rng.choice(["12", 3, 4.5, "yes", None]) for n in fields} for _ in range(20)],
    )


def test_batches_come_in_order_whoever_reads_which_row(tmp_path: Path) -> None:
    rows = [{"x": v} for v in ("1", "1,234.5", 2, None, "9007199254740993", "7")]
    made = built(tmp_path, {"x": {"type": "number", "unit": "m"}}, rows)
    sure = [made._by_program(0, row) is not None for row in rows]
    assert True in sure and False in sure, "some of both"
    assert [json.dumps(r) for r in made.prepare(rows)] == [
        json.dumps(r) for r in made._by_engine(rows)
    ]


def test_a_number_of_json_has_a_point_where_texts_have_a_decimal_comma() -> None:
    fields: Any = {"x": TYPES["number"].model_validate({"type": "number", "decimal": ","})}
    made = Preprocessor(
        {
            "sql": serving_sql(fields, [], {}, KEY),
            "fields": {"x": {"may_miss": True, "wanted": "", "decimal": ","}},
        },
        prepare,
        CALLS,
    )
    rows = [{"x": v} for v in (1.234, 1234.5, 1e-07, 7, "1.234", "1,5", None)]
    assert (
        [r["x"] for r in made.prepare(rows)]
        == [r["x"] for r in made._by_engine(rows)]
        == [1.234, 1234.5, 1e-07, 7.0, 1234.0, 1.5, None]
    )


def test_a_program_that_is_never_sure_is_hardly_asked(tmp_path: Path) -> None:
    made = built(tmp_path, {"x": {"type": "number"}}, [{"x": "1"}])
    assert made.program is not None
    asked: list[Any] = []
    program = made.program
    made.program = type(
        "Told",
        (),
        {"steps": program.steps, "__call__": lambda self, row: asked.append(row) or program(row)},
    )()  # type: ignore[assignment]
    for _ in range(4 * DOUBTS):
        made.prepare([{"x": "9007199254740993"}])
    assert len(asked) < DOUBTS + 8
    for _ in range(DOUBTS + 1):
        (one,) = made.prepare([{"x": "5"}])
    assert one["x"] == 5 and made.doubts == 0, "and it is again, once it knows one"


def test_characters_are_taken_away_and_made_small_as_the_engine_does() -> None:
    every = [
        c for c in map(chr, [*range(1, 0xD800), *range(0xE000, 0x10000), *range(0x1F300, 0x1F700)])
    ]
    with duckdb.connect() as con:
        con.execute("create table t as select unnest(?::varchar[]) as c", [every])
        trimmed = dict(con.execute("select c, trim(c || 'x' || c) from t").fetchall())
        lower = dict(con.execute("select c, lower(c) from t").fetchall())
        sizes = con.execute(
            "select c, strlen(c), length(c), right('ab' || c, 2), substring(c || 'bc', 2, 1) from t"
        ).fetchall()
    assert [c for c in every if trimmed[c] != (c + "x" + c).strip(SPACES)] == []
    assert [c for c in every if not ODD_CASE.search(c) and lower[c] != c.lower()] == []
    assert sum(not ODD_CASE.search(c) for c in every) > 20_000, "most of what is written"
    assert all(
        (size, length, right, second) == (len(c.encode()), 1, "b" + c, "b")
        for c, size, length, right, second in sizes
    )


SQL = (
    'select "_row", try_cast("a" as double) as d, try_cast("a" as bigint) as i, round(try_cast("a"'
    ' as double), 1) as r, "a" < \'b\' as l, coalesce("a" = \'1\' or "a" is null, false) as o from'
    " incoming"
)


@settings(max_examples=rounds(400, 5000), deadline=None)
@given(
    st.text("0123456789+-.eE_ \tinfatyxI,é", max_size=18)
    | st.floats(allow_nan=False).map(repr)
    | st.integers().map(str)
    | st.text(max_size=4)
)
@example("-0")
@example("0.25")
@example("-0.05")
@example("2.675")
def test_texts_are_numbers_where_the_engine_says_so(said: str) -> None:
    if "\0" in said or any("\ud800" <= c <= "\udfff" for c in said):
        return
    try:
        mine = PROGRAM([0, said])
    except Unsure:
        return
    theirs = dict(
        zip(
            mine,
            ENGINE.execute(
                f"with incoming as (select 0::bigint as _row, ?::varchar as a) {SQL}", [said]
            ).fetchall()[0],
            strict=True,
        )
    )
    assert all(same(mine[k], theirs[k]) for k in mine), (mine, theirs)


PROGRAM, ENGINE = Program(SQL, "incoming", ["a"], {}), duckdb.connect()


@pytest.mark.parametrize(
    "sql",
    [
        "select *, row_number() over () from incoming",
        "select count(*) from incoming",
        "select * from incoming where a = '1'",
        "select * from incoming join incoming as b using (a)",
        "select a from elsewhere",
        "select * from incoming limit 1",
        "select a from incoming union all select a from incoming",
        "select a from incoming group by a",
        "select distinct a from incoming",
    ],
)
def test_sql_over_several_rows_has_no_program(sql: str) -> None:
    assert compile_program(sql, "incoming", ["a"], {}) is None


@pytest.mark.parametrize(
    "part",
    [
        "soundex(a)",
        "a + 1",
        "a > 1",
        "a::date",
        "a like 'x%'",
        "md5(a)",
        "a || 1",
        "case when a then 1 end",
        "greatest(1, a)",
        "coalesce(1, 2.5)",
    ],
)
def test_what_the_program_does_not_know_it_leaves_to_the_engine(part: str) -> None:
    made = compile_program(f"select {part} as x from incoming", "incoming", ["a"], {})
    assert made is not None
    with pytest.raises(Unsure):
        made([0, "1"])
