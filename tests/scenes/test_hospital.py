"""The hospital: a general model adapted to two hospitals that bring few patients, and what follows
when a laboratory changes its unit.
"""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, SMALL, follow, said_of, small_rows
from in_process import load_service

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.learning.heads.selection import TrainingRows
from mesocosm.learning.strategies.domain_adaptation import (
    Recalibrated,
    Shifted,
    SourceModel,
    Unchanged,
    adapt_head,
)
from mesocosm.monitoring.monitor import ServiceMonitor
from mesocosm.serving.service import LiveService

pytestmark = pytest.mark.slow

PATIENT = {
    "age": 61,
    "sex": "Male",
    "chest_pain": "asymptomatic",
    "blood_pressure": 140,
    "cholesterol": 0,
    "fasting_sugar": "FALSE",
    "ecg": "normal",
    "heart_rate": 110,
    "exercise_angina": "TRUE",
    "st_depression": 2,
    "st_slope": "flat",
    "vessels": None,
    "thallium": None,
}


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, cli: Any) -> Path:
    """The hospital example, built once."""
    home = tmp_path_factory.mktemp("hospital") / "hospital"
    shutil.copytree(
        ROOT / "examples" / "hospital", home, ignore=shutil.ignore_patterns(".mesocosm")
    )
    done = cli("build", "-f", str(home))
    assert done.returncode == 0, done.stdout + done.stderr
    return home


def test_each_hospital_gets_a_model_no_worse_than_its_own(hospital: Path) -> None:
    catalog = open_ecosystem(hospital).catalog
    for name in ("zurich-risk", "veterans-risk"):
        (version,) = catalog.versions(name)
        told = version["metrics"]["adapted"]
        assert (
            version["state"] == "champion" and told["from"] == catalog.versions("general")[-1]["id"]
        )
        assert version["metrics"]["gain_over_local"] == pytest.approx(
            version["metrics"]["auc"] - told["local"]["auc"], abs=2e-4
        )
        assert version["metrics"]["gain_over_local"] >= -0.02
    zurich = catalog.versions("zurich-risk")[0]["metrics"]
    assert zurich["log_loss"] < 0.5 * zurich["adapted"]["general"]["log_loss"], (
        "nine of ten are ill there, and the general model does not know it"
    )


def test_two_hospitals_learn_together_as_well_as_from_one_table(hospital: Path) -> None:
    metrics = open_ecosystem(hospital).catalog.versions("general")[0]["metrics"]
    assert (
        set(metrics["federated"]["sites"]) == {"cleveland", "hungary"}
        and metrics["gain_over_pooled"] >= -0.01
        and metrics["gain_over_apart"] > 0
    )


def test_the_door_reads_words_a_strip_and_figures_and_does_without_any_of_them(
    hospital: Path,
) -> None:
    eco = open_ecosystem(hospital)
    metrics = eco.catalog.versions("first-look")[0]["metrics"]
    assert set(metrics["beside"]) == {"text alone", "images alone", "table alone"}
    assert all(other["gain"] > -0.05 for other in metrics["beside"].values()), (
        "no kind of knowledge alone is surely better than all three"
    )
    served = load_service(eco, "front-desk")
    strip = base64.b64encode((hospital / "data" / "strips" / "CL0007.png").read_bytes()).decode()
    whole = {
        "complaint": "No pain at all, I was sent for a check. It comes when I climb stairs.",
        "strip": strip,
        "age": 62,
        "sex": "Female",
        "blood_pressure": 140,
    }
    said = [
        one["probabilities"]["yes"]
        for one in served.predict(
            [whole, *(whole | {name: None} for name in whole), dict.fromkeys(whole)]
        )
    ]
    assert len(set(said)) == len(said), "each of them counts"
    assert said[2] < said[0] - 0.1, (said, "its strip shows a deep ST segment")


def test_only_weights_travel(hospital: Path) -> None:
    """No row of the pooled patients is in what the others hold; the general model may be gone, and
    they answer.
    """
    catalog = open_ecosystem(hospital).catalog
    for name in ("zurich-risk", "veterans-risk"):
        version = catalog.versions(name)[0]
        held = b"".join(
            p.read_bytes()
            for p in (hospital / ".mesocosm" / version["path"]).rglob("*")
            if p.is_file()
        )
        assert not any(mark in held for mark in (b"CL0001", b"HU0305", b"SW0598", b"LO0721"))


def clinic(home: Path) -> tuple[Any, LiveService]:
    eco = open_ecosystem(home)
    served = load_service(eco, "heart-clinic")
    return eco, served


def test_a_zero_is_no_cholesterol(hospital: Path) -> None:
    _, served = clinic(hospital)
    said = [
        one["probabilities"]
        for one in served.predict(
            [PATIENT | {"cholesterol": value} for value in (0, None, "0", 250)]
        )
    ]
    assert said[0] == said[1] == said[2] != said[3]


def test_a_laboratory_that_changes_its_unit_is_told_to_mend_it(hospital: Path) -> None:
    """Cholesterol in mmol/L: the rows are refused and named, and nothing is trained again."""
    eco, served = clinic(hospital)
    asked: list[Any] = []
    watch = ServiceMonitor(
        "heart-watch",
        eco.spec.eco.monitors["heart-watch"],
        served,
        eco.catalog,
        lambda *a: asked.append(a),
        lambda *a: asked.append(a),
    )
    said = served.predict(
        [PATIENT | {"cholesterol": round((180 + n) / 38.67, 2)} for n in range(40)]
    )
    assert all("cholesterol" in one["why"] for one in said)
    (alert,) = watch.look()
    verdict = next(a for a in eco.catalog.alerts() if a["id"] == alert)["detail"]["verdict"]
    assert (
        verdict["kind"] == "schema"
        and verdict["remedy"] == "fix the source"
        and verdict["feature"] == "cholesterol"
        and not asked
    )


def test_its_tutorial_holds(hospital: Path, tmp_path: Path) -> None:
    assert follow(ROOT / "docs" / "tutorials" / "hospital.md", hospital, tmp_path) >= 10


def test_its_story_goes_as_told(hospital: Path, cli: Any) -> None:
    done = cli("test", "scenario", "-f", str(hospital))
    assert done.returncode == 0, done.stdout + done.stderr


def rows(count: int, seed: int, level: float = 0.0) -> tuple[Any, Any, Any]:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(count, 4)).astype(np.float32)
    y = (draw.random(count) < 1 / (1 + np.exp(-(2 * x[:, 0] - x[:, 1] + level)))).astype(int)
    return np.zeros((count, 0), np.float32), x, y


GENERAL = SourceModel(
    "g-v1",
    ["no", "yes"],
    {},
    np.array([[-1, 1], [0.5, -0.5], [0, 0], [0, 0]], np.float32),
    np.zeros(2, np.float32),
)


def test_what_is_adapted_keeps_what_few_rows_cannot_better() -> None:
    """As it is where the place is like the others; its level where only that differs; its own
    weights where there are enough rows to tell.
    """
    names = [
        adapt_head(GENERAL, TrainingRows(*rows(40, seed), 2, seed), lambda _: None).name
        for seed in range(12)
    ]
    assert names.count("general") + names.count("recalibrated") >= 10, names
    text, table, y = rows(60, 3, level=2.5)
    moved = Recalibrated(GENERAL).fit(text, table, y, 2, 3)
    assert moved.loss < Unchanged(GENERAL).fit(text, table, y, 2, 3).loss - 0.1
    said, before = (
        moved.logits(text, table),
        Unchanged(GENERAL).fit(text, table, y, 2, 3).logits(text, table),
    )
    assert (np.argsort(said[:, 1] - said[:, 0]) == np.argsort(before[:, 1] - before[:, 0])).all(), (
        "a new level changes no order"
    )
    text, table, _ = rows(800, 5)
    other = (table[:, 2] > 0).astype(int)  # here something else tells
    assert adapt_head(GENERAL, TrainingRows(text, table, other, 2, 5), lambda _: None).name not in (
        "general",
        "recalibrated",
    )
    assert Shifted(GENERAL).fit(text, table, other, 2, 5).loss < 0.3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            ("init_from: wide", "init_from: judg"),
            "no model is named 'judg'; expected another model of the file; nearest 'judge'",
        ),
        (("init_from: wide", "init_from: near"), "'near' is this model itself"),
        (("init_from: wide", "init_from: judge"), "the head of 'judge' may not be linear"),
        (
            ("features: [amount], init_from", "features: [text], init_from"),
            "'features' is not that of 'wide', which is adapted",
        ),
        (
            ("init_from: wide}", "init_from: wide, fusion: late}"),
            "only the head of a model is adapted",
        ),
        (
            (
                "track: [], fine_tune: {method: frozen, head: kernel}",
                "track: [], require: {gain_over_general: '> 0'}",
            ),
            "'gain_over_general' is a metric of a model that adapts another",
        ),
    ],
)
def test_what_cannot_be_adapted_is_said(pond: Path, change: tuple[str, str], sentence: str) -> None:
    more = (
        "  wide: {dataset: mail, target: label, features: [amount], fine_tune: {method: frozen, head:"
        " linear}}\n  near: {dataset: mail, target: label, features: [amount], init_from: wide}\n"
    )
    text = SMALL.replace("services:", more + "services:")
    assert change[0] in text
    (pond / "ecosystem.yaml").write_text(text.replace(*change))
    assert any(sentence.split(";")[0] in said for said in said_of(pond))


def test_a_class_that_the_general_model_never_met_is_said(tmp_path: Path, cli: Any) -> None:
    text = SMALL.split("models:")[0].replace(
        "  notes: {type: csv, path: notes.csv}",
        "  notes: {type: csv, path: notes.csv}\n  more: {type: csv, path: more.csv}",
    )
    other = (
        text.split("  mail:")[1]
        .replace("from: notes", "from: more")
        .replace("[yes please, no thanks]", "[yes please, maybe]")
    )
    models = (
        "models:\n  wide: {dataset: mail, target: label, features: [amount], track: [], fine_tune:"
        " {method: frozen, head: linear}}\n  near: {dataset: letters, target: label, features:"
        " [amount], track: [], init_from: wide}\n"
    )
    (tmp_path / "ecosystem.yaml").write_text(
        text.replace("stratify: label}", "stratify: label}\n  letters:" + other) + models
    )
    (tmp_path / "notes.csv").write_text(small_rows())
    (tmp_path / "more.csv").write_text(small_rows().replace("no thanks", "maybe"))
    done = cli("build", "-f", str(tmp_path))
    assert done.returncode != 0 and "knows no class 'maybe'" in done.stdout + done.stderr, (
        done.stdout + done.stderr
    )
    assert [v["state"] for v in open_ecosystem(tmp_path).catalog.versions("wide")] == ["champion"]
