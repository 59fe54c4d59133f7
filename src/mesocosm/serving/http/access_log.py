"""The gateway's access log: a JSON line a request, without anything a user sent. Knows one file,
which is rotated when it is large.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import orjson

if TYPE_CHECKING:
    from starlette.types import Scope

MOST = 10_000_000  # bytes of a file
KEPT = 3  # files
NEWEST = 20_000  # requests that a reader keeps


class Request(NamedTuple):
    """A request: when (seconds since 1970), the service that handled it, the HTTP status and how
    long it took in milliseconds.
    """

    at: float
    service: str
    status: int
    ms: float


class RecentRequests:
    """The newest requests to some routes, read from the log; each line is read once, and only what
    was added since is read again.

    Args:
        path: the newest file.
        routes: how the routes begin.
        most: requests that are kept.
    """

    def __init__(self, path: Path, routes: tuple[str, ...], most: int = NEWEST) -> None:
        self.path, self.routes = path, routes
        self.kept: deque[Request] = deque(maxlen=most)
        self.read: dict[int, int] = {}  # how many bytes of a file, by its inode
        self.lock = Lock()

    def since(self, at: float) -> list[Request]:
        """Requests of a moment (seconds since 1970) and later, oldest first; a line that is being
        written waits for the next call.
        """
        with self.lock:
            self._follow()
            return [request for request in self.kept if request.at >= at]

    @property
    def full(self) -> bool:
        """Whether older requests were left out."""
        return len(self.kept) == self.kept.maxlen

    def _follow(self) -> None:
        read: dict[int, int] = {}
        older = [self.path.with_suffix(f".{n}.jsonl") for n in range(KEPT - 1, 0, -1)]
        for file in (*older, self.path):
            try:
                with file.open("rb") as opened:
                    status = os.fstat(opened.fileno())
                    done = self.read.get(status.st_ino, 0)
                    if done > status.st_size:
                        done = 0  # another file by the same number
                    opened.seek(done)
                    data = opened.read(2 * MOST)
            except OSError:
                continue
            lines = data[: data.rfind(b"\n") + 1]
            read[status.st_ino] = done + len(lines)
            requests = (_parse_request(line, self.routes) for line in lines.splitlines())
            self.kept.extend(filter(None, requests))
        self.read = read


def _parse_request(line: bytes, routes: tuple[str, ...]) -> Request | None:
    try:
        row = orjson.loads(line)
        if not str(row["route"]).startswith(routes):
            return None
        service = sys.intern(str(row.get("service", "")))
        return Request(float(row["at"]), service, int(row["status"]), float(row["ms"]))
    except (ValueError, TypeError, KeyError):
        return None


class AccessLog:
    """Lines that wait for `flush`.

    Args:
        path: the newest file; older ones have a number behind.
        clock: seconds since 1970.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.path, self.clock = path, clock
        self.lines: deque[bytes] = deque(maxlen=100_000)

    def request(self, scope: Scope, status: int, took: float) -> None:
        """Log a request by its route, never by its query or body."""
        state, service = scope.get("state", {}), ""
        if status < 400:
            service = scope.get("path_params", {}).get("name", "")
        line = {
            "at": round(self.clock(), 3),
            "request": state.get("request", ""),
            "role": state.get("role", ""),
            "method": scope["method"],
            "route": _route_of(scope, status),
            "service": service,
            "status": status,
            "ms": round(took * 1000, 2),
        }
        self.lines.append(orjson.dumps(line) + b"\n")

    def flush(self) -> None:
        """Write what waits; a full disk loses lines and nothing else."""
        data = b"".join(self.lines.popleft() for _ in range(len(self.lines)))
        if not data:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size + len(data) > MOST:
                self._rotate()
            with self.path.open("ab") as file:
                file.write(data)
        except OSError:
            return

    def _rotate(self) -> None:
        """Move each file to the next number; the oldest is overwritten."""
        files = [self.path, *(self.path.with_suffix(f".{n}.jsonl") for n in range(1, KEPT))]
        for newer, older in reversed(list(pairwise(files))):
            if newer.exists():
                os.replace(newer, older)


def _route_of(scope: Scope, status: int) -> str:
    """The route of a request; its path where it has none and is one that exists."""
    route = scope.get("fast_route") or getattr(scope.get("route"), "path", "")
    if route:
        return str(route)
    if status in (0, 404):
        return "(unknown)"
    return str(scope["path"])[:80]
