"""Several workers of a service: they share what waits, each holds all units, more come where they
are busy and leave where they are not.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, Server, small_rows

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.errors import MesocosmError
from mesocosm.serving.batching import Batcher
from mesocosm.serving.runtimes.onnx import Onnx, Workers
from mesocosm.serving.workers.pool import FEWER, MORE, WorkerPool
from mesocosm.serving.workers.prefork import WorkerLost

pytestmark = pytest.mark.slow

PREDICT = "/v1/services/desk/predict"
ROW = {"text": "please send more, lovely", "amount": 120}


class Place:
    """A slot without a process."""

    def __init__(self) -> None:
        self.calls, self.share, self.said, self.over = 0, 0.0, [], False
        self.usage = {"gigabytes": 0.5, "cpu_seconds": 1.0}

    ready = True

    def alive(self) -> Place:
        return self

    def call(self, worker: Any, do: str, **more: Any) -> Any:
        if self.over:
            raise WorkerLost
        self.said.append(do)
        return {"version": "v", "record": None}

    def busy(self) -> float:
        return self.share

    def tend(self) -> None: ...

    def drop(self, key: int) -> None: ...

    def drain(self) -> None:
        self.over = True

    close = drain


def crew_of(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> tuple[WorkerPool, list[tuple[int, str]], Any]:
    """A pool whose clock is moved by hand, and what it was told."""
    clock, told = [100.0], list[tuple[int, str]]()
    monkeypatch.setattr("mesocosm.serving.workers.pool.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("mesocosm.serving.workers.pool.WorkerSlot", lambda *_: Place())
    crew = WorkerPool(None, "desk", workers, moved=lambda count, why: told.append((count, why)))  # type: ignore[arg-type]

    def looks(count: int, share: float) -> int:
        for _ in range(count):
            clock[0] += 5
            for slot in crew.slots:
                slot.share = share * 5 / crew.lanes  # type: ignore[attr-defined]
            crew.tend()
        return crew.lanes

    return crew, told, looks


def test_a_busy_crew_grows_and_an_idle_one_shrinks_after_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crew, told, looks = crew_of(Workers(min=1, max=3), monkeypatch)
    assert (
        looks(MORE - 1, 0.95) == 1 and looks(1, 0.5) == 1 and looks(MORE - 1, 0.95) == 1
    )  # not two looks in a row
    assert looks(1, 0.95) == 2
    assert told == [(2, "busy 95% of the time")]
    assert looks(10, 1.9) == 3 and looks(10, 2.9) == 3  # no more than it may
    assert crew.usage["gigabytes"] == 1.5
    assert looks(FEWER, 1.4) == 3  # two would be busy with that
    assert (
        looks(FEWER - 1, 0.3) == 3
        and looks(1, 0.3) == 2
        and looks(2 * FEWER, 0.3) == 1
        and looks(FEWER, 0.0) == 1
    )
    assert told[-1][0] == 1 and "only" in told[-1][1]


def test_the_least_busy_is_asked_and_one_that_leaves_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crew, _, _ = crew_of(Workers(min=2, max=2), monkeypatch)
    first, second = crew.slots
    unit = crew.load("desk", {"version": "v"})
    assert first.said == second.said == ["load"] and unit.version == "v"  # type: ignore[attr-defined]
    first.calls = 3
    crew.call("answer", model=unit.key, rows=[])
    assert second.said[-1] == "answer"  # type: ignore[attr-defined]
    second.ready = False  # type: ignore[attr-defined]
    crew.call("answer", model=unit.key, rows=[])
    assert first.said[-1] == "answer"  # type: ignore[attr-defined]  # who is being replaced is not waited for
    second.ready = True  # type: ignore[attr-defined]
    second.over = True
    with pytest.raises(WorkerLost):
        crew.call("answer", model=unit.key, rows=[])  # it is still counted among the slots
    crew.slots = [first]
    assert crew.call("answer", model=unit.key, rows=[])
    crew.close()
    with pytest.raises(MesocosmError, match="were stopped"):
        crew.call("answer", model=unit.key, rows=[])


def test_lanes_share_what_waits() -> None:
    sizes, here, most = list[int](), [0], [0]
    lock = threading.Lock()

    def work(rows: Any) -> Any:
        with lock:
            sizes.append(len(rows))
            here[0] += 1
            most[0] = max(most[0], here[0])
        time.sleep(0.1)
        with lock:
            here[0] -= 1
        return rows

    async def run(lanes: int) -> list[list[int]]:
        batcher = Batcher(work, 64, 0.0, 1000, lanes=lambda: lanes)
        found = await asyncio.gather(*(batcher.run([i]) for i in range(60)))
        await batcher.close()
        return found

    assert asyncio.run(run(3)) == [[i] for i in range(60)]
    assert most[0] >= 3 and max(sizes) <= 20 and sum(sizes) == 60
    sizes.clear()
    assert asyncio.run(run(1)) == [[i] for i in range(60)] and max(sizes) == 60


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [
        (0, 0, 0),
        (1, 1, 1),
        (3, 3, 3),
        ({"min": 2}, 2, 2),
        ({"max": 4}, 1, 4),
        ({"min": 2, "max": 6}, 2, 6),
    ],
)
def test_workers_may_be_said_in_short(given: Any, least: int, most: int) -> None:
    found = Onnx.model_validate({"workers": given}).workers
    assert (found.min, found.max) == (least, most)


@pytest.mark.parametrize("given", ["{least: 3, most: 2}", "{least: 0, most: 2}", "many", "-1"])
def test_workers_that_cannot_be_are_told(tmp_path: Path, given: str) -> None:
    (tmp_path / "notes.csv").write_text(small_rows())
    (tmp_path / "ecosystem.yaml").write_text(
        SMALL.replace(
            "desk: {model: judge}",
            f"desk: {{model: judge, runtime: {{type: onnx, workers: {given}}}}}",
        )
    )
    with pytest.raises(MesocosmError) as told:
        open_ecosystem(tmp_path)
    assert "workers" in str(told.value)


def test_two_workers_answer_and_one_that_is_killed_costs_nothing(pond: Path, cli: Any) -> None:
    (pond / "ecosystem.yaml").write_text(
        SMALL.replace(
            "desk: {model: judge}",
            "desk: {model: judge, runtime: {type: onnx, threads: 1, workers: {min: 1, max: 2,"
            " busy: 0.3}}}",
        )
    )
    assert cli("build", "-f", str(pond)).returncode == 0
    up = Server(pond)
    over, said = threading.Event(), list[tuple[float, int]]()

    def ask() -> None:
        import httpx

        with httpx.Client(base_url=up.url, headers=dict(up.http.headers), timeout=30) as http:
            while not over.is_set():
                said.append(
                    (
                        time.monotonic(),
                        http.post(
                            PREDICT,
                            json={"rows": [ROW | {"text": f"please {i}"} for i in range(20)]},
                        ).status_code,
                    )
                )

    def gauge(name: str) -> float:
        return float(
            next(
                line
                for line in up.http.get("/metrics").text.splitlines()
                if line.startswith(f"{name}{{")
            ).split()[-1]
        )

    threads = [threading.Thread(target=ask) for _ in range(4)]
    try:
        assert up.http.post(PREDICT, json=ROW).status_code == 200
        for thread in threads:
            thread.start()
        until = time.monotonic() + 40
        while time.monotonic() < until and gauge("mesocosm_workers") < 2:
            time.sleep(0.5)
        assert gauge("mesocosm_workers") == 2
        (line,) = [a for a in open_ecosystem(pond).catalog.audit(20) if a["act"] == "scale"]
        assert line["why"].startswith("2 workers now: busy ")
        children = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                children.setdefault(int(stat.read_text().rsplit(")", 1)[1].split()[1]), []).append(
                    int(stat.parent.name)
                )
            except OSError:
                continue
        forked = [
            w for nursery in children.get(up.process.pid, []) for w in children.get(nursery, [])
        ]
        assert len(forked) == 2
        os.kill(forked[0], signal.SIGKILL)
        time.sleep(3)
    finally:
        over.set()
        for thread in threads:
            thread.join()
        up.close()
    assert {status for _, status in said} == {200} and len(said) > 20
