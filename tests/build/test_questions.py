"""What a column leaves open is asked before a build, with both readings; nothing is written for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesocosm import spec
from mesocosm.build.questions import ask_readings

FILE = """ecosystem: open
sources:
  a: {{type: csv, path: a.csv}}
datasets:
  d:
    from: a
    fields:
      x: {{type: number{more}}}
      when: {{type: date, formats: [{formats}]}}
      hidden: {{type: number, private: mask{more}}}
"""


@pytest.mark.parametrize(("rows", "more", "formats", "asked"), [
    ('"1,234",03/04/2024,"7,777"', "", "dmy, mdy", {"x": "'1,234' can be read in two ways: the comma may group thousands or be the decimal mark (1234 or 1.234)", "when": "('03/04/2024' is 3 April or 4 March)", "hidden": "its values can be read in two ways"}),
    ('"1,234",03/04/2024,"7,777"', ', decimal: ","', "dmy", {}),
    ('"1,234.5",31/04/2024,"7.5"', "", "dmy, mdy", {}),
    ("1.234,03.04.2024,1", "", "dmy", {"x": "(1234 or 1.234)"}),
], ids=["open", "settled", "proven", "a point"])  # fmt: skip
def test_check_and_plan_ask_what_the_values_leave_open(tmp_path: Path, rows: str, more: str, formats: str, asked: dict[str, str]) -> None:
    (tmp_path / "ecosystem.yaml").write_text(FILE.format(more=more, formats=formats), encoding="utf-8")
    (tmp_path / "a.csv").write_text(f"x,when,hidden\n{rows}\n", encoding="utf-8")
    found = ask_readings(spec.read(tmp_path / "ecosystem.yaml"))
    assert {f.key.rsplit(".", 1)[1] for f in found} == set(asked)
    for one in found:
        assert asked[one.key.rsplit(".", 1)[1]] in one.found and one.place.line in (8, 9, 10)
        assert "7,777" not in one.text(), "no value of a private field is shown"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "ecosystem.yaml"]


def test_what_cannot_be_read_is_left_to_the_build(tmp_path: Path) -> None:
    (tmp_path / "ecosystem.yaml").write_text(FILE.format(more="", formats="dmy, mdy"), encoding="utf-8")
    assert ask_readings(spec.read(tmp_path / "ecosystem.yaml")) == []
