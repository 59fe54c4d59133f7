"""Dates as features: days and the place in the year, the same at serving as in training."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.api.service_calls import local
from mesocosm.learning.evaluation.slices import find_weak_slices
from mesocosm.learning.features import tabular

FILE = """grammar: 2
ecosystem: shop
sources:
  rows: {type: csv, path: rows.csv}
datasets:
  sales:
    from: rows
    fields: {day: {type: date, formats: [iso, "%d.%m.%Y"]}, price: number, sold: number}
    split: {test: 0.25, validation: 0}
models:
  demand: {track: [], dataset: sales, target: sold, features: [day, price], require: {r2: ">= 0.7"}}
services:
  till: {model: demand}
"""


def test_a_block_holds_days_and_the_turn_of_the_year() -> None:
    days = [date(2020, 1, 1) + timedelta(days=30 * i) for i in range(40)] + [None]
    facts = tabular.fit_facts({"day": days}, {"day": "date"})
    built = tabular.build_block({"day": days}, facts, 41)
    assert built.shape == (41, sum(tabular.column_counts(facts))) == (41, 4)
    assert built[0, 0] < built[1, 0] < built[39, 0] and built[40].tolist() == [0, 1, 0, 0]
    texts = [None if d is None else d.isoformat() for d in days]
    assert (
        tabular.build_block({"day": texts}, facts, 41) == built
    ).all()  # what a request holds is read as what the snapshot holds
    assert (
        tabular.day_of(datetime(2000, 1, 1, 12, tzinfo=UTC))
        == 0.5
        == tabular.day_of("2000-01-01T14:00:00+02:00")
    )
    assert abs(built[0, 2] - tabular.build_block({"day": ["2021-01-01"]}, facts, 1)[0, 2]) < 0.02


def test_a_season_is_learnt_and_served(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    with (tmp_path / "rows.csv").open("w", newline="") as handle:
        out = csv.writer(handle)
        out.writerow(["day", "price", "sold"])
        for i in range(400):
            day = date(2021, 1, 1) + timedelta(days=int(rng.integers(0, 1095)))
            price = round(float(rng.uniform(1, 5)), 2)
            sold = (
                100
                + 40 * np.cos(2 * np.pi * day.timetuple().tm_yday / 365.25)
                - 5 * price
                + rng.normal() * 3
            )
            out.writerow(
                [
                    day.strftime("%d.%m.%Y") if i % 3 else day.isoformat(),
                    price,
                    round(float(sold), 1),
                ]
            )
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    eco = open_ecosystem(tmp_path)
    eco.build()
    (version,) = eco.catalog.versions("demand")
    assert version["state"] == "champion", version["why"]
    served = local(eco, "till")
    winter, summer, same = served.predict(
        [
            {"day": "05.01.2022", "price": 2},
            {"day": "2022-07-05", "price": 2},
            {"day": "2022-01-05", "price": 2},
        ]
    )
    assert winter["value"] > summer["value"] + 50 and winter["value"] == same["value"]
    assert eco.catalog.prediction(winter["id"])["input"]["clean"]["day"] == "2022-01-05"  # type: ignore[index]


def test_a_weak_season_is_named_by_its_days() -> None:
    days = [date(2020, 1, 1) + timedelta(days=i) for i in range(400)]
    wrong = np.array([i < 100 and i % 2 == 0 for i in range(400)])
    found = find_weak_slices({"day": days}, {"day": "date"}, wrong)
    assert found[0]["where"].startswith("day from 2020-01-01 to 2020-04") and found[0][
        "accuracy"
    ] == pytest.approx(0.5, abs=0.02)
