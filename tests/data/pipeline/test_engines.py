"""The same recipe gives the same rows whichever engine treats them: random recipes, every column of
every table.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pytest
from conftest import rounds
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.cleaning.missing import IMPUTERS
from mesocosm.data.cleaning.outliers import OUTLIER_DETECTORS
from mesocosm.data.dataset import Dataset
from mesocosm.data.engines.worker_task import run_job
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, Snapshot, build_snapshot
from mesocosm.data.snapshots.delta_tables import read_table
from mesocosm.data.sources import SOURCES

pytestmark = pytest.mark.slow

RECIPES = rounds(5, 100)
SPARK = {"type": "spark", "url": "local[2]", "rows": 37}  # four jobs for the table below
TABLES = ("rows", "quarantine", "duplicates")
LENGTHS = ["150 cm", "1.5m", "1,5 m", "60 in", "", "n/a", "a lot", "１７０cm", "9000 cm"]
DAYS = ["2024-01-31", "31/01/2024", "Jan 31, 2024", "2024年1月31日", "", "31.31.2024"]
WORDS = ["yes", "Yes", " no", "yess", "maybe", "", "NO"]
TEXTS = ["call +44 20 7946 0958", "ann@example.org wrote", "", "  ｆｕｌｌ　ｗｉｄｔｈ ", "plain"]


def table(seed: int) -> pa.Table:
    rng = random.Random(seed)
    rows = [
        {
            "id": str(i),
            "length": rng.choice(LENGTHS),
            "sum": rng.choice(
                ["", f"{rng.gauss(100, 30):.2f}", f"{rng.gauss(1e3, 30):,.1f}", "1e9"]
            ),
            "count": rng.choice(["", str(rng.randrange(90)), "12.0", "x"]),
            "day": rng.choice(DAYS),
            "word": rng.choice(WORDS),
            "text": rng.choice(TEXTS),
            "zip": (z := rng.choice(["10", "20", "30"])),
            "city": {"10": "Bonn", "20": "Köln", "30": "Ulm"}[z] if rng.random() > 0.1 else "Bonn",
        }
        for i in range(120)
    ]
    return pa.Table.from_pylist(rows + rng.sample(rows, 12))


def fill_of(names: list[str]) -> st.SearchStrategy[Any]:
    return st.sampled_from(["keep", "drop", "quarantine", *names]).map(
        lambda n: {"method": "constant", "value": 3} if n == "constant" else n
    )


NUMBERS = fill_of([n for n in IMPUTERS if n not in ("drop", "keep", "quarantine")])
FENCE = st.none() | st.fixed_dictionaries(
    {
        "method": st.sampled_from(sorted(OUTLIER_DETECTORS)),
        "action": st.sampled_from(["clip", "flag", "null", "quarantine"]),
    }
)
HIDDEN = st.sampled_from([None, "mask", "pseudonymise", "redact"])


@st.composite
def recipes(draw: st.DrawFn) -> dict[str, Any]:
    def number(**more: Any) -> dict[str, Any]:
        fence = draw(FENCE)
        if fence and fence["method"] == "forest" and fence["action"] == "clip":
            fence["action"] = "null"
        return {
            "type": "number",
            "missing": draw(NUMBERS),
            **({"outliers": fence} if fence else {}),
            **more,
        }

    fields: dict[str, Any] = {
        "id": {"type": "integer"},
        "length": number(unit=draw(st.sampled_from(["cm", "m"]))),
        "sum": number(),
        "count": {"type": "integer", "missing": draw(fill_of(["median", "mean", "mode"]))},
        "day": {"type": "date", "missing": draw(st.sampled_from(["keep", "quarantine", "mode"]))},
        "word": {
            "type": "category",
            "values": ["yes", "no"],
            "missing": draw(st.sampled_from(["keep", "mode", "quarantine"])),
        },
        "text": {"type": "text", **({"private": hidden} if (hidden := draw(HIDDEN)) else {})},
        "zip": {"type": "category"},
        "city": {"type": "category"},
    }
    left_out = draw(st.sets(st.sampled_from(["length", "sum", "count", "day", "text"]), max_size=3))
    fields = {n: f for n, f in fields.items() if n not in left_out}
    found: dict[str, Any] = {"fields": fields}
    if draw(st.booleans()):
        found["key"] = "id"
    if draw(st.booleans()):
        found["duplicates"] = "row"
    if draw(st.booleans()):
        found["repairs"] = [{"method": "dependency", "from": "zip", "to": "city"}]
    if "count" in fields and draw(st.booleans()):
        found["rules"] = [
            {"condition": "count < 80", "severity": draw(st.sampled_from(["warn", "quarantine"]))}
        ]
    found["split"] = draw(
        st.sampled_from(
            [
                "none",
                {"test": 0.3},
                {"test": 0.2, "stratify": "zip"},
                {"test": 0.2, "group": "city"},
            ]
        )
    )
    return found


def made(
    home: Path, recipe: dict[str, Any], engine: Any, name: str
) -> tuple[Snapshot, dict[str, pa.Table]] | str:
    where = ProjectPaths(home, home / ".mesocosm")
    data = Dataset.model_validate({"from": "a", **recipe, "engine": engine})
    source: Any = SOURCES["csv"].model_validate({"type": "csv", "path": "a.csv"})
    try:
        found = build_snapshot(
            name,
            data,
            {"a": source},
            where,
            "m",
            "ab" * 32,
            BuildOptions(say=lambda _: None, now=1.8e9),
        )
    except ConfigValueError as wrong:
        return str(wrong)
    tables = {t: read_table(where.store / "datasets" / name / t, found.delta[t]) for t in TABLES}
    return found, {
        t: x.sort_by([(c, "ascending") for c in ("_row", "_line")]) for t, x in tables.items()
    }


@settings(
    max_examples=RECIPES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=[Phase.generate],
)
@given(recipe=recipes(), seed=st.integers(0, 10_000))
def test_random_recipes_give_identical_tables_on_duckdb_and_on_spark(
    tmp_path_factory: pytest.TempPathFactory, recipe: dict[str, Any], seed: int
) -> None:
    home = tmp_path_factory.mktemp("engines")
    pyarrow.csv.write_csv(table(seed), home / "a.csv")
    here, there = made(home, recipe, "duckdb", "here"), made(home, recipe, SPARK, "there")
    if isinstance(here, str) or isinstance(there, str):
        assert here == there, "both refuse, with one sentence"
        return
    assert (
        here[0].account == there[0].account
        and sum(v for k, v in here[0].account.items() if k != "in") == 132
    )
    assert json.dumps(here[0].facts, sort_keys=True) == json.dumps(there[0].facts, sort_keys=True)
    for name in TABLES:
        assert here[1][name].schema == there[1][name].schema
        assert here[1][name].equals(there[1][name]), name
    assert not list((home / ".mesocosm" / "work").glob("spill-*")), "nothing between stays"


def test_a_job_done_twice_leaves_one_file_and_one_that_fails_leaves_none(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"_row": range(10)}), tmp_path / "rows.parquet")
    job = {
        "query": "select _row * 2 as x from t",
        "table": "t",
        "rows": str(tmp_path / "rows.parquet"),
        "first": 2,
        "last": 4,
        "store": str(tmp_path),
        "made": str(tmp_path / "out" / "0.parquet"),
        "memory": "200MB",
    }
    (tmp_path / "out").mkdir()
    for _ in range(2):
        assert pq.read_table(run_job(json.dumps(job)))["x"].to_pylist() == [4, 6, 8]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["0.parquet"]
    with pytest.raises(Exception, match="nowhere"):
        run_job(
            json.dumps(
                {
                    **job,
                    "query": "select * from nowhere",
                    "made": str(tmp_path / "out" / "1.parquet"),
                }
            )
        )
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["0.parquet"]


def test_what_spark_cannot_do_is_a_sentence_without_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyarrow.csv.write_csv(table(1), tmp_path / "a.csv")
    recipe = {"fields": {"id": {"type": "integer"}, "text": {"type": "text"}}, "split": "none"}
    assert "spark" in str(
        pytest.raises(
            ValueError,
            Dataset.model_validate,
            {"from": "a", **recipe, "engine": {"spark": "http://x"}},
        ).value
    )
    with pytest.raises(
        MesocosmError, match=r"Spark at local\[2\] could not treat the rows"
    ) as caught:
        made(tmp_path, recipe, {**SPARK, "memory": "1MB"}, "there")
    assert "example.org" not in str(caught.value) and "Traceback" not in str(caught.value)
    assert not (tmp_path / ".mesocosm" / "datasets" / "there" / "rows").exists()


def test_another_engine_changes_no_version(pond: Path, cli: Any) -> None:
    file = pond / "ecosystem.yaml"
    assert cli("build", "-f", str(pond)).returncode == 0
    file.write_text(
        file.read_text().replace(
            "    key: id\n", "    key: id\n    engine: {spark: 'local[2]'}\n", 1
        )
    )
    plan = json.loads(cli("plan", "-f", str(pond), "--json").stdout)
    signs = {c["address"]: c["sign"] for c in plan["changes"]}
    assert signs["datasets.mail"] == "~" and signs["models.judge"] == "=", signs


def test_means_do_not_depend_on_the_order_of_rows() -> None:
    """Means of decimals often lie midway between two numbers of 12 digits; which is taken may not
    turn on how the rows lie.
    """
    import duckdb

    from mesocosm.data.pipeline.ibis_sql import prepare

    rng = random.Random(1)
    with duckdb.connect() as con:
        prepare(con)
        for _ in range(300):
            numbers = [
                1e9,
                *(
                    round(rng.gauss(rng.choice([100, 1000]), 30), 2)
                    for _ in range(rng.choice([3, 7, 15, 39]))
                ),
            ]
            said = {
                con.execute(
                    "select steady_mean(x), steady_sd(x) from (select unnest(?::double[]) as x)",
                    [rng.sample(numbers, len(numbers))],
                ).fetchone()
                for _ in range(4)
            }
            assert len(said) == 1, said
