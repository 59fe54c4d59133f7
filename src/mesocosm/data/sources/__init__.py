"""Kinds of source: one file and one line each."""

from typing import TYPE_CHECKING

from mesocosm.core.plugins.kind_modules import KindModules
from mesocosm.core.plugins.kinds import Kinds
from mesocosm.core.settings import one_of
from mesocosm.data.sources.source import SourceKind

BUILT_IN = KindModules[SourceKind](
    SourceKind,
    {
        "csv": "mesocosm.data.sources.delimited.csv:Csv",
        "delta": "mesocosm.data.sources.files.delta:Delta",
        "excel": "mesocosm.data.sources.files.excel:Excel",
        "folder": "mesocosm.data.sources.folder:Folder",
        "http": "mesocosm.data.sources.http:Http",
        "iceberg": "mesocosm.data.sources.files.iceberg:Iceberg",
        "json": "mesocosm.data.sources.files.json:Json",
        "jsonl": "mesocosm.data.sources.files.json_lines:Jsonl",
        "mysql": "mesocosm.data.sources.databases.mysql:Mysql",
        "nats": "mesocosm.data.sources.streams.nats:Nats",
        "parquet": "mesocosm.data.sources.files.parquet:Parquet",
        "postgres": "mesocosm.data.sources.databases.postgres:Postgres",
        "python": "mesocosm.data.sources.python:Python",
        "redis": "mesocosm.data.sources.streams.redis:Redis",
        "remote": "mesocosm.data.sources.remote:Remote",
        "sqlite": "mesocosm.data.sources.databases.sqlite:Sqlite",
    },
)
SOURCES = Kinds("sources", BUILT_IN, SourceKind, "type", ("fingerprint", "collect"))

if TYPE_CHECKING:
    SourceSetting = SourceKind
else:
    SourceSetting = one_of(SOURCES, "type")
