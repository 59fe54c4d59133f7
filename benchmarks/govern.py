"""Governance measured: a dirty table of ten million rows beside pandas and Polars, rules beside
Pandera and Great Expectations, error detection and repair on published tables, private data found,
the bank's kept truth.

    make bench-govern            (ROWS=10200000 RUNS=3 SHARED=../shared/data)

Each line at the end: name, figure, target, met or missed; exits 1 where one is missed.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from data import BANK, govern_bank
from parts import Line, Parts, installed, no_peer, run_parts, size, some

from mesocosm.data.snapshots.delta_tables import read_table

HERE = Path(__file__).parent
TOLERANCE = {"amount": 2800.0, "duration": 12.0, "age": 11.0}


def restored(home: Path) -> float:
    """The share of corrupted numeric cells within the column's tolerance, or quarantined, of the
    bank's table governed in a copy at `home`.
    """
    eco = govern_bank(home)
    snapshot = eco.catalog.snapshot(dataset="credit")
    path = home / ".mesocosm" / snapshot["path"]
    kept = {
        r["application_id"]: r for r in read_table(path / "rows", snapshot["delta"]).to_pylist()
    }
    aside = {
        json.loads(r["original"])["application_id"]
        for r in read_table(
            path / "quarantine", snapshot["report"]["delta"]["quarantine"]
        ).to_pylist()
    }
    with (BANK / "truth" / "touched.csv").open() as handle:
        touched = list(csv.DictReader(handle))
    by: dict[str, list[bool]] = {}
    for cell in touched:
        row = kept.get(cell["application_id"])
        fine = cell["application_id"] in aside or (
            row is not None
            and abs(row[cell["column"]] - float(cell["true"])) <= TOLERANCE[cell["column"]]
        )
        by.setdefault(cell["how"], []).append(fine)
    for how, fine in sorted(by.items()):
        print(f"  {how:<16} {sum(fine)} of {len(fine)}")
    return sum(map(sum, by.values())) / len(touched)


def seconds(*words: str) -> float:
    """The median of five runs of a command."""
    times = []
    for _ in range(size(5, 1)):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "mesocosm", *words], check=True, stdout=subprocess.DEVNULL
        )
        times.append(time.perf_counter() - began)
    return median(times)


def child(*words: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    """Run a Python script of this folder; its JSON with CPU and wall seconds and peak memory in
    GB.
    """
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            [sys.executable, *words],
            stdout=out,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
            cwd=HERE,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        out.seek(0)
        said = out.read().strip().splitlines()
    if status or not said:
        raise SystemExit(f"{words[0]} failed")
    return json.loads(said[-1]) | {
        "cpu": used.ru_utime + used.ru_stime,
        "wall": wall,
        "peak": used.ru_maxrss / 1e6,
    }


def middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of CPU, wall and peak over runs."""
    return runs[0] | {k: median(r[k] for r in runs) for k in ("cpu", "wall", "peak")}


def table() -> list[Line]:
    """The dirty table beside pandas and Polars."""
    rows, times = (
        int(os.environ.get("ROWS", size(10_200_000, 2_000))),
        int(os.environ.get("RUNS", size(3, 1))),
    )
    with tempfile.TemporaryDirectory(dir=os.environ.get("SCRATCH")) as home:
        one, two, small = (f"{home}/{n}.parquet" for n in ("one", "two", "small"))
        for path, count in ((one, rows), (two, 2 * rows), (small, min(rows, 1_000_000))):
            subprocess.run([sys.executable, "dirty.py", str(count), path], check=True, cwd=HERE)
        peers = [n for n in ("pandas", "polars") if installed(n)]
        runs: dict[str, list[dict[str, Any]]] = {n: [] for n in ("ours", "bare", *peers)}
        for _ in range(times):
            runs["ours"].append(child("ours.py", one, "whole"))
            runs["bare"].append(child("ours.py", one, "bare"))
            for peer in peers:
                runs[peer].append(child(f"peers/{peer}_clean.py", one, f"{home}/{peer}.parquet"))
        found = {n: middle(r) for n, r in runs.items()}
        double = child("ours.py", two, "whole")
        rules = child("peers/rules.py", small)
    for name, f in {**found, "ours, twice the rows": double}.items():
        print(
            f"  {name:<22} cpu {f['cpu']:7.1f} s  wall {f['wall']:7.1f} s  peak {f['peak']:5.2f} GB"
            f"  kept {f.get('kept', '-')} duplicates {f.get('duplicates', '-')}"
        )
    same = all(
        found[n][k] == found["ours"][k]
        for n in peers
        for k in ("in", "kept", "quarantined", "duplicates")
    )
    print(
        f"  accounts of {', '.join(['ours', *peers])} {'agree' if same else 'DIFFER'}; rules on"
        f" {min(rows, 1_000_000)} rows: {rules}"
    )
    ours, bare = found["ours"], found["bare"]
    lines: list[Line] = [no_peer(n, "agrees") for n in ("pandas", "polars") if n not in peers]
    if pandas := found.get("pandas"):
        lines += [
            (
                "pandas CPU / ours",
                pandas["cpu"] / ours["cpu"],
                ">= 4",
                pandas["cpu"] >= 4 * ours["cpu"],
            ),
            (
                "pandas wall / ours",
                pandas["wall"] / ours["wall"],
                ">= 6",
                pandas["wall"] >= 6 * ours["wall"],
            ),
        ]
    lines += [
        (
            "ours / bare transform and write, CPU",
            ours["cpu"] / bare["cpu"],
            "<= 1.35",
            ours["cpu"] <= 1.35 * bare["cpu"],
        ),
        ("peak GB", ours["peak"], "<= 1", ours["peak"] <= 1),
        (
            "peak growth when rows double",
            double["peak"] / ours["peak"] - 1,
            "< 0.20",
            double["peak"] < 1.2 * ours["peak"],
        ),
        ("accounts agree", float(same), "= 1", same),
    ]
    for peer in ("pandera", "expectations"):
        if "seconds" not in rules[peer]:
            lines.append(no_peer(f"{peer} seconds / ours, rules", ">= 5"))
            continue
        ratio = rules[peer].get("seconds", 0.0) / rules["ours"]["seconds"]
        lines.append((f"{peer} seconds / ours, rules", ratio, ">= 5", ratio >= 5))
    return lines


def repaired() -> list[Line]:
    """Detection and repair on the published tables, where they are at hand."""
    from cleaning import score_table

    shared = Path(os.environ.get("SHARED", HERE.parents[1] / "shared" / "data")) / "cleaning"
    lines: list[Line] = []
    for name in some(("hospital", "beers"), "hospital"):
        if not (shared / name).is_dir():
            lines.append(
                (
                    f"{name}: not at hand; set SHARED to the folder that holds cleaning/{name}",
                    float("nan"),
                    ">= 0.75",
                    False,
                )
            )
            continue
        got = score_table(shared / name)
        print(f"  {name}: { ({k: round(v, 4) for k, v in got.items()}) }")
        lines.append(
            (f"{name} detection F1", got["detection_f1"], ">= 0.75", got["detection_f1"] >= 0.75)
        )
        lines.append((f"{name} repair F1", got["repair_f1"], ">= 0.60", got["repair_f1"] >= 0.60))
    return lines


def private() -> list[Line]:
    """Private data found in sentences with known spans."""
    from sentences import score

    got = score(size(2000, 100))
    print(f"  private data by kind: {got['kinds']}")
    if beside := installed("presidio_analyzer"):
        peer = child("peers/presidio_find.py", str(size(2000, 100)))
        print(
            f"  Presidio's recognizers, blank spaCy: recall {peer['recall']:.4f} precision"
            f" {peer['precision']:.4f} {peer['kinds']}"
        )
    return [
        *([] if beside else [no_peer("Presidio", "told")]),
        ("private data recall", got["recall"], ">= 0.95", got["recall"] >= 0.95),
        ("private data precision", got["precision"], ">= 0.90", got["precision"] >= 0.90),
    ]


def commands() -> list[Line]:
    """Seconds of the commands that answer at once."""
    lines: list[Line] = []
    for name, words, limit in (
        ("help", ["--help"], 0.5),
        ("check", ["check", "-f", str(BANK)], 0.5),
        ("plan", ["plan", "-f", str(BANK)], 1.0),
    ):
        took = seconds(*words)
        lines.append((f"{name} seconds", took, f"<= {limit}", took <= limit))
    return lines


def truth() -> list[Line]:
    """The bank's corrupted cells."""
    with tempfile.TemporaryDirectory() as folder:
        share = restored(Path(folder) / "bank")
    return [("corrupted cells restored or quarantined", share, ">= 0.90", share >= 0.90)]


PARTS: Parts = {
    "table": table,
    "repairs": repaired,
    "private": private,
    "truth": truth,
    "commands": commands,
}  # the table first: a child's peak begins with its parent's

if __name__ == "__main__":
    sys.exit(run_parts(PARTS))
