"""Drills on a copy: a worker killed, a model that is broken, a disk that is full. Knows processes
and the gateway; the original is never touched.

Each says how many requests failed, and the seconds until the copy had healed.
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
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from httpx import HTTPError
from sqlalchemy import insert

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.client import Client, Refused
from mesocosm.config import Spec
from mesocosm.core.errors import Failure
from mesocosm.core.hashing import digest_folder
from mesocosm.lifecycle.access.data_access import columns_of, held_out
from mesocosm.lifecycle.project_store import where_of

WAIT = 90.0  # seconds that a copy may take to come up, and to heal


class Copy:
    """A copy of an ecosystem, up, and asked all the time where there is a row to ask with."""

    def __init__(
        self,
        home: Path,
        server: Mapping[str, Any],
        process: subprocess.Popen[bytes],
        service: str,
        row: Mapping[str, Any] | None,
    ) -> None:
        self.home, self.process, self.service, self.row = home, process, service, row
        self.catalog = Catalog(home / ".mesocosm")
        self.client = Client(server["url"], server["token"], 60)
        self.over = threading.Event()
        self.why = ""  # of the newest request that failed
        self.said: list[tuple[float, str]] = []  # when, and the prediction's id or nothing
        self.thread = threading.Thread(target=self._ask)
        if row is not None:
            self.thread.start()

    def _ask(self) -> None:
        assert self.row is not None
        while not self.over.is_set():
            try:
                ident = self.client.predict(self.service, self.row).id
            except (Refused, HTTPError, ValueError) as error:
                ident, self.why = "", str(error)
            self.said.append((time.monotonic(), ident))
            time.sleep(0.01)

    def heals(self, is_well: Callable[[], bool]) -> float:
        """Seconds until it is well again.

        Raises:
            Failure: it is not within a minute and a half.
        """
        began = time.monotonic()
        while not is_well():
            if time.monotonic() - began > WAIT:
                raise Failure(
                    f"the copy did not heal within {WAIT:.0f} s"
                    + (f"; the newest request that failed: {self.why}" if self.why else "")
                )
            time.sleep(0.05)
        return time.monotonic() - began

    def answered_since(self, at: float) -> bool:
        """Whether a request was answered since then."""
        return any(when > at and ident for when, ident in self.said[-50:])

    def workers(self) -> list[int]:
        """Process ids of the gateway's workers."""
        return [w for nursery in _children(self.process.pid) for w in _children(nursery)]

    def stop(self) -> tuple[int, int, int]:
        """How many requests there were, how many failed, and how many that were answered are not in
        the log.
        """
        self.over.set()
        self.thread.join()
        time.sleep(1.5)
        ids = {ident for _, ident in self.said if ident}
        kept = {p["id"] for p in self.catalog.predictions(self.service, 10**6)}
        return len(self.said), sum(not ident for _, ident in self.said), len(ids - kept)


def _children(pid: int) -> list[int]:
    return [
        int(p) for f in Path(f"/proc/{pid}/task").glob("*/children") for p in f.read_text().split()
    ]


@contextmanager
def copied(spec: Spec, service: str, small: bool = False, asked: bool = True) -> Iterator[Copy]:
    """A copy of what is built, in a folder of its own that is gone afterwards.

    Args:
        small: whether the folder is a small disk of its own.
        asked: whether it is asked all the time.

    Raises:
        Failure: nothing is built, or the copy does not come up.
    """
    from mesocosm.lifecycle.server_info import running_server

    if os.environ.get("MESOCOSM_CATALOG"):
        raise Failure(
            "a drill on a copy wants the catalog in the project's own store; unset MESOCOSM_CATALOG"
        )
    catalog = Catalog(where_of(spec).store)
    snapshot = catalog.snapshot(
        dataset=(model := spec.eco.models[str(spec.eco.services[service].serves)]).learns
    )
    if snapshot is None or catalog.deployment(service) is None:
        raise Failure(f"nothing is deployed for '{service}' yet; run 'mesocosm build'")
    row = None
    if asked:
        rows, split = columns_of(spec, snapshot, list(model.inputs))
        at = held_out(split)[0]
        row = {f: rows[f][at] for f in model.inputs}
    size = sum(p.stat().st_size for p in spec.root.rglob("*") if p.is_file()) if small else 0
    with (
        tempfile.TemporaryDirectory(prefix="mesocosm-drill-") as folder,
        small_disk(Path(folder), size) if small else nullcontext(),
    ):
        home = Path(folder) / "copy"
        shutil.copytree(
            spec.root,
            home,
            ignore=shutil.ignore_patterns("server.json", "journal", "logs"),
            symlinks=True,
        )
        env = {
            k: v
            for k, v in os.environ.items()
            if k not in ("MESOCOSM_CATALOG", "MESOCOSM_TOKEN", "MESOCOSM_TOKEN_FILE")
        }
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "mesocosm",
                "up",
                str(home / spec.path.name),
                "--port",
                "0",
                "--no-build",
            ],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        copy = None
        try:
            until = time.monotonic() + WAIT
            while (server := running_server(home / ".mesocosm")) is None or not Client(
                server["url"], server["token"]
            ).ready():
                if time.monotonic() > until or process.poll() is not None:
                    raise Failure(
                        "the copy did not come up; 'mesocosm doctor' tells what is not whole"
                    )
                time.sleep(0.2)
            copy = Copy(home, server, process, service, row)
            if asked:
                copy.heals(lambda: copy.answered_since(0))
            yield copy
        finally:
            if copy:
                copy.over.set()
                if asked:
                    copy.thread.join()
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def kill(copy: Copy) -> dict[str, Any]:
    """A worker is killed, three times."""
    took = []
    for _ in range(3):
        at = time.monotonic()
        for pid in copy.workers():
            os.kill(pid, signal.SIGKILL)
        took.append(copy.heals(lambda at=at: copy.answered_since(at + 0.02)))  # type: ignore[misc]
        time.sleep(1)
    return {
        "seconds": round(max(took), 2),
        "what": "its workers were killed three times and replaced",
    }


def bad_model(copy: Copy) -> dict[str, Any]:
    """A version that cannot run is brought in by a canary."""
    catalog, now = copy.catalog, copy.catalog.deployment(copy.service)
    assert now
    version = catalog.version(now["version"])
    assert version
    old = copy.home / ".mesocosm" / version["path"]
    new = old.with_name(old.name + "-broken")
    shutil.copytree(old, new)
    head = next(iter(sorted(new.glob("*.onnx"))), new / "card.json")
    head.write_bytes(head.read_bytes()[: head.stat().st_size // 2])
    broken = version | {
        "id": version["id"] + "-broken",
        "path": new.relative_to(copy.home / ".mesocosm").as_posix(),
        "content": digest_folder(new),
        "number": version["number"] + 1,
    }
    with catalog.transaction() as con:
        con.execute(insert(t.VERSIONS).values(**broken))
        catalog.open_rollout(
            con,
            copy.service,
            broken["id"],
            now["answers"],
            now["version"],
            "canary",
            "drill",
            "a broken model, on purpose",
        )
    took = copy.heals(lambda: catalog.rollout(copy.service) is None)
    return {
        "seconds": round(took, 2),
        "what": next(
            iter(a["message"] for a in catalog.alerts(open_only=True) if a["what"] == "rollout"),
            "it was rolled back",
        ),
    }


def full_disk(copy: Copy) -> dict[str, Any]:
    """The copy's disk is filled for three seconds; what may not be written waits in room that was
    taken before.
    """
    full, at = copy.home / "full", time.monotonic()
    with full.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 262_144)
    left = shutil.disk_usage(copy.home).free
    copy.heals(lambda: copy.answered_since(at + 3))
    full.unlink()
    freed = time.monotonic()

    def drained() -> bool:
        answers = [ident for _, ident in copy.said if ident]
        return copy.answered_since(freed) and copy.catalog.prediction(answers[-20:][0]) is not None

    took = copy.heals(drained)
    return {
        "seconds": round(took, 2),
        "what": (
            f"{left} bytes were left on its disk for three seconds; records waited in the journal"
            " and are in the catalog now"
        ),
    }


@contextmanager
def small_disk(folder: Path, wanted: int) -> Iterator[None]:
    """A disk of a few megabytes at a folder.

    Raises:
        Failure: this user may mount none.
    """
    size = int(wanted * 1.5) + 100_000_000
    words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)]
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except OSError as error:
        raise Failure(
            "this drill mounts a small disk for the copy, and there is no 'mount' here"
        ) from error
    if done.returncode:
        raise Failure(
            "this drill mounts a small disk for the copy, and this user may not; run it as root"
        )
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True)


FAULTS: dict[str, Callable[[Copy], dict[str, Any]]] = {
    "kill": kill,
    "bad-model": bad_model,
    "full-disk": full_disk,
}


def drilled(spec: Spec, service: str, kind: str) -> dict[str, Any]:
    """Break a copy, wait until it has healed, count what failed meanwhile.

    Raises:
        Failure: it does not heal.
    """
    with copied(spec, service, kind == "full-disk") as copy:
        found = FAULTS[kind](copy)
        time.sleep(2)  # what is healed goes on being asked
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
