"""The ecosystem judged as a whole: what was not measured has no score, what was has the one its
sentence says, and what calls for something is named.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.api.service_calls import local
from mesocosm.reports.health import DAYS, measure_health


def lines_of(at: float, *told: tuple[int, float]) -> str:
    return "".join(
        json.dumps(
            {
                "at": at,
                "route": "/v1/services/{name}/predict",
                "service": "desk" if status < 400 else "",
                "status": status,
                "ms": ms,
            }
        )
        + "\n"
        for status, ms in told
    )


def test_every_score_is_what_it_says(pond: Path, cli: Callable[..., Any]) -> None:
    eco = open_ecosystem(pond)
    nothing = measure_health(eco.spec, eco.catalog)
    assert [p["score"] for p in nothing["parts"].values()] == [
        None
    ] * 4 and "'judge' has no version: mesocosm build" in nothing["next"]
    eco.build()
    told = measure_health(eco.spec, eco.catalog)["parts"]
    assert told["stability"]["score"] is None and told["experience"]["score"] is None, (
        "nobody has asked"
    )
    snapshot, version = eco.catalog.snapshot(dataset="mail"), eco.catalog.versions("judge")[-1]
    assert snapshot and told["data quality"]["score"] == pytest.approx(
        snapshot["report"]["quality"], abs=1e-4
    )
    m, simplest = version["metrics"], version["metrics"]["baselines"]["majority"]["accuracy"]
    assert told["model quality"]["score"] == pytest.approx(
        max(0, (m["accuracy"] - simplest) / (1 - simplest)), abs=1e-3
    )

    log, now = pond / ".mesocosm" / "logs" / "gateway.jsonl", eco.catalog.clock()
    log.parent.mkdir(exist_ok=True)
    before = lines_of(now - (DAYS + 1) * 86400, (200, 1.0), (503, 1.0))
    log.write_text(
        before
        + lines_of(now - 60, (200, 50.0), (200, 90.0), (200, 300.0), (422, 1.0), (503, 1.0))
        + '{"at": 1, "rou'
    )
    told = measure_health(eco.spec, eco.catalog)["parts"]
    assert (told["stability"]["score"], told["stability"]["before"]) == (0.8, 0.5)
    assert (
        told["experience"]["score"] == pytest.approx((1 + 1 + 0.5) / 3, abs=1e-4)
        and told["experience"]["figures"]["desk"]["p95_ms"] == 90.0
    )

    ident = eco.catalog.alert("watch", "desk", "drift", "inputs of desk drifted", {})
    said = measure_health(eco.spec, eco.catalog)
    assert (
        said["next"][0] == "watch has an open alert: inputs of desk drifted"
        and said["parts"]["stability"]["figures"]["open"] == 1
    )
    eco.catalog.clear("watch", "over", ident)
    assert not any("open alert" in one for one in measure_health(eco.spec, eco.catalog)["next"])

    done = cli("report", "-f", str(pond))
    assert (
        done.returncode == 0
        and done.stdout.startswith("data quality")
        and "0.800 (+0.300)" in done.stdout
    ), done.stdout[:600]
    assert (
        json.loads(cli("report", "-f", str(pond), "--json").stdout)["whole"]["parts"]["stability"][
            "score"
        ]
        == 0.8
    )
    assert "whole" not in json.loads(cli("report", "judge", "-f", str(pond), "--json").stdout)
    cli("report", "-f", str(pond), "-o", str(pond / "r.html"))
    page = (pond / "r.html").read_text()
    assert "<h2>Health</h2>" in page and 'aria-label="0.800 of 1"' in page


def test_answers_without_labels_and_services_without_a_watch_are_named(pond: Path) -> None:
    file = pond / "ecosystem.yaml"
    text = file.read_text()
    file.write_text(
        text[: text.index("monitors:")] + text[text.index("world:") :]
        if "world:" in text
        else text[: text.index("monitors:")]
    )
    eco = open_ecosystem(pond)
    eco.build()
    desk = local(eco, "desk")
    asked = desk.predict([{"text": f"please send {i}", "amount": "10 EUR"} for i in range(200)])
    said = " | ".join(measure_health(eco.spec, eco.catalog)["next"])
    assert (
        "no monitor watches 'desk'" in said
        and "0 true labels for the last 200 predictions of 'desk'" in said
    )
    for one in asked[:20]:
        desk.feedback(one["id"], one["label"])
    told = measure_health(eco.spec, eco.catalog)
    assert (
        "true labels for" not in " | ".join(told["next"])
        and told["parts"]["experience"]["figures"]["desk"]["right"] == 1.0
    )
