"""Rollouts: the test that may be looked at always, what follows from figures, and a new version
that comes in, step by step, or goes out, without a failed request.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, said_of
from in_process import load_service

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.catalog.database import schema
from mesocosm.core.prediction_form import CLASSES
from mesocosm.serving.rollout.decision import VersionStats, decide, is_routed_to_new
from mesocosm.serving.rollout.sequential_test import compare_shares
from mesocosm.serving.rollout.transitions import promote
from mesocosm.serving.service import LiveService
from mesocosm.serving.settings import Rollout

pytestmark = pytest.mark.slow


def test_looking_often_does_not_lie() -> None:
    draw, false = np.random.default_rng(11), 0
    for _ in range(400):
        a, b = (np.cumsum(draw.random(1500) < 0.8) for _ in range(2))
        false += any(
            compare_shares(int(a[n - 1]), n, int(b[n - 1]), n).p <= 0.05
            for n in range(30, 1501, 10)
        )
    assert false / 400 <= 0.05


def test_a_real_gain_and_a_real_loss_are_found() -> None:
    draw = np.random.default_rng(5)
    for new, old in ((0.9, 0.8), (0.8, 0.9)):
        found = 0
        for _ in range(60):
            a, b = (np.cumsum(draw.random(1500) < share) for share in (new, old))
            found += any(
                (c := compare_shares(int(a[n - 1]), n, int(b[n - 1]), n)).p <= 0.05
                and (c.difference > 0) == (new > old)
                for n in range(30, 1501, 10)
            )
        assert found >= 57


CANARY = Rollout(
    method="canary",
    steps=(10, 50),
    bake_time="10s",
    min_requests=20,
    guard={"error_rate": "<= 0.01", "p95_ms": "<= 100", "accuracy": ">= 0.5"},
)


@pytest.mark.parametrize(
    "setting, step, new, old, since, act",
    [
        (CANARY, 0, VersionStats(5), VersionStats(50), 3, "hold"),
        (CANARY, 0, VersionStats(5), VersionStats(50), 11, "hold"),  # too few requests
        (CANARY, 0, VersionStats(25), VersionStats(200), 11, "step"),
        (CANARY, 1, VersionStats(90), VersionStats(200), 11, "promote"),
        (CANARY, 0, VersionStats(25, errors=1), VersionStats(200), 3, "return"),
        (
            CANARY,
            0,
            VersionStats(10, errors=1),
            VersionStats(200),
            3,
            "hold",
        ),  # one of ten says little
        (CANARY, 0, VersionStats(25, p95_ms=101), VersionStats(200), 3, "return"),
        (
            CANARY,
            0,
            VersionStats(200, judged=200, right=120),
            VersionStats(200, judged=200, right=180),
            3,
            "return",
        ),
        (
            CANARY,
            0,
            VersionStats(200, judged=200, right=190),
            VersionStats(200, judged=200, right=120),
            3,
            "promote",
        ),
        (
            CANARY.model_copy(update={"promote": "gain"}),
            1,
            VersionStats(90),
            VersionStats(200),
            11,
            "hold",
        ),
        (
            Rollout(method="shadow", bake_time="10s", guard={"agreement": ">= 0.9"}),
            0,
            VersionStats(40, both=40, agreed=39),
            VersionStats(40),
            11,
            "promote",
        ),
        (
            Rollout(method="shadow", bake_time="10s", guard={"agreement": ">= 0.9"}),
            0,
            VersionStats(40, both=40, agreed=30),
            VersionStats(40),
            1,
            "return",
        ),
        (
            Rollout(method="blue-green", bake_time="10s"),
            0,
            VersionStats(40),
            VersionStats(0),
            11,
            "promote",
        ),
    ],
)
def test_what_follows_from_figures(
    setting: Rollout, step: int, new: VersionStats, old: VersionStats, since: float, act: str
) -> None:
    said = decide(setting, step, new, old, since)
    assert said.act == act and said.why and said.detail["new"]["requests"] == new.requests


def test_a_key_stays_where_it_is() -> None:
    few, many = (
        {k for k in map(str, range(3000)) if is_routed_to_new(k, share)} for share in (10, 50)
    )
    assert few < many and 240 < len(few) < 360 and 1400 < len(many) < 1600


ROLLED = SMALL.replace(
    "desk: {model: judge}",
    "desk: {model: judge, rollout: {method: canary, steps: [30, 60], bake_time: 10s, min_requests: 5, key:"
    " text, guard: {error_rate: '<= 0.01'}}}",
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, cli: Callable[..., Any]) -> Path:
    """A service whose second version is about to be tried."""
    from conftest import small_rows

    home = tmp_path_factory.mktemp("two")
    (home / "notes.csv").write_text(small_rows())
    (home / "ecosystem.yaml").write_text(ROLLED)
    assert cli("build", "-f", str(home / "ecosystem.yaml")).returncode == 0
    (home / "ecosystem.yaml").write_text(ROLLED.replace("head: kernel", "head: linear"))
    done = cli("build", "-f", str(home / "ecosystem.yaml"))
    assert done.returncode == 0 and "starts a canary rollout against judge-v1" in " ".join(
        done.stderr.split()
    ), done.stdout + done.stderr
    return home


class Clock:
    def __init__(self) -> None:
        import time

        self.at = time.time()

    def __call__(self) -> float:
        self.at += 0.001
        return self.at


def started(two: Path, tmp_path: Path, rollout: str = "") -> tuple[Any, LiveService, Clock]:
    """The service, running in this process over a copy, under a clock of the test's."""
    shutil.copytree(two, tmp_path / "eco")
    file = tmp_path / "eco" / "ecosystem.yaml"
    if rollout:
        file.write_text(file.read_text().replace("method: canary, steps: [30, 60]", rollout))
    eco, clock = open_ecosystem(tmp_path / "eco"), Clock()
    eco.catalog.clock = clock
    with eco.catalog.transaction() as con:  # the build may be long ago by now
        con.execute(schema.ROLLOUTS.update().values(began=clock(), stepped_at=clock()))
    served = load_service(eco)
    return eco, served, clock


def ask(served: LiveService, some: range) -> list[dict[str, Any]]:
    return served.predict(
        [{"text": f"please send {i} more, lovely", "amount": f"{100 + i} EUR"} for i in some]
    )


def test_a_canary_takes_over_step_by_step(
    two: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    eco, served, clock = started(two, tmp_path)
    first = ask(served, range(60))
    versions = {p["version"].split("-")[1] for p in first}
    share = sum(p["version"].startswith("judge-v2") for p in first) / 60
    assert versions == {"v1", "v2"} and 0.1 < share < 0.5
    assert [p["version"] for p in ask(served, range(60))] == [
        p["version"] for p in first
    ]  # sticky by key
    served.refresh()
    told = " ".join(cli("status", "-f", str(eco.spec.path)).stdout.split())
    assert (
        "canary: judge-v2" in told
        and "gets 30 % of the requests, step 1 of 2" in told
        and "0 errors" in told
    )
    clock.at += 11
    served.refresh()
    assert eco.catalog.rollout("desk")["step"] == 1
    more = ask(served, range(60))
    assert {p["version"] for p in first if "v2" in p["version"]} <= {p["version"] for p in more}
    assert 0.4 < sum(p["version"].startswith("judge-v2") for p in more) / 60 < 0.8
    clock.at += 11
    served.refresh()
    assert eco.catalog.rollout("desk") is None and eco.catalog.deployment("desk")[
        "version"
    ].startswith("judge-v2")
    served.refresh()
    assert {p["version"].split("-")[1] for p in ask(served, range(20))} == {
        "v2"
    } and served.candidate is None
    states = {v["number"]: v["state"] for v in eco.catalog.versions("judge")}
    assert (
        states == {1: "retired", 2: "champion"}
        and eco.catalog.rollouts("desk")[0]["state"] == "promoted"
    )


def test_a_version_that_fails_is_taken_back_and_no_request_fails(two: Path, tmp_path: Path) -> None:
    eco, served, _ = started(two, tmp_path)
    assert served.candidate is not None

    class Broken:
        labels, form = (), CLASSES

        def predict(self, rows: Any) -> Any:
            raise RuntimeError("no")

    from dataclasses import replace

    served.candidate.loaded = replace(served.candidate.loaded, predictor=Broken())
    found = [p for start in range(0, 90, 3) for p in ask(served, range(start, start + 3))]
    assert len(found) == 90 and all(p["version"].startswith("judge-v1") for p in found)
    served.refresh()
    served.refresh()
    ended = eco.catalog.rollouts("desk")[0]
    assert (
        ended["state"] == "returned"
        and "error_rate is 1" in ended["why"]
        and served.candidate is None
    )
    (alert,) = eco.catalog.alerts(open_only=True)
    assert "of desk was rolled back" in alert["message"] and eco.catalog.deployment("desk")[
        "version"
    ].startswith("judge-v1")


def test_feedback_sends_a_worse_version_back(two: Path, tmp_path: Path) -> None:
    eco, served, _ = started(two, tmp_path)
    for start in range(0, 400, 20):
        for said in ask(served, range(start, start + 20)):
            served.feedback(
                said["id"], "yes please" if said["version"].startswith("judge-v1") else "no thanks"
            )
    served.refresh()
    ended = eco.catalog.rollouts("desk")[0]
    assert (
        ended["state"] == "returned"
        and "less often than the version before" in ended["why"]
        and ended["detail"]["p"] < 0.05
    )


def test_a_shadow_is_asked_and_never_heard(two: Path, tmp_path: Path) -> None:
    eco, served, clock = started(two, tmp_path, "method: shadow")
    found = ask(served, range(40))
    served.shadows.submit(lambda: None).result()
    served.refresh()
    detail = eco.catalog.rollout("desk")["detail"]
    assert (
        {p["version"].split("-")[1] for p in found} == {"v1"}
        and detail["new"]["both"] == 40
        and detail["new"]["agreed"] >= 30
    )
    assert eco.catalog.counts()["desk"] == 40  # what a shadow says is in no log
    clock.at += 11
    served.refresh()
    assert eco.catalog.deployment("desk")["version"].startswith("judge-v2")


def test_all_at_once_and_back_by_hand(two: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    eco, served, _ = started(two, tmp_path, "strategy: blue-green")
    assert {p["version"].split("-")[1] for p in ask(served, range(10))} == {"v2"}
    out = json.loads(cli("rollback", "desk", "-f", str(eco.spec.path), "--json").stdout)
    assert out["from"].startswith("judge-v2") and out["to"].startswith("judge-v1")
    served.refresh()
    assert {p["version"].split("-")[1] for p in ask(served, range(10))} == {"v1"}


def test_promoted_by_hand(two: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    eco, served, _ = started(two, tmp_path)
    out = cli("service", "promote", "desk", "-f", str(eco.spec.path), "--why", "it is Friday")
    assert out.returncode == 0 and "judge-v2" in out.stdout
    assert "it is Friday" in eco.catalog.deployment("desk")["why"]
    again = cli("service", "promote", "desk", "-f", str(eco.spec.path))
    assert (
        again.returncode == 1
        and "no rollout of 'desk' is in progress" in again.stdout + again.stderr
    )
    served.refresh()
    assert {p["version"].split("-")[1] for p in ask(served, range(10))} == {"v2"}


def test_two_processes_move_a_rollout_once(two: Path, tmp_path: Path) -> None:
    eco, _, _ = started(two, tmp_path)
    row = eco.catalog.rollout("desk")
    with eco.catalog.transaction() as con:
        assert eco.catalog.move_rollout(con, row, "one", step=1)
        assert not eco.catalog.move_rollout(con, row, "two", step=1)
    promote(eco.catalog, "desk", "test", "enough")
    assert (
        len([d for d in eco.catalog.deployments("desk") if d["version"].startswith("judge-v2")])
        == 1
    )


def test_what_a_rollout_cannot_be_is_said(pond: Path) -> None:
    for setting, wanted in (
        ("steps: [50, 5]", "'steps' that rise"),
        ("steps: [5], guard: {agreement: '>= 0.9'}", "with 'method: shadow' only"),
    ):
        (pond / "ecosystem.yaml").write_text(
            ROLLED.replace("steps: [30, 60]", setting).replace(
                ", guard: {error_rate: '<= 0.01'}}", "}"
            )
            if "guard" in setting
            else ROLLED.replace("steps: [30, 60]", setting)
        )
        assert any(wanted in line for line in said_of(pond)), wanted
