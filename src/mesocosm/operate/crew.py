"""The workers of a gateway, kept alive: forked by a nursery, replaced where they die, hang or leak, with the units they held.

Knows processes and frames. A request that a dying worker held is asked again of the next; one that kills every worker fails alone.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from typing import Any

from mesocosm.base.errors import Failure, Wrong
from mesocosm.operate.frames import receive, send
from mesocosm.operate.prepare import Fields

LOADING = 60.0  # seconds that loading may take at least
TRIES = 2  # workers that may die over the same rows


class Gone(Exception):
    """The worker died before it answered."""


class Lost(Failure):
    """The worker does not hold the unit that is asked."""


class Nursery:
    """The process that forks workers.

    Args:
        command: starts it; the number of its socket is appended.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.command, self.lock = list(command), threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.sock: socket.socket | None = None

    def start(self) -> None:
        """Start it, where none runs."""
        with self.lock:
            self._started()

    def _started(self) -> socket.socket:
        if self.sock is None or self.process is None or self.process.poll() is not None:
            ours, theirs = socket.socketpair()
            self.process = subprocess.Popen([*self.command, str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
            theirs.close()
            self.sock = ours
        return self.sock

    def worker(self, service: str) -> tuple[socket.socket, int]:
        """The socket and the process id of a new worker.

        Raises:
            Failure: none came up.
        """
        with self.lock:
            for _ in range(2):
                ours, theirs = socket.socketpair()
                try:
                    ours.settimeout(60)
                    socket.send_fds(self._started(), [service.encode()], [theirs.fileno()])
                    theirs.close()
                    pid = int(receive(ours)["pid"])
                    ours.settimeout(None)
                    return ours, pid
                except (OSError, EOFError):
                    ours.close()
                    theirs.close()
                    if self.process:
                        self.process.kill()
                        self.process.wait()
                    self.sock = None
        raise Failure(f"no worker could be started for '{service}'")

    def close(self) -> None:
        """Stop it; its workers stop when their sockets close."""
        with self.lock:
            if self.sock:
                self.sock.close()
            if self.process:
                self.process.terminate()
                self.process.wait()
            self.sock = self.process = None


class Worker:
    """One worker process, as the gateway sees it."""

    def __init__(self, sock: socket.socket, pid: int, died: Callable[[], None]) -> None:
        self.sock, self.pid, self.died = sock, pid, died
        self.waiting: dict[int, Future[Any]] = {}
        self.ids, self.lock, self.over = itertools.count(), threading.Lock(), False
        threading.Thread(target=self._hear, daemon=True, name=f"worker-{pid}").start()

    def ask(self, do: str, **more: Any) -> Future[Any]:
        """What it answers, when it does.

        Raises:
            Gone: it is dead.
        """
        future: Future[Any] = Future()
        with self.lock:
            if self.over:
                raise Gone
            ident = next(self.ids)
            self.waiting[ident] = future
            try:
                send(self.sock, {"id": ident, "do": do, **more})
            except OSError as error:
                self.waiting.pop(ident, None)
                raise Gone from error
        return future

    def _hear(self) -> None:
        while True:
            try:
                message = receive(self.sock)
            except EOFError:
                break
            future = self.waiting.pop(message["id"], None)
            if future is None:
                continue
            if "ok" in message:
                future.set_result(message["ok"])
            elif "wrong" in message:
                future.set_exception(Wrong(*message["wrong"]))
            elif "lost" in message:
                future.set_exception(Lost("this version is held no more"))
            else:
                future.set_exception(Failure(message["failure"]) if "failure" in message else RuntimeError(message["failed"]))
        with self.lock:
            self.over = True
            left, self.waiting = list(self.waiting.values()), {}
        self.sock.close()
        for future in left:
            future.set_exception(Gone())
        self.died()

    def kill(self) -> None:
        """Stop it at once."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


class Crew:
    """The worker of one service.

    Args:
        stuck: seconds after which a worker that does not answer is killed.
        most: gigabytes after which it is replaced; twice what it held when it was warm, and one more, where not given.
        told: is told in a word why a worker was replaced (`died`, `stuck`, `leak`).
    """

    def __init__(self, nursery: Nursery, service: str, stuck: float = 120.0, most: float | None = None, told: Callable[[str], None] = lambda why: None) -> None:
        self.nursery, self.service, self.stuck, self.most, self.told = nursery, service, stuck, most, told
        self.keys = itertools.count(1)
        self.units: dict[int, Away] = {}
        self.worker: Worker | None = None
        self.lock, self.over = threading.RLock(), False
        self.looked = 0.0
        self.warm: float | None = None
        self.usage: dict[str, float] = {}

    def load(self, service: str, row: Mapping[str, Any]) -> Away:
        """A unit, loaded by the worker.

        Raises:
            Failure: what the deployment names is not whole.
        """
        unit = Away(self, next(self.keys), dict(row))
        unit.about = self._asked(self.alive(), "load", unit=unit.key, row=unit.row)
        self.units[unit.key] = unit
        return unit

    def alive(self) -> Worker:
        """The worker; a new one with all units where the last is dead.

        Raises:
            Failure: none came up.
        """
        with self.lock:
            if self.over:
                raise Failure(f"the worker of '{self.service}' was stopped")
            if self.worker is None or self.worker.over:
                self.worker = self._fresh()
            return self.worker

    def _fresh(self) -> Worker:
        made: list[Worker] = []
        worker = Worker(*self.nursery.worker(self.service), lambda: self._died(made[0]))
        made.append(worker)
        for unit in list(self.units.values()):
            try:
                self._asked(worker, "load", unit=unit.key, row=unit.row)
                unit.broken = ""
            except Failure as failure:
                unit.broken = str(failure)
        self.warm = None
        return worker

    def _died(self, worker: Worker) -> None:
        if self.over or worker is not self.worker:
            return
        self.told("died")
        with suppress(Failure):  # the next request says so
            self.alive()

    def _asked(self, worker: Worker, do: str, **more: Any) -> Any:
        try:
            return worker.ask(do, **more).result(max(self.stuck, LOADING) if do == "load" else self.stuck)
        except Late:
            self.told("stuck")
            worker.over = True
            worker.kill()
            raise Gone from None
        except Gone:
            if do == "load":
                raise Failure(f"the worker of '{self.service}' died while it loaded") from None
            raise

    def ask(self, do: str, **more: Any) -> Any:
        """What the worker answers; one that dies over it is replaced, and the next is asked.

        Raises:
            Gone: several died over it.
        """
        for _ in range(TRIES):
            try:
                return self._asked(self.alive(), do, **more)
            except Gone:
                continue
        raise Gone

    def drop(self, key: int) -> None:
        """Let a unit go."""
        self.units.pop(key, None)
        if self.worker and not self.worker.over:
            with suppress(Gone):
                self.worker.ask("drop", unit=key)

    def tend(self, every: float = 5.0) -> None:
        """Look at what the worker holds; one that leaks is replaced by a warm one between two batches."""
        if time.monotonic() - self.looked < every or self.worker is None or self.worker.over:
            return
        self.looked, worker = time.monotonic(), self.worker
        try:
            self.usage = worker.ask("usage").result(self.stuck)
        except (Gone, Late):
            return
        self.warm = self.warm or self.usage["gigabytes"]
        if self.usage["gigabytes"] > (self.most or 2 * self.warm + 1):
            self.told("leak")
            fresh = self._fresh()
            with self.lock:
                old, self.worker = self.worker, fresh
            threading.Thread(target=_leave, args=(old,), daemon=True).start()

    def close(self) -> None:
        """Stop the worker."""
        self.over = True
        if self.worker:
            self.worker.kill()


def _leave(worker: Worker | None) -> None:
    """Stop a worker when it has answered what it was asked."""
    until = time.monotonic() + 60
    while worker and worker.waiting and time.monotonic() < until:
        time.sleep(0.05)
    if worker:
        worker.kill()


class Away:
    """A unit that a worker holds."""

    def __init__(self, crew: Crew, key: int, row: Mapping[str, Any]) -> None:
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
        """What `Loaded.answer` gives. Rows over which workers die are asked one by one, so that one that kills fails alone."""
        if self.broken:
            raise Failure(self.broken)
        try:
            return list(self.crew.ask("answer", unit=self.key, rows=list(rows)))
        except Gone:
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
        except Gone as gone:
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
        except Gone as gone:
            raise Failure(f"the worker died over '{do}' twice") from gone

    def close(self) -> None:
        """Let the worker forget it."""
        self.crew.drop(self.key)
