"""A reading is right or refused with its reason: texts of `readings.yaml`, read through the very
SQL that builds and serves.
"""

from __future__ import annotations

import math
import random
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from conftest import rounds
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mesocosm.data.parsing.numbers import Figure, Refused, parse_figure
from mesocosm.data.parsing.timestamps import read_day
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.profiling.column_readings import prove_day_month_order, prove_decimal_mark
from mesocosm.data.types import TYPES

GROUPS: list[dict[str, Any]] = [
    group
    for name in ("readings.yaml", "readings_chinese.yaml")
    for group in yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module")
def con() -> Any:
    with duckdb.connect() as engine:
        ibis_sql.prepare(engine)
        yield engine


def test_the_oracle_is_long_and_says_why() -> None:
    cells = [group.get(part, {}) for group in GROUPS for part in ("read", "refused")]
    assert sum(map(len, cells)) >= 650 and all(
        why for group in GROUPS for why in group.get("refused", {}).values()
    )


def right(value: Any, want: Any, settings: dict[str, Any]) -> bool:
    """Whether a value is the one wanted, of its type too; a converted figure may differ in the last
    bit of a double.
    """
    if settings["type"] == "decimal":
        return isinstance(value, Decimal) and value == Decimal(want)
    if isinstance(want, float) and settings.get("unit"):
        return isinstance(value, float) and math.isclose(value, want, rel_tol=2.3e-16)
    return (
        str(value) == want if isinstance(want, str) else type(value) is type(want) and value == want
    )


@pytest.mark.parametrize(
    "group", GROUPS, ids=lambda g: " ".join(str(v) for v in g["settings"].values())
)
def test_a_text_is_read_exactly_or_refused_with_its_reason(con: Any, group: dict[str, Any]) -> None:
    settings, reads, refuses, missing = (
        group["settings"],
        group.get("read", {}),
        group.get("refused", {}),
        group.get("missing", []),
    )
    texts = [*reads, *refuses, *missing]
    kind: Any = TYPES[settings["type"]].model_validate(settings)
    facts = {"x": kind.fit_units([])} if settings.get("unit") else {}
    con.execute(
        "create or replace table _raw as select unnest(?::bigint[]) as _row, 0::int as _part,"
        " 0::bigint as _line, unnest(?::varchar[]) as x",
        [list(range(len(texts))), texts],
    )
    rows = con.execute(
        "select x, _why from"
        f" ({recipe.read_sql({'x': kind}, facts, '_raw', {'x': 'string'}, recipe.LINEAGE)}) order"
        " by _row"
    ).fetchall()
    wrong = {}
    for text, (value, why) in zip(texts, rows, strict=True):
        if text in reads:
            good = why is None and right(value, reads[text], settings)
        else:
            good = value is None and (
                refuses[text] in (why or "") if text in refuses else why is None
            )
        if not good:
            wrong[text] = (value, why)
    assert not wrong


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"type": "text"}, ["", " "]),
        ({"type": "text", "null": ["", "NA"]}, ["", "NA", " NA "]),
        ({"type": "number"}, ["", "NA", "n/a", "NaN", "null", "?"]),
        ({"type": "country"}, ["N/A", "?"]),
        ({"type": "category", "values": ["?", "yes"]}, ["NA", ""]),
        ({"type": "category", "null": "-"}, ["-"]),
        ({"type": "integer", "null": [-999]}, ["-999"]),
    ],
    ids=str,
)
def test_null_words_are_a_field_s_own(
    con: Any, settings: dict[str, Any], missing: list[str]
) -> None:
    kind: Any = TYPES[settings["type"]].model_validate(settings)
    con.execute(
        "create or replace table _raw as select 0::bigint as _row, 0::int as _part, 0::bigint as"
        " _line, unnest(?::varchar[]) as x",
        [missing],
    )
    assert set(
        con.execute(
            "select x, _why from"
            f" ({recipe.read_sql({'x': kind}, {}, '_raw', {'x': 'string'}, recipe.LINEAGE)})"
        ).fetchall()
    ) == {(None, None)}


@pytest.mark.parametrize("kind", ["number", "decimal"])
def test_a_column_that_shows_both_marks_reads_only_what_has_one_reading(
    con: Any, kind: str
) -> None:
    cells = {
        "12.5": 12.5,
        "12,5": None,
        "1,234": None,
        "1.234,50": None,
        "1,234.50": 1234.5,
        "0.12": 0.12,
        "1234": 1234,
        "1234.50": 1234.5,
        "1.234": None,
        "-12.345": None,
        "0.123": 0.123,
        "1234.567": 1234.567,
    }
    field: Any = TYPES[kind].model_validate(
        {"type": kind} | ({"scale": 4} if kind == "decimal" else {})
    )
    con.execute(
        "create or replace table _raw as select unnest(?::bigint[]) as _row, 0::int as _part,"
        " 0::bigint as _line, unnest(?::varchar[]) as x",
        [list(range(len(cells))), list(cells)],
    )
    rows = con.execute(
        "select x, _why from"
        f" ({recipe.read_sql({'x': field}, {'x': {'decimal': 'mixed'}}, '_raw', {'x': 'string'}, recipe.LINEAGE)})"
        " order by _row"
    ).fetchall()
    assert [None if v is None else float(v) for v, _ in rows] == list(cells.values()) and all(
        (v is None) != (w is None) for v, w in rows
    )


def test_what_a_column_proves() -> None:
    assert [
        prove_decimal_mark(v).reading
        for v in (["12,5"], ["1.234,56"], ["12.5"], ["1,234,567"], ["1.234.567"], ["12"])
    ] == [",", ",", ".", ".", ",", None]
    assert (
        prove_decimal_mark(["1,234", "2,345"]).ambiguous
        and prove_decimal_mark(["1.234"]).ambiguous
        and prove_decimal_mark(["12,5", "12.5"]).mixed
    )
    assert (
        prove_day_month_order(["03/04/2024", "31/01/2024"]).reading == "dmy"
        and prove_day_month_order(["03/04/2024"]).ambiguous
    )


@given(
    st.integers(-(10**15), 10**15),
    st.integers(0, 4),
    st.sampled_from([(".", ","), (",", "."), (".", "'"), (".", " "), (",", " ")]),
)
def test_a_number_written_in_a_locale_comes_back_exactly_or_is_refused(
    whole: int, places: int, marks: tuple[str, str]
) -> None:
    point, group = marks
    true = Decimal(whole).scaleb(-places)
    text = f"{true:,.{places}f}".replace(",", "\x00").replace(".", point).replace("\x00", group)
    read = parse_figure(text, point)
    assert isinstance(read, Figure) and Decimal(read.number) == true
    other = parse_figure(text, "," if point == "." else ".")
    assert (
        isinstance(other, Refused)
        or Decimal(other.number) == true
        or prove_decimal_mark([text]).reading is None
    )


def said(texts: list[str], settings: dict[str, Any], con: Any) -> list[Any]:
    """What a field reads of texts, by the engine."""
    kind: Any = TYPES[settings["type"]].model_validate(settings)
    con.execute(
        "create or replace table _raw as select unnest(?::bigint[]) as _row, 0::int as _part,"
        " 0::bigint as _line, unnest(?::varchar[]) as x",
        [list(range(len(texts))), texts],
    )
    return [
        row[0]
        for row in con.execute(
            "select x from"
            f" ({recipe.read_sql({'x': kind}, {}, '_raw', {'x': 'string'}, recipe.LINEAGE)}) order"
            " by _row"
        ).fetchall()
    ]


ORDER_OF = {"en_US": "mdy", "en_GB": "dmy", "de": "dmy", "fr": "dmy", "es": "dmy", "zh": "ymd"}


@settings(max_examples=rounds(25, 300), deadline=None)
@given(st.dates(date(1970, 1, 1), date(2067, 12, 31)))
def test_a_date_written_in_a_locale_comes_back_exactly_or_is_refused(day: date) -> None:
    from babel.dates import format_date

    for locale, order in ORDER_OF.items():
        for width in ("short", "medium", "long"):
            text = format_date(day, width, locale=locale)
            right = {read_day(text, form) for form in (order, "zh")} - {None}
            assert right == {day.isoformat()}, (locale, width, text)
            other = read_day(text, "mdy" if order == "dmy" else "dmy")
            proof = prove_day_month_order([text])
            if other not in (
                None,
                day.isoformat(),
            ):  # only where its own digits fit both orders, and that is known
                assert proof.ambiguous or proof.reading in (order, None) and width == "short", (
                    locale,
                    width,
                    text,
                    other,
                )
            if proof.reading:
                assert proof.reading == order, (locale, width, text)


@settings(max_examples=rounds(40, 500), deadline=None)
@given(
    st.decimals(-(10**12), 10**12, places=3, allow_nan=False),
    st.sampled_from(
        [
            "en",
            "de",
            "fr",
            "es",
            "it",
            "de_CH",
            "en_IN",
            "pt_BR",
            "ru",
            "zh",
            "pl",
            "ja",
            "sv",
            "fa",
            "ar_EG",
            "hi",
        ]
    ),
)
def test_a_number_written_by_babel_in_a_locale_comes_back_exactly_or_is_refused(
    true: Decimal, locale: str
) -> None:
    from babel.numbers import format_decimal, get_decimal_symbol

    text, mark = (
        format_decimal(
            true, format="#,##,##0.###" if locale in ("en_IN", "hi") else "#,##0.###", locale=locale
        ).strip("\u200e\u200f\u061c"),
        get_decimal_symbol(locale),
    )
    read = parse_figure(text, mark if mark in ".," else ".")
    assert isinstance(read, Figure) and Decimal(read.number) == true, (text, read)
    other = parse_figure(text, "," if mark == "." else ".")
    proof = prove_decimal_mark([text])
    assert (
        isinstance(other, Refused)
        or Decimal(other.number) == true
        or proof.ambiguous
        or proof.reading == mark
    ), (text, other, proof)


@settings(max_examples=rounds(5, 50), deadline=None)
@given(
    st.lists(st.decimals(-(10**15), 10**15, places=2, allow_nan=False), min_size=40, max_size=40)
)
def test_a_decimal_is_exact_to_its_last_digit(con: Any, values: list[Decimal]) -> None:
    assert said([f"{v}" for v in values], {"type": "decimal"}, con) == values
    assert said([f"{v:,} " for v in values], {"type": "decimal"}, con) == values
    assert said([f"{v}5" for v in values], {"type": "decimal"}, con) == [None] * len(values), (
        "nothing is rounded"
    )


def test_a_moment_with_a_count_is_the_same_in_every_unit(con: Any) -> None:
    moments = [datetime(1970, 1, 1), datetime(2026, 3, 5, 10, 15, 0, 123456), datetime(2262, 4, 11)]
    for unit, form in ((10**6, "epoch_us"), (10**9, "epoch_ns")):
        texts = [
            str(
                int((m - datetime(1970, 1, 1)).total_seconds()) * unit
                + m.microsecond * unit // 10**6
            )
            for m in moments
        ]
        assert said(texts, {"type": "time", "formats": [form]}, con) == moments


@pytest.mark.parametrize(
    ("settings", "reads", "refuses"),
    [
        (
            {"type": "date", "formats": ["iso", "dmy"]},
            {
                "05-OCT-12": "2012-10-05",
                "5. März 2024": "2024-03-05",
                "March 5, 2024": "2024-03-05",
            },
            [
                "epoch",
                "Infinity",
                "-infinity",
                "<5 March 2024",
                "5 March 2024?",
                "-5 March 2024",
                "(5 March 2024)",
                "~ 5 March 2024",
            ],
        ),
        (
            {"type": "time"},
            {"2024-03-05": "2024-03-05 00:00:00"},
            ["epoch", "EPOCH", " infinity", "-infinity"],
        ),
        (
            {"type": "date", "formats": ["ymd", "dmy"]},
            {"31/03/99": "1999-03-31", "2024/03/05": "2024-03-05"},
            ["05/03/24"],
        ),
    ],
)
def test_a_text_of_a_reviewer_is_read_exactly_or_refused(
    con: Any, settings: dict[str, Any], reads: dict[str, Any], refuses: list[str]
) -> None:
    kind: Any = TYPES[settings["type"]].model_validate(settings)
    texts = [*reads, *refuses]
    facts = {"x": kind.fit_units([])} if settings.get("unit") else {}
    con.execute(
        "create or replace table _raw as select unnest(?::bigint[]) as _row, 0::int as _part,"
        " 0::bigint as _line, unnest(?::varchar[]) as x",
        [list(range(len(texts))), texts],
    )
    found = dict(
        con.execute(
            "select _row, x from"
            f" ({recipe.read_sql({'x': kind}, facts, '_raw', {'x': 'string'}, recipe.LINEAGE)})"
        ).fetchall()
    )
    assert {
        text: found[i] if isinstance(reads.get(text), int) or found[i] is None else str(found[i])
        for i, text in enumerate(texts)
    } == reads | dict.fromkeys(refuses)


def test_what_stays_open_is_asked() -> None:
    assert (
        prove_decimal_mark(["1,234 m2", "2,345 kg/m3"]).ambiguous
        and prove_decimal_mark(["1,234E+03"]).ambiguous
    )
    assert (
        prove_decimal_mark(["1,234 m2", "2,5 m2"]).reading == ","
        and prove_decimal_mark(["1.234E+03"]).reading == "."
    )
    assert prove_decimal_mark(["3-5", "1,234 (2)", "1,234-2,345"]).open == ()
    assert (
        prove_day_month_order(["03 04 2024"]).ambiguous
        and prove_day_month_order(["03 13 2024"]).reading == "mdy"
    )


@pytest.mark.parametrize(
    "form",
    [
        "%d/%d/%Y",
        "%d/%m",
        "%m/%Y",
        "%Y-%W",
        "%H:%M",
        "%Q/%m/%Y",
        "%Y-%m-%d %",
        "%Y-%m-%d %I:%M",
        "%-B %d %Y",
        "plain",
    ],
)
@pytest.mark.parametrize("kind", ["date", "time"])
def test_a_format_that_leaves_a_part_of_the_day_open_is_refused(kind: str, form: str) -> None:
    with pytest.raises(ValidationError):
        TYPES[kind].model_validate({"type": kind, "formats": [form]})


@pytest.mark.parametrize(
    "form",
    [
        "%b %d, %Y",
        "%A %d %B %Y",
        "%-d/%-m/%y",
        "%Y%j",
        "%G-W%V-%u",
        "%x",
        "%m/%d/%Y %I:%M %p",
        "%Y-%m-%dT%H:%M:%S.%f%z",
    ],
)
@pytest.mark.parametrize("kind", ["date", "time"])
def test_a_format_of_a_whole_day_is_taken(kind: str, form: str) -> None:
    TYPES[kind].model_validate({"type": kind, "formats": [form]})


@pytest.mark.parametrize("mark", [".", ",", "mixed"])
def test_a_whole_number_is_the_text_s_exact_value_or_refused(con: Any, mark: str) -> None:
    draw = random.Random(mark)
    texts = [
        "1.500000000000000000e+03",
        "0.000000000000000000e+00",
        "30000000000000000000001e-22",
        "1000000000000000.05",
        "9007199254740993.0",
    ]
    for _ in range(3000):
        whole = str(draw.randrange(10 ** draw.randrange(1, 21)))
        part = draw.choice(
            [
                "",
                "." + "0" * draw.randrange(25),
                "." + "0" * draw.randrange(22) + str(draw.randrange(10)),
            ]
        )
        texts.append(
            draw.choice(["", "-"])
            + whole
            + part
            + draw.choice(["", "", f"e{draw.randrange(-25, 6)}", f"E+{draw.randrange(6):02d}"])
        )
    texts = [t.replace(".", ",") if mark == "," else t for t in texts]
    field: Any = TYPES["integer"].model_validate(
        {"type": "integer"} | ({"decimal": mark} if mark != "mixed" else {})
    )
    con.execute(
        "create or replace table _raw as select unnest(?::bigint[]) as _row, 0::int as _part,"
        " 0::bigint as _line, unnest(?::varchar[]) as x",
        [list(range(len(texts))), texts],
    )
    query = recipe.read_sql(
        {"x": field}, {"x": {"decimal": mark}}, "_raw", {"x": "string"}, recipe.LINEAGE
    )
    read = [row[0] for row in con.execute(f"select x from ({query}) order by _row").fetchall()]
    wrong = {
        t: v
        for t, v in zip(texts, read, strict=True)
        if v is not None and Decimal(t.replace(",", ".")) != v
    }
    assert not wrong and sum(v is not None for v in read) > len(texts) / 5
    assert read[:2] == [1500, 0], "as numpy.savetxt writes them"
