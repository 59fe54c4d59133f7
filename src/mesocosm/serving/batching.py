"""Dynamic batching: rows that wait together run together, up to a size; no row waits for others
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
from typing import Generic, TypeVar, cast

IN_PROGRESS = 4  # batches that may wait for what follows them, beside those that run
THREADS = 128  # batches at once at most: two of each of the most workers there may be
AHEAD = 8  # rows that are sent to a worker that is busy still, so that it never waits for us
FADE = 0.2  # the weight of the newest batch in the moving average of the pace


class QueueFull(Exception):
    """The queue is full; `seconds` is when to retry."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__()


class DeadlinePassed(Exception):
    """The deadline passed, or would, before the response."""


Item = TypeVar("Item")
Done = TypeVar("Done")
Result = TypeVar("Result")


@dataclass(eq=False)
class QueuedRows(Generic[Item, Result]):
    """Rows of one request in the queue."""

    rows: Sequence[Item]
    future: asyncio.Future[Sequence[Result]]
    deadline: float | None


def _take_as_responses(done: Done) -> Sequence[Result]:
    """The result of work that nothing follows: it is the responses."""
    return cast(Sequence[Result], done)


class Batcher(Generic[Item, Done, Result]):
    """Runs rows of many requests in batches.

    Args:
        work: takes the rows of a batch; called in a thread.
        then: takes the result of `work` and returns responses in order; called in another thread.
        most: rows of one batch at most.
        wait: seconds the first row waits for others, though the worker is idle.
        queue: rows that may wait.
        lanes: how many batches run in parallel now, where other processes do the work: each may
            have a second one sent ahead, taken up when the first is done. Without it one batch runs
            at a time, in a thread of this process.
        target: seconds within which a response should come; rows that would wait longer are
            rejected, and no batch takes more than half of it.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Done],
        most: int,
        wait: float,
        queue: int,
        target: float | None = None,
        then: Callable[[Done], Sequence[Result]] = _take_as_responses,
        lanes: Callable[[], int] | None = None,
    ) -> None:
        self.work, self.then = work, then
        self.most, self.wait, self.queue, self.target = most, wait, queue, target
        self.entries: deque[QueuedRows[Item, Result]] = deque()
        self.waiting = self.running = 0
        self.pace = 0.0  # seconds a row
        self.sizes: deque[int] = deque(maxlen=1000)
        self.lanes: Callable[[], int] = lambda: 1
        self.flight, threads = 1, 1  # batches sent to each lane, and threads that send them
        if lanes:
            self.lanes, self.flight, threads = lanes, 2, THREADS
        self.ended = 0.0
        self.threads, self.after = ThreadPoolExecutor(threads), ThreadPoolExecutor(1)
        self.task: asyncio.Task[None] | None = None
        self.ends: set[asyncio.Task[None]] = set()
        self.come = asyncio.Event()
        self.room, self.in_progress = asyncio.Event(), 0

    async def run(self, rows: Sequence[Item], deadline: float | None = None) -> list[Result]:
        """Run rows in batches; returns their responses in order.

        Args:
            deadline: the loop's time after which they are not needed.

        Raises:
            QueueFull: too many rows wait already.
            DeadlinePassed: the deadline passed, or would.
        """
        loop = asyncio.get_running_loop()
        if self.task is None:
            self.task = loop.create_task(self._loop())
        self._admit(len(rows), deadline)
        parts: list[QueuedRows[Item, Result]] = [
            QueuedRows(rows[at : at + self.most], loop.create_future(), deadline)
            for at in range(0, len(rows), self.most)
        ]
        self.entries.extend(parts)
        self.waiting += len(rows)
        self.come.set()
        responses: list[Result] = []
        try:
            for part in parts:
                responses += await part.future
        except BaseException:
            self._withdraw(parts)
            raise
        return responses

    def _admit(self, rows: int, deadline: float | None) -> None:
        """Reject rows that would wait too long."""
        ahead = (self.waiting + self.running) * self.pace
        if self.waiting + rows > self.queue or (self.target and ahead > self.target):
            raise QueueFull(max(0.05, ahead))
        if deadline is not None and asyncio.get_running_loop().time() + ahead >= deadline:
            raise DeadlinePassed

    def _withdraw(self, parts: Sequence[QueuedRows[Item, Result]]) -> None:
        for part in parts:
            part.future.cancel()
            if part in self.entries:
                self.entries.remove(part)
                self.waiting -= len(part.rows)

    def _size(self) -> int:
        """Rows of the next batch at most."""
        if not self.target or not self.pace:
            return self.most
        return max(1, min(self.most, int(self.target / 2 / (self.pace * self.lanes()))))

    def _share(self, busy: int) -> int:
        """Rows of the next batch: where lanes are free, they share what waits."""
        return min(self._size(), max(AHEAD, -(-self.waiting // max(1, self.lanes() - busy))))

    def _take(self, room: int) -> list[QueuedRows[Item, Result]]:
        """Take queued rows that fit, without those that are not needed any more."""
        now = asyncio.get_running_loop().time()
        batch: list[QueuedRows[Item, Result]] = []
        while self.entries and (len(self.entries[0].rows) <= room or not batch):
            entry = self.entries.popleft()
            self.waiting -= len(entry.rows)
            if _is_needed(entry, now):
                batch.append(entry)
                room -= len(entry.rows)
        return batch

    async def _loop(self) -> None:
        busy: set[asyncio.Future[object]] = set()
        while True:
            await self.come.wait()
            if self.wait and not busy and self.waiting < self._size():
                await asyncio.sleep(self.wait)
            while self._lanes_full(len(busy)):
                _, busy = await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)
            batch = self._take(self._share(len(busy)))
            if not self.entries:
                self.come.clear()
            if batch:
                await self._wait_for_room()
                # no row waits for the thread that works, and another thread is a wait of its own
                alone = not busy and not self.entries
                busy.add(self._start(batch, alone))

    async def _wait_for_room(self) -> None:
        """Wait until not too many batches wait for what follows them."""
        while self.in_progress >= IN_PROGRESS + self.flight * self.lanes():
            self.room.clear()
            await self.room.wait()

    def _lanes_full(self, busy: int) -> bool:
        """Whether so many batches occupy all lanes, with one sent ahead where rows wait."""
        lanes = self.lanes()
        return busy >= self.flight * lanes or (busy >= lanes and self.waiting < AHEAD)

    def _start(
        self, batch: Sequence[QueuedRows[Item, Result]], alone: bool
    ) -> asyncio.Future[object]:
        """Start the work of a batch; where it is alone, in one thread with what follows."""
        loop = asyncio.get_running_loop()
        rows: list[Item] = []
        for entry in batch:
            rows += entry.rows
        self.in_progress += 1
        self.sizes.append(len(rows))
        self.running += len(rows)
        call: Callable[[Sequence[Item]], object] = self._run_all if alone else self.work
        work: asyncio.Future[object] = loop.run_in_executor(self.threads, call, rows)
        end = loop.create_task(self._end(batch, work, len(rows), loop.time(), alone))
        self.ends.add(end)
        end.add_done_callback(self.ends.discard)
        return work

    def _run_all(self, rows: Sequence[Item]) -> Sequence[Result]:
        """The responses of rows, in one thread."""
        return self.then(self.work(rows))

    async def _end(
        self,
        batch: Sequence[QueuedRows[Item, Result]],
        work: asyncio.Future[object],
        rows: int,
        began: float,
        whole: bool,
    ) -> None:
        """Respond to a batch once its work is done, and what follows it (which `whole` work has
        done too).
        """
        loop = asyncio.get_running_loop()
        try:
            done = await work
            took = (loop.time() - max(began, self.ended)) / rows
            self.ended = loop.time()
            self._measure_pace(took)
            if whole:
                results = cast(Sequence[Result], done)
            else:
                results = await loop.run_in_executor(self.after, self.then, cast(Done, done))
        except Exception as error:
            _fail(batch, error)
            return
        finally:
            self.running -= rows
            self.in_progress -= 1
            self.room.set()
        _respond(batch, results)

    def _measure_pace(self, took: float) -> None:
        """Update the moving average of the seconds a row takes."""
        if self.pace:
            took = (1 - FADE) * self.pace + FADE * took
        self.pace = took

    async def close(self) -> None:
        """Stop after the batches in progress."""
        if self.task:
            self.task.cancel()
        await asyncio.gather(*self.ends, return_exceptions=True)
        self.threads.shutdown(wait=True)
        self.after.shutdown(wait=True)


def _is_needed(entry: QueuedRows[Item, Result], now: float) -> bool:
    """Whether queued rows are waited for still; those whose deadline passed are answered so."""
    if entry.future.done():
        return False
    if entry.deadline is not None and now >= entry.deadline:
        entry.future.set_exception(DeadlinePassed())
        return False
    return True


def _respond(batch: Sequence[QueuedRows[Item, Result]], results: Sequence[Result]) -> None:
    """Hand each request of a batch its part of the results."""
    at = 0
    for entry in batch:
        if not entry.future.done():
            entry.future.set_result(results[at : at + len(entry.rows)])
        at += len(entry.rows)


def _fail(batch: Sequence[QueuedRows[Item, Result]], error: Exception) -> None:
    for entry in batch:
        if not entry.future.done():
            entry.future.set_exception(error)
