"""IPC between the gateway and its workers: JSON with its length before it, over a socket. Knows
bytes; never a pickle.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping

import orjson

from mesocosm.core.records import Json

HEAD = struct.Struct(">I")


def send(sock: socket.socket, message: Mapping[str, object]) -> None:
    """Send one message."""
    body = orjson.dumps(message, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    sock.sendall(HEAD.pack(len(body)) + body)


def receive(sock: socket.socket) -> dict[str, Json]:
    """Receive the next message.

    Raises:
        EOFError: the other side is gone.
    """
    size = int.from_bytes(_exactly(sock, HEAD.size), "big")
    message: dict[str, Json] = orjson.loads(_exactly(sock, size))
    return message


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
