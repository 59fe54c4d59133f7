"""The workers of a service, kept alive: replaced where they die, hang or leak, with the units they
held; more of them where they are busy.

Knows seats, in each of which a worker sits. A request that a dying worker held is asked again of
the next; one that kills every worker fails alone.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from mesocosm.core.errors import Failure
from mesocosm.serving.requests.fields import Fields
from mesocosm.serving.runtimes.onnx import Workers
from mesocosm.serving.workers.prefork import PreforkServer, WorkerLost
from mesocosm.serving.workers.worker_slot import WorkerSlot

TRIES = 2  # workers that may die over the same rows
MORE = 2  # looks in a row at a busy crew before it grows
FEWER = 24  # looks in a row at one that would not be busy with a worker less before it shrinks


class WorkerPool:
    """The workers of one service.

    Args:
        workers: how many, and when there are more or fewer.
        stuck, most, told: see `WorkerSlot`.
        moved: is told how many there are now, and why.
    """

    def __init__(
        self,
        nursery: PreforkServer,
        service: str,
        workers: Workers,
        stuck: float = 120.0,
        most: float | None = None,
        told: Callable[[str], None] = lambda why: None,
        moved: Callable[[int, str], None] = lambda count, why: None,
    ) -> None:
        self.workers, self.moved = workers, moved
        self.keys = itertools.count(1)
        self.units: dict[int, RemoteModel] = {}
        self.seat: Callable[[], WorkerSlot] = partial(
            WorkerSlot, nursery, service, self.units, stuck, most, told
        )
        self.seats = [self.seat() for _ in range(workers.least)]
        self.lock, self.over = threading.RLock(), False  # of which seats and units there are
        self.service = service
        self.looked, self.hot, self.cool = time.monotonic(), 0, 0

    @property
    def usage(self) -> dict[str, float]:
        """Gigabytes and CPU seconds of all workers; empty before the first look."""
        told = [s.usage for s in self.seats if s.usage]
        return {k: sum(u[k] for u in told) for k in told[0]} if told else {}

    @property
    def lanes(self) -> int:
        """How many workers there are."""
        return len(self.seats)

    def load(self, service: str, row: Mapping[str, Any]) -> RemoteModel:
        """A unit, loaded by every worker.

        Raises:
            Failure: what the deployment names is not whole.
        """
        del service
        unit = RemoteModel(self, next(self.keys), dict(row))
        with self.lock:
            for seat in self.seats:
                unit.about = seat.ask_of(seat.alive(), "load", unit=unit.key, row=unit.row)
            self.units[unit.key] = unit
        return unit

    def ask(self, do: str, **more: Any) -> Any:
        """What the worker that is there and asked least now answers; one that dies over it is
        replaced, and the next is asked.

        Raises:
            Gone: several died over it.
        """
        for _ in range(TRIES):
            seat = min(self.seats, key=lambda s: (not s.ready, s.asked))
            try:
                return seat.ask_of(seat.alive(), do, **more)
            except WorkerLost:
                if self.over:
                    raise Failure(f"the workers of '{self.service}' were stopped") from None
        raise WorkerLost

    def drop(self, key: int) -> None:
        """Let a unit go."""
        with self.lock:
            self.units.pop(key, None)
            for seat in self.seats:
                seat.drop(key)

    def tend(self, every: float = 5.0) -> None:
        """Look after the workers, and have more of them or fewer where the share of the time in
        which they are asked something says so.
        """
        now = time.monotonic()
        if now - self.looked < every:
            return
        for seat in list(self.seats):
            seat.tend()
        share, took = sum(s.busy() for s in self.seats) / (now - self.looked), len(self.seats)
        self.looked = now
        self.hot = self.hot + 1 if share > self.workers.busy * took else 0
        self.cool = self.cool + 1 if share < 0.7 * self.workers.busy * (took - 1) else 0
        if self.hot >= MORE and took < self.workers.most:
            self._grow(share / took)
        elif self.cool >= FEWER and took > self.workers.least:
            self._shrink(share / took)

    def _grow(self, share: float) -> None:
        seat = self.seat()
        with self.lock:
            seat.alive()  # holds all units before it is asked anything
            self.seats = [*self.seats, seat]
        self.hot = 0
        self.moved(len(self.seats), f"busy {share:.0%} of the time")

    def _shrink(self, share: float) -> None:
        with self.lock:
            *self.seats, last = self.seats
        threading.Thread(target=last.leave, daemon=True).start()
        self.cool = 0
        self.moved(len(self.seats), f"busy {share:.0%} of the time only")

    def close(self) -> None:
        """Stop all workers."""
        self.over = True
        for seat in self.seats:
            seat.close()


class RemoteModel:
    """A unit that a worker holds."""

    def __init__(self, crew: WorkerPool, key: int, row: Mapping[str, Any]) -> None:
        self.crew, self.key, self.row = crew, key, row
        self.broken = ""
        self._about: dict[str, Any] = {}
        self.fields: Fields | None = None

    @property
    def about(self) -> dict[str, Any]:
        """What the worker said of it when it was loaded."""
        return self._about

    @about.setter
    def about(self, said: dict[str, Any]) -> None:
        self._about, self.fields = said, Fields(said["record"]) if said["record"] else None

    @property
    def version(self) -> str:
        """The model version, empty where there is none."""
        return str(self._about["version"])

    @property
    def snapshot(self) -> str:
        """What it was trained on."""
        return str(self._about["snapshot"])

    @property
    def answers(self) -> str:
        """The snapshot of its table of answers."""
        return str(self._about["answers"])

    @property
    def says(self) -> str:
        """What comes out."""
        return str(self._about["says"])

    @property
    def labels(self) -> list[str]:
        """The labels that may come out."""
        return list(self._about["labels"])

    @property
    def speaks(self) -> bool:
        """Whether it answers questions."""
        return bool(self._about["speaks"])

    def answer(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What `Loaded.answer` gives. Rows over which workers die are asked one by one, so that one
        that kills fails alone.
        """
        if self.broken:
            raise Failure(self.broken)
        try:
            return list(self.crew.ask("answer", unit=self.key, rows=list(rows)))
        except WorkerLost:
            if len(rows) == 1:
                return [{"died": True}]
            return [said for row in rows for said in self.answer([row])]

    def ask(self, question: str) -> dict[str, Any]:
        """What its table of answers says.

        Raises:
            Failure: workers died over it.
        """
        try:
            return dict(self.crew.ask("ask", unit=self.key, question=question))
        except WorkerLost as gone:
            raise Failure("the worker died over this question twice") from gone

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What comes out for cleaned rows.

        Raises:
            Failure: workers died over them.
        """
        return self._whole("predict", rows=list(rows))

    def held(self) -> list[dict[str, Any]]:
        """Cleaned rows that the version never learnt from.

        Raises:
            Failure: workers died over it.
        """
        return self._whole("held")

    def vectors(self, rows: Sequence[Mapping[str, Any]]) -> list[list[float]]:
        """Features of the texts and images of cleaned rows.

        Raises:
            Failure: workers died over them.
        """
        return self._whole("vectors", rows=list(rows))

    def _whole(self, do: str, **more: Any) -> list[Any]:
        try:
            return list(self.crew.ask(do, unit=self.key, **more))
        except WorkerLost as gone:
            raise Failure(f"the worker died over '{do}' twice") from gone

    def close(self) -> None:
        """Let the worker forget it."""
        self.crew.drop(self.key)
