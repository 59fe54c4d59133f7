"""Classes in an order: judged by steps, said as the middle of what is expected, held against
scikit-learn's kappa.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from conftest import said_of
from sklearn.metrics import cohen_kappa_score

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.learning.export.predictor import Version
from mesocosm.learning.tasks.ordinal.outcome import median_class, weighted_kappa
from mesocosm.serving.runtimes.onnx import Onnx

FILE = """grammar: 2
ecosystem: grades
sources:
  rows: {type: csv, path: rows.csv}
datasets:
  marks:
    from: rows
    key: id
    fields:
      id: integer
      hours: number
      sleep: number
      grade: {type: category, values: [poor, fair, good, best], ordered: true}
    split: {test: 0.3, validation: 0}
models:
  mark: {track: [], dataset: marks, target: grade, features: [hours, sleep], require: {rank_error: "<= 0.6", kappa: ">= 0.6"}}
"""


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    names = ["poor", "fair", "good", "best"]
    with (tmp_path / "rows.csv").open("w", newline="") as handle:
        out = csv.writer(handle)
        out.writerow(["id", "hours", "sleep", "grade"])
        for i in range(500):
            hours, sleep = rng.uniform(0, 10), rng.uniform(4, 9)
            out.writerow(
                [
                    i,
                    round(hours, 2),
                    round(sleep, 2),
                    names[int(np.clip((hours + 0.4 * sleep + rng.normal() - 2) / 2.6, 0, 3))],
                ]
            )
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    return tmp_path


def test_a_model_of_grades_is_judged_by_steps(marks: Path) -> None:
    eco = open_ecosystem(marks)
    eco.build()
    (version,) = eco.catalog.versions("mark")
    m = version["metrics"]
    assert version["state"] == "champion", version["why"]
    assert version["recipe"]["labels"] == [
        "poor",
        "fair",
        "good",
        "best",
    ]  # their order, not the alphabet's
    assert (
        m["rank_error"] < m["baselines"]["majority"]["rank_error"]
        and m["interval"]["rank_error"][0] <= m["rank_error"] <= m["interval"]["rank_error"][1]
    )
    net = Version(marks / ".mesocosm" / version["path"], version["content"], Onnx().session)
    rows = [{"hours": h, "sleep": 7.0} for h in (0.5, 3.5, 6.5, 9.8)]
    ranks = [net.labels.index(said["label"]) for said in net.predict(rows)]
    assert ranks == sorted(ranks) and ranks[0] == 0 and ranks[-1] == 3
    p = net.outputs({"hours": [r["hours"] for r in rows], "sleep": [7.0] * 4}, 4)
    assert ranks == median_class(p).tolist()


def test_the_middle_has_the_least_expected_distance_and_kappa_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    p = rng.dirichlet([0.5] * 5, size=400)
    far = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    expected = p @ far
    assert np.allclose(expected[np.arange(400), median_class(p)], expected.min(1))
    y, said = rng.integers(0, 5, 300), rng.integers(0, 5, 300)
    assert weighted_kappa(y, said, 5) == pytest.approx(
        cohen_kappa_score(y, said, weights="quadratic")
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "values: [poor, fair, good, best], ordered: true",
            "ordered: true",
            "from the least to the greatest",
        ),
        (", ordered: true", "", "is of ordered classes"),
    ],
)
def test_what_an_order_needs_is_said(marks: Path, old: str, new: str, said: str) -> None:
    file = marks / "ecosystem.yaml"
    file.write_text(file.read_text().replace(old, new))
    assert any(said in line for line in said_of(marks))
