"""The ledger of a build beside what plain Python finds, and what may never stand in it."""

import csv
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import mesocosm
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.data.quality.ledger import changed_cells

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
    fields:
      id: {type: text}
      amount: {type: number, unit: kg, missing: median, outliers: {method: iqr, action: clip}}
      ordered: {type: date, formats: [iso, "%d.%m.%Y"]}
      country: {type: category, values: [DE, FR], aliases: {Germany: DE}}
      city: {type: text}
      paid: {type: boolean}
      mail: {type: text, private: mask}
    rules: [amount >= 0]
    repairs:
      - {method: spelling, of: [city]}
"""
CITIES = {"Freiburg": 60, "Hannover": 60, "Dresden": 60}


def _rows(count: int = 300) -> list[dict[str, str]]:
    rng = random.Random(7)
    names = list(CITIES)
    rows = []
    for i in range(count):
        amount = f"{rng.randint(100, 900) / 10}"
        if i % 10 == 1:
            amount = f"{amount} lb"
        if i % 17 == 3:
            amount = "n/a"
        if i % 50 == 7:
            amount = "5000"
        if i == 11:
            amount = "-3"
        rows.append(
            {
                "id": f"k{i}",
                "amount": amount,
                "ordered": f"2026-03-{i % 28 + 1:02}" if i % 4 else f"{i % 28 + 1:02}.03.2026",
                "country": ["DE", "FR", "Germany"][i % 3],
                "city": "Hannovr" if i == 40 else names[i % 3],
                "paid": ["true", "no", "false"][i % 3],
                "mail": f"person{i}@example.org",
            }
        )
    return rows


def _write(folder: Path, rows: list[dict[str, str]], text: str = FILE) -> mesocosm.Ecosystem:
    (folder / "ecosystem.yaml").write_text(text)
    with (folder / "orders.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return mesocosm.open(folder)


def _counts(eco: mesocosm.Ecosystem, dataset: str = "orders") -> dict[tuple[str, str], int]:
    found = eco.data.changes(dataset, limit=0)
    return {(count.field, count.rule): count.cells for count in found.counts}


def test_the_counts_are_those_of_plain_python(tmp_path: Path) -> None:
    rows = _rows()
    eco = _write(tmp_path, rows)
    eco.build()
    kept = [row for row in rows if row["amount"] != "-3"]
    pounds = [row for row in kept if row["amount"].endswith("lb")]
    words = [row for row in kept if row["amount"] == "n/a"]
    assert _counts(eco) == {
        ("amount", "type: number, unit: kg"): len(pounds),
        ("amount", "null"): len(words),
        ("amount", "outliers: iqr, action: clip"): sum(r["amount"] == "5000" for r in kept),
        ("amount", "missing: median"): len(words),
        ("ordered", "type: date"): sum("." in row["ordered"] for row in kept),
        ("country", "type: category"): sum(row["country"] == "Germany" for row in kept),
        ("city", "repairs: spelling"): 1,
        ("paid", "type: boolean"): sum(row["paid"] == "no" for row in kept),
    }


def test_each_cell_says_what_came_and_what_is_kept(tmp_path: Path) -> None:
    rows = _rows()
    eco = _write(tmp_path, rows)
    eco.build()
    table = eco.datasets["orders"].to_arrow().to_pylist()
    kept = {row["id"]: row for row in table}
    found = eco.data.changes("orders", limit=1000)
    assert found.recorded == len(found.changes) == found.cells
    for change in found.changes:
        row = rows[change.line - 2]
        assert change.source == row[change.field] and change.file == "orders.csv"
        last = [c for c in found.changes if (c.row, c.field) == (change.row, change.field)][-1]
        value = kept[row["id"]][change.field]
        assert str(last.new) == (str(value).lower() if isinstance(value, bool) else str(value))
    (city,) = eco.data.changes("orders", field="city").changes
    assert (city.old, city.new, city.step, city.line) == ("Hannovr", "Hannover", "repairs", 42)
    clipped = eco.data.changes("orders", step="outliers").changes
    assert {change.old for change in clipped} == {"5000.0"}
    assert all(float(change.new or 0) < 5000 for change in clipped)
    units = eco.data.changes("orders", rule="unit: kg", limit=500).changes
    assert units and {change.field for change in units} == {"amount"}
    one = eco.data.changes("orders", row=units[0].row).changes
    assert {change.row for change in one} == {units[0].row}


def test_private_values_are_counted_and_stand_nowhere(tmp_path: Path) -> None:
    rows = _rows()
    for row in rows[::5]:
        row["mail"] = f"  {row['mail']}"
    eco = _write(tmp_path, rows)
    eco.build()
    count = {c.field: c.cells for c in eco.data.changes("orders", field="mail").counts}
    assert count == {"mail": len(rows[::5])}
    assert not eco.data.changes("orders", field="mail").changes
    for file in (tmp_path / ".mesocosm" / "datasets" / "orders" / "changes").glob("*.parquet"):
        assert "example.org" not in str(pq.read_table(file).to_pylist())


def test_an_anonymous_dataset_has_counts_alone(tmp_path: Path) -> None:
    text = FILE.replace("    key: id\n", "    anonymity: {k: 3, of: [country, city]}\n").replace(
        "      id: {type: text}\n", ""
    )
    eco = _write(tmp_path, _rows(), text)
    eco.build()
    found = eco.data.changes("orders", limit=100)
    assert found.cells > 50 and not found.recorded and not found.changes


def test_what_is_forgotten_leaves_the_ledger(tmp_path: Path) -> None:
    eco = _write(tmp_path, _rows())
    eco.build()
    before = eco.data.changes("orders", limit=1000)
    (city,) = eco.data.changes("orders", field="city").changes
    eco.data.forget("orders", "k40")
    after = eco.data.changes("orders", limit=1000)
    gone = [change for change in before.changes if change.row == city.row]
    assert gone and len(after.changes) == len(before.changes) - len(gone)
    assert city.row not in {change.row for change in after.changes}
    for file in (tmp_path / ".mesocosm" / "datasets" / "orders" / "changes").glob("*.parquet"):
        assert "Hannovr" not in str(pq.read_table(file).to_pylist())
    assert not eco.doctor().faults


def test_each_version_has_its_changes(tmp_path: Path) -> None:
    rows = _rows()
    eco = _write(tmp_path, rows)
    eco.build()
    first = _counts(eco)
    for row in rows:
        row["country"] = "DE"
    _write(tmp_path, rows)
    mesocosm.open(tmp_path).build(accept=("orders.country",))
    eco = mesocosm.open(tmp_path)
    assert ("country", "type: category") not in _counts(eco)
    old = eco.data.changes("orders", at="previous", limit=0)
    assert {(c.field, c.rule): c.cells for c in old.counts} == first
    eco.data.rollback("orders")
    assert _counts(mesocosm.open(tmp_path)) == first


def test_many_changes_are_sampled_and_counted_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changed_cells, "SAMPLED", 20)
    eco = _write(tmp_path, _rows(1200))
    eco.build()
    found = eco.data.changes("orders", limit=5000)
    by_rule = Counter((change.field, change.rule) for change in found.changes)
    for count in found.counts:
        if count.field != "mail":
            least = min(count.cells, 8)  # half of what is drawn on the mean, by the hash of a row
            assert least <= by_rule[count.field, count.rule] <= max(60, count.cells // 4), count
    again = tmp_path / "again"
    again.mkdir()
    other = _write(again, _rows(1200))
    other.build()
    assert other.data.changes("orders", limit=5000).changes == found.changes


def test_a_wide_table_has_its_changes(tmp_path: Path) -> None:
    names = [f"f{i}" for i in range(130)]
    rows = [
        {name: ("n/a" if (i + n) % 9 == 0 else f"{i}") for n, name in enumerate(names)}
        for i in range(40)
    ]
    fields = "\n".join(f"      {name}: {{type: integer, missing: median}}" for name in names)
    text = FILE[: FILE.index("    key: id")] + f"    split: none\n    fields:\n{fields}\n"
    eco = _write(tmp_path, rows, text)
    eco.build()
    counts = _counts(eco)
    for n, name in enumerate(names):
        lost = sum((i + n) % 9 == 0 for i in range(40))
        assert counts[name, "null"] == counts[name, "missing: median"] == lost
    assert eco.data.changes("orders", field="f129", limit=100).recorded == 2 * lost


def test_a_file_without_changes_says_so(tmp_path: Path, cli: Callable[..., Any]) -> None:
    rows = [{"id": f"k{i}", "city": "Bonn"} for i in range(30)]
    text = FILE[: FILE.index("    fields:")] + (
        "    fields:\n      id: {type: text}\n      city: {type: text}\n"
    )
    eco = _write(tmp_path, rows, text)
    eco.build()
    done = cli("data", "changes", "orders", "-f", str(tmp_path))
    assert done.returncode == 0 and "the build changed no such cell" in done.stdout
    asked = json.loads(cli("data", "changes", "orders", "-f", str(tmp_path), "--json").stdout)
    assert asked["counts"] == asked["changes"] == []


def test_wrong_words_have_the_nearest_right_one(tmp_path: Path, cli: Callable[..., Any]) -> None:
    eco = _write(tmp_path, _rows())
    with pytest.raises(MesocosmError):
        eco.data.changes("orders")  # not built
    eco.build()
    with pytest.raises(ConfigValueError) as wrong:
        eco.data.changes("orders", field="amuont")
    assert "amount" in wrong.value.choices
    with pytest.raises(ConfigValueError):
        eco.data.changes("orders", step="fill")
    done = cli("data", "changes", "orders", "--field", "amuont", "-f", str(tmp_path))
    assert done.returncode == 1 and "Did you mean 'amount'?" in done.stderr
    said = cli("--lang", "zh", "data", "changes", "orders", "-f", str(tmp_path)).stdout
    assert "构建更改了保留行中的" in said and "cells" not in said
