"""Columns of the source's own types are read without loss or refused; what a column leaves open
stops the build.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from mesocosm.core.errors import ConfigValueError
from mesocosm.data.pipeline import ibis_sql, recipe
from mesocosm.data.pipeline.expressions.source_types import IBIS, as_read, ibis_of
from mesocosm.data.pipeline.ingest import RawTable
from mesocosm.data.profiling.proven_settings import prove_marks, prove_orders
from mesocosm.data.types import TYPES

TYPED: list[tuple[str, dict[str, Any], str, Any]] = [
    ("9007199254740993::bigint", {"type": "integer"}, "BIGINT", 9007199254740993),
    ("18446744073709551615::ubigint", {"type": "integer"}, "UBIGINT", None),
    ("9223372036854775807::ubigint", {"type": "integer"}, "UBIGINT", 2**63 - 1),
    ("9007199254740993::bigint", {"type": "number"}, "BIGINT", None),
    (
        "170141183460469231731687303715884105727::hugeint",
        {"type": "text"},
        "HUGEINT",
        "170141183460469231731687303715884105727",
    ),
    ("170141183460469231731687303715884105727::hugeint", {"type": "integer"}, "HUGEINT", None),
    ("1.234::decimal(10,3)", {"type": "number", "decimal": ","}, "DECIMAL(10,3)", 1.234),
    ("1234567890123456.789::decimal(38,3)", {"type": "number"}, "DECIMAL(38,3)", None),
    ("9007199254740993.000::decimal(38,3)", {"type": "integer"}, "DECIMAL(38,3)", 9007199254740993),
    ("1.50::decimal(4,2)", {"type": "integer"}, "DECIMAL(4,2)", None),
    ("make_timestamp_ns(1672531200123456789)", {"type": "time"}, "TIMESTAMP_NS", None),
    (
        "make_timestamp_ns(1672531200123456000)",
        {"type": "time"},
        "TIMESTAMP_NS",
        "2023-01-01 00:00:00.123456",
    ),
    (
        "'2023-01-01 00:30:00+08'::timestamptz",
        {"type": "time", "zone": "Europe/Berlin"},
        "TIMESTAMP WITH TIME ZONE",
        "2022-12-31 16:30:00",
    ),
    (
        "'2023-01-01 00:30:00+08'::timestamptz",
        {"type": "date"},
        "TIMESTAMP WITH TIME ZONE",
        "2022-12-31",
    ),
    (
        "'2024-03-31 02:30:00'::timestamp",
        {"type": "time", "zone": "Europe/Berlin"},
        "TIMESTAMP",
        None,
    ),
    (
        "'2024-06-30 02:30:00'::timestamp",
        {"type": "time", "zone": "Europe/Berlin"},
        "TIMESTAMP",
        "2024-06-30 00:30:00",
    ),
    ("1.10::decimal(38,10)", {"type": "decimal"}, "DECIMAL(38,10)", Decimal("1.10")),
    ("1.105::decimal(38,10)", {"type": "decimal"}, "DECIMAL(38,10)", None),
    ("9007199254740993::bigint", {"type": "decimal"}, "BIGINT", Decimal("9007199254740993")),
    ("9223372036854775807::bigint", {"type": "decimal"}, "BIGINT", None),
    (
        "18446744073709551615::ubigint",
        {"type": "decimal", "precision": 22},
        "UBIGINT",
        Decimal("18446744073709551615"),
    ),
    ("0.1::double", {"type": "decimal"}, "DOUBLE", Decimal("0.1")),
    ("0.1::double + 0.2::double", {"type": "decimal"}, "DOUBLE", None),
    ("1772668800::bigint", {"type": "time", "formats": ["epoch"]}, "BIGINT", "2026-03-05 00:00:00"),
    ("true", {"type": "number"}, "BOOLEAN", None),
    ("date '2024-01-31'", {"type": "integer"}, "DATE", None),
    (
        "[1.10::decimal(30,2), 12345678901234567890.12]",
        {"type": "list"},
        "DECIMAL(30,2)[]",
        "1.10; 12345678901234567890.12",
    ),
    ("['a', 'b']", {"type": "list"}, "VARCHAR[]", "a; b"),
    ("['a;b']", {"type": "list"}, "VARCHAR[]", None),
    ("{'a': 1, 'b': 'x'}", {"type": "text"}, "STRUCT(a INTEGER, b VARCHAR)", '{"a":1,"b":"x"}'),
    ("['a', null, 'b, c']", {"type": "text"}, "VARCHAR[]", '["a",null,"b, c"]'),
    ("map {'k': 1}", {"type": "text"}, "MAP(VARCHAR, INTEGER)", '{"k":1}'),
]


def test_a_typed_value_is_read_exactly_or_refused() -> None:
    wrong = []
    with duckdb.connect() as con:
        ibis_sql.prepare(con)
        con.execute("set TimeZone = 'Asia/Tokyo'")
        for cell, settings, kind, want in TYPED:
            assert con.execute(f"select typeof({cell})").fetchone() == (kind,)
            own = kind if kind in IBIS or ibis_of(kind) != "string" else "VARCHAR"
            con.execute(
                "create or replace table _raw as select 0::bigint as _row, 0::int as _part,"
                f" 0::bigint as _line, {as_read(cell, kind)}::{own} as x"
            )
            field: Any = TYPES[settings["type"]].model_validate(settings)
            value, why = con.execute(
                "select x, _why from"
                f" ({recipe.read_sql({'x': field}, {}, '_raw', {'x': ibis_of(own)}, recipe.LINEAGE)})"
            ).fetchall()[0]
            if (str(value) if isinstance(want, str) else value) != want or (want is None) == (
                why is None
            ):
                wrong.append((cell, settings, value, why))
    assert not wrong


@pytest.mark.parametrize(
    ("settings", "values", "want"),
    [
        (
            {"type": "date", "formats": ["%m/%d/%Y", "%d/%m/%Y"]},
            ["03/04/2024", "31/01/2024"],
            {"order": "dmy"},
        ),
        (
            {"type": "time", "formats": ["us", "eu"]},
            ["03/04/2024 10:00", "01/31/2024 10:00"],
            {"order": "mdy"},
        ),
        (
            {"type": "date", "formats": ["dmy", "mdy"]},
            ["03/04/2024"],
            "can be read day first or month first",
        ),
        (
            {"type": "date", "formats": ["dmy", "mdy"]},
            ["31/01/2024", "01/31/2024"],
            "prove two orders",
        ),
        (
            {"type": "date", "formats": ["dmy", "mdy"], "private": "encrypt"},
            ["03/04/2024"],
            "its values can be read",
        ),
        ({"type": "date", "formats": ["%d.%m.%Y", "%m/%d/%Y"]}, ["03/04/2024", "03.04.2024"], {}),
        (
            {"type": "date", "formats": ["dmy", "mdy"]},
            ["03 04 2024", "03 13 2024"],
            {"order": "mdy"},
        ),
        (
            {"type": "date", "formats": ["dmy", "mdy"]},
            ["０３／０４／２０２４"],
            "can be read day first or month first",
        ),
        ({"type": "number"}, ["1,234", "2,345"], "can be read in two ways"),
        ({"type": "number"}, ["1,234", "2,5"], {"decimal": ","}),
    ],
)
def test_a_column_proves_its_reading_or_stops(
    settings: dict[str, Any], values: list[str], want: Any
) -> None:
    fields: Any = {"x": TYPES[settings["type"]].model_validate(settings)}
    rows = RawTable({"x": "string"}, [], [], False)
    with duckdb.connect() as con:
        ibis_sql.prepare(con)
        con.execute("create table _raw as select unnest(?::varchar[]) as x", [values])
        if isinstance(want, str):
            with pytest.raises(ConfigValueError, match=want):
                _ = prove_orders(con, fields, rows), prove_marks(con, fields, rows)
            return
        found = {
            "order": prove_orders(con, fields, rows).get("x"),
            "decimal": prove_marks(con, fields, rows).get("x"),
        }
        assert {k: v for k, v in found.items() if v} == want
        if "order" in want:
            con.execute("alter table _raw add column _row bigint")
            read = con.execute(
                recipe.read_sql(fields, {"x": found}, "_raw", {"x": "string"}, {"_row": "int64"})
            ).fetchall()
            assert str(read[0][1])[:10] == (
                "2024-04-03" if want["order"] == "dmy" else "2024-03-04"
            )
