"""Sources that add columns: keys compared in forms, rows of one key aggregated, and rows joined in
time, each against an independent count in plain Python; nothing of the future is joined.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.errors import ConfigError, ConfigValueError
from mesocosm.core.settings import Collected
from mesocosm.core.written_settings import written_settings
from mesocosm.data.dataset import Dataset, From
from mesocosm.data.lookup import Lookup, Moments
from mesocosm.data.pipeline.ingest import ingest_rows
from mesocosm.data.quality.row_account import account_sources

Rows = list[dict[str, str | None]]
KEYS = st.sampled_from(["A-1", "a1", " A1", "ａ１", "b2", "B 2", "Ç3", "c3", "007", "7", "", None])
DAYS = st.sampled_from(["2026-01-01", "2026-01-15", "2026-02-01", "2026-02-14", "2026-03-01", None])
PAID = st.sampled_from(["1.5", "2", "-3.25", "10", None])
LEFT = st.lists(st.fixed_dictionaries({"who": KEYS, "at": DAYS}), min_size=1, max_size=8)
RIGHT = st.lists(
    st.fixed_dictionaries({"id": KEYS, "on": DAYS, "paid": PAID}), min_size=1, max_size=10
)
FORMS = st.lists(
    st.sampled_from(["case", "width", "accents", "spaces", "punctuation", "zeros"]), unique=True
)


def collect(con: Any, **tables: Rows) -> dict[str, Collected]:
    found = {}
    for name, rows in tables.items():
        columns = list(rows[0])
        kinds = ", ".join(f'"{column}" varchar' for column in columns)
        con.execute(f'create table "src_{name}" (_file varchar, _line bigint, {kinds})')
        for line, row in enumerate(rows, 2):
            marks = ", ".join("?" * (len(columns) + 2))
            con.execute(
                f'insert into "src_{name}" values ({marks})',
                [f"{name}.csv", line, *(row[column] for column in columns)],
            )
        found[name] = Collected(columns, len(rows), {f"{name}.csv": ""})
    return found


def join(left: Rows, right: Rows, lookup: dict[str, Any], fields: dict[str, str]) -> Any:
    """The joined rows and the account of the partner."""
    kinds = {"who": {"type": "text"}, "at": {"type": "text"}}
    kinds |= {name: {"type": kind} for name, kind in fields.items()}
    dataset = Dataset.model_validate(
        {"from": {"union": ["left"], "lookup": {"right": lookup}}, "fields": kinds}
    )
    with duckdb.connect() as con:
        given_ = collect(con, left=left, right=right)
        rows = ingest_rows(con, dataset, given_)
        names = ", ".join(fields)
        found = con.execute(f"select {names}, _also from _raw order by _row").fetchall()
        return found, account_sources(con, dataset, given_, rows.leads)["right"]


def form_of(key: str | None, forms: list[str]) -> str | None:
    """A key as it is compared."""
    text = (key or "").strip()
    if "width" in forms:
        text = "".join(unicodedata.normalize("NFKC", c) if ord(c) > 0xFF00 else c for c in text)
    if "accents" in forms:
        text = "".join(
            c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)
        )
    if "case" in forms:
        text = text.lower()
    if "punctuation" in forms:
        text = "".join(c for c in text if c.isalnum())
    if "spaces" in forms:
        text = "".join(text.split())
    if "zeros" in forms:
        text = text[:-1].lstrip("0") + text[-1:]
    return text.strip() or None


@given(LEFT, RIGHT, FORMS)
@settings(max_examples=40, deadline=None)
def test_the_first_row_of_each_key_is_joined_as_keys_are_compared(
    left: Rows, right: Rows, forms: list[str]
) -> None:
    lookup = {"left_on": "who", "right_on": "id", "match": forms}
    found, account = join(left, right, lookup, {"paid": "text"})
    used = set()
    for row, (paid, _) in zip(left, found, strict=True):
        key = form_of(row["who"], forms)
        first = [i for i, other in enumerate(right) if key and form_of(other["id"], forms) == key]
        assert paid == (right[first[0]]["paid"] if first else None)
        used |= set(first[:1])
    assert account["used"] == len(used)
    assert account["read"] == account["used"] + account["unmatched"] + account["repeated"]


@given(LEFT, RIGHT)
@settings(max_examples=40, deadline=None)
def test_the_rows_of_a_key_are_aggregated_exactly(left: Rows, right: Rows) -> None:
    aggregate = {"n": "count", "total": "sum(paid)", "last": "max(on)", "kinds": "distinct(paid)"}
    lookup = {"left_on": "who", "right_on": "id", "match": ["case"], "aggregate": aggregate}
    kinds = {"n": "integer", "total": "number", "last": "text", "kinds": "integer"}
    found, account = join(left, right, lookup, kinds)
    for row, (n, total, last, different, also) in zip(left, found, strict=True):
        key = form_of(row["who"], ["case"])
        own = [other for other in right if key and form_of(other["id"], ["case"]) == key]
        paid = [Decimal(str(other["paid"])) for other in own if other["paid"]]
        assert n == (len(own) if key else None) and different == (len(set(paid)) if key else None)
        assert (None if total is None else Decimal(str(total))) == (sum(paid) if paid else None)
        assert str(last or "")[:10] == max((other["on"] or "" for other in own), default="")
        assert len((also or "").splitlines()) == len(own)
    assert account["repeated"] == 0


@given(LEFT, RIGHT, st.sampled_from([None, 14, 30]))
@settings(max_examples=40, deadline=None)
def test_no_row_of_the_future_is_joined(left: Rows, right: Rows, within: int | None) -> None:
    in_time = {"at": "at", "time": "on"} | ({"within": f"{within}d"} if within else {})
    keys = {"left_on": "who", "right_on": "id", "match": ["case", "punctuation"]}
    latest, account = join(left, right, keys | in_time, {"paid": "text"})
    counted, summed = join(
        left, right, keys | in_time | {"aggregate": {"n": "count"}}, {"n": "integer"}
    )
    used: set[int] = set()
    chosen: set[int] = set()
    for row, (paid, _), (n, _) in zip(left, latest, counted, strict=True):
        own = _in_time(row, right, within)
        used |= set(own)
        if own:
            newest = max(own, key=lambda i: (str(right[i]["on"]), i))
            chosen.add(newest)
            assert paid == right[newest]["paid"]
        else:
            assert paid is None
        known = form_of(row["who"], ["case", "punctuation"]) and row["at"]
        assert n == (len(own) if known else None)
    assert (account["used"], summed["used"]) == (len(chosen), len(used))
    assert account["matched"] + account["without"] == len(left)


def _in_time(row: dict[str, str | None], right: Rows, within: int | None) -> list[int]:
    forms = ["case", "punctuation"]
    key = form_of(row["who"], forms)
    if not key or not row["at"]:
        return []
    at = dt.date.fromisoformat(row["at"])
    found = []
    for i, other in enumerate(right):
        if form_of(other["id"], forms) == key and other["on"]:
            age = (at - dt.date.fromisoformat(other["on"])).days
            if age >= 0 and (within is None or age < within):
                found.append(i)
    return found


@pytest.mark.parametrize(
    ("paid", "on", "lookup", "says"),
    [
        ("1,5", "2026-01-01", {"aggregate": {"t": "sum(paid)"}}, "not plain numbers"),
        ("1.2345678901", "2026-01-01", {"aggregate": {"t": "sum(paid)"}}, "right.csv:2"),
        ("1", "2026-01-01", {"aggregate": {"t": "sum(pay)"}}, "has no column 'pay'"),
        ("1", "05.01.2026", {"at": "at", "time": "on"}, "no dates or moments"),
        ("1", "2026-01-01", {"at": "att", "time": "on"}, "has no column 'att'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    paid: str, on: str, lookup: dict[str, Any], says: str
) -> None:
    left: Rows = [{"who": "a", "at": "2026-02-01"}]
    right: Rows = [{"id": "a", "on": on, "paid": paid}]
    with pytest.raises(ConfigValueError, match=says):
        join(left, right, {"left_on": "who", "right_on": "id"} | lookup, {"paid": "text"})


def test_a_shared_column_is_stored_as_before_and_intervals_are_exact() -> None:
    from_ = From.model_validate({"union": ["a"], "lookup": {"b": "k", "c": {"on": "k"}}})
    assert written_settings(from_)["lookup"] == {"b": "k", "c": "k"}
    assert Moments("a", "b", "18mo").interval == "interval '18 months'"
    assert Moments("a", "b", "1.5d").interval == "interval '129600 seconds'"
    for wrong in ({}, {"left_on": "a"}, {"on": "a", "right_on": "b"}, {"on": "k", "at": "t"}):
        with pytest.raises(ValueError):
            Lookup.model_validate(wrong)


def test_a_file_joins_orders_to_payments_and_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id,who,placed\n1,A-1,2026-02-01\n2,b2,2026-01-01\n")
    (tmp_path / "payments.csv").write_text("id,paid,on\na1,1.5,2026-01-20\na1,2,2026-03-01\n")
    file = """grammar: 2
ecosystem: shop
sources: {orders: {type: csv, path: orders.csv}, payments: {type: csv, path: payments.csv}}
datasets:
  sales:
    from:
      union: [orders]
      lookup:
        payments: {left_on: who, right_on: id, match: [case, punctuation], at: placed, time: on,
          aggregate: {paid: sum(paid), payments: count}}
    fields: {who: {type: text}, paid: {type: number}, payments: {type: integer}}
    split: none
"""
    (tmp_path / "ecosystem.yaml").write_text(file)
    eco = open_ecosystem(tmp_path)
    assert not eco.build().failed
    table = eco.datasets["sales"].to_arrow().to_pylist()
    assert [(row["paid"], row["payments"]) for row in table] == [(1.5, 1), (None, 0)]
    (tmp_path / "ecosystem.yaml").write_text(file.replace("sum(paid)", "total(paid)"))
    with pytest.raises(ConfigError, match="sum\\(column\\)"):
        open_ecosystem(tmp_path)


def test_a_row_is_not_its_own_earlier_row(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "id,who,placed,amount\n1,a,2026-01-01,10\n2,a,2026-01-05,20\n3,a,2026-01-05,40\n"
    )
    (tmp_path / "ecosystem.yaml").write_text("""grammar: 2
ecosystem: shop
sources: {orders: {type: csv, path: orders.csv}}
datasets:
  sales:
    from:
      union: [orders]
      lookup: {orders: {on: who, at: placed, time: placed, aggregate: {before: sum(amount)}}}
    fields: {id: {type: text}, before: {type: number}}
    split: none
""")
    eco = open_ecosystem(tmp_path)
    assert not eco.build().failed
    table = eco.datasets["sales"].to_arrow().to_pylist()
    assert [row["before"] for row in table] == [None, 50, 30]


def test_moments_with_a_zone_are_compared_as_moments() -> None:
    left: Rows = [{"who": "a", "at": "2026-01-01T10:00:00+02:00"}]
    right: Rows = [
        {"id": "a", "on": "2026-01-01T07:59:00Z", "paid": "1"},
        {"id": "a", "on": "2026-01-01T08:01:00Z", "paid": "2"},
    ]
    lookup = {"left_on": "who", "right_on": "id", "at": "at", "time": "on"}
    assert join(left, right, lookup, {"paid": "text"})[0] == [("1", "right.csv:2")]


@pytest.mark.parametrize("written", ["26-01-05", "today", "infinity", "20260105", "2026-1-5"])
def test_only_iso_moments_are_compared_and_the_greatest_is_of_them_or_of_numbers(
    written: str,
) -> None:
    left: Rows = [{"who": "a", "at": "2026-02-01"}]
    right: Rows = [{"id": "a", "on": written, "paid": "1"}]
    keys = {"left_on": "who", "right_on": "id"}
    with pytest.raises(ConfigValueError, match="no dates or moments of ISO 8601"):
        join(left, right, keys | {"at": "at", "time": "on"}, {"paid": "text"})
    greatest = keys | {"aggregate": {"last": "max(on)"}}
    if written.isdecimal():
        assert join(left, right, greatest, {"last": "number"})[0][0][0] == int(written)
        return
    with pytest.raises(ConfigValueError, match="not plain numbers"):
        join(left, right, greatest, {"last": "text"})


def test_moments_of_which_some_have_a_zone_are_refused() -> None:
    left: Rows = [{"who": "a", "at": "2026-02-01T10:00:00Z"}]
    keys = {"left_on": "who", "right_on": "id", "at": "at", "time": "on"}
    for days in (["2026-01-01"], ["2026-01-01T10:00Z", "2026-01-02"]):
        right: Rows = [{"id": "a", "on": day, "paid": "1"} for day in days]
        with pytest.raises(ConfigValueError, match="have a time zone"):
            join(left, right, keys, {"paid": "text"})
