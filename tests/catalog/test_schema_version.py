"""A catalog has a schema version; one of an earlier release is copied and migrated, once."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from conftest import ROOT
from sqlalchemy import inspect

from mesocosm.catalog import Catalog
from mesocosm.catalog.database.migrations import HEAD, schema_version
from mesocosm.core.errors import MesocosmError

OLD = ROOT / "tests" / "stores" / "store-0.6" / "store" / "catalog.db"


def old_catalog(folder: Path) -> Path:
    shutil.copy(OLD, folder / "catalog.db")
    return folder


def tables_of(catalog: Catalog) -> dict[str, set[str]]:
    found = inspect(catalog.engine)
    return {
        table: {str(column["name"]) for column in found.get_columns(table)}
        for table in found.get_table_names()
    }


def test_a_new_catalog_has_the_version_of_this_release(tmp_path: Path) -> None:
    assert schema_version(Catalog(tmp_path).engine) == HEAD
    assert not list(tmp_path.glob("catalog.db.schema-*"))


def test_an_old_catalog_is_copied_and_gets_the_tables_of_now(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    catalog = Catalog(old_catalog(tmp_path / "a"))
    assert tables_of(catalog) == tables_of(Catalog(tmp_path / "b"))
    assert schema_version(catalog.engine) == HEAD and catalog.versions("churn")
    copy = tmp_path / "a" / "catalog.db.schema-0001"
    with closing(sqlite3.connect(OLD)) as before, closing(sqlite3.connect(copy)) as kept:
        assert list(kept.iterdump()) == list(before.iterdump())
    assert copy.stat().st_mode & 0o077 == 0


def test_a_migration_happens_once_whoever_opens_the_catalog(tmp_path: Path) -> None:
    old_catalog(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        catalogs = list(pool.map(lambda _: Catalog(tmp_path), range(4)))
    assert {schema_version(one.engine) for one in catalogs} == {HEAD}
    assert len(catalogs[0].versions("churn")) == 1


def test_a_catalog_of_a_newer_release_is_refused_and_stays(tmp_path: Path) -> None:
    Catalog(tmp_path)
    with closing(sqlite3.connect(tmp_path / "catalog.db")) as con:
        con.execute("update catalog_schema set version_num = '9999'")
        con.commit()
    before = (tmp_path / "catalog.db").read_bytes()
    with pytest.raises(MesocosmError, match="schema version 9999.*up to"):
        Catalog(tmp_path)
    assert (tmp_path / "catalog.db").read_bytes() == before
