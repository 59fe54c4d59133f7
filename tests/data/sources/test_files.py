"""Delimited files of any kind are read exactly, or a row that is broken costs itself: true lines,
every physical line accounted for.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import rounds
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.settings import Collected, ProjectPaths
from mesocosm.data.sources import SOURCES

Row = tuple[Any, ...]
TEXTS = st.text(st.sampled_from(list("ab1 ,;|\t\"'\n\rÄ北😀#\\.-")), max_size=8)
CLOSE = {
    "gb18030": "上海的天气很好，我们去旅行，北京欢迎你",
    "big5": "台灣的天氣很好，我們去旅行",
    "shift_jis": "日本語のテキスト、カタカナとひらがな",
    "euc_jp": "日本語のテキスト、カタカナとひらがな",
    "euc_kr": "안녕하세요 세계 여러분 반갑습니다 한국어",
    "cp1252": "Café „Köln“, señor – 5 €",
    "utf-16": "Привет",
    "utf-8": "Ünï",
}


CON = duckdb.connect()


def read(
    home: Path, data: bytes | dict[str, bytes], kind: str = "csv", **more: Any
) -> tuple[list[Row], Collected]:
    """Rows as (line, values), and what else was found."""
    for name, content in (data if isinstance(data, dict) else {f"a.{kind}": data}).items():
        (home / name).write_bytes(content)
    source: Any = SOURCES[kind].model_validate(
        {"type": kind, "path": "*" if isinstance(data, dict) else f"a.{kind}", **more}
    )
    CON.execute("drop view if exists t")
    found: Collected = source.collect(ProjectPaths(home, home / ".mesocosm"), CON, "t")
    rows = CON.execute("select * exclude (_file) from t order by _file, _line").fetchall()
    assert found.rows == len(rows)
    for lines in found.lines.values():
        assert lines["physical"] == sum(n for k, n in lines.items() if k != "physical"), lines
    return rows, found


def quarantined(found: Collected) -> list[int]:
    return [line for _, line, _, _ in found.unreadable]


@pytest.mark.parametrize(
    ("data", "rows", "bad"),
    [
        (b'a,b\n1,"x\n2,y\n3,z\n', [(3, "2", "y"), (4, "3", "z")], [2]),
        (b'a,b\n1,"x\n2,"y"\n3,z\n', [(3, "2", "y"), (4, "3", "z")], [2]),
        (b'a,b\n1,x\n2,"y\n', [(2, "1", "x")], [3]),
        (b'a,b\n1,"x"y\n2,"u\nv"\n3,z\n', [(3, "2", "u\nv"), (5, "3", "z")], [2]),
        (
            b'a,b\n1,"u"\nx,1\nv",9\n3,z\n',
            [(2, "1", "u"), (3, "x", "1"), (4, 'v"', "9"), (5, "3", "z")],
            [],
        ),
        (b'a,b\n"k"u\nx,1\nv",9\n3,z\n', [(5, "3", "z")], [2]),
        (b"a,b\r\nx,1\ny,2\r\nz,3\r\n", [(2, "x", "1"), (3, "y", "2"), (4, "z", "3")], []),
        (b"a,b\rx,1\ry,2\nz,3\r\n", [(2, "x", "1"), (3, "y", "2"), (4, "z", "3")], []),
        (
            b'a,b\n"l\nm",1\np,2\n"x\n\ny",3\nq,4\n',
            [(2, "l\nm", "1"), (4, "p", "2"), (5, "x\n\ny", "3"), (8, "q", "4")],
            [],
        ),
        (b"\n\na,b\n\n1,x\n \n2,y\n\n\n", [(5, "1", "x"), (7, "2", "y")], []),
        (
            b"a,b\n1,x\n2,\x00\n3,z\n4,u,v\n5\n6,\xff\n7,w",
            [(2, "1", "x"), (4, "3", "z"), (8, "7", "w")],
            [3, 5, 6, 7],
        ),
        (b'a,b\n1,24" wide\n2,"4"" x"\n', [(2, "1", '24" wide'), (3, "2", '4" x')], []),
        (b'a,b\n1, "x, y"\n2,"z" \n', [(2, "1", "x, y"), (3, "2", "z")], []),
        (b"a,b,\n1,x,\n2,y,\n3,y,z\n", [(2, "1", "x"), (3, "2", "y")], [4]),
        (b"a,b\n1,x,\n2,y,\n3,y\n", [(2, "1", "x"), (3, "2", "y")], [4]),
        (b"a,b,c\n1,2,3\n1,,2,\n1,2,\n", [(2, "1", "2", "3"), (4, "1", "2", None)], [3]),
        (b'a,b,c\n"1",2,3\n1,,"2,",\n1,2,\n', [(2, "1", "2", "3"), (4, "1", "2", None)], [3]),
        (b"\xef\xbb\xbfa,b\n1,x\n", [(2, "1", "x")], []),
        (b'"a\nb";"c;d"\n1;2\n', [(3, "1", "2")], []),
    ],
)
def test_a_broken_row_costs_itself_and_lines_are_true(
    tmp_path: Path, data: bytes, rows: list[Row], bad: list[int]
) -> None:
    found = read(tmp_path, data)
    assert found[0] == rows and quarantined(found[1]) == bad


KEY = "ab" * 32


def governed(home: Path, fields: dict[str, Any], **more: Any) -> tuple[Any, list[dict[str, Any]]]:
    from mesocosm.data.dataset import Dataset
    from mesocosm.data.pipeline.snapshot_builder import BuildOptions, build_snapshot
    from mesocosm.data.snapshots.delta_tables import read_table

    where = ProjectPaths(home, home / ".mesocosm")
    source: Any = SOURCES["csv"].model_validate({"type": "csv", "path": "*.csv"} | more)
    data = Dataset.model_validate({"from": "a", "fields": fields, "split": {"test": 0.2}})
    made = build_snapshot(
        "t", data, {"a": source}, where, "m", KEY, BuildOptions(say=lambda _: None)
    )
    return made, read_table(where.store / "datasets/t/rows", made.delta["rows"]).to_pylist()


def test_columns_of_one_name_of_a_place_and_with_an_underscore(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("_id,id,ID,,_line,_row\nx,1,2,3,4,5\ny,6,7,8,9,10\n")
    fields = {
        name: {"type": "text", "column": column}
        for name, column in (
            ("a", "_id"),
            ("b", "id"),
            ("c", "ID#2"),
            ("d", "column4"),
            ("e", "_line#2"),
            ("f", "#3"),
        )
    }
    made, rows = governed(tmp_path, fields)
    assert [[r[n] for n in "abcdef"] for r in rows] == [
        ["x", "1", "2", "3", "4", "2"],
        ["y", "6", "7", "8", "9", "7"],
    ]
    assert "ID#2" in made.report["notes"]["a"][0] and made.report["lines"]["a"]["a.csv"] == {
        "physical": 3,
        "rows": 2,
        "header": 1,
    }
    with pytest.raises(ConfigValueError, match="no source has the column 'ID'"):
        governed(tmp_path, {"a": {"type": "text", "column": "ID"}})


def test_a_header_without_rows_is_an_empty_dataset(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,x\n")
    made, rows = governed(
        tmp_path,
        {
            "id": {"type": "integer"},
            "x": {"type": "number", "missing": "median"},
            "y": {"type": "category", "column": "x"},
        },
    )
    assert rows == [] and made.account == {"in": 0, "kept": 0, "quarantined": 0, "duplicates": 0}


@st.composite
def files(draw: st.DrawFn) -> tuple[list[list[str]], dict[str, Any], bytes, list[int]]:
    """A table, how it is written, its bytes and the physical line that each row begins on."""
    width = draw(st.integers(1, 4))
    cell = st.one_of(TEXTS, st.sampled_from(["7", "x y", "12.5", ""]))
    rows = draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=6))
    rows = [row for row in rows if any(row)]
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    text, lines = "", []
    for row in [[f"c{i}" for i in range(width)], *rows]:
        out = io.StringIO()
        csv.writer(
            out,
            delimiter=delimiter,
            lineterminator=end,
            quoting=csv.QUOTE_ALL if set("\r\n") & set("".join(row)) else quoting,
        ).writerow(row)  # it quotes its own line end only
        lines.append(count(text) + 1)
        text += out.getvalue()
    if draw(st.booleans()):
        text = text.removesuffix(end)
    return rows, {"delimiter": delimiter}, text.encode(encoding), lines[1:]


def count(text: str) -> int:
    """Physical lines that end in a text."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


@settings(max_examples=rounds(60, 3000), deadline=None)
@given(file=files())
def test_what_a_writer_wrote_is_read_back_with_true_lines(
    tmp_path_factory: pytest.TempPathFactory, file: Any
) -> None:
    rows, more, data, lines = file
    home = tmp_path_factory.getbasetemp() / "laws"
    home.mkdir(exist_ok=True)
    got, found = read(home, data, **more)
    assert got == [
        (line, *[c or None for c in row]) for line, row in zip(lines, rows, strict=True)
    ], (data, found)
    assert not found.unreadable


PLAIN = st.text(st.sampled_from(list("ab1 ÄB.-x")), min_size=1, max_size=8).map(lambda t: f"w{t}w")
WORDS = st.one_of(
    PLAIN,
    PLAIN.map(lambda t: f"{t}, {t}"),
    PLAIN.map(lambda t: f'say "{t}"'),
    st.tuples(PLAIN, PLAIN).map("\n".join),
    st.just(""),
)
HOW = ("open", "inside", "zero", "extra", "fewer", "byte")


@settings(max_examples=rounds(60, 5000), deadline=None)
@given(
    rows=st.lists(st.tuples(WORDS, WORDS, PLAIN), min_size=4, max_size=30),
    at=st.integers(0, 1000),
    how=st.sampled_from(HOW),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_one_broken_row_never_costs_its_neighbours(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], at: int, how: str, end: str
) -> None:
    home = tmp_path_factory.getbasetemp() / "laws"
    home.mkdir(exist_ok=True)
    broken = at % len(rows)
    text, wanted = f"id,a,b,c{end}", []
    for number, row in enumerate(rows):
        line = count(text) + 1
        if number == broken:
            row = {
                "open": (
                    (f'"{row[0]}', row[2], row[2])
                    if '"' not in row[0] and "," not in row[0] and "\n" not in row[0]
                    else ('"broken', row[2], row[2])
                ),
                "zero": (*row[:2], "\x00"),
                "extra": (*row, "more"),
                "fewer": row[:1],
                "byte": (*row[:2], "\udcff"),
                "inside": ('"a"b\nc"', row[2], row[2]),
            }[how]
            out = [str(number), *row] if how in ("open", "inside") else None
        else:
            out = None
            wanted.append((line, str(number), *[c.replace("\n", end) or None for c in row]))
        into = io.StringIO()
        csv.writer(
            into,
            lineterminator=end,
            quoting=csv.QUOTE_ALL if any("\n" in c for c in row) else csv.QUOTE_MINIMAL,
        ).writerow([str(number), *[c.replace("\n", end) for c in row]])
        text += ",".join(out) + end if out else into.getvalue()
    got, found = read(home, text.encode("utf-8", "surrogateescape"))
    assert got == wanted, text
    assert quarantined(found) == [
        next(
            i
            for i, line in enumerate(text.split("\n"), start=1)
            if line.startswith((f"{broken},", f'"{broken}",'))
        )
    ]


@pytest.mark.parametrize("encoding", CLOSE)
def test_an_encoding_is_found_over_the_whole_file(tmp_path: Path, encoding: str) -> None:
    text = "id,t\n" + "".join(f"{i},plain\n" for i in range(300)) + f"300,{CLOSE[encoding]}\n"
    text = text.replace(f"300,{CLOSE[encoding]}", f'300,"{CLOSE[encoding]}"')
    rows, found = read(tmp_path, text.encode(encoding))
    assert rows[-1] == (302, "300", CLOSE[encoding])
    assert ("guess" in "".join(found.notes)) == (encoding not in ("utf-8", "utf-16"))
    if encoding != "utf-16":
        assert read(tmp_path, text.encode(encoding), encoding=encoding)[0] == rows


def test_an_encoding_that_is_not_plausible_is_asked_for(tmp_path: Path) -> None:
    data = "id,t\n" + "".join(f"{i},Привет мир, это Москва\n".replace(", ", " ") for i in range(30))
    with pytest.raises(ConfigValueError, match="encoding of 'a.csv' is not known"):
        read(tmp_path, data.encode("cp1251"))
    assert read(tmp_path, data.encode("cp1251"), encoding="cp1251")[0][0] == (
        2,
        "0",
        "Привет мир это Москва",
    )


def test_packed_files_are_read_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa

    data = b"id,t\n" + b"1,x\n" * 50_000
    rows = read(tmp_path, data)[0]
    for packed in (
        gzip.compress(data),
        bz2.compress(data),
        pa.compress(data, "zstd", asbytes=True),
    ):
        assert read(tmp_path, packed)[0] == rows
        with pytest.raises(ConfigValueError, match="cut off"):
            read(tmp_path, packed[: len(packed) // 2])
    assert read(tmp_path, gzip.compress(b'{"id": 1}\n'), "jsonl")[0] == [(1, "1")]
    monkeypatch.setattr("mesocosm.data.sources.delimited.plain_text.FREE", 1000)
    with pytest.raises(ConfigValueError, match="unpacks to more than"):
        read(tmp_path, gzip.compress(b"a\n" * 1_000_000))


@pytest.mark.parametrize(
    ("data", "more", "rows"),
    [
        (b"# made by x\n\nid,t\n# note\n1,a\n", {"comment": "#"}, [(5, "1", "a")]),
        (b"title, of the report\nmore\nid,t\n1,a\n", {"skip": 2}, [(4, "1", "a")]),
        (b"1,a\n2,b\n", {"header": False}, [(1, "1", "a"), (2, "2", "b")]),
        (b"id,t\n1,a\n", {"names": ["x", "y"]}, [(2, "1", "a")]),
        (b"id,t\n1,'a,''b'\n", {"quote": "'"}, [(2, "1", "a,'b")]),
        (b'id,t\n1,"a"\n', {"quote": ""}, [(2, "1", '"a"')]),
        (
            b'id,t\n1,"a \\"b\\", c"\n2,"x\\\\"\n',
            {"escape": "\\"},
            [(2, "1", 'a "b", c'), (3, "2", "x\\")],
        ),
        (b"id~t\n1~a\n", {"delimiter": "~"}, [(2, "1", "a")]),
    ],
)
def test_settings_of_a_dialect(
    tmp_path: Path, data: bytes, more: dict[str, Any], rows: list[Row]
) -> None:
    assert read(tmp_path, data, **more)[0] == rows


def test_files_whose_columns_differ_follow_schema(tmp_path: Path) -> None:
    files = {"1.csv": b"id,t\n1,a\n", "2.csv": b"t,id,more\nb,2,x\n", "3.csv": b"id\n3\n"}
    with pytest.raises(
        ConfigValueError, match=r"'2.csv' and '1.csv' differ: 'more' only in '2.csv'"
    ):
        read(tmp_path, files)
    assert read(tmp_path, files, schema="evolve")[0] == [
        (2, "1", "a", None),
        (2, "2", "b", "x"),
        (2, "3", None, None),
    ]
    assert read(tmp_path, files, schema="ignore")[0] == [(2, "1"), (2, "2"), (2, "3")]
    with pytest.raises(ConfigValueError, match=r"'txt' only in '2.csv', 't' only in '1.csv'"):
        read(
            tmp_path, {"1.csv": b"id,t\n1,a\n", "2.csv": b"id,txt\n2,b\n", "3.csv": b"id,t\n3,c\n"}
        )


KEYS = st.one_of(
    st.text(st.sampled_from(list("aAbID\"'./~*$#[]\\_ 😀北\n\t")), max_size=6),
    st.sampled_from(["_line", "_file", "ID", "id", "Id"]),
)


@settings(max_examples=rounds(25, 1000), deadline=None)
@given(
    rows=st.lists(
        st.dictionaries(
            KEYS,
            st.one_of(
                st.none(),
                TEXTS,
                st.integers(),
                st.decimals(allow_nan=False, allow_infinity=False, places=3),
            ),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_key_of_json_is_a_column_and_numbers_stay_as_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    import decimal
    import json

    home = tmp_path_factory.getbasetemp() / "keys"
    home.mkdir(exist_ok=True)
    written = [
        "{"
        + ", ".join(
            f"{json.dumps(k)}: {v if isinstance(v, decimal.Decimal) else json.dumps(v)}"
            for k, v in row.items()
        )
        + "}"
        for row in rows
    ]
    keys = list(dict.fromkeys(k for row in rows for k in row))
    wanted = [
        (i, *[None if row.get(k) is None else str(row[k]) for k in keys])
        for i, row in enumerate(rows, start=1)
    ]
    lines, found = read(home, "\n".join(written).encode(), "jsonl")
    assert lines == wanted and len(found.columns) == len(
        {c.casefold() for c in found.columns} - {"_file", "_line"}
    ) == len(keys)
    assert read(home, f"[{', '.join(written)}]".encode(), "json")[0] == wanted
    assert (
        read(
            home,
            b'{"x": {"y": [1]}, "at": {"items": [' + ",".join(written).encode() + b"]}}",
            "json",
            at="at.items",
        )[0]
        == wanted
    )


def test_what_is_odd_in_json_costs_its_line(tmp_path: Path) -> None:
    rows, found = read(
        tmp_path,
        b'{"a": 1}\n\n[2]\n{"a": 1, "a": 2}\n{"a": "\xff"}\n{"a": 1.10}\n{"a":'
        b' 12345678901234567890.5}\n{"b": [1]}\n' + b"[" * 100_000,
        "jsonl",
    )
    assert rows == [
        (1, "1", None),
        (6, "1.10", None),
        (7, "12345678901234567890.5", None),
        (8, None, "[1]"),
    ]
    assert quarantined(found) == [3, 4, 5, 9] and "twice" in found.unreadable[1][3]
    for data in (b'[{"a": 1}', b'{"a": 1}{', b"[1] 2", b'[{"a": tru}]', b""):
        with pytest.raises(ConfigValueError):
            read(tmp_path, data, "json")


def test_a_workbook_that_would_fill_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zipfile

    from workbooks import xlsx

    xlsx(tmp_path / "b.xlsx", [["id", "t", "id"], [1, "x" * 3_000_000, 2]])
    with (
        zipfile.ZipFile(tmp_path / "b.xlsx") as old,
        zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.namelist():
            new.writestr(entry, old.read(entry))
    data = (tmp_path / "a.xlsx").read_bytes()
    (tmp_path / "a.excel").write_bytes(data)
    rows, found = read(tmp_path, data, "excel")
    assert found.columns == ["id", "t", "id#2"] and len(rows[0][2]) == 3_000_000
    monkeypatch.setattr("mesocosm.data.sources.files.excel.MOST_BYTES", 1_000_000)
    with pytest.raises(ConfigValueError, match="unpacks to more than 1 MB"):
        read(tmp_path, data, "excel")
    lie = bytearray(data)
    at = lie.rindex(b"xl/worksheets/sheet1.xml") - 46
    lie[at + 24 : at + 28] = (100).to_bytes(4, "little")
    monkeypatch.setattr("mesocosm.data.sources.files.excel.MOST_BYTES", 20_000)
    with pytest.raises(ConfigValueError):
        read(tmp_path, bytes(lie), "excel")


def test_a_cell_under_no_name_is_a_column_and_an_empty_one_is_none(tmp_path: Path) -> None:
    from workbooks import xlsx

    xlsx(tmp_path / "b.xlsx", [["id", "v", "", ""], [1, 2, "", ""], [2, 3, "", "lost?"], [3, 4]])
    (tmp_path / "a.excel").write_bytes((tmp_path / "b.xlsx").read_bytes())
    rows, found = read(tmp_path, (tmp_path / "b.xlsx").read_bytes(), "excel")
    assert (
        found.columns == ["id", "v", "column3", "column4"]
        and [row[-1] for row in rows] == [None, "lost?", None]
        and "column4" in found.notes[0]
    )


def test_no_error_of_the_engine_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mesocosm.core.errors import MesocosmError
    from mesocosm.data.engines.bounded_duckdb import open_engine

    monkeypatch.setenv("MESOCOSM_MEMORY", "50MB")
    for query, said in (
        ("select list(range * 7) from range(90000000)", "MESOCOSM_MEMORY"),
        ("select 'secret'::int", "ConversionException"),
        ("from nowhere", "CatalogException"),
        ("from read_csv('gone.csv')", "file"),
    ):
        with (
            pytest.raises(MesocosmError, match=said) as caught,
            open_engine(tmp_path / ".mesocosm") as con,
        ):
            con.execute(query)
        assert "secret" not in str(caught.value)


def test_a_folder_s_name_is_no_column_and_no_pattern(tmp_path: Path) -> None:
    home = tmp_path / "x=1" / "g[1]*"
    (home.parent / "g1").mkdir(parents=True)
    (home.parent / "g1/a.parquet").write_bytes(b"")
    home.mkdir()
    assert read(home, b"x,y\n5,6\n7,8\n")[0] == [(2, "5", "6"), (3, "7", "8")]
    CON.execute(f"copy (select 5 as x) to '{home}/a.parquet' (format parquet)")
    assert read(home, (home / "a.parquet").read_bytes(), "parquet")[0] == [(1, 5)]


def test_files_of_one_column_and_two_types_stay_exact(tmp_path: Path) -> None:
    def files(*selects: str) -> dict[str, bytes]:
        found = {}
        for number, select in enumerate(selects):
            CON.execute(f"copy ({select}) to '{tmp_path}/t' (format parquet)")
            found[f"{number}.parquet"] = (tmp_path / "t").read_bytes()
        (tmp_path / "t").unlink()
        return found

    for kind in ("float", "double"):
        with pytest.raises(
            ConfigValueError,
            match=f"'id' is BIGINT in '0.parquet' and {kind.upper()} in '1.parquet'",
        ):
            read(
                tmp_path,
                files("select 9007199254740993 as id", f"select 1.5::{kind} as id"),
                "parquet",
            )
        assert read(
            tmp_path,
            files("select 9007199254740993 as id", f"select 1.5::{kind} as id"),
            "parquet",
            schema="evolve",
        )[0] == [(1, "9007199254740993"), (1, "1.5")]
    assert read(
        tmp_path, files("select 9007199254740993 as id", "select 1::integer as id"), "parquet"
    )[0] == [(1, 9007199254740993), (1, 1)]
    exact = read(
        tmp_path,
        files("select 9007199254740993 as id", "select 1.25::decimal(5, 2) as id"),
        "parquet",
    )[0]
    assert [str(v) for _, v in exact] == ["9007199254740993.00", "1.25"]


def test_a_column_may_have_the_name_of_the_reader_s_own(tmp_path: Path) -> None:
    assert read(tmp_path, b"file_row_number,y\n5,6\n7,8\n")[0] == [(2, "5", "6"), (3, "7", "8")]
    CON.execute(f"copy (select 9 as file_row_number) to '{tmp_path}/t' (format parquet)")
    assert read(tmp_path, (tmp_path / "t").read_bytes(), "parquet")[0] == [(1, 9)]


def test_json_keeps_nested_numbers_and_costs_no_more_than_what_is_broken(tmp_path: Path) -> None:
    numbers = (
        '{"v": 0.12345678901234567890, "w": [1.10, 1e400, -0.0], "n": 12345678901234567890, "t":'
        ' "ü"}'
    )
    data = (
        f'{{"a": 1, "items": [{{"a": {numbers}}}, {{"a": "x'.encode()
        + b'\xff"}, {"a": "ok"}], "next": {"b": [1]}}'
    )
    rows, found = read(tmp_path, data, "json", at="items")
    assert rows == [(1, numbers), (3, "ok")] and found.unreadable[0][:3] == (
        "a.json",
        2,
        '{"a": "x\ufffd"}',
    )
    for cut in (data[:-1], data[:-4], data + b"]", data[: data.index(b"next") - 1]):
        with pytest.raises(ConfigValueError, match="is not JSON"):
            read(tmp_path, cut, "json", at="items")


def test_a_quote_opened_on_every_line_is_read_in_linear_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mesocosm.data.sources.delimited.dialect import Dialect
    from mesocosm.data.sources.delimited.scanner import Scan

    looked: list[str] = []
    classify = Scan.rest
    monkeypatch.setattr(
        Scan, "rest", lambda self, line: looked.append(line) or classify(self, line)
    )
    (tmp_path / "a.csv").write_text("h,i\n" + 'a","b\n' * 3000)
    records = list(Scan(tmp_path / "a.csv", Dialect(), 0, 2).records())
    assert [r.line for r in records if r.cells is None] == list(range(2, 3002)), (
        "each line is a record that cannot be read"
    )
    assert len(looked) <= 3 * 3000
