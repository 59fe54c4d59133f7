"""Visitors of one world meet: their poses, names and words over one socket each, and the notes that
they leave on things.

Knows sockets, roles and the catalog. Nothing that a visitor sends reaches another one before it is
bounded.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse
from starlette.websockets import WebSocketState

from mesocosm.app.world.marker_socket import Marking
from mesocosm.app.world.scene_state import Scenery
from mesocosm.catalog import Catalog, moments
from mesocosm.catalog import annotations as book
from mesocosm.core.confidential.row_values import plain, withheld
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.permissions import OWNER, RIGHTS
from mesocosm.serving.http.bodies import body_of
from mesocosm.serving.http.problems import Problem
from mesocosm.serving.http.request_headers import said as token_of
from mesocosm.serving.http.websockets import Short, framed, short_of
from mesocosm.world.presence.state import Crowd, named

RATE = 20  # snapshots a second
WAITING = 8  # messages that may wait for a visitor who reads slowly; the oldest are dropped
WORDS = 280  # characters of what is said at once
PACE = 5.0  # seconds in which a visitor may speak that often
POSES = 40  # poses of one second at most; more are not looked at
LATEST = 30  # lines that a newcomer still hears
GLANCE = 0.2  # seconds between two looks at the living state
LOOK = 1.0  # seconds between two looks at the token of a socket that is open
WANTED = "a token and the page's own origin are wanted"
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
        self.words: deque[str] = deque(
            maxlen=500
        )  # who came, who went and what was said is not dropped with poses
        self.ready = asyncio.Event()
        self.spoke: deque[float] = deque(maxlen=5)
        self.posed = (0.0, 0)
        self.short: Short | None = short_of(socket.scope)

    def tell(self, message: bytes | str, frame: bytes = b"") -> None:
        """Have something sent: a `frame` at once where nothing waits, else soon, the oldest poses
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
            while self.words or self.poses:  # who came is told before where they are
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
        asked = socket.query_params.get("name")
        one = Visitor(who, named(asked, who), socket, speaks)
        sending = asyncio.create_task(one.send())
        try:
            one.tell(
                json.dumps(
                    {
                        "you": who,
                        "name": one.name,
                        "here": [[v.who, v.name] for v in self.all.values()],
                        "said": list(self.said),
                    }
                )
            )
            one.tell(self.crowd.whole())
            self._all({"came": [who, one.name]})
            self.all[who] = one
            if self.ticking is None or self.ticking.done():
                self.ticking = asyncio.create_task(self._tick())
            if one.short:
                one.short.listen(lambda data: self._posed(one, data))
            while True:
                message = await socket.receive()
                if message["type"] != "websocket.receive":
                    return
                if (data := message.get("bytes")) is not None:
                    self._posed(one, data)
                elif (text := message.get("text")) is not None:
                    self._spoken(one, text)
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            sending.cancel()
            self.all.pop(who, None)
            self.crowd.leave(who)
            self._all({"went": who})

    def _all(self, message: dict[str, Any]) -> None:
        text = json.dumps(message)
        for other in self.all.values():
            other.tell(text)

    def _posed(self, one: Visitor, data: bytes) -> None:
        now = time.monotonic()
        second = now // 1
        count = one.posed[1] + 1 if one.posed[0] == second else 1
        one.posed = (second, count)
        if count <= POSES:
            self.crowd.pose(one.who, data)
        elif count == POSES + 1 and one.short:
            one.short.rest(second + 1 - now)

    def _spoken(self, one: Visitor, text: str) -> None:
        try:
            words = json.loads(text).get("say") if len(text) <= 4 * WORDS + 40 else None
        except (ValueError, AttributeError, RecursionError):
            return
        now = time.monotonic()
        full = len(one.spoke) == one.spoke.maxlen and now - one.spoke[0] < PACE
        if not isinstance(words, str) or not words.strip() or full or not one.speaks:
            return
        one.spoke.append(now)
        line = {
            "who": one.who,
            "name": one.name,
            "say": "".join(c if c.isprintable() else " " for c in words).strip()[:WORDS],
        }
        self.said.append(line)
        self._all({"said": line})

    async def _tick(self) -> None:
        """Snapshots while anybody is here."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self.all:
            for message, mine in self.crowd.snapshots():
                frame = framed(message)
                for who in mine:
                    if one := self.all.get(who):
                        one.tell(message, frame)
            due = max(due + 1 / RATE, loop.time() - 0.2)
            await asyncio.sleep(max(0.0, due - loop.time()))


def routes(
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

    inside: dict[WebSocket, str] = {}  # with their tokens
    watching: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def let_in(socket: WebSocket) -> AsyncIterator[tuple[str, str]]:
        """A socket's role and what it may do while the block runs, empty where it may not come in;
        one whose token is taken back is closed.
        """
        nonlocal watching
        role, may = await asyncio.to_thread(right, socket)
        if not may:
            await socket.close(4401, WANTED)
            yield role, may
            return
        token = token_of(socket)
        if role != OWNER and sum(other == token for other in inside.values()) >= MOST_SOCKETS:
            await socket.close(4429, f"this token has {MOST_SOCKETS} sockets open")
            yield "", ""
            return
        await socket.accept()
        inside[socket] = token
        if watching is None or watching.done():
            watching = asyncio.create_task(watch())
        try:
            yield role, may
        finally:
            inside.pop(socket, None)

    async def watch() -> None:
        while inside:
            for socket in await asyncio.to_thread(
                lambda those: [s for s in those if not right(s)[1]], list(inside)
            ):
                with suppress(RuntimeError, WebSocketDisconnect):
                    await socket.close(4401, WANTED)
            await asyncio.sleep(LOOK)

    @app.websocket("/v1/world")
    async def world(socket: WebSocket) -> None:
        last, sent = "", 0.0
        async with let_in(socket) as (role, may):
            while may and socket.application_state is WebSocketState.CONNECTED:
                text, mark = await asyncio.to_thread(scenery.now)
                if mark != last or time.monotonic() - sent > STILL:
                    try:
                        await socket.send_text(plain(text) if role == OWNER else withheld(text))
                    except (WebSocketDisconnect, RuntimeError):
                        return
                    last, sent = mark, time.monotonic()
                await asyncio.sleep(GLANCE)

    @app.websocket("/v1/visitors")
    async def visitors(socket: WebSocket) -> None:
        async with let_in(socket) as (_, may):
            if may:
                await visiting.stay(socket, may != RIGHTS[0])

    @app.websocket("/v1/markers")
    async def markers(socket: WebSocket) -> None:
        async with let_in(socket) as (role, may):
            if may:
                await marking.stay(socket, role, may != RIGHTS[0])

    @app.get("/v1/markers")
    async def standing() -> Any:
        return await marking.here()

    @app.get("/v1/moments")
    async def past() -> Any:
        return await asyncio.to_thread(moments, catalog)

    @app.get("/v1/scene")
    async def scene(at: float | None = None) -> Any:
        if at is not None and not 0 <= at < 2**40:
            raise Problem(
                422, "The request cannot be right", "'at' is a time in seconds since 1970"
            )
        return await asyncio.to_thread(lambda: scenery.scene(at).model_dump())

    @app.get("/v1/world/models/{kind}")
    async def body(kind: str) -> Any:
        try:
            return FileResponse(
                await asyncio.to_thread(scenery.body, kind), media_type="model/gltf-binary"
            )
        except (MesocosmError, ConfigValueError) as failure:
            raise Problem(404, "No such model", str(failure)) from failure

    @app.get("/v1/notes")
    async def notes() -> Any:
        return await asyncio.to_thread(book.notes, catalog)

    @app.post("/v1/notes")
    async def leave(request: Request) -> Any:
        body = await body_of(request)
        on, text, who = (
            body.get(k) if isinstance(body, dict) else None for k in ("on", "text", "who")
        )
        if not isinstance(on, str) or on not in scenery.things:
            raise Problem(
                422, "The request cannot be right", "'on' is the address of a thing of this world"
            )
        if not isinstance(text, str) or not text.strip() or len(text) > 1000:
            raise Problem(
                422, "The request cannot be right", "'text' is a note of 1 to 1000 characters"
            )
        return await asyncio.to_thread(
            book.leave,
            catalog,
            on,
            text.strip(),
            named(who, 0) if who else str(request.state.role),
            str(request.state.role),
        )

    @app.delete("/v1/notes/{ident}")
    async def take(ident: int, request: Request) -> Any:
        if not await asyncio.to_thread(book.take, catalog, ident, str(request.state.role)):
            raise Problem(
                404, "No such note", "no note bears that number, or it was taken away already"
            )
        return {"taken": ident}
