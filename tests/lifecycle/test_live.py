"""What is being made now is told while it is made, and not after."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conftest import SMALL, begin

from mesocosm.learning.training.loop.trainer import as_progress
from mesocosm.lifecycle.progress_store import ProgressFile, read_progress


def test_losses_and_sentences_are_there_while_it_lasts(tmp_path: Path) -> None:
    heard: list[str] = []
    with ProgressFile(tmp_path, "models.risk") as live:
        say = live.record(heard.append)
        say("reading")
        for step in range(1, 900):
            say(
                as_progress(
                    {"epoch": 1, "step": step, "of": 900, "loss": 1 / step, "left": 900 - step}
                )
            )
        say(as_progress({"epoch": 1, "train_loss": 0.5, "held_loss": 0.4}))
        (now,) = read_progress(tmp_path)
        assert now["address"] == "models.risk" and now["epochs"] == [
            {"epoch": 1, "train_loss": 0.5, "held_loss": 0.4}
        ]
        assert (
            len(heard) == 901
            and len(now["lines"]) == 8
            and "validation loss 0.4" in now["lines"][-1]
        )
        assert (
            100 < len(now["points"]) <= 400
            and now["points"] == sorted(now["points"])
            and now["left"] == 1
        )
        (tmp_path / "live" / "models.dead.json").write_text(json.dumps(now | {"pid": 2**22 + 5}))
        (tmp_path / "live" / "models.torn.json").write_text("{")
        assert [w["address"] for w in read_progress(tmp_path)] == ["models.risk"]
    assert read_progress(tmp_path) == []


def test_the_status_shows_a_model_that_is_being_trained(
    pond: Path, cli: Callable[..., Any]
) -> None:
    file = pond / "ecosystem.yaml"
    file.write_text(
        SMALL.replace(
            "fine_tune: {method: frozen, head: kernel}",
            "fine_tune: {method: lora, epochs: 40, patience: 40}",
        )
    )
    maker = begin("build", "-f", str(file))
    try:
        until, seen = time.monotonic() + 120, list[dict[str, Any]]()
        while time.monotonic() < until and not any(w["epochs"] for w in seen):
            seen = read_progress(pond / ".mesocosm")
            time.sleep(0.2)
        work = json.loads(cli("status", "-f", str(file), "--json").stdout)["work"]
        assert [w["address"] for w in work] == ["models.judge"] and work[0]["epochs"][0][
            "held_loss"
        ] > 0
        assert "models.judge is being built: epoch" in " ".join(
            cli("status", "-f", str(file)).stdout.split()
        )
    finally:
        maker.kill()
        maker.wait()
    assert read_progress(pond / ".mesocosm") == []
