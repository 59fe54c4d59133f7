"""A store that an earlier Mesocosm wrote (commit 6e5ba97) opens, answers as it did, and says why
it rebuilds what it rebuilds.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.app.loader import Loader
from mesocosm.serving.service import LiveService

OLD = ROOT / "tests" / "stores" / "store-0.6"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("ecosystem.yaml", "people.csv", "answers.json"):
        shutil.copy(OLD / name, tmp_path / name)
    shutil.copytree(OLD / "store", tmp_path / ".mesocosm")
    return tmp_path


def test_what_was_served_answers_as_it_did(home: Path) -> None:
    eco = open_ecosystem(home)
    load = Loader(eco.spec, eco.catalog).load
    served = LiveService("desk", eco.spec.eco.services["desk"], eco.catalog, load)
    served.refresh()
    told = json.loads((home / "answers.json").read_text(encoding="utf-8"))
    for one, now in zip(told, served.predict([t["row"] for t in told]), strict=True):
        assert now["label"] == one["label"]
        assert now["probabilities"] == pytest.approx(one["probabilities"], abs=1e-6)


def test_what_was_asked_is_traced_and_reported(home: Path, cli: Callable[..., Any]) -> None:
    told = json.loads((home / "answers.json").read_text(encoding="utf-8"))
    past = json.loads(cli("trace", told[0]["id"], "-f", str(home), "--json").stdout)
    assert past["version"]["model"] == "churn" and list(past["files"]) == ["people.csv"]
    for words in (["status"], ["report"], ["card", "churn"], ["doctor"], ["versions", "people"]):
        done = cli(*words, "-f", str(home))
        assert done.returncode == 0, (words, done.stdout + done.stderr)


def test_each_rebuild_has_its_reason_and_the_old_version_stays(home: Path) -> None:
    eco = open_ecosystem(home)
    (before,) = eco.catalog.versions("churn")
    changes = eco.plan()
    assert all(change.because for change in changes if change.sign not in ("=", "+"))
    outcome = eco.build()
    assert not outcome.failed
    after = {version["id"] for version in eco.catalog.versions("churn")}
    assert before["id"] in after and len(after) == 2
    assert {change.sign for change in open_ecosystem(home).plan()} == {"="}
