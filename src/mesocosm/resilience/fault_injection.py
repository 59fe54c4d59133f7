"""Fault injection on a copy: a worker killed, a broken model, a full disk. Knows processes and the
gateway; the original is never touched.

Each counts the requests that failed, and the seconds until the copy recovered.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TypedDict

from httpx import HTTPError
from sqlalchemy import insert

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.deployments import NewRollout
from mesocosm.catalog.rows import SnapshotRow, VersionRow
from mesocosm.client import Client, Refused
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.hashing import digest_folder
from mesocosm.core.messages import Message
from mesocosm.lifecycle.access.data_access import read_columns, select_held_out
from mesocosm.lifecycle.project_store import locate_project
from mesocosm.lifecycle.server_info import ServerRecord, find_server

WAIT = 90.0  # seconds that a copy may take to come up, and to recover
NOT_INHERITED = ("MESOCOSM_CATALOG", "MESOCOSM_TOKEN", "MESOCOSM_TOKEN_FILE")  # by a copy


class Copy:
    """A copy of an ecosystem, up, and with requests all the time where there is a row to send."""

    def __init__(
        self,
        home: Path,
        server: ServerRecord,
        process: subprocess.Popen[bytes],
        service: str,
        row: Mapping[str, object] | None,
    ) -> None:
        self.home, self.process, self.service, self.row = home, process, service, row
        self.catalog = Catalog(home / ".mesocosm")
        self.client = Client(server["url"], server["token"], 60)
        self.over = threading.Event()
        self.why = ""  # of the newest request that failed
        self.responses: list[tuple[float, str]] = []  # when, and the prediction's id or nothing
        self.thread = threading.Thread(target=self._ask)
        if row is not None:
            self.thread.start()

    def _ask(self) -> None:
        row = self.row or {}
        while not self.over.is_set():
            try:
                ident = self.client.predict(self.service, row).id
            except (Refused, HTTPError, ValueError) as error:
                ident, self.why = "", str(error)
            self.responses.append((time.monotonic(), ident))
            time.sleep(0.01)

    def wait_until(self, is_well: Callable[[], bool]) -> float:
        """Wait until it has recovered; the seconds it took.

        Raises:
            MesocosmError: it has not within `WAIT`.
        """
        began = time.monotonic()
        while not is_well():
            if time.monotonic() - began > WAIT:
                if self.why:
                    raise MesocosmError(
                        Message("resilience.not_recovered_why", seconds=WAIT, why=self.why)
                    )
                raise MesocosmError(Message("resilience.not_recovered", seconds=WAIT))
            time.sleep(0.05)
        return time.monotonic() - began

    def answered_since(self, at: float) -> bool:
        """Whether a request was answered since then."""
        return any(when > at and ident for when, ident in self.responses[-50:])

    def workers(self) -> list[int]:
        """Process ids of the gateway's workers."""
        workers: list[int] = []
        for prefork_server in _children(self.process.pid):
            workers += _children(prefork_server)
        return workers

    def stop(self) -> tuple[int, int, int]:
        """End the requests; how many there were, how many failed, and how many that were answered
        are not in the log.
        """
        self.over.set()
        self.thread.join()
        time.sleep(1.5)
        ids = {ident for _, ident in self.responses if ident}
        kept = {p["id"] for p in self.catalog.predictions(self.service, 10**6)}
        return len(self.responses), sum(not ident for _, ident in self.responses), len(ids - kept)


def _children(pid: int) -> list[int]:
    """The process ids of a process's children."""
    children: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        children += [int(child) for child in file.read_text().split()]
    return children


@contextmanager
def start_copy(spec: Spec, service: str, small: bool = False, asked: bool = True) -> Iterator[Copy]:
    """A copy of what is built, in a folder of its own that is deleted afterwards.

    Args:
        spec: the ecosystem's file.
        service: the service that gets requests.
        small: whether the folder is a small disk of its own.
        asked: whether it gets requests all the time.

    Raises:
        MesocosmError: nothing is built, or the copy does not come up.
    """
    if os.environ.get("MESOCOSM_CATALOG"):
        raise MesocosmError(Message("resilience.own_catalog"))
    snapshot = _deployed_snapshot(spec, service)
    row: dict[str, object] | None = None
    if asked:
        row = _request_row(spec, service, snapshot)
    with _copy_folder(spec, small) as home:
        process = _start_gateway(home / spec.path.name)
        copy = None
        try:
            server = _wait_until_ready(home, process)
            copy = Copy(home, server, process, service, row)
            if asked:
                copy.wait_until(partial(copy.answered_since, 0))
            yield copy
        finally:
            _stop_gateway(process, copy)


@contextmanager
def _copy_folder(spec: Spec, small: bool) -> Iterator[Path]:
    """A copy of a project's folder that is deleted afterwards, on a small disk where asked for."""
    disk: AbstractContextManager[None] = nullcontext()
    with tempfile.TemporaryDirectory(prefix="mesocosm-drill-") as folder:
        if small:
            files = [path for path in spec.root.rglob("*") if path.is_file()]
            disk = small_disk(Path(folder), sum(path.stat().st_size for path in files))
        with disk:
            home = Path(folder) / "copy"
            without = shutil.ignore_patterns("server.json", "journal", "logs")
            shutil.copytree(spec.root, home, ignore=without, symlinks=True)
            yield home


def _deployed_snapshot(spec: Spec, service: str) -> SnapshotRow:
    """The newest snapshot of a service's dataset.

    Raises:
        MesocosmError: nothing is deployed for the service.
    """
    catalog = Catalog(locate_project(spec).store)
    model = spec.eco.models[str(spec.eco.services[service].model)]
    snapshot = catalog.snapshot(dataset=model.dataset)
    if snapshot is None or catalog.deployment(service) is None:
        raise MesocosmError(catalog.explain_not_deployed(service, spec.eco.services[service].model))
    return snapshot


def _request_row(spec: Spec, service: str, snapshot: SnapshotRow) -> dict[str, object]:
    """A held-out row to send to a service."""
    model = spec.eco.models[str(spec.eco.services[service].model)]
    rows, split = read_columns(spec, snapshot, list(model.features))
    at = select_held_out(split)[0]
    return {name: rows[name][at] for name in model.features}


def _start_gateway(file: Path) -> subprocess.Popen[bytes]:
    """Start the gateway of a copy on a free port, without a build."""
    env = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    command = [sys.executable, "-m", "mesocosm", "up", str(file), "--port", "0", "--no-build"]
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _find_ready(home: Path) -> ServerRecord | None:
    """The record of a copy's server, where it is ready."""
    server = find_server(home / ".mesocosm")
    if server is None or not Client(server["url"], server["token"]).ready():
        return None
    return server


def _wait_until_ready(home: Path, process: subprocess.Popen[bytes]) -> ServerRecord:
    """The server's record, once it is ready.

    Raises:
        MesocosmError: it ends, or is not ready within `WAIT`.
    """
    until = time.monotonic() + WAIT
    while True:
        server = _find_ready(home)
        if server:
            return server
        if time.monotonic() > until or process.poll() is not None:
            raise MesocosmError(Message("resilience.copy_not_up"))
        time.sleep(0.2)


def _stop_gateway(process: subprocess.Popen[bytes], copy: Copy | None) -> None:
    """End the requests and the process."""
    if copy:
        copy.over.set()
        if copy.row is not None:
            copy.thread.join()
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


class Recovery(TypedDict):
    """What happened to a copy, and how many seconds its recovery took."""

    seconds: float
    what: str


class FaultReport(Recovery):
    """A fault: how many requests were made meanwhile, failed, and were lost from the log."""

    drill: str
    service: str
    requests: int
    failed: int
    lost: int
    log: list[str]


def kill(copy: Copy) -> Recovery:
    """Kill the workers, three times."""
    took = []
    for _ in range(3):
        at = time.monotonic()
        for pid in copy.workers():
            os.kill(pid, signal.SIGKILL)
        took.append(copy.wait_until(partial(copy.answered_since, at + 0.02)))
        time.sleep(1)
    return {
        "seconds": round(max(took), 2),
        "what": "its workers were killed three times and replaced",
    }


def bad_model(copy: Copy) -> Recovery:
    """Deploy a version that cannot run, by a canary."""
    catalog, now = copy.catalog, copy.catalog.deployment(copy.service)
    version = now and catalog.version(now["version"])
    if not now or not version:
        raise MesocosmError(Message("resilience.nothing_deployed_yet", service=copy.service))
    broken = _break_version(copy, version)
    with catalog.transaction() as con:
        con.execute(insert(t.VERSIONS).values(**broken))
        rollout = NewRollout(
            copy.service, str(broken["id"]), now["answers"], now["version"], "canary"
        )
        catalog.open_rollout(con, rollout, "drill", "a broken model, on purpose")
    took = copy.wait_until(lambda: catalog.rollout(copy.service) is None)
    return {"seconds": round(took, 2), "what": _say_rolled_back(catalog)}


def _say_rolled_back(catalog: Catalog) -> str:
    """What the newest alert about a rollout says."""
    alerts = [a["message"] for a in catalog.alerts(open_only=True) if a["what"] == "rollout"]
    return next(iter(alerts), "it was rolled back")


def _break_version(copy: Copy, version: VersionRow) -> VersionRow:
    """A copy of a version whose graph is cut in half."""
    store = copy.home / ".mesocosm"
    old = store / version["path"]
    new = old.with_name(old.name + "-broken")
    shutil.copytree(old, new)
    head = next(iter(sorted(new.glob("*.onnx"))), new / "card.json")
    head.write_bytes(head.read_bytes()[: head.stat().st_size // 2])
    return {
        **version,
        "id": version["id"] + "-broken",
        "path": new.relative_to(store).as_posix(),
        "content": digest_folder(new),
        "number": version["number"] + 1,
    }


def full_disk(copy: Copy) -> Recovery:
    """Fill the copy's disk for three seconds; what cannot be written waits in space that was
    reserved before.
    """
    full, at = copy.home / "full", time.monotonic()
    with full.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 262_144)
    left = shutil.disk_usage(copy.home).free
    copy.wait_until(lambda: copy.answered_since(at + 3))
    full.unlink()
    freed = time.monotonic()

    def drained() -> bool:
        answers = [ident for _, ident in copy.responses if ident]
        return copy.answered_since(freed) and copy.catalog.prediction(answers[-20:][0]) is not None

    took = copy.wait_until(drained)
    return {
        "seconds": round(took, 2),
        "what": (
            f"{left} bytes were left on its disk for three seconds; records waited in the spool"
            " and are in the catalog now"
        ),
    }


@contextmanager
def small_disk(folder: Path, needed: int) -> Iterator[None]:
    """A disk of a few megabytes at a folder.

    Raises:
        MesocosmError: this user may not mount one.
    """
    size = int(needed * 1.5) + 100_000_000
    words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)]
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except OSError as error:
        raise MesocosmError(Message("resilience.no_mount")) from error
    if done.returncode:
        raise MesocosmError(Message("resilience.not_root"))
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True)


FAULTS: dict[str, Callable[[Copy], Recovery]] = {
    "kill": kill,
    "bad-model": bad_model,
    "full-disk": full_disk,
}


def run_drill(spec: Spec, service: str, kind: str) -> FaultReport:
    """Break a copy, wait until it has recovered, count what failed meanwhile.

    Raises:
        MesocosmError: it does not recover.
    """
    with start_copy(spec, service, kind == "full-disk") as copy:
        found = FAULTS[kind](copy)
        time.sleep(2)  # requests go on after the recovery
        asked, failed, lost = copy.stop()
        log = [
            a["what"] + ": " + a["why"]
            for a in copy.catalog.audit(20)
            if a["act"] in ("restart", "returned")
        ]
    return {
        "drill": kind,
        "service": service,
        "requests": asked,
        "failed": failed,
        "lost": lost,
        **found,
        "log": log[:3],
    }
