"""What cannot be learnt from is told in a sentence, and what was there stays."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import run

from mesocosm.api.ecosystem import open_ecosystem

pytestmark = pytest.mark.slow

TEXT = """ecosystem: bad
sources: {a: {type: csv, path: a.csv}}
datasets:
  d:
    from: a
    fields: {x: {type: text}, n: {type: number}, y: {type: category}}
    split: {test: 0.25, validation: 0, stratify: y}
models:
  m: {base: minilm, dataset: d, target: y, features: [x, n], fine_tune: frozen}
services: {s: {model: m}}
"""
GOOD = "x,n,y\n" + "\n".join(
    f"{'kind' if i % 2 else 'rude'} words {i % 7},{i % 5},{'ab'[i % 2]}" for i in range(60)
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("bad")
    (home / "a.csv").write_text(GOOD)
    (home / "ecosystem.yaml").write_text(TEXT)
    assert build(home).returncode == 0
    return home


def build(home: Path) -> subprocess.CompletedProcess[str]:
    return run(
        "build",
        "-f",
        str(home),
        env={"HF_HUB_DOWNLOAD_TIMEOUT": "2", "HF_ENDPOINT": "http://127.0.0.1:9"},
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda h: (h / "a.csv").write_text(
                "x,n,y\n" + "\n".join(f"words {i},{i % 5},a" for i in range(60))
            ),
            "hold 'a' only; expected two classes or more",
        ),
        (
            lambda h: (h / "a.csv").write_text(
                "x,n,y\n" + "\n".join(f",,{'ab'[i % 2]}" for i in range(60))
            ),
            "n: missing change: 60 of 60 values are missing",
        ),
        (
            lambda h: (h / "ecosystem.yaml").write_text(
                TEXT.replace("base: minilm", "base: nobody/nothing")
            ),
            "'nobody/nothing' cannot be downloaded from the hub now",
        ),
        (
            lambda h: (h / "ecosystem.yaml").write_text(TEXT.replace("base: minilm", "base: mine")),
            "weights of 'mine' cannot be read",
        ),
        (
            lambda h: (h / "ecosystem.yaml").write_text(
                TEXT.replace("fine_tune: frozen", "fine_tune: frozn")
            ),
            "Did you mean 'frozen'?",
        ),
        (
            lambda h: (h / "ecosystem.yaml").write_text(
                TEXT.replace("fine_tune: frozen", "fine_tune: {method: full, validation: 1}")
            ),
            "'validation' is not a key here",
        ),
    ],
    ids=["one class", "no values", "no hub", "broken weights", "no method", "no key"],
)
def test_it_is_a_sentence_and_what_was_there_stays(
    built: Path, tmp_path: Path, change: object, said: str
) -> None:
    from mesocosm.learning.base_models import resolve

    home = tmp_path / "home"
    shutil.copytree(built, home)
    shutil.copytree(resolve("minilm", Path(".")).folder, home / "mine")
    whole = (home / "mine" / "model.safetensors").read_bytes()
    (home / "mine" / "model.safetensors").write_bytes(whole[:1000])
    before = open_ecosystem(home).catalog.deployment("s")
    change(home)  # type: ignore[operator]
    ended = build(home)
    told = " ".join((ended.stdout + ended.stderr).split())
    assert ended.returncode != 0 and said in told, told
    assert "Traceback" not in told and "Internal error" not in told
    (home / "ecosystem.yaml").write_text(TEXT)
    assert open_ecosystem(home).catalog.deployment("s") == before


def test_a_class_of_one_row_is_learnt_with_the_others(built: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(built, home)
    (home / "a.csv").write_text(GOOD + "\nstrange words,9,c\n")
    ended = build(home)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert set(open_ecosystem(home).catalog.versions("m")[-1]["metrics"]["classes"]) >= {"a", "b"}
