"""A backup restored elsewhere is the ecosystem it was; nothing that exists is overwritten."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

OLD = ROOT / "tests" / "stores" / "store-0.6"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("ecosystem.yaml", "people.csv"):
        shutil.copy(OLD / name, folder / name)
    shutil.copytree(OLD / "store", folder / ".mesocosm")
    return folder


def test_a_restored_store_is_whole_and_predicts_as_before(
    home: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    archive, other = tmp_path / "store.tar.gz", tmp_path / "other"
    assert cli("data", "backup", str(archive), "-f", str(home)).returncode == 0
    assert archive.stat().st_mode & 0o077 == 0
    other.mkdir()
    done = cli("data", "restore", str(archive), "-f", str(other))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (other / "ecosystem.yaml").read_bytes() == (home / "ecosystem.yaml").read_bytes()
    assert cli("doctor", "-f", str(other)).returncode == 0
    told = json.loads((OLD / "answers.json").read_text(encoding="utf-8"))[0]
    past = json.loads(cli("trace", told["id"], "-f", str(other), "--json").stdout)
    assert past["version"]["model"] == "churn"


def test_nothing_that_is_there_is_overwritten(
    home: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    archive = tmp_path / "store.tar.gz"
    assert cli("data", "backup", str(archive), "-f", str(home)).returncode == 0
    again = cli("data", "backup", str(archive), "-f", str(home))
    assert again.returncode == 1 and "exists" in again.stderr
    refused = cli("data", "restore", str(archive), "-f", str(home))
    assert refused.returncode == 1 and "--replace" in refused.stderr
    key = (home / ".mesocosm" / "key").read_text()
    done = cli("data", "restore", str(archive), "-f", str(home), "--replace")
    assert done.returncode == 0 and (home / ".mesocosm.before-restore" / "key").read_text() == key
    assert (home / ".mesocosm" / "key").read_text() == key


def test_what_is_no_backup_or_leaves_the_folder_is_refused(
    home: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    hostile = tmp_path / "hostile.tar.gz"
    with tarfile.open(hostile, "w:gz") as tar:
        tar.add(OLD / "people.csv", "../outside.csv")
    text = tmp_path / "text.tar.gz"
    text.write_text("no archive")
    target = tmp_path / "new"
    target.mkdir()
    for archive in (hostile, text):
        done = cli("data", "restore", str(archive), "-f", str(target))
        assert done.returncode == 1 and "is not a backup" in done.stderr, done.stderr
    assert not (tmp_path / "outside.csv").exists() and not list(target.iterdir())
