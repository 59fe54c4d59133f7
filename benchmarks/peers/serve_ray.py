"""Ray Serve with its batching decorator. `python serve_ray.py PORT`."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import ray
from classifier import Classifier
from ray import serve
from starlette.requests import Request


@serve.deployment(
    num_replicas=int(os.environ.get("WORKERS", "1")),
    max_ongoing_requests=256,
    ray_actor_options={"num_cpus": 1 / int(os.environ.get("WORKERS", "1"))},
)
class Serve:
    """The classifier behind Ray Serve."""

    def __init__(self) -> None:
        self.model = Classifier()

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.005)
    async def run(self, texts: list[str]) -> list[dict[str, Any]]:
        return self.model.predict(texts)

    async def __call__(self, request: Request) -> dict[str, Any]:
        return await self.run((await request.json())["sentence"])


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"port": int(sys.argv[1])})
    serve.run(Serve.bind(), route_prefix="/predict")
    while True:
        time.sleep(1)
