"""Answers that are numbers are tested by their labels: errors beside held-out errors, valid at
every look; where that cannot be, it says not known.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.monitoring.alert_closing import Evidence, next_state
from mesocosm.monitoring.drift.labelled_predictions import explain_unknown
from mesocosm.monitoring.labels.accuracy_test import WITHIN, Answer, calibrate_errors, compare
from mesocosm.monitoring.monitor import ServiceMonitor
from mesocosm.monitoring.settings import Monitor
from mesocosm.monitoring.surge.evidence import HELD_LABEL
from mesocosm.serving.settings import Service


def errors(rng: Any, rows: int, tails: float = 0.0, off: float = 0.0) -> Any:
    noise = rng.standard_t(2, rows) if tails else rng.normal(size=rows)
    return np.abs(noise * 3 + off)


def test_quiet_errors_raise_nothing_at_any_look_and_a_change_is_found() -> None:
    false, late = 0, []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        known = calibrate_errors(errors(rng, 250, seed % 2).tolist())
        assert known.near is not None
        quiet = [
            Answer(WITHIN, bool(e <= known.near), f"q{i}")
            for i, e in enumerate(errors(rng, 1000, seed % 2))
        ]
        false += any(compare(quiet[:n], known).worse for n in range(50, 1001, 50))
        moved = quiet[:300] + [
            Answer(WITHIN, bool(e <= known.near), f"m{i}")
            for i, e in enumerate(errors(rng, 300, seed % 2, off=9.0))
        ]
        late.append(
            next((n - 300 for n in range(310, 601, 10) if compare(moved[:n], known).worse), 301)
        )
    assert false == 0 and np.median(late) <= 60 and max(late) <= 200, (false, late)


class Unit:
    """A version that answers with twice its input."""

    version, fields = "m-v1", SimpleNamespace(fields={}, training={})

    def __init__(self, held: int) -> None:
        rng = np.random.default_rng(1)
        self.rows = [
            {"x": float(x), HELD_LABEL: str(2 * x + rng.normal())} for x in rng.uniform(0, 10, held)
        ]

    def held(self) -> list[dict[str, Any]]:
        return self.rows

    def predict(self, rows: Any) -> list[dict[str, Any]]:
        return [{"label": f"{2 * r['x']:g}", "value": 2 * r["x"]} for r in rows]

    def embed(self, rows: Any) -> list[Any]:
        return []


@pytest.mark.parametrize("held", [200, 12])
def test_a_service_of_numbers_is_watched_by_its_labels_or_says_not_known(
    tmp_path: Path, held: int
) -> None:
    unit, catalog = Unit(held), Catalog(tmp_path)
    monitor = Monitor.model_validate({"service": "s", "drift": {"window": 60}})
    watch = ServiceMonitor(
        "w",
        monitor,
        SimpleNamespace(name="s", now=unit, service=Service.model_validate({"model": "m"})),
        catalog,
        lambda *_: None,
        lambda *_: None,
    )  # type: ignore[arg-type]
    rng, stream = np.random.default_rng(2), watch.streams[""]

    def label(first: int, rows: int, times: float) -> None:
        now = catalog.clock()
        given = [(f"p{first + i}", float(x)) for i, x in enumerate(rng.uniform(0, 10, rows))]
        catalog.log(
            [
                {
                    "id": p,
                    "service": "s",
                    "version": "m-v1",
                    "input": {"raw": {"x": x}, "clean": {"x": x}},
                    "output": unit.predict([{"x": x}])[0],
                    "ms": 1.0,
                    "at": now,
                }
                for p, x in given
            ]
        )
        catalog.add(
            t.FEEDBACK,
            [
                {
                    "prediction": p,
                    "service": "s",
                    "label": str(times * x + rng.normal()),
                    "at": now,
                    "who": "somebody",
                }
                for p, x in given
            ],
        )

    label(0, 100, 2.0)
    assert not watch.labels.look(stream)
    if held < 30:
        assert watch.last["labels"] == "unknown: 12 held-out rows for the calibration, 30 needed"
        return
    assert watch.last["labels"] == ""
    label(100, 100, 3.0)
    assert len(watch.labels.look(stream)) == 1
    alert = catalog.alerts(open_only=True)[0]
    assert (
        alert["detail"]["verdict"]["kind"] == "concept"
        and "labelled predictions" in alert["message"]
        and "were within" in alert["message"]
    )
    assert not watch.labels.look(stream) and catalog.alerts(open_only=True), (
        "labels that are still wrong close nothing"
    )
    known = watch.reference.calibration()
    assert known.near is not None
    right = compare([Answer(WITHIN, i % 10 < 8, f"r{i}") for i in range(400)], known)
    assert (
        not next_state(alert["detail"], Evidence(labelled=right)).open
        and next_state(
            alert["detail"],
            Evidence(labelled=compare([Answer(WITHIN, False, f"r{i}") for i in range(400)], known)),
        ).open
    )


def test_labels_that_cannot_be_compared_are_not_known() -> None:
    unit: Any = Unit(200)
    known: Any = SimpleNamespace(
        meet=lambda unit: None, calibration=lambda: calibrate_errors([1.0] * 100)
    )
    assert (
        str(explain_unknown(40, 12, known, unit))
        == "unknown: 12 of 30 labels that can be compared with predictions received"
        and not explain_unknown(0, 0, known, unit)
    )
