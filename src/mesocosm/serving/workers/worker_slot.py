"""A place where a worker always sits: one that dies, hangs or leaks is replaced, with the units it
held.

Knows workers and the nursery that forks them; knows no other seat.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from typing import Any, Protocol

from mesocosm.core.errors import Failure
from mesocosm.serving.workers.prefork import PreforkServer, Worker, WorkerLost, drain_and_kill

LOADING = 60.0  # seconds that loading may take at least


class HeldModel(Protocol):
    """A unit, as the seat of a worker that holds it knows it."""

    key: int
    row: Mapping[str, Any]
    broken: str


class WorkerSlot:
    """A place where a worker always sits: one that dies, hangs or leaks is replaced by a new one,
    with all units.

    Args:
        nursery: forks workers for the `service`.
        units: what each of them holds, by key.
        stuck: seconds after which a worker that does not answer is killed.
        most: gigabytes after which it is replaced; twice what it held when it was warm, and one
            more, where not given.
        told: is told in a word why a worker was replaced (`died`, `stuck`, `leak`).
    """

    def __init__(
        self,
        nursery: PreforkServer,
        service: str,
        units: Mapping[int, HeldModel],
        stuck: float,
        most: float | None,
        told: Callable[[str], None],
    ) -> None:
        self.nursery, self.service, self.units, self.stuck, self.most, self.told = (
            nursery,
            service,
            units,
            stuck,
            most,
            told,
        )
        self.worker: Worker | None = None
        self.lock, self.over = threading.RLock(), False
        self.warm: float | None = None
        self.usage: dict[str, float] = {}
        self.asked = 0  # what it is asked now
        self.worked = self.since = (
            0.0  # seconds in which it was asked something, and when that began
        )
        self.counting = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether a worker sits here now, or none was wanted yet."""
        return self.worker is None or not self.worker.over

    def alive(self) -> Worker:
        """The worker; a new one with all units where the last is dead.

        Raises:
            Gone: this seat is no more.
            Failure: none came up.
        """
        with self.lock:
            if self.over:
                raise WorkerLost
            if self.worker is None or self.worker.over:
                self.worker = self._fresh()
            return self.worker

    def _fresh(self) -> Worker:
        made: list[Worker] = []
        worker = Worker(*self.nursery.worker(self.service), lambda: self._died(made[0]))
        made.append(worker)
        for unit in list(self.units.values()):
            try:
                self.ask_of(worker, "load", unit=unit.key, row=unit.row)
                unit.broken = ""
            except Failure as failure:
                unit.broken = str(failure)
        self.warm = None
        return worker

    def _died(self, worker: Worker) -> None:
        if self.over or worker is not self.worker:
            return
        self.told("died")
        with suppress(Failure, WorkerLost):  # the next request says so
            self.alive()

    def ask_of(self, worker: Worker, do: str, **more: Any) -> Any:
        """What a worker answers.

        Raises:
            Gone: it died over it, or did not answer and was killed.
            Failure: it died while it loaded.
        """
        self._count(1)
        try:
            return worker.ask(do, **more).result(
                max(self.stuck, LOADING) if do == "load" else self.stuck
            )
        except Late:
            self.told("stuck")
            worker.over = True
            worker.kill()
            raise WorkerLost from None
        except WorkerLost:
            if do == "load":
                raise Failure(f"the worker of '{self.service}' died while it loaded") from None
            raise
        finally:
            self._count(-1)

    def _count(self, step: int) -> None:
        with self.counting:
            now = time.monotonic()
            if self.asked:
                self.worked += now - self.since
            self.asked, self.since = self.asked + step, now

    def busy(self) -> float:
        """Seconds in which it was asked something since the last look."""
        self._count(0)
        with self.counting:
            worked, self.worked = self.worked, 0.0
        return worked

    def tend(self) -> None:
        """Look at what the worker holds; one that leaks is replaced by a warm one between two
        batches.
        """
        worker = self.worker
        if worker is None or worker.over:
            return
        try:
            self.usage = worker.ask("usage").result(self.stuck)
        except (WorkerLost, Late):
            return
        self.warm = self.warm or self.usage["gigabytes"]
        if self.usage["gigabytes"] > (self.most or 2 * self.warm + 1):
            self.told("leak")
            fresh = self._fresh()
            with self.lock:
                old, self.worker = self.worker, fresh
            threading.Thread(target=drain_and_kill, args=(old,), daemon=True).start()

    def drop(self, key: int) -> None:
        """Let the worker forget a unit."""
        if self.worker and not self.worker.over:
            with suppress(WorkerLost):
                self.worker.ask("drop", unit=key)

    def leave(self) -> None:
        """Stop the worker when it has answered what it was asked."""
        until = time.monotonic() + 60
        while self.asked and time.monotonic() < until:
            time.sleep(0.05)
        self.close()

    def close(self) -> None:
        """Stop the worker."""
        self.over = True
        if self.worker:
            self.worker.kill()
