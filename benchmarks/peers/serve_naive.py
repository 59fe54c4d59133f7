"""The batcher that one writes first: FastAPI, a queue, whatever came within 5 ms runs together.
`python serve_naive.py PORT`.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from classifier import Classifier
from fastapi import FastAPI

model = Classifier()
queue: asyncio.Queue[Any] = asyncio.Queue()


async def run() -> None:
    while True:
        batch = [await queue.get()]
        await asyncio.sleep(0.005)
        while not queue.empty() and len(batch) < 64:
            batch.append(queue.get_nowait())
        found = await asyncio.to_thread(model.predict, [text for text, _ in batch])
        for (_, future), one in zip(batch, found, strict=True):
            future.set_result(one)


@asynccontextmanager
async def lifespan(_: FastAPI) -> Any:
    task = asyncio.create_task(run())
    yield
    task.cancel()


app = FastAPI(lifespan=lifespan)


@app.post("/predict")
async def predict(body: dict[str, Any]) -> Any:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    queue.put_nowait((body["sentence"], future))
    return await future


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
