"""The gateway's log: a JSON line a request, without anything a user sent. Knows one file, which is turned over when it is large."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from starlette.types import Scope

MOST = 10_000_000  # bytes of a file
KEPT = 3  # files


def logged(path: Path, since: float = 0.0) -> Iterator[dict[str, Any]]:
    """The lines that are kept, oldest first, from a moment on; a line that was being written is left out."""
    for file in (*(path.with_suffix(f".{n}.jsonl") for n in range(KEPT - 1, 0, -1)), path):
        try:
            lines = file.read_bytes().splitlines()
        except OSError:
            continue
        for line in lines:
            try:
                row = orjson.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict) and row.get("at", 0) >= since:
                yield row


class Logs:
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
        path = scope.get("told") or getattr(route, "path", "") or ("(unknown)" if status in (0, 404) else str(scope["path"])[:80])
        service = scope.get("path_params", {}).get("name", "") if status < 400 else ""
        line = {"at": round(self.clock(), 3), "request": state.get("request", ""), "role": state.get("role", ""), "method": scope["method"], "route": path, "service": service, "status": status, "ms": round(took * 1000, 2)}
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
