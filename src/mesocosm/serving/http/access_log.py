"""The gateway's log: a JSON line a request, without anything a user sent. Knows one file, which is
turned over when it is large.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import orjson
from starlette.types import Scope

MOST = 10_000_000  # bytes of a file
KEPT = 3  # files
NEWEST = 20_000  # requests that a reader keeps


class Request(NamedTuple):
    """A request: when (seconds since 1970), the service where it was answered, the HTTP status and
    how long it took in milliseconds.
    """

    at: float
    service: str
    status: int
    ms: float


class RecentRequests:
    """The newest requests to some routes, as the log has them; each line is read once, and only
    what was added since is read again.

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
        """Those of a moment (seconds since 1970) and later, oldest first; a line that is being
        written waits for the next call.
        """
        with self.lock:
            self._follow()
            return [one for one in self.kept if one.at >= at]

    @property
    def full(self) -> bool:
        """Whether older requests were left out."""
        return len(self.kept) == self.kept.maxlen

    def _follow(self) -> None:
        read: dict[int, int] = {}
        for file in (
            *(self.path.with_suffix(f".{n}.jsonl") for n in range(KEPT - 1, 0, -1)),
            self.path,
        ):
            try:
                with file.open("rb") as opened:
                    ident, size = (
                        os.fstat(opened.fileno()).st_ino,
                        os.fstat(opened.fileno()).st_size,
                    )
                    done = self.read.get(ident, 0)
                    done = done if done <= size else 0  # another file by the same number
                    opened.seek(done)
                    data = opened.read(2 * MOST)
            except OSError:
                continue
            whole = data[: data.rfind(b"\n") + 1]
            read[ident] = done + len(whole)
            self.kept.extend(
                one for line in whole.splitlines() if (one := _parse_request(line, self.routes))
            )
        self.read = read


def _parse_request(line: bytes, routes: tuple[str, ...]) -> Request | None:
    try:
        row = orjson.loads(line)
        return (
            Request(
                float(row["at"]),
                sys.intern(str(row.get("service", ""))),
                int(row["status"]),
                float(row["ms"]),
            )
            if str(row["route"]).startswith(routes)
            else None
        )
    except (ValueError, TypeError, KeyError):
        return None


class AccessLog:
    """Lines that wait for `flush`.

    Args:
        path: the newest file; older ones have a number behind.
    """

    def __init__(self, path: Path, clock: Any) -> None:
        self.path, self.clock = path, clock
        self.lines: deque[bytes] = deque(maxlen=100_000)

    def request(self, scope: Scope, status: int, took: float) -> None:
        """Note a request by its route, never by its query or body."""
        route, state = scope.get("route"), scope.get("state", {})
        path = (
            scope.get("told")
            or getattr(route, "path", "")
            or ("(unknown)" if status in (0, 404) else str(scope["path"])[:80])
        )
        service = scope.get("path_params", {}).get("name", "") if status < 400 else ""
        line = {
            "at": round(self.clock(), 3),
            "request": state.get("request", ""),
            "role": state.get("role", ""),
            "method": scope["method"],
            "route": path,
            "service": service,
            "status": status,
            "ms": round(took * 1000, 2),
        }
        self.lines.append(orjson.dumps(line) + b"\n")

    def flush(self) -> None:
        """Write what waits; a disk that is full loses lines and nothing else."""
        data = b"".join(self.lines.popleft() for _ in range(len(self.lines)))
        if not data:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size + len(data) > MOST:
                for n in range(KEPT - 1, 0, -1):
                    older = self.path.with_suffix(f".{n}.jsonl")
                    newer = self.path if n == 1 else self.path.with_suffix(f".{n - 1}.jsonl")
                    if newer.exists():
                        os.replace(newer, older)
            with self.path.open("ab") as file:
                file.write(data)
        except OSError:
            return
