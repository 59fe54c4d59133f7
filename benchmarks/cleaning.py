"""Error detection and repair of a dirty table against its clean twin, cell by cell, as in the Raha
and Baran papers.

The table is governed with `fields: auto` alone: every proposal is accepted, nothing is told.
"""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from mesocosm.core.settings import ProjectPaths
from mesocosm.data.dataset import Dataset, From
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, build_snapshot
from mesocosm.data.profiling.auto_fields import draft_dataset
from mesocosm.data.snapshots.delta_tables import read_table
from mesocosm.data.sources.delimited.csv import Csv


def score_table(folder: Path, verbose: bool = False) -> dict[str, Any]:
    """Precision, recall and F1 of detection and repair over all cells of `dirty.csv`.

    A cell counts as detected where what came out says other than what went in, or where its row was
    set aside for it; a number that came out equal to the figure that went in is the same.
    """
    home = Path(tempfile.mkdtemp())
    try:
        shutil.copy(folder / "dirty.csv", home / "dirty.csv")
        where = ProjectPaths(home, home / ".mesocosm")
        sources = {"dirty": Csv(path="dirty.csv")}
        made = draft_dataset(sources, From(union=("dirty",)), where)
        settings = made.settings(guessed=True)
        settings["fields"] = {
            n: {k: v for k, v in f.items() if k != "private"} for n, f in settings["fields"].items()
        }  # a hidden value is none that was repaired
        data = Dataset.model_validate({**settings, "from": "dirty", "split": "none"})
        if verbose:
            print(json.dumps(made.evidence, indent=1, ensure_ascii=False))
        snapshot = build_snapshot(
            "t", data, sources, where, "made", "ab" * 32, BuildOptions(say=lambda _: None)
        )
        kept = {
            r["_line"]: r
            for r in read_table(where.store / "datasets/t/rows", snapshot.delta["rows"]).to_pylist()
        }
        aside = {
            r["_line"]: r["reason"]
            for r in read_table(
                where.store / "datasets/t/quarantine", snapshot.delta["quarantine"]
            ).to_pylist()
        }
    finally:
        shutil.rmtree(home, ignore_errors=True)
    with (
        (folder / "dirty.csv").open(encoding="utf-8-sig") as a,
        (folder / "clean.csv").open(encoding="utf-8-sig") as b,
    ):
        dirty, clean = list(csv.reader(a)), list(csv.reader(b))
    names = dirty[0]
    errors = detected = hits = fixed = 0
    for number, (was, right) in enumerate(zip(dirty[1:], clean[1:], strict=True), start=2):
        row = kept.get(number)
        for name, x, y in zip(names, was, right, strict=True):
            wrong = x != y
            if row is None:
                changed, now = aside.get(number, "").startswith(f"{name}:"), ""
            else:
                now = said(row[name])
                changed = not same(now, x)
            errors += wrong
            detected += changed
            hits += changed and wrong
            good = changed and wrong and same(now, y)
            fixed += good
            if (
                verbose
                and (changed != wrong or (wrong and not good))
                and name in ("score", "sample", "abv", "ibu") + tuple(names)
            ):
                print(f"  {name}: {x!r} -> {now!r}, true {y!r}")
    return {
        "errors": errors,
        "detected": detected,
        "detection_precision": hits / max(1, detected),
        "detection_recall": hits / errors,
        "detection_f1": 2 * hits / (detected + errors),
        "repair_precision": fixed / max(1, detected),
        "repair_recall": fixed / errors,
        "repair_f1": 2 * fixed / (detected + errors),
    }


def said(value: Any) -> str:
    """A value as a file would write it."""
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def same(a: str, b: str) -> bool:
    """Whether two texts say the same: outer spaces aside, numbers by their figure."""
    if a == b.strip():
        return True
    try:
        return float(a) == float(b)
    except ValueError:
        return False
