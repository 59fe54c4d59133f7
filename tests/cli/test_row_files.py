"""Files of rows to predict are read as the build reads them, whatever program wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesocosm.api.batch_predict import _find_column, _reason, _select_fields, _why_not_json
from mesocosm.api.prediction_files import PredictionWriter
from mesocosm.api.row_files import BLOCK, Line, Origin, Rows, read_rows
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.data.sources.delimited.csv import Csv

ROWS = [{"Kündigung": "ja, bald", "Betrag": "1.234,50"}, {"Kündigung": None, "Betrag": "7,5"}]
FIELDS = frozenset(["Kündigung", "Betrag"])


def read(
    path: Path,
    columns: dict[str, str] | None = None,
    fields: frozenset[str] = FIELDS,
    target: str = "",
    **told: Any,
) -> tuple[list[Line], Rows]:
    found = read_rows(
        path, Origin(fields, tuple(fields), columns or {}, target, Csv(path="x.csv", **told))
    )
    return [line for block in found.blocks for line in block], found


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        ('Kündigung;Betrag\n"ja, bald";1.234,50\n;7,5\n', "utf-8", {}),
        ('Kündigung;Betrag\r\n"ja, bald";1.234,50\r\n;7,5\r\n', "cp1252", {"encoding": "cp1252"}),
        ("Kündigung\tBetrag\nja, bald\t1.234,50\n\t7,5\n", "utf-16", {}),
        (
            "Export of 30.11.2026\n\nKündigung|Betrag\nja, bald|1.234,50\n|7,5\n",
            "utf-8-sig",
            {"skip": 2},
        ),
        (
            "# made by hand\nja, bald~1.234,50\n~7,5\n",
            "utf-8",
            {"header": False, "names": ("Kündigung", "Betrag"), "delimiter": "~", "comment": "#"},
        ),
        ("Kündigung;Betrag;\n'ja, bald';1.234,50;\n;7,5;\n", "utf-8", {"quote": "'"}),
    ],
)
def test_rows_are_those_of_the_build(
    tmp_path: Path, text: str, encoding: str, told: dict[str, Any]
) -> None:
    for ending in ("csv", "tsv", "txt"):
        path = tmp_path / f"in.{ending}"
        path.write_bytes(text.encode(encoding))
        assert read(path, **told)[0] == [Line(row) for row in ROWS]


@pytest.mark.parametrize(
    ("told", "note"),
    [
        ({"names": ("Betrag", "Kündigung")}, "by its own header"),
        ({"header": False, "names": ("Betrag", "Kündigung", "y")}, "by its own header"),
        ({"skip": 2}, "as a plain file"),
        ({"delimiter": ";"}, "as a plain file"),
        ({"encoding": "cp1252"}, "is read as utf-8, which its bytes prove"),
        ({"quote": "'"}, ""),
    ],
)
def test_a_file_with_a_header_of_its_own_is_never_mixed_up(
    tmp_path: Path, told: dict[str, Any], note: str
) -> None:
    """Whatever its source is set to: columns in another order, no title above them, another
    delimiter or encoding.
    """
    (tmp_path / "in.csv").write_text("Kündigung,Betrag\nüber,31\nnein,\nja,7\n", encoding="utf-8")
    found, how = read(tmp_path / "in.csv", **told)
    assert [line.row for line in found] == [
        {"Kündigung": "über", "Betrag": "31"},
        {"Kündigung": "nein", "Betrag": None},
        {"Kündigung": "ja", "Betrag": "7"},
    ]
    assert any(note in one for one in how.notes) if note else not how.notes


def test_a_file_without_a_header_may_lack_the_target(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("ja,31\nnein,7\n")
    found, how = read(
        tmp_path / "in.csv",
        target="label",
        columns={"label": "y"},
        header=False,
        names=("Kündigung", "y", "Betrag"),
    )
    assert [line.row for line in found] == [
        {"Kündigung": "ja", "Betrag": "31"},
        {"Kündigung": "nein", "Betrag": "7"},
    ] and "without 'y'" in how.notes[0]


def test_texts_valid_in_two_encodings_are_read_as_the_source_is(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes("Betrag,x\n1,联通\n".encode("gb18030"))
    found, how = read(tmp_path / "in.csv", fields=frozenset(["Betrag"]), encoding="gb18030")
    assert found[0].row["x"] == "联通" and (not how.notes or "valid utf-8 too" in how.notes[0])


def test_what_was_guessed_is_said_and_a_bad_line_costs_itself(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(
        'text,amount,text\nmöchten sehr gerne,5,b\n\nshort\n"open,6,c\nlast,7,d\n'.encode("cp1252")
    )
    found, how = read(tmp_path / "in.csv", fields=frozenset(["text", "amount"]))
    assert [line.row.get("text") for line in found] == [
        "möchten sehr gerne",
        None,
        None,
        "last",
    ] and found[0].row["text#2"] == "b"
    assert found[1].why == "line 4: expected 3 columns, got 1" and found[2].why.startswith(
        "line 5: a quote is not closed"
    )
    assert [_reason(line, {"why": line.why}) for line in found[1:3]] == [
        "expected N columns, got N",
        "a quote is not closed",
    ]
    assert any("cp1252" in note for note in how.notes) and any(
        "more than one column of a name" in note for note in how.notes
    )


def test_blocks_are_bounded_and_refusals_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a,b\n" + "1,2\n" * (BLOCK + 1))
    origin = Origin(frozenset("ab"), ("a", "b"))
    assert [len(block) for block in read_rows(tmp_path / "in.csv", origin).blocks] == [BLOCK, 1]
    (tmp_path / "none.csv").write_text("")
    with pytest.raises(MesocosmError, match=r"none\.csv: 'none\.csv' is empty"):
        read_rows(tmp_path / "none.csv", origin)
    with pytest.raises(ConfigValueError, match=r"in\.ods"):
        read_rows(tmp_path / "in.ods", origin)


def test_a_column_has_its_own_name_or_that_of_the_source() -> None:
    origin = Origin(
        frozenset(["amount", "again", "age"]),
        (),
        {"amount": "Betrag (EUR)", "again": "Betrag (EUR)", "label": "target"},
    )
    assert origin.named(["Betrag (EUR)", "target", "age"]) == {
        "amount": "Betrag (EUR)",
        "again": "Betrag (EUR)",
        "age": "age",
    }
    assert origin.named(["amount", "Betrag (EUR)"]) == {"amount": "amount", "again": "Betrag (EUR)"}
    assert (
        _find_column("#2", ["a"], {"a": ["x", "y"]}) == "y"
        and _find_column("a.x", ["b", "a"], {"a": ["x"]}) == "x"
        and _find_column("a.x", ["a"], {"a": ["a.x", "x"]}) == "a.x"
    )
    taken = Origin(frozenset(["amount"]), (), {"amount": "x", "label": "amount"})
    assert taken.named(["amount"]) == {"amount": "amount"} and taken.named(["x"]) == {"amount": "x"}
    with pytest.raises(
        MesocosmError,
        match=(
            "the column 'amount' may be the field 'amount', or the column of the source that"
            " 'label' is read from"
        ),
    ):
        taken.named(["x", "amount"])


def test_what_is_no_json_is_refused_alone() -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    rows = [
        {"a": 1},
        {"a": float("nan")},
        {"a": [1, float("inf")]},
        {"a": b"x"},
        {"a": deep},
        {"a": {"b": [1, "x", None]}},
    ]
    assert [bool(_why_not_json(row)) for row in rows] == [False, True, True, True, True, False]
    said = _select_fields(
        Origin(frozenset("a")), lambda block: [{"label": str(row["a"])} for row in block]
    )(rows)
    assert [bool(one.get("why")) for one in said] == [
        False,
        True,
        True,
        True,
        True,
        False,
    ] and said[0] == {"label": "1"}


def test_a_table_keeps_its_columns_where_the_first_lines_are_refused(tmp_path: Path) -> None:
    for ending in (".csv", ".parquet"):
        with PredictionWriter(tmp_path / f"out{ending}", ending, ["text", "label"]) as writer:
            writer.write([{}], [{"why": "line 2: x"}])
            writer.write([{"text": "a", "label": "mine"}], [{"label": "yes", "probability": 0.5}])
    assert pq.read_table(tmp_path / "out.parquet").to_pylist()[1]["predicted_label"] == "yes"


def test_parquet_is_read_as_the_build_reads_it(tmp_path: Path) -> None:
    table = pa.table(
        {
            "t": pa.array([253402300799_000_000, None], pa.timestamp("us")),
            "wait": pa.array([7, None], pa.duration("ms")),
            "fine": pa.array([1, 2], pa.timestamp("us")),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet", use_deprecated_int96_timestamps=True)
    found, how = read(tmp_path / "in.parquet")
    assert (
        found[0].row["t"].year == 9999
        and [line.row["wait"] for line in found] == [7, None]
        and "whole number of milliseconds" in how.notes[0]
    )
    pq.write_table(
        pa.table({"t": pa.array([1_700_000_000_123_456_789, 0], pa.timestamp("ns"))}),
        tmp_path / "ns.parquet",
    )
    assert read(tmp_path / "ns.parquet")[0][0].row["t"] == "2023-11-14 22:13:20.123456789"
