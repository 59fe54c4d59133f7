"""`base: auto` tries what fits the budget, takes what the held-out rows like best, and tells what it tried and why it stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conftest import SMALL, said_of, small_rows

from mesocosm.ecosystem import open_ecosystem
from mesocosm.learn.bases import resolve

TRIED = SMALL.replace("base: minilm", "base: auto").replace(", tune: {method: frozen, head: kernel}", "")


def test_it_climbs_the_ladder_while_there_is_budget(pond: Path, cli: Callable[..., Any]) -> None:
    (pond / "notes.csv").write_text(small_rows(440))
    file = pond / "ecosystem.yaml"
    file.write_text(TRIED)
    done = cli("build", "-f", str(file))
    said = " ".join(done.stderr.split())
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("minilm, frozen", "head mlp", "head attention", "minilm, last", "minilm, full"):
        assert f"auto: minilm, {name}" in said or f"auto: {name}" in said, said
    version = open_ecosystem(pond).catalog.versions("judge")[-1]
    tries = {t["tried"]: t["loss"] for t in version["recipe"]["auto"]}
    assert len(tries) == 5
    best = min(tries, key=lambda t: tries[t])
    assert version["recipe"]["base"] == "minilm" and (version["recipe"]["method"] in best or (version["recipe"]["method"] == "frozen" and version["recipe"]["head"] in best))
    assert "What was tried for it" in cli("card", "judge", "-f", str(file)).stdout
    out = json.loads(cli("predict", "desk", "--input", '{"text": "please send more, lovely", "amount": "150 EUR"}', "-f", str(file), "--json").stdout)
    assert out["label"] == "yes please"
    assert all(line["sign"] == "=" for line in json.loads(cli("plan", "-f", str(file), "--json").stdout)["changes"])


def test_a_small_budget_and_few_rows_stop_it_and_a_folder_is_tried_too(pond: Path) -> None:
    other = resolve("minilm", pond)
    shutil.copytree(other.folder, pond / "mine")
    (pond / "ecosystem.yaml").write_text(TRIED.replace("base: auto", "base: auto, auto: {minutes: 0.02, bases: [mine]}"))
    eco, said = open_ecosystem(pond), list[str]()
    assert not eco.build(say=lambda address, text: said.append(text)).failed
    tries = eco.catalog.versions("judge")[-1]["recipe"]["auto"]
    assert "loss" in tries[0] and any("is more than the" in t.get("why_not", "") for t in tries)
    assert not any("last" in t["tried"] for t in tries)  # eight validation rows cannot tell


def test_what_cannot_be_tried_is_said(pond: Path) -> None:
    for old, new, wanted in (
        ("base: auto", "base: auto, continual: 0.5", "'auto' tries bases for classes"),
        ("base: auto", "base: minilm, auto: 5", "the base is given, so none is tried"),
        ("base: auto", "base: auto, auto: {bases: [nowhere]}", "no base is named 'nowhere'"),
    ):
        (pond / "ecosystem.yaml").write_text(TRIED.replace(old, new))
        assert any(wanted in line for line in said_of(pond, plan=True)), wanted
