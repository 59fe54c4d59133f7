"""What keeps no contract is refused with its reason, and harms nobody who does not use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SMALL
from plugin_packages import packages_of, run, write_package

from mesocosm.app.installed_plugins import list_plugins
from mesocosm.app.world.scene_state import lay_out_ground
from mesocosm.config.loader import read_text
from mesocosm.core.errors import ConfigError, ConfigValueError
from mesocosm.core.plugins import entry_points
from mesocosm.core.plugins.entry_points import PluginError
from mesocosm.core.plugins.kinds import plugin_mark
from mesocosm.core.version import VERSION
from mesocosm.core.written_settings import mark_plugins
from mesocosm.data.cleaning.missing import IMPUTERS
from mesocosm.data.cleaning.repairs import REPAIRS
from mesocosm.data.quality.rules import RULES
from mesocosm.data.sources import SOURCES

IMPUTER = """
from typing import ClassVar, Literal
from mesocosm.plugins import Imputer


class Zero(Imputer):
    '''Impute 0.'''

    mesocosm_contract: ClassVar[int] = 1
    method: Literal["zero"] = "zero"

    def facts(self, measured, groups, whole):
        return super().facts(0, {}, whole)
"""
FILE = """ecosystem: lab
sources:
  probes: {type: csv, path: probes.csv}
datasets:
  lead:
    from: probes
    split: none
    fields:
      sample: {type: text}
      ug: {type: number, missing: zero}
"""
REFUSED = [
    ("import nothing_of_this_name", "importing it fails (ModuleNotFoundError: No module named"),
    ("raise SystemExit('bye')", "importing it fails (SystemExit: bye)"),
    ("1 / 0", "importing it fails (ZeroDivisionError: division by zero)"),
    ("Other = 1", "importing it fails (AttributeError: module 'lab' has no attribute 'Zero')"),
    ("def Zero(): ...", "it is a function; expected a class"),
    (
        IMPUTER.replace("= 1", "= 2"),
        "Zero is written for contract 2; expected mesocosm_contract: ClassVar[int] = 1,"
        f" which Mesocosm {VERSION} has",
    ),
    (IMPUTER.replace("    mesocosm_contract: ClassVar[int] = 1\n", ""), "Zero names no contract"),
    (
        IMPUTER.replace('"zero"', '"nought"'),
        "'method' of Zero is 'nought'; expected method: Literal[\"zero\"] = \"zero\"",
    ),
    (
        "class Zero:\n    mesocosm_contract = 1",
        "Zero is no Imputer; expected a subclass of mesocosm.data.cleaning.missing.imputer.Imputer",
    ),
]


def read(text: str) -> Any:
    return read_text(text, ROOT / "ecosystem.yaml", {}).eco


@pytest.mark.parametrize("module, why", REFUSED, ids=lambda v: v[:30].strip().split("\n")[0])
def test_a_plugin_that_keeps_no_contract_is_refused_where_it_is_named(
    tmp_path: Path, module: str, why: str
) -> None:
    write_package(tmp_path, "lab-kinds", {"cleaning.zero": "lab:Zero"}, {"lab": module})
    with packages_of(tmp_path):
        with pytest.raises(ConfigError) as caught:
            read(FILE)
        (finding,) = caught.value.findings
        assert finding.key == "datasets.lead.fields.ug.missing" and finding.place.line == 10
        named = "the plugin 'zero' of lab-kinds 1.0 (entry point mesocosm.cleaning, lab:Zero)"
        assert str(finding.found).startswith(f"{named} is refused: ")
        assert why in str(finding.found) and "被拒绝" in finding.render("zh")
        assert read(FILE.replace("zero", "median")).datasets["lead"]
        assert "zero" not in list(IMPUTERS) and IMPUTERS.get("zero") is None


def test_a_plugin_that_keeps_it_is_read(tmp_path: Path) -> None:
    write_package(tmp_path, "lab-kinds", {"cleaning.zero": "lab:Zero"}, {"lab": IMPUTER})
    with packages_of(tmp_path):
        missing = read(FILE).datasets["lead"].fields["ug"].missing
        assert type(missing).__name__ == "Zero" and missing.model_dump()["method"] == "zero"
        assert "zero" in list(IMPUTERS) and "zero" not in list(REPAIRS)
        with pytest.raises(PluginError, match="Zero is no RepairKind"):
            REPAIRS["zero"]
    with pytest.raises(ConfigError, match="'zero' is not one of the choices"):
        read(FILE)


def test_a_name_in_use_is_refused_and_the_built_in_kind_stays(tmp_path: Path) -> None:
    module = IMPUTER.replace('"zero"', '"median"')
    write_package(tmp_path, "lab-kinds", {"cleaning.median": "lab:Zero"}, {"lab": module})
    with packages_of(tmp_path):
        missing = read(FILE.replace("zero", "median")).datasets["lead"].fields["ug"].missing
        assert type(missing).__module__ == "mesocosm.data.cleaning.missing.median"
        (state,) = list_plugins()
    assert "'median' is a kind of Mesocosm's own; expected a name that is not in use" in state.why


def test_a_name_of_two_packages_is_refused_of_both(tmp_path: Path) -> None:
    write_package(tmp_path, "lab-kinds", {"cleaning.zero": "lab:Zero"}, {"lab": IMPUTER})
    write_package(tmp_path, "more-kinds", {"cleaning.zero": "more:Zero"}, {"more": IMPUTER})
    with packages_of(tmp_path):
        with pytest.raises(ConfigError, match="more-kinds 1.0 names one 'zero' too"):
            read(FILE)
        states = [state.as_json()["state"] for state in list_plugins()]
    assert states == ["refused", "refused"]


def test_what_a_base_asks_for_must_be_there(tmp_path: Path) -> None:
    module = """
from typing import ClassVar, Literal
from mesocosm.plugins import ElementKind, Exporter, FeatureTest, FieldKind, SourceKind


class Lines(SourceKind):
    mesocosm_contract: ClassVar[int] = 1
    type: Literal["lines"] = "lines"


class Grade(FieldKind):
    mesocosm_contract: ClassVar[int] = 1
    type: Literal["grade"] = "grade"


class Gap(FeatureTest):
    mesocosm_contract = 1

    def p_value(self, training, live):
        return 1.0


class Flag(ElementKind):
    mesocosm_contract: ClassVar[int] = 1
    sections: ClassVar[tuple[str, ...]] = ("monitors",)
    body: ClassVar[str] = "flag"
    type: Literal["flag"] = "flag"

    def show(self, name, settings, view):
        return {}


class Nomad(Exporter):
    mesocosm_contract: ClassVar[int] = 1
"""
    entries = {
        "sources.lines": "kinds:Lines",
        "types.grade": "kinds:Grade",
        "drift.gap": "kinds:Gap",
        "elements.flag": "kinds:Flag",
        "exporters.nomad": "kinds:Nomad",
        "souces.lines": "kinds:Lines",
        "rules.Bad-Name": "kinds:Lines",
    }
    write_package(tmp_path, "kinds", entries, {"kinds": module})
    with packages_of(tmp_path):
        why = {state.plugin.key: state.why for state in list_plugins()}
    assert "Lines has no 'fingerprint'" in why["sources.lines"]
    assert "'acts_as' of Grade is ''; expected acts_as" in why["types.grade"]
    assert "'of' of Gap is None" in why["drift.gap"]
    assert "'body' of Flag is 'flag'; expected one of spring" in why["elements.flag"]
    assert "Nomad has no 'files'" in why["exporters.nomad"]
    assert "its group is 'mesocosm.souces'" in why["souces.lines"]
    assert "the nearest is mesocosm.sources" in why["souces.lines"]
    assert "its name is 'Bad-Name'; expected small letters" in why["rules.Bad-Name"]


def test_a_refused_drift_test_export_and_element_say_why(tmp_path: Path) -> None:
    entries = {"drift.gap": "lab:Zero", "elements.flag": "lab:Zero", "exporters.nomad": "lab:Zero"}
    write_package(tmp_path, "lab-kinds", entries, {"lab": "import nothing_of_this_name"})
    text = SMALL.replace("drift: {window: 40}", "drift: gap")
    text = text.replace("world: {", "world: {elements: {monitors: flag}, ")
    with packages_of(tmp_path):
        with pytest.raises(ConfigError) as caught:
            read(text)
        keys = {finding.key for finding in caught.value.findings}
        assert keys == {"monitors.watch.drift", "world.elements.monitors"}
        assert str(caught.value).count("importing it fails") == 2
        from mesocosm.app.deploy import EXPORTS

        with pytest.raises(PluginError, match="'nomad' of lab-kinds 1.0"):
            EXPORTS["nomad"]


def test_a_revision_of_its_own_stands_for_the_version(tmp_path: Path) -> None:
    module = IMPUTER.replace("= 1\n", "= 1\n    mesocosm_revision: ClassVar[int] = 4\n", 1)
    write_package(tmp_path, "lab-kinds", {"cleaning.zero": "lab:Zero"}, {"lab": module}, "2.5")
    with packages_of(tmp_path):
        data = read(FILE).datasets["lead"]
        assert mark_plugins(data) == {"plugins": {"cleaning.zero": "lab-kinds, revision 4"}}
        assert plugin_mark(type(data.fields["ug"].missing)) == "lab-kinds, revision 4"
    assert mark_plugins(read(FILE.replace("zero", "median")).datasets["lead"]) == {}


def test_no_plugin_is_looked_for_where_the_kinds_are_built_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(**_: Any) -> None:
        raise AssertionError("looked for plugins")

    entry_points.installed_plugins.cache_clear()
    monkeypatch.setattr(entry_points, "distributions", fail)
    rules = 'rules: ["amount >= 0 or amount is null", {type: unique, of: id}]\n    key: id'
    assert read(SMALL.replace("key: id", rules)).monitors["watch"].drift.method == "auto"
    assert "csv" in SOURCES and "range" in RULES and "amount > 0" not in RULES
    monkeypatch.undo()
    entry_points.installed_plugins.cache_clear()


def test_help_looks_for_no_plugin() -> None:
    code = (
        "import sys; sys.argv = ['mesocosm', '--help']\n"
        "import importlib.metadata as m\n"
        "from mesocosm.cli.app import run\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        "found = sys.modules.get('mesocosm.core.plugins.entry_points')\n"
        "assert found is None or found.installed_plugins.cache_info().misses == 0\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "doctor" in done.stdout


def test_a_broken_plugin_harms_no_command_that_does_not_use_it(tmp_path: Path) -> None:
    site, home = tmp_path / "site", tmp_path / "lab"
    home.mkdir()
    entries = {"cleaning.zero": "lab:Zero", "sources.odd": "lab:Zero", "rules.odd": "lab:Zero"}
    write_package(site, "lab-kinds", entries, {"lab": "raise RuntimeError('broken')"})
    (home / "probes.csv").write_text("sample,ug\na,3.5\nb,\nc,1.25\n")
    (home / "ecosystem.yaml").write_text(FILE.replace("zero", "median"))
    built = run(home, "build", site=site)
    assert built.returncode == 0, built.stderr
    (home / "ecosystem.yaml").write_text(FILE.replace("zero", "medin"))
    wrong = run(home, "check", site=site)
    assert wrong.returncode == 2 and "Did you mean 'median'?" in wrong.stderr
    assert "zero" not in wrong.stderr
    (home / "ecosystem.yaml").write_text(FILE.replace("zero", "median"))
    found = run(home, "doctor", "--json", site=site)
    assert found.returncode == 0
    assert {one["state"] for one in json.loads(found.stdout)["plugins"]} == {"refused"}


def test_nothing_of_the_project_folder_is_a_plugin(tmp_path: Path) -> None:
    home = tmp_path / "lab"
    home.mkdir()
    module = f"open({str(tmp_path / 'ran')!r}, 'w').close()\n{IMPUTER}"
    write_package(home, "lab-kinds", {"cleaning.zero": "lab:Zero"}, {"lab": module})
    (home / "probes.csv").write_text("sample,ug\na,3.5\n")
    (home / "ecosystem.yaml").write_text(FILE)
    for words in ({"where": home}, {"site": home}):
        checked = run(home, "check", **words)  # type: ignore[arg-type]
        assert checked.returncode == 2
        assert "'zero' is not one of the choices" in checked.stderr
    assert not (tmp_path / "ran").exists()


def test_a_file_of_the_project_does_not_stand_in_for_an_installed_module(tmp_path: Path) -> None:
    site, home = tmp_path / "site", tmp_path / "lab"
    home.mkdir()
    write_package(site, "lab-kinds", {"cleaning.zero": "lab:Zero"}, {"lab": IMPUTER})
    (home / "lab.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n{IMPUTER}")
    (home / "probes.csv").write_text("sample,ug\na,3.5\n")
    (home / "ecosystem.yaml").write_text(FILE)
    checked = run(home, "check", site=site, where=home)
    assert "its module 'lab' is found in the project folder" in checked.stderr
    assert not (tmp_path / "ran").exists()
    assert run(home, "check", site=site).returncode == 0


def test_settings_that_no_schema_describes_leave_the_schema_of_all_others(tmp_path: Path) -> None:
    from mesocosm.config.json_schema import published_schema

    module = IMPUTER.replace(
        "    def facts", "    call: Callable[[int], int] = abs\n\n    def facts"
    )
    module = f"from collections.abc import Callable\n{module}"
    good = IMPUTER.replace('"zero"', '"nought"').replace("class Zero", "class Nought")
    entries = {"cleaning.zero": "lab:Zero", "cleaning.nought": "good:Nought"}
    write_package(tmp_path, "lab-kinds", entries, {"lab": module, "good": good})
    with packages_of(tmp_path):
        assert "Nought" in published_schema()["$defs"] and "Zero" not in published_schema()["$defs"]
        assert read(FILE).datasets["lead"].fields["ug"].missing.call(-1) == 1
        with pytest.raises(ConfigError, match="Did you mean 'nought'"):
            read(FILE.replace("zero", "nougt"))


def test_a_package_installed_to_be_edited_may_be_developed_where_it_lies(tmp_path: Path) -> None:
    site, home = tmp_path / "site", tmp_path / "lab"
    write_package(site, "lab-kinds", {"cleaning.zero": "lab:Zero"}, {})
    home.mkdir()
    (home / "lab.py").write_text(IMPUTER)
    (home / "probes.csv").write_text("sample,ug\na,3.5\n")
    (home / "ecosystem.yaml").write_text(FILE)
    assert "project folder" in run(home, "check", site=site, where=home).stderr
    (info,) = site.glob("*.dist-info")
    origin = {"url": home.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(origin))
    assert run(home, "check", site=site, where=home).returncode == 0


def test_an_element_that_fails_is_shown_as_unknown(tmp_path: Path) -> None:
    module = """
from typing import ClassVar, Literal
from mesocosm.plugins import ElementKind


class Flag(ElementKind):
    mesocosm_contract: ClassVar[int] = 1
    sections: ClassVar[tuple[str, ...]] = ("monitors",)
    body: ClassVar[str] = "vane"
    type: Literal["flag"] = "flag"

    def show(self, name, settings, view):
        return {"state": "splendid"}
"""
    from mesocosm.catalog import Catalog, CatalogView
    from mesocosm.world.elements.view import View
    from mesocosm.world.scene import scene

    write_package(tmp_path, "lab-kinds", {"elements.flag": "lab:Flag"}, {"lab": module})
    text = SMALL.replace("world: {", "world: {elements: {monitors: flag}, ")
    with packages_of(tmp_path):
        eco = read(text)
        view = View(CatalogView(Catalog(tmp_path / "store")), {}, [], {}, 0.0)
        shown = scene("pond", "", "", lay_out_ground(eco), view, [])
        with pytest.raises(ConfigError, match="'flag' shows no models; expected it for monitors"):
            read(text.replace("{monitors: flag}", "{models: flag}"))
    (vane,) = [element for element in shown.elements if element.kind == "vane"]
    assert vane.state == "unknown"
    assert vane.says == "monitors.watch: the element 'flag' failed (ValidationError)"


def test_the_names_of_the_contract_are_there() -> None:
    from mesocosm import plugins as contract

    assert contract.CONTRACT == 1 and len(dir(contract)) > 50
    for name in dir(contract):
        assert getattr(contract, name) is not None
    assert contract.ConfigValueError is ConfigValueError
    with pytest.raises(AttributeError):
        _ = contract.nothing
