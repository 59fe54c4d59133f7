"""A slot of a worker pool: its worker is replaced where it dies, hangs or leaks, with the models it
held.

Knows workers and the prefork server that forks them; knows no other slot.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from typing import Protocol, Unpack, cast

from mesocosm.catalog.rows import ServedRow
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.records import Json
from mesocosm.serving.workers.prefork import (
    CallArguments,
    PreforkServer,
    Worker,
    WorkerLost,
    drain_and_kill,
)

LOADING = 60.0  # seconds that loading may take at least
DRAIN = 60.0  # seconds after which a worker that is drained is stopped


class HeldModel(Protocol):
    """A model, as the slot of a worker that holds it knows it."""

    key: int
    row: ServedRow
    broken: str


class WorkerSlot:
    """A slot that always has a worker: one that dies, hangs or leaks is replaced by a new one, with
    all models.

    Args:
        prefork: forks workers for the `service`.
        models: the models that each of them holds, by key.
        stuck: seconds after which a worker that does not respond is killed.
        most: gigabytes after which it is replaced; twice what it held when it was warm, and one
            more, where not given.
        report: receives in a word why a worker was replaced (`died`, `stuck`, `leak`).
    """

    def __init__(
        self,
        prefork: PreforkServer,
        service: str,
        models: Mapping[int, HeldModel],
        stuck: float,
        most: float | None,
        report: Callable[[str], None],
    ) -> None:
        self.prefork, self.service, self.models = prefork, service, models
        self.stuck, self.most, self.report = stuck, most, report
        self.worker: Worker | None = None
        self.lock, self.over = threading.RLock(), False
        self.warm: float | None = None
        self.usage: dict[str, float] = {}
        self.calls = 0  # in progress now
        self.worked = self.since = 0.0  # seconds in which it was busy, and when that began
        self.counting = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether a worker is here now, or none was needed yet."""
        return self.worker is None or not self.worker.over

    def alive(self) -> Worker:
        """The worker; a new one with all models where the last is dead.

        Raises:
            WorkerLost: this slot is closed.
            MesocosmError: none started.
        """
        with self.lock:
            if self.over:
                raise WorkerLost
            if self.worker is None or self.worker.over:
                self.worker = self._start_worker()
            return self.worker

    def _start_worker(self) -> Worker:
        started: list[Worker] = []
        worker = Worker(*self.prefork.worker(self.service), lambda: self._replace(started[0]))
        started.append(worker)
        for model in list(self.models.values()):
            try:
                self.call(worker, "load", model=model.key, row=model.row)
                model.broken = ""
            except MesocosmError as failure:
                model.broken = str(failure)
        self.warm = None
        return worker

    def _replace(self, worker: Worker) -> None:
        """Start another worker in place of one that died."""
        if self.over or worker is not self.worker:
            return
        self.report("died")
        with suppress(MesocosmError, WorkerLost):  # the next request fails with the reason
            self.alive()

    def call(self, worker: Worker, do: str, **more: Unpack[CallArguments]) -> Json:
        """Call a worker and wait for its response.

        Raises:
            WorkerLost: it died over it, or did not respond and was killed.
            MesocosmError: it died while it loaded.
        """
        timeout = self.stuck
        if do == "load":
            timeout = max(timeout, LOADING)
        self._count(1)
        try:
            return worker.call(do, **more).result(timeout)
        except Late:
            self.report("stuck")
            worker.over = True
            worker.kill()
            raise WorkerLost from None
        except WorkerLost:
            if do == "load":
                raise MesocosmError(
                    Message("serving.died_while_loading", service=self.service)
                ) from None
            raise
        finally:
            self._count(-1)

    def _count(self, step: int) -> None:
        with self.counting:
            now = time.monotonic()
            if self.calls:
                self.worked += now - self.since
            self.calls, self.since = self.calls + step, now

    def busy(self) -> float:
        """Seconds in which it was busy since the last look."""
        self._count(0)
        with self.counting:
            worked, self.worked = self.worked, 0.0
        return worked

    def tend(self) -> None:
        """Measure the worker's memory; one that leaks is replaced by a warm one between two
        batches.
        """
        worker = self.worker
        if worker is None or worker.over:
            return
        try:
            self.usage = cast(dict[str, float], worker.call("usage").result(self.stuck))
        except (WorkerLost, Late):
            return
        self.warm = self.warm or self.usage["gigabytes"]
        if self.usage["gigabytes"] > (self.most or 2 * self.warm + 1):
            self._replace_leaking()

    def _replace_leaking(self) -> None:
        self.report("leak")
        fresh = self._start_worker()
        with self.lock:
            old, self.worker = self.worker, fresh
        threading.Thread(target=drain_and_kill, args=(old,), daemon=True).start()

    def drop(self, key: int) -> None:
        """Release a model in the worker."""
        if self.worker and not self.worker.over:
            with suppress(WorkerLost):
                self.worker.call("drop", model=key)

    def drain(self) -> None:
        """Stop the worker once its calls are answered."""
        until = time.monotonic() + DRAIN
        while self.calls and time.monotonic() < until:
            time.sleep(0.05)
        self.close()

    def close(self) -> None:
        """Stop the worker."""
        self.over = True
        if self.worker:
            self.worker.kill()
