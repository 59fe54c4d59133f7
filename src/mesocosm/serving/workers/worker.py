"""A worker: a process of its own that holds a service's units and answers for the gateway.

Knows frames and how to load. A nursery, which has imported everything and holds nothing, forks
workers, so that a dead one is replaced in the time it takes to open its graphs.
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
from typing import Any

from mesocosm.core.errors import Failure, Wrong
from mesocosm.serving.model_instance import Load, Unit
from mesocosm.serving.workers.ipc import receive, send

ASKED: dict[
    str, Callable[[Unit, Mapping[str, Any]], Any]
] = {  # what a unit may be asked, beside being loaded and dropped
    "answer": lambda unit, asked: unit.answer(asked["rows"]),
    "predict": lambda unit, asked: unit.predict(asked["rows"]),
    "vectors": lambda unit, asked: unit.vectors(asked["rows"]),
    "held": lambda unit, asked: unit.held(),
    "ask": lambda unit, asked: unit.ask(asked["question"]),
}


class NotHeld(Exception):
    """This worker does not hold the unit: it could not be loaded again, or was let go."""


def nursery(sock: socket.socket, loader: Callable[[], Load]) -> None:
    """Fork a worker for each message `{service}` that comes with a socket; ends when the gateway is
    gone.

    Args:
        loader: makes what loads units; called in the worker, after the fork.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # the keyboard stops the gateway, and that stops us
    while True:
        try:
            said, fds, _, _ = socket.recv_fds(sock, 1024, 1)
        except OSError:
            return
        if not said or not fds:
            return
        sys.stdout.flush()
        if os.fork() == 0:
            sock.close()
            try:
                work(socket.socket(fileno=fds[0]), said.decode(), loader())
            finally:
                os._exit(0)
        os.close(fds[0])


def work(sock: socket.socket, service: str, load: Load) -> None:
    """Answer what the gateway asks until it is gone, one thing after another. Loading goes on
    beside answering.
    """
    units: dict[int, Unit] = {}
    writing = threading.Lock()
    loading = ThreadPoolExecutor(1)

    def said(message: Mapping[str, Any], call: Callable[[], Any]) -> None:
        try:
            answer: dict[str, Any] = {"ok": call()}
        except Wrong as wrong:
            answer = {
                "wrong": [
                    wrong.key,
                    wrong.found,
                    wrong.expected,
                    list(wrong.choices),
                    wrong.near or "",
                ]
            }
        except Failure as failure:
            answer = {"failure": str(failure)}
        except NotHeld:
            answer = {"lost": True}
        except (
            Exception
        ) as error:  # whatever it is, the gateway is told its kind, and never a value
            answer = {"failed": type(error).__name__}
        with writing:
            send(sock, answer | {"id": message["id"]})

    def loaded(message: Mapping[str, Any]) -> dict[str, Any]:
        unit = units[message["unit"]] = load(service, message["row"])
        fields = unit.fields
        about = {
            "version": unit.version,
            "snapshot": unit.snapshot,
            "answers": unit.answers,
            "says": unit.says,
            "labels": list(unit.labels),
            "speaks": unit.speaks,
        }
        return about | {
            "record": (
                {
                    "fields": fields.fields,
                    "training": fields.training,
                    "spellings": fields.spellings,
                    "days": fields.days_given,
                }
                if fields
                else None
            )
        }

    send(sock, {"pid": os.getpid()})
    while True:
        try:
            message = receive(sock)
        except EOFError:
            return
        do, key = message["do"], message.get("unit")
        if do == "load":
            loading.submit(said, message, partial(loaded, message))
        elif do in ASKED:
            said(message, partial(_asked, units, message))
        elif do == "drop":
            said(message, partial(_drop, units, key))
        else:
            said(message, _usage)


def _asked(units: Mapping[int, Unit], message: Mapping[str, Any]) -> Any:
    unit = units.get(message["unit"])
    if unit is None:
        raise NotHeld
    return ASKED[message["do"]](unit, message)


def _drop(units: dict[int, Unit], key: int) -> None:
    units.pop(key, None)


def _usage() -> dict[str, float]:
    """What this process holds in GB and used in CPU seconds."""
    import resource

    with open("/proc/self/statm", encoding="ascii") as statm:
        pages = int(statm.read().split()[1])
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "gigabytes": pages * resource.getpagesize() / 1e9,
        "cpu_seconds": used.ru_utime + used.ru_stime,
    }
