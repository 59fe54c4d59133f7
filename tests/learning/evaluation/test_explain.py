"""Explanations add up: shares to the probability, training rows to the score."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import run

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.learning.evaluation.explanations import (
    shapley_values,
    training_row_contributions,
    word_importance,
)
from mesocosm.learning.export.predictor import Version
from mesocosm.learning.heads.blend import softmax
from mesocosm.lifecycle.access.data_access import read_columns
from mesocosm.serving.runtimes.onnx import Onnx


def opened(bank: Path, model: str) -> tuple[Any, list[dict[str, Any]], Path]:
    eco = open_ecosystem(bank)
    settings, version = eco.spec.eco.models[model], eco.catalog.versions(model)[0]
    rows, split = read_columns(
        eco.spec, eco.catalog.snapshot(version["snapshot"]), list(settings.features)
    )
    folder = bank / ".mesocosm" / version["path"]
    net = Version(
        folder, version["content"], Onnx().session, "fp32"
    )  # int8 scales its numbers by batch, so a row alone differs by up to 0.001
    return (
        net,
        [{n: rows[n][i] for n in settings.features} for i, s in enumerate(split) if s == "train"],
        folder,
    )


def test_shares_of_inputs_add_up_and_name_what_moved(bank: Path) -> None:
    net, rows, _ = opened(bank, "risk")
    for row in rows[:3]:
        label = net.predict([row])[0]["label"]
        found = shapley_values(net, row, rows[10:42], label)
        assert found["base"] + sum(f["share"] for f in found["inputs"].values()) == pytest.approx(
            found["probability"], abs=1e-6
        )
        assert found["probability"] == pytest.approx(net.predict([row])[0]["probability"], abs=1e-5)
    same = shapley_values(net, rows[0], [rows[0]], label)
    assert all(f["share"] == pytest.approx(0, abs=1e-7) for f in same["inputs"].values())
    one = dict(rows[0], amount=rows[1]["amount"])
    moved = shapley_values(net, one, [rows[0]], label)["inputs"]
    assert {n for n, f in moved.items() if abs(f["share"]) > 1e-7} == {"amount"}


def test_training_rows_add_up_to_the_score(bank: Path) -> None:
    net, rows, folder = opened(bank, "intent")
    parts = [
        training_row_contributions(net, folder / "head.onnx", rows[0], label)
        for label in net.labels
    ]
    if parts[0] is None:
        pytest.fail("the bank's intent model has no kernel part any more")
    p = softmax(np.array([[q["bias"] + sum(q["rows"]) for q in parts if q]]))[0]
    whole = net.outputs({n: [rows[0][n]] for n in net.inputs}, 1)[0]
    assert len(parts[0]["rows"]) == len(rows) + len(
        net.labels
    )  # with eleven rows a class, the names of classes teach too
    if net.card["head"] == "kernel":
        assert np.abs(p - whole).max() < 1e-3
    assert net.labels[int(p.argmax())] == net.labels[int(whole.argmax())]
    said = word_importance(net, rows[0], net.labels[int(whole.argmax())], ["sentence"])["sentence"]
    assert len(said) == len(rows[0]["sentence"].split())


def test_the_command_explains_a_logged_prediction(bank: Path) -> None:
    def mesocosm(*args: str) -> subprocess.CompletedProcess[str]:
        return run(*args, "-f", str(bank))

    asked = mesocosm(
        "predict",
        "help-desk",
        "--input",
        json.dumps({"sentence": "I lost my card, please block it"}),
        "--json",
    )
    assert asked.returncode == 0, asked.stderr
    ident = json.loads(asked.stdout)["id"]
    found = json.loads(mesocosm("explain", ident, "--json").stdout)
    assert (
        found["words"]["sentence"][0]["word"] in ("lost", "card,", "block")
        and found["rows"][0]["file"].endswith("sentences.csv")
        and found["rows"][0]["line"] > 1
    )
    text = mesocosm("explain", ident).stdout
    assert "sentences.csv:" in text and "Feature attributions" in text
    wrong = mesocosm("explain", "nothing")
    assert (
        wrong.returncode == 1
        and "no prediction has the id 'nothing'" in wrong.stderr
        and "Traceback" not in wrong.stderr
    )
