"""LitServe with its own dynamic batching. `python serve_litserve.py PORT`."""

import os
import sys
from typing import Any

import litserve
from classifier import Classifier


class Api(litserve.LitAPI):
    """The classifier behind LitServe."""

    def setup(self, device: str) -> None:
        self.model = Classifier()

    def decode_request(self, request: dict) -> str:  # type: ignore[type-arg]  # what it is is read at run time
        return str(request["sentence"])

    def predict(self, texts: list[str]) -> Any:
        return self.model.predict(list(texts))

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        return output


if __name__ == "__main__":
    litserve.LitServer(
        Api(max_batch_size=64, batch_timeout=0.005),
        accelerator="cpu",
        workers_per_device=int(os.environ.get("WORKERS", "1")),
    ).run(port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
