"""The drift watch: quiet on rows like the training rows, loud on changed ones, and what follows."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from conftest import Server

from mesocosm.operate.watch import drifted

CREDIT = {
    "amount": {"numbers": [float(i * 20) for i in range(1, 201)], "rows": 700},
    "age": {"numbers": [20 + i * 0.25 for i in range(200)], "rows": 700},
    "job": {"counts": {"skilled": 500, "other": 200}},
}


def live(rng: random.Random, rows: int, times: float = 1.0) -> list[dict[str, Any]]:
    return [
        {"amount": rng.choice(CREDIT["amount"]["numbers"]) * times, "age": rng.uniform(20, 70), "job": "skilled" if rng.random() < 5 / 7 else "other"}
        for _ in range(rows)
    ]  # fmt: skip


def test_quiet_rows_raise_no_alarm_at_the_stated_rate() -> None:
    rng = random.Random(1)
    alarms = sum(bool(drifted(CREDIT, live(rng, 100), 0.01)[0]) for _ in range(300))
    assert alarms <= 8  # 1 % of 300 looks, and its spread


def test_a_currency_change_is_seen_within_a_hundred_rows() -> None:
    rng = random.Random(2)
    seen = [drifted(CREDIT, live(rng, 100, 1.95583), 1e-6)[0] for _ in range(50)]
    assert all(found and found[0]["feature"] == "amount" for found in seen)
    assert 1.5 < seen[0][0]["ratio"] < 2.4


def test_a_drill_raises_the_alarm_and_judges_a_challenger(bank: Path, server: Server, cli: Any) -> None:
    import json

    done = cli("drill", "unit-change", "-f", str(bank), "--rows", "220", "--wait", "90", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["failed"] == 0
    assert any("drifted in" in a and "amount" in a for a in found["alerts"])
    assert found["verdict"] and ("kept the champion" in found["verdict"] or "promoted" in found["verdict"])
