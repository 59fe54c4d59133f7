"""The short way of a WebSocket: small messages are heard at once and whole frames written, the rest
goes as ASGI has it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect

from mesocosm.serving.http.websockets import (
    WAITING,
    DirectChannel,
    DirectSocket,
    encode_frame,
    find_channel,
)

pytestmark = pytest.mark.slow


class App:
    """Hears the short way after `go`, and tells what came by the long one."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.shorts: list[DirectChannel] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            return
        await receive()
        await send({"type": "websocket.accept"})
        short = find_channel(scope)
        assert short is not None
        self.shorts.append(short)
        while (message := await receive())["type"] == "websocket.receive":
            if message.get("text") == "go":
                short.listen(self.heard.append)
            await send(
                {
                    "type": "websocket.send",
                    "text": f"long {message.get('text') or message.get('bytes')}",
                }
            )


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def line(app: App) -> Iterator[ClientConnection]:
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            port=0,
            log_level="error",
            ws=DirectSocket,
            ws_per_message_deflate=False,
            lifespan="off",
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with connect(f"ws://127.0.0.1:{port}/") as found:
        yield found
    server.should_exit = True
    thread.join()


def until(true: Any) -> None:
    end = time.monotonic() + 5
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    assert true()


def test_binary_messages_are_heard_at_once_and_texts_as_before(
    app: App, line: ClientConnection
) -> None:
    line.send(b"before")
    assert line.recv() == "long b'before'"
    line.send("go")
    assert line.recv() == "long go"
    for n in range(50):
        line.send(bytes([n]))
    until(lambda: len(app.heard) == 50)
    assert app.heard == [bytes([n]) for n in range(50)]
    line.send("still here")
    assert line.recv() == "long still here"


def test_who_sends_too_much_waits(app: App, line: ClientConnection) -> None:
    line.send("go")
    line.recv()
    app.shorts[0].socket.loop.call_soon_threadsafe(app.shorts[0].rest, 0.6)
    time.sleep(0.1)
    line.send(b"late")
    time.sleep(0.2)
    assert app.heard == []
    until(lambda: app.heard == [b"late"])


def test_a_message_in_pieces_goes_the_long_way(app: App, line: ClientConnection) -> None:
    line.send("go")
    line.recv()
    line.send([b"ab", b"cd"])
    assert line.recv() == "long b'abcd'" and app.heard == []


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_frame_is_what_websockets_would_write(
    app: App, line: ClientConnection, size: int
) -> None:
    message = bytes(range(256)) * (size // 256 + 1)
    message = message[:size]
    assert encode_frame(message) == Frame(Opcode.BINARY, message).serialize(mask=False)
    line.send("go")
    line.recv()
    app.shorts[0].socket.loop.call_soon_threadsafe(app.shorts[0].write, encode_frame(message))
    assert line.recv(timeout=5) == message


def test_who_reads_slowly_is_not_written_to_without_end(app: App, line: ClientConnection) -> None:
    line.send("go")
    line.recv()
    told: list[bool] = []
    frame = encode_frame(bytes(60_000))

    def pour() -> None:
        told.extend(app.shorts[0].write(frame) for _ in range(400))

    app.shorts[0].socket.loop.call_soon_threadsafe(pour)
    until(lambda: len(told) == 400)
    assert told[0] and not told[-1]
    assert app.shorts[0].socket.transport.get_write_buffer_size() <= WAITING + len(frame)
    line.close()
    until(lambda: not app.shorts[0].write(b""))
