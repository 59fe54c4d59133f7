"""Kinds of source: one file and one line each."""

from typing import TYPE_CHECKING

from mesocosm.core.plugins.kinds import Kinds
from mesocosm.core.settings import one_of
from mesocosm.data.sources.databases.mysql import Mysql
from mesocosm.data.sources.databases.postgres import Postgres
from mesocosm.data.sources.databases.sqlite import Sqlite
from mesocosm.data.sources.delimited.csv import Csv
from mesocosm.data.sources.files.delta import Delta
from mesocosm.data.sources.files.excel import Excel
from mesocosm.data.sources.files.iceberg import Iceberg
from mesocosm.data.sources.files.json import Json
from mesocosm.data.sources.files.json_lines import Jsonl
from mesocosm.data.sources.files.parquet import Parquet
from mesocosm.data.sources.folder import Folder
from mesocosm.data.sources.http import Http
from mesocosm.data.sources.python import Python
from mesocosm.data.sources.remote import Remote
from mesocosm.data.sources.source import SourceKind
from mesocosm.data.sources.streams.nats import Nats
from mesocosm.data.sources.streams.redis import Redis

BUILT_IN: dict[str, type[SourceKind]] = {
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
SOURCES = Kinds("sources", BUILT_IN, SourceKind, "type", ("fingerprint", "collect"))

if TYPE_CHECKING:
    SourceSetting = SourceKind
else:
    SourceSetting = one_of(SOURCES, "type")
