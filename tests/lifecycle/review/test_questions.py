"""What a column leaves open is asked before a build, with both readings; nothing is written for
it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

import mesocosm
from mesocosm import config
from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.errors import ConfigError
from mesocosm.lifecycle.review.before_build.questions import ask_readings

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


@pytest.mark.parametrize(
    ("rows", "more", "formats", "asked"),
    [
        (
            '"1,234",03/04/2024,"7,777"',
            "",
            "dmy, mdy",
            {
                "x": (
                    "'1,234' can be read in two ways: the comma may group thousands or be the"
                    " decimal mark (1234 or 1.234)"
                ),
                "when": "('03/04/2024' is 3 April or 4 March)",
                "hidden": "its values can be read in two ways",
            },
        ),
        ('"1,234",03/04/2024,"7,777"', ', decimal: ","', "dmy", {}),
        ('"1,234.5",31/04/2024,"7.5"', "", "dmy, mdy", {}),
        ("1.234,03.04.2024,1", "", "dmy", {"x": "(1234 or 1.234)"}),
    ],
    ids=["open", "settled", "proven", "a point"],
)
def test_check_and_plan_ask_what_the_values_leave_open(
    tmp_path: Path, rows: str, more: str, formats: str, asked: dict[str, str]
) -> None:
    (tmp_path / "ecosystem.yaml").write_text(
        FILE.format(more=more, formats=formats), encoding="utf-8"
    )
    (tmp_path / "a.csv").write_text(f"x,when,hidden\n{rows}\n", encoding="utf-8")
    found = ask_readings(config.read(tmp_path / "ecosystem.yaml"))
    assert {f.key.rsplit(".", 1)[1] for f in found} == set(asked)
    for one in found:
        assert asked[one.key.rsplit(".", 1)[1]] in str(one.found) and one.place.line in (8, 9, 10)
        assert "7,777" not in one.text(), "no value of a private field is shown"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "ecosystem.yaml"]


def test_what_cannot_be_read_is_left_to_the_build(tmp_path: Path) -> None:
    (tmp_path / "ecosystem.yaml").write_text(
        FILE.format(more="", formats="dmy, mdy"), encoding="utf-8"
    )
    assert ask_readings(config.read(tmp_path / "ecosystem.yaml")) == []


def test_a_look_is_taken_anew_where_settings_of_a_source_changed_and_keeps_no_value(
    tmp_path: Path,
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(f"id,{name}\n1,2\n3,4\n")
    text = (
        "grammar: 1\necosystem: e\nsources:\n  a: {type: csv, path: a.csv}\n  b: {type: csv, path:"
        " b.csvMORE}\ndatasets:\n  d:\n    from: {join: [a, b], on: id}\n    fields: {a: {type:"
        " integer}, x: {type: integer}}\n"
    )
    file = tmp_path / "ecosystem.yaml"
    file.write_text(text.replace("MORE", "").replace("x: {type", "b: {type"))
    assert (
        open_ecosystem(tmp_path).plan()
        and len(list((tmp_path / ".mesocosm" / "seen").iterdir())) == 1
    )
    assert open_ecosystem(tmp_path).plan()
    file.write_text(text.replace("MORE", ", names: [id, a]").replace(", x: {type: integer}", ""))
    with pytest.raises(ConfigError, match="is in a and in b"):
        open_ecosystem(tmp_path).plan()


def test_that_nothing_is_open_is_kept_for_a_content_and_a_question_is_not(tmp_path: Path) -> None:
    (tmp_path / "ecosystem.yaml").write_text(FILE.format(more="", formats="dmy"), encoding="utf-8")
    for rows, asked in (("1.5,03/04/2024,1", 0), ('"1,234",03/04/2024,1', 1)):
        (tmp_path / "a.csv").write_text(f"x,when,hidden\n{rows}\n", encoding="utf-8")
        eco = open_ecosystem(tmp_path)
        made = {c.address: c.fingerprints.build for c in eco.plan() if c.fingerprints}
        for _ in range(2):
            assert len(ask_readings(eco.spec, made)) == asked
    kept = list((tmp_path / ".mesocosm" / "seen").iterdir())
    assert len(kept) == 1 and kept[0].read_text() == "[]"
    for one in kept:
        one.unlink()
    (tmp_path / ".mesocosm" / "seen").rmdir()
    (tmp_path / ".mesocosm" / "seen").write_text("a file where a folder is wanted")
    assert len(ask_readings(eco.spec, made)) == 1


def test_check_keeps_that_nothing_is_open_beside_a_store_and_makes_none(tmp_path: Path) -> None:
    (tmp_path / "ecosystem.yaml").write_text(FILE.format(more="", formats="dmy"), encoding="utf-8")
    data, store = tmp_path / "a.csv", tmp_path / ".mesocosm"
    data.write_text("x,when,hidden\n1.5,03/04/2024,1\n", encoding="utf-8")
    assert mesocosm.check(tmp_path) and not store.exists()
    store.mkdir()
    assert mesocosm.check(tmp_path) and mesocosm.check(tmp_path)
    assert [kept.read_text() for kept in (store / "seen").iterdir()] == ["[]"]
    data.write_text('x,when,hidden\n"1,234",03/04/2024,1\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="the comma may group thousands"):
        mesocosm.check(tmp_path)
    assert len(list((store / "seen").iterdir())) == 1


def test_what_a_plan_notes_is_its_owners_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(f"id,{name}\n1,2\n3,4\n")
    (tmp_path / "ecosystem.yaml").write_text(
        "grammar: 1\necosystem: e\nsources:\n  a: {type: csv, path: a.csv, contract: {columns: [id,"
        " a]}}\n  b: {type: csv, path: b.csv}\ndatasets:\n  d:\n    from: {join: [a, b], on: id}\n "
        "   fields: {a: {type: integer}}\n  auto:\n    from: b\n    fields: auto\n"
    )
    before = os.umask(0o022)
    try:
        eco = open_ecosystem(tmp_path)
        made = {c.address: c.fingerprints.build for c in eco.plan() if c.fingerprints}
        assert not ask_readings(eco.spec, made)
    finally:
        os.umask(before)
    store = tmp_path / ".mesocosm"
    assert {"contracts", "drafts", "seen"} <= {p.name for p in store.iterdir()}
    assert [p for p in (store, *store.rglob("*")) if stat.S_IMODE(p.lstat().st_mode) & 0o077] == []


FILES = """grammar: 2
ecosystem: desk
sources:
  a: {type: csv, path: a.csv}
  b: {type: csv, path: b.csv}
datasets:
  d: {from: a, split: none, fields: {id: {type: integer}, sum.net: {type: number, column: ammount}}}
  other: {from: b, split: none, fields: auto}
"""


def test_check_names_files_that_are_missing_empty_or_lack_a_column(tmp_path: Path) -> None:
    file = tmp_path / "ecosystem.yaml"
    file.write_text(FILES, encoding="utf-8")

    def check() -> list[tuple[int, str, str]]:
        try:
            mesocosm.check(file)
        except ConfigError as wrong:
            return [(f.place.line, f.key, str(f.found)) for f in wrong.findings]
        return []

    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    a.write_text("id,amount\n1,2.5\n", encoding="utf-8")
    missing = (5, "sources.b.path", "no file is at 'b.csv'")
    assert missing in check()
    b.write_text("", encoding="utf-8")
    assert (5, "sources.b.path", "'b.csv' is empty") in check()
    b.write_text("id,word\n1,yes\n2,no\n", encoding="utf-8")
    ((line, key, found),) = check()
    assert line == 7 and "ammount" in found and key.startswith("datasets.d.fields.sum.net")
    file.write_text(FILES.replace("ammount", "amount"), encoding="utf-8")
    assert check() == []
