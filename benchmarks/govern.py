"""Cleaning scored against the bank's kept truth, and commands timed.

    make bench-govern

Each line at the end: name, figure, target, met or missed; exits 1 where one is missed.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from mesocosm.ecosystem import open_ecosystem
from mesocosm.govern.snapshot import read_table

BANK = Path(__file__).parents[1] / "examples" / "bank"
TOLERANCE = {"amount": 2800.0, "duration": 12.0, "age": 11.0}


def restored() -> float:
    """The share of corrupted numeric cells within the column's tolerance, or quarantined."""
    eco = open_ecosystem(BANK)
    eco.build()
    snapshot = eco.catalog.snapshot(dataset="credit")
    path = BANK / ".mesocosm" / snapshot["path"]
    kept = {r["application_id"]: r for r in read_table(path / "rows", snapshot["delta"]).to_pylist()}
    aside = {json.loads(r["original"])["application_id"] for r in read_table(path / "quarantine", snapshot["report"]["delta"]["quarantine"]).to_pylist()}
    with (BANK / "truth" / "touched.csv").open() as handle:
        touched = list(csv.DictReader(handle))
    by: dict[str, list[bool]] = {}
    for cell in touched:
        row = kept.get(cell["application_id"])
        fine = cell["application_id"] in aside or (row is not None and abs(row[cell["column"]] - float(cell["true"])) <= TOLERANCE[cell["column"]])
        by.setdefault(cell["how"], []).append(fine)
    for how, fine in sorted(by.items()):
        print(f"  {how:<16} {sum(fine)} of {len(fine)}")
    return sum(map(sum, by.values())) / len(touched)


def seconds(*words: str) -> float:
    """The median of five runs of a command."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "mesocosm", *words], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return median(times)


def main() -> int:
    share = restored()
    lines = [("corrupted cells restored or quarantined", share, ">= 0.90", share >= 0.90)]
    for name, words, limit in (("help", ["--help"], 0.5), ("check", ["check", "-f", str(BANK)], 0.5), ("plan", ["plan", "-f", str(BANK)], 1.0)):
        took = seconds(*words)
        lines.append((f"{name} seconds", took, f"<= {limit}", took <= limit))
    for name, figure, target, met in lines:
        print(f"{name}  {figure:.4f}  {target}  {'met' if met else 'missed'}")
    return 0 if all(line[3] for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
