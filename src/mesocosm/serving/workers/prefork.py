"""The prefork server that forks workers, and a worker as the gateway sees it. Knows processes and
messages.
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
from contextlib import suppress
from typing import NotRequired, TypedDict, Unpack, cast

from mesocosm.catalog.rows import ServedRow
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message, text_of_json
from mesocosm.core.records import Json
from mesocosm.core.values.numbers import to_int
from mesocosm.serving.model_instance import Row
from mesocosm.serving.workers.ipc import receive, send


class CallArguments(TypedDict, total=False):
    """What a worker is handed with a call: a model's key, and its deployment, rows or question."""

    model: NotRequired[int]
    row: NotRequired[ServedRow]
    rows: NotRequired[list[Row]]
    question: NotRequired[str]


class WorkerLost(Exception):
    """The worker died before it responded."""


class ModelNotHeld(MesocosmError):
    """The worker does not hold the model that is called."""


class PreforkServer:
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
            self._connect()

    def _connect(self) -> socket.socket:
        """The socket of the process, which is started where none runs."""
        if self.sock is None or self.process is None or self.process.poll() is not None:
            ours, theirs = socket.socketpair()
            self.process = subprocess.Popen(
                [*self.command, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
            theirs.close()
            self.sock = ours
        return self.sock

    def worker(self, service: str) -> tuple[socket.socket, int]:
        """Fork a worker; its socket and process id.

        Raises:
            MesocosmError: none started.
        """
        with self.lock:
            for _ in range(2):
                ours, theirs = socket.socketpair()
                try:
                    ours.settimeout(60)
                    socket.send_fds(self._connect(), [service.encode()], [theirs.fileno()])
                    theirs.close()
                    pid = to_int(receive(ours)["pid"])
                    ours.settimeout(None)
                    return ours, pid
                except (OSError, EOFError):
                    ours.close()
                    theirs.close()
                    if self.process:
                        self.process.kill()
                        self.process.wait()
                    self.sock = None
        raise MesocosmError(Message("serving.no_worker_started", service=service))

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
        self.waiting: dict[int, Future[Json]] = {}
        self.ids, self.lock, self.over = itertools.count(), threading.Lock(), False
        threading.Thread(target=self._receive_all, daemon=True, name=f"worker-{pid}").start()

    def call(self, do: str, **more: Unpack[CallArguments]) -> Future[Json]:
        """Send it a message; the future has its response.

        Raises:
            WorkerLost: it is dead.
        """
        future: Future[Json] = Future()
        with self.lock:
            if self.over:
                raise WorkerLost
            ident = next(self.ids)
            self.waiting[ident] = future
            try:
                send(self.sock, {"id": ident, "do": do, **more})
            except OSError as error:
                self.waiting.pop(ident, None)
                raise WorkerLost from error
        return future

    def _receive_all(self) -> None:
        """Resolve futures by the worker's messages until it is dead."""
        while True:
            try:
                message = receive(self.sock)
            except EOFError:
                break
            future = self.waiting.pop(to_int(message["id"]), None)
            if future is not None:
                _resolve(future, message)
        with self.lock:
            self.over = True
            left, self.waiting = list(self.waiting.values()), {}
        self.sock.close()
        for future in left:
            future.set_exception(WorkerLost())
        self.died()

    def kill(self) -> None:
        """Stop it at once."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def _resolve(future: Future[Json], message: Mapping[str, Json]) -> None:
    """Set a future's result or exception by a worker's message."""
    if "ok" in message:
        future.set_result(message["ok"])
    elif "wrong" in message:
        future.set_exception(_read_wrong(message["wrong"]))
    elif "lost" in message:
        future.set_exception(ModelNotHeld(Message("serving.no_longer_loaded")))
    elif "failure" in message:
        future.set_exception(MesocosmError(text_of_json(message["failure"])))
    else:
        future.set_exception(RuntimeError(message["failed"]))


def _read_wrong(message: Json) -> ConfigValueError:
    """The error of an invalid value, as a worker describes it."""
    key, found, expected, choices, near = cast(tuple[str, Json, Json, list[str], str], message)
    return ConfigValueError(key, text_of_json(found), text_of_json(expected), choices, near)


def drain_and_kill(worker: Worker | None) -> None:
    """Stop a worker once its calls are answered."""
    until = time.monotonic() + 60
    while worker and worker.waiting and time.monotonic() < until:
        time.sleep(0.05)
    if worker:
        worker.kill()
