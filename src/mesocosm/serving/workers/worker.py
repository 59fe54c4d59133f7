"""A worker: a process of its own that holds a service's models and predicts for the gateway.

Knows messages and how to load. A prefork server, which has imported everything and holds nothing,
forks workers, so that a dead one is replaced in the time it takes to open its graphs.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypedDict, cast

from mesocosm.catalog.rows import ServedRow
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import text_as_json
from mesocosm.serving.model_instance import Load, ModelInstance, Row
from mesocosm.serving.requests.field_records import PreparationRecord
from mesocosm.serving.workers.ipc import receive, send


class ModelDescription(TypedDict):
    """A model as the gateway knows it; `record` is None where it does not predict."""

    version: str
    snapshot: str
    answers: str
    form: Mapping[str, object]
    labels: list[str]
    speaks: bool
    record: PreparationRecord | None


class WorkerMessage(TypedDict, total=False):
    """A message of the gateway: what to `do` with a model, with its rows or its question; the
    response has its `id`.
    """

    id: int
    do: str
    model: int
    row: ServedRow
    rows: list[Row]
    question: str


# what a model does, beside being loaded and dropped
OPERATIONS: dict[str, Callable[[ModelInstance, WorkerMessage], object]] = {
    "answer": lambda model, message: model.answer(message["rows"]),
    "predict": lambda model, message: model.predict(message["rows"]),
    "embed": lambda model, message: model.embed(message["rows"]),
    "held": lambda model, message: model.held(),
    "ask": lambda model, message: model.ask(message["question"]),
}


class NotHeld(Exception):
    """This worker does not hold the model: it could not be loaded again, or was dropped."""


def serve_forks(sock: socket.socket, loader: Callable[[], Load]) -> None:
    """Fork a worker for each message `{service}` that comes with a socket; ends when the gateway is
    gone.

    Args:
        loader: makes what loads models; called in the worker, after the fork.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # the keyboard stops the gateway, and that stops us
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            service, fds, _, _ = socket.recv_fds(sock, 1024, 1)
        except OSError:
            return
        if not service or not fds:
            return
        sys.stdout.flush()
        if os.fork() == 0:
            sock.close()
            try:
                serve_requests(socket.socket(fileno=fds[0]), service.decode(), loader())
            finally:
                os._exit(0)
        os.close(fds[0])


def serve_requests(sock: socket.socket, service: str, load: Load) -> None:
    """Respond to the gateway's messages until it is gone, one after another. Loading runs in
    parallel.
    """
    worker = _WorkerProcess(sock, service, load)
    send(sock, {"pid": os.getpid()})
    while True:
        try:
            message = receive(sock)
        except EOFError:
            return
        worker.handle(cast(WorkerMessage, message))


class _WorkerProcess:
    """The models of this process, and the socket to the gateway."""

    def __init__(self, sock: socket.socket, service: str, load: Load) -> None:
        self.sock, self.service, self.load = sock, service, load
        self.models: dict[int, ModelInstance] = {}
        self.writing = threading.Lock()
        self.loading = ThreadPoolExecutor(1)

    def handle(self, message: WorkerMessage) -> None:
        """Respond to one message."""
        do = message["do"]
        if do == "load":
            self.loading.submit(self._respond, message, partial(self._load, message))
        elif do in OPERATIONS:
            self._respond(message, partial(self._call, message))
        elif do == "drop":
            self._respond(message, partial(self._drop, message))
        else:
            self._respond(message, _measure_usage)

    def _respond(self, message: WorkerMessage, call: Callable[[], object]) -> None:
        response = _run(call)
        with self.writing:
            send(self.sock, response | {"id": message["id"]})

    def _load(self, message: WorkerMessage) -> ModelDescription:
        model = self.models[message["model"]] = self.load(self.service, message["row"])
        return _describe(model)

    def _call(self, message: WorkerMessage) -> object:
        model = self.models.get(message["model"])
        if model is None:
            raise NotHeld
        return OPERATIONS[message["do"]](model, message)

    def _drop(self, message: WorkerMessage) -> None:
        self.models.pop(message["model"], None)


def _run(call: Callable[[], object]) -> dict[str, object]:
    """The result of a call as a message, or its error."""
    try:
        return {"ok": call()}
    # whatever it is, the gateway receives its kind, and never a value
    except Exception as error:
        return _describe_error(error)


def _describe_error(error: Exception) -> dict[str, object]:
    """An error as the gateway raises it again."""
    if isinstance(error, ConfigValueError):
        found, expected = text_as_json(error.found), text_as_json(error.expected)
        return {"wrong": [error.key, found, expected, list(error.choices), error.near or ""]}
    if isinstance(error, MesocosmError):
        return {"failure": text_as_json(error.message or str(error))}
    if isinstance(error, NotHeld):
        return {"lost": True}
    return {"failed": type(error).__name__}


def _describe(model: ModelInstance) -> ModelDescription:
    """A model as the gateway knows it."""
    about: ModelDescription = {
        "version": model.version,
        "snapshot": model.snapshot,
        "answers": model.answers,
        "form": model.form.as_json(),
        "labels": list(model.labels),
        "speaks": model.speaks,
        "record": None,
    }
    if model.fields:
        about["record"] = {
            "fields": model.fields.fields,
            "training": model.fields.training,
            "spellings": model.fields.spellings,
            "days": model.fields.days_given,
        }
    return about


def _measure_usage() -> dict[str, float]:
    """The memory of this process in GB and its CPU seconds."""
    import resource

    with open("/proc/self/statm", encoding="ascii") as statm:
        pages = int(statm.read().split()[1])
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "gigabytes": pages * resource.getpagesize() / 1e9,
        "cpu_seconds": used.ru_utime + used.ru_stime,
    }
