"""What the log's size costs: the questions that the console, the report and `trace` ask of a
catalog with few predictions and with many. Called by `operate.py`.

python benchmarks/log_size.py [ROWS]          1,000,000 beside 10,000 where not given; about two
minutes
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mesocosm.catalog import Catalog, CatalogView, count_unsure, find_unlabelled
from mesocosm.catalog.database import schema as t

Line = tuple[str, float, str, bool]
FEW, MANY = 10_000, 1_000_000
BLOCK = 20_000
MOST = 1.5  # times as long
SLACK = 0.01  # seconds of the processor that do not count: a cold page, a tick of the clock


def filled(home: Path, rows: int) -> Catalog:
    """A catalog in a folder with so many predictions of one service over ninety days, and a
    thousand labels.
    """
    catalog = Catalog(home)
    now = time.time()
    text = {
        "raw": {f"f{i}": "a value of a row" for i in range(16)},
        "clean": {f"f{i}": "a value of a row" for i in range(16)},
    }
    for at in range(0, rows, BLOCK):
        catalog.add(
            t.PREDICTIONS,
            [
                {
                    "id": f"p-{i}",
                    "service": "desk",
                    "version": "v",
                    "snapshot": "s",
                    "input": text,
                    "output": {"label": "a", "probabilities": {"a": 0.9, "b": 0.1}},
                    "ms": 1.0,
                    "at": now - (rows - i) * 90 * 86400 / rows,
                }
                for i in range(at, min(rows, at + BLOCK))
            ],
        )
    catalog.add(
        t.FEEDBACK,
        [
            {"prediction": f"p-{i}", "service": "desk", "label": "a", "at": now - 2000 + n}
            for n, i in enumerate(range(0, rows, max(1, rows // 1000)))
        ],
    )
    return catalog


def asked(catalog: Catalog) -> dict[str, float]:
    """The median processor seconds of each question."""
    now = time.time()
    calls: dict[str, Any] = {
        "recent": lambda: catalog.predictions("desk", 20),
        "an hour": lambda: catalog.predictions("desk", 20, now - 3600),
        "labelled": lambda: catalog.labelled("desk"),
        "labelled since now": lambda: catalog.labelled("desk", now),
        "unlabelled": lambda: find_unlabelled(catalog, "desk", 2000),
        "unsure": lambda: count_unsure(catalog, "desk", 2000, now - 86400 * 89),
        "a past moment": lambda: CatalogView(catalog, now - 40.5 * 86400),
        "counts": catalog.counts,
        "one": lambda: catalog.prediction("p-5000"),
        "book": lambda: CatalogView(catalog),
    }
    found = {}
    for name, call in calls.items():
        took = []
        for _ in range(5):
            began = time.process_time()
            call()
            took.append(time.process_time() - began)
        found[name] = sorted(took)[2]
    return found


def log_size(many: int = MANY) -> list[Line]:
    """How many times as long each question takes of many predictions as of few."""
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as large:
        few, lots = asked(filled(Path(small), FEW)), asked(filled(Path(large), many))
    lines = []
    for name, seconds in lots.items():
        print(
            f"{name}: {few[name] * 1000:.1f} ms of {FEW:,} predictions, {seconds * 1000:.1f} ms of"
            f" {many:,}",
            file=sys.stderr,
        )
        lines.append(
            (
                f"log of {many:,}: {name}",
                seconds / few[name],
                f"<= {MOST} times as with {FEW:,}, or {SLACK} s more",
                seconds <= MOST * few[name] + SLACK,
            )
        )
    return lines


if __name__ == "__main__":
    for line in log_size(int(sys.argv[1]) if len(sys.argv) > 1 else MANY):
        print(f"{line[0]}  {line[1]:.4f}  {line[2]}  {'met' if line[3] else 'missed'}")
