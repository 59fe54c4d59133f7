"""The page that writes a plugin is done: its package is built, installed and used."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import ROOT
from how_to_pages import write_files
from plugin_packages import install, packages_of, run

from mesocosm import plugins as contract
from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.app.installed_plugins import GROUPS

PAGE = (ROOT / "docs" / "how-to" / "write-a-plugin.md").read_text(encoding="utf-8")


def test_the_page_adds_a_rule_that_quarantines(tmp_path: Path) -> None:
    home, site = tmp_path / "ledger", tmp_path / "site"
    names = write_files("write-a-plugin.md", home)
    assert len(names) == 3
    install(home / "calendar-rules", site)
    (home / "book.csv").write_text("amount,day\n1,2026-11-27\n2,2026-11-28\n3,2026-11-30\n")
    built = run(home, "build", site=site)
    assert built.returncode == 0, built.stdout + built.stderr
    with packages_of(site):
        bookings = open_ecosystem(home).datasets["bookings"]
        assert bookings.to_arrow()["amount"].to_pylist() == [1.0, 3.0]
        (row,) = bookings.quarantine().to_pylist()
    assert row["reason"] == "breaks the rule: day is no working day" and row["line"] == 3
    file = home / "ecosystem.yaml"
    file.write_text(file.read_text().replace("[working_day]", "[{type: working_dai}]"))
    wrong = run(home, "check", site=site)
    assert wrong.returncode == 2 and "Did you mean 'working_day'?" in wrong.stderr
    assert "plugin rules.working_day of calendar-rules 0.1.0: ready" in _doctor(home, site)


def _doctor(home: Path, site: Path) -> str:
    file = home / "ecosystem.yaml"
    file.write_text(file.read_text().replace("working_dai", "working_day"))
    return run(home, "doctor", site=site).stdout


def test_the_table_names_every_group_and_only_names_of_the_contract() -> None:
    rows = re.findall(r"^\| `mesocosm\.(\w+)` \|[^|]*\| ([^|]*) \|", PAGE, re.M)
    assert sorted(group for group, _ in rows) == sorted(GROUPS)
    bases = [name for _, cell in rows for name in re.findall(r"`(\w+)`", cell)]
    assert len(bases) == 11 and all(hasattr(contract, name) for name in bases)
