"""Where workers come from: a nursery that forks them, and a worker as the gateway sees it. Knows
processes and frames.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from mesocosm.core.errors import Failure, Wrong
from mesocosm.serving.workers.ipc import receive, send


class WorkerLost(Exception):
    """The worker died before it answered."""


class ModelNotHeld(Failure):
    """The worker does not hold the unit that is asked."""


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
            self._started()

    def _started(self) -> socket.socket:
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
                raise WorkerLost
            ident = next(self.ids)
            self.waiting[ident] = future
            try:
                send(self.sock, {"id": ident, "do": do, **more})
            except OSError as error:
                self.waiting.pop(ident, None)
                raise WorkerLost from error
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
                future.set_exception(ModelNotHeld("this version is held no more"))
            else:
                future.set_exception(
                    Failure(message["failure"])
                    if "failure" in message
                    else RuntimeError(message["failed"])
                )
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


def drain_and_kill(worker: Worker | None) -> None:
    """Stop a worker when it has answered what it was asked."""
    until = time.monotonic() + 60
    while worker and worker.waiting and time.monotonic() < until:
        time.sleep(0.05)
    if worker:
        worker.kill()
