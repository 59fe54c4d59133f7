"""Kinds of source: one file and one line each."""

from mesocosm.base.kinds import Kind
from mesocosm.govern.sources.csv import Csv
from mesocosm.govern.sources.jsonl import Jsonl
from mesocosm.govern.sources.parquet import Parquet
from mesocosm.govern.sources.postgres import Postgres
from mesocosm.govern.sources.sqlite import Sqlite

SOURCES: dict[str, type[Kind]] = {
    "csv": Csv,
    "jsonl": Jsonl,
    "parquet": Parquet,
    "postgres": Postgres,
    "sqlite": Sqlite,
}
