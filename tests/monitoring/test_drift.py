"""The drift watch: quiet on rows like the training rows, loud on changed ones, and what follows."""

from __future__ import annotations

import json
import random
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SMALL, Server, small_rows
from in_process import load_service

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.app.deploy.alert_rules import ALERTS
from mesocosm.config import read
from mesocosm.core.errors import ConfigError, MesocosmError
from mesocosm.monitoring.drift.detectors.psi import PopulationStabilityIndex
from mesocosm.monitoring.drift.feature_tests import collect_columns, find_drifted
from mesocosm.monitoring.drift.localization import localize_drift
from mesocosm.monitoring.evidence import DriftCase, diagnose_drift
from mesocosm.monitoring.labels.accuracy_test import Labelled
from mesocosm.monitoring.monitor import ServiceMonitor
from mesocosm.monitoring.notifications import RUNBOOK
from mesocosm.monitoring.surge.evidence import HELD_LABEL
from mesocosm.resilience.scenario import read_story
from mesocosm.serving.service import LiveService

pytestmark = pytest.mark.slow

CREDIT = {
    "amount": {"numbers": [float(i * 20) for i in range(1, 201)], "rows": 700},
    "age": {"numbers": [20 + i * 0.25 for i in range(200)], "rows": 700},
    "job": {"counts": {"skilled": 500, "other": 200}},
}


def live(rng: random.Random, rows: int, times: float = 1.0) -> list[dict[str, Any]]:
    return [
        {
            "amount": rng.choice(CREDIT["amount"]["numbers"]) * times,
            "age": rng.uniform(20, 70),
            "job": "skilled" if rng.random() < 5 / 7 else "other",
        }
        for _ in range(rows)
    ]


def test_quiet_rows_raise_no_alarm_at_the_stated_rate() -> None:
    rng = random.Random(1)
    alarms = sum(
        bool(find_drifted(CREDIT, collect_columns(live(rng, 100)), 0.01)[0]) for _ in range(300)
    )
    assert alarms <= 8  # 1 % of 300 looks, and its spread


def test_a_currency_change_is_seen_within_a_hundred_rows() -> None:
    rng = random.Random(2)
    seen = [
        find_drifted(CREDIT, collect_columns(live(rng, 100, 1.95583)), 1e-6)[0] for _ in range(50)
    ]
    assert all(found and found[0]["feature"] == "amount" for found in seen)
    assert 1.5 < seen[0][0]["ratio"] < 2.4


def branches(
    rng: random.Random, rows: int, bad: str = "", times: float = 1.95583
) -> list[dict[str, Any]]:
    """Live rows of four branches, one of which may send another currency."""
    return [
        row | {"branch": b, "amount": row["amount"] * (times if b == bad else 1)}
        for row in live(rng, rows)
        for b in [rng.choice(["north", "south", "east", "west"])]
    ]


def test_the_part_that_holds_a_drift_is_named() -> None:
    rng = random.Random(4)
    named = [localize_drift("amount", CREDIT, branches(rng, 400, "south"), 1e-3) for _ in range(20)]
    assert sum(bool(n) and n["field"] == "branch" and n["value"] == "south" for n in named) >= 17
    assert all(n is None or (60 < n["rows"] < 150 and n["of"] == 400) for n in named)
    everywhere = [
        localize_drift(
            "amount", CREDIT, [r | {"amount": r["amount"] * 2} for r in branches(rng, 400)], 1e-3
        )
        for _ in range(20)
    ]
    assert not any(everywhere), "where all rows moved no part is to blame"
    assert (
        sum(
            localize_drift("amount", CREDIT, branches(rng, 400), 1e-2) is not None
            for _ in range(100)
        )
        <= 3
    )
    assert (
        localize_drift("meaning", CREDIT, branches(rng, 50), 1e-3) is None
        and localize_drift("amount", CREDIT, [], 1e-3) is None
    )


PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "on-call.md"


def test_the_incident_of_the_on_call_page(bank: Path, server: Server, cli: Any) -> None:
    """A unit that changed is judged as one: it trains nothing, since trained on such rows a model
    would be wrong when the source is mended.
    """
    import json

    incident = PAGE.read_text(encoding="utf-8").split("## An incident")[1].split("\n## ")[0]
    blocks = re.findall(r"```(bash|text)\n(.*?)```", incident, re.S)
    before = open_ecosystem(bank).catalog.deployment("credit-desk")["version"]
    said, ran = "", 0
    for kind, block in blocks:
        for line in block.strip().splitlines():
            if kind == "text":
                assert line in " ".join(said.split()), (line, said)
                continue
            words = [str(bank) if w == "examples/bank" else w for w in shlex.split(line)[1:]]
            done = cli(*words)
            assert done.returncode == 0, (line, done.stdout, done.stderr)
            said = said + done.stdout if "status" not in line else done.stdout
            ran += 1
    assert ran == 6
    eco = open_ecosystem(bank)
    (alert,) = [a for a in eco.catalog.alerts() if a["what"] == "drift"]
    verdict = alert["detail"]["verdict"]
    assert (
        verdict["kind"] == "unit"
        and verdict["feature"] == "amount"
        and 0 <= verdict["harm"] < 0.03
        and alert["cleared_at"]
    )
    assert eco.catalog.deployment("credit-desk")["version"] == before
    assert (
        json.loads(cli("test", "drill", "quiet", "-f", str(bank), "--rows", "30", "--json").stdout)[
            "failed"
        ]
        == 0
    )
    judged_ = [a for a in eco.catalog.audit(40) if a["act"] == "judge"]
    assert judged_ and judged_[0]["why"].startswith("no action: drill: amount is 0.5113 times")


def test_every_alert_has_its_heading() -> None:
    headings = {
        h.lower().replace(" ", "-")
        for h in re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), re.M)
    }
    used = {heading for *_, heading in ALERTS} | set(RUNBOOK.values()) | {"where-to-look-first"}
    assert used <= headings and len(ALERTS) == 8


TRAIN = random.Random(3)


def drawn(
    rng: random.Random, rows: int, shift: float = 0.0, good: float = 0.5
) -> list[dict[str, Any]]:
    """Rows whose label is told by `income`, half a deviation apart from each other; `age` tells
    nothing.
    """
    found = []
    for _ in range(rows):
        label = "good" if rng.random() < good else "bad"
        found.append(
            {
                "income": (
                    rng.lognormvariate(7 + (0.6 if label == "good" else -0.6), 0.5) * (1 + shift)
                ),
                "age": rng.gauss(45, 10),
                HELD_LABEL: label,
            }
        )
    return found


def predict(rows: Any) -> list[dict[str, Any]]:
    """The best that can be said of such rows."""
    import math

    found = []
    for row in rows:
        p = (
            1 / (1 + math.exp(-(math.log(row["income"]) - 7) * 1.2 / 0.25))
            if row["income"]
            else 0.5
        )
        label = "good" if p >= 0.5 else "bad"
        found.append(
            {
                "label": label,
                "probability": max(p, 1 - p),
                "probabilities": {"good": p, "bad": 1 - p},
            }
        )
    return found


def trained() -> dict[str, Any]:
    import numpy as np

    rows = drawn(TRAIN, 2000)
    return {
        f: {
            "numbers": np.quantile([r[f] for r in rows], np.linspace(0, 1, 200)).tolist(),
            "rows": 2000,
        }
        for f in ("income", "age")
    }


def judge(live: list[dict[str, Any]], told: tuple[int, int, float] = (0, 0, 0.0)) -> Any:
    training, held = trained(), drawn(random.Random(9), 300)
    rows = [{k: v for k, v in r.items() if k != HELD_LABEL} for r in live]
    found, _ = find_drifted(training, collect_columns(rows), 1e-3)
    labelled = Labelled(*told, p=1e-4 if told[1] < told[2] - 10 else 1.0)
    return diagnose_drift(
        DriftCase(found, training, rows, predict, held, lambda _: labelled, 0.02, 1e-3)
    )


def test_what_kind_a_drift_is_and_what_would_mend_it() -> None:
    rng = random.Random(5)
    unit = judge(drawn(rng, 400, shift=11.0))
    assert (
        (unit.kind, unit.remedy, unit.detail["factor"]) == ("unit", "fix the source", 12.0)
        and unit.harm > 0.1
        and "months and years" in str(unit.why)
    )
    shares = judge(drawn(rng, 400, good=0.9))
    assert (
        shares.kind == "label"
        and shares.detail["weights"]["good"] > 1.5 > 0.5 > shares.detail["weights"]["bad"]
    ), shares
    older = judge([r | {"age": r["age"] + 9} for r in drawn(rng, 400)])
    assert (
        (older.kind, older.remedy) == ("covariate", "nothing")
        and "age" in str(older.why)
        and older.harm <= 0.02
    )
    unsure = judge(
        [r | {"income": 1000 + rng.gauss(0, 60)} for r in drawn(rng, 400)], told=(50, 28, 28.0)
    )
    assert (unsure.kind, unsure.remedy) == ("covariate", "retrain") and unsure.harm > 0.1
    other = judge([r | {"age": r["age"] + 9} for r in drawn(rng, 400)], told=(60, 30, 52.0))
    assert (other.kind, other.remedy) == (
        "concept",
        "retrain",
    ) and "30 of 60 labelled predictions were right (52 expected)" in str(other.why)


def test_the_stability_index_keeps_its_level_and_finds_a_shift() -> None:
    rng, training = random.Random(8), trained()["age"]
    quiet = [
        PopulationStabilityIndex().p_value(training, [rng.gauss(45, 10) for _ in range(300)])
        for _ in range(200)
    ]
    assert sum(p < 0.05 for p in quiet) <= 20
    assert (
        PopulationStabilityIndex().p_value(training, [rng.gauss(48, 10) for _ in range(1000)])
        < 1e-6
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, cli: Any) -> Path:
    """A built pond with held-out rows enough for a judge."""
    home = tmp_path_factory.mktemp("desk")
    (home / "ecosystem.yaml").write_text(
        SMALL.replace(
            "drift: {window: 40}",
            "every: 2s, drift: {window: 60, false_alarms: 1/day}, on_drift: [alert, retrain]",
        )
    )
    (home / "notes.csv").write_text(small_rows(320))
    assert cli("build", "-f", str(home)).returncode == 0
    return home


def watched(desk: Path, home: Path) -> tuple[Any, LiveService, ServiceMonitor, list[str]]:
    """A service in this process over a copy, its watch, and what that asked to be trained."""
    shutil.copytree(desk, home)
    eco, trained = open_ecosystem(home), []  # type: ignore[var-annotated]
    served = load_service(eco)
    return (
        eco,
        served,
        ServiceMonitor(
            "watch",
            eco.spec.eco.monitors["watch"],
            served,
            eco.catalog,
            lambda _, why: trained.append(why),
            lambda *_: None,
        ),
        trained,
    )


def test_texts_of_another_kind_are_found_and_quiet_ones_are_not(desk: Path, tmp_path: Path) -> None:
    """Through a real model's features: the same senders raise nothing, messages about something
    else do, and the judge says what it costs.
    """
    eco, served, watch, _ = watched(desk, tmp_path / "home")
    held = served.now.held()
    rng = random.Random(3)
    assert len(held) >= 60
    served.predict(
        [{k: v for k, v in rng.choice(held).items() if k != HELD_LABEL} for _ in range(60)]
    )
    assert watch.look() == [] and len([p for p in watch.last["p_values"] if "direction" in p]) == 8
    other = [
        "my flight to Lisbon was delayed",
        "how do I reset the router",
        "the soup needs more salt",
        "which train goes to the airport",
        "the concert begins at nine",
    ]
    served.predict(
        [
            {k: v for k, v in rng.choice(held).items() if k != HELD_LABEL}
            | {"text": f"{rng.choice(other)} {i}"}
            for i in range(60)
        ]
    )
    (ident,) = watch.look()
    (alert,) = [a for a in eco.catalog.alerts() if a["id"] == ident]
    assert (
        "text (direction" in alert["message"]
        and alert["detail"]["verdict"]["kind"] in ("covariate", "label")
        and len(alert["detail"]["predictions"]) == 20
    )


def test_a_clock_that_leaps_ahead_and_back_blinds_no_watch(desk: Path, tmp_path: Path) -> None:
    eco, served, watch, _ = watched(desk, tmp_path / "home")
    held, rng, real = served.now.held(), random.Random(4), eco.catalog.clock

    def send(times: float) -> list[str]:
        served.predict(
            [
                {k: v for k, v in row.items() if k != HELD_LABEL}
                | {"amount": row["amount"] * times}
                for row in rng.choices(held, k=60)
            ]
        )
        return watch.look()

    assert send(1) == []
    eco.catalog.clock = lambda: real() + 7200
    assert send(1) == [] and watch.since > real() + 7000
    eco.catalog.clock = real
    assert send(1) == [] and len(send(6)) == 1, "the drift that comes now is seen now"


def test_one_branch_that_sends_another_currency_is_named_and_judged_alone(tmp_path: Path) -> None:
    home, rng = tmp_path / "branches", random.Random(5)
    home.mkdir()
    (home / "ecosystem.yaml").write_text(
        "grammar: 1\necosystem: bank\nsources:\n  loans: {type: csv, path: loans.csv}\ndatasets:\n "
        " all: {from: loans, fields: {amount: {type: number, unit: EUR}, age: {type: number},"
        " branch: {type: category}, late: {type: category}}, split: {test: 0.3, stratify:"
        " late}}\nmodels:\n  risk: {dataset: all, target: late, features: [amount, age], along:"
        " [branch], track: [], fine_tune: {method: frozen, head: linear}}\nservices:\n  desk: {serves:"
        " risk}\nmonitors:\n  watch: {service: desk, drift: {window: 160, false_alarms: 1/day}}\n"
    )
    lines = [
        f"{rng.lognormvariate(7, 0.6):.2f},{rng.uniform(20, 70):.1f},{rng.choice(['north', 'south', 'east', 'west'])}"
        for _ in range(400)
    ]
    (home / "loans.csv").write_text(
        "amount,age,branch,late\n"
        + "".join(
            f"{line},{'yes' if float(line.split(',')[0]) * rng.uniform(0.4, 1.6) > 1400 else 'no'}\n"
            for line in lines
        )
    )
    eco = open_ecosystem(home)
    assert not eco.build().failed
    served = load_service(eco)
    watch = ServiceMonitor(
        "watch",
        eco.spec.eco.monitors["watch"],
        served,
        eco.catalog,
        lambda *_: None,
        lambda *_: None,
    )
    rows = [
        {
            "amount": rng.lognormvariate(7, 0.6),
            "age": rng.uniform(20, 70),
            "branch": rng.choice(["north", "south", "east", "west"]),
        }
        for _ in range(160)
    ]
    served.predict(
        [row | {"amount": row["amount"] * (12 if row["branch"] == "south" else 1)} for row in rows]
    )
    (ident,) = watch.look()
    (alert,) = [a for a in eco.catalog.alerts() if a["id"] == ident]
    many = sum(row["branch"] == "south" for row in rows)
    assert (
        f"only where branch is 'south' ({many} of 160 rows)" in alert["message"]
        and alert["detail"]["where"]["rows"] == many
    )
    assert (
        alert["detail"]["verdict"]["kind"] == "unit"
        and 9 < alert["detail"]["verdict"]["factor"] < 15
        and alert["detail"]["verdict"]["remedy"] == "fix the source"
    )
    named = {
        eco.catalog.prediction(i)["input"]["clean"]["branch"]
        for i in alert["detail"]["predictions"]
    }
    assert named == {"south"}, "the rows that are named are those of the part"


def test_a_text_has_the_same_features_in_every_batch(desk: Path, tmp_path: Path) -> None:
    """A quantised model reads a text otherwise beside others, and where few texts come often a test
    of distributions takes that for a shift.
    """
    _, served, watch, _ = watched(desk, tmp_path / "home")
    held, rng, whole = served.now.held(), random.Random(3), served.now

    class Shaky:
        calls = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(whole, name)

        def embed(self, rows: Any) -> list[list[float]]:
            self.calls += 1
            return [[v + 0.05 * self.calls for v in row] for row in whole.embed(rows)]

    served.now = shaky = Shaky()  # type: ignore[assignment]
    for calls in (1, 1):
        served.predict(
            [{k: v for k, v in rng.choice(held).items() if k != HELD_LABEL} for _ in range(60)]
        )
        assert (
            watch.look() == []
            and shaky.calls == calls
            and len([p for p in watch.last["p_values"] if "direction" in p]) == 8
        )


def test_texts_that_cannot_be_watched_are_told(desk: Path, tmp_path: Path) -> None:
    _, served, watch, _ = watched(desk, tmp_path / "home")
    held = served.now.held()
    served.now = replace(served.now, kept=lambda: held[:30])
    served.predict([{k: v for k, v in row.items() if k != HELD_LABEL} for row in held[:60]])
    assert watch.look() == [] and watch.last["unwatched"] == "text: 30 held-out rows, 40 needed"
    assert watch.last["p_values"] and not any("text" in name for name in watch.last["p_values"])


def test_an_alert_clears_with_the_first_window_that_is_whole_again(
    desk: Path, tmp_path: Path
) -> None:
    """Rows of an incident that is over are not looked back at: neither do they keep its alert, nor
    do they raise another.
    """
    eco, served, watch, _ = watched(desk, tmp_path / "home")
    held, rng = served.now.held(), random.Random(4)

    def send(times: float) -> list[str]:
        served.predict(
            [
                {k: v for k, v in row.items() if k != HELD_LABEL}
                | {"amount": row["amount"] * times}
                for row in rng.choices(held, k=60)
            ]
        )
        return watch.look()

    assert send(1) == []
    assert len(send(6)) == 1 and send(6) == [] and len(eco.catalog.alerts(open_only=True)) == 1
    assert send(1) == [] and eco.catalog.alerts(open_only=True) == []
    assert [send(1) for _ in range(4)] == [[]] * 4 and len(eco.catalog.alerts()) == 1


def test_rows_refused_over_one_field_name_it(desk: Path, tmp_path: Path) -> None:
    """A value that cannot be read and a field that is named otherwise are both the source's."""
    eco, served, watch, trained = watched(desk, tmp_path / "home")
    served.predict(
        [
            {"text": f"please send {i} more, lovely", "amount": "much" if i % 2 else 120}
            for i in range(40)
        ]
    )
    (ident,) = watch.look()
    (alert,) = [a for a in eco.catalog.alerts() if a["id"] == ident]
    assert (
        alert["what"] == "schema"
        and "20 of the last 40 rows of desk were rejected over amount" in alert["message"]
        and "fix the source" in alert["message"]
    )
    assert watch.look() == [] and not trained
    served.predict(
        [
            {k: v for k, v in row.items() if k != HELD_LABEL}
            for row in random.Random(4).choices(served.now.held(), k=60)
        ]
    )
    assert watch.look() == [] and not eco.catalog.alerts(open_only=True), "mended"
    assert watch.look() == [], "what was refused before it was mended is not told again"
    for _ in range(200):
        served.count_rejection("amuont")
    (ident,) = watch.look()
    assert "rejected over amuont" in next(
        a["message"] for a in eco.catalog.alerts() if a["id"] == ident
    )


def test_answers_that_turn_out_wrong_train_a_challenger(desk: Path, tmp_path: Path) -> None:
    """The inputs look as before; only the labels that come back tell, and right ones raise
    nothing.
    """
    eco, served, watch, trained = watched(desk, tmp_path / "home")
    rows = [
        {k: v for k, v in r.items() if k != HELD_LABEL}
        for r in random.Random(4).sample(served.now.held(), 40)
    ]
    for said in served.predict(rows):
        served.feedback(said["id"], said["label"])
    assert watch.look() == [] and not trained
    other = {"yes please": "no thanks", "no thanks": "yes please"}
    for said in served.predict(rows):
        served.feedback(said["id"], other[said["label"]])
    (ident,) = [i for i in watch.look() if i]
    alert = next(a for a in eco.catalog.alerts() if a["id"] == ident)
    assert (
        alert["detail"]["verdict"]["kind"] == "concept"
        and "40 of 80 labelled predictions were right" in alert["message"]
        and len(trained) == 1
    )


STORY = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-story.md"


def test_the_story_of_the_page_goes_as_told_and_another_does_not(
    desk: Path, tmp_path: Path, cli: Any
) -> None:
    """Played on a copy: what is built has neither its rows nor its alerts afterwards."""
    text = STORY.read_text().split("```yaml\n")[1].split("```")[0]
    told = tmp_path / "story.yaml"
    told.write_text(
        text.replace("act: mended", "act: mended\n    wait: 20").replace(
            "alert: none, clears: true", 'alert: surge, says: [moon], answered: "<= 0"'
        )
    )
    catalog = open_ecosystem(desk).catalog
    before = catalog.alerts(), len(catalog.predictions("desk", most=500))
    done = cli("test", "scenario", "-f", str(desk), "--story", str(told), "--json")
    acts = json.loads(done.stdout)["acts"]
    assert [a["missed"] for a in acts[:3]] == [[], [], []] and done.returncode == 1, (
        done.stdout + done.stderr
    )
    assert (
        acts[3]["missed"]
        == [
            "answered: 120 of 120, expected <= 0",
            "no alert of surge was raised",
            "nothing says 'moon'",
        ]
        and acts[3]["cleared"]
    )
    assert (
        acts[1]["refused"] == 3
        and "euros" in acts[2]["act"]
        and "fix the source" in acts[2]["alerts"][0]
        and not acts[2]["versions"]
    )
    assert before == (catalog.alerts(), len(catalog.predictions("desk", most=500)))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "acts: [{act: a, service: dsk, rows: 3}]",
            (
                "story.yaml:1:26  acts.0.service: no service with a model is named 'dsk'; expected"
                " one of the file. Choices: desk. Did you mean 'desk'?"
            ),
        ),
        (
            "acts:\n  - {act: a, service: desk, rows: 3, change: {amuont: 3}}",
            (
                "story.yaml:2:46  acts.0.change.amuont: 'desk' takes no field 'amuont'; expected a"
                " field of its model. Choices: text, amount, label. Did you mean 'amount'?"
            ),
        ),
        (
            "acts:\n  - act: a\n    service: desk\n    rows: 3\n    labels: nobody",
            "story.yaml:5:13  acts.0.labels: got 'nobody'; expected true, false or another.",
        ),
        (
            "acts: [{act: a, service: desk}]",
            "story.yaml:1:8  acts.0.rows: the act sends no rows and no questions",
        ),
        (
            "acts: [{act: a, service: desk, rows: 3, expect: {alarm: none}}]",
            "Did you mean 'alert'?",
        ),
        ("acts: [{act: a, service: desk, rows: 3, expect: {right: lots}}]", "a bound such as"),
        ("acts: [{act: a, service: desk, rows: -3}]", "got -3"),
        ("acts: [{act: a, service: desk, ask: [who]}]", "'desk' has no table to answer from"),
        (
            "acts: [{act: a, service: desk, rows: 3, expect: {alert: drfit}}]",
            "Did you mean 'drift'?",
        ),
        ("acts: []", "acts: a story without an act"),
        ("acts: [", "story.yaml:1"),
    ],
)
def test_what_cannot_be_played_is_said(
    pond: Path, tmp_path: Path, text: str, sentence: str
) -> None:
    spec = read(pond)
    (tmp_path / "story.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_story(spec)
    assert any(sentence in f.text() for f in caught.value.findings), [
        f.text() for f in caught.value.findings
    ]


def test_every_scene_has_a_story_and_none_is_said(pond: Path) -> None:
    for scene in ("bank", "hospital", "newsroom", "shop", "support"):
        assert len(read_story(read(ROOT / "examples" / scene)).acts) >= 4
    with pytest.raises(MesocosmError, match="there is no story.yaml in .*write-a-story.md"):
        read_story(read(pond))


def test_training_anew_is_held_to_a_pace(pond: Path) -> None:
    from sqlalchemy import insert

    from mesocosm.app.run import Running
    from mesocosm.catalog.database import schema

    path = pond / "ecosystem.yaml"
    path.write_text(
        path.read_text().replace(
            "desk: {model: judge}",
            "desk: {model: judge, update: {every: 1d, cooldown: 1h, max: 3}}",
        )
    )
    eco = open_ecosystem(pond)
    running, now = Running(eco.spec, eco.catalog), eco.catalog.clock()
    try:
        assert running.jobs.too_soon("desk") == ""

        def trained(number: int, ago: float) -> None:
            with eco.catalog.transaction() as con:
                con.execute(
                    insert(schema.VERSIONS).values(
                        id=f"judge-v{number}",
                        model="judge",
                        number=number,
                        origin="challenger: drift",
                        state="challenger",
                        at=now - ago,
                    )
                )

        trained(1, 90_000)
        trained(2, 50_000)
        trained(3, 20_000)
        assert running.jobs.too_soon("desk") == ""
        trained(4, 600)
        assert "a challenger was trained 60" in running.jobs.too_soon(
            "desk"
        ) and "the cooldown is 1h" in running.jobs.too_soon("desk")
        trained(5, 4000)
        with eco.catalog.transaction() as con:
            con.execute(schema.VERSIONS.delete().where(schema.VERSIONS.c.number == 4))
        assert running.jobs.too_soon("desk") == "3 were trained within a day, and at most 3 may be"
        running.jobs.retrain("desk", "a drift")
        assert "desk" not in running.jobs.running and eco.catalog.audit(1)[0]["why"].startswith(
            "not retrained now: 3 were trained"
        )
    finally:
        running.nursery.close()
        running.journal.close()
