"""A service under load while it is swapped, and while everything that can break is broken on
purpose. Called by `operate.py`.

SWAPS=1000 MINUTES=10
"""

from __future__ import annotations

import atexit
import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx

from mesocosm.api.ecosystem import open_ecosystem

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
Line = tuple[str, float, str, bool]
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
ROW = {"text": "hello there", "amount": 160}  # a text that two versions tell differently
PREDICT = "/v1/services/desk/predict"


def two(home: Path) -> list[str]:
    """A small project with two versions of its model; their ids. It is built once a run, and
    copied.
    """
    shutil.copytree(_built_twice(), home, dirs_exist_ok=True)
    return [v["id"] for v in open_ecosystem(home).catalog.versions("judge")]


@lru_cache(maxsize=1)
def _built_twice() -> Path:
    from conftest import SMALL, run, small_rows

    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    home = Path(folder.name)
    (home / "ecosystem.yaml").write_text(SMALL)
    for rows in (80, 100):
        (home / "notes.csv").write_text(small_rows(rows))
        if (done := run("build", "-f", str(home))).returncode:
            raise RuntimeError(f"the small project could not be built: {done.stderr[-300:]}")
    return home


class Load:
    """Asks over several connections until it is told to stop."""

    def __init__(self, url: str, token: str, connections: int, pause: float = 0.0) -> None:
        self.over, self.said, self.pause = threading.Event(), [], pause  # type: ignore[var-annotated]
        self.why = Counter[tuple[int, str]]()
        self.client = dict(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        self.threads = [threading.Thread(target=self._run) for _ in range(connections)]
        for thread in self.threads:
            thread.start()

    def _run(self) -> None:
        with httpx.Client(**self.client) as http:  # type: ignore[arg-type]
            while not self.over.is_set():
                began = time.perf_counter()
                try:
                    answer = http.post(PREDICT, json=ROW)
                    body = answer.json()
                    if answer.status_code != 200:
                        self.why[(answer.status_code, str(body.get("error", body))[:160])] += 1
                    self.said.append(
                        (
                            time.time(),
                            answer.status_code,
                            body.get("id", ""),
                            body.get("version", ""),
                            body.get("probability"),
                            (time.perf_counter() - began) * 1000,
                        )
                    )
                except (httpx.HTTPError, ValueError) as error:
                    self.said.append(
                        (
                            time.time(),
                            0,
                            type(error).__name__,
                            "",
                            None,
                            (time.perf_counter() - began) * 1000,
                        )
                    )
                time.sleep(self.pause)

    def stop(self) -> list[Any]:
        self.over.set()
        for thread in self.threads:
            thread.join()
        return sorted(self.said)


def swaps(times: int) -> list[Line]:
    """Hot swaps under load at 32 connections: nothing fails, and every answer is one version's
    own.
    """
    from conftest import Server

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "pond"
        versions = two(home)
        up = Server(home)
        catalog = open_ecosystem(home).catalog
        load = Load(up.url, up.token, 32)
        for n in range(times):
            with catalog.transaction() as con:
                catalog.deploy(con, "desk", versions[n % 2], "", "bench", f"swap {n}")
            time.sleep(0.55)
        said = load.stop()
        up.close()
    failed = sum(s[1] != 200 for s in said)
    by = {v: {s[4] for s in said if s[3] == v} for v in versions}
    mixed = sum(
        len(p) > 1 for p in by.values()
    )  # one row, one version: one probability, to the last digit of a batch
    close = (
        all(max(p) - min(p) < 1e-4 for p in by.values() if p)
        and set(by) == set(versions)
        and abs(statistics.mean(by[versions[0]]) - statistics.mean(by[versions[1]])) > 1e-4
    )
    switched = sum(a[3] != b[3] for a, b in zip(said, said[1:], strict=False))
    print(
        f"  {times} swaps, {len(said)} requests at 32 connections, {failed} failed, both versions"
        f" told apart: {close}, {mixed} with digits of their own; {switched} changes seen"
    )
    return [
        ("swaps: failed requests", float(failed), "<= 0", failed == 0),
        ("swaps: every answer one version's", float(close), ">= 1", close),
    ]


def trouble(minutes: float) -> list[Line]:
    """Mixed load while every five seconds something is broken."""
    from conftest import Server

    folder = Path(tempfile.mkdtemp(prefix="trouble-"))
    home = folder / "pond"
    mounted = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(folder)], check=False
        ).returncode
        == 0
    )
    versions = two(home)
    clock = folder / "clock"
    clock.write_text("+0")
    leaps = (
        FAKETIME.is_file()
    )  # Debian's libfaketime, before the clock of the day and not before the one that only counts
    held = dict(os.environ)
    if leaps:
        os.environ |= {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
    try:
        up = Server(home)
    finally:
        os.environ.clear()
        os.environ.update(held)
    catalog = open_ecosystem(home).catalog
    load = Load(up.url, up.token, 4, 0.01)
    rng, done = random.Random(3), Counter[str]()
    until = time.time() + 60 * minutes

    def workers() -> list[int]:
        found: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                found.setdefault(int(stat.read_text().rsplit(")", 1)[1].split()[1]), []).append(
                    int(stat.parent.name)
                )
            except OSError:
                continue
        return [w for nursery in found.get(up.process.pid, []) for w in found.get(nursery, [])]

    while time.time() < until:
        fault = rng.choice(
            [
                "worker",
                "worker stops",
                "file",
                "lock",
                *(["disk"] if mounted else []),
                *(["clock"] if leaps else []),
            ]
        )
        done[fault] += 1
        if fault == "worker":
            for pid in workers():
                os.kill(pid, signal.SIGKILL)
        elif fault == "worker stops":
            for pid in workers():
                os.kill(pid, signal.SIGSTOP)
            time.sleep(1)
            for pid in workers():
                os.kill(pid, signal.SIGCONT)
        elif fault == "file":
            card = home / ".mesocosm" / catalog.version(versions[1])["path"] / "card.json"
            whole = card.read_bytes()
            card.write_bytes(whole.replace(b"thanks", b"thankz"))
            for pid in workers():
                os.kill(pid, signal.SIGKILL)
            time.sleep(2)
            card.write_bytes(whole)
        elif fault == "lock":
            lock = sqlite3.connect(
                home / ".mesocosm" / "catalog.db", isolation_level=None, timeout=30
            )
            lock.execute("begin exclusive")
            time.sleep(2)
            lock.execute("rollback")
            lock.close()
        elif fault == "clock":
            for leap in (rng.choice(["+7200", "+90000"]), "-3600", "+0"):
                clock.write_text(leap)
                time.sleep(2)
        else:
            with (folder / "full").open("wb") as full:
                try:
                    while True:
                        full.write(b"\0" * 1_000_000)
                except OSError:
                    pass
            time.sleep(2)
            (folder / "full").unlink()
        time.sleep(5)
    said = load.stop()
    time.sleep(3)
    up.close()
    kept = {p["id"] for p in catalog.predictions("desk", 10**7)}
    lost = sum(s[1] == 200 and s[2] not in kept for s in said)
    good = sum(s[1] == 200 for s in said) / len(said)
    worst = max((s[5] for s in said), default=0.0)
    print(
        f"  {minutes:g} minutes, {len(said)} requests, faults {dict(done)}: {good:.5f} answered,"
        f" slowest {worst:.0f} ms, statuses {dict(Counter(s[1] for s in said))}, {lost}"
        " acknowledged and not in the log"
    )
    for (status, why), times in load.why.most_common(6):
        print(f"    {times} x {status}: {why}")
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=False)
    shutil.rmtree(folder, ignore_errors=True)
    return [
        ("trouble: availability", good, ">= 0.999", good >= 0.999),
        (
            "trouble: acknowledged predictions that are not in the log",
            float(lost),
            "<= 0",
            lost == 0,
        ),
    ]


def cases(most: int = 5000) -> list[Line]:
    """Schemathesis over the running document."""
    import re

    from conftest import Server

    # what a request began, such as a training, may still write as the server ends
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "pond"
        two(home)
        up = Server(home)
        (Path(folder) / "none.toml").write_text("")
        words = [
            str(Path(sys.executable).parent / "schemathesis"),
            f"--config-file={folder}/none.toml",
            "run",
            f"{up.url}/openapi.json",
            "-H",
            f"Authorization: Bearer {up.token}",
        ]
        words += [
            "--checks",
            "not_a_server_error",
            "--max-examples",
            str(most // 4),
            "--phases",
            "coverage,fuzzing",
            "--seed",
            "11",
            "--workers",
            "1",
        ]
        text = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False).stdout
        up.close()
    made = re.search(r"(\d+) generated, (\d+) passed", text)
    count, passed = (int(made[1]), int(made[2])) if made else (0, 0)
    print(f"  {count} cases of the document, {passed} without a 5xx")
    return [
        (
            "cases answered without a 5xx",
            passed / max(1, count),
            ">= 1",
            count >= most and passed == count,
        ),
        ("cases", float(count), f">= {most}", count >= most),
    ]


def all_trouble() -> list[Line]:
    """Everything."""
    return [
        *swaps(int(os.environ.get("SWAPS", "1000"))),
        *trouble(float(os.environ.get("MINUTES", "10"))),
        *cases(),
    ]


if __name__ == "__main__":
    print(json.dumps({"swaps": os.environ.get("SWAPS"), "minutes": os.environ.get("MINUTES")}))
    for line in all_trouble():
        print(f"{line[0]}  {line[1]:.4f}  {line[2]}  {'met' if line[3] else 'missed'}")
