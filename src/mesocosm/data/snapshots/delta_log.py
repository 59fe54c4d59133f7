"""The log of a Delta table: one JSON file for each version, that adds and removes Parquet files.

Knows the protocol, as far as tables of ours need it: no partitions, no deletion vectors and no
checkpoints. Tables of others are read by deltalake (`data/sources/files/delta.py`). The tests read
what is written here with deltalake.

Source: https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from mesocosm.core.records import Json, JsonObject
from mesocosm.core.version import VERSION
from mesocosm.data.snapshots.delta_schema import describe_schema, needs_zoneless_times

if TYPE_CHECKING:
    from pyarrow import Schema

LOG = "_delta_log"
TRIES = 10
# no column has a minimum or maximum in the log, and no reader writes one into a checkpoint
SETTINGS = {"delta.dataSkippingNumIndexedCols": "0", "delta.checkpointInterval": "1000000"}


class CommitInfo(TypedDict, total=False):
    """What a commit of ours says of itself in the log, as far as it is read."""

    contents: str


class AddedFile(TypedDict):
    """A file that a version adds, as far as it is read."""

    path: str


class LogAction(TypedDict, total=False):
    """A line of a table's log, as far as it is read."""

    commitInfo: CommitInfo
    add: AddedFile
    remove: AddedFile
    metaData: JsonObject


@dataclass(frozen=True)
class TableFile:
    """A Parquet file that a version adds."""

    name: str
    size: int
    rows: int


@dataclass(frozen=True)
class TableState:
    """What a table is at one version.

    Args:
        version: its number; -1 for a table without any.
        files: the names of its Parquet files, in the order in which they were added.
        metadata: the table's id and schema, as the log holds them.
    """

    version: int
    files: tuple[str, ...]
    metadata: JsonObject


def log_entry(path: Path, version: int) -> Path:
    """The file of the log that makes a version."""
    return path / LOG / f"{version:020}.json"


def find_newest_version(path: Path) -> int:
    """The number of a table's newest version; -1 where it has none."""
    try:
        names = os.listdir(path / LOG)
    except FileNotFoundError:
        return -1
    numbers = [int(name[:20]) for name in names if name.endswith(".json") and name[:20].isdigit()]
    return max(numbers, default=-1)


def read_entry(path: Path, version: int) -> list[LogAction]:
    """The actions of one version.

    Raises:
        OSError: the entry is lost.
        ValueError: it is not JSON.
    """
    lines = log_entry(path, version).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line]


def read_state(path: Path, version: int) -> TableState:
    """What a table is at a version, by the entries of the log up to it.

    Raises:
        OSError: an entry is lost.
        ValueError: an entry is not JSON of the protocol.
    """
    files: dict[str, None] = {}
    metadata: JsonObject = {}
    for number in range(version + 1):
        for action in read_entry(path, number):
            if not isinstance(action, dict):
                raise ValueError(f"entry {number} of the log holds no action")
            if "remove" in action:
                files.pop(action["remove"]["path"], None)
            if "add" in action:
                files[action["add"]["path"]] = None
            metadata = action.get("metaData", metadata)
    return TableState(version, tuple(files), metadata)


def write_version(
    path: Path, schema: Schema, files: Sequence[TableFile], info: Mapping[str, str]
) -> int:
    """Make some files the next version of a table, in place of those of the last; returns its
    number.

    The entry appears whole or not at all, and never in place of another writer's: where one made
    the same version in the meantime, this one comes after it.

    Args:
        path: the table's folder; a new table is made where it has no log.
        schema: the columns of the files.
        info: what the commit says of itself.

    Raises:
        FileExistsError: other processes made each version that was tried.
        ValueError: a column's type has no name in Delta.
    """
    for _ in range(TRIES - 1):
        try:
            return _write_next(path, schema, files, info)
        except FileExistsError:
            continue
    return _write_next(path, schema, files, info)


def _write_next(
    path: Path, schema: Schema, files: Sequence[TableFile], info: Mapping[str, str]
) -> int:
    """Make the version after the newest one that is known now."""
    newest = find_newest_version(path)
    state = read_state(path, newest) if newest >= 0 else TableState(-1, (), {})
    actions = _describe_version(state, schema, files, info)
    content = "".join(f"{json.dumps(action, ensure_ascii=False)}\n" for action in actions)
    _write_once(log_entry(path, newest + 1), content.encode())
    return newest + 1


def _describe_version(
    state: TableState, schema: Schema, files: Sequence[TableFile], info: Mapping[str, str]
) -> list[JsonObject]:
    """The actions that make a version of a state."""
    now = int(time.time() * 1000)
    made: JsonObject = {
        "timestamp": now,
        "operation": "WRITE",
        "operationParameters": {"mode": "Overwrite"},
        "engineInfo": f"mesocosm {VERSION}",
        **info,
    }
    actions: list[JsonObject] = [{"commitInfo": made}]
    described = describe_schema(schema)
    if state.version < 0 or needs_zoneless_times(schema):
        actions.append({"protocol": _protocol_of(schema)})
    if described != _known_schema(state):
        actions.append({"metaData": _describe_table(state, described, now)})
    kept = {file.name for file in files}
    for name in state.files:
        if name not in kept:
            actions.append({"remove": _removal(name, now)})
    actions += [{"add": _addition(file, now)} for file in files]
    return actions


def _protocol_of(schema: Schema) -> JsonObject:
    """What a reader and a writer of a table must know."""
    if not needs_zoneless_times(schema):
        return {"minReaderVersion": 1, "minWriterVersion": 2}
    return {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": ["timestampNtz"],
        "writerFeatures": ["timestampNtz"],
    }


def _known_schema(state: TableState) -> Json:
    """The schema of a state; None where it has none."""
    written = state.metadata.get("schemaString")
    known: Json = json.loads(written) if isinstance(written, str) else None
    return known


def _describe_table(state: TableState, described: JsonObject, now: int) -> JsonObject:
    """The metadata of a table, with the id that it has."""
    settings: dict[str, Json] = {**SETTINGS}
    return {
        "id": state.metadata.get("id") or str(uuid.uuid4()),
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps(described, ensure_ascii=False),
        "partitionColumns": [],
        "createdTime": state.metadata.get("createdTime") or now,
        "configuration": settings,
    }


def _addition(file: TableFile, now: int) -> JsonObject:
    return {
        "path": file.name,
        "partitionValues": {},
        "size": file.size,
        "modificationTime": now,
        "dataChange": True,
        "stats": json.dumps({"numRecords": file.rows}),
    }


def _removal(name: str, now: int) -> JsonObject:
    return {"path": name, "deletionTimestamp": now, "dataChange": True}


def _write_once(path: Path, content: bytes) -> None:
    """Write a file whole, on disk, under a name that no file has.

    Raises:
        FileExistsError: a file has the name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".aside-{path.name}-{uuid.uuid4().hex[:8]}")
    try:
        with aside.open("xb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        _name_once(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def _name_once(aside: Path, path: Path) -> None:
    """Give a file a name that no other has; where files cannot have two names, by renaming."""
    try:
        os.link(aside, path)
    except FileExistsError:
        raise
    except OSError:
        if path.exists():
            raise FileExistsError(path) from None
        os.rename(aside, path)
