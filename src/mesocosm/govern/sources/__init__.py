"""Kinds of source: one file and one line each."""

from typing import TYPE_CHECKING

from mesocosm.base.kinds import union
from mesocosm.govern.sources.csv import Csv
from mesocosm.govern.sources.delta import Delta
from mesocosm.govern.sources.excel import Excel
from mesocosm.govern.sources.folder import Folder
from mesocosm.govern.sources.http import Http
from mesocosm.govern.sources.iceberg import Iceberg
from mesocosm.govern.sources.json import Json
from mesocosm.govern.sources.jsonl import Jsonl
from mesocosm.govern.sources.mysql import Mysql
from mesocosm.govern.sources.nats import Nats
from mesocosm.govern.sources.parquet import Parquet
from mesocosm.govern.sources.postgres import Postgres
from mesocosm.govern.sources.python import Python
from mesocosm.govern.sources.redis import Redis
from mesocosm.govern.sources.remote import Remote
from mesocosm.govern.sources.source import SourceKind
from mesocosm.govern.sources.sqlite import Sqlite

SOURCES: dict[str, type[SourceKind]] = {
    "csv": Csv,
    "delta": Delta,
    "excel": Excel,
    "folder": Folder,
    "http": Http,
    "iceberg": Iceberg,
    "json": Json,
    "jsonl": Jsonl,
    "mysql": Mysql,
    "nats": Nats,
    "parquet": Parquet,
    "postgres": Postgres,
    "python": Python,
    "redis": Redis,
    "remote": Remote,
    "sqlite": Sqlite,
}

if TYPE_CHECKING:
    from typing import Any

    SourceSetting = Any
else:
    SourceSetting = union(SOURCES, "type")
