"""Every fill, fence, rule and repair: one row alone is as in the batch, facts ignore order,
accounts close.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.cleaning.missing import IMPUTERS
from mesocosm.data.cleaning.outliers import OUTLIER_DETECTORS
from mesocosm.data.cleaning.repairs import REPAIRS
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.pipeline.expressions.python_functions import MACROS
from mesocosm.data.pipeline.quantiles import quantiles
from mesocosm.data.pipeline.recipe import serving_sql
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, Snapshot, build_snapshot
from mesocosm.data.quality.rules import RULES
from mesocosm.data.snapshots.delta_tables import read_table
from mesocosm.data.sources import SOURCES

pytestmark = pytest.mark.slow

KEY = "ab" * 32
NAMES = ("id", "x", "y", "g", "d")


def rows_of(count: int = 300, seed: int = 1) -> list[list[str | None]]:
    rng = random.Random(seed)
    found: list[list[str | None]] = []
    for i in range(count):
        y = rng.gauss(10, 3)
        x = 2 * y + rng.gauss(0, 1) + (20 if i % 2 else 0)
        found.append(
            [
                str(i),
                None if i % 9 == 0 else f"{x:.3f}" if i % 101 else "9999",
                f"{y:.3f}",
                "ab"[i % 2],
                f"2024-01-{1 + i % 28:02d}",
            ]
        )
    return found


def build(
    home: Path, found: list[list[str | None]], **settings: Any
) -> tuple[Snapshot, Dataset, list[dict[str, Any]]]:
    home.mkdir(parents=True, exist_ok=True)
    columns = {n: pa.array([r[i] for r in found], pa.string()) for i, n in enumerate(NAMES)}
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), home / "a.parquet")
    data = Dataset.model_validate({"from": "a", "key": "id", "split": "none", **settings})
    where = ProjectPaths(home, home / ".mesocosm")
    snapshot = build_snapshot(
        "t",
        data,
        {"a": SOURCES["parquet"].model_validate({"type": "parquet", "path": "a.parquet"})},
        where,
        "m",
        KEY,
        BuildOptions(say=lambda _: None),
    )  # type: ignore[dict-item]
    return (
        snapshot,
        data,
        read_table(where.store / "datasets/t/rows", snapshot.delta["rows"]).to_pylist(),
    )


def test_a_date_that_fills_gaps_is_kept_as_json_and_fills_them(tmp_path: Path) -> None:
    found = rows_of(60)
    found[3][4] = found[4][4] = None
    days = {"type": "date", "missing": "mode"}
    snapshot, data, kept = build(tmp_path, found, fields={"id": {"type": "integer"}, "d": days})
    facts = snapshot.facts["fields"]
    assert facts["d"]["fill"] == "2024-01-01" == json.loads(json.dumps(facts))["d"]["fill"]
    assert str({r["id"]: r for r in kept}[3]["d"]) == "2024-01-01"
    grouped, _, again = build(
        tmp_path / "g",
        found,
        fields={
            "id": {"type": "integer"},
            "g": {"type": "category"},
            "d": {**days, "missing": {"method": "mode", "by": "g"}},
        },
    )
    assert (
        set(grouped.facts["fields"]["d"]["groups"]) == {"a", "b"}
        and str({r["id"]: r for r in again}[4]["d"]) == grouped.facts["fields"]["d"]["groups"]["a"]
    )


def fields(missing: Any = "keep", outliers: Any = None) -> dict[str, Any]:
    return {
        "id": {"type": "integer"},
        "x": {
            "type": "number",
            "decimal": ".",
            "missing": missing,
            **({"outliers": outliers} if outliers else {}),
        },
        "y": {"type": "number", "decimal": "."},
        "g": {"type": "category"},
        "d": {"type": "date"},
    }


STEPS: list[tuple[Any, Any]] = [
    (
        {
            "method": name,
            **({"value": 3} if name == "constant" else {}),
            **({"donors": 20} if name == "knn" else {}),
        },
        None,
    )
    for name in IMPUTERS
]
STEPS += [({"method": name, "by": "g"}, None) for name in ("mean", "median", "mode")] + [
    ({"method": "forward", "by": "g", "order": "d"}, None)
]
STEPS += [
    ("median", {"method": name, "action": action})
    for name in OUTLIER_DETECTORS
    for action in ("null", "quarantine", "flag")
]
STEPS += [("mean", {"method": name, "by": "g"}) for name in ("iqr", "mad", "zscore")]


@pytest.mark.parametrize(("missing", "outliers"), STEPS, ids=lambda s: json.dumps(s)[:60])
def test_a_step_treats_one_row_alone_as_in_the_batch_whatever_the_order(
    tmp_path: Path, missing: Any, outliers: Any
) -> None:
    found = rows_of()
    snapshot, data, kept = build(tmp_path / "a", found, fields=fields(missing, outliers))
    a = snapshot.account
    assert a["in"] == 300 == a["kept"] + a["quarantined"] + a["duplicates"]
    facts = snapshot.facts["fields"]
    assert json.loads(json.dumps(facts)) == facts
    by_id = {r["id"]: r for r in kept}
    sql = serving_sql(dict(data.fields), data.rules, facts, KEY)
    forward = isinstance(missing, dict) and missing["method"] == "forward"
    with duckdb.connect() as con:
        ibis_sql.prepare(con)
        con.execute(
            "create table incoming (_row bigint, " + ", ".join(f"{n} varchar" for n in NAMES) + ")"
        )
        con.executemany(
            "insert into incoming values (?, ?, ?, ?, ?, ?)",
            [[i, *found[i]] for i in range(0, 300, 23)],
        )
        ready = con.sql(sql).to_arrow_table().to_pylist()
    assert len(ready) == len(range(0, 300, 23))
    for one in ready:
        if one["id"] not in by_id:
            assert one["_why"]
        elif not (
            forward and found[one["id"]][1] is None
        ):  # a row that comes alone has none before it
            x = by_id[one["id"]]["x"]
            assert one["x"] == pytest.approx(x) if x is not None else one["x"] is None
    if not forward:
        other = list(found)
        random.Random(5).shuffle(other)
        again, _, _ = build(tmp_path / "b", other, fields=fields(missing, outliers))
        if missing["method"] != "knn" if isinstance(missing, dict) else True:
            assert json.dumps(_rounded(again.facts["fields"])) == json.dumps(_rounded(facts))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in sorted(value.items())}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return float(f"{value:.8g}") if isinstance(value, float) else value


def test_forward_fill_carries_the_last_value_of_the_group(tmp_path: Path) -> None:
    found: list[list[str | None]] = [
        ["0", "1", "0", "a", "2024-01-01"],
        ["1", None, "0", "a", "2024-01-02"],
        ["2", None, "0", "b", "2024-01-03"],
        ["3", "7", "0", "b", "2024-01-04"],
    ]
    _, _, kept = build(
        tmp_path, found, fields=fields({"method": "forward", "by": "g", "order": "d"})
    )
    assert [r["x"] for r in sorted(kept, key=lambda r: r["id"])] == [1.0, 1.0, 7.0, 7.0]


def test_iterative_and_knn_come_nearer_to_the_truth_than_the_mean(tmp_path: Path) -> None:
    rng = random.Random(3)
    truth = {}
    found: list[list[str | None]] = []
    for i in range(400):
        y = rng.gauss(10, 3)
        truth[i] = 2 * y + rng.gauss(0, 0.5)
        found.append(
            [str(i), None if i % 5 == 0 else f"{truth[i]:.4f}", f"{y:.4f}", "a", "2024-01-01"]
        )
    error = {}
    for how in ("mean", "iterative", "knn"):
        _, _, kept = build(
            tmp_path / how,
            found,
            fields=fields({"method": how, **({"donors": 60} if how == "knn" else {})}),
        )
        error[how] = sum(abs(r["x"] - truth[r["id"]]) for r in kept if r["id"] % 5 == 0) / 80
    assert error["iterative"] < error["mean"] / 3 and error["knn"] < error["mean"] / 2, error


RULE_CASES: list[tuple[dict[str, Any], str]] = [
    ({"type": "not_null", "of": "x"}, "x not null"),
    ({"type": "range", "of": "y", "min": 5, "max": 15}, "y between 5 and 15"),
    ({"type": "regex", "of": "g", "pattern": "[a]"}, "g like [a]"),
    ({"type": "in_set", "of": "g", "values": ["b"]}, "g in b"),
    ({"type": "unique", "of": ["d", "g"]}, "d, g unique"),
    ({"condition": "y > 12"}, "y > 12"),
]


@pytest.mark.parametrize(("rule", "said"), RULE_CASES, ids=lambda c: str(c)[:40])
def test_a_row_rule_sets_aside_warns_or_stops(
    tmp_path: Path, rule: dict[str, Any], said: str
) -> None:
    found = rows_of()
    aside, _, _ = build(tmp_path / "q", found, fields=fields(), rules=[rule])
    hits = sum(n for why, n in aside.report["reasons"].items() if said in why)
    assert hits == aside.account["quarantined"] > 0
    warned, _, _ = build(
        tmp_path / "w", found, fields=fields(), rules=[rule | {"severity": "warn"}]
    )
    assert warned.account["quarantined"] == 0 and [
        n for s, n in warned.report["warned"].items() if said in s
    ] == [hits]
    with pytest.raises(ConfigValueError, match=str(hits)):
        build(tmp_path / "s", found, fields=fields(), rules=[rule | {"severity": "stop"}])
    assert not (tmp_path / "s/.mesocosm/datasets").exists()


@pytest.mark.parametrize("severity", ["quarantine", "warn", "stop"])
def test_a_rule_that_cannot_be_computed_over_a_row_is_named_and_its_values_are_not(
    tmp_path: Path, severity: str
) -> None:
    found: list[list[str | None]] = [
        ["1", "9223372036854775807", "1", "x", "2024-01-01"],
        ["2", "2", "1", "(", "2024-01-01"],
    ]
    for number, (condition, why) in enumerate(
        {"x * 10 > 3": "too large", "regexp_matches('abc', g)": "not a valid argument"}.items()
    ):
        own = {"id": {"type": "text"}, "x": {"type": "integer"}, "g": {"type": "text"}}
        with pytest.raises(ConfigValueError) as caught:
            build(
                tmp_path / str(number),
                found,
                fields=own,
                rules=[{"condition": "x > 0"}, {"condition": condition, "severity": severity}],
            )
        told = str(caught.value)
        assert condition in told and why in told and "92233" not in told


def test_rules_over_the_table_compare_with_time_and_the_last_snapshot(tmp_path: Path) -> None:
    found = rows_of()
    first, data, _ = build(tmp_path, found, fields=fields())
    where = ProjectPaths(tmp_path, tmp_path / ".mesocosm")
    source = {"a": SOURCES["parquet"].model_validate({"type": "parquet", "path": "a.parquet"})}
    last = {
        "rows": 900,
        "training": (
            first.facts["training"]
            | {
                "y": {
                    "numbers": [v + 9 for v in first.facts["training"]["y"]["numbers"]],
                    "rows": 300,
                }
            }
        ),
    }
    rules = [
        {"type": "freshness", "of": "d", "within": "7d"},
        {"type": "row_count", "change": 0.5, "severity": "warn"},
        {"type": "distribution", "of": "y"},
        {"type": "distribution", "of": "g"},
    ]
    judged = Dataset.model_validate(
        {"from": "a", "key": "id", "split": "none", "fields": fields(), "rules": rules}
    )
    got = build_snapshot(
        "t",
        judged,
        source,
        where,
        "m",
        KEY,
        BuildOptions(say=lambda _: None, last=last, now=1_735_689_600.0),
    )  # type: ignore[arg-type]
    said = " | ".join(got.report["warned"])
    assert (
        "days old" in said
        and "300 rows are left after 900" in said
        and "y is distributed differently" in said
        and "g is spread" not in said
    )


def test_a_foreign_key_looks_into_another_source(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,city\n1,Bonn\n2,Atlantis\n")
    (tmp_path / "c.csv").write_text("city\nBonn\nKiel\n")
    data = Dataset.model_validate(
        {
            "from": "a",
            "fields": {
                "id": {"type": "integer"},
                "city": {"type": "text", "rules": [{"type": "foreign_key", "in": "c"}]},
            },
        }
    )
    kinds: Any = {
        n: SOURCES["csv"].model_validate({"type": "csv", "path": f"{n}.csv"}) for n in "ac"
    }
    got = build_snapshot(
        "t",
        data,
        kinds,
        ProjectPaths(tmp_path, tmp_path / ".mesocosm"),
        "m",
        KEY,
        BuildOptions(say=lambda _: None),
    )
    assert (
        got.account["quarantined"] == 1
        and "breaks the rule: city known to c" in got.report["reasons"]
    )


def test_repairs_mend_slips_dependencies_and_moved_values(tmp_path: Path) -> None:
    lines = ["id,city,zip,state"]
    for i in range(120):
        city, state = (("Berlin", "BE"), ("Hamburg", "HH"))[i % 2]
        zip_ = ("10115", "20095")[i % 2]
        if i == 10:
            city = "Bexlin"
        if i == 21:
            zip_ = "10115"  # the city says 20095
        if i == 30:
            city, state = "Berlin BE", ""
        lines.append(f"{i},{city},{zip_},{state}")
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    repairs = [
        {"method": "moved", "from": "city", "to": "state"},
        {"method": "spelling", "of": "city"},
        {"method": "dependency", "from": ["city", "state"], "to": "zip"},
    ]
    data = Dataset.model_validate(
        {
            "from": "a",
            "split": "none",
            "repairs": repairs,
            "fields": {
                "id": {"type": "integer"},
                **{n: {"type": "category"} for n in ("city", "zip", "state")},
            },
        }
    )
    where = ProjectPaths(tmp_path, tmp_path / ".mesocosm")
    got = build_snapshot(
        "t",
        data,
        {"a": SOURCES["csv"].model_validate({"type": "csv", "path": "a.csv"})},
        where,
        "m",
        KEY,
        BuildOptions(say=lambda _: None),
    )  # type: ignore[dict-item]
    kept = {
        r["id"]: r
        for r in read_table(where.store / "datasets/t/rows", got.delta["rows"]).to_pylist()
    }
    assert (
        kept[10]["city"] == "Berlin"
        and kept[21]["zip"] == "20095"
        and (kept[30]["city"], kept[30]["state"]) == ("Berlin", "BE")
    )
    assert got.report["mended"] == {"city": 2, "state": 1, "zip": 1}
    with duckdb.connect() as con:
        ibis_sql.prepare(con)
        con.register(
            "incoming",
            pa.table(
                {"_row": [0], "id": ["1"], "city": ["Bexlin"], "zip": ["10115"], "state": ["BE"]}
            ),
        )
        (one,) = (
            con.sql(
                serving_sql(dict(data.fields), data.rules, got.facts["fields"], KEY, data.repairs)
            )
            .to_arrow_table()
            .to_pylist()
        )
    assert one["city"] == "Berlin"


def test_quantiles_of_a_long_column_are_exact_in_bounded_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mesocosm.data.pipeline.quantiles.DIRECT", 1000)
    monkeypatch.setattr("mesocosm.data.pipeline.quantiles.SORTED", 500)
    with duckdb.connect() as con:
        con.execute(
            "create table t as select case when i % 7 = 0 then null when i % 5 = 0 then 3.0 when i"
            " = 1 then 1e9 else ln(i + 1.0) end as x from range(100000) r(i)"
        )
        asked = [0.0, 0.013, 0.25, 0.5, 0.75, 0.999, 1.0]
        want = con.execute(f"select quantile_cont(x, {asked}) from t").fetchall()[0][0]
        assert quantiles(con, "x", "t", asked) == pytest.approx([float(w) for w in want], rel=1e-12)


def test_every_kind_has_a_source_a_doctest_and_defaults_that_hold() -> None:
    kinds = {**IMPUTERS, **OUTLIER_DETECTORS, **RULES, **REPAIRS}
    assert len(kinds) == len(IMPUTERS) + len(OUTLIER_DETECTORS) + len(RULES) + len(REPAIRS) == 29
    for name, kind in kinds.items():
        assert "Source:" in (kind.__doc__ or "") and ">>>" in (kind.__doc__ or ""), name
    assert MACROS


@given(st.data())
def test_a_plain_condition_names_the_fields_that_a_parser_finds(data: st.DataObject) -> None:
    from sqlglot import exp

    from mesocosm.data.quality.rules.condition import FUNCTIONS, Condition, plain_fields

    name = st.sampled_from(
        [
            "age",
            "Amount",
            "x_1",
            "n9",
            "day",
            "year",
            "left_side",
            "date",
            "user",
            "nullable",
            "orders",
            "is_ok",
            *FUNCTIONS,
        ]
    )
    value = st.one_of(
        st.integers(-99, 99).map(str), st.sampled_from(["1.5", "'a b'", "'or x = 1'", "''"]), name
    )
    atom = st.one_of(
        st.tuples(name, st.sampled_from(["<", "<=", " = ", "<>", " >= "]), value).map("".join),
        name.map(lambda n: f"{n} between -1 and 2.5"),
        name.map(lambda n: f"{n} IS not NULL"),
    )
    said = data.draw(
        st.lists(atom, min_size=1, max_size=4).map(
            lambda a: data.draw(st.sampled_from([" and ", " OR "])).join(a)
        )
    )
    found = plain_fields(said)
    if found is not None:
        tree = Condition(condition=said).tree()
        assert found == sorted({c.name for c in tree.find_all(exp.Column)}), said


@pytest.mark.parametrize(
    "said",
    [
        "age > ",
        "1; drop table x",
        "x = 'it''s'",
        "(a > 1)",
        "a > 1 -- x",
        "read_text('x') is null",
        "a = b.c",
        "date > 1",
        "a between b and 2",
    ],
)
def test_any_other_condition_goes_to_the_parser(said: str) -> None:
    from mesocosm.data.quality.rules.condition import plain_fields

    assert plain_fields(said) is None


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"type": "in_set", "values": ["a"], "severity": "stop", "mostly": 0.9}, None),
        ({"type": "in_set", "values": ["a"], "severity": "warn", "mostly": 0.9}, None),
        (
            {"type": "in_set", "values": ["a"], "severity": "stop", "mostly": 0.95},
            "10 of 100 rows, where 5 may",
        ),
        ({"type": "unique", "severity": "stop", "mostly": 0.02}, None),
        ({"type": "unique", "severity": "stop", "mostly": 0.03}, "of 100 rows, where 97 may"),
    ],
)
def test_a_share_of_the_rows_may_break_a_rule(
    tmp_path: Path, rule: dict[str, Any], says: str | None
) -> None:
    (tmp_path / "a.csv").write_text("x\n" + "a\n" * 90 + "b\n" * 10)
    data = Dataset.model_validate(
        {"from": "a", "split": "none", "fields": {"x": {"type": "text", "rules": [rule]}}}
    )
    source = {"a": SOURCES["csv"].model_validate({"type": "csv", "path": "a.csv"})}
    where = ProjectPaths(tmp_path, tmp_path / ".mesocosm")
    if says:
        with pytest.raises(ConfigValueError, match=says):
            build_snapshot("t", data, source, where, "m", KEY)
        return
    snapshot = build_snapshot("t", data, source, where, "m", KEY)
    assert snapshot.account["kept"] == 100 and not snapshot.report["warned"]


def test_a_quantile_lies_between_its_ends(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n" + "".join(f"{n}\n" for n in range(101)))
    rules = [
        {"type": "quantile", "at": 0.95, "max": 95},
        {"type": "quantile", "at": 0.95, "max": 90},
        {"type": "quantile", "min": 60},
    ]
    data = Dataset.model_validate(
        {"from": "a", "split": "none", "fields": {"x": {"type": "number", "rules": rules}}}
    )
    source = {"a": SOURCES["csv"].model_validate({"type": "csv", "path": "a.csv"})}
    where = ProjectPaths(tmp_path, tmp_path / ".mesocosm")
    said = build_snapshot("t", data, source, where, "m", KEY).report["warned"]
    assert list(said) == [
        "the 0.95 quantile of x is 95; expected 90 or less",
        "the 0.5 quantile of x is 50; expected 60 or more",
    ]
    for wrong in ({"mostly": 0.9}, {"mostly": 0.9, "severity": "warn", "type": "row_count"}):
        rule = {"type": "range", "min": 1, **wrong}
        with pytest.raises(ValueError):
            Dataset.model_validate(
                {"from": "a", "fields": {"x": {"type": "number", "rules": [rule]}}}
            )
