"""The results of rules over versions, beside counts of plain Python."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mesocosm
from mesocosm.core.errors import ConfigValueError, MesocosmError

FILE = """
grammar: 2
ecosystem: shop
sources:
  orders-file: {type: csv, path: orders.csv}
datasets:
  orders:
    from: orders-file
    key: id
    split: none
    owner: ann@shop.example
    fields:
      id: {type: text}
      amount: {type: number, rules: [amount < 1000]}
      paid: {type: boolean}
      mail: {type: text, private: mask}
    rules:
      - amount >= 0
      - {type: unique, of: [mail], severity: warn}
      - {type: unique, of: [amount, paid]}
      - {condition: paid or amount < 50, severity: warn, mostly: 0.9}
      - {type: quantile, of: [amount], at: 0.5, max: 45, severity: warn}
"""


def _build(folder: Path, amounts: list[str], text: str = FILE) -> mesocosm.Ecosystem:
    (folder / "ecosystem.yaml").write_text(text)
    with (folder / "orders.csv").open("w", newline="") as handle:
        out = csv.writer(handle)
        out.writerow(["id", "amount", "paid", "mail"])
        for i, amount in enumerate(amounts):
            out.writerow([f"k{i}", amount, "true" if i % 3 else "false", f"m{i // 2}@example.org"])
    mesocosm.open(folder).build(accept=("orders",))
    return mesocosm.open(folder)


def _amounts(low: int = 0, huge: int = 0) -> list[str]:
    """200 amounts of 0 to 99.5, some of them below 0 or over 1000, and one that is no number."""
    amounts = [f"{i / 2}" for i in range(200)]
    for i in range(low):
        amounts[i] = f"-{i + 1}"
    for i in range(huge):
        amounts[-1 - i] = f"{2000 + i}"
    amounts[100] = "x"
    return amounts


def test_each_rule_is_counted_on_the_rows_that_can_be_read(tmp_path: Path) -> None:
    amounts = _amounts(low=6, huge=2)
    found = _build(tmp_path, amounts).data.checks("orders")
    rows = [(float(a), i % 3 > 0, i // 2) for i, a in enumerate(amounts) if a != "x"]
    newest = {rule.rule: rule.runs[-1] for rule in found.rules}
    assert newest["amount < 1000"].broken == 2 and newest["amount >= 0"].broken == 6
    kept = [row for row in rows if 0 <= row[0] < 1000]
    severities = {rule.rule: rule.severity for rule in found.rules}
    for name, run in newest.items():
        assert run.rows == len(rows if severities[name] == "quarantine" else kept), name
    seen: set[int] = set()
    repeated = 0
    for _, _, mail in kept:
        repeated += mail in seen
        seen.add(mail)
    assert newest["mail unique (an earlier row says the same)"].broken == repeated
    loose = newest["paid or amount < 50"]
    assert loose.broken == sum(not paid and amount >= 50 for amount, paid, _ in kept)
    assert loose.result == "failed"  # more than a tenth
    quantile = newest["amount quantile"]
    assert quantile.result == "failed" and "expected 45 or less" in quantile.found
    assert found.owner == "ann@shop.example" and len(found.open_problems) == 5


def test_a_problem_opens_is_seen_again_and_closes(tmp_path: Path) -> None:
    for low in (0, 3, 4, 0):
        eco = _build(tmp_path, _amounts(low=low))
        (rule,) = eco.data.checks("orders", rule="amount >= 0").rules
        if low == 0 and len(rule.runs) == 1:
            assert (rule.problem, rule.since, rule.seen) == ("", None, 0)
        elif low:
            assert (rule.problem, rule.seen) == ("open", len(rule.runs) - 1)
            assert rule.since == rule.runs[1].version
    assert (rule.problem, rule.since, rule.seen) == ("closed", None, 0)
    assert [run.broken for run in rule.runs] == [0, 3, 4, 0]
    assert [run.result for run in rule.runs] == ["passed", "failed", "failed", "passed"]


def test_broken_rows_are_listed_without_private_values(tmp_path: Path) -> None:
    eco = _build(tmp_path, _amounts(low=3))
    found = eco.data.checks("orders", rule="amount >= 0", rows=2)
    assert found.rows is not None and [row.line for row in found.rows] == [2, 3]
    assert all("example.org" not in str(row.original) for row in found.rows)
    assert eco.data.checks("orders").rows is None


def test_a_new_rule_begins_with_the_next_version(tmp_path: Path) -> None:
    _build(tmp_path, _amounts())
    text = FILE.replace("amount >= 0", "amount >= 1")
    (tmp_path / "ecosystem.yaml").write_text(text)
    (rule,) = mesocosm.open(tmp_path).data.checks("orders", rule="amount >= 1").rules
    assert not rule.runs and not rule.problem
    eco = _build(tmp_path, _amounts(), text)
    (rule,) = eco.data.checks("orders", rule="amount >= 1").rules
    assert [run.broken for run in rule.runs] == [2]


def test_wrong_words_and_missing_builds_are_refused(
    tmp_path: Path, cli: Callable[..., Any]
) -> None:
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    with pytest.raises(MesocosmError):
        mesocosm.open(tmp_path).data.checks("orders")
    eco = _build(tmp_path, _amounts(low=1))
    with pytest.raises(ConfigValueError) as wrong:
        eco.data.checks("orders", rule="price > 0")
    assert "amount >= 0" in wrong.value.choices
    said = cli("data", "checks", "orders", "-f", str(tmp_path))
    assert said.returncode == 0 and "1 of 199 rows break it" in said.stdout
    assert "open since orders@1" in said.stdout
    chinese = cli("--lang", "zh", "data", "checks", "orders", "-f", str(tmp_path)).stdout
    assert "199 行中有 1 行违反" in chinese and "rows" not in chinese
