"""Errors found by learning: detection and repair on dirtied tables, with 20 labelled rows and
without.

    python benchmarks/errors_found.py [developed|held_out|known] [TABLE ...]
"""

from __future__ import annotations

import csv
import os
import statistics
import sys
from pathlib import Path

from errors.clean_tables import DEVELOPED, HELD_OUT, Table, read_clean
from errors.dirtying import Dirtying
from errors.scoring import LABELLED, Score, score

SHARED = Path(os.environ.get("BENCH_DATA", "/work/shared/data"))
COLUMNS = ("detection_f1", "repair_f1", "repair_precision", "damaged", "seconds")


def main() -> None:
    """Print a line for each table and the means."""
    asked = sys.argv[1:]
    sets = [a for a in asked if a in ("developed", "held_out", "known")]
    only = [a for a in asked if a not in sets]
    for name in sets or ["developed", "held_out", "known"]:
        tables = {"developed": DEVELOPED, "held_out": HELD_OUT, "known": ("hospital", "beers")}
        print(f"{name}: {LABELLED} labelled rows | none: changed cells, precision, damaged")
        _run([t for t in tables[name] if not only or t in only], name == "known")


def _run(names: list[str], known: bool) -> None:
    found, tallies = [], dict[str, list[int]]()
    for name in names:
        dirty, clean, kinds = _read(name, known)
        with_labels, without = (score(dirty, clean, kinds, n) for n in (LABELLED, 0))
        figures = with_labels.figures()
        found.append(figures)
        bare = without.figures()
        print(
            f"  {name:16s}",
            " ".join(f"{c} {figures[c]:.4f}" for c in COLUMNS),
            f"| {without.changed} {bare['repair_precision']:.3f} {bare['damaged']:.5f}",
            flush=True,
        )
        _add(tallies, with_labels)
    for column in COLUMNS:
        print(f"  mean {column}: {statistics.fmean(f[column] for f in found):.4f}")
    for kind, (errors, seen, fixed) in sorted(tallies.items()):
        print(
            f"  {kind}: {errors} errors, {seen / errors:.2f} found, {fixed / errors:.2f} repaired"
        )


def _add(tallies: dict[str, list[int]], made: Score) -> None:
    for kind, counts in made.missed.items():
        old = tallies.get(kind, [0, 0, 0])
        tallies[kind] = [a + b for a, b in zip(old, counts, strict=True)]


def _read(name: str, known: bool) -> tuple[Table, Table, dict[tuple[int, str], str]]:
    if not known:
        clean = read_clean(name, SHARED)
        made = Dirtying(clean, seed=33).run()
        return made.table, clean, made.kinds
    folder = SHARED / "cleaning" / name
    dirty, clean = (_read_csv(folder / f"{which}.csv") for which in ("dirty", "clean"))
    return dirty, dict(zip(dirty, clean.values(), strict=True)), {}


def _read_csv(path: Path) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        names, *rows = list(csv.reader(file))
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


if __name__ == "__main__":
    main()
