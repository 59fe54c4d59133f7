"""The markers of a world, shared: one socket for each who is here, one document for all, kept in
the catalog.

An update is checked before anybody else gets it (`world/markers/document.py`), sent on at once
and stored half a second later; what a killed server lost comes back with the next visitor who had
it. Gateways over one catalog merge what each of them stored. Knows sockets, the document and the
catalog.

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
from mesocosm.core.messages import Message
from mesocosm.world.markers.document import FORMS, WHOLE, Markers

SAVED = 0.5  # seconds between two looks at what is to be stored
PACE = 30  # updates of one visitor in a second
# messages that may wait for one; who reads more slowly is disconnected, comes again and is sent
# what it lacks
WAITING = 200
SLACK = 8  # the document is rebuilt where it has so many times the bytes that its markers need


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
        try:
            self._tell(socket, json.dumps({"age": self.age, "may": may, "forms": FORMS}))
            self._tell(socket, _message(YSyncMessageType.SYNC_STEP1, self.markers.state()))
            await self._receive_all(socket, role, may)
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            sending.cancel()
            self.all.pop(socket, None)
            if not self.all:
                with suppress(Exception):
                    await asyncio.shield(asyncio.create_task(self._store()))

    async def _receive_all(self, socket: WebSocket, role: str, may: bool) -> None:
        """Take a socket's updates, a bounded number a second, until it leaves."""
        second, count = 0.0, 0
        while True:
            message = await socket.receive()
            if message["type"] != "websocket.receive":
                return
            data = message.get("bytes")
            if data is None:
                continue
            now = time.monotonic()
            if now - second >= 1:
                second, count = now, 0
            count += 1
            if count > PACE:
                await asyncio.sleep(second + 1 - now)
            self._receive(socket, data, role, may)

    async def here(self) -> list[dict[str, object]]:
        """The markers, the oldest first."""
        async with self.lock:
            if not self.all:
                await self._open()
        markers = sorted(self.markers.all().items(), key=lambda entry: (entry[1]["at"], entry[0]))
        return [{"id": ident, **marker} for ident, marker in markers]

    async def _send(self, socket: WebSocket, waiting: asyncio.Queue[bytes | str]) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                message = await waiting.get()
                if isinstance(message, str):
                    await socket.send_text(message)
                else:
                    await socket.send_bytes(message)

    def _tell(self, socket: WebSocket, message: bytes | str) -> None:
        try:
            self.all[socket].put_nowait(message)
        except asyncio.QueueFull:
            asyncio.get_running_loop().create_task(_close(socket))

    def _others(self, message: bytes, besides: WebSocket | None = None) -> None:
        for other in list(self.all):
            if other is not besides:
                self._tell(other, message)

    def _receive(self, socket: WebSocket, data: bytes, role: str, may: bool) -> None:
        try:
            kind, payload = _read(data)
            if kind == YSyncMessageType.SYNC_STEP1:
                lacking = self.markers.lacking(payload)
                self._tell(socket, _message(YSyncMessageType.SYNC_STEP2, lacking))
                return
            if not may:
                if kind == YSyncMessageType.SYNC_UPDATE:
                    raise ConfigValueError(
                        "", Message("api.read_only_token"), Message("api.token_may_ask")
                    )
                return
            state, before = self.markers.state(), self.markers.all()
            put, taken = self.markers.take(payload)
        except ConfigValueError as wrong:
            self._tell(socket, json.dumps({"refused": wrong.render()}))
            return
        now = self.markers.all()
        if now == before and self.markers.state() == state:
            return
        self.acts += [(role, "put down", f"{now[i]['form']} {i}") for i in put]
        self.acts += [(role, "taken away", f"{before[i]['form']} {i}") for i in taken]
        self.changed = True
        self._others(_message(YSyncMessageType.SYNC_UPDATE, payload), socket)

    async def _open(self) -> None:
        """Read what the catalog has; a document with much that was removed is rebuilt, as nobody
        holds it.
        """
        found = await asyncio.to_thread(book.read_document, self.catalog, self.number)
        if found is None:
            return
        self.number, age, data = found
        if age != self.age:
            self.age, self.markers = age, Markers(data)
        else:
            self.markers.merge(data)
        fresh = self.markers.anew()
        if len(self.markers.whole()) <= max(WHOLE // 20, SLACK * len(fresh.whole())):
            return
        if await asyncio.to_thread(
            book.store_document, self.catalog, self.number, self.age + 1, fresh.whole()
        ):
            self.markers, self.number, self.age = fresh, self.number + 1, self.age + 1

    async def _keep(self) -> None:
        while self.all or self.changed:
            await asyncio.sleep(SAVED)
            try:
                await self._store()
            except Exception as error:  # a catalog that is locked now: it is tried again
                logging.getLogger("mesocosm").warning(
                    "the markers could not be stored (%s); retrying", type(error).__name__
                )

    async def _store(self) -> None:
        """Store what changed, and take up what other gateways stored."""
        async with self.lock:
            found = await asyncio.to_thread(book.read_document, self.catalog, self.number)
            if found is not None:
                await self._take_up(*found)
            if not self.changed:
                return
            self.changed, acts = False, self.acts
            self.acts = []
            stored = False
            try:
                stored = await asyncio.to_thread(
                    book.store_document,
                    self.catalog,
                    self.number,
                    self.age,
                    self.markers.whole(),
                    acts,
                )
            finally:
                if not stored:
                    self.changed, self.acts = True, acts + self.acts
            if stored:
                self.number += 1

    async def _take_up(self, number: int, age: int, data: bytes) -> None:
        """Merge what another gateway stored; where it rebuilt the document, whoever is here comes
        again, with nothing of the old one.
        """
        self.number = number
        if age == self.age:
            if self.markers.merge(data):
                self._others(_message(YSyncMessageType.SYNC_UPDATE, data))
            return
        fresh = Markers(data)
        if self.changed:  # what was not stored yet
            fresh.adopt(self.markers)
        self.age, self.markers = age, fresh
        for socket in list(self.all):
            await _close(socket)


async def _close(socket: WebSocket) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(1013, "come again")


def _message(kind: int, payload: bytes) -> bytes:
    return bytes([YMessageType.SYNC, kind]) + write_message(payload)


def _read(data: bytes) -> tuple[int, bytes]:
    """Which message of the sync protocol it is, and what it carries.

    Raises:
        ConfigValueError: it is not a message of the protocol.
    """
    kinds: list[Any] = list(YSyncMessageType)
    is_sync = len(data) > 2 and data[0] == YMessageType.SYNC and data[1] in kinds
    if is_sync and any(byte < 128 for byte in data[2:6]):  # its length has four bytes at most
        with suppress(ValueError, RuntimeError, IndexError):
            return data[1], bytes(read_message(data[2:]))
    raise ConfigValueError(
        "",
        Message("api.not_yjs"),
        Message("api.yjs_message"),
    )
