"""The markers of a world, shared: one socket for each who is here, one document for all, kept in
the catalog.

An update is looked at before anybody else hears of it (`world/markers.py`), sent on at once and
kept half a second later; what a killed server lost comes back with the next visitor who had it.
Gateways over one catalog merge what each of them kept. Knows sockets, the document and the catalog.

Source: the Yjs sync protocol (messages of type 0: step 1 with a state, step 2 and update with an
update).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import suppress
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect
from pycrdt import YMessageType, YSyncMessageType, read_message, write_message

from mesocosm.catalog import Catalog
from mesocosm.catalog import marker_documents as book
from mesocosm.core.errors import ConfigValueError
from mesocosm.world.markers.document import FORMS, WHOLE, Markers

SAVED = 0.5  # seconds between two looks at what is to be kept
PACE = 30  # updates of one visitor in a second
# messages that may wait for one; who reads more slowly is let go, comes again and is told what it
# lacks
WAITING = 200
SLACK = 8  # the document is begun anew where it has so many times the bytes that its markers need


class Marking:
    """All who share the markers, and the document."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.markers = Markers()
        self.number = self.age = 0
        self.all: dict[WebSocket, asyncio.Queue[bytes | str]] = {}
        self.acts: list[tuple[str, str, str]] = []
        self.changed = False
        self.lock = asyncio.Lock()
        self.keeping: asyncio.Task[None] | None = None

    async def stay(self, socket: WebSocket, role: str, may: bool) -> None:
        """Let an accepted socket take part until it leaves.

        Args:
            role: whose name the audit gets.
            may: whether it may put down, move and take away, or only look on.
        """
        async with self.lock:
            if not self.all:
                await self._open()
        waiting: asyncio.Queue[bytes | str] = asyncio.Queue(WAITING)
        self.all[socket] = waiting
        if self.keeping is None or self.keeping.done():
            self.keeping = asyncio.create_task(self._keep())
        sending = asyncio.create_task(self._send(socket, waiting))
        second, count = 0.0, 0
        try:
            self._tell(socket, json.dumps({"age": self.age, "may": may, "forms": FORMS}))
            self._tell(socket, _message(YSyncMessageType.SYNC_STEP1, self.markers.state()))
            while True:
                message = await socket.receive()
                if message["type"] != "websocket.receive":
                    return
                if (data := message.get("bytes")) is not None:
                    now = time.monotonic()
                    second, count = (second, count + 1) if now - second < 1 else (now, 1)
                    if count > PACE:
                        await asyncio.sleep(second + 1 - now)
                    self._heard(socket, data, role, may)
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            sending.cancel()
            self.all.pop(socket, None)
            if not self.all:
                with suppress(Exception):
                    await asyncio.shield(asyncio.create_task(self._kept()))

    async def here(self) -> list[dict[str, Any]]:
        """The markers, the oldest first."""
        async with self.lock:
            if not self.all:
                await self._open()
        return sorted(
            ({"id": i, **one} for i, one in self.markers.all().items()),
            key=lambda one: (one["at"], one["id"]),
        )

    async def _send(self, socket: WebSocket, waiting: asyncio.Queue[bytes | str]) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                message = await waiting.get()
                await (
                    socket.send_text(message)
                    if isinstance(message, str)
                    else socket.send_bytes(message)
                )

    def _tell(self, socket: WebSocket, message: bytes | str) -> None:
        try:
            self.all[socket].put_nowait(message)
        except asyncio.QueueFull:
            asyncio.get_running_loop().create_task(_closed(socket))

    def _others(self, message: bytes, besides: WebSocket | None = None) -> None:
        for other in list(self.all):
            if other is not besides:
                self._tell(other, message)

    def _heard(self, socket: WebSocket, data: bytes, role: str, may: bool) -> None:
        try:
            kind, payload = _read(data)
            if kind == YSyncMessageType.SYNC_STEP1:
                self._tell(
                    socket, _message(YSyncMessageType.SYNC_STEP2, self.markers.lacking(payload))
                )
                return
            if not may:
                if kind == YSyncMessageType.SYNC_UPDATE:
                    raise ConfigValueError("", "this token may only look on", "one that may ask")
                return
            state, before = self.markers.state(), self.markers.all()
            put, taken = self.markers.take(payload)
        except ConfigValueError as wrong:
            self._tell(socket, json.dumps({"refused": str(wrong)}))
            return
        now = self.markers.all()
        if now == before and self.markers.state() == state:
            return
        self.acts += [(role, "put down", f"{now[i]['form']} {i}") for i in put] + [
            (role, "taken away", f"{before[i]['form']} {i}") for i in taken
        ]
        self.changed = True
        self._others(_message(YSyncMessageType.SYNC_UPDATE, payload), socket)

    async def _open(self) -> None:
        """Read what the catalog has; a document with much that is gone is begun anew, as nobody
        holds it.
        """
        found = await asyncio.to_thread(book.kept, self.catalog, self.number)
        if found is None:
            return
        self.number, age, data = found
        if age != self.age:
            self.age, self.markers = age, Markers(data)
        else:
            self.markers.merge(data)
        fresh = self.markers.anew()
        if len(self.markers.whole()) > max(
            WHOLE // 20, SLACK * len(fresh.whole())
        ) and await asyncio.to_thread(
            book.keep, self.catalog, self.number, self.age + 1, fresh.whole()
        ):
            self.markers, self.number, self.age = fresh, self.number + 1, self.age + 1

    async def _keep(self) -> None:
        while self.all or self.changed:
            await asyncio.sleep(SAVED)
            try:
                await self._kept()
            except Exception as error:  # a catalog that takes nothing now: it is tried again
                logging.getLogger("mesocosm").warning(
                    "the markers could not be kept (%s); they are tried again", type(error).__name__
                )

    async def _kept(self) -> None:
        """Keep what changed, and hear what other gateways kept."""
        async with self.lock:
            found = await asyncio.to_thread(book.kept, self.catalog, self.number)
            if found is not None:
                self.number, age, data = found
                if (
                    age != self.age
                ):  # begun anew elsewhere: whoever is here comes again, with nothing of the old one
                    fresh = Markers(data)
                    if self.changed:  # what was not kept yet
                        fresh.adopt(self.markers)
                    self.age, self.markers = age, fresh
                    for socket in list(self.all):
                        await _closed(socket)
                elif self.markers.merge(data):
                    self._others(_message(YSyncMessageType.SYNC_UPDATE, data))
            if not self.changed:
                return
            self.changed, acts = False, self.acts
            self.acts = []
            try:
                done = await asyncio.to_thread(
                    book.keep, self.catalog, self.number, self.age, self.markers.whole(), acts
                )
            except BaseException:
                self.changed, self.acts = True, acts + self.acts
                raise
            if done:
                self.number += 1
            else:
                self.changed, self.acts = True, acts + self.acts


async def _closed(socket: WebSocket) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(1013, "come again")


def _message(kind: int, payload: bytes) -> bytes:
    return bytes([YMessageType.SYNC, kind]) + write_message(payload)


def _read(data: bytes) -> tuple[int, bytes]:
    """Which message of the sync protocol it is, and what it carries.

    Raises:
        Wrong: it is none.
    """
    kinds: list[Any] = list(YSyncMessageType)
    if (
        len(data) > 2
        and data[0] == YMessageType.SYNC
        and data[1] in kinds
        and any(byte < 128 for byte in data[2:6])
    ):  # its length has four bytes at most
        with suppress(ValueError, RuntimeError, IndexError):
            return data[1], bytes(read_message(data[2:]))
    raise ConfigValueError(
        "",
        "what came is no message of the Yjs sync protocol",
        "type 0 with step 1, step 2 or update",
    )
