"""Runs are written where the file says, none of them fails a build, and a version tells what it was
made with.
"""

from __future__ import annotations

import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.learning.tracking import TRACKERS
from mesocosm.learning.training.environment import describe_environment

pytestmark = pytest.mark.slow

RECIPE, METRICS = {"method": "lora", "snapshot": "mail@0"}, {"accuracy": 0.9, "classes": {}}
HISTORY = [
    {"epoch": 1, "train_loss": 0.7, "held_loss": 0.8},
    {"epoch": 2, "train_loss": 0.5, "held_loss": 0.6},
]


def test_tensorboard_reads_the_losses_that_were_written(tmp_path: Path) -> None:
    assert TRACKERS["tensorboard"](tmp_path, "judge", "judge-v1", RECIPE, METRICS, HISTORY) is None
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(tmp_path / "tensorboard" / "judge" / "judge-v1"))
    found.Reload()
    assert [(e.step, round(e.value, 3)) for e in found.Scalars("loss/held")] == [(1, 0.8), (2, 0.6)]
    assert found.Scalars("figures/accuracy")[0].value == pytest.approx(0.9)


def test_wandb_writes_a_run_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert TRACKERS["wandb"](tmp_path, "judge", "judge-v1", RECIPE, METRICS, HISTORY) is None
    (run,) = (tmp_path / "wandb").glob("offline-run-*")
    data, until = b"", time.time() + 30  # its own process writes, and may be behind
    while b"held_loss" not in data and time.time() < until:
        time.sleep(0.1)
        data = b"".join(p.read_bytes() for p in run.glob("run-*.wandb"))
    assert b"held_loss" in data and b"judge-v1" in data


def test_a_tracker_that_fails_says_why_and_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("a file where a folder is wanted")
    said = TRACKERS["tensorboard"](tmp_path, "judge", "judge-v1", RECIPE, METRICS, HISTORY)
    assert said and "\n" not in said


def test_the_tables_of_another_project_are_taken_and_nothing_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESOCOSM_CACHE", str(tmp_path / "cache"))
    for name in ("first", "second"):
        home = tmp_path / name
        home.mkdir()
        assert TRACKERS["mlflow"](home, name, f"{name}-v1", RECIPE, METRICS, HISTORY) is None
        with closing(sqlite3.connect(home / "mlflow.db")) as one:
            assert {row[0] for row in one.execute("SELECT name FROM experiments")} == {
                "Default",
                name,
            }
            assert [row[0] for row in one.execute("SELECT name FROM runs")] == [f"{name}-v1"]
        monkeypatch.setattr(
            "mlflow.store.db.utils._upgrade_db", lambda *_: pytest.fail("the migrations ran twice")
        )
    (kept,) = (tmp_path / "cache").glob("mlflow-*/mlflow.db")
    assert str(tmp_path).encode() not in kept.read_bytes()


def test_a_version_tells_its_commit_and_its_libraries(pond: Path) -> None:
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", str(pond), *words], check=True)
    commit = subprocess.run(
        ["git", "-C", str(pond), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    file = pond / "ecosystem.yaml"
    assert (
        describe_environment(pond)["commit"] == commit
        and describe_environment(pond)["changed"] is False
    )
    file.write_text(file.read_text().replace("track: []", "track: [tensorboard, mlflow]"))
    eco = open_ecosystem(pond)
    eco.build()
    (version,) = eco.catalog.versions("judge")
    made = version["recipe"]["environment"]
    assert (
        made["commit"] == commit
        and made["changed"] is True
        and made["libraries"]["torch"].startswith("2.13")
    )
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{pond / '.mesocosm' / 'mlflow.db'}")
    (run,) = client.search_runs([client.get_experiment_by_name("judge").experiment_id])  # type: ignore[union-attr]
    assert (
        run.info.run_name == version["id"]
        and run.data.metrics["accuracy"] == version["metrics"]["accuracy"]
    )
    assert list((pond / ".mesocosm" / "tensorboard" / "judge" / version["id"]).glob("events*"))
    file.write_text(file.read_text().replace("track: [tensorboard, mlflow]", "track: [mlflow]"))
    signs = {c.address: c.sign for c in open_ecosystem(pond).plan()}
    assert signs["models.judge"] == "~"  # tracking elsewhere trains nothing anew


def test_outside_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    assert describe_environment(tmp_path)["commit"] is None
