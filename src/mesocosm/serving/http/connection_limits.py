"""Limits on what a connection may cost before its request is known: uvicorn's protocol with
bounds.

A header section has a size and a time, an idle connection has a time, and there is a number of
connections. Knows uvicorn's protocol and raw HTTP; knows nothing of roles or routes.

Source: RFC 9112 (HTTP/1.1), RFC 6585, section 5 (431); RFC 9457 (problem details).
"""

from __future__ import annotations

import json
from asyncio import TimerHandle, Transport
from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEADERS = 65_536  # bytes of a request's line and headers
HEADER_SECONDS = 10.0  # within which a request's line and headers are complete
MOST_WAITING = 256  # connections without a complete head; the oldest of more is closed
# open at once, sockets too; fewer where the process may open fewer files. More are answered 503
MOST_CONNECTIONS = 4096
SPARE_FILES = 128  # open files that are left for the rest of the process
PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


@lru_cache(maxsize=1)
def most_connections() -> int:
    """How many connections may be open at once."""
    try:
        import resource
    except ImportError:  # no limits of this kind on this system
        return MOST_CONNECTIONS
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files <= 0:
        return MOST_CONNECTIONS
    return max(64, min(MOST_CONNECTIONS, files - SPARE_FILES))


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with bounded headers, a time limit for them and a bound on
    connections.
    """

    most_headers, header_seconds, most_waiting = MOST_HEADERS, HEADER_SECONDS, MOST_WAITING
    heading = True  # whether a request's head is being read
    head = 0  # bytes of it so far
    beside = 0  # bytes after the head that were not body: chunk sizes and trailers
    timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Accept a connection, or reject it where there are too many."""
        super().connection_made(transport)
        most = most_connections()
        if len(self.connections) > most:
            self.reject(
                503,
                f"{most} connections are open already; close one, or retry in a moment",
                (b"retry-after: 1\r\n",),
            )
            return
        self.waiting[self] = None
        if len(self.waiting) > self.most_waiting:
            next(iter(self.waiting)).reject(
                503,
                f"more than {self.most_waiting} connections wait without a request",
                (b"retry-after: 1\r\n",),
            )
        self._wait()

    @property
    def waiting(self) -> dict[BoundedHttpProtocol, None]:
        """Connections of this server without a complete head yet, the oldest first."""
        found: dict[BoundedHttpProtocol, None] = self.server_state.__dict__.setdefault(
            "waiting", {}
        )
        return found

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand bytes on in pieces, so that a head is bounded before it is kept."""
        while data and not self.transport.is_closing():
            if not self.heading:
                self.beside += len(data)
                super().data_received(data)
                if self.beside > self.most_headers + len(data):
                    self.reject(
                        431,
                        f"a request may have {self.most_headers} bytes of trailers and chunk"
                        " headers in a row",
                    )
                return
            room = self.most_headers - self.head
            if room <= 0:
                self.reject(
                    431, f"a request's line and headers may have {self.most_headers} bytes together"
                )
                return
            piece, data = data[:room], data[room:]
            self.head += len(piece)
            super().data_received(piece)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        if self.timer is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Its head is complete."""
        self.heading, self.head, self.beside = False, 0, 0
        self._rest()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self.beside = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The next bytes are another request's head."""
        self.heading, self.head = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Reject what is not HTTP, as problem details."""
        del msg
        self.reject(400, "the bytes are not an HTTP request")

    def reject(self, status: int, detail: str, more: tuple[bytes, ...] = ()) -> None:
        """Respond without the application, and close."""
        self._rest()
        if self.transport.is_closing():
            return
        body = json.dumps(
            {"type": "about:blank", "title": PHRASES[status], "status": status, "detail": detail}
        ).encode()
        head = (
            f"HTTP/1.1 {status} {PHRASES[status]}\r\n".encode(),
            b"content-type: application/problem+json\r\n",
            f"content-length: {len(body)}\r\n".encode(),
            *more,
        )
        self.transport.write(b"".join((*head, b"connection: close\r\n\r\n", body)))
        self.transport.close()

    def _wait(self) -> None:
        self.timer = self.loop.call_later(self.header_seconds, self._late)

    def _rest(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.waiting.pop(self, None)

    def _late(self) -> None:
        self.timer = None
        self.reject(
            408, f"a request's line and headers are expected within {self.header_seconds:g} s"
        )
