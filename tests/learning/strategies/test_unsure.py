"""Rows to label next: the unsure ones, unlike each other, teach more than rows drawn by lot; what
was answered can be labelled.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.api.service_calls import local
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.learning.heads import softmax
from mesocosm.learning.heads.selection import TrainingRows, select_head
from mesocosm.learning.strategies.active_learning import select_rows
from mesocosm.lifecycle.review.label_review import suggest_labelling


def test_chosen_rows_teach_more_than_rows_drawn_by_lot() -> None:
    gains = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(900, 2)).astype(np.float32)
        y = ((x[:, 0] + 0.6 * np.sin(3 * x[:, 1])) > 0).astype(int)
        none = np.zeros((900, 0), np.float32)
        right = {}
        for how in ("chosen", "drawn"):
            known = [*np.flatnonzero(y[:500] == 0)[:6], *np.flatnonzero(y[:500] == 1)[:6]]
            for _ in range(4):
                head = select_head(TrainingRows(none[known], x[known], y[known], 2, 0), "kernel")
                rest = np.setdiff1d(np.arange(500), known)
                p = softmax(head.logits(none[rest], x[rest]))
                more = (
                    rest[select_rows(p, x[rest], 10)]
                    if how == "chosen"
                    else rng.choice(rest, 10, replace=False)
                )
                known = [*known, *more.tolist()]
            head = select_head(TrainingRows(none[known], x[known], y[known], 2, 0), "kernel")
            right[how] = float((head.logits(none[500:], x[500:]).argmax(1) == y[500:]).mean())
        gains.append(right["chosen"] - right["drawn"])
    assert np.mean(gains) > 0.01


def test_rows_that_say_the_same_are_chosen_once() -> None:
    p = np.tile([0.5, 0.5], (30, 1))
    x = np.repeat(np.eye(3), 10, axis=0)
    assert sorted(i // 10 for i in select_rows(p, x, 8)) == [0, 1, 2]
    assert select_rows(np.zeros((0, 2)), np.zeros((0, 3)), 5) == []


def test_requests_and_rows_without_a_label_are_listed_until_they_have_one(
    pond: Path, cli: Callable[..., Any]
) -> None:
    file, notes = pond / "ecosystem.yaml", pond / "notes.csv"
    file.write_text(
        file.read_text().replace(
            "[yes please, no thanks], missing: quarantine", "[yes please, no thanks]"
        )
    )
    notes.write_text(notes.read_text() + '900,"hm, perhaps send or stop it",150 EUR,\n')
    eco = open_ecosystem(pond)
    eco.build()
    found = suggest_labelling(eco.spec, eco.catalog, "judge")
    assert [(f["file"], f["line"]) for f in found["found"]] == [("notes.csv", 83)] and found[
        "labels"
    ] == ["no thanks", "yes please"]
    desk = local(eco, "desk")
    sure, doubt = desk.predict(
        [
            {"text": "please send 5 more, lovely", "amount": "150 EUR"},
            {"text": "the weather in March", "amount": "120 EUR"},
        ]
    )
    listed = suggest_labelling(eco.spec, eco.catalog, "judge")["found"]
    at = [f.get("prediction") for f in listed]
    assert at.index(doubt["id"]) < at.index(sure["id"])  # the least sure come first
    desk.feedback(doubt["id"], "no thanks")
    done = cli("model", "labels", "judge", "--next", "-f", str(pond), "--json")
    ids = [f.get("prediction") for f in json.loads(done.stdout)["found"]]
    assert done.returncode == 0 and doubt["id"] not in ids and sure["id"] in ids
    said = cli("model", "labels", "judge", "--next", "-f", str(pond)).stdout
    assert "2 of 2 rows without a label" in said and "notes.csv:83" in said


def test_what_cannot_be_asked_is_said(pond: Path) -> None:
    eco = open_ecosystem(pond)
    with pytest.raises(ConfigValueError, match="Did you mean 'judge'"):
        suggest_labelling(eco.spec, eco.catalog, "juge")
    eco.build()
    with pytest.raises(MesocosmError, match="every row of 'mail' has a label"):
        suggest_labelling(eco.spec, eco.catalog, "judge")
