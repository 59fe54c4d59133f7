"""What a draft finds out about a file from its own bytes: its kind, where its header stands, which list of a document holds the rows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from mesocosm.base.errors import Wrong
from mesocosm.cli.views.draft import draft_text
from mesocosm.govern.drafted import draft_files
from mesocosm.govern.drafts.files import csv_settings, excel_settings, kind_of, list_in

ROWS = "1,a,2\n2,b,3\n3,c,4\n4,d,5\n"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("id,name,v\n" + ROWS, {}), ("Report\nid,name,v\n" + ROWS, {"skip": 1}), ("Report,,\n,,\nid,name,v\n" + ROWS, {"skip": 2}), ("# made by x\n\nid,name,v\n" + ROWS, {"skip": 2}),
        ("Date:,2024-01-01\nUser:,bob\n\nid,name,v\n" + ROWS, {"skip": 3}), ("Bericht\nid;name;v\n" + ROWS.replace(",", ";"), {"skip": 1}), ('"two\nlines"\nid,name,v\n' + ROWS, {"skip": 2}),
        ("city\nParis, France\nRome, Italy\nBonn, Germany\n", {}), ("a,b,c\nd,e,f\n" + ROWS, {}), (",a,b\n0,1,2\n1,2,3\n2,3,4\n", {}), ("country,2019,2020\nA,1,2\nB,2,3\nC,3,4\n", {}),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n4.7,3.2,setosa\n4.6,3.1,setosa\n", {"header": False}), ("1,1,x\n2,1,y\n3,1,x\n4,2,x\n", {"header": False}), ("x,y\n1,2\n", {}), ("", {}), ("a\n1\n2\n3\n4\n", {}),
    ],
)  # fmt: skip
def test_a_title_is_skipped_and_a_first_row_of_figures_is_a_row(tmp_path: Path, text: str, settings: dict[str, Any]) -> None:
    (tmp_path / "a.csv").write_text(text)
    found, why = csv_settings(None, tmp_path / "a.csv")
    assert found == settings and bool(why) is bool(settings)


def test_a_sheet_names_its_columns_where_they_stand() -> None:
    rows = [["Sales"], [], ["Region", "Q1"], ["N", 1], ["S", 2.5]]
    assert excel_settings(rows)[0] == {"header": 3} and excel_settings(rows[2:]) == ({}, "") and excel_settings([]) == ({}, "")


@pytest.mark.parametrize(
    ("name", "data", "kind", "stem"),
    [
        ("a.csv.gz", b"", "csv", "a"), ("a.b.tsv.zst", b"", "csv", "a.b"), ("iris.data", b"", "csv", "iris"), ("a.json", b'{"a": 1}\n{"a": 2}\n', "jsonl", "a"), ("a.json", b'{"a":\n [{"b": 1}]}', "json", "a"),
        ("a.jsonl", b'[\n{"a": 1}]', "json", "a"), ("a.jsonl", b"[1]\n[2]\n", "jsonl", "a"), ("a.csv", b"PK\x03\x04....", "excel", "a"), ("a.txt", b"PAR1....", "parquet", "a"), ("A.CSV", b"a\n", "csv", "A"),
    ],
)  # fmt: skip
def test_a_file_is_what_its_bytes_say(tmp_path: Path, name: str, data: bytes, kind: str, stem: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert kind_of(tmp_path / name) == (kind, stem)


@pytest.mark.parametrize("name", ["a.pdf", "a.gz", "a", "a.parquet.gz"])
def test_an_unknown_ending_is_refused(name: str) -> None:
    with pytest.raises(Wrong, match="a file that ends in"):
        kind_of(Path(name))


def test_the_only_list_of_a_document_is_found_and_several_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for document, at in (([{"a": 1}], ""), ({"meta": {"n": [1]}, "data": {"items": [{"a": 1}]}}, "data.items")):
        path.write_text(json.dumps(document))
        assert list_in(path) == at
    for document, named in (({"a": [{"x": 1}], "b": {"c": [{"x": 1}]}}, "2 lists of objects: a, b.c"), ({"a": 1}, "no list of objects")):
        path.write_text(json.dumps(document))
        with pytest.raises(Wrong, match=named):
            list_in(path)


def test_a_draft_says_how_a_file_was_read_and_what_could_not_be(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress("Umsätze\nid;wert\n1;2\n2;3;4\n3;4\n4;5\n5;6\n6;7\n7;8\n8;9\n9;10\n10;11\n11;12\n".encode("cp1252")))
    said = draft_files(tmp_path, [tmp_path / "a.csv.gz"])
    text = draft_text(said)
    assert said["sources"] == {"a-source": {"type": "csv", "path": "a.csv.gz", "skip": 1}}
    assert "cp1252" in text and "line 1 above the header on line 2 is skipped" in text and "1 of 11 lines cannot be read" in text and "line 4 (expected 2 columns, got 3)" in text
