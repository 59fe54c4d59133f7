"""Every verb of the command line is a method with a typed result, and its JSON is what the command
prints.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from conftest import ROOT

import mesocosm
from mesocosm.api.ecosystem import Ecosystem
from mesocosm.cli.app import COMMANDS
from mesocosm.core.records import Record

OLD = ROOT / "tests" / "stores" / "store-0.6"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ecosystem that is built, with predictions."""
    folder = tmp_path_factory.mktemp("verbs")
    for name in ("ecosystem.yaml", "people.csv"):
        shutil.copy(OLD / name, folder / name)
    shutil.copytree(OLD / "store", folder / ".mesocosm")
    return folder


def find_verb(command: str) -> Callable[..., object]:
    """The method of a command."""
    group, _, name = command.rpartition(" ")
    if not group:
        return getattr(Ecosystem, name)  # type: ignore[no-any-return]
    verbs = get_type_hints(getattr(Ecosystem, group).fget, *_names_of(group))["return"]
    return getattr(verbs, name)  # type: ignore[no-any-return]


def _names_of(group: str) -> tuple[dict[str, Any], dict[str, Any]]:
    from importlib import import_module

    module = import_module(f"mesocosm.api.verbs.{group}")
    return vars(module), {}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_method_with_a_typed_result(command: str) -> None:
    verb = find_verb(command)
    assert callable(verb) and inspect.getdoc(verb), command
    hints = inspect.get_annotations(inspect.unwrap(verb))
    assert hints.get("return") not in (None, "Any", "dict[str, Any]", "object"), command
    assert not any("Any" in str(hint) for hint in hints.values()), (command, hints)


def test_a_command_without_a_method_is_noticed() -> None:
    with pytest.raises(AttributeError):
        find_verb("data fly")


def test_no_record_has_a_field_of_any_type() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    from make_python import _list_results

    kinds = _list_results()
    assert len(kinds) > 60
    for kind in kinds:
        for field in dataclasses.fields(kind):
            assert "Any" not in str(field.type), (kind, field)
        assert kind.__dataclass_params__.frozen, kind  # type: ignore[attr-defined]


EQUAL = {
    ("status",): lambda eco: eco.status(),
    ("plan",): lambda eco: eco.plan(details=True),
    ("report",): lambda eco: eco.report(),
    ("report", "churn"): lambda eco: eco.report("churn"),
    ("trace", "last"): lambda eco: eco.trace("last"),
    ("explain", "last"): lambda eco: eco.explain("last"),
    ("doctor",): lambda eco: eco.doctor(),
    ("check",): lambda eco: eco.check(),
    ("migrate", "--dry-run"): lambda eco: eco.migrate(dry_run=True),
    ("data", "versions", "people"): lambda eco: eco.data.versions("people"),
    ("data", "diff", "people", "newest"): lambda eco: eco.data.diff("people", "newest"),
    ("data", "lineage"): lambda eco: eco.data.lineage(),
    ("model", "card", "churn"): lambda eco: eco.model.card("churn"),
    ("model", "labels", "churn"): lambda eco: eco.model.labels("churn"),
    ("model", "labels", "churn", "--next"): lambda eco: eco.model.rows_to_label("churn"),
    ("model", "labels", "churn", "--new"): lambda eco: eco.model.propose_classes("churn"),
    ("model", "suggest"): lambda eco: eco.model.suggest(),
}


@pytest.mark.parametrize("words", EQUAL, ids=" ".join)
def test_the_json_of_a_result_is_what_the_command_prints(
    home: Path, cli: Callable[..., Any], words: tuple[str, ...]
) -> None:
    done = cli(*words, "-f", str(home), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    result = EQUAL[words](mesocosm.open(home))
    text = json.dumps(result.to_json(), ensure_ascii=False, indent=1, default=str)
    assert text == done.stdout.rstrip("\n")


def test_records_lose_nothing_of_what_the_engine_returns(home: Path) -> None:
    """A key that a record does not name, or has in another order, would change a command's JSON."""
    from mesocosm.app.loader import trace
    from mesocosm.lifecycle.access.datasets.history import compare_versions
    from mesocosm.lifecycle.review.label_review import find_doubtful_labels, suggest_labelling
    from mesocosm.reports.explanations import explain
    from mesocosm.reports.health import measure_health

    eco = mesocosm.open(home)
    spec, catalog, last = eco.spec, eco.catalog, eco.predictions("desk", 1)[0].id
    report = eco.report()
    assert report.whole is not None
    pairs: list[tuple[object, object]] = [
        (eco.trace("last").to_json(), trace(spec, catalog, last)),
        (eco.explain("last").to_json(), explain(spec, catalog, last)),
        (
            eco.data.diff("people", "0", "newest").to_json(),
            compare_versions(spec, catalog, "people", "0", "newest"),
        ),
        (eco.model.labels("churn").to_json(), find_doubtful_labels(spec, catalog, "churn")),
        (
            eco.model.rows_to_label("churn").to_json(),
            suggest_labelling(spec, catalog, "churn"),
        ),
        (list(report.whole.to_json()), list(measure_health(spec, catalog))),
    ]
    for ours, theirs in pairs:
        assert json.dumps(ours) == json.dumps(theirs)


def test_what_is_not_there_is_refused_with_its_name(home: Path) -> None:
    eco = mesocosm.open(home)
    with pytest.raises(mesocosm.ConfigValueError, match="Did you mean 'desk'"):
        eco["desc"]
    with pytest.raises(mesocosm.MesocosmError, match="no dataset or model is named 'nope'"):
        eco.report("nope")
    with pytest.raises(mesocosm.ConfigValueError, match="no export is named 'dokcer'"):
        eco.export("dokcer", home / "out")
    with pytest.raises(mesocosm.MesocosmError, match="is outside the project's folder"):
        eco.model.suggest(home.parent / "better.yaml")
    with pytest.raises(mesocosm.ConfigValueError, match="the reason is empty"):
        eco.service.close("alert-1", " ")
    with pytest.raises(mesocosm.ConfigValueError, match="width and height from 64 to 4096"):
        eco.world.picture(home / "a.png", size=(8, 8))
    with pytest.raises(mesocosm.MesocosmError, match="Infinity and NaN are not JSON"):
        eco.predict("desk", {"income": float("inf")})
    with pytest.raises(AttributeError, match="no attribute 'fly'"):
        mesocosm.fly  # type: ignore[attr-defined]  # noqa: B018


def test_the_audit_says_that_python_did_it(home: Path) -> None:
    eco = mesocosm.open(home)
    monitor = next(iter(eco.spec.eco.monitors))
    silence = eco.service.silence(monitor, "1s", why="a test")
    assert silence.monitor == monitor and silence.until > 0
    given = eco.service.token("clerk", "ask", 1)
    assert given.may == "ask" and given.token not in repr(given)
    assert eco.service.revoke_tokens("clerk").revoked == 1
    by = {(line.act, line.who) for line in eco.audit(5)}
    assert {("silence", "python"), ("token", "python"), ("revoke", "python")} <= by


def test_a_backup_comes_back(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(home, folder)
    eco = mesocosm.open(folder)
    written = eco.data.backup(tmp_path / "store.tar.gz")
    assert written.files > 0 and Path(written.archive).is_file()
    before = eco.data.versions("people")
    restored = eco.data.restore(written.archive, replace=True)
    assert restored.before and eco.data.versions("people") == before
    elsewhere = mesocosm.restore(written.archive, tmp_path / "elsewhere")
    assert mesocosm.open(elsewhere.file).data.versions("people") == before


def test_a_file_is_begun_drafted_and_checked(tmp_path: Path) -> None:
    begun = mesocosm.init(tmp_path / "new")
    assert begun.template is None
    with pytest.raises(mesocosm.ConfigError, match="no file is at 'data/table.csv'"):
        mesocosm.check(begun.file)
    (tmp_path / "new" / "data").mkdir()
    (tmp_path / "new" / "data" / "table.csv").write_text("text,label\ngood,yes\n")
    assert mesocosm.check(begun.file).counts["services"] == 1
    with pytest.raises(mesocosm.MesocosmError, match="exists already"):
        mesocosm.init(tmp_path / "new")
    shutil.copy(OLD / "people.csv", tmp_path / "people.csv")
    out = tmp_path / "drafted.yaml"
    drafted = mesocosm.draft(tmp_path / "people.csv", out=out)
    assert out.read_text(encoding="utf-8") == drafted.text and "datasets:" in drafted.text
    assert list(drafted.to_json())[0] == "written"
    out.write_text("ecosystem: [", encoding="utf-8")
    with pytest.raises(mesocosm.ConfigError) as caught:
        mesocosm.check(out)
    assert caught.value.findings and "$schema" in mesocosm.schema()


def test_importing_mesocosm_is_light() -> None:
    code = (
        "import sys, mesocosm; heavy = {'numpy', 'sqlalchemy', 'pydantic', 'httpx', 'pyarrow',"
        " 'duckdb', 'torch'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_every_name_that_is_exported_is_there() -> None:
    for name in mesocosm.__all__:
        assert getattr(mesocosm, name) is not None
    assert set(mesocosm.__all__) == {*mesocosm._HOME_OF, "open"}
    assert set(mesocosm.__all__) <= set(dir(mesocosm))


def test_a_record_reads_what_it_writes() -> None:
    alert = mesocosm.Alert("a", "m", "s", "drift", "it drifts", 1.0, {"verdict": {"kind": "unit"}})
    assert mesocosm.Alert.from_json(alert.to_json()) == alert
    assert isinstance(alert, Record) and alert.is_open and alert.diagnosis is not None
    assert alert.diagnosis.kind == "unit"
    told = {"kind": "unit", "harm": 0.1, "remedy": "fix the source", "why": "x", "feature": "age"}
    diagnosis = mesocosm.Diagnosis.from_json(told)
    assert diagnosis.to_json() == told and diagnosis.detail == {"feature": "age"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        alert.id = "b"  # type: ignore[misc]
