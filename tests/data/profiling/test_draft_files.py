"""What a draft finds out about a file from its own bytes: its kind, where its header stands, which
list of a document holds the rows.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.assistant.draft_text import format_draft
from mesocosm.core.errors import ConfigValueError
from mesocosm.data.profiling.auto_fields import draft_files
from mesocosm.data.profiling.file_detection import (
    detect_csv_settings,
    detect_excel_settings,
    detect_kind,
    find_list,
)
from mesocosm.data.snapshots.delta_tables import read_table
from mesocosm.lifecycle.review.before_build.questions import ask_readings

pytestmark = pytest.mark.slow

ROWS = "1,a,2\n2,b,3\n3,c,4\n4,d,5\n"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("id,name,v\n" + ROWS, {}),
        ("Report\nid,name,v\n" + ROWS, {"skip": 1}),
        ("Report,,\n,,\nid,name,v\n" + ROWS, {"skip": 2}),
        ("# made by x\n\nid,name,v\n" + ROWS, {"skip": 2}),
        ("Date:,2024-01-01\nUser:,bob\n\nid,name,v\n" + ROWS, {"skip": 3}),
        ("Bericht\nid;name;v\n" + ROWS.replace(",", ";"), {"skip": 1}),
        ('"two\nlines"\nid,name,v\n' + ROWS, {"skip": 2}),
        ("city\nParis, France\nRome, Italy\nBonn, Germany\n", {}),
        ("a,b,c\nd,e,f\n" + ROWS, {}),
        (",a,b\n0,1,2\n1,2,3\n2,3,4\n", {}),
        ("country,2019,2020\nA,1,2\nB,2,3\nC,3,4\n", {}),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n4.7,3.2,setosa\n4.6,3.1,setosa\n", {"header": False}),
        ("1,1,x\n2,1,y\n3,1,x\n4,2,x\n", {"header": False}),
        ("x,y\n1,2\n", {}),
        ("", {}),
        ("a\n1\n2\n3\n4\n", {}),
    ],
)
def test_a_title_is_skipped_and_a_first_row_of_figures_is_a_row(
    tmp_path: Path, text: str, settings: dict[str, Any]
) -> None:
    (tmp_path / "a.csv").write_text(text)
    found, why = detect_csv_settings(None, tmp_path / "a.csv")
    assert found == settings and bool(why) is bool(settings)


def test_a_sheet_names_its_columns_where_they_stand() -> None:
    rows = [["Sales"], [], ["Region", "Q1"], ["N", 1], ["S", 2.5]]
    assert (
        detect_excel_settings(rows)[0] == {"header": 3}
        and detect_excel_settings(rows[2:]) == ({}, "")
        and detect_excel_settings([]) == ({}, "")
    )


@pytest.mark.parametrize(
    ("name", "data", "kind", "stem"),
    [
        ("a.csv.gz", b"", "csv", "a"),
        ("a.b.tsv.zst", b"", "csv", "a.b"),
        ("iris.data", b"", "csv", "iris"),
        ("a.json", b'{"a": 1}\n{"a": 2}\n', "jsonl", "a"),
        ("a.json", b'{"a":\n [{"b": 1}]}', "json", "a"),
        ("a.jsonl", b'[\n{"a": 1}]', "json", "a"),
        ("a.jsonl", b"[1]\n[2]\n", "jsonl", "a"),
        ("a.csv", b"PK\x03\x04....", "excel", "a"),
        ("a.txt", b"PAR1....", "parquet", "a"),
        ("A.CSV", b"a\n", "csv", "A"),
    ],
)
def test_a_file_is_what_its_bytes_say(
    tmp_path: Path, name: str, data: bytes, kind: str, stem: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert detect_kind(tmp_path / name) == (kind, stem)


@pytest.mark.parametrize("name", ["a.pdf", "a.gz", "a", "a.parquet.gz"])
def test_an_unknown_ending_is_refused(name: str) -> None:
    with pytest.raises(ConfigValueError, match="a file that ends in"):
        detect_kind(Path(name))


def test_the_only_list_of_a_document_is_found_and_several_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for document, at in (
        ([{"a": 1}], ""),
        ({"meta": {"n": [1]}, "data": {"items": [{"a": 1}]}}, "data.items"),
    ):
        path.write_text(json.dumps(document))
        assert find_list(path) == at
    for document, named in (
        ({"a": [{"x": 1}], "b": {"c": [{"x": 1}]}}, "2 lists of objects: a, b.c"),
        ({"a": 1}, "no list of objects"),
    ):
        path.write_text(json.dumps(document))
        with pytest.raises(ConfigValueError, match=named):
            find_list(path)


def test_a_draft_says_how_a_file_was_read_and_what_could_not_be(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(
        gzip.compress(
            "Umsätze\nid;wert\n1;2\n2;3;4\n3;4\n4;5\n5;6\n6;7\n7;8\n8;9\n9;10\n10;11\n11;12\n".encode(
                "cp1252"
            )
        )
    )
    said = draft_files(tmp_path, [tmp_path / "a.csv.gz"])
    text = format_draft(said)
    assert said["sources"] == {"a-source": {"type": "csv", "path": "a.csv.gz", "skip": 1}}
    assert (
        "cp1252" in text
        and "line 1 above the header on line 2 is skipped" in text
        and "1 of 11 lines cannot be read" in text
        and "line 4 (expected 2 columns, got 3)" in text
    )


def test_what_is_given_of_a_delimited_file_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        ("Bericht|x\n\nид|Город|a,b\n" + "".join(f"{i}|Москва|{i},5\n" for i in range(9))).encode(
            "cp1251"
        )
    )
    said = draft_files(tmp_path, [path], given={"encoding": "cp1251", "delimiter": "|", "skip": 2})
    assert said["sources"]["a-source"] == {
        "type": "csv",
        "path": "a.csv",
        "encoding": "cp1251",
        "delimiter": "|",
        "skip": 2,
    }
    assert list(said["dataset"]["fields"]) == ["ид", "Город", "a,b"] and said["columns"][
        1
    ].counts == {"Москва": 9}
    for given, told in (
        ({"encoding": "cp1521"}, "'cp1521' is not a supported encoding.*Did you mean 'cp1252'"),
        ({"delimiter": "||"}, "delimiter: got '||'; expected at most 1 character"),
    ):
        with pytest.raises(ConfigValueError, match=told.replace("||", r"\|\|")):
            draft_files(tmp_path, [path], given=given)
    (tmp_path / "b.json").write_text('[{"a": 1}]')
    with pytest.raises(ConfigValueError, match=r"'b.json' is read as json, which has no 'skip'"):
        draft_files(tmp_path, [tmp_path / "b.json"], given={"skip": 1})


def test_types_that_a_file_gives_are_drafted_as_they_are(tmp_path: Path) -> None:
    zoned = pa.array(
        [datetime(2026, 1, 1, 8, tzinfo=UTC) + timedelta(hours=7 * i) for i in range(60)],
        pa.timestamp("us", tz="Europe/Berlin"),
    )
    table = pa.table(
        {
            "n": pa.array([i % 9 for i in range(60)], pa.int64()),
            "price": pa.array(
                [Decimal(f"{i * 13}.{i:02d}") for i in range(60)], pa.decimal128(20, 2)
            ),
            "at": zoned,
            "fine": pa.array(
                [datetime(2026, 1, 1) + timedelta(hours=i) for i in range(60)], pa.timestamp("ns")
            ),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    fields = draft_files(tmp_path, [tmp_path / "a.parquet"], "predict price")["dataset"]["fields"]
    assert fields == {
        "n": {"type": "integer"},
        "price": {"type": "decimal", "precision": 20, "scale": 2},
        "at": {"type": "time"},
        "fine": {"type": "time"},
    }
    lines = "".join(f"    {json.dumps(n)}: {json.dumps(f)}\n" for n, f in fields.items())
    (tmp_path / "ecosystem.yaml").write_text(
        "grammar: 1\necosystem: e\nsources:\n  s: {type: parquet, path: a.parquet}\ndatasets:\n"
        f" d:\n   from: s\n   fields:\n{lines}"
    )
    eco = open_ecosystem(tmp_path)
    eco.build()
    snapshot = eco.catalog.snapshot(dataset="d")
    assert snapshot["account"]["kept"] == 60 and snapshot["account"]["quarantined"] == 0
    rows = read_table(tmp_path / ".mesocosm" / snapshot["path"] / "rows", snapshot["delta"])
    assert rows.column("price").to_pylist() == table.column("price").to_pylist()
    assert [t.replace(tzinfo=UTC) for t in rows.column("at").to_pylist()] == [
        t.astimezone(UTC) for t in table.column("at").to_pylist()
    ]


LINES: list[
    tuple[dict[str, str], str, str, bool]
] = [  # lines below the rows, how a figure is written, decimal mark, whether they are proposed
    ({"Total": "sum"}, "{:g}", ".", True),
    ({"合计：": "sum"}, "{:,.2f}", ".", True),
    ({"Summe": "sum", "Mittelwert": "mean"}, "{:,.2f} €", ",", True),
    ({"Grand total": "sum", "Average": "mean"}, "{:,.2f}", ".", True),
    ({"total": "other"}, "{:g}", ".", False),
    ({"Average": "sum"}, "{:g}", ".", False),
    ({"Totally": "sum"}, "{:g}", ".", False),
]


@pytest.mark.parametrize(("words", "form", "mark", "right"), LINES)
def test_lines_of_totals_and_means_are_proposed_to_be_set_aside(
    tmp_path: Path, words: dict[str, str], form: str, mark: str, right: bool
) -> None:
    figures = [(i * 100.0, i * 325.75) for i in range(1, 60)]
    made = {
        how: tuple(f(c) for c in zip(*figures, strict=True))
        for how, f in (
            ("sum", sum),
            ("mean", lambda c: sum(c) / len(c)),
            ("other", lambda c: 1.3 * sum(c)),
        )
    }
    rows = [
        *((f"R{i % 7}", *f) for i, f in enumerate(figures)),
        *((w, *made[how]) for w, how in words.items()),
    ]
    said = ["my region;units;revenue"]
    for name, units, revenue in rows:
        cells = [form.format(x) for x in (units, revenue)]
        said.append(
            ";".join(
                [
                    name,
                    *(c.translate(str.maketrans(",.", ".,")) if mark == "," else c for c in cells),
                ]
            )
        )
    (tmp_path / "a.csv").write_text("\n".join(said) + "\n", encoding="utf-8")
    found = draft_files(tmp_path, [tmp_path / "a.csv"])
    rules = [p for p in found["proposals"] if p["where"] == "rules"]
    assert bool(rules) == right and "rules" not in found["dataset"], found["evidence"]
    if right:
        text = format_draft(found)
        assert (
            rules[0]["changes"] == len(words)
            and "    # rules:" in text
            and all(
                f"in '{w}' units and revenue are the {how} of the other rows" in rules[0]["why"]
                for w, how in words.items()
            )
        )
        (tmp_path / "ecosystem.yaml").write_text(
            text.replace("    fields:", f"    rules: [{rules[0]['line']}]\n    fields:"),
            encoding="utf-8",
        )
        eco = open_ecosystem(tmp_path)
        eco.build()
        account = eco.catalog.snapshot(dataset=f"{found['name']}-data")["account"]
        assert (account["kept"], account["quarantined"]) == (59, len(words))


def test_what_is_given_cannot_hide_a_row_or_end_in_an_internal_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Report\n" + "".join(f"{i},{i * 2},{i * 3}\n" for i in range(9)))
    said = draft_files(tmp_path, [path], given={"skip": 1})
    assert (
        said["sources"]["a-source"] == {"type": "csv", "path": "a.csv", "header": False, "skip": 1}
        and said["columns"][0].rows == 9
    )
    assert "line 2 is a row" in format_draft(said)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(
        ConfigValueError, match="cannot be read as utf-16: it has no byte-order mark"
    ):
        draft_files(tmp_path, [path], given={"encoding": "utf-16"})
    with pytest.raises(
        ConfigValueError,
        match=r"delimiter: got '\"'; expected 'delimiter' and 'quote' are two characters",
    ):
        draft_files(tmp_path, [path], given={"delimiter": '"'})
    pq.write_table(
        pa.table({"fine": pa.array([Decimal("0." + "1" * 38)] * 3, pa.decimal128(38, 38))}),
        tmp_path / "fine.parquet",
    )
    fine = draft_files(tmp_path, [tmp_path / "fine.parquet"])
    assert (
        fine["dataset"]["fields"]["fine"]["type"] in ("text", "category")
        and "37 are kept exactly" in fine["evidence"]["fields.fine"]
    )


def test_zeros_are_no_sum(tmp_path: Path) -> None:
    rows = "".join(f"R{i % 7},{i},0,{i}e-9\n" for i in range(1, 40))
    (tmp_path / "a.csv").write_text(f"region,units,none,small\n{rows}Total,5,0,1e-7\n")
    assert not [
        p for p in draft_files(tmp_path, [tmp_path / "a.csv"])["proposals"] if p["where"] == "rules"
    ]


def test_a_code_with_an_e_and_fractions_beside_percentages_stay_as_they_are(tmp_path: Path) -> None:
    lots, bonus = (
        ["1E3", "10E2", "1000", "2E3"],
        {
            "mixed": ["10%", "12.5 %", "0.1", "5"],
            "percent": ["10%", "12.5 %", "9", "5"],
            "small": ["0.1%", "0.4 %", "0.2", "0.3"],
        },
    )
    for name, values in bonus.items():
        (tmp_path / f"{name}.csv").write_text(
            "n,lot,bonus,big\n"
            + "".join(f"{i},{lots[i % 4]},{values[i % 4]},{i}.5e3\n" for i in range(80))
        )
        said = draft_files(tmp_path, [tmp_path / f"{name}.csv"])
        fields = said["dataset"]["fields"]
        assert (
            fields["lot"] == {"type": "category"}
            and "a code or a number with an exponent" in said["evidence"]["fields.lot"]
            and fields["big"]["type"] in ("number", "integer")
        )
        assert fields["bonus"]["type"] == ("category" if name == "mixed" else "number"), said[
            "evidence"
        ]


def test_a_decimal_mark_that_other_columns_prove_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "units,price\n" + "".join(f'"{1 + i % 7},{100 + i}",{i}.25\n' for i in range(60))
    )
    said = draft_files(tmp_path, [tmp_path / "a.csv"])
    assert said["dataset"]["fields"] == {
        "units": {"type": "integer", "decimal": "."},
        "price": {"type": "number"},
    }
    (tmp_path / "ecosystem.yaml").write_text(format_draft(said))
    assert not ask_readings(open_ecosystem(tmp_path).spec)
