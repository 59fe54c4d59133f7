"""Progress of work on a terminal, with a note where nothing was printed for two seconds; a log has
no such lines.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from mesocosm.core.messages import Message
from mesocosm.core.progress import QUIET, ProgressEvent, ProgressLine, render_progress


class Screen(Console):
    """A console whose reader may close it: what is printed then is lost, and the work continues."""

    def on_broken_pipe(self) -> None:
        """Print nothing more."""
        self.quiet = True


class Beat:
    """A spinner and a line a step; between the lines the spinner shows the time. The work
    continues when the lines are not read any more.

    Args:
        console: where lines go.
        first: the spinner's text until the first line.
        quiet: seconds without a line after which it shows that work is still running.
    """

    def __init__(self, console: Console, first: str, quiet: float = QUIET) -> None:
        self.console, self.status, self.quiet = console, Status(first, console=console), quiet
        self.began = self.at = time.perf_counter()
        self.last: tuple[str, str] | None = None
        self.due: dict[str, float] = {}
        self.next = quiet
        self.lock, self.ended = threading.Lock(), threading.Event()

    def say(self, address: str, line: ProgressLine) -> None:
        """Print a line of what was done, in the reader's language."""
        text = escape(render_progress(line))  # a class may be called [b]
        with self.lock:
            now = time.perf_counter()
            if isinstance(line, ProgressEvent) and line.estimated_seconds is not None:
                self.due[address] = now + line.estimated_seconds
            self.last, self.at, self.next = (address, text), now, self.quiet
        self.console.print(f"[dim]{now - self.began:6.1f}s[/dim] [bold]{address}[/bold]  {text}")
        if self.console.is_terminal:
            self.status.update(f"{address}: {text}")

    def _beat(self) -> None:
        while not self.ended.wait(self.quiet / 4):
            with self.lock:
                now = time.perf_counter()
                if self.last is None or now - self.at < self.next:
                    continue
                (address, text), silent = self.last, now - self.at
                left = self.due.get(address, now) - now
            line = f"{address}: {text}"
            note = Message("cli.progress.running", line=line, silent=silent)
            if left >= 1:
                note = Message("cli.progress.running_left", line=line, silent=silent, left=left)
            self.status.update(note.render())

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.status.start()
            threading.Thread(target=self._beat, daemon=True, name="beat").start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ended.set()
        if self.console.is_terminal:
            self.status.stop()
