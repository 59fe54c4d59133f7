"""What follows on trouble: answers recalibrated, a simpler model in a model's place, and each
undone again.
"""

from __future__ import annotations

import math
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, small_rows
from in_process import load_service

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.catalog.records import Diagnosis
from mesocosm.lifecycle.jobs.rollback import rollback
from mesocosm.monitoring.monitor import ServiceMonitor
from mesocosm.monitoring.surge.evidence import HELD_LABEL
from mesocosm.serving.rollout.recalibration import recalibrate_prediction
from mesocosm.serving.rollout.transitions import fall_back, recalibrate
from mesocosm.serving.service import LiveService

pytestmark = pytest.mark.slow

OTHER = {"yes please": "no thanks", "no thanks": "yes please"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, cli: Any) -> Path:
    """A built pond whose desk has a simpler model to fall back to."""
    home = tmp_path_factory.mktemp("desk")
    text = SMALL.replace(
        "desk: {model: judge}", "desk: {model: judge, fallback: plain, runtime: {workers: 0}}"
    )
    text = text.replace(
        "drift: {window: 40}",
        "drift: {window: 60, false_alarms: 1/month, max_accuracy_loss: 0}, on_drift: [alert, recalibrate],"
        " anomaly: {on: [error_rate]}, on_anomaly: [alert, fallback]",
    )
    text = text.replace(
        "services:",
        "  plain: {dataset: mail, target: label, features: [amount], track: []}\nservices:",
    )
    (home / "ecosystem.yaml").write_text(text)
    (home / "notes.csv").write_text(small_rows(640))
    done = cli("build", "-f", str(home))
    assert done.returncode == 0, done.stdout + done.stderr
    return home


@pytest.fixture
def up(desk: Path, tmp_path: Path) -> tuple[Any, LiveService, ServiceMonitor]:
    home = tmp_path / "home"
    shutil.copytree(desk, home)
    eco = open_ecosystem(home)
    served = load_service(eco)
    return (
        eco,
        served,
        ServiceMonitor(
            "watch",
            eco.spec.eco.monitors["watch"],
            served,
            eco.catalog,
            lambda *_: None,
            lambda *_: None,
        ),
    )


def test_odds_that_moved_are_better_told_by_weights() -> None:
    """Rows of one class come three times as often as when the probabilities were learnt: weighted
    ones cost less and are right more often.
    """
    rng = random.Random(1)

    def said(
        x: float,
    ) -> dict[
        str, Any
    ]:  # exact where both classes come equally often: two Gaussians two deviations apart
        p = 1 / (1 + math.exp(-2 * x))
        return {
            "label": "a" if p > 0.5 else "b",
            "probability": max(p, 1 - p),
            "probabilities": {"a": p, "b": 1 - p},
        }

    rows = [
        ("a", rng.gauss(1, 1)) if rng.random() < 0.9 else ("b", rng.gauss(-1, 1))
        for _ in range(3000)
    ]
    before = [said(x) for _, x in rows]
    after = [recalibrate_prediction(one, {"a": 1.8, "b": 0.2}) for one in before]
    loss = [
        sum(
            -math.log(max(1e-9, one["probabilities"][label]))
            for one, (label, _) in zip(each, rows, strict=True)
        )
        / len(rows)
        for each in (before, after)
    ]
    right = [
        sum(one["label"] == label for one, (label, _) in zip(each, rows, strict=True)) / len(rows)
        for each in (before, after)
    ]
    assert loss[1] < 0.75 * loss[0] and right[1] > right[0] + 0.03
    assert all(sum(one["probabilities"].values()) == pytest.approx(1, abs=1e-4) for one in after)
    number = {"label": "3", "value": 3.0}
    assert recalibrate_prediction(number, {"a": 2.0}) == number


def test_classes_in_other_shares_recalibrate_the_service(
    up: tuple[Any, LiveService, ServiceMonitor],
) -> None:
    eco, served, watch = up
    rows = [
        {k: v for k, v in r.items() if k != HELD_LABEL}
        for r in served.now.held()
        if r[HELD_LABEL] == "yes please"
    ]
    before = eco.catalog.deployment("desk")
    rng = random.Random(2)
    served.predict(rng.sample(rows, 60))
    watch.look()
    verdict = watch.last["verdict"]
    assert verdict["kind"] == "label" and verdict["weights"]["yes please"] > 1.5, verdict
    now = eco.catalog.deployment("desk")
    if verdict["remedy"] == "nothing":  # these rows lose nothing: the act is tried by hand
        assert now["id"] == before["id"] and eco.catalog.audit(1)[0]["act"] == "judge"
        assert recalibrate(eco.catalog, "desk", verdict["weights"], "watch", verdict["why"])
        now = eco.catalog.deployment("desk")
    assert (
        now["weights"] == verdict["weights"]
        and now["version"] == before["version"]
        and now["why"].startswith("recalibrated: label shift: class frequencies changed")
    )
    rows = [{"text": "hello there", "amount": 160}]
    judged = served.now.predict(rows)[0]
    plain = served.predict(rows)[0]
    assert served.refresh()
    weighted = served.predict(rows)[0]
    assert (
        weighted["probabilities"]["yes please"] > plain["probabilities"]["yes please"]
        and weighted["version"] == plain["version"]
    )
    assert served.now.predict(rows)[0] == judged  # what it is judged by stays as it was
    back = rollback(eco.catalog, "desk", "test", "enough")
    assert back["to"] == before["version"] and eco.catalog.deployment("desk")["weights"] is None
    assert eco.catalog.version(before["version"])["state"] == "champion"
    served.refresh()
    assert served.predict(rows)[0]["probabilities"] == plain["probabilities"]


def test_the_watch_recalibrates_where_the_verdict_is_that_it_mends(
    up: tuple[Any, LiveService, ServiceMonitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drift is real, what is judged of it is given; every other remedy leaves the service as it
    is.
    """
    eco, served, watch = up
    rows = [
        {k: v for k, v in r.items() if k != HELD_LABEL}
        for r in served.now.held()
        if r[HELD_LABEL] == "yes please"
    ]
    weights = {"yes please": 1.9, "no thanks": 0.1}
    for remedy in ("nothing", "recalibrate"):
        before = eco.catalog.deployment("desk")["id"]
        monkeypatch.setattr(
            watch.drift.diagnosis,
            "_diagnose",
            lambda *_, r=remedy: Diagnosis("label", 0.1, r, "a test", {"weights": weights}),
        )
        served.predict(random.Random(2).sample(rows, 60))
        assert watch.look()
        now = eco.catalog.deployment("desk")
        assert (now["id"] != before, now["weights"]) == (
            (True, weights) if remedy == "recalibrate" else (False, None)
        )
        eco.catalog.clear("watch", "test")


def test_an_anomaly_puts_the_simpler_model_in(up: tuple[Any, LiveService, ServiceMonitor]) -> None:
    eco, served, watch = up
    row = {"text": "please send 8 more, lovely", "amount": 151}
    for n in range(200):  # figures as they were, then every second request fails
        served.times.clear()
        for _ in range(20):
            served.count_request(5.0, 500 if n >= 100 and _ % 2 == 0 else 200)
        watch.look()
    now = eco.catalog.deployment("desk")
    assert now["version"].startswith("plain-v1-") and now["why"].startswith(
        "fell back to plain: anomaly: error_rate of desk is"
    )
    served.refresh()
    said = served.predict([row])[0]
    assert said["version"] == now["version"] and said["label"] in OTHER
    assert not fall_back(eco.catalog, "desk", "plain", "test", "again")
    assert rollback(eco.catalog, "desk", "test", "well again")["to"].startswith("judge-v1-")


def test_a_refusal_takes_no_time_of_answers(up: tuple[Any, LiveService, ServiceMonitor]) -> None:
    _, served, _ = up
    served.times.clear()
    assert served.metrics()["error_rate"] is None
    for _ in range(9):
        served.count_request(0.1, 422)
    found = served.metrics()
    assert (
        found["p50_ms"] is found["p95_ms"] is None
        and found["refused_rate"] == 1.0
        and found["error_rate"] == 0.0
    )
    served.count_request(80.0, 200)
    found = served.metrics()
    assert found["p50_ms"] == found["p95_ms"] == 80.0 and found["refused_rate"] == 0.9


def test_a_model_that_cannot_be_loaded_is_stood_in_for(
    up: tuple[Any, LiveService, ServiceMonitor],
) -> None:
    eco, _, _ = up
    version = eco.catalog.version(eco.catalog.deployment("desk")["version"])
    for file in (eco.spec.root / ".mesocosm" / version["path"]).rglob("*.onnx"):
        file.unlink()
    served = load_service(eco)
    assert served.now is not None and served.now.version.startswith("plain-v1-")
    assert [a["what"] for a in eco.catalog.alerts(open_only=True)] == ["corrupt"]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("desk: {model: judge}", "desk: {model: judge, fallback: juge}", "Did you mean 'judge'"),
        (
            "desk: {model: judge}",
            "desk: {model: judge, fallback: judge}",
            "another model than that",
        ),
        (
            "drift: {window: 40}",
            "anomaly: adwin, on_anomaly: [fallback]",
            "'desk' has no simpler model",
        ),
        (
            "services:\n  desk: {model: judge}",
            (
                "  other: {dataset: mail, target: amount, features: [text], track: []}\nservices:\n "
                " desk: {model: judge, fallback: other}"
            ),
            "'other' does not predict what 'judge' predicts",
        ),
    ],
)
def test_what_cannot_be_fallen_back_to_is_said(
    pond: Path, cli: Any, old: str, new: str, found: str
) -> None:
    path = pond / "ecosystem.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    done = cli("check", "-f", str(pond))
    assert done.returncode and found in " ".join((done.stdout + done.stderr).split()), (
        done.stdout + done.stderr
    )


def test_texts_are_tested_as_a_whole_where_the_file_says_so(desk: Path, tmp_path: Path) -> None:
    """Both tests of all features together: quiet on the same senders, loud on messages about
    something else.
    """
    other = [
        "my flight to Lisbon was delayed",
        "how do I reset the router",
        "the soup needs more salt",
        "which train goes to the airport",
        "the concert begins at nine",
    ]
    for method in ("mmd", "classifier"):
        home = tmp_path / method
        shutil.copytree(desk, home)
        (home / "ecosystem.yaml").write_text(
            (home / "ecosystem.yaml")
            .read_text()
            .replace("max_accuracy_loss: 0}", f"max_accuracy_loss: 0, meaning: {method}}}")
        )
        eco = open_ecosystem(home)
        served = load_service(eco)
        watch = ServiceMonitor(
            "watch",
            eco.spec.eco.monitors["watch"],
            served,
            eco.catalog,
            lambda *_: None,
            lambda *_: None,
        )
        rng, held = random.Random(3), served.now.held()
        rows = rng.sample(held, 60)
        served.predict([{k: v for k, v in r.items() if k != HELD_LABEL} for r in rows])
        assert watch.look() == [] and "text" in watch.last["p_values"], watch.last
        served.predict(
            [
                {k: v for k, v in rng.choice(held).items() if k != HELD_LABEL}
                | {"text": f"{rng.choice(other)} {i}"}
                for i in range(60)
            ]
        )
        (ident,) = watch.look()
        assert "drifted in text (p" in next(
            a["message"] for a in eco.catalog.alerts() if a["id"] == ident
        )
