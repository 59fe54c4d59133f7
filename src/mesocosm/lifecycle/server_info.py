"""Where an ecosystem's server is. Knows one file and a lock; imports nothing of the server, so that
commands that ask are quick.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NotRequired, TypedDict, cast

from mesocosm.core.errors import MesocosmError
from mesocosm.core.files import write_json
from mesocosm.core.messages import Message


class ServerRecord(TypedDict):
    """Where a server is, and the owner's token."""

    url: str
    token: str
    pid: NotRequired[int]
    store: NotRequired[str]


@contextmanager
def lock_server(store: Path, shared: bool = False) -> Iterator[None]:
    """One server of an ecosystem at a time; the lock ends with its process, however that ends.

    Args:
        shared: whether the catalog is a database that several gateways serve from, as replicas over
            one volume do; such servers go together, and not with one that owns the folder.

    Raises:
        MesocosmError: another server runs in this folder.
    """
    store.mkdir(parents=True, exist_ok=True)
    lock = fcntl.LOCK_EX
    if shared:
        lock = fcntl.LOCK_SH
    with (store / "server.lock").open("a") as handle:
        try:
            fcntl.flock(handle, lock | fcntl.LOCK_NB)
        except OSError as error:
            record, at = _record(store), ""
            if record:
                at = f" at {record['url']} (process {record.get('pid')})"
            raise MesocosmError(Message("lifecycle.already_served", at=at)) from error
        if not shared:  # who holds the folder alone finds only what one left that was killed
            (store / "server.json").unlink(missing_ok=True)
        try:
            yield
        finally:
            forget_server(store)


def record_server(store: Path, url: str, token: str) -> None:
    """Record where the server is, in a file that only its owner can read."""
    path = store / "server.json"
    path.unlink(missing_ok=True)
    write_json(
        path, {"url": url, "token": token, "pid": os.getpid(), "store": str(store.resolve())}
    )
    path.chmod(0o600)


def forget_server(store: Path) -> None:
    """Remove what this process recorded; what another did stays."""
    with suppress(OSError):
        record = _record(store)
        if record and record.get("pid") == os.getpid():
            (store / "server.json").unlink(missing_ok=True)


def find_server(store: Path) -> ServerRecord | None:
    """Where this ecosystem's server is, when it answers; a record whose process is gone is stale,
    and its port is not asked.

    A record that was copied with its folder tells of another ecosystem's server.
    """
    import httpx

    record, here = _record(store), str(store.resolve())
    if record is None or not _is_alive(record.get("pid")) or record.get("store", here) != here:
        return None
    try:
        httpx.get(record["url"] + "/healthz", timeout=2).raise_for_status()
    except (KeyError, httpx.HTTPError, httpx.InvalidURL):
        return None
    return record


def _record(store: Path) -> ServerRecord | None:
    try:
        record = json.loads((store / "server.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("url"), str):
        return None
    return cast(ServerRecord, record)


def _is_alive(pid: object) -> bool:
    """Whether a process is there; unknown is taken for yes."""
    if not isinstance(pid, int) or pid <= 0:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
