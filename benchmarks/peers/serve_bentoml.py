"""BentoML with its adaptive batching. `bentoml serve serve_bentoml:Serve --port PORT`."""

import os
from typing import Any

import bentoml
from classifier import Classifier


@bentoml.service(workers=int(os.environ.get("WORKERS", "1")), traffic={"timeout": 60})
class Serve:
    """The classifier behind BentoML."""

    def __init__(self) -> None:
        self.model = Classifier()

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=2000)
    def predict(self, sentence: list[str]) -> list[dict[str, Any]]:
        return self.model.predict(sentence)
