"""The log of predictions: in the catalog, and while that is locked or read-only, in a spool file
allocated beforehand.

Knows the catalog and one file. A prediction is returned only when its record is in one of them.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from mesocosm.catalog import Catalog
from mesocosm.core.errors import MesocosmError, RetryableError
from mesocosm.core.messages import Message

ROOM = 8_000_000  # bytes


class PredictionLog:
    """The log of a gateway's predictions.

    Args:
        folder: holds the spool file; what a killed gateway left there is read first.
        room: bytes of the spool, allocated now, so that a full disk loses no record.
    """

    def __init__(self, catalog: Catalog, folder: Path, room: int = ROOM) -> None:
        self.catalog, self.room, self.lock = catalog, room, threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        number = 0
        while True:  # each gateway over one store has a file of its own
            self.file = os.open(folder / f"journal-{number}.bin", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                os.close(self.file)
                number += 1
        self.spooled = 0  # bytes that wait for the catalog
        self.trouble = ""
        if os.fstat(self.file).st_size < room:
            try:
                os.posix_fallocate(self.file, 0, room)
            except OSError as error:
                os.close(self.file)
                raise MesocosmError(
                    Message(
                        "serving.no_disk_space",
                        folder=folder.name,
                        reason=os.strerror(error.errno or 0),
                        megabytes=room // 10**6,
                    )
                ) from error
        self.spooled = len(self._read_spool())

    def write(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Log records.

        Raises:
            RetryableError: neither the catalog nor the spool takes them.
        """
        if not self.spooled:
            try:
                self.catalog.log(rows)
                self.trouble = ""
                return
            except RetryableError as later:
                self.trouble = str(later)
        self._spool(rows)

    def _spool(self, rows: Sequence[Mapping[str, object]]) -> None:
        data = b"".join(
            orjson.dumps(row, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY) + b"\n"
            for row in rows
        )
        with self.lock:
            if self.spooled + len(data) > self.room:
                raise RetryableError(Message("serving.spool_full"))
            os.pwrite(self.file, data, self.spooled)
            os.fdatasync(self.file)
            self.spooled += len(data)

    def _read_spool(self) -> bytes:
        """Complete records that wait in the file; one that was cut off was never returned."""
        data = os.pread(self.file, self.room, 0).split(b"\0", 1)[0]
        return data[: data.rfind(b"\n") + 1]

    def drain(self) -> int:
        """Write what waits into the catalog, if it takes it; returns how many records."""
        if not self.spooled:
            return 0
        with self.lock:
            rows: list[dict[str, object]] = [
                orjson.loads(line) for line in self._read_spool().splitlines()
            ]
            try:
                self.catalog.log(rows)
            except RetryableError as later:
                self.trouble = str(later)
                return 0
            os.pwrite(self.file, b"\0" * self.spooled, 0)
            os.fdatasync(self.file)
            self.spooled, self.trouble = 0, ""
        return len(rows)

    def close(self) -> None:
        """Write what can be written, and close the file."""
        self.drain()
        os.close(self.file)
