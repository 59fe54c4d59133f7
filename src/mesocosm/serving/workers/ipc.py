"""IPC between the gateway and its workers: JSON with its length before it, over a socket. Knows
bytes; never a pickle.
"""

from __future__ import annotations

import socket
import struct
from typing import Any

import orjson

HEAD = struct.Struct(">I")


def send(sock: socket.socket, message: Any) -> None:
    """Send one message."""
    body = orjson.dumps(message, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    sock.sendall(HEAD.pack(len(body)) + body)


def receive(sock: socket.socket) -> Any:
    """Receive the next message.

    Raises:
        EOFError: the other side is gone.
    """
    (size,) = HEAD.unpack(_exactly(sock, HEAD.size))
    return orjson.loads(_exactly(sock, size))


def _exactly(sock: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        try:
            part = sock.recv(min(size - len(parts), 1 << 20))
        except OSError as error:
            raise EOFError from error
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
