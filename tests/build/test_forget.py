"""A subject that is forgotten is nowhere in the store, and a later build does not bring it back."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mesocosm.base.errors import Wrong
from mesocosm.build.forget import forget
from mesocosm.catalog import tables as t
from mesocosm.ecosystem import open_ecosystem
from mesocosm.govern.erase import found_in

FILE = """
ecosystem: small
sources:
  people: {type: csv, path: people.csv}
datasets:
  people-table:
    from: people
    key: email
    fields:
      email: {type: text}
      city: {type: category}
      age: {type: integer, rules: ["age between 0 and 120"]}
    duplicates: {by: email}
"""
TRIALS = 200


def test_two_hundred_subjects_are_forgotten_and_found_nowhere(tmp_path: Path) -> None:
    rng = random.Random(4)
    people = [f"person{i:04d}.{rng.randrange(10**6):06d}@example.org" for i in range(420)]
    lines = ["email,city,age"]
    for i, email in enumerate(people):
        lines.append(f"{email},{rng.choice(['Bonn', 'Kiel'])},{rng.randrange(18, 90) if i % 10 else 300}")
        if i % 17 == 0:
            lines.append(f"{email},Bonn,33")
    lines.append(f"{people[5]},broken,line,of,five")
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    eco = open_ecosystem(tmp_path)
    eco.build()
    store = tmp_path / ".mesocosm"
    assert found_in(store, [people[5]]) and found_in(store, [people[10]])  # the scan can find
    for email in people[:TRIALS]:
        eco.catalog.add(t.PREDICTIONS, [{"id": f"p-{email[:10]}", "service": "s", "version": "v", "snapshot": "x", "input": {"clean": {"email": email}}, "output": {}, "ms": 1.0, "at": 1.0}])
    left = []
    for start in range(0, TRIALS, 8):
        done = forget(eco.spec, eco.catalog, "people-table", people[start : start + 8])
        left += done["still_found_in"]
        assert done["rows"]["rows"] + done["rows"]["quarantine"] >= 8 and done["predictions"] == 8
    assert left == []
    assert found_in(store, people[:TRIALS]) == []
    assert found_in(store, [people[TRIALS]]) != []
    account = eco.catalog.snapshot(dataset="people-table")["account"]
    assert account["in"] == account["kept"] + account["quarantined"] + account["duplicates"] + account["forgotten"]
    (tmp_path / "people.csv").write_text("\n".join([*lines, "new@example.org,Bonn,44"]) + "\n")
    eco.build()
    again = eco.catalog.snapshot(dataset="people-table")["account"]
    assert again["forgotten"] >= TRIALS and again["in"] == again["kept"] + again["quarantined"] + again["duplicates"] + again["forgotten"]
    assert found_in(store, people[:TRIALS]) == []
    assert eco.catalog.verify_audit() is None


def test_what_cannot_be_forgotten_is_said(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email,city,age\na@b.org,Bonn,3\n")
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    eco = open_ecosystem(tmp_path)
    with pytest.raises(Wrong, match="no dataset is named"):
        forget(eco.spec, eco.catalog, "peple-table", ["x"])
