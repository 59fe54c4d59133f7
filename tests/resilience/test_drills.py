"""Drills against a running service whose rows hold dates and whose classes are not equal: what they
send is sent, and what they do is told.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import Server

from mesocosm.api.ecosystem import open_ecosystem

pytestmark = pytest.mark.slow

FILE = """grammar: 2
ecosystem: churn
sources: {crm: {type: csv, path: people.csv}}
datasets:
  people:
    from: crm
    key: id
    fields: {id: integer, joined: date, income: number, visits: integer, plan: {type: category}, churned: {type: category, values: ["no", "yes"]}}
    split: {test: 0.4, stratify: churned}
models:
  churn: {dataset: people, target: churned, features: [joined, income, visits, plan], track: [], fine_tune: {method: frozen, head: linear}}
services:
  desk: {model: churn}
monitors:
  watch: {service: desk, every: 2s, drift: {window: 50}}
"""


def people(rows: int) -> str:
    rng = random.Random(4)
    lines = ["id,joined,income,visits,plan,churned"]
    for i in range(rows):
        income, visits = rng.lognormvariate(8, 0.5), rng.randrange(1, 30)
        churned = rng.random() < (0.75 if visits < 6 else 0.12)
        lines.append(
            f"{i},{date(2020, 1, 1) + timedelta(days=rng.randrange(1500))},{income:.2f},{visits},{rng.choice(['basic', 'plus'])},{'yes' if churned else 'no'}"
        )
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def churn(tmp_path_factory: pytest.TempPathFactory, cli: Callable[..., Any]) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("churn")
    (home / "people.csv").write_text(people(900))
    (home / "ecosystem.yaml").write_text(FILE)
    done = cli("build", "-f", str(home))
    assert done.returncode == 0, done.stderr
    server = Server(home)
    yield server
    server.close()


def drilled(churn: Server, cli: Callable[..., Any], *words: str) -> dict[str, Any]:
    done = cli("test", "drill", *words, "-f", str(churn.home), "--json")
    assert done.returncode == 0 and not done.stderr.count("Traceback"), done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["failed"] == found.get("refused", 0) == 0
    return dict(found)


def test_a_unit_is_told_and_an_alert_that_is_open_is_not_called_none(
    churn: Server, cli: Callable[..., Any]
) -> None:
    first = drilled(churn, cli, "unit-change", "--rows", "200")
    assert (
        first["judged"]["kind"] == "unit"
        and "income" in first["alerts"][0]
        and first["open_before"] == []
    )
    again = drilled(churn, cli, "unit-change", "--rows", "60", "--wait", "1")
    assert again["alerts"] == [] and "income" in again["open_before"][0]["message"]
    said = cli(
        "test", "drill", "unit-change", "-f", str(churn.home), "--rows", "60", "--wait", "1"
    ).stdout
    assert "no new alert" in said and "still open from before: " in said
    drilled(churn, cli, "quiet", "--rows", "300")
    assert open_ecosystem(churn.home).catalog.alerts(open_only=True) == []


def test_labels_that_all_mean_the_other_class_are_told(
    churn: Server, cli: Callable[..., Any]
) -> None:
    """One class in four is rare, so flipped labels come of other classes than usual; every answer
    has its label, so none was selected.
    """
    found = drilled(churn, cli, "concept-change", "--rows", "240")
    assert found["judged"]["kind"] == "concept", found


def test_a_copy_is_asked_with_rows_that_hold_dates(churn: Server, cli: Callable[..., Any]) -> None:
    found = drilled(churn, cli, "kill")
    assert found["requests"] > 10 and found["lost"] == 0


def test_the_report_describes_the_version_in_service_and_names_those_made_after_it(
    churn: Server, cli: Callable[..., Any]
) -> None:
    eco = open_ecosystem(churn.home)
    serving = eco.catalog.deployment("desk")["version"]
    told = json.loads(cli("report", "churn", "-f", str(churn.home), "--json").stdout)["models"][
        "churn"
    ]
    assert told["id"] == serving and told["others"] == []
    done = cli("model", "retrain", "desk", "-f", str(churn.home))
    kept = eco.catalog.deployment("desk")["version"]
    newest = eco.catalog.versions("churn")[-1]["id"]
    told = json.loads(cli("report", "churn", "-f", str(churn.home), "--json").stdout)["models"][
        "churn"
    ]
    assert newest != kept == told["id"] and [o["id"] for o in told["others"]] == [newest], (
        done.stdout
    )  # the same data prove no gain
    assert (
        f"later version, not deployed: {newest}"
        in cli("report", "churn", "-f", str(churn.home)).stdout
    )
    assert newest in churn.http.get("/report").text
