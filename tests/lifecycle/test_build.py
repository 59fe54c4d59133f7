"""Plan and apply: reasons, atomic results, what survives a kill at any moment."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, begin, rounds, run, small_rows

from mesocosm.api.ecosystem import open_ecosystem

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]


def signs(home: Path) -> dict[str, str]:
    return {c.address: c.sign for c in open_ecosystem(home).plan()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, cli: Cli) -> Path:
    home = tmp_path_factory.mktemp("pond")
    (home / "ecosystem.yaml").write_text(SMALL)
    (home / "notes.csv").write_text(small_rows())
    done = cli("build", "-f", str(home), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return home


def edited(home: Path, old: str, new: str) -> dict[str, str]:
    assert old in SMALL
    (home / "ecosystem.yaml").write_text(SMALL.replace(old, new))
    try:
        return signs(home)
    finally:
        (home / "ecosystem.yaml").write_text(SMALL)


def test_an_unchanged_file_keeps_everything(built: Path) -> None:
    assert set(signs(built).values()) == {"="}


def test_a_gate_retrains_nothing(built: Path) -> None:
    found = edited(built, "fine_tune: {method", 'require: {accuracy: ">= 0.5"}, fine_tune: {method')
    assert (
        found["models.judge"] == "~"
        and found["datasets.mail"] == "="
        and found["services.desk"] == "="
    )


def test_another_step_makes_what_hangs_on_it_anew(built: Path) -> None:
    found = edited(built, "missing: median", "missing: mean")
    assert [
        found[a] for a in ("sources.notes", "datasets.mail", "models.judge", "services.desk")
    ] == ["=", "±", "±", "±"]


def test_reasons_name_the_setting_and_its_line(built: Path) -> None:
    (built / "ecosystem.yaml").write_text(SMALL.replace("missing: median", "missing: mean"))
    changes = {c.address: c for c in open_ecosystem(built).plan()}
    (built / "ecosystem.yaml").write_text(SMALL)
    reason = changes["datasets.mail"].why
    assert "fields.amount.missing.method was median and is mean (ecosystem.yaml:12)" in reason
    assert changes["models.judge"].why == "datasets.mail is rebuilt"


def test_reasons_are_at_the_setting_and_name_no_key_that_the_file_lacks(built: Path) -> None:
    bare = SMALL.replace("base: minilm, dataset", "dataset").replace("[text, amount]", "[amount]")
    text = bare.replace("track: []", 'track: [],\n    require: {accuracy: ">= 0.1"}')
    (built / "ecosystem.yaml").write_text(text)
    changes = {c.address: c for c in open_ecosystem(built).plan()}
    (built / "ecosystem.yaml").write_text(SMALL)
    why = changes["models.judge"].why
    assert "base was minilm and is not set (ecosystem.yaml:17)" in why and "weights" not in why
    assert "require was not set and is " in why and why.endswith("(ecosystem.yaml:18)")


def test_a_changed_source_is_seen(built: Path) -> None:
    before = (built / "notes.csv").read_text()
    (built / "notes.csv").write_text(before + "999,one more,7,Yes please\n")
    found = {c.address: c for c in open_ecosystem(built).plan()}
    (built / "notes.csv").write_text(before)
    assert (
        found["sources.notes"].sign == "±" and found["sources.notes"].why == "its content changed"
    )


def test_what_left_the_file_is_kept_until_pruned(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "notes.csv").write_text(small_rows())
    (tmp_path / "ecosystem.yaml").write_text(SMALL)
    assert cli("build", "-f", str(tmp_path)).returncode == 0
    bare = SMALL.split("models:")[0]
    (tmp_path / "ecosystem.yaml").write_text(bare)
    assert signs(tmp_path)["models.judge"] == "-"
    assert cli("build", "-f", str(tmp_path)).returncode == 0
    models = tmp_path / ".mesocosm" / "models" / "judge"
    assert any(models.iterdir())
    (tmp_path / "ecosystem.yaml").write_text(SMALL)
    assert cli("build", "-f", str(tmp_path)).returncode == 0
    (tmp_path / "ecosystem.yaml").write_text(bare)
    assert cli("build", "-f", str(tmp_path), "--prune").returncode == 0
    assert not models.exists()


def test_a_missed_gate_is_never_deployed_and_says_so(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "notes.csv").write_text(small_rows())
    (tmp_path / "ecosystem.yaml").write_text(
        SMALL.replace("fine_tune: {method", 'require: {log_loss: "<= -1.0"}, fine_tune: {method')
    )
    done = cli("build", "-f", str(tmp_path), "--json")
    assert done.returncode == 1
    (failed,) = json.loads(done.stdout)["failed"]
    assert "required: <= -1.0" in failed["text"] and failed["place"]["line"] > 10
    assert open_ecosystem(tmp_path).catalog.deployment("desk") is None


def test_one_class_is_a_sentence_at_its_line(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "notes.csv").write_text(small_rows().replace("Yes please", "no thanks"))
    (tmp_path / "ecosystem.yaml").write_text(SMALL)
    done = cli("build", "-f", str(tmp_path), "--json")
    assert done.returncode == 1
    assert (
        "hold 'no thanks' only; expected two classes or more"
        in json.loads(done.stdout)["failed"][0]["text"]
    )


def test_an_unknown_base_is_a_sentence(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "notes.csv").write_text(small_rows())
    (tmp_path / "ecosystem.yaml").write_text(SMALL.replace("base: minilm", "base: minilmm"))
    done = cli("build", "-f", str(tmp_path))
    assert (
        done.returncode == 2
        and "no base is named 'minilmm'" in done.stderr
        and "Did you mean 'minilm'?" in done.stderr
    )


def state(home: Path) -> dict[str, Any]:
    eco = open_ecosystem(home)
    return {r["address"]: (r["made"], r["run"]) for r in eco.catalog.resources()}


def whole(home: Path) -> None:
    """Everything listed is whole."""
    from mesocosm.core.hashing import digest_folder
    from mesocosm.data.snapshots.delta_tables import files_of

    eco = open_ecosystem(home)
    store = home / ".mesocosm"
    for version in eco.catalog.versions("judge"):
        assert digest_folder(store / version["path"]) == version["content"]
    for snapshot in eco.catalog.snapshots("mail"):
        assert files_of(store / snapshot["path"] / "rows", snapshot["delta"])


@pytest.mark.slow
def test_a_build_killed_at_many_moments_ends_the_same(built: Path, tmp_path: Path) -> None:
    """Kills fall all over a build: after each, what is listed is whole, and the next build goes
    on.
    """
    (tmp_path / "notes.csv").write_text(small_rows())
    (tmp_path / "ecosystem.yaml").write_text(SMALL)
    rng, kills, ended = random.Random(3), 0, 0
    while kills < rounds(7, 30):
        process = begin("build", "-f", str(tmp_path))
        try:
            process.wait(rng.uniform(0.05, 4.0))
            ended += 1
            whole(tmp_path)
            for address in ("models.judge", "datasets.mail") if ended % 2 else ("services.desk",):
                with open_ecosystem(tmp_path).catalog.transaction() as con:
                    con.exec_driver_sql("delete from resources where address = ?", (address,))
                    con.exec_driver_sql("delete from versions")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            if kills % 3 == 0:
                whole(tmp_path)
    done = run("build", "-f", str(tmp_path))
    assert done.returncode == 0, done.stderr
    whole(tmp_path)
    assert state(tmp_path) == state(built)
    assert not list((tmp_path / ".mesocosm").rglob(".aside-*"))
    assert ended < 60


def test_two_builds_at_once_do_not_meet(pond: Path) -> None:
    from mesocosm.core.errors import MesocosmError
    from mesocosm.lifecycle.build_lock import hold_build_lock

    with (
        hold_build_lock(pond / ".mesocosm"),
        pytest.raises(MesocosmError, match="another build"),
        hold_build_lock(pond / ".mesocosm"),
    ):
        pass
    time.sleep(0)
