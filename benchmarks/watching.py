"""Drift beside Evidently, its false alarms over quiet days, what it finds, and the always-valid
test of rollouts. Called by `operate.py`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from parts import SMALL, no_peer, size

from mesocosm.monitoring.drift.feature_tests import find_drifted
from mesocosm.monitoring.monitor import ServiceMonitor
from mesocosm.monitoring.settings import Monitor
from mesocosm.serving.rollout.sequential_test import compare_shares

Line = tuple[str, float, str, bool]
HERE = Path(__file__).parent
VENV = HERE.parent / ".venv-evidently"
COLUMNS, ROWS = 12, size(200_000, 5000)
CASES = size(20, 2)
DAYS, DAILY = size(1000, 3), 2000


def reference(values: dict[str, np.ndarray[Any, Any]]) -> dict[str, Any]:
    """What a build keeps of training columns."""
    return {
        n: (
            {"numbers": np.quantile(v, np.linspace(0, 1, 200)).tolist(), "rows": len(v)}
            if v.dtype.kind == "f"
            else {
                "counts": dict(
                    zip(*[x.tolist() for x in np.unique(v, return_counts=True)], strict=True)
                )
            }
        )
        for n, v in values.items()
    }


def table(seed: int, rows: int, shift: int | None = None) -> dict[str, np.ndarray[Any, Any]]:
    """Nine numbers and three categories; column `shift` moves by a third of a deviation, or in its
    shares.
    """
    draw = np.random.default_rng(seed)
    found: dict[str, np.ndarray[Any, Any]] = {}
    for c in range(COLUMNS):
        if c % 4 == 3:
            p = np.array([0.4, 0.3, 0.2, 0.1]) if shift != c else np.array([0.25, 0.3, 0.2, 0.25])
            found[f"x{c}"] = draw.choice(np.array(["a", "b", "c", "d"]), rows, p=p)
        else:
            found[f"x{c}"] = (draw.normal(size=rows) if c % 2 else draw.gamma(2.0, size=rows)) + (
                0.4 if shift == c else 0.0
            )
    return found


def evidently() -> list[Line]:
    """The same tables and the same verdicts, ours from what a build keeps and Evidently from both
    tables.
    """
    beside = not SMALL or (VENV / ".ready").exists()
    if beside and not (VENV / ".ready").exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        subprocess.run(
            [
                str(VENV / "bin" / "pip"),
                "install",
                "-q",
                "--no-compile",
                "evidently",
                "pandas<3",
                "pyarrow",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        (VENV / ".ready").touch()
    import pyarrow as pa
    import pyarrow.parquet

    ours: list[float] = []
    peer: list[float] = []
    same = right = theirs = 0
    with tempfile.TemporaryDirectory() as home:
        for case in range(CASES):
            shift = case % COLUMNS if case % 2 else None
            before, now = (
                table(case, ROWS if case < 3 else 5000),
                table(1000 + case, ROWS if case < 3 else 5000, shift),
            )
            training = reference(before)
            lists = {n: v.tolist() for n, v in now.items()}
            began = time.process_time()
            found, _ = find_drifted(training, lists, 0.05)
            took = time.process_time() - began
            truth = {f"x{shift}"} if shift is not None else set()
            right += {f["feature"] for f in found} == truth
            if not beside:
                continue
            for name, values in (("before", before), ("now", now)):
                pyarrow.parquet.write_table(pa.table(values), Path(home) / f"{name}.parquet")
            said = json.loads(
                subprocess.run(
                    [
                        str(VENV / "bin" / "python"),
                        str(HERE / "peers" / "evidently_drift.py"),
                        home,
                    ],
                    check=True,
                    capture_output=True,
                    text=True,
                    env=dict(os.environ, LEVEL=str(0.05 / COLUMNS)),
                ).stdout
            )
            same += {f["feature"] for f in found} == set(said["drifted"])
            theirs += set(said["drifted"]) == truth
            if case < 3:
                ours.append(took)
                peer.append(said["seconds"])
    if not beside:
        print(
            f"  drift of {ROWS:,} rows x {COLUMNS}: what is done to the table is told in {right} of"
            f" {CASES}"
        )
        return [no_peer("drift: Evidently's CPU over ours", ">= 20")]
    ratio = statistics.median(peer) / statistics.median(ours)
    print(
        f"  drift of {ROWS:,} rows x {COLUMNS}: ours {statistics.median(ours):.2f} CPU s, Evidently"
        f" {statistics.median(peer):.2f}; the same verdict on {same} of {CASES}; what was done to"
        f" the table is told by ours in {right}, by Evidently in {theirs}"
    )
    return [
        ("drift: Evidently's CPU over ours", ratio, ">= 20", ratio >= 20),
        (f"drift: same verdicts of {CASES}", float(same), f">= {CASES}", same >= CASES),
    ]


class Records:
    """A catalog of predictions in memory, with a clock."""

    def __init__(self) -> None:
        self.now, self.rows, self.raised = 0.0, [], []  # type: ignore[var-annotated]

    def clock(self) -> float:
        return self.now

    def predictions(
        self,
        service: str,
        most: int = 100,
        since: float = 0.0,
        until: float | None = None,
        mark: str = "",
    ) -> list[dict[str, Any]]:
        if mark:  # no row of a drill is here
            return []
        return [
            r for r in self.rows[-most:] if r["at"] > since and (until is None or r["at"] <= until)
        ][::-1]

    def alerts(self, **_: Any) -> list[Any]:
        return []

    def alert(self, *words: Any) -> str:
        self.raised.append(self.now)
        return "a"

    def clear(self, *_: Any, **__: Any) -> int:
        return 0

    def labelled(self, *_: Any, **__: Any) -> list[Any]:
        return []


def watched(training: dict[str, Any], rate: str) -> tuple[ServiceMonitor, Records]:
    """A watch over records in memory; the judge is left out, since it raises nothing."""
    records = Records()
    unit = SimpleNamespace(
        version="v",
        fields=SimpleNamespace(training=training, fields={}),
        held=lambda: [],
        embed=lambda rows: [],
        predict=lambda rows: [{"label": "a"} for _ in rows],
    )
    served: Any = SimpleNamespace(
        name="desk", now=unit, times=[], count_rejections=lambda s: ({}, 0)
    )
    monitor = Monitor.model_validate(
        {"service": "desk", "every": "10m", "drift": {"false_alarms": rate, "window": 200}}
    )
    return ServiceMonitor("w", monitor, served, records, lambda *_: None, lambda *_: None), records  # type: ignore[arg-type]


def day(
    watch: ServiceMonitor, records: Records, rows: dict[str, np.ndarray[Any, Any]], every: int = 200
) -> int:
    """Rows come, looked at whenever a window is full; returns how many alarms were raised."""
    before, names = len(records.raised), list(rows)
    values = [rows[n].tolist() for n in names]
    for at, row in enumerate(zip(*values, strict=True)):
        records.now += 86400 / DAILY
        records.rows.append(
            {
                "id": str(at),
                "version": "v",
                "at": records.now,
                "input": {"raw": {}, "clean": dict(zip(names, row, strict=True))},
            }
        )
        if (at + 1) % every == 0:
            watch.look()
    del records.rows[:-4000]
    return len(records.raised) - before


def alarms() -> list[Line]:
    """Alarms over quiet days at a stated one a day, and how often a small shift in one of twelve
    features is found within 2,000 rows.
    """
    training = reference(table(5, 20_000))
    watch, records = watched(training, "1/day")
    false = sum(day(watch, records, table(10_000 + n, DAILY)) for n in range(DAYS))
    print(f"  {DAYS} quiet days of {DAILY} rows, 1 alarm a day stated: {false} raised")
    found = 0
    shifts = size(200, 2)
    for n in range(shifts):
        watch, records = watched(training, "1/month")
        rows = table(50_000 + n, DAILY)
        column = f"x{(n % 9) + n % 9 // 3}"  # the nine numbers in turn
        rows[column] = rows[column] + 0.3 * rows[column].std()
        found += day(watch, records, rows) > 0
    print(
        f"  0.3 deviations in one of twelve features, 1 alarm a month stated: found within {DAILY}"
        f" rows in {found} of {shifts}"
    )
    return [
        (
            f"drift: false alarms of {DAYS} quiet days at one a day",
            float(false),
            f"<= {DAYS}",
            false <= DAYS,
        ),
        (
            "drift: a shift of 0.3 found within 2,000 requests",
            found / shifts,
            ">= 0.95",
            found / shifts >= 0.95,
        ),
    ]


def sequential() -> list[Line]:
    """Errors of the always-valid test over A/A rollouts looked at every 10 requests, and the rows
    that a gain of three points takes.
    """
    draw, false = np.random.default_rng(3), 0
    runs = size(2000, 40)
    for _ in range(runs):
        a, b = (np.cumsum(draw.random(2000) < 0.85) for _ in range(2))
        false += any(
            compare_shares(int(a[n - 1]), n, int(b[n - 1]), n).p <= 0.05
            for n in range(30, 2001, 10)
        )
    fixed = (
        2 * (0.85 * 0.15 + 0.88 * 0.12) / 2 * (1.96 + 0.8416) ** 2 / 0.03**2
    )  # rows a side for 80 % power
    took = []
    for _ in range(size(300, 6)):
        a, b = (np.cumsum(draw.random(int(4 * fixed)) < p) for p in (0.88, 0.85))
        took.append(
            next(
                (
                    n
                    for n in range(30, int(4 * fixed), 10)
                    if compare_shares(int(a[n - 1]), n, int(b[n - 1]), n).p <= 0.05
                ),
                int(4 * fixed),
            )
        )
    times = float(np.quantile(took, 0.8)) / fixed
    print(
        f"  A/A: {false} of {runs:,} promoted or returned; three points more: a fixed test wants"
        f" {fixed:.0f} rows a side, ours has 80 % by {np.quantile(took, 0.8):.0f}, half by"
        f" {np.median(took):.0f}"
    )
    return [
        ("rollout: type I error of A/A", false / runs, "<= 0.05", false / runs <= 0.05),
        ("rollout: rows for three points over a fixed test's", times, "<= 1.5", times <= 1.5),
    ]


if __name__ == "__main__":
    for line in [*sequential(), *alarms(), *evidently()]:
        print(f"{line[0]}  {line[1]:.4f}  {line[2]}  {'met' if line[3] else 'missed'}")
