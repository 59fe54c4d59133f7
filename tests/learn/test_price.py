"""The price is told before the work, corrected by what came, and shown by plan; a book that is broken is no book."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL

from mesocosm.ecosystem import open_ecosystem
from mesocosm.learn.laps import Laps, fresh_peak, memory
from mesocosm.learn.model import Model
from mesocosm.learn.parts import cut
from mesocosm.learn.price import BOOK, price, settled


def parts_of(rows: int, tune: Any = "frozen") -> tuple[Model, Any]:
    model = Model.model_validate({"learns": "x", "predict": "y", "inputs": ["a", "b"], "tune": tune})
    draw = np.random.default_rng(1)
    columns = {"a": draw.normal(size=rows).tolist(), "b": draw.normal(size=rows).tolist(), "y": ["yes" if i % 2 else "no" for i in range(rows)]}
    split = ["test" if i % 4 == 0 else "train" for i in range(rows)]
    return model, cut(model, columns, split, {"a": "number", "b": "number", "y": "category"})


def test_more_rows_cost_more_and_every_phase_says_its_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mesocosm.learn.price.memory", lambda: 0.1)  # what earlier tests left in this process would hide the difference
    prices = [price(*parts_of(rows), None, tmp_path) for rows in (200, 2000)]
    assert prices[1].seconds > 1.2 * prices[0].seconds and prices[1].gigabytes > prices[0].gigabytes
    assert set(prices[0].phases) == {"heads", "judging", "curve", "looking closer"}
    assert "heads" in prices[1].text() and "GB" in prices[1].text()


def test_what_came_corrects_what_is_said_next(tmp_path: Path) -> None:
    model, parts = parts_of(800)
    first = price(model, parts, None, tmp_path)
    for _ in range(4):
        said = price(model, parts, None, tmp_path)
        laps = Laps()
        laps.took = {"heads": 3 * first.phases["heads"]}
        laps.began -= sum(laps.took.values())
        told = settled(said, laps, memory(), model, parts, None, tmp_path)
        assert told["took"]["phases"]["heads"] == pytest.approx(3 * first.phases["heads"], abs=0.01)
    last = price(model, parts, None, tmp_path)
    assert 2.2 < last.phases["heads"] / first.phases["heads"] < 4  # the machine's pace is tried anew each time
    for broken in ("", "[1]", '{"heads": "x", "memory": 1e9}'):
        (tmp_path / BOOK).write_text(broken)
        assert price(model, parts, None, tmp_path).seconds > 0


def test_the_highest_count_of_memory_is_of_what_was_done_since() -> None:
    fresh_peak()
    before = memory()
    block = np.ones((30_000_000,))
    del block
    assert 0.2 < memory(peak=True) - before < 0.4
    fresh_peak()
    assert memory(peak=True) - before < 0.1


def test_a_plan_tells_the_price_of_a_model_whose_data_is_there(pond: Path, cli: Callable[..., Any]) -> None:
    file = pond / "ecosystem.yaml"
    first = json.loads(cli("plan", "-f", str(file), "--json").stdout)
    assert not any("price" in c for c in first["changes"])
    file.write_text(SMALL.split("models:")[0])
    assert cli("build", "-f", str(file)).returncode == 0
    file.write_text(SMALL)
    planned = json.loads(cli("plan", "-f", str(file), "--json").stdout)
    (change,) = [c for c in planned["changes"] if c["address"] == "models.judge"]
    assert change["price"]["seconds"] > 0 and {"reading", "heads", "export", "agreement"} <= set(change["price"]["phases"])
    assert "about" in cli("plan", "-f", str(file)).stdout
    assert cli("build", "-f", str(file)).returncode == 0
    (version,) = open_ecosystem(pond).catalog.versions("judge")
    told = version["metrics"]["price"]
    assert set(told["took"]["phases"]) <= {"starting", "search", "reading", "heads", "tuning", "judging", "export", "agreement", "parts alone", "curve", "looking closer"}
    assert sum(told["took"]["phases"].values()) == pytest.approx(told["took"]["seconds"], rel=0.05, abs=0.1)
    assert "told before" in cli("card", "judge", "-f", str(file)).stdout
    assert (pond / ".mesocosm" / BOOK).is_file()
