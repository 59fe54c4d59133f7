"""Visitors of one world meet: their poses, names and words over one socket each, and the notes that
they leave on elements.

Knows sockets, roles and the catalog. Nothing that a visitor sends reaches another one before it is
bounded.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse
from starlette.websockets import WebSocketState

import mesocosm.catalog.annotations as book
from mesocosm.app.world.marker_socket import Marking
from mesocosm.app.world.scene_state import Scenery
from mesocosm.catalog import Catalog, list_moments
from mesocosm.core.confidential.row_values import plain, withheld
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.messages.language import language_of_request, writing_in
from mesocosm.core.permissions import OWNER, RIGHTS
from mesocosm.serving.http.bodies import read_body
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.http.request_headers import read_token as token_of
from mesocosm.serving.http.websockets import DirectChannel, encode_frame, find_channel
from mesocosm.world.presence.state import Crowd, named

UNPROCESSABLE = Message("serving.unprocessable")
RATE = 20  # snapshots a second
WAITING = 8  # messages that may wait for a visitor who reads slowly; the oldest are dropped
WORDS = 280  # characters of one line
PACE = 5.0  # seconds in which a visitor may speak that often
POSES = 40  # poses of one second at most; more are ignored
LATEST = 30  # lines that a newcomer still hears
GLANCE = 0.2  # seconds between two looks at the living state
LOOK = 1.0  # seconds between two looks at the token of a socket that is open
REQUIRED = "a token and the page's own origin are required"
MOST_SOCKETS = 300  # that one token may hold open, if it is not the owner's: a page has three
# seconds after which a scene that stayed the same is sent again: the page takes it for lost after
# twice that
STILL = 2.0


class Visitor:
    """One socket.

    Args:
        speaks: whether others hear what it says.
    """

    def __init__(self, who: int, name: str, socket: WebSocket, speaks: bool) -> None:
        self.who, self.name, self.socket, self.speaks = who, name, socket, speaks
        self.poses: deque[bytes] = deque(maxlen=WAITING)
        # who came, who went and what was said is not dropped with poses
        self.words: deque[str] = deque(maxlen=500)
        self.ready = asyncio.Event()
        self.spoke: deque[float] = deque(maxlen=5)
        self.posed = (0.0, 0)
        self.short: DirectChannel | None = find_channel(socket.scope)

    def post(self, message: bytes | str, frame: bytes = b"") -> None:
        """Send something: a `frame` at once where nothing waits, else soon, the oldest poses
        dropped.
        """
        if isinstance(message, str):
            self.words.append(message)
        elif frame and self.short and not self.words and not self.poses and self.short.write(frame):
            return
        else:
            self.poses.append(message)
        self.ready.set()

    async def send(self) -> None:
        """Send what waits, until the socket is gone."""
        while True:
            await self.ready.wait()
            self.ready.clear()
            while self.words or self.poses:  # who came is sent before where they are
                if self.words:
                    await self.socket.send_text(self.words.popleft())
                else:
                    await self.socket.send_bytes(self.poses.popleft())


class Visiting:
    """All who are here."""

    def __init__(self, most: int = 2000) -> None:
        self.crowd = Crowd(most)
        self.all: dict[int, Visitor] = {}
        self.said: deque[dict[str, Any]] = deque(maxlen=LATEST)
        self.ticking: asyncio.Task[None] | None = None

    async def stay(self, socket: WebSocket, speaks: bool) -> None:
        """Let an accepted socket in until it leaves."""
        who = self.crowd.enter()
        if who is None:
            await socket.close(4429, "the world is full")
            return
        visitor = Visitor(who, named(socket.query_params.get("name"), who), socket, speaks)
        sending = asyncio.create_task(visitor.send())
        try:
            self._welcome(visitor)
            if visitor.short:
                visitor.short.listen(lambda data: self._receive_pose(visitor, data))
            while True:
                message = await socket.receive()
                if message["type"] != "websocket.receive":
                    return
                self._receive(visitor, message)
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            sending.cancel()
            self.all.pop(who, None)
            self.crowd.leave(who)
            self._send_all({"went": who})

    def _welcome(self, visitor: Visitor) -> None:
        """Send a newcomer who is here and what was said, and the others that somebody came."""
        others = [[other.who, other.name] for other in self.all.values()]
        hello = {"you": visitor.who, "name": visitor.name, "here": others, "said": list(self.said)}
        visitor.post(json.dumps(hello))
        visitor.post(self.crowd.whole())
        self._send_all({"came": [visitor.who, visitor.name]})
        self.all[visitor.who] = visitor
        if self.ticking is None or self.ticking.done():
            self.ticking = asyncio.create_task(self._tick())

    def _receive(self, visitor: Visitor, message: Mapping[str, Any]) -> None:
        data, text = message.get("bytes"), message.get("text")
        if data is not None:
            self._receive_pose(visitor, data)
        elif text is not None:
            self._receive_line(visitor, text)

    def _send_all(self, message: dict[str, Any]) -> None:
        text = json.dumps(message)
        for other in self.all.values():
            other.post(text)

    def _receive_pose(self, visitor: Visitor, data: bytes) -> None:
        now = time.monotonic()
        second = now // 1
        count = 1
        if visitor.posed[0] == second:
            count += visitor.posed[1]
        visitor.posed = (second, count)
        if count <= POSES:
            self.crowd.pose(visitor.who, data)
        elif count == POSES + 1 and visitor.short:
            visitor.short.rest(second + 1 - now)

    def _receive_line(self, visitor: Visitor, text: str) -> None:
        words = _read_line(text)
        now = time.monotonic()
        too_many = len(visitor.spoke) == visitor.spoke.maxlen and now - visitor.spoke[0] < PACE
        if not words or too_many or not visitor.speaks:
            return
        visitor.spoke.append(now)
        line = {"who": visitor.who, "name": visitor.name, "say": words}
        self.said.append(line)
        self._send_all({"said": line})

    async def _tick(self) -> None:
        """Snapshots while anybody is here."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self.all:
            for message, members in self.crowd.snapshots():
                frame = encode_frame(message)
                for who in members:
                    if visitor := self.all.get(who):
                        visitor.post(message, frame)
            due = max(due + 1 / RATE, loop.time() - 0.2)
            await asyncio.sleep(max(0.0, due - loop.time()))


def _read_line(text: str) -> str:
    """The words of a message, bounded and printable; empty where it has none."""
    if len(text) > 4 * WORDS + 40:
        return ""
    try:
        words = json.loads(text).get("say")
    except (ValueError, AttributeError, RecursionError):
        return ""
    if not isinstance(words, str):
        return ""
    printable = "".join(letter if letter.isprintable() else " " for letter in words)
    return printable.strip()[:WORDS]


class Door:
    """Lets sockets in by their tokens, and closes those whose token is revoked.

    Args:
        right: a socket's role, and what it may do: `see`, `ask`, `change`, or nothing where it may
            not come in.
    """

    def __init__(self, right: Callable[[WebSocket], tuple[str, str]]) -> None:
        self.right = right
        self.inside: dict[WebSocket, str] = {}  # with their tokens
        self.watching: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def admit(self, socket: WebSocket) -> AsyncIterator[tuple[str, str]]:
        """A socket's role and what it may do while the block runs, empty where it may not come in;
        the block writes in the language that the socket asks for.
        """
        accepted = socket.headers.get("accept-language", "")
        with writing_in(language_of_request(socket.url.query, accepted)):
            async with self._admit(socket) as right:
                yield right

    @asynccontextmanager
    async def _admit(self, socket: WebSocket) -> AsyncIterator[tuple[str, str]]:
        role, may = await asyncio.to_thread(self.right, socket)
        if not may:
            await socket.close(4401, REQUIRED)
            yield role, may
            return
        token = token_of(socket)
        open_sockets = sum(other == token for other in self.inside.values())
        if role != OWNER and open_sockets >= MOST_SOCKETS:
            await socket.close(4429, f"this token has {MOST_SOCKETS} sockets open")
            yield "", ""
            return
        await socket.accept()
        self.inside[socket] = token
        if self.watching is None or self.watching.done():
            self.watching = asyncio.create_task(self._watch())
        try:
            yield role, may
        finally:
            self.inside.pop(socket, None)

    async def _watch(self) -> None:
        while self.inside:
            for socket in await asyncio.to_thread(self._find_refused, list(self.inside)):
                with suppress(RuntimeError, WebSocketDisconnect):
                    await socket.close(4401, REQUIRED)
            await asyncio.sleep(LOOK)

    def _find_refused(self, sockets: list[WebSocket]) -> list[WebSocket]:
        return [socket for socket in sockets if not self.right(socket)[1]]


def add_routes(
    app: FastAPI,
    visiting: Visiting,
    marking: Marking,
    scenery: Scenery,
    catalog: Catalog,
    right: Callable[[WebSocket], tuple[str, str]],
) -> None:
    """Add the sockets of the world, of its visitors and of their markers, and the notes.

    Args:
        right: a socket's role, and what it may do: `see`, `ask`, `change`, or nothing where it may
            not come in.
    """
    door = Door(right)
    _add_scene_routes(app, scenery, catalog, door)
    _add_visitor_routes(app, visiting, marking, door)
    _add_note_routes(app, scenery, catalog)


def _add_scene_routes(app: FastAPI, scenery: Scenery, catalog: Catalog, door: Door) -> None:
    @app.websocket("/v1/world")
    async def world(socket: WebSocket) -> None:
        last, sent = "", 0.0
        async with door.admit(socket) as (role, may):
            while may and socket.application_state is WebSocketState.CONNECTED:
                text, mark = await asyncio.to_thread(scenery.now)
                if mark != last or time.monotonic() - sent > STILL:
                    try:
                        await socket.send_text(plain(text) if role == OWNER else withheld(text))
                    except (WebSocketDisconnect, RuntimeError):
                        return
                    last, sent = mark, time.monotonic()
                await asyncio.sleep(GLANCE)

    @app.get("/v1/moments")
    async def past() -> Any:
        return await asyncio.to_thread(list_moments, catalog)

    @app.get("/v1/scene")
    async def scene(at: float | None = None) -> Any:
        if at is not None and not 0 <= at < 2**40:
            raise Problem(422, UNPROCESSABLE, Message("serving.at_is_seconds"))
        return await asyncio.to_thread(lambda: scenery.scene(at).model_dump())

    @app.get("/v1/world/models/{kind}")
    async def body(kind: str) -> Any:
        try:
            file = await asyncio.to_thread(scenery.body, kind)
        except (MesocosmError, ConfigValueError) as failure:
            raise Problem(404, Message("serving.no_such_model"), failure.render()) from failure
        return FileResponse(file, media_type="model/gltf-binary")


def _add_visitor_routes(app: FastAPI, visiting: Visiting, marking: Marking, door: Door) -> None:
    @app.websocket("/v1/visitors")
    async def visitors(socket: WebSocket) -> None:
        async with door.admit(socket) as (_, may):
            if may:
                await visiting.stay(socket, may != RIGHTS[0])

    @app.websocket("/v1/markers")
    async def share_markers(socket: WebSocket) -> None:
        async with door.admit(socket) as (role, may):
            if may:
                await marking.stay(socket, role, may != RIGHTS[0])

    @app.get("/v1/markers")
    async def read_markers() -> Any:
        return await marking.here()


def _add_note_routes(app: FastAPI, scenery: Scenery, catalog: Catalog) -> None:
    @app.get("/v1/notes")
    async def notes() -> Any:
        return await asyncio.to_thread(book.notes, catalog)

    @app.post("/v1/notes")
    async def leave(request: Request) -> Any:
        body = await read_body(request)
        if not isinstance(body, dict):
            body = {}
        on, text, who, role = body.get("on"), body.get("text"), body.get("who"), request.state.role
        if not isinstance(on, str) or on not in scenery.things:
            raise Problem(422, UNPROCESSABLE, Message("serving.on_is_address"))
        if not isinstance(text, str) or not text.strip() or len(text) > 1000:
            raise Problem(422, UNPROCESSABLE, Message("serving.note_length"))
        name = named(who, 0) if who else str(role)
        return await asyncio.to_thread(book.leave, catalog, on, text.strip(), name, str(role))

    @app.delete("/v1/notes/{ident}")
    async def take(ident: int, request: Request) -> Any:
        if not await asyncio.to_thread(book.take, catalog, ident, str(request.state.role)):
            raise Problem(404, Message("serving.no_such_note"), Message("serving.note_removed"))
        return {"taken": ident}
