"""Datasets that read datasets: order, content, erasure, privacy and the account through a chain."""

import csv
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mesocosm
from mesocosm.core.errors import ConfigError

FILE = """
grammar: 2
ecosystem: shop
sources:
  customers-file: {type: csv, path: customers.csv}
  orders-file: {type: csv, path: orders.csv}
datasets:
  order-facts:
    from:
      union: [orders]
      lookup:
        customers: {left_on: customer, right_on: id}
    key: order
    split: none
    fields:
      order: {type: text}
      customer: {type: text}
      amount: {type: number}
      city: {type: category}
      mail: {type: text, private: hidden}
  customers:
    from: customers-file
    key: id
    split: none
    fields:
      id: {type: text}
      city: {type: category, values: [Berlin, München], aliases: {Muenchen: München}}
      mail: {type: text, private: mask}
  orders:
    from: orders-file
    key: order
    split: none
    fields:
      order: {type: text}
      customer: {type: text}
      amount: {type: number, unit: EUR}
    rules: [amount > 0]
  per-customer:
    from:
      union: [customers]
      lookup:
        order-facts: {left_on: id, right_on: customer, aggregate: {total: sum(amount)}}
    key: id
    split: none
    fields:
      id: {type: text}
      city: {type: category}
      total: {type: number}
"""


def _write(folder: Path, text: str = FILE, shift: int = 0) -> None:
    rng = random.Random(3)
    (folder / "ecosystem.yaml").write_text(text, encoding="utf-8")
    with (folder / "customers.csv").open("w", encoding="utf-8", newline="") as handle:
        out = csv.writer(handle)
        out.writerow(["id", "city", "mail"])
        out.writerows([f"new{i}", "Berlin", "n@example.org"] for i in range(shift))
        for i in range(60):
            out.writerow([f"c{i}", rng.choice(["Berlin", "Muenchen"]), f"p{i}@example.org"])
    with (folder / "orders.csv").open("w", encoding="utf-8", newline="") as handle:
        out = csv.writer(handle)
        out.writerow(["order", "customer", "amount"])
        for i in range(200):
            out.writerow([f"o{i}", f"c{rng.randrange(66)}", rng.randint(-1, 90)])


@pytest.fixture
def shop(tmp_path: Path) -> mesocosm.Ecosystem:
    _write(tmp_path)
    eco = mesocosm.open(tmp_path)
    eco.build()
    return eco


def _rows(eco: mesocosm.Ecosystem, name: str) -> list[dict[str, Any]]:
    return list(eco.datasets[name].to_arrow().to_pylist())


def _read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def test_a_chain_holds_what_plain_python_makes_of_the_files(
    shop: mesocosm.Ecosystem, tmp_path: Path
) -> None:
    customers = {row["id"]: row for row in _read(tmp_path, "customers.csv")}
    orders = [row for row in _read(tmp_path, "orders.csv") if int(row["amount"]) > 0]
    totals: dict[str, float] = defaultdict(float)
    for row in orders:
        totals[row["customer"]] += int(row["amount"])
    found = {row["order"]: row for row in _rows(shop, "order-facts")}
    assert set(found) == {row["order"] for row in orders}
    for row in orders:
        customer = customers.get(row["customer"])
        city = {"Muenchen": "München"}.get(customer["city"], customer["city"]) if customer else None
        kept = found[row["order"]]
        assert (kept["amount"], kept["city"]) == (float(row["amount"]), city)
        assert kept["mail"] is None if customer is None else kept["mail"] == "******rg"
    for row in _rows(shop, "per-customer"):
        assert (row["total"] or 0) == totals.get(row["id"], 0)


def test_rows_are_traced_to_the_files(shop: mesocosm.Ecosystem, tmp_path: Path) -> None:
    out = tmp_path / "facts.json"
    shop.data.export_rows("order-facts", out)
    orders = _read(tmp_path, "orders.csv")
    customers = _read(tmp_path, "customers.csv")
    for row in json.loads(out.read_text(encoding="utf-8")):
        assert row["_file"] == "orders.csv" and orders[row["_line"] - 2]["order"] == row["order"]
        for place in (row["_also"] or "").split():
            file, _, line = place.partition(":")
            assert file == "customers.csv"
            assert customers[int(line) - 2]["id"] == row["customer"]


def test_the_plan_says_why_each_dataset_is_rebuilt(
    shop: mesocosm.Ecosystem, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    text = FILE.replace("rules: [amount > 0]", "rules: [amount > 5]")
    (tmp_path / "ecosystem.yaml").write_text(text, encoding="utf-8")
    eco = mesocosm.open(tmp_path)
    signs = {change.address: change.sign for change in eco.plan().changes}
    assert {name for name, sign in signs.items() if sign == "±"} == {
        "datasets.orders",
        "datasets.order-facts",
        "datasets.per-customer",
    }
    said = cli("plan", "-f", str(tmp_path)).stdout
    assert "datasets.orders is rebuilt" in said and "datasets.order-facts is rebuilt" in said
    eco.build()
    assert min(row["amount"] for row in _rows(mesocosm.open(tmp_path), "order-facts")) > 5
    assert not [c for c in mesocosm.open(tmp_path).plan().changes if c.sign != "="]


def test_a_person_is_forgotten_down_the_chain(shop: mesocosm.Ecosystem, tmp_path: Path) -> None:
    count = Counter(row["customer"] for row in _rows(shop, "order-facts"))
    before = len(_rows(shop, "order-facts"))
    erased = shop.data.forget("customers", "c5")
    assert {other.dataset for other in erased.others} == {"order-facts", "per-customer"}
    eco = mesocosm.open(tmp_path)
    left = _rows(eco, "order-facts")
    assert count["c5"] and len(left) == before - count["c5"]
    assert "c5" not in {row["customer"] for row in left}
    assert "c5" not in {row["id"] for row in _rows(eco, "per-customer")}
    planned = {change.address: change for change in eco.plan().changes}
    assert planned["datasets.order-facts"].sign == planned["datasets.per-customer"].sign == "±"
    assert not eco.doctor().faults
    eco.build()
    eco = mesocosm.open(tmp_path)
    kept = {row["id"] for row in _rows(eco, "per-customer")}
    assert "c5" not in kept and len(kept) == 59
    # her orders stand in a file of their own, whose dataset the customer's key does not name
    assert "c5" in {row["customer"] for row in _rows(eco, "orders")}
    facts = {row["order"]: row for row in _rows(eco, "order-facts")}
    assert all(row["city"] is None for row in facts.values() if row["customer"] == "c5")


def test_a_dataset_of_other_files_is_named_and_rebuilt(
    shop: mesocosm.Ecosystem, tmp_path: Path
) -> None:
    """A line of the files of now is another row of those that the dataset was built from."""
    broken = FILE.replace("order: {type: text}", "order: {type: text, column: gone}", 1)
    _write(tmp_path, broken, shift=7)
    failed = mesocosm.open(tmp_path).build().failed
    assert failed and all("order-facts" in finding.key for finding in failed)
    eco = mesocosm.open(tmp_path)
    erased = eco.data.forget("customers", "c5")
    assert "order-facts" in erased.not_reached
    assert {row["customer"] for row in _rows(eco, "order-facts")} >= {"c5"}
    (tmp_path / "ecosystem.yaml").write_text(FILE, encoding="utf-8")
    mesocosm.open(tmp_path).build()
    facts = _rows(mesocosm.open(tmp_path), "order-facts")
    assert all(row["city"] is None for row in facts if row["customer"] == "c5")


def test_what_is_forgotten_below_stays_above_and_is_named(
    shop: mesocosm.Ecosystem, tmp_path: Path
) -> None:
    order = _rows(shop, "order-facts")[0]["order"]
    erased = shop.data.forget("order-facts", order)
    assert {"orders", "customers"} <= set(erased.not_reached)
    assert "order-facts" in erased.not_reached["orders"]
    eco = mesocosm.open(tmp_path)
    eco.build()
    eco = mesocosm.open(tmp_path)
    assert order not in {row["order"] for row in _rows(eco, "order-facts")}
    assert order in {row["order"] for row in _rows(eco, "orders")}


def test_rows_of_one_line_cannot_be_told_apart(tmp_path: Path) -> None:
    text = FILE.replace(
        "  orders-file: {type: csv, path: orders.csv}",
        "  orders-file: {type: csv, path: orders.csv}\n  again: {type: csv, path: orders.csv}",
    ).replace("from: orders-file\n    key: order", "from: {union: [orders-file, again]}")
    _write(tmp_path, text)
    (failed, *_) = mesocosm.open(tmp_path).build().failed
    assert "orders" in failed.text() and "came from one line" in failed.text()


def test_an_old_version_that_comes_back_rebuilds_what_reads_it(
    shop: mesocosm.Ecosystem, tmp_path: Path
) -> None:
    text = FILE.replace("rules: [amount > 0]", "rules: [amount > 50]")
    (tmp_path / "ecosystem.yaml").write_text(text, encoding="utf-8")
    mesocosm.open(tmp_path).build(accept=("orders",))
    eco = mesocosm.open(tmp_path)
    eco.data.rollback("orders")
    signs = {change.address: change.sign for change in mesocosm.open(tmp_path).plan().changes}
    assert signs["datasets.order-facts"] == signs["datasets.per-customer"] == "±"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("union: [orders]", "union: [ordres]", "Did you mean 'orders'?"),
        ("mail: {type: text, private: hidden}", "mail: {type: text}", "private: hidden"),
        ("amount: {type: number}\n", "amount: {type: text, private: hidden}\n", "hid 'amount'"),
        (
            "union: [orders]",
            "union: [per-customer]",
            "in a circle: order-facts -> per-customer -> order-facts",
        ),
        ("from: customers-file", "from: customers", "customers -> customers"),
        (
            "aggregate: {total: sum(amount)}",
            "aggregate: {total: max(mail)}",
            "reads 'mail' of the dataset 'order-facts'",
        ),
    ],
)
def test_what_does_not_hold_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    _write(tmp_path, FILE.replace(old, new))
    with pytest.raises(ConfigError) as refused:
        mesocosm.open(tmp_path)
    assert said in refused.value.render()


def test_a_count_of_a_private_field_is_public(tmp_path: Path) -> None:
    _write(tmp_path, FILE.replace("{total: sum(amount)}", "{total: count(mail)}"))
    eco = mesocosm.open(tmp_path)
    eco.build()
    assert sum(row["total"] for row in _rows(eco, "per-customer")) > 100


def test_lineage_names_the_datasets(shop: mesocosm.Ecosystem) -> None:
    events = [json.loads(line) for line in shop.data.lineage().lines]
    inputs = {e["job"]["name"]: {i["name"] for i in e["inputs"]} for e in events}
    assert inputs["govern.order-facts"] == {"datasets.orders", "datasets.customers"}
    assert inputs["govern.customers"] == {"sources.customers-file"}
    (event,) = [e for e in events if e["job"]["name"] == "govern.per-customer"]
    fields = event["outputs"][0]["facets"]["columnLineage"]["fields"]
    assert {f["name"] for f in fields["city"]["inputFields"]} >= {"datasets.customers"}
