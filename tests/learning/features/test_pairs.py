"""Two texts of a row read apart: what is learnt is how they stand to each other, alone as in a
batch, and it is served.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import said_of
from little_base import little_base

from mesocosm.api.ecosystem import open_ecosystem

FILE = """grammar: 2
ecosystem: desk
sources: {asked: {type: csv, path: asked.csv}}
datasets:
  both:
    from: asked
    fields: {one: {type: text}, other: {type: text}, same: {type: category, values: ["yes", "no"]}}
    split: {test: 0.25, stratify: same}
models:
  same: {base: minilm, dataset: both, target: same, features: [one, other], pair: [one, other], track: []}
services: {desk: {model: same}}
""".replace("base: minilm", f"base: {little_base()}")
THINGS = ["card", "loan", "fee", "phone", "branch", "coin"]
SAID = [
    "my {} is lost",
    "where is the {}",
    "i want a new {}",
    "close the {} please",
    "is the {} safe",
]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    draw = random.Random(4)
    with (tmp_path / "asked.csv").open("w", newline="") as out:
        write = csv.writer(out)
        write.writerow(("one", "other", "same"))
        for i in range(240):
            a = draw.choice(THINGS)
            b = a if i % 2 else draw.choice([t for t in THINGS if t != a])
            one, other = (draw.choice(SAID).format(t) for t in (a, b))
            write.writerow((f"{one} {i % 7}", f"{other} {i % 5}", "yes" if i % 2 else "no"))
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    return tmp_path


def test_a_pair_read_apart_is_told_where_one_text_is_not(
    desk: Path, cli: Callable[..., Any]
) -> None:
    file = desk / "ecosystem.yaml"
    done = cli("build", "-f", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    eco = open_ecosystem(desk)
    apart = eco.catalog.versions("same")[-1]
    assert apart["metrics"]["accuracy"] > 0.85 > apart["metrics"]["baselines"]["linear"]["accuracy"]
    asked = [
        {"one": "my card is lost", "other": o} for o in ("where is the card", "where is the loan")
    ]
    answers = [
        json.loads(
            cli("predict", "desk", "--input", json.dumps(a), "-f", str(file), "--json").stdout
        )
        for a in asked
    ]
    assert [a["label"] for a in answers] == ["yes", "no"]
    told = cli("explain", answers[0]["id"], "-f", str(file))
    assert told.returncode == 0 and "one" in told.stdout
    from mesocosm.lifecycle.access.model_access import load_version

    net = load_version(eco.spec, apart, precision="fp32")
    both = net.predict(asked)
    assert all(
        abs(net.predict([a])[0]["probability"] - b["probability"]) < 1e-5
        for a, b in zip(asked, both, strict=True)
    )


def test_the_texts_of_a_pair_are_inputs_and_no_others_are(desk: Path) -> None:
    for old, new in (
        ("pair: [one, other]", "pair: [one, same]"),
        ("features: [one, other]", "features: [one]"),
    ):
        (desk / "ecosystem.yaml").write_text(FILE.replace(old, new))
        assert any("the pair is" in line for line in said_of(desk))
