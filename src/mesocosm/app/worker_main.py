"""The prefork server of a gateway's workers: `python -m mesocosm.app.worker_main FILE SOCKET`.

Knows the file and the loader. Reads the file once, at its start: workers that it forks later hold
what the gateway holds.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def main() -> None:
    """Import what serving needs, then fork workers until the gateway is gone."""
    import duckdb  # noqa: F401
    import onnxruntime  # noqa: F401
    import tokenizers  # noqa: F401

    import mesocosm.learning.export.predictor  # noqa: F401
    from mesocosm.app.loader import Loader
    from mesocosm.config import read
    from mesocosm.lifecycle.project_store import open_catalog
    from mesocosm.serving.model_instance import Load
    from mesocosm.serving.workers.worker import serve_forks

    path, number = Path(sys.argv[1]), int(sys.argv[2])
    spec = read(path)
    os.environ["TOKENIZERS_PARALLELISM"] = "true"

    def loader() -> Load:
        return Loader(spec, open_catalog(spec)).load

    serve_forks(socket.socket(fileno=number), loader)


if __name__ == "__main__":
    main()
