"""Dynamic batching: requests that wait together run together, up to a size and a wait.

Knows asyncio and one worker thread. Knows nothing of models: it is handed a function of a list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Full(Exception):
    """The queue is full; try again later."""


class Batcher:
    """Runs single items in batches.

    Args:
        work: takes the items of a batch and gives their results in order; called in a thread.
        most: items of one batch at most.
        wait: seconds the first item waits for others.
        queue: items that may wait.
    """

    def __init__(self, work: Callable[[Sequence[Any]], Sequence[Any]], most: int, wait: float, queue: int) -> None:
        self.work, self.most, self.wait = work, most, wait
        self.queue: asyncio.Queue[tuple[Any, asyncio.Future[Any]]] = asyncio.Queue(queue)
        self.threads = ThreadPoolExecutor(1)
        self.task: asyncio.Task[None] | None = None
        self.sizes: list[int] = []

    async def run(self, item: Any) -> Any:
        """The result of one item.

        Raises:
            Full: too many wait already.
        """
        if self.task is None:
            self.task = asyncio.create_task(self._loop())
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            self.queue.put_nowait((item, future))
        except asyncio.QueueFull as error:
            raise Full from error
        return await future

    async def _loop(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self.queue.get()]
            until = loop.time() + self.wait
            while len(batch) < self.most:
                left = until - loop.time()
                try:
                    batch.append(self.queue.get_nowait() if left <= 0 else await asyncio.wait_for(self.queue.get(), left))
                except (asyncio.QueueEmpty, TimeoutError):
                    break
            batch = [entry for entry in batch if not entry[1].cancelled()]
            if not batch:
                continue
            self.sizes = [*self.sizes[-999:], len(batch)]
            try:
                results = await loop.run_in_executor(self.threads, self.work, [item for item, _ in batch])
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)

    async def close(self) -> None:
        """Stop after what is under way."""
        if self.task:
            self.task.cancel()
        self.threads.shutdown(wait=True)
