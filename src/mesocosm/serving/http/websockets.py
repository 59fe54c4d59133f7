"""WebSockets with a direct channel for small messages: uvicorn's own, which hands binary messages
to a listener at once and takes whole frames.

The way of ASGI (a queue, a task that wakes, reading paused and resumed for each message) costs a
pose of 12 bytes more than all that is done with it. Knows uvicorn's protocol,
nothing of what is sent.

Source: RFC 6455, section 5.2 (frames); the ASGI specification, section "Extensions".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from websockets.frames import Frame
    from websockets.http11 import Request

EXTENSION = "mesocosm.short"  # the extension's name in a socket's scope
WAITING = 16_384  # bytes that may wait for a slow reader; more are not written directly


class DirectChannel:
    """The direct channel of one socket.

    Args:
        socket: what it belongs to.
    """

    def __init__(self, socket: DirectSocket) -> None:
        self.socket = socket

    def listen(self, heard: Callable[[bytes], None]) -> None:
        """Have each binary message handed to `heard` as it comes, and none put in the queue."""
        self.socket.heard = heard

    def rest(self, seconds: float) -> None:
        """Read nothing more for a while, from a client that sends too much."""
        socket = self.socket
        if not socket.transport.is_closing():
            socket.transport.pause_reading()
            socket.loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        if not self.socket.read_paused and not self.socket.transport.is_closing():
            self.socket.transport.resume_reading()

    def write(self, frame: bytes) -> bool:
        """Write a whole frame (see `encode_frame`); False where too much waits already, or where
        the client left.
        """
        socket = self.socket
        if not socket.handshake_complete or socket.close_sent or socket.transport.is_closing():
            return False
        if socket.transport.get_write_buffer_size() > WAITING:
            return False
        socket.transport.write(frame)
        return True


class DirectSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, whose scope offers the direct channel."""

    heard: Callable[[bytes], None] | None = None

    def handle_connect(self, event: Request) -> None:
        """Open it, with the extension in its scope."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            offered = cast(dict[str, object], self.scope["extensions"])
            offered[EXTENSION] = DirectChannel(self)

    def handle_bytes(self, event: Frame) -> None:
        """Hand a binary message on."""
        if self.heard is None or not event.fin:
            super().handle_bytes(event)
        elif not self.close_sent:
            self.heard(bytes(event.data))


def find_channel(scope: Mapping[str, object]) -> DirectChannel | None:
    """The direct channel of a socket; None where the server has none."""
    extensions = scope.get("extensions")
    if not isinstance(extensions, Mapping):
        return None
    found = extensions.get(EXTENSION)
    return found if isinstance(found, DirectChannel) else None


def encode_frame(message: bytes) -> bytes:
    """A binary message as a server's frame; the same bytes serve all clients.

    >>> encode_frame(b"ab"), len(encode_frame(bytes(300))), len(encode_frame(bytes(70_000)))
    (b'\\x82\\x02ab', 304, 70010)
    """
    size = len(message)
    if size < 126:
        head = bytes([size])
    elif size < 65_536:
        head = b"\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x7f" + size.to_bytes(8, "big")
    return b"\x82" + head + message
