"""What a stranger's files hold comes out as it went in, is refused with a reason, or is asked
about; drafts of any text and any name work.
"""

from __future__ import annotations

import random
import re
import string
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.cli.commands.project.build import run_build
from mesocosm.core.errors import ConfigError
from mesocosm.data.parsing.timestamps import explain_day, read_day
from mesocosm.data.privacy import check_digits, context_cues, detector
from mesocosm.data.profiling.auto_fields import draft_files
from mesocosm.data.snapshots.delta_tables import read_table
from mesocosm.data.sources.files.excel import _as_value
from mesocosm.data.types.address import address_of

pytestmark = pytest.mark.slow

SCRIPTS = [
    "aZ09 ",
    "äöüßÉñ",
    "Москва",
    "这个产品非常好",
    "日本語テスト",
    "한국어",
    "العربية",
    "٣٤٥",
    "²³¹½",
    "ⅣⅫ",
    "😀",
    "ＡＢ１２",
    "-/.:,'\"\t\n",
]
TEXTS = st.lists(st.sampled_from("".join(SCRIPTS) + string.printable), max_size=40).map("".join)
CHECKS = [
    check_digits.iban,
    check_digits.card,
    check_digits.resident_id,
    check_digits.ssn,
    check_digits.address_ip,
    check_digits.phone,
    context_cues.dni,
    context_cues.nir,
]


@settings(max_examples=400)
@given(TEXTS)
def test_every_check_of_private_values_takes_any_text(text: str) -> None:
    for check in CHECKS:
        if check is not context_cues.dni or text.strip(" .-"):
            assert check(text) in (True, False)
    detector.find_spans(text)


@settings(max_examples=400)
@given(TEXTS)
def test_a_text_is_a_day_or_there_is_a_reason_why_not(text: str) -> None:
    for forms in ("iso\nzh\ndmy", "zh", "mdy\n%d %b %Y"):
        assert (read_day(text, forms) is None) or explain_day(text, forms) is None


def test_a_year_of_an_era_is_refused_with_its_reason() -> None:
    assert read_day("令和7年11月23日", "zh") is None and "Japanese era" in str(
        explain_day("令和7年11月23日", "zh")
    )
    assert read_day("二〇二四年十一月二十三日", "zh") == "2024-11-23"


def built(home: Path, yaml: str, **files: str) -> Any:
    for name, text in files.items():
        (home / f"{name}.csv").write_text(text, encoding="utf-8")
    (home / "ecosystem.yaml").write_text(f"grammar: 1\necosystem: m\n{yaml}", encoding="utf-8")
    eco = open_ecosystem(home)
    return eco, run_build(eco, quiet=True).to_json()


def drafted(home: Path) -> dict[str, Any]:
    return dict(draft_files(home, [home / "a.csv"])["dataset"]["fields"])


def kept(eco: Any, name: str) -> list[dict[str, Any]]:
    snapshot = eco.catalog.snapshot(dataset=name)
    rows = read_table(
        eco.spec.root / ".mesocosm" / snapshot["path"] / "rows", snapshot["delta"]
    ).to_pylist()
    return [{k: v for k, v in row.items() if not k.startswith("_")} for row in rows]


@pytest.mark.parametrize(
    "text",
    [
        "Kunde Anna Müller hat",
        "这个产品的质量非常好我很喜欢谢谢你们",
        "Москва Красная площадь",
        "²³²³²³²³²³²³²³²³",
        "４５３９５７８７６３６２１４８６",
    ],
)
def test_a_draft_takes_texts_of_any_language(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(
        f"id,note\n1,{text}\n2,Wir möchten kündigen\n3,Größe passt leider nicht\n", encoding="utf-8"
    )
    assert "note" in drafted(tmp_path)
    eco, made = built(
        tmp_path,
        "sources: {a: {type: csv, path: a.csv}}\ndatasets:\n  d: {from: a, fields: auto}\n",
    )
    assert not made["failed"] and len(kept(eco, "d")) == 3


def test_a_column_of_one_member_of_a_union_is_the_unions_own(tmp_path: Path) -> None:
    """`o.amount` chooses between the united rows and the table that is looked up; no member loses
    its values.
    """
    yaml = """sources: {o: {type: csv, path: o.csv}, o2: {type: csv, path: o2.csv}, c: {type: csv, path: c.csv}, t: {type: csv, path: t.csv}}
datasets:
  u:
    from: {union: [o, o2], lookup: {c: cust}}
    key: id
    fields: {id: integer, cust: text, amount: {type: decimal, precision: 12, scale: 2, column: COLUMN}, name: text}
    split: {test: t}
"""
    rows = {
        "o": "id,cust,amount\n1,a,1.10\n2,b,2.20\n",
        "o2": "amount,id,cust\n3.30,3,a\n4.40,4,b\n",
        "t": "id,cust,amount\n5,a,5.50\n",
        "c": "cust,name,amount\na,Ann,700\nb,Bob,800\n",
    }
    with pytest.raises(
        ConfigError,
        match=(
            r"in o and in o2 and in c; expected 'column: ' with 'o.amount' .of o2 too. or 'c.amount'"
        ),
    ):
        built(tmp_path, yaml.replace("column: COLUMN", "missing: keep"), **rows)
    for column, wanted in (
        ("o.amount", ["1.10", "2.20", "3.30", "4.40", "5.50"]),
        ("o2.amount", ["1.10", "2.20", "3.30", "4.40", "5.50"]),
        ("c.amount", ["700.00", "800.00", "700.00", "800.00", "700.00"]),
    ):
        eco, made = built(tmp_path, yaml.replace("COLUMN", column), **rows)
        assert not made["failed"], made["failed"]
        assert [
            str(r["amount"]) for r in sorted(kept(eco, "u"), key=lambda r: r["id"])
        ] == wanted, column


def test_values_of_an_open_category_are_kept_letter_for_letter(tmp_path: Path) -> None:
    """Full-width letters tell values apart, unless the file lists the values."""
    values = ["一般，需要改进", "Ａ１", "A1", "５００㎡", "ｶﾀｶﾅ", "a  b"]
    text = "id,c\n" + "".join(f"{i},{v}\n" for i, v in enumerate(values))
    eco, made = built(
        tmp_path,
        "sources: {a: {type: csv, path: a.csv}}\ndatasets:\n  d: {from: a, key: id, fields: {id:"
        " integer, c: category}}\n  l: {from: a, key: id, fields: {id: integer, c: {type: list,"
        ' separator: "|"}}}\n',
        a=text,
    )
    assert not made["failed"]
    assert [r["c"] for r in kept(eco, "d")] == values and [r["c"] for r in kept(eco, "l")] == values
    eco, _ = built(
        tmp_path,
        "sources: {a: {type: csv, path: a.csv}}\ndatasets:\n  d: {from: a, key: id, fields: {id:"
        " integer, c: {type: category, values: [A1, b], missing: keep, unreadable: missing}}}\n",
        a="id,c\n1,Ａ１\n2,a1\n",
    )
    assert [r["c"] for r in kept(eco, "d")] == ["A1", "A1"]


def test_lines_that_are_no_rows_are_among_the_reasons_and_call_for_something(
    tmp_path: Path,
) -> None:
    from mesocosm.reports.health import measure_health

    eco, made = built(
        tmp_path,
        "sources: {a: {type: csv, path: a.csv}}\ndatasets:\n  d: {from: a, fields: {a: text, b:"
        " date}}\n",
        a="a,b\n1,2024-01-02\n2,3,4\n3,4,5\n4,2021-02-30\n5,2022-02-30\n",
    )
    snapshot = eco.catalog.snapshot(dataset="d")
    reasons = snapshot["report"]["reasons"]
    assert sum(reasons.values()) == snapshot["account"]["quarantined"] == 4 and any(
        why.startswith("the line cannot be read:") and n == 2 for why, n in reasons.items()
    )
    assert any("there is no such day" in why and n == 2 for why, n in reasons.items()) and not any(
        "30 February" in why for why in reasons
    )
    assert any(
        "of the rows of 'd' are quarantined" in one
        for one in measure_health(eco.spec, eco.catalog)["next"]
    )


def test_the_report_tells_the_last_stop_and_none_once_it_is_mended(tmp_path: Path) -> None:
    from mesocosm.reports.health import measure_health

    yaml = (
        "sources: {a: {type: csv, path: a.csv}}\ndatasets:\n  d: {from: a, key: id, fields: {id:"
        " integer, day: {type: date, formats: [iso]}}}\n"
    )
    good = "id,day\n" + "".join(f"{i},2024-01-{1 + i % 28:02d}\n" for i in range(200))

    def told() -> str:
        return " ".join(measure_health(eco.spec, eco.catalog)["next"])

    eco, made = built(tmp_path, yaml, a=good)
    assert not made["failed"] and "stopped" not in told()
    eco, made = built(tmp_path, yaml, a="id,day\n")
    assert made["failed"] and "--accept d" in told()
    eco, made = built(tmp_path, yaml, a=good.replace("2024-01-", "01/01/20"))
    assert (
        made["failed"]
        and "none of 200 rows could be kept (200 because" in made["failed"][0]["text"]
        and "none of 200 rows could be kept" in told()
        and "--accept" not in told()
    )
    eco, made = built(tmp_path, yaml, a=good)
    assert not made["failed"] and "stopped" not in told()


def test_digits_with_leading_zeros_are_text_whatever_stands_beside_them(tmp_path: Path) -> None:
    values = ["1", "001", "2", "1.5", "10"] * 20
    (tmp_path / "a.csv").write_text("part\n" + "\n".join(values) + "\n")
    assert drafted(tmp_path)["part"] in ({"type": "text"}, {"type": "category"})
    (tmp_path / "a.csv").write_text(
        "day\n" + "\n".join([*[f"2024-01-{d:02d}" for d in range(1, 29)], "00"]) + "\n"
    )
    assert "leading zeros" not in str(
        draft_files(tmp_path, [tmp_path / "a.csv"])["evidence"]
    )  # 00 stands for none


def test_one_value_does_not_make_thousands_of_all_others(tmp_path: Path) -> None:
    """Two hundred values of three digits after their comma look like thousands; one with two does
    not settle it, one in ten does.
    """
    many = [f'"{n},{100 + n}"' for n in range(1, 201)]
    yaml = (
        "sources: {a: {type: csv, path: a.csv}}\ndatasets:\n  d: {from: a, fields: {v: number}}\n"
    )
    _, made = built(tmp_path, yaml, a="v\n" + "\n".join([*many, '"5,00"']) + "\n")
    assert (
        "can be read in two ways" in made["failed"][0]["text"]
        and "too few of its values show the decimal mark, such as '5,00'"
        in made["failed"][0]["text"]
    )
    said = draft_files(tmp_path, [tmp_path / "a.csv"])
    assert (
        said["dataset"]["fields"]["v"]["type"] != "number"
        and "which is too few" in said["evidence"]["fields.v"]
    )
    for part in ("one", "two"):
        (tmp_path / part).mkdir()
    eco, made = built(
        tmp_path / "one",
        yaml,
        a="v\n" + "\n".join([*many, *[f'"{n},50"' for n in range(20)]]) + "\n",
    )
    assert not made["failed"] and kept(eco, "d")[0]["v"] == 1.101
    eco, made = built(tmp_path / "two", yaml, a="v\n" + "\n".join([*many, '"1,234,567"']) + "\n")
    assert not made["failed"] and kept(eco, "d")[0]["v"] == 1101.0  # groups need no second value
    (tmp_path / "three").mkdir()
    eco, made = built(
        tmp_path / "three",
        yaml.replace("v: number", "v: {type: number, unreadable: missing, missing: keep}"),
        a="v\n" + "\n".join([*many, '"5,00"', "3.5", "7"]) + "\n",
    )
    assert not made["failed"] and [r["v"] for r in kept(eco, "d")][:2] == [
        None,
        None,
    ]  # one against one: what reads two ways is refused


@pytest.mark.parametrize("name", ["n", "new", "x", "rows", "which", "value", "_had0", "h"])
def test_a_draft_takes_columns_of_any_name_beside_ragged_rows(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.csv").write_text(f"{name},v\n1,berlin\n2,berlin\n3,berlxn\n3,4,5\n2,berlin\n")
    assert list(drafted(tmp_path)) == [name, "v"]


def test_a_table_of_many_columns_is_drafted_within_the_memory_of_all(tmp_path: Path) -> None:
    rng = random.Random(3)
    rows = [
        [str(rng.randrange(100)) if c % 3 else rng.choice(["red", "blue"]) for c in range(400)]
        for _ in range(20)
    ]
    (tmp_path / "wide.csv").write_text(
        "\n".join([",".join(f"c{i}" for i in range(400)), *(",".join(r) for r in [*rows, rows[0]])])
        + "\n"
    )
    said = draft_files(tmp_path, [tmp_path / "wide.csv"])
    fields = said["dataset"]["fields"]
    assert len(fields) == 400 and {f["type"] for f in fields.values()} == {"integer", "category"}
    assert any(p["where"] == "duplicates" and p["changes"] == 1 for p in said["proposals"])


def test_a_partner_whose_key_repeats_with_other_values_is_not_joined(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "order,cust,sum\n" + "".join(f"{i},{i % 60:03d},{i}\n" for i in range(300))
    )
    people = [f"{i:03d},name {i}" for i in range(60)]
    for more, joined in (
        ([], True),
        ([people[7]], True),
        (["007,another"], False),
        (["008,name 8", "008,Name 8"], False),
    ):
        (tmp_path / "people.csv").write_text("cust,name\n" + "\n".join([*people, *more]) + "\n")
        said = draft_files(tmp_path, [tmp_path / "orders.csv", tmp_path / "people.csv"])
        assert ("people-source" in said["left"]) is not joined
        assert (
            joined or "share it with another row of other values" in said["left"]["people-source"]
        )


def test_errors_of_a_workbook_are_told(tmp_path: Path) -> None:
    from workbooks import xlsx

    xlsx(
        tmp_path / "b.xlsx",
        [["id", "v"], *[[i, "ERROR" if i in (1, 3) else 2 * i] for i in range(5)]],
    )
    with (
        zipfile.ZipFile(tmp_path / "b.xlsx") as old,
        zipfile.ZipFile(tmp_path / "a.xlsx", "w") as new,
    ):
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(
                name,
                re.sub(
                    r'<c r="(\w+)" t="inlineStr"><is><t>ERROR</t></is></c>',
                    r'<c r="\1" s="0" t="e"><v>#N/A</v></c>',
                    text,
                ),
            )
    (tmp_path / "ecosystem.yaml").write_text(
        "grammar: 1\necosystem: m\nsources: {a: {type: excel, path: a.xlsx}}\ndatasets:\n  d:"
        " {from: a, fields: {id: integer, v: {type: integer, missing: keep}}}\n"
    )
    eco = open_ecosystem(tmp_path)
    assert not eco.build().failed
    notes = eco.catalog.snapshot(dataset="d")["report"]["notes"]["a"]
    assert any(
        "has 2 cells with an error such as #N/A or #DIV/0! (first B3), read as missing" in n
        for n in notes
    ), notes
    assert [r["v"] for r in kept(eco, "d")] == [0, None, 4, None, 8]
    assert [_as_value(v) for v in (timedelta(hours=30), timedelta(minutes=-90))] == [
        "30:00:00",
        "-1:30:00",
    ]


def test_short_words_of_an_address_are_written_out_where_they_are_short_words() -> None:
    told = {
        "5 Dr. Martin Luther King Dr.": "5 Dr. Martin Luther King Drive",
        "1 St Ann St": "1 St Ann Street",
        "12 N Main St Apt 4": "12 North Main Street Apartment 4",
        "Hartford, CT 06101": "Hartford, CT 06101",
        "12 Main St, Omaha NE": "12 Main Street, Omaha NE",
        "Hartford CT": "Hartford CT",
        "Miami FL USA": "Miami FL USA",
        "3 Park Ct": "3 Park Court",
        "Omaha NE 68001": "Omaha NE 68001",
        "Miami, FL 33101": "Miami, FL 33101",
        "7 E St NW": "7 E Street Northwest",
    }
    assert {a: address_of(a) for a in told} == told


def test_what_is_wrong_with_a_source_is_placed_at_the_source(tmp_path: Path) -> None:
    for fields in ("auto", "{a: text}"):
        _, made = _failed(
            tmp_path,
            "sources:\n  s:\n    type: csv\n    path: a.csv\ndatasets:\n  d: {from: s, fields:"
            f" {fields}}}\n",
            "",
        )
        assert "sources.s" in made and "datasets.d" not in made, made


def _failed(home: Path, yaml: str, text: str) -> tuple[Any, str]:
    try:
        eco, made = built(home, yaml, a=text)
    except ConfigError as invalid:
        return None, " ".join(f.text() for f in invalid.findings)
    return eco, " ".join(f["text"] for f in made["failed"])


def test_parquet_is_written_for_whoever_reads_it(tmp_path: Path) -> None:
    eco, _ = built(
        tmp_path,
        "sources: {a: {type: csv, path: a.csv}}\ndatasets:\n  d: {from: a, fields: {c:"
        " category}}\n",
        a="c\nＡ１\n",
    )
    snapshot = eco.catalog.snapshot(dataset="d")
    file = next((tmp_path / ".mesocosm" / snapshot["path"] / "rows").glob("*.parquet"))
    assert pq.read_table(file)["c"].to_pylist() == ["Ａ１"]
