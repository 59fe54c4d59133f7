"""A store and its file as one archive, and back again.

Knows files and SQLite's backup. The project's own data files are not in it.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from mesocosm.catalog.database.migrations import HEAD
from mesocosm.core.confidential.owner_files import close_to_others, owner_only
from mesocosm.core.errors import MesocosmError
from mesocosm.core.files import aside_name
from mesocosm.core.messages import Message
from mesocosm.core.version import VERSION
from mesocosm.lifecycle.build_lock import hold_build_lock
from mesocosm.lifecycle.server_info import lock_server

STORE, CATALOG, MANIFEST = ".mesocosm", "catalog.db", "manifest.json"
LEFT_OUT = {"lock", "server.lock", "server.json", "catalog.db-wal", "catalog.db-shm", "logs"}


@dataclass(frozen=True)
class Backup:
    """What an archive holds.

    Args:
        release: of Mesocosm, that wrote it.
        schema: version of the catalog's schema.
        at: when it was written, in seconds since 1970.
        files: how many files of the store it has.
        bytes: how many bytes those have, before compression.
    """

    release: str
    schema: str
    at: float
    files: int
    bytes: int


def write_backup(file: Path, archive: Path) -> Backup:
    """Write a project's file and store as a `.tar.gz` that only its owner reads.

    No build runs meanwhile; a server may run, and the catalog is copied as it is at one moment.
    The keys of pseudonyms and of encrypted fields are in it.

    Raises:
        MesocosmError: there is no store, the archive exists, or a build is at work.
    """
    store = file.parent / STORE
    if not (store / CATALOG).is_file():
        raise MesocosmError(Message("lifecycle.no_store", file=file.name))
    if archive.exists():
        raise MesocosmError(Message("lifecycle.archive_exists", archive=str(archive)))
    aside = archive.with_name(aside_name(archive))
    try:
        with hold_build_lock(store), owner_only(), tempfile.TemporaryDirectory() as scratch:
            catalog = Path(scratch) / CATALOG
            with (
                closing(sqlite3.connect(store / CATALOG)) as old,
                closing(sqlite3.connect(catalog)) as new,
            ):
                old.backup(new)
            with tarfile.open(aside, "w:gz") as tar:
                tar.add(file, f"project/{file.name}")
                tar.add(catalog, f"{STORE}/{CATALOG}")
                count, size = 1, catalog.stat().st_size
                for path in _files(store):
                    with suppress(FileNotFoundError):  # a server let go of it meanwhile
                        tar.add(path, f"{STORE}/{path.relative_to(store).as_posix()}")
                        count, size = count + 1, size + path.stat().st_size
                backup = Backup(VERSION, HEAD, time.time(), count, size)
                _add_text(tar, MANIFEST, json.dumps(asdict(backup)))
        os.replace(aside, archive)
    finally:
        aside.unlink(missing_ok=True)
    return backup


def restore_backup(archive: Path, file: Path, replace: bool = False) -> tuple[Backup, Path | None]:
    """Bring a store back from an archive; a file that is there already stays as it is.

    Args:
        file: where the project's file is, or is to be.
        replace: whether a store that is there is moved aside.

    Returns:
        What the archive holds, and where the store that was there lies now.

    Raises:
        MesocosmError: it is no archive of ours, a newer release wrote it, a store is there and
            `replace` is false, or a server runs.
    """
    root = file.parent
    store = root / STORE
    if store.exists() and not replace:
        raise MesocosmError(Message("lifecycle.store_exists", store=str(store)))
    root.mkdir(parents=True, exist_ok=True)
    aside = root / aside_name(store)
    try:
        with owner_only():
            backup = _unpack(archive, aside)
        before = None
        if store.exists():
            with lock_server(store), hold_build_lock(store):
                before = _free_name(root / f"{STORE}.before-restore")
                store.rename(before)
        (aside / STORE).rename(store)
        close_to_others(store)
        if not file.exists():
            (named,) = (aside / "project").iterdir()
            named.rename(file)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return backup, before


def _files(store: Path) -> Iterator[Path]:
    """The files of a store that are worth keeping, the catalog apart."""
    for path in sorted(store.rglob("*")):
        if _is_kept(path.relative_to(store)) and path.is_file() and not path.is_symlink():
            yield path


def _is_kept(path: Path) -> bool:
    """Whether a path inside a store is worth keeping: no lock, no log, nothing half written."""
    if path.parts[0] in LEFT_OUT or path.parts[0] == CATALOG:
        return False
    return not any(part.startswith(".aside-") for part in path.parts)


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), 0o600, int(time.time())
    tar.addfile(info, io.BytesIO(content))


def _unpack(archive: Path, folder: Path) -> Backup:
    """Unpack an archive into a new folder; nothing outside it is written."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
        backup = Backup(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, tarfile.TarError, ValueError, TypeError, EOFError) as error:
        raise MesocosmError(
            Message("lifecycle.not_a_backup", archive=archive.name, reason=str(error)[:100])
        ) from error
    if backup.schema > HEAD:
        raise MesocosmError(
            Message(
                "lifecycle.newer_backup",
                archive=archive.name,
                schema=backup.schema,
                newest=HEAD,
                release=backup.release,
            )
        )
    return backup


def _free_name(path: Path) -> Path:
    number, found = 2, path
    while found.exists():
        found, number = path.with_name(f"{path.name}-{number}"), number + 1
    return found
