"""The price is told before the work, corrected by what came, and shown by plan; a book that is
broken is no book.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.progress import say_as_text
from mesocosm.core.timer import process_memory, reset_peak_memory
from mesocosm.learning.cost.estimate import CALIBRATION, CostEstimate, estimate_cost, track_estimate
from mesocosm.learning.cost.predictive import predictive_job
from mesocosm.learning.cost.total import job_for
from mesocosm.learning.features.splits import split_dataset
from mesocosm.learning.model import Model
from mesocosm.learning.training.context import TrainContext
from mesocosm.learning.training.train import train_version

pytestmark = pytest.mark.slow


def parts_of(rows: int, tune: Any = "frozen") -> tuple[Model, Any]:
    model = Model.model_validate(
        {"dataset": "x", "target": "y", "features": ["a", "b"], "fine_tune": tune}
    )
    draw = np.random.default_rng(1)
    columns = {
        "a": draw.normal(size=rows).tolist(),
        "b": draw.normal(size=rows).tolist(),
        "y": ["yes" if i % 2 else "no" for i in range(rows)],
    }
    split = ["test" if i % 4 == 0 else "train" for i in range(rows)]
    return model, split_dataset(
        model, columns, split, {"a": "number", "b": "number", "y": "category"}
    )


def priced(model: Model, parts: Any, store: Path) -> CostEstimate:
    return estimate_cost(predictive_job(model, parts, None, store), store)


def test_more_rows_cost_more_and_every_phase_says_its_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "mesocosm.learning.cost.estimate.process_memory", lambda: 0.1
    )  # what earlier tests left in this process would hide the difference
    prices = [priced(*parts_of(rows), tmp_path) for rows in (200, 2000)]
    assert prices[1].seconds > 1.2 * prices[0].seconds and prices[1].gigabytes > prices[0].gigabytes
    assert set(prices[0].phases) == {"heads", "judging", "curve", "looking closer"}
    assert "heads" in prices[1].text() and "GB" in prices[1].text()


def test_what_came_corrects_what_is_said_next(tmp_path: Path) -> None:
    model, parts = parts_of(800)
    first = priced(model, parts, tmp_path)
    for _ in range(4):
        quote = track_estimate(predictive_job(model, parts, None, tmp_path), tmp_path)
        quote.timer.durations = {"heads": 3 * first.phases["heads"]}
        quote.timer.began -= sum(quote.timer.durations.values())
        told = quote.record_actual()
        assert told["took"]["phases"]["heads"] == pytest.approx(3 * first.phases["heads"], abs=0.01)
    last = priced(model, parts, tmp_path)
    assert (
        2.2 < last.phases["heads"] / first.phases["heads"] < 4
    )  # the machine's pace is tried anew each time
    for broken in ("", "[1]", '{"heads": "x", "memory": 1e9}'):
        (tmp_path / CALIBRATION).write_text(broken)
        assert priced(model, parts, tmp_path).seconds > 0


def test_an_estimate_is_corrected_by_the_phases_that_ended(tmp_path: Path) -> None:
    model, parts = parts_of(200)
    for off in (1.0, 10.0, 0.02):  # as estimated, ten times as long, far shorter
        quote = track_estimate(predictive_job(model, parts, None, tmp_path), tmp_path)
        quote.estimate = CostEstimate({"heads": 40.0, "curve": 60.0}, 0.1)
        lines: list[Any] = []
        quote.announce(lines.append)
        quote.timer.phase_began -= 40 * off  # as if so much time had passed
        quote.timer.end("heads")
        assert quote.remaining() == pytest.approx(60 * max(off, 0.05), rel=0.05)
        assert len(lines) == 2 and all(
            "corrected estimate" in str(line)
            and line.estimated_seconds == pytest.approx(quote.remaining(), rel=0.01)
            for line in lines[1:]
        )


@pytest.mark.parametrize(
    ("settings", "columns", "kind", "phases"),
    [
        (
            {"rank": {"towers": {"epochs": 2}}, "features": ["who"]},
            {
                "who": [f"p{i % 30}" for i in range(240)],
                "y": [f"i{(i * 7 + i // 30) % 40}" for i in range(240)],
            },
            "category",
            {"solving", "towers", "weighing", "judging"},
        ),
        (
            {"base": "minilm", "features": ["text"]},
            {
                "text": [f"where is card {i}" for i in range(60)],
                "y": [f"it is in drawer {i % 9}" for i in range(60)],
            },
            "text",
            {"reading", "matrix", "judging"},
        ),
        (
            {
                "base": "minilm",
                "features": ["text"],
                "fine_tune": {"method": "bitfit", "epochs": 1},
            },
            {"text": [f"Anna{i} left" for i in range(60)], "y": ["B-PERSON O"] * 60},
            "tags",
            {"reading", "heads", "tuning", "judging", "export"},
        ),
    ],
)
def test_each_road_is_priced_before_and_settled_after(
    tmp_path: Path,
    settings: dict[str, Any],
    columns: dict[str, list[Any]],
    kind: str,
    phases: set[str],
) -> None:
    model = Model.model_validate({"dataset": "x", "target": "y", "track": [], **settings})
    rows = len(columns["y"])
    split = ["test" if i % 4 == 0 else "train" for i in range(rows)]
    kinds = {**dict.fromkeys(columns, "text"), "y": kind}
    (tmp_path / "made").mkdir()
    site = TrainContext(
        tmp_path, tmp_path / ".mesocosm", tmp_path / "made", "m", order=["O", "B-PERSON"]
    )
    before = job_for(model, columns, split, kinds, site)
    assert before is not None and phases <= set(before.work)
    said: list[str] = []
    told = train_version("m", model, columns, split, kinds, site, say_as_text(said.append)).metrics[
        "price"
    ]
    assert set(told["said"]["phases"]) - {"starting"} >= phases and set(told["took"]["phases"]) <= {
        "starting",
        *before.work,
    }
    assert sum(told["took"]["phases"].values()) == pytest.approx(
        told["took"]["seconds"], rel=0.05, abs=0.1
    )
    assert any(line.startswith("about ") and "GB" in line for line in said)
    book = json.loads((site.store / CALIBRATION).read_text())
    assert any(key.endswith(f"|{before.key}") for key in book)


def test_a_base_that_writes_or_is_pretrained_is_priced_by_its_own_size(tmp_path: Path) -> None:
    columns = {
        "text": [f"note number {i}" for i in range(80)],
        "y": [f"said {i % 3}" for i in range(80)],
    }
    split = ["test" if i % 4 == 0 else "train" for i in range(80)]
    site = TrainContext(tmp_path, tmp_path / ".mesocosm", tmp_path, "m", corpus=columns["text"])

    def work(**settings: Any) -> Any:
        model = Model.model_validate(
            {"dataset": "x", "target": "y", "features": ["text"], "track": [], **settings}
        )
        return job_for(
            model,
            columns,
            split,
            {"text": "text", "y": "text" if settings.get("base") == "smollm2" else "category"},
            site,
        )

    asked, taught = work(base="smollm2"), work(base="smollm2", fine_tune="lora")
    assert (
        "tuning" not in asked.work
        and taught.work["writing"]["write"] == 2 * asked.work["writing"]["write"] > 0
    )
    plain, read = work(base="minilm"), work(base="minilm", pretrain={"fields": ["text"]})
    assert (
        "pretraining" not in plain.work
        and estimate_cost(read, tmp_path).seconds > estimate_cost(plain, tmp_path).seconds
    )
    new = work(
        pretrain={"fields": ["text"], "from_scratch": {"layers": 1, "width": 32, "vocab_size": 200}}
    )
    assert 0 < new.work["pretraining"]["token"] < read.work["pretraining"]["token"]
    assert work(base="auto") is None


def test_the_highest_count_of_memory_is_of_what_was_done_since() -> None:
    reset_peak_memory()
    before = process_memory()
    block = np.ones((30_000_000,))
    del block
    assert 0.2 < process_memory(peak=True) - before < 0.4
    reset_peak_memory()
    assert process_memory(peak=True) - before < 0.1


def test_a_plan_tells_the_price_of_a_model_whose_data_is_there(
    pond: Path, cli: Callable[..., Any]
) -> None:
    file = pond / "ecosystem.yaml"
    first = json.loads(cli("plan", "-f", str(file), "--json").stdout)
    assert not any("price" in c for c in first["changes"])
    file.write_text(SMALL.split("models:")[0])
    assert cli("build", "-f", str(file)).returncode == 0
    file.write_text(SMALL)
    planned = json.loads(cli("plan", "-f", str(file), "--json").stdout)
    (change,) = [c for c in planned["changes"] if c["address"] == "models.judge"]
    assert change["price"]["seconds"] > 0 and {"reading", "heads", "export", "agreement"} <= set(
        change["price"]["phases"]
    )
    assert "about" in cli("plan", "-f", str(file)).stdout
    assert cli("build", "-f", str(file)).returncode == 0
    (version,) = open_ecosystem(pond).catalog.versions("judge")
    told = version["metrics"]["price"]
    assert set(told["took"]["phases"]) <= {
        "starting",
        "search",
        "reading",
        "heads",
        "tuning",
        "judging",
        "export",
        "agreement",
        "parts alone",
        "curve",
        "looking closer",
    }
    assert sum(told["took"]["phases"].values()) == pytest.approx(
        told["took"]["seconds"], rel=0.05, abs=0.1
    )
    assert "(estimated " in cli("model", "card", "judge", "-f", str(file)).stdout
    assert (pond / ".mesocosm" / CALIBRATION).is_file()
