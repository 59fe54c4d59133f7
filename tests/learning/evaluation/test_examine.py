"""A model looked at beyond its mean: leaks, weak slices, robustness, fairness, calibration, paired
tests, the card.
"""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import run

from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.evaluation.fairness import Fair, assign_groups, measure_fairness
from mesocosm.learning.evaluation.leakage import find_leaks
from mesocosm.learning.evaluation.robustness import WAYS, measure_robustness
from mesocosm.learning.evaluation.slices import find_weak_slices


def test_an_input_that_tells_the_target_and_rows_in_both_parts_are_found() -> None:
    rng = np.random.default_rng(0)
    y = [("late", "paid", "open")[i] for i in rng.integers(0, 3, 300)]
    rows: dict[str, list[Any]] = {
        "fee": [{"late": 30.0, "paid": 0.0, "open": 5.0}[v] + rng.normal() * 0.1 for v in y],
        "state": [{"late": "L", "paid": "P", "open": None}[v] for v in y],
        "note": [f"marked as {v} by ann" for v in y],
        "age": [float(v) for v in rng.integers(18, 80, 300)],
    }
    kinds = {"fee": "number", "state": "category", "note": "text", "age": "number"}
    where = {"train": list(range(200)), "test": list(range(200, 300))}
    assert set(find_leaks(rows, kinds, list(rows), where, y).telling) == {"fee", "state", "note"}
    for name in rows:
        rows[name][299] = rows[name][0]
    assert find_leaks(rows, kinds, ["age", "fee"], where, y).shared == 1


def test_a_target_that_leaks_into_an_input_stops_the_build_and_trust_lets_it_pass(
    tmp_path: Path,
) -> None:
    rng = random.Random(1)
    lines = [
        f"{i},{rng.randint(18, 80)},{('yes', 'no')[i % 2]},{('Y', 'N')[i % 2]}" for i in range(400)
    ]
    (tmp_path / "a.csv").write_text("id,age,paid,code\n" + "\n".join(lines))
    text = """ecosystem: leak
sources: {a: {type: csv, path: a.csv}}
datasets:
  d:
    from: a
    fields: {id: {type: text}, age: {type: integer}, paid: {type: category}, code: {type: category}}
models:
  m: {dataset: d, target: paid, features: [age, code]}
services: {s: {model: m}}
"""
    (tmp_path / "ecosystem.yaml").write_text(text)

    def build() -> subprocess.CompletedProcess[str]:
        return run("build", "-f", str(tmp_path))

    ended = build()
    said = ended.stdout + ended.stderr
    assert (
        ended.returncode != 0
        and "'code' alone predicts 'paid' on 100.0% of the test rows" in said
        and "allow_leakage: [code]" in said
    )
    assert "ecosystem.yaml:8" in said and "Traceback" not in said
    (tmp_path / "ecosystem.yaml").write_text(
        text.replace("[age, code]}", "[age, code], allow_leakage: [code]}")
    )
    assert build().returncode == 0


def test_a_weak_slice_is_found_and_chance_is_not() -> None:
    rng = np.random.default_rng(4)
    told = 0
    for _ in range(100):
        rows = {
            "age": [float(v) for v in rng.integers(18, 80, 400)],
            "city": [("Ulm", "Bonn", "Kiel", None)[i] for i in rng.integers(0, 4, 400)],
            "said": ["x" * int(n) for n in rng.integers(5, 90, 400)],
        }
        told += bool(
            find_weak_slices(
                rows, {"age": "number", "city": "category", "said": "text"}, rng.random(400) < 0.2
            )
        )
    assert told <= 20, "10 % of false findings are stated; 100 tables without a weak slice"
    wrong = np.array([rng.random() < (0.6 if c == "Kiel" else 0.1) for c in rows["city"]])
    found = find_weak_slices(rows, {"age": "number", "city": "category", "said": "text"}, wrong)
    assert found[0]["where"] == "city is Kiel" and found[0]["accuracy"] == pytest.approx(
        1 - wrong[[c == "Kiel" for c in rows["city"]]].mean(), abs=1e-4
    )


def test_changed_texts_differ_a_little_and_are_the_same_each_time() -> None:
    texts = [f"I can't pay my card number {i}, what's wrong?" for i in range(60)]
    for way in WAYS.values():
        said = [way(t, random.Random(i)) for i, t in enumerate(texts)]
        assert said == [way(t, random.Random(i)) for i, t in enumerate(texts)]
        assert sum(a != b for a, b in zip(said, texts, strict=True)) > 50
        assert all(abs(len(a) - len(b)) < 25 for a, b in zip(said, texts, strict=True))
    y = np.array([i % 2 for i in range(60)])

    def brittle(said: Any, rows: Any) -> Any:
        right = np.array([s in texts for s in said])
        return np.eye(2)[np.where(right, y[rows], 1 - y[rows])]

    found = measure_robustness(texts, y, brittle, 3)
    assert found["as_they_are"] == 1.0 and found["typo"] < 0.2 and found["paraphrase"] < 0.2


def test_gaps_between_groups_agree_with_fairlearn_and_small_groups_are_left_out() -> None:
    from fairlearn import metrics

    rng = np.random.default_rng(2)
    sex = rng.choice(["f", "m"], 500)
    y, said = rng.integers(0, 2, 500), rng.integers(0, 2, 500)
    said = np.where((sex == "m") & (rng.random(500) < 0.5), 1, said)
    found = measure_fairness(
        Fair(groups=("sex",), positive="good"),
        {"sex": list(sex)},
        {"sex": "category"},
        said,
        y,
        ["bad", "good"],
    )
    assert found["parity_gap"] == pytest.approx(
        metrics.demographic_parity_difference(y, said, sensitive_features=sex), abs=1e-4
    )
    assert found["odds_gap"] == pytest.approx(
        metrics.equalized_odds_difference(y, said, sensitive_features=sex), abs=1e-4
    )
    few = np.array(["x"] * 5 + list(sex[5:]))
    assert (
        "accuracy"
        not in measure_fairness(
            Fair(groups=("sex",)), {"sex": list(few)}, {"sex": "category"}, said, y, ["bad", "good"]
        )["fields"]["sex"]["x"]
    )
    assert assign_groups([17, 25, 40, 60, None], "integer", (25, 60)) == [
        "under 25",
        "25 to under 60",
        "25 to under 60",
        "60 or more",
        None,
    ]


def test_a_temperature_undoes_overconfidence_and_the_paired_test_is_exact() -> None:
    rng = np.random.default_rng(5)
    logits = rng.normal(size=(4000, 3))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    y = np.array([rng.choice(3, p=row) for row in p])
    assert evaluation_metrics.fit_temperature(logits * 4, y) == pytest.approx(4, rel=0.1)
    a = np.array([True] * 12 + [False] * 2 + [True] * 50)
    b = np.array([False] * 12 + [True] * 2 + [True] * 50)
    assert evaluation_metrics.mcnemar(a, b) == pytest.approx(
        2 * sum(__import__("math").comb(14, k) for k in range(3)) / 2**14
    )
    assert evaluation_metrics.mcnemar(a, a) == 1.0


def test_the_card_says_what_the_catalog_knows(bank: Path, tmp_path: Path) -> None:
    out = tmp_path / "card.md"
    said = run("model", "card", "risk", "-f", str(bank), "-o", str(out))
    assert said.returncode == 0, said.stderr
    page = out.read_text()
    for word in (
        "# risk-v",
        "## Data",
        "CC-BY-4.0",
        "under 25",
        "| linear |",
        "McNemar",
        "## Weak slices",
        "| bad |",
    ):
        assert word in page, word
    wrong = run("model", "card", "risc", "-f", str(bank))
    assert wrong.returncode == 1 and "Did you mean 'risk'?" in wrong.stderr
