"""Privacy that adds up: private aggregates, erasure over datasets and broken lines, files of their
owner alone, and what roles are shown.
"""

from __future__ import annotations

import math
import os
import stat
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.confidential.owner_files import close_to_others, owner_only
from mesocosm.data.privacy import aggregate as module
from mesocosm.data.privacy.aggregate import aggregate
from mesocosm.data.snapshots.erasure import find_files_with, mark_key
from mesocosm.data.snapshots.retention import names_erased
from mesocosm.lifecycle.jobs.erasure import forget
from mesocosm.reports.role_view import remove_values

KEY = "ab" * 32
MARKS = {
    subject: mark_key(subject, KEY)
    for subject in ("P0007", "ann@example.org", "Jürgen Müller", "00 71", "ID-9:x")
}
NUMBER = st.one_of(
    st.none(),
    st.just(math.nan),
    st.just(math.inf),
    st.floats(-1e6, 1e6),
    st.integers(-1000, 1000).map(float),
)


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), NUMBER), max_size=60))
def test_private_aggregates_without_their_noise_are_plain_statistics(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, float | None]]
) -> None:
    noise = pytest.MonkeyPatch()
    noise.setattr(module, "laplace", lambda value, *_: float(value))
    file = tmp_path_factory.mktemp("rows") / "r.parquet"
    with duckdb.connect() as con:
        con.execute("create table t (g varchar, x double)")
        if rows:
            con.executemany("insert into t values (?, ?)", rows)
        con.execute(f"copy t to '{file}' (format parquet)")
    low, high, epsilon = -200.0, 300.0, 1.0
    for by, group in ((None, None), ("g", "a"), ("g", "b")):
        mine = [x for g, x in rows if group in (None, g)]
        there = [min(high, max(low, x)) for x in mine if x is not None and not math.isnan(x)]
        [mean] = aggregate(
            f"read_parquet('{file}')", [group] if group else None, by, "x", low, high, epsilon
        )
        [count] = aggregate(
            f"read_parquet('{file}')", [group] if group else None, by, None, 0, 0, epsilon
        )
        assert count["count"] == len(mine) and mean["count"] == len(there)
        if there:
            assert mean["mean"] == pytest.approx(sum(there) / len(there), abs=0.01)
    noise.undo()


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(MARKS)),
    st.sampled_from([",", ";", "\t", "|"]),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
)
def test_a_broken_line_that_names_an_erased_subject_is_known_wherever_the_key_stands(
    subject: str, mark_between: str, at: int, quoted: bool, loud: bool
) -> None:
    cells = ["7", "some words", "x"]
    cells.insert(at, f'"{subject}"' if quoted else f" {subject.upper() if loud else subject}")
    marks = [MARKS[subject]]
    assert names_erased(mark_between.join(cells), marks, KEY)
    assert names_erased('{"k": "' + subject + '", "n": [1,', marks, KEY)
    assert not names_erased(
        mark_between.join(["P00070", "bann@example.org", "Jürgen", "some words"]), marks, KEY
    )


FILE = """
ecosystem: several
sources:
  orders: {type: csv, path: orders.csv}
  people: {type: csv, path: people.csv}
datasets:
  customers:
    from: orders
    key: customer
    fields: {customer: text, city: category}
  purchases:
    from: orders
    key: order
    fields: {order: text, buyer: {type: text, column: customer}, amount: number}
  both:
    from: {join: [orders, people], on: customer}
    fields: {customer: text, name: text, salary: {type: number, outliers: {method: iqr, action: quarantine}, private: encrypt}}
  amounts:
    from: orders
    fields: {amount: number, city: category}
"""


def test_forget_reaches_every_dataset_over_the_source_and_no_build_brings_the_subject_back(
    tmp_path: Path,
) -> None:
    orders = ["order,customer,city,amount", *(f"o{i},C{i:04d},Bonn,{i}.5" for i in range(40))]
    people = [
        "customer,name,salary",
        *(f"C{i:04d},Name{i:04d}x,{1000 + i if i != 3 else 987654}" for i in range(40)),
    ]
    (tmp_path / "orders.csv").write_text(
        "\n".join([*orders, "o99,C0007,Bonn,1,Zahnarztweg"]) + "\n"
    )
    (tmp_path / "people.csv").write_text("\n".join(people) + "\n")
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    before = os.umask(0o022)
    try:
        eco = open_ecosystem(tmp_path)
        eco.build()
    finally:
        os.umask(before)
    store = tmp_path / ".mesocosm"
    wide = [p for p in (store, *store.rglob("*")) if stat.S_IMODE(p.lstat().st_mode) & 0o077]
    assert wide == [] and stat.S_IMODE(store.stat().st_mode) == 0o700
    assert find_files_with(store, ["Name0007x"])
    reasons = eco.catalog.snapshot(dataset="both")["report"]["reasons"]  # type: ignore[index]
    assert set(reasons) == {
        "salary: a private value lies outside the fence (iqr)",
        "the line cannot be read: expected 4 columns, got 5",
    }
    done = forget(eco.spec, eco.catalog, "customers", ["C0007"])
    assert {o["dataset"]: o["rows"]["rows"] for o in done["others"]} == {"purchases": 1, "both": 1}
    assert list(done["not_reached"]) == ["amounts"] and done["still_found_in"] == []
    assert not find_files_with(store, ["Name0007x", "Zahnarztweg"])
    (tmp_path / "orders.csv").write_text(
        (tmp_path / "orders.csv").read_text() + "o41,C0050,Kiel,5\n"
    )
    (tmp_path / "people.csv").write_text((tmp_path / "people.csv").read_text() + "C0050,New,1010\n")
    assert eco.build().failed == []
    assert not find_files_with(store, ["C0007", "Name0007x", "Zahnarztweg"])
    accounts = {
        n: eco.catalog.snapshot(dataset=n)["account"] for n in ("customers", "purchases", "both")
    }  # type: ignore[index]
    assert {n: (a["in"], a["forgotten"]) for n, a in accounts.items()} == {
        "customers": (42, 2),
        "purchases": (42, 2),
        "both": (42, 2),
    }


def test_what_an_earlier_version_left_readable_is_closed_and_links_are_not_followed(
    tmp_path: Path,
) -> None:
    store, outside = tmp_path / "store", tmp_path / "outside"
    (store / "a").mkdir(parents=True)
    for path in (store / "a" / "rows.parquet", outside):
        path.write_text("x")
        path.chmod(0o644)
    (store / "link").symlink_to(outside)
    assert close_to_others(store) >= 1 and close_to_others(store) == 0
    assert (
        stat.S_IMODE((store / "a" / "rows.parquet").stat().st_mode) == 0o600
        and stat.S_IMODE(outside.stat().st_mode) == 0o644
    )
    with owner_only():
        (store / "new").write_text("x")
    assert stat.S_IMODE((store / "new").stat().st_mode) == 0o600


def test_example_values_are_taken_out_at_any_depth() -> None:
    assert remove_values(
        {"a": [{"examples": ["CANARY"], "n": 1}], "report": {"examples": {"x": [["CANARY", None]]}}}
    ) == {"a": [{"n": 1}], "report": {}}
