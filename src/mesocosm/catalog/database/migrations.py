"""The catalog's schema: its version, and the migrations of a catalog that an earlier release wrote.

A new catalog gets all tables at once. One of an earlier release is copied first where it is a
SQLite file, and then taken through the revisions that it lacks, by Alembic.

Source: https://alembic.sqlalchemy.org
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from mesocosm.catalog.database import schema as t
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message

BASELINE, HEAD = "0001", "0002"
VERSION_TABLE = "catalog_schema"  # searches keep their own `alembic_version` in the same database


def schema_version(engine: Engine) -> str | None:
    """The version of a catalog's schema; None where the catalog is new, or older than versions."""
    try:
        with engine.connect() as connection:
            found = connection.execute(text(f"select version_num from {VERSION_TABLE}")).scalar()
    except DBAPIError:
        return None
    return None if found is None else str(found)


def migrate_catalog(engine: Engine) -> Path | None:
    """Bring a catalog's schema to the version that this release knows.

    Two processes may do so at once: one of them migrates, the other finds it done.

    Returns:
        The copy of the catalog as it was, where it is a SQLite file that was changed.

    Raises:
        MesocosmError: a newer release wrote the catalog.
        DBAPIError: the catalog cannot be read or written.
    """
    version = schema_version(engine)
    if version == HEAD:
        return None
    if version is not None and version > HEAD:
        raise MesocosmError(Message("lifecycle.newer_catalog", version=version, newest=HEAD))
    backup = None
    if version is None and not inspect(engine).get_table_names():
        _create(engine)
    else:
        backup = _copy(engine, version or BASELINE)
        try:
            _upgrade(engine, version or BASELINE)
        except DBAPIError:
            if schema_version(engine) != HEAD:  # no other process did it meanwhile
                raise
    return backup


def _create(engine: Engine) -> None:
    """All tables of a new catalog, and its version."""
    t.META.create_all(engine)
    _add_indexes(engine)
    with engine.begin() as connection:
        _write_version(connection, HEAD)


def _add_indexes(engine: Engine) -> None:
    for index in t.INDEXES:
        index.create(engine, checkfirst=True)


def _write_version(connection: Connection, version: str) -> None:
    connection.execute(
        text(f"create table if not exists {VERSION_TABLE} (version_num varchar(32) primary key)")
    )
    connection.execute(text(f"delete from {VERSION_TABLE}"))
    connection.execute(
        text(f"insert into {VERSION_TABLE} (version_num) values (:version)"), {"version": version}
    )


def _copy(engine: Engine, version: str) -> Path | None:
    """A copy of a SQLite catalog beside it, named after its version; one that is there stays."""
    database = engine.url.database if engine.dialect.name == "sqlite" else None
    if not database:
        return None
    backup = Path(f"{database}.schema-{version}")
    if backup.exists():
        return backup
    backup.touch(mode=0o600)
    with closing(sqlite3.connect(database)) as old, closing(sqlite3.connect(backup)) as new:
        old.backup(new)
    return backup


def _upgrade(engine: Engine, version: str) -> None:
    """Run the revisions after a version, all of them or none."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    folder = Path(__file__).parent / "revisions"
    script = ScriptDirectory(str(folder), version_locations=[str(folder)])
    environment = EnvironmentContext(
        Config(), script, fn=lambda revision, _: script._upgrade_revs("head", revision)
    )
    with engine.begin() as connection:
        _write_version(connection, version)
        environment.configure(
            connection=connection, target_metadata=t.META, version_table=VERSION_TABLE
        )
        environment.run_migrations()


def indexes_of(engine: Engine, table: str) -> set[str]:
    """The names of a table's indexes."""
    return {str(one["name"]) for one in inspect(engine).get_indexes(table)}
