"""Banking77 as a file of one model and one desk, with the published split."""

from __future__ import annotations

import csv
import tempfile
import time
from pathlib import Path

from data import command, messages
from parts import SMALL

FILE = """grammar: 1
ecosystem: banking
sources:
  train: {type: csv, path: train.csv}
  judged: {type: csv, path: test.csv}
datasets:
  mail:
    from: train
    fields: {text: {type: text, missing: quarantine}, category: {type: category, missing: quarantine}}
    split: {test: judged, validation: 0}
models:
  intent: {base: minilm, learns: mail, predict: category, inputs: [text]}
services:
  desk: {serves: intent}
"""


def banking() -> tuple[float, float]:
    """Accuracy on the published test split, and the seconds of one `mesocosm build`."""
    from mesocosm.api.ecosystem import open_ecosystem

    with tempfile.TemporaryDirectory() as home:
        for part in ("train", "test"):
            with (Path(home) / f"{part}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(
                    [("text", "category"), *zip(*messages(part), strict=True)]
                )
        (Path(home) / "ecosystem.yaml").write_text(FILE)
        began = time.perf_counter()
        if SMALL:  # what it imports is here already
            assert not open_ecosystem(home).build().failed
        elif (done := command("build", "-f", home)).returncode:
            raise RuntimeError(done.stderr[-500:])
        took = time.perf_counter() - began
        return open_ecosystem(home).catalog.versions("intent")[0]["metrics"]["accuracy"], took
