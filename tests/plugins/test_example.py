"""The example package, installed as a user installs it, adds its kinds to everything that knows
kinds.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from jsonschema import Draft202012Validator
from little_base import little_base
from plugin_packages import install, packages_of, run

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.config.loader import read_text
from mesocosm.config.source_map import load_tree, to_plain_data

pytestmark = pytest.mark.slow

FILE = """ecosystem: river
sources:
  loggers: {type: logfmt, path: logs/*.log}
datasets:
  visits:
    from: loggers
    fields:
      station: {type: category}
      total: {type: integer, rules: [{type: never_falls, by: station}]}
      took: {type: duration, missing: median}
      level: {type: number, outliers: {method: winsor, share: 0.05}}
      note: {type: text}
      state: {type: category}
    split: {test: 0.25, validation: 0.15, stratify: state}
models:
  water:
    base: BASE
    dataset: visits
    target: state
    features: [took, level, note]
    fine_tune: {method: first, epochs: 1}
    track: []
services:
  desk: {model: water}
monitors:
  watch: {service: desk, drift: cramer}
world:
  elements: {datasets: {type: reservoir, capacity: 480}}
"""
KINDS = {
    "cleaning.winsor",
    "drift.cramer",
    "elements.reservoir",
    "exporters.systemd",
    "fine_tuning.first",
    "rules.never_falls",
    "sources.logfmt",
    "types.duration",
}


def log_of_visits() -> str:
    lines = []
    for i in range(120):
        clear = i % 2
        note = "lovely clear water" if clear else "awful brown mud"
        took = f"{1 + i % 3}h {i % 60}m" if clear else f"{5 + i % 50} min"
        state = "clear" if clear else "turbid"
        lines.append(
            f'station=k{i % 3} total={100 + i} took="{took}" level={2 + i % 7 / 10:.2f}'
            f' note="{note}, visit {i}" state={state}'
        )
    lines.append('station=k1 total=5 took=3h level=2.1 note="meter exchanged" state=clear')
    lines += ["", "restarted by hand"]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "packages"
    install(ROOT / "examples" / "plugin", folder)
    return folder


@pytest.fixture(scope="module")
def river(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Path:
    """A project that uses every kind of the example, built."""
    home = tmp_path_factory.mktemp("river")
    (home / "logs").mkdir()
    (home / "logs" / "a.log").write_text(log_of_visits(), encoding="utf-8")
    (home / "ecosystem.yaml").write_text(FILE.replace("BASE", str(little_base())), encoding="utf-8")
    built = run(home, "build", site=site)
    assert built.returncode == 0, built.stdout + built.stderr
    return home


def test_the_file_is_valid_with_the_package_and_invalid_without(river: Path, site: Path) -> None:
    assert run(river, "check", site=site).returncode == 0
    without = run(river, "check")
    assert without.returncode == 2 and "'logfmt' is not one of the choices" in without.stderr


def test_every_kind_treats_the_rows(river: Path, site: Path) -> None:
    with packages_of(site):
        visits = open_ecosystem(river).datasets["visits"]
        rows, quarantined = visits.to_arrow().to_pylist(), visits.quarantine().to_pylist()
    assert len(rows) == 120
    assert rows[1]["took"] == 2 * 3600 + 60 and rows[2]["took"] == 7 * 60
    levels = [row["level"] for row in rows]
    assert 2.0 <= min(levels) <= max(levels) <= 2.6
    reasons = {row["line"]: row["reason"] for row in quarantined}
    assert (
        reasons[121] == "breaks the rule: total falls below the row before it of the same station"
    )
    assert "it is not key=value pairs" in reasons[123]


def test_a_request_is_read_as_the_rows_were(river: Path, site: Path) -> None:
    row = {"took": "2h 5m", "level": 2.3, "note": "awful brown mud"}
    answered = run(river, "predict", "desk", "--input", json.dumps(row), "--json", site=site)
    assert answered.returncode == 0, answered.stderr
    told = json.loads(answered.stdout)
    assert told["label"] in ("clear", "turbid")
    traced = run(river, "trace", told["id"], "--json", site=site)
    assert "7500" in traced.stdout, traced.stdout + traced.stderr
    refused = run(
        river, "predict", "desk", "--input", json.dumps(row | {"took": "soon"}), site=site
    )
    assert refused.returncode == 1
    assert "'soon' is not a duration such as 1h 30m" in refused.stderr


def test_the_method_trained_the_first_layer(river: Path, site: Path) -> None:
    with packages_of(site):
        (version,) = open_ecosystem(river).catalog.versions("water")
    assert version["recipe"]["method"] == "first"


def test_a_plan_of_what_is_built_keeps_all_and_names_a_newer_plugin(
    river: Path, site: Path, tmp_path: Path
) -> None:
    plan = json.loads(run(river, "plan", "--json", site=site).stdout)
    changes = plan["changes"] if isinstance(plan, dict) else plan
    assert {change["sign"] for change in changes} == {"="}
    newer = tmp_path / "packages"
    shutil.copytree(site, newer)
    (info,) = newer.glob("*.dist-info")
    metadata = (info / "METADATA").read_text()
    assert "Version: 0.1.0" in metadata
    (info / "METADATA").write_text(metadata.replace("Version: 0.1.0", "Version: 0.2.0"))
    text = run(river, "plan", site=newer).stdout
    for kind in ("sources.logfmt", "types.duration", "fine_tuning.first", "drift.cramer"):
        changed = "was mesocosm-fieldlog 0.1.0 and is mesocosm-fieldlog 0.2.0"
        assert f"the plugin of {kind} {changed}" in text, text


def test_doctor_lists_the_kinds(river: Path, site: Path) -> None:
    found = json.loads(run(river, "doctor", "--json", site=site).stdout)
    plugins = found["plugins"]
    assert {f"{one['group']}.{one['name']}" for one in plugins} == KINDS
    assert {one["state"] for one in plugins} == {"ready"} and found["faults"] == []
    text = run(river, "doctor", site=site).stdout
    assert "plugin sources.logfmt of mesocosm-fieldlog 0.1.0: ready" in text


def test_a_misspelt_kind_is_answered_with_the_nearest(site: Path) -> None:
    wrong = {
        "type: logfmt": "'logfmt'",
        "type: duration": "'duration'",
        "method: winsor": "'winsor'",
        "type: never_falls": "'never_falls'",
        "method: first": "'first'",
        "drift: cramer": "'cramer'",
        "type: reservoir": "'reservoir'",
    }
    text = FILE
    for good in wrong:
        text = text.replace(good, f"{good[:-1]}x{good[-1]}")
    with packages_of(site), pytest.raises(Exception) as caught:
        read_text(text, ROOT / "ecosystem.yaml", {})
    for near in wrong.values():
        assert f"Did you mean {near}?" in str(caught.value)


def test_settings_of_a_kind_are_checked_as_those_of_built_in_kinds(site: Path) -> None:
    text = FILE.replace("path: logs", "pat: logs").replace("share: 0.05", "share: 2")
    with packages_of(site), pytest.raises(Exception) as caught:
        read_text(text, ROOT / "ecosystem.yaml", {})
    findings = {finding.key: finding for finding in caught.value.findings}  # type: ignore[attr-defined]
    assert findings["sources.loggers.pat"].near == "path"
    share = findings["datasets.visits.fields.level.outliers.share"]
    assert str(share.expected) == "a number, over 0, under 0.5" and share.place.line == 11


def test_the_published_schema_has_the_kinds(river: Path, site: Path) -> None:
    schema = run(river, "check", "--schema", site=site)
    found = json.loads(schema.stdout)
    text = (river / "ecosystem.yaml").read_text(encoding="utf-8")
    data = to_plain_data(load_tree(text, "f"))
    Draft202012Validator.check_schema(found)
    assert list(Draft202012Validator(found).iter_errors(data)) == []
    described = found["$defs"]["Winsor"]["anyOf"][0]["properties"]["share"]["description"]
    assert described == "how much of the rows lies outside, at either end."


def test_an_export_is_written_with_its_settings(river: Path, site: Path, tmp_path: Path) -> None:
    words = ("export", "systemd", str(tmp_path / "unit"), "--set", "user=keeper")
    assert run(river, *words, site=site).returncode == 0
    unit = (tmp_path / "unit" / "mesocosm-river.service").read_text()
    assert "User=keeper" in unit and "ExecStart=/usr/local/bin/mesocosm up" in unit


def test_an_image_installs_the_package_of_an_index(river: Path, site: Path, tmp_path: Path) -> None:
    refused = run(river, "export", "docker", str(tmp_path / "refused"), site=site)
    assert refused.returncode == 1 and "was installed from a folder" in refused.stderr
    assert not (tmp_path / "refused").exists()
    (origin,) = site.glob("mesocosm_fieldlog-*.dist-info/direct_url.json")
    origin.unlink()  # as pip leaves a package that comes from an index
    assert run(river, "export", "docker", str(tmp_path / "image"), site=site).returncode == 0
    assert '" mesocosm-fieldlog' in (tmp_path / "image" / "Dockerfile").read_text()
    assert "mesocosm-fieldlog==0.1.0" in (tmp_path / "image" / "pins.txt").read_text()


def test_the_drift_test_sees_a_shift(site: Path) -> None:
    from mesocosm.monitoring.drift.feature_tests import find_drifted

    training = {
        "x": {"numbers": [i / 199 for i in range(200)], "rows": 1000},
        "c": {"counts": {"a": 1}},
    }
    still = [(i * 37 % 200) / 199 for i in range(100)]
    with packages_of(site):
        moved, tested = find_drifted(
            training, {"x": [v + 0.3 for v in still], "c": ["b"] * 100}, 0.01, "cramer"
        )
        calm, _ = find_drifted(training, {"x": still}, 0.01, "cramer")
    assert [one["feature"] for one in moved] == ["x"] and calm == [] and set(tested) == {"x"}


def test_the_world_shows_the_element(river: Path, site: Path) -> None:
    from mesocosm.app.world.scene_state import Scenery

    with packages_of(site):
        eco = open_ecosystem(river)
        shown = {e.id: e for e in Scenery(eco.spec, eco.catalog, {}, []).scene().elements}
    lake = shown["datasets.visits"]
    assert (lake.kind, lake.level, lake.state) == ("lake", 0.25, "watch")
    assert lake.says == "Dataset visits: 120 of 480 rows"
