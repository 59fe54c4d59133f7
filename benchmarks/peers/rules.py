"""Five rules over a million rows in SQL, Pandera and Great Expectations, timed without imports and
reading.

python rules.py IN.parquet
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from statistics import median
from typing import Any

import duckdb

from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.recipe import broken_sql

MAIL = r"[^@\s]+@[^@\s]+\.[^@\s]+"
RULES = [
    {"rule": "not_null", "of": "email"},
    {"rule": "regex", "of": "email", "pattern": MAIL},
    {"rule": "range", "of": "age", "min": 18, "max": 100},
    {"rule": "range", "of": "visits", "min": 0},
    {
        "rule": "in_set",
        "of": "status",
        "values": ["active", "Active", "ACT", "closed", "Closed", "pending"],
    },
]


def ours(path: str) -> tuple[float, int]:
    """The rules as the recipe compiles them."""
    fields = {
        "email": {"type": "text"},
        "age": {"type": "integer"},
        "visits": {"type": "integer"},
        "status": {"type": "text"},
    }
    data = Dataset.model_validate({"from": "x", "fields": fields, "rules": RULES})
    with duckdb.connect() as con:
        con.execute(f"create table t as select email, age, visits, status from '{path}'")
        began = time.perf_counter()
        bad = con.execute(f"select count({broken_sql(data.fields, data.rules)}) from t").fetchall()[
            0
        ][0]
        return time.perf_counter() - began, bad


def pandera(path: str) -> tuple[float, int]:
    """Pandera on Polars, lazily, all failures."""
    import pandera.polars as pa
    import polars as pl

    frame = pl.read_parquet(path, columns=["email", "age", "visits", "status"])
    schema = pa.DataFrameSchema(
        {
            "email": pa.Column(str, pa.Check.str_matches(f"^{MAIL}$"), nullable=False),
            "age": pa.Column(int, pa.Check.in_range(18, 100), nullable=True),
            "visits": pa.Column(int, pa.Check.ge(0)),
            "status": pa.Column(
                str, pa.Check.isin(["active", "Active", "ACT", "closed", "Closed", "pending"])
            ),
        }
    )
    began = time.perf_counter()
    try:
        schema.validate(frame, lazy=True)
        bad = 0
    except pa.errors.SchemaErrors as error:
        bad = len(error.failure_cases)
    return time.perf_counter() - began, bad


def expectations(path: str) -> tuple[float, int]:
    """Great Expectations on pandas."""
    import great_expectations as gx
    import pandas as pd

    frame = pd.read_parquet(path, columns=["email", "age", "visits", "status"])
    context: Any = gx.get_context(mode="ephemeral")
    batch = (
        context.data_sources.add_pandas("p")
        .add_dataframe_asset("a")
        .add_batch_definition_whole_dataframe("b")
        .get_batch(batch_parameters={"dataframe": frame})
    )
    e = gx.expectations
    suite = gx.ExpectationSuite(
        name="s",
        expectations=[
            e.ExpectColumnValuesToNotBeNull(column="email"),
            e.ExpectColumnValuesToMatchRegex(column="email", regex=f"^{MAIL}$"),
            e.ExpectColumnValuesToBeBetween(column="age", min_value=18, max_value=100),
            e.ExpectColumnValuesToBeBetween(column="visits", min_value=0),
            e.ExpectColumnValuesToBeInSet(
                column="status",
                value_set=["active", "Active", "ACT", "closed", "Closed", "pending"],
            ),
        ],
    )
    began = time.perf_counter()
    result = batch.validate(suite)
    bad = sum(r.result.get("unexpected_count", 0) for r in result.results)
    return time.perf_counter() - began, bad


def main(path: str) -> None:
    """Medians of three runs each, as JSON."""
    warnings.simplefilter("ignore")
    found: dict[str, Any] = {}
    for name, run in (("ours", ours), ("pandera", pandera), ("expectations", expectations)):
        try:
            runs = [run(path) for _ in range(3)]
            found[name] = {"seconds": median(r[0] for r in runs), "broken": runs[0][1]}
        except Exception as error:
            found[name] = {"error": f"{type(error).__name__}: {str(error)[:200]}"}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
