"""How the catalog's database is opened: SQLite in WAL mode, or PostgreSQL by its URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import URL, create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool


def url_of_file(file: Path) -> str:
    """The URL of a SQLite file, whatever characters its path has.

    >>> url_of_file(Path("/a%20b/c.db"))
    'sqlite:////a%2520b/c.db'
    """
    return URL.create("sqlite", database=str(file)).render_as_string(hide_password=False)


def open_engine(url: str, wait: float = 60.0, keep: int = 0) -> Engine:
    """An engine of a URL.

    Args:
        wait: seconds that a statement waits for another writer.
        keep: connections that stay open; 0 opens one each time.
    """
    if not url.startswith("sqlite"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        return create_engine(
            url, pool_pre_ping=True, **({"json_serializer": _dumped} if keep else {})
        )
    more: dict[str, Any] = (
        {"pool_size": keep, "json_serializer": _dumped} if keep else {"poolclass": NullPool}
    )
    engine = create_engine(url, connect_args={"timeout": wait}, **more)

    @event.listens_for(engine, "connect")
    def _pragmas(raw: Any, _: Any) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            f"busy_timeout={int(wait * 1000)}",
            "secure_delete=ON",
        ):
            raw.execute(f"PRAGMA {pragma}")

    return engine


def _dumped(value: Any) -> str:
    return str(
        orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY), "utf-8"
    )
