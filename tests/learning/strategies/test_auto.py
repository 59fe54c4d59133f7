"""`base: auto` tries what fits the budget, takes what the held-out rows like best, and tells what
it tried and why it stopped.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, said_of, small_rows
from little_base import little_base

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.learning.base_models import resolve

pytestmark = pytest.mark.slow

TRIED = SMALL.replace("base: minilm", "base: auto").replace(
    ", tune: {method: frozen, head: kernel}", ""
)


def test_it_climbs_the_ladder_while_there_is_budget(
    pond: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(little_base(), pond / "little")
    monkeypatch.setattr(
        "mesocosm.learning.base_models.readers", lambda: ["little"]
    )  # in the place of minilm: what is tried is the same, and takes a third
    (pond / "notes.csv").write_text(small_rows(440))
    file = pond / "ecosystem.yaml"
    file.write_text(TRIED)
    lines = list[str]()
    assert not open_ecosystem(pond).build(say=lambda address, text: lines.append(text)).failed
    said = "\n".join(lines)
    for name in ("frozen", "head mlp", "head attention", "last", "full"):
        assert f"auto: little, {name}" in said or f"auto: little, frozen, {name}" in said, said
    version = open_ecosystem(pond).catalog.versions("judge")[-1]
    tries = {t["tried"]: t["loss"] for t in version["recipe"]["auto"]}
    assert len(tries) == 5
    best = min(tries, key=lambda t: tries[t])
    assert version["recipe"]["base"] == "little" and (
        version["recipe"]["method"] in best
        or (version["recipe"]["method"] == "frozen" and version["recipe"]["head"] in best)
    )
    assert "What was tried for it" in cli("card", "judge", "-f", str(file)).stdout
    out = json.loads(
        cli(
            "predict",
            "desk",
            "--input",
            '{"text": "please send more, lovely", "amount": "150 EUR"}',
            "-f",
            str(file),
            "--json",
        ).stdout
    )
    assert out["label"] == "yes please"
    assert all(change.sign == "=" for change in open_ecosystem(pond).plan())


def test_a_small_budget_and_few_rows_stop_it_and_a_folder_is_tried_too(pond: Path) -> None:
    other = resolve("minilm", pond)
    shutil.copytree(other.folder, pond / "mine")
    (pond / "ecosystem.yaml").write_text(
        TRIED.replace("base: auto", "base: auto, auto: {minutes: 0.02, bases: [mine]}")
    )
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
