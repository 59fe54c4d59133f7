"""Mesocosm's run over the dirty table, for `govern.py` to measure.

    python ours.py IN.parquet whole|bare

`whole` is a build of the dataset: profile, duplicates, rules, facts, quarantine, Delta. `bare` is
the recipe's own transform and write in one pass, with facts already known and nothing counted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mesocosm.core.settings import ProjectPaths
from mesocosm.data.dataset import Dataset
from mesocosm.data.engines.bounded_duckdb import open_engine
from mesocosm.data.pipeline import recipe
from mesocosm.data.pipeline.ingest import ingest_rows
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, build_snapshot
from mesocosm.data.sources.files.parquet import Parquet

KEY = "ab" * 32
RULES: list[Any] = [
    "visits >= 0",
    "age between 18 and 100",
    "income > 0",
    "weight > 20",
    {"type": "range", "of": "signed", "min": "2010-01-01"},
]
DATA = Dataset.model_validate(
    {
        "from": "customers",
        "split": "none",
        "duplicates": "row",
        "rules": RULES,
        "fields": {
            "customer_id": {"type": "integer"},
            "email": {"type": "text", "private": "pseudonymise"},
            "phone": {"type": "text", "private": "mask"},
            "country": {
                "type": "category",
                "values": ["DE", "FR", "ES", "IT"],
                "aliases": {"germany": "DE", "france": "FR", "spain": "ES", "italy": "IT"},
            },
            "income": {
                "type": "number",
                "missing": "median",
                "outliers": {"method": "iqr", "action": "clip"},
            },
            "age": {"type": "integer", "missing": "median"},
            "weight": {
                "type": "number",
                "unit": "kg",
                "outliers": {"method": "iqr", "action": "clip"},
            },
            "signed": {"type": "date", "formats": ["iso", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d"]},
            "status": {
                "type": "category",
                "values": ["active", "closed", "pending"],
                "aliases": {"act": "active"},
            },
            "score": {
                "type": "number",
                "missing": "median",
                "outliers": {"method": "zscore", "action": "flag"},
            },
            "visits": {"type": "integer"},
            "note": {"type": "text"},
        },
    }
)


def main(path: Path, how: str) -> None:
    """Run and print the account."""
    where = ProjectPaths(path.parent, path.parent / f".store-{how}")
    source = Parquet(path=path.name)
    if how == "whole":
        made = build_snapshot(
            "customers",
            DATA,
            {"customers": source},
            where,
            "made",
            KEY,
            BuildOptions(say=lambda _: None),
        )
        print(
            json.dumps(
                made.account | {"missing": sum(p["missing"] for p in made.report["after"].values())}
            )
        )
        return
    fields = dict(DATA.fields)
    facts: recipe.Facts = {
        "income": {"fence": {"low": 1000.0, "high": 60000.0}, "fill": 22000.0},
        "age": {"fill": 52},
        "score": {"fence": {"low": 0.0, "high": 100.0}, "fill": 50.0},
    }
    facts["weight"] = {
        "units": fields["weight"].fit_units([])["units"],
        "fence": {"low": 10.0, "high": 150.0},
    }
    with open_engine(where.store) as con:
        rows = ingest_rows(con, DATA, {"customers": source.collect(where, con, "src_customers")})
        con.execute("set preserve_insertion_order=false")
        read = recipe.read_sql(fields, facts, "_raw", rows.types, recipe.LINEAGE)
        con.execute(f"create view _read as {read}")
        clean = recipe.clean_sql(fields, "_read", facts, KEY, ("_row", "_part", "_line"))
        con.execute(
            f"copy (select * from ({clean}) where _why is null) to '{where.store}/out.parquet'"
            " (format parquet)"
        )
        print(json.dumps({"in": con.execute("select count(*) from _raw").fetchall()[0][0]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
