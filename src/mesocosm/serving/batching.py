"""Dynamic batching: rows that wait together run together, up to a size; nobody waits for others
while the worker is idle.

Knows asyncio and two threads, one for the work and one for what follows it, so that the next batch
runs while the last is logged. Knows nothing of models: it is handed functions of lists.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

UNDER_WAY = 4  # batches that may wait for what follows them, beside those that run
THREADS = 128  # batches at once at most: two of each of the most workers there may be
AHEAD = 8  # rows that are sent to a worker that is busy still, so that it never waits for us
FADE = 0.2  # the share of the newest batch in the pace that is told


class QueueFull(Exception):
    """Too many wait already; `seconds` tells when it may be better."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__()


class DeadlinePassed(Exception):
    """The deadline passed, or would, before the answer."""


@dataclass(eq=False)
class QueuedRows:
    """Rows of one request that wait."""

    rows: Sequence[Any]
    future: asyncio.Future[Any]
    deadline: float | None


class Batcher:
    """Runs rows of many requests in batches.

    Args:
        work: takes the rows of a batch; called in a thread.
        then: takes what `work` gave and gives the results in order; called in another thread.
        most: rows of one batch at most.
        wait: seconds the first row waits for others, though the worker is idle.
        queue: rows that may wait.
        lanes: how many batches run beside each other now, where others do the work: each may have a
            second one sent ahead, taken up when the first is done. Without it one batch runs at a
            time, in a thread of this process.
        target: seconds within which an answer should come; rows that would wait longer are refused,
            and no batch takes more than half of it.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Any]], Any],
        most: int,
        wait: float,
        queue: int,
        target: float | None = None,
        then: Callable[[Any], Sequence[Any]] = lambda done: done,
        lanes: Callable[[], int] | None = None,
    ) -> None:
        self.work, self.then, self.most, self.wait, self.queue, self.target = (
            work,
            then,
            most,
            wait,
            queue,
            target,
        )
        self.entries: deque[QueuedRows] = deque()
        self.waiting = self.running = 0
        self.pace = 0.0  # seconds a row
        self.sizes: deque[int] = deque(maxlen=1000)
        self.lanes, self.flight, self.ended = lanes or (lambda: 1), 2 if lanes else 1, 0.0
        self.threads, self.after = (
            ThreadPoolExecutor(THREADS if lanes else 1),
            ThreadPoolExecutor(1),
        )
        self.task: asyncio.Task[None] | None = None
        self.ends: set[asyncio.Task[None]] = set()
        self.come = asyncio.Event()
        self.room, self.under_way = asyncio.Event(), 0

    async def run(self, rows: Sequence[Any], deadline: float | None = None) -> list[Any]:
        """The results of some rows.

        Args:
            deadline: the loop's time after which nobody wants them.

        Raises:
            Full: too many wait already.
            Expired: the deadline passed, or would.
        """
        loop = asyncio.get_running_loop()
        if self.task is None:
            self.task = loop.create_task(self._loop())
        ahead = (self.waiting + self.running) * self.pace
        if self.waiting + len(rows) > self.queue or (self.target and ahead > self.target):
            raise QueueFull(max(0.05, ahead))
        if deadline is not None and loop.time() + ahead >= deadline:
            raise DeadlinePassed
        parts = [
            QueuedRows(rows[at : at + self.most], loop.create_future(), deadline)
            for at in range(0, len(rows), self.most)
        ]
        self.entries.extend(parts)
        self.waiting += len(rows)
        self.come.set()
        try:
            found = [one for part in parts for one in await part.future]
        except BaseException:
            for part in parts:
                part.future.cancel()
                if part in self.entries:
                    self.entries.remove(part)
                    self.waiting -= len(part.rows)
            raise
        return found

    def _size(self) -> int:
        """Rows of the next batch at most."""
        return (
            max(1, min(self.most, int(self.target / 2 / (self.pace * self.lanes()))))
            if self.target and self.pace
            else self.most
        )

    def _share(self, busy: int) -> int:
        """Rows of the next batch: where lanes are free, they share what waits."""
        return min(self._size(), max(AHEAD, -(-self.waiting // max(1, self.lanes() - busy))))

    def _taken(self, room: int) -> list[QueuedRows]:
        """Entries that wait and fit, without those that nobody wants any more."""
        now = asyncio.get_running_loop().time()
        batch: list[QueuedRows] = []
        while self.entries and (len(self.entries[0].rows) <= room or not batch):
            entry = self.entries.popleft()
            self.waiting -= len(entry.rows)
            if entry.future.done():
                continue
            if entry.deadline is not None and now >= entry.deadline:
                entry.future.set_exception(DeadlinePassed())
                continue
            batch.append(entry)
            room -= len(entry.rows)
        return batch

    async def _loop(self) -> None:
        loop = asyncio.get_running_loop()
        busy: set[asyncio.Future[Any]] = set()
        while True:
            await self.come.wait()
            if self.wait and not busy and self.waiting < self._size():
                await asyncio.sleep(self.wait)
            while len(busy) >= self.flight * (lanes := self.lanes()) or (
                len(busy) >= lanes and self.waiting < AHEAD
            ):
                _, busy = await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)
            batch = self._taken(self._share(len(busy)))
            if not self.entries:
                self.come.clear()
            if not batch:
                continue
            while self.under_way >= UNDER_WAY + self.flight * self.lanes():
                self.room.clear()
                await self.room.wait()
            self.under_way += 1
            rows = [row for entry in batch for row in entry.rows]
            self.sizes.append(len(rows))
            self.running += len(rows)
            alone = (
                not busy and not self.entries
            )  # nobody waits for the thread that works, and another thread is a wait of its own
            work = loop.run_in_executor(self.threads, self._whole if alone else self.work, rows)
            busy.add(work)
            end = loop.create_task(self._end(batch, work, len(rows), loop.time(), alone))
            self.ends.add(end)
            end.add_done_callback(self.ends.discard)

    def _whole(self, rows: Sequence[Any]) -> Sequence[Any]:
        """The results of rows, in one thread."""
        return self.then(self.work(rows))

    async def _end(
        self,
        batch: Sequence[QueuedRows],
        work: asyncio.Future[Any],
        rows: int,
        began: float,
        whole: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            done = await work
            took = (loop.time() - max(began, self.ended)) / rows
            self.ended = loop.time()
            self.pace = took if not self.pace else (1 - FADE) * self.pace + FADE * took
            results = done if whole else await loop.run_in_executor(self.after, self.then, done)
        except Exception as error:
            _fail(batch, error)
            return
        finally:
            self.running -= rows
            self.under_way -= 1
            self.room.set()
        at = 0
        for entry in batch:
            if not entry.future.done():
                entry.future.set_result(results[at : at + len(entry.rows)])
            at += len(entry.rows)

    async def close(self) -> None:
        """Stop after what is under way."""
        if self.task:
            self.task.cancel()
        await asyncio.gather(*self.ends, return_exceptions=True)
        self.threads.shutdown(wait=True)
        self.after.shutdown(wait=True)


def _fail(batch: Sequence[QueuedRows], error: Exception) -> None:
    for entry in batch:
        if not entry.future.done():
            entry.future.set_exception(error)
