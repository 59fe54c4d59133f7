"""A server that shuts down gracefully: it reports that it is not ready, serves on for a while, and
only then stops listening. Knows uvicorn.
"""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable
from types import FrameType

import uvicorn


class DrainingServer(uvicorn.Server):
    """uvicorn's server, which drains after the first signal; a second one stops it at once.

    Args:
        leave: called at the first signal.
        seconds: between the first SIGTERM and the end of listening; the keyboard's SIGINT does not
            wait.
        begin: called once it serves requests.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        leave: Callable[[], None],
        seconds: float,
        begin: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self.leave, self.seconds, self.begin = leave, seconds, begin
        self.until: float | None = None
        self.interrupted = False  # by the keyboard

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and report it."""
        await super().startup(sockets)
        if self.started:
            self.begin()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain, or stop at once."""
        self.interrupted |= sig == signal.SIGINT
        if self.until is None and sig == signal.SIGTERM and self.seconds:
            self._captured_signals.append(sig)
            self.until = time.monotonic() + self.seconds
        else:
            super().handle_exit(sig, frame)
        self.leave()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: stop when the time is over."""
        if self.until is not None and time.monotonic() >= self.until:
            self.should_exit = True
        return await super().on_tick(counter)


def exit_on_signals() -> None:
    """Have SIGTERM, and SIGHUP of a terminal that is closed, end this process as an exception does,
    so that what it holds is cleaned up.
    """

    def end(sig: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    # who ignores it, as nohup does, goes on
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, end)
