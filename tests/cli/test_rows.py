"""Files of rows to predict are read as the build reads them, whatever program wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mesocosm.base.errors import Failure, Wrong
from mesocosm.cli.many import _named
from mesocosm.cli.rows import BLOCK, Line, read_rows
from mesocosm.govern.sources.csv import Csv

ROWS = [{"Kündigung": "ja, bald", "Betrag": "1.234,50"}, {"Kündigung": None, "Betrag": "7,5"}]


def lines(path: Path, **told: Any) -> tuple[list[Line], list[str]]:
    read = read_rows(path, Csv(path="x.csv", **told))
    return [line for block in read.blocks for line in block], read.notes


@pytest.mark.parametrize(("text", "encoding", "told"), [
    ('Kündigung;Betrag\n"ja, bald";1.234,50\n;7,5\n', "utf-8", {}),
    ('Kündigung;Betrag\r\n"ja, bald";1.234,50\r\n;7,5\r\n', "cp1252", {"encoding": "cp1252"}),
    ('Kündigung\tBetrag\nja, bald\t1.234,50\n\t7,5\n', "utf-16", {}),
    ('Export of 30.11.2026\n\nKündigung|Betrag\nja, bald|1.234,50\n|7,5\n', "utf-8-sig", {"skip": 2}),
    ("# made by hand\nja, bald~1.234,50\n~7,5\n", "utf-8", {"header": False, "names": ("Kündigung", "Betrag"), "delimiter": "~", "comment": "#"}),
    ("Kündigung;Betrag;\n'ja, bald';1.234,50;\n;7,5;\n", "utf-8", {"quote": "'"}),
])  # fmt: skip
def test_rows_are_those_of_the_build(tmp_path: Path, text: str, encoding: str, told: dict[str, Any]) -> None:
    for ending in ("csv", "tsv", "txt"):
        path = tmp_path / f"in.{ending}"
        path.write_bytes(text.encode(encoding))
        found, _ = lines(path, **told)
        assert found == [Line(row) for row in ROWS]


def test_what_was_guessed_is_said_and_a_bad_line_costs_itself(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes("text,amount,text\nmöchten sehr gerne,5,b\n\nshort\n\"open,6,c\nlast,7,d\n".encode("cp1252"))
    found, notes = lines(tmp_path / "in.csv")
    assert [line.row.get("text") for line in found] == ["möchten sehr gerne", None, None, "last"] and found[0].row["text#2"] == "b"
    assert found[1].why == "line 4: expected 3 columns, got 1" and found[2].why.startswith("line 5: a quote is not closed")
    assert any("cp1252" in note for note in notes) and any("more than one column of a name" in note for note in notes)


def test_blocks_are_bounded_and_refusals_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a,b\n" + "1,2\n" * (BLOCK + 1))
    assert [len(block) for block in read_rows(tmp_path / "in.csv", Csv(path="x")).blocks] == [BLOCK, 1]
    (tmp_path / "none.csv").write_text("")
    with pytest.raises(Failure, match=r"none\.csv: 'none\.csv' is empty"):
        list(read_rows(tmp_path / "none.csv", Csv(path="x")).blocks)
    with pytest.raises(Wrong, match=r"in\.ods"):
        read_rows(tmp_path / "in.ods", Csv(path="x"))


def test_a_column_has_its_own_name_or_that_of_the_source() -> None:
    columns = {"amount": "Betrag (EUR)", "again": "Betrag (EUR)", "left": "target"}
    row = {"Betrag (EUR)": "1,5", "target": "yes", "other": 1}
    assert _named(row, {"amount", "again", "target"}, columns) == {"amount": "1,5", "again": "1,5", "target": "yes"}
    assert _named(row | {"amount": "2"}, {"amount"}, columns) == {"amount": "2"}
