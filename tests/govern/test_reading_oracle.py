"""A reading is right or refused: texts with the value they mean, read through the very SQL that builds and serves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesocosm.govern import expr, recipe
from mesocosm.govern.figures import Figure, Refused, figure
from mesocosm.govern.readings import day_month_order, decimal_mark
from mesocosm.govern.types import TYPES

NO = None
CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "number"}, {
        "12": 12.0, "-5": -5.0, "−5": -5.0, "+5": 5.0, "1,234": 1234.0, "1,234.5": 1234.5, "12,34,567": 1234567.0, "1'234": 1234.0, "1’234.5": 1234.5, "1 234": 1234.0,
        "1\u00a0234": 1234.0, "1\u202f234": 1234.0, "１２": 12.0, "٣٫٥": 3.5, "1e3": 1000.0, "5e-3": 0.005, ".5": 0.5, "12,5": NO, "0,5": NO, "0,123": NO, "1234,567": NO, "1,23": NO,
        "1.234,56": NO, "1.234.567": NO, "1,2345": NO, "12 34": NO, "1 23": NO, "(5)": NO, "5-": NO, "3-5": NO, "3–5": NO, "3 to 5": NO, "1/2": NO, "½": NO, "1½": NO, "5 ± 1": NO, "<5": NO,
        "~5": NO, "1_000": NO, "1_2": NO, "0x1F": NO, "inf": NO, "9007199254740993": NO, "9007199254740992": 9007199254740992.0, "abc": NO, "5 kg": NO, "--5": NO, "1,,234": NO, "12.05.2024": NO,
    }),
    ({"type": "number", "decimal": ","}, {"12,5": 12.5, "1.234,56": 1234.56, "1.234": 1234.0, "0,5": 0.5, "1,234": 1.234, "12.5": NO, "1,234.56": NO, "1.23": NO, "12": 12.0, "1 234,5": 1234.5}),
    ({"type": "number", "unit": "kg"}, {"1.5 kg": 1.5, "250 g": 0.25, "1,5 kg": NO, "3-5 kg": NO, "5 ± 1 kg": NO, "1/2 kg": NO, "1,200 g": 1.2, "5 cm": NO}),
    ({"type": "number", "unit": "degC"}, {"68 °F": 20.0, "68°F": 20.0, "293 K": 19.85, "20 °C": 20.0, "20": 20.0, "-40 °F": -40.0, "32 degF": 0.0}),
    ({"type": "number", "unit": "CNY", "rates": {"USD": 7.0}}, {"USD 10.00": 70.0, "10 USD": 70.0, "$10": 70.0, "-$10": -70.0, "$-10": -70.0, "CNY 1,200.50": 1200.5, "3万元": 30000.0, "GBP 5": NO, "$5 EUR": NO}),
    ({"type": "integer"}, {"9223372036854775807": 2**63 - 1, "-9223372036854775808": -(2**63), "9223372036854775808": NO, "9007199254740993": 9007199254740993, "3.0": 3, "3.5": NO, "1,234": 1234, "12,5": NO}),
    ({"type": "date"}, {
        "2023-02-28": "2023-02-28", "2024-02-29": "2024-02-29", "2023-02-29": NO, "2023-02-30": NO, "2023-04-31": NO, "2023-13-01": NO, "2023-01-05T23:30:00-05:00": "2023-01-05", "20230105": "2023-01-05",
        "2023-01-05T00:30:00+09:00": "2023-01-05", "03/04/2024": NO, "2023-01-05T24:00:00": NO, "2016-12-31T23:59:60": NO, "45291": NO, "21-01-05": NO,
    }),
    ({"type": "date", "formats": ["dmy"]}, {
        "31/01/2024": "2024-01-31", "31.1.2024": "2024-01-31", "31-01-24": "2024-01-31", "5. März 2024": "2024-03-05", "5 févr. 2024": "2024-02-05", "5 March 2024": "2024-03-05", "30 Feb 2024": NO, "01/31/2024": NO,
    }),
    ({"type": "date", "formats": ["mdy"]}, {"01/31/2024": "2024-01-31", "March 5, 2024": "2024-03-05", "31/01/2024": NO}),
    ({"type": "date", "formats": ["zh"]}, {"2024年3月5日": "2024-03-05", "二〇二四年三月五日": "2024-03-05", "2024年2月30日": NO}),
    ({"type": "date", "formats": ["excel"]}, {"45291": "2023-12-31", "60": NO}),
    ({"type": "time"}, {
        "2023-02-30T10:00:00Z": NO, "2023-01-05T10:00:00Z": "2023-01-05 10:00:00", "2023-01-05T10:00:00+05:30": "2023-01-05 04:30:00", "2023-01-05T24:00:00Z": NO, "2016-12-31T23:59:60Z": NO,
        "2023-01-05T10:00:00.123456789Z": NO, "2023-04-31 10:00:00+02:00": NO,
    }),
    ({"type": "time", "zone": "Europe/Berlin"}, {
        "2024-03-31 02:30:00": NO, "2024-10-27 02:30:00": NO, "2024-03-31 01:59:59": "2024-03-31 00:59:59", "2024-03-31 03:00:00": "2024-03-31 01:00:00", "2024-10-27 03:00:00": "2024-10-27 02:00:00",
        "2024-10-27 02:30:00+02:00": "2024-10-27 00:30:00", "2024-07-01 12:00": "2024-07-01 10:00:00", "2023-02-30 10:00": NO, "1945-05-24 02:30:00": NO, "1945-05-24 03:30:00": "1945-05-24 00:30:00",
    }),
    ({"type": "time", "zone": "Europe/Berlin", "dst": "earlier"}, {"2024-10-27 02:30:00": "2024-10-27 00:30:00", "2024-03-31 02:30:00": "2024-03-31 00:30:00"}),
    ({"type": "time", "zone": "Europe/Berlin", "dst": "later"}, {"2024-10-27 02:30:00": "2024-10-27 01:30:00", "2024-03-31 02:30:00": "2024-03-31 01:30:00"}),
    ({"type": "time", "zone": "Pacific/Apia"}, {"2011-12-30 12:00:00": NO, "2011-12-31 12:00:00": "2011-12-30 22:00:00"}),
    ({"type": "time", "zone": "Asia/Kolkata"}, {"2024-01-01 05:30:00": "2024-01-01 00:00:00"}),
    ({"type": "boolean", "aliases": {"paid": True, "?": False}}, {"ja": True, "Nein": False, "oui": True, "SÍ": True, "нет": False, "いいえ": False, "on": True, "Paid": True, "?": False, "maybe": NO, "2": NO}),
    ({"type": "category", "values": ["m", "M", "Straße"]}, {"m": "m", "M": "M", "STRAßE": "Straße", "x": NO}),
    ({"type": "country", "form": "code"}, {"Congo": NO, "Korea": NO, "South Korea": "KR", "COD": "CD"}),
    ({"type": "text", "spaces": "keep"}, {" 007 ": " 007 ", "Ａ​1": "Ａ​1", " ": " "}),
    ({"type": "text"}, {"Null": "Null", "NA": "NA", "?": "?", "nan": "nan"}),
    ({"type": "text", "null": ["", "NA"]}, {"na": "na", "Null": "Null"}),
    ({"type": "category"}, {"NA": "NA", "?": "?"}),
    ({"type": "category", "values": ["NA", "yes"], "aliases": {"?": "yes"}, "null": ["NA", "?"]}, {"NA": "NA", "na": "NA", "?": "yes", "no": NO}),
    ({"type": "country"}, {"NA": "NA", "na": "NA", "Namibia": "NA", "DE": "DE"}),
    ({"type": "integer", "null": []}, {"NA": NO, "5": 5}),
    ({"type": "phone", "country": "DE"}, {"030 901820": "+4930901820", "12": NO, "+1 555 0100": NO}),
]  # fmt: skip


@pytest.fixture(scope="module")
def con() -> Any:
    with duckdb.connect() as engine:
        expr.prepare(engine)
        yield engine


@pytest.mark.parametrize(("settings", "cells"), CASES, ids=lambda c: " ".join(map(str, c.values())) if "type" in c else "")
def test_a_text_is_read_exactly_or_refused(con: Any, settings: dict[str, Any], cells: dict[str, Any]) -> None:
    kind: Any = TYPES[settings["type"]].model_validate(settings)
    facts = {"x": kind.learn([])} if settings.get("unit") else {}
    con.execute("create or replace table _raw as select unnest(?::bigint[]) as _row, 0::int as _part, 0::bigint as _line, unnest(?::varchar[]) as x", [list(range(len(cells))), list(cells)])
    rows = con.execute(f"select x, _why from ({recipe.read_sql({'x': kind}, facts, '_raw', {'x': 'string'}, recipe.LINEAGE)}) order by _row").fetchall()
    wrong = {t: v for (t, want), (v, why) in zip(cells.items(), rows, strict=True) if (v is not None) != (want is not None) or (want is None) == (why is None) or (want is not None and (str(v) if isinstance(want, str) else v) != want)}
    assert not wrong


@pytest.mark.parametrize(("settings", "missing"), [
    ({"type": "text"}, ["", " "]), ({"type": "text", "null": ["", "NA"]}, ["", "NA", " NA "]), ({"type": "number"}, ["", "NA", "n/a", "NaN", "null", "?"]), ({"type": "country"}, ["N/A", "?"]),
    ({"type": "category", "values": ["?", "yes"]}, ["NA", ""]), ({"type": "category", "null": "-"}, ["-"]), ({"type": "integer", "null": [-999]}, ["-999"]),
], ids=str)  # fmt: skip
def test_null_words_are_a_field_s_own(con: Any, settings: dict[str, Any], missing: list[str]) -> None:
    kind: Any = TYPES[settings["type"]].model_validate(settings)
    con.execute("create or replace table _raw as select 0::bigint as _row, 0::int as _part, 0::bigint as _line, unnest(?::varchar[]) as x", [missing])
    assert set(con.execute(f"select x, _why from ({recipe.read_sql({'x': kind}, {}, '_raw', {'x': 'string'}, recipe.LINEAGE)})").fetchall()) == {(None, None)}


def test_what_a_column_proves() -> None:
    assert [decimal_mark(v).reading for v in (["12,5"], ["1.234,56"], ["12.5"], ["1,234,567"], ["1.234.567"], ["12"])] == [",", ",", ".", ".", ",", None]
    assert decimal_mark(["1,234", "2,345"]).ambiguous and decimal_mark(["1.234"]).ambiguous and decimal_mark(["12,5", "12.5"]).mixed
    assert day_month_order(["03/04/2024", "31/01/2024"]).reading == "dmy" and day_month_order(["03/04/2024"]).ambiguous


@given(st.integers(-(10**15), 10**15), st.integers(0, 4), st.sampled_from([(".", ","), (",", "."), (".", "'"), (".", " "), (",", " ")]))
def test_a_number_written_in_a_locale_comes_back_exactly_or_is_refused(whole: int, places: int, marks: tuple[str, str]) -> None:
    point, group = marks
    true = Decimal(whole).scaleb(-places)
    text = f"{true:,.{places}f}".replace(",", "\x00").replace(".", point).replace("\x00", group)
    read = figure(text, point)
    assert isinstance(read, Figure) and Decimal(read.number) == true
    other = figure(text, "," if point == "." else ".")
    assert isinstance(other, Refused) or Decimal(other.number) == true or decimal_mark([text]).reading is None
