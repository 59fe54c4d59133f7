"""A task that a package brings is checked, trained, served and reported as one of Mesocosm is: the
task of the page that adds one, as a plugin.
"""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import ROOT
from plugin_packages import packages_of, run, write_package

from mesocosm.app.installed_plugins import list_plugins
from mesocosm.config.loader import read_text
from mesocosm.core.errors import ConfigError

pytestmark = pytest.mark.slow
PAGE = (ROOT / "docs" / "how-to" / "add-a-task.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```\w+ file=(\S+)\n(.*?)```", PAGE, re.S))
FILE = BLOCKS["ecosystem.yaml"]
FOLDER = "learning/tasks/delay"


def write_task(site: Path, change: tuple[str, str] = ("", ""), version: str = "1.0") -> None:
    """Write the page's task as an installed package."""
    entries = {"tasks.delay": "delay_task.task:Delay"}
    write_package(site, "delay-task", entries, {}, version)
    (site / "delay_task").mkdir()
    for name in ("__init__", "task", "version"):
        text = BLOCKS[f"{FOLDER}/{name}.py"].replace("mesocosm.learning.tasks.delay", "delay_task")
        text = text.replace(
            '    name = "delay"\n', '    mesocosm_contract = 1\n    name = "delay"\n'
        )
        (site / "delay_task" / f"{name}.py").write_text(text.replace(*change), encoding="utf-8")


def test_a_task_is_trained_served_and_reported(tmp_path: Path) -> None:
    site, home = tmp_path / "site", tmp_path / "post"
    home.mkdir()
    write_task(site)
    (home / "ecosystem.yaml").write_text(FILE)
    days = [(date(2024, 1, 1) + timedelta(i), 3 if i % 5 else 12) for i in range(60)]
    rows = [f"{sent},{sent + timedelta(late)}" for sent, late in days]
    (home / "letters.csv").write_text("sent,arrived\n" + "\n".join(rows) + "\n")
    built = run(home, "build", site=site)
    assert built.returncode == 0, built.stdout + built.stderr
    words = ("predict", "post-desk", "--input", '{"sent": "2024-03-01"}', "--json")
    predicted = run(home, *words, site=site)
    assert predicted.returncode == 0, predicted.stderr
    assert json.loads(predicted.stdout)["label"] == "2024-03-04"
    card = run(home, "model", "card", "arrival", site=site)
    assert "Predicts 'arrived' as 3 days later" in card.stdout, card.stderr
    assert "within_a_day" in card.stdout
    report = run(home, "report", "-o", str(tmp_path / "report.html"), site=site)
    assert report.returncode == 0, report.stderr
    assert "share within a day" in (tmp_path / "report.html").read_text(encoding="utf-8")
    newer = tmp_path / "newer"
    write_task(newer, version="1.1")
    planned = run(home, "plan", site=newer)
    changed = "the plugin of tasks.delay was delay-task 1.0 and is delay-task 1.1"
    assert changed in planned.stdout, planned.stdout + planned.stderr
    without = run(home, "check")
    assert without.returncode == 2 and "'arrived' is a date; expected a" in without.stderr


def test_what_does_not_fit_the_task_has_its_place(tmp_path: Path) -> None:
    write_task(tmp_path)
    with packages_of(tmp_path):
        assert read_text(FILE, ROOT / "ecosystem.yaml", {}).eco.models["arrival"]
        with pytest.raises(ConfigError, match="'accuracy' is not a metric of delays"):
            read_text(FILE.replace("within_a_day:", "accuracy:"), ROOT / "ecosystem.yaml", {})
        with pytest.raises(ConfigError, match="Did you mean 'within_a_day'"):
            read_text(FILE.replace("within_a_day:", "within_day:"), ROOT / "ecosystem.yaml", {})


@pytest.mark.parametrize(
    "change, why",
    [
        (('"delay"\n    target', '"multi"\n    target'), ""),
        (('recorded = "delay"', 'recorded = "text"'), "'recorded' of Delay is 'text'"),
        (('target_types = ("date",)', 'target_types = ("category",)'), "not boolean, category"),
        (("def load(", "def unload("), "Delay has no 'load'"),
        (('name = "delay"', 'name = "late"'), 'expected name = "delay"'),
    ],
)
def test_a_task_that_keeps_no_contract_is_refused_with_its_reason(
    tmp_path: Path, change: tuple[str, str], why: str
) -> None:
    write_task(tmp_path, change)
    with packages_of(tmp_path):
        (state,) = list_plugins()
        assert why in state.why and bool(why) == bool(state.why)
        if why:
            with pytest.raises(ConfigError) as caught:
                read_text(FILE, ROOT / "ecosystem.yaml", {})
            assert "'arrived' is a date" in str(caught.value) and why in str(caught.value)
