"""Numbers: heads that agree with their graphs, a version that says a value in its unit with an
interval that holds.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import said_of
from little_base import little_base
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.errors import ConfigValueError
from mesocosm.learning.export.onnx_export import export_head
from mesocosm.learning.export.predictor import Version
from mesocosm.learning.heads import HEADS, Blend
from mesocosm.learning.heads.late_fusion import output_weights
from mesocosm.serving.runtimes.onnx import Onnx

pytestmark = pytest.mark.slow

FILE = """grammar: 2
ecosystem: clinic
sources:
  visits: {type: csv, path: visits.csv}
datasets:
  patients:
    from: visits
    fields: {age: number, sex: number, bmi: number, bp: number, s1: number, s2: number, s3: number, s4: number, s5: number, s6: number, progress: {type: number, missing: quarantine}}
    split: {test: 0.25, validation: 0}
models:
  course:
    track: []
    dataset: patients
    target: progress
    features: [age, sex, bmi, bp, s1, s2, s3, s4, s5, s6]
    require: {r2: ">= 0.3", gain_over_majority: ">= 0.3"}
services:
  desk: {model: course}
"""


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("clinic")
    x, y = load_diabetes(return_X_y=True, scaled=False)
    with (home / "visits.csv").open("w", newline="") as handle:
        out = csv.writer(handle)
        out.writerow(["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6", "progress"])
        out.writerows([*row, value] for row, value in zip(x.tolist(), y.tolist(), strict=True))
    (home / "ecosystem.yaml").write_text(FILE)
    open_ecosystem(home).build()
    return home


def test_every_heads_graph_says_the_number_the_head_says(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    text, table = (
        rng.normal(size=(150, 8)).astype(np.float32),
        rng.normal(size=(150, 3)).astype(np.float32),
    )
    y = text[:, 0] + 2 * table[:, 1] + rng.normal(size=150) * 0.1
    fitted: dict[str, Any] = {n: h().fit(text, table, y, 0, 7) for n, h in HEADS.items()}
    fitted["blend"] = Blend(*fitted.values(), classes=0)
    for name, head in fitted.items():
        export_head(head.tensors(), tmp_path / name, 0, shares=output_weights(head))
        said = (
            Onnx().session(tmp_path / name).run(["values"], {"features": text, "table": table})[0]
        )
        assert said.shape == (150, 1) and np.abs(said - head.logits(text, table)).max() < 2e-3, name
        assert np.isfinite(head.loss) and len(head.left_out) == 150
        assert 1 - ((said[:, 0] - y) ** 2).mean() / y.var() > 0.7, name


def test_ridges_left_out_scores_are_those_of_real_refits() -> None:
    rng = np.random.default_rng(2)
    table = rng.normal(size=(40, 5)).astype(np.float32)
    y = table @ np.arange(5) + rng.normal(size=40)
    head = HEADS["linear"]().fit(np.zeros((40, 0), np.float32), table, y, 0, 7)
    strength = min(np.geomspace(0.01, 10_000, 25), key=lambda s: abs(s - head.settings["strength"]))
    for i in (0, 11, 39):
        keep = [j for j in range(40) if j != i]
        refit = Ridge(alpha=strength).fit(table[keep], y[keep]).predict(table[[i]])[0]
        assert head.left_out[i, 0] == pytest.approx(refit, abs=0.05)


def test_a_version_says_a_value_with_an_interval_that_holds(clinic: Path) -> None:
    eco = open_ecosystem(clinic)
    version = eco.catalog.versions("course")[-1]
    m = version["metrics"]
    assert (
        version["state"] == "champion"
        and m["r2"] > 0.35
        and set(m["baselines"]) == {"majority", "linear"}
    )
    assert (
        m["interval"]["r2"][0] < m["r2"] < m["interval"]["r2"][1]
        and m["baselines"]["majority"]["p"] < 0.001
    )
    from mesocosm.learning.export.predictor import Version

    net = Version(clinic / ".mesocosm" / version["path"], version["content"], Onnx().session)
    rows = list(csv.DictReader((clinic / "visits.csv").open()))
    said = net.predict([{k: float(v) for k, v in row.items()} for row in rows])
    inside = [
        s["interval"][0] <= float(r["progress"]) <= s["interval"][1]
        for s, r in zip(said, rows, strict=True)
    ]
    assert 0.85 <= np.mean(inside) <= 0.99 and said[0]["level"] == 0.9
    alone = net.predict([{k: float(v) for k, v in rows[0].items()}])[0]
    assert alone["value"] == pytest.approx(said[0]["value"], abs=1e-2)
    card = json.loads((clinic / ".mesocosm" / version["path"] / "card.json").read_text())
    assert card["labels"] == [] and card["scale"]["sd"] > 50


def test_a_served_number_is_explained_and_told_its_truth(clinic: Path) -> None:
    from mesocosm.api.service_calls import local
    from mesocosm.reports.explanations import explain

    eco = open_ecosystem(clinic)
    served = local(eco, "desk")
    row = dict(next(csv.DictReader((clinic / "visits.csv").open())))
    row.pop("progress")
    found = served.predict([row])[0]
    assert found["interval"][0] < found["value"] < found["interval"][1]
    why = explain(eco.spec, eco.catalog, found["id"])
    assert why["number"] and why["probability"] == pytest.approx(found["value"], rel=1e-3)
    assert sum(f["share"] for f in why["inputs"].values()) == pytest.approx(
        why["probability"] - why["base"], abs=1e-6 * abs(why["base"])
    )
    served.feedback(found["id"], "151.5")
    with pytest.raises(ConfigValueError, match="is not a number"):
        served.feedback(found["id"], "much")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "target: progress",
            "target: progress\n    fine_tune: {method: full, loss: focal}",
            "is a loss of classes",
        ),
        ('r2: ">= 0.3"', 'accuracy: ">= 0.3"', "is not a regression metric"),
        (
            "target: progress",
            "target: progress\n    fairness: {groups: [age], positive: x}",
            "fairness gaps are of classes",
        ),
    ],
)
def test_what_a_number_cannot_have_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "visits.csv").write_text("age,progress\n1,2\n")
    (tmp_path / "ecosystem.yaml").write_text(FILE.replace(old, new))
    assert any(said in line for line in said_of(tmp_path))


STARS = """grammar: 2
ecosystem: stars
sources:
  notes: {type: csv, path: notes.csv}
datasets:
  said:
    from: notes
    fields: {text: text, stars: number}
    split: {test: 0.25, validation: 0.25}
models:
  taste: {track: [], base: minilm, dataset: said, target: stars, features: [text], fine_tune: {method: bitfit, epochs: 8, patience: 8, learning_rate: 0.005, loss: huber}, require: {r2: ">= 0.5"}}
""".replace("base: minilm", f"base: {little_base()}")


def test_a_base_is_tuned_for_a_number_and_its_interval_comes_from_validation_rows(
    tmp_path: Path,
) -> None:
    said = {5.0: "wonderful", 4.0: "nice", 2.0: "poor", 1.0: "terrible"}
    rng = np.random.default_rng(0)
    rows = [
        [
            f"a {said[star]} {rng.choice(['meal', 'room', 'tour', 'film'])}, seen {i} times",
            star + round(float(rng.normal()) * 0.2, 2),
        ]
        for i in range(160)
        for star in [list(said)[i % 4]]
    ]
    with (tmp_path / "notes.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([["text", "stars"], *rows])
    (tmp_path / "ecosystem.yaml").write_text(STARS)
    eco = open_ecosystem(tmp_path)
    eco.build()
    (version,) = eco.catalog.versions("taste")
    assert (
        version["state"] == "champion"
        and version["metrics"]["r2"] > 0.9
        and len(version["recipe"]["history"]) == 8
    )  # after three it is proven worse than words counted, and refused
    net = Version(tmp_path / ".mesocosm" / version["path"], version["content"], Onnx().session)
    good, bad = net.predict([{"text": "a wonderful meal"}, {"text": "a terrible meal"}])
    assert (
        good["value"] > bad["value"] + 2
        and good["interval"][0] < good["value"] < good["interval"][1]
    )
