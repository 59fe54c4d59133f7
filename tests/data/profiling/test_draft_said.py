"""A draft says what it saw: words for nothing, why a moment is none, columns that a goal names too,
sheets, partners with repeated keys.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.errors import ConfigValueError
from mesocosm.data.profiling.auto_fields import draft_files
from mesocosm.data.profiling.goal.named_columns import find_named_columns


def test_words_for_nothing_are_counted_as_the_build_counts_them(tmp_path: Path) -> None:
    """A category keeps NA, which may be a value; the evidence says so, and making it missing is a
    proposal.
    """
    shops = ["north", "south", "NA", "n/a", ""]
    (tmp_path / "a.csv").write_text(
        "id,shop,amount\n"
        + "".join(f"{1000 + i},{shops[i % 5]},{i if i % 7 else 'NA'}\n" for i in range(100))
    )
    made = draft_files(tmp_path, [tmp_path / "a.csv"])
    assert (
        made["evidence"]["fields.shop"]
        == "2 values in 40 rows; 'NA', 'n/a' in 40 more rows are values too, unless 'null' lists"
        " them"
    )
    (one,) = [p for p in made["proposals"] if p["where"] == "fields.shop"]
    assert (
        one["line"] == '{"type": "category", "null": ["", "NA", "n/a"]}'
        and one["changes"] == 40
        and one["examples"] == ["NA -> missing (20 rows)", "n/a -> missing (20 rows)"]
    )
    assert (
        "more row" not in made["evidence"]["fields.amount"]
        and made["dataset"]["fields"]["amount"]["type"] == "integer"
    )  # of a number NA is none
    for null, kept in (
        ("", {"north": 20, "south": 20, "NA": 20, "n/a": 20}),
        (', null: ["", NA, n/a]', {"north": 20, "south": 20}),
    ):
        home = tmp_path / f"home{bool(null)}"
        home.mkdir()
        (home / "a.csv").write_bytes((tmp_path / "a.csv").read_bytes())
        (home / "ecosystem.yaml").write_text(
            "grammar: 1\necosystem: it\nsources: {s: {type: csv, path: a.csv}}\ndatasets: {d:"
            f" {{from: s, key: id, fields: {{id: {{type: text}}, shop: {{type: category{null}}}}},"
            " split: {test: 0, validation: 0}}}\n"
        )
        eco = open_ecosystem(home)
        eco.build()
        snapshot = eco.catalog.snapshot(dataset="d")
        assert snapshot is not None and snapshot["facts"]["training"]["shop"]["counts"] == kept


def test_a_moment_that_is_none_says_why(tmp_path: Path) -> None:
    pq.write_table(
        pa.table(
            {
                "n": range(50),
                "at": pa.array(
                    [1_700_000_000_123_456_789 + i * 10**9 for i in range(50)], pa.timestamp("ns")
                ),
            }
        ),
        tmp_path / "a.parquet",
    )
    made = draft_files(tmp_path, [tmp_path / "a.parquet"])
    assert made["dataset"]["fields"]["at"] == {"type": "text"}
    assert (
        "50 of 50 values cannot be read as time ('2023-11-14 22:13:20.123456789': it is finer than"
        " a microsecond" in made["evidence"]["fields.at"]
    )


@pytest.mark.parametrize(
    ("goal", "names", "found"),
    [
        ("predict Paid and Late", ["Late", "Paid"], ["Paid", "Late"]),
        ("predict the final grade", ["grade", "final grade", "final"], ["final grade"]),
        ("predict churn from Late", ["Late", "churn"], ["churn"]),
        ("预测是否逾期和退货", ["是否退货", "是否逾期", "逾期天数"], ["是否逾期", "是否退货"]),
        (
            "predict riskLevel or risk_score",
            ["risk_level", "risk_score", "risk"],
            ["risk_level", "risk_score"],
        ),
        ("predict nothing", ["a"], []),
        ("predict `Paid` and `Late`", ["Late", "Paid"], ["Paid", "Late"]),
        (
            "predict medianHouseValue and Late",
            ["median_house_value", "Late", "value"],
            ["median_house_value", "Late"],
        ),
        ("target: final grade", ["final", "final grade", "grade"], ["final grade"]),
    ],
)
def test_every_column_that_a_goal_names_is_told(
    goal: str, names: list[str], found: list[str]
) -> None:
    assert find_named_columns(goal, names) == found


def test_two_columns_that_fit_the_goal_are_a_doubt(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "Amount,Region,Paid,Late\n"
        + "".join(
            f"{i * 3 % 101},{'nsew'[i % 4]},{'yes' if i % 3 else 'no'},{'yes' if i % 5 else 'no'}\n"
            for i in range(200)
        )
    )
    both = draft_files(tmp_path, [tmp_path / "a.csv"], "predict Late and Paid")["aim"]
    assert (
        both["target"] == "Late"
        and "'target' may also be Paid; the goal names both" in both["choose"]
    )
    assert not [
        c
        for c in draft_files(tmp_path, [tmp_path / "a.csv"], "predict Late")["aim"]["choose"]
        if "may also" in c
    ]


def test_a_sheet_may_be_named(tmp_path: Path, cli: Any) -> None:
    from workbooks import xlsx

    xlsx(
        tmp_path / "a.xlsx",
        [["about", "this"], ["made", "by hand"]],
        **{
            "Data 2026": [
                ["Sales report"],
                [],
                ["order", "amount"],
                *[[f"o{i}", i * 1.5] for i in range(40)],
            ]
        },
    )
    made = draft_files(tmp_path, [tmp_path / "a.xlsx"], given={"sheet": "Data 2026"})
    assert made["sources"]["a-source"] == {
        "type": "excel",
        "path": "a.xlsx",
        "header": 3,
        "sheet": "Data 2026",
    } and set(made["dataset"]["fields"]) == {"order", "amount"}
    with pytest.raises(ConfigValueError, match="has no sheet 'Data'"):
        draft_files(tmp_path, [tmp_path / "a.xlsx"], given={"sheet": "Data"})
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(
        ConfigValueError,
        match="'a.csv' is read as csv, which has no 'sheet'; expected files of kind excel",
    ):
        draft_files(tmp_path, [tmp_path / "a.csv"], given={"sheet": "x"})
    done = cli("draft", "a.xlsx", "--sheet", "Data 2026", cwd=tmp_path)
    assert done.returncode == 0 and "Data 2026" in done.stdout, done.stdout + done.stderr


def test_a_partner_with_a_few_repeated_keys_says_how_many(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "order,customer,amount\n" + "".join(f"o{i},c{i % 100:03d},{i}\n" for i in range(400))
    )
    twice = [*range(100), 3, 7, 9]
    (tmp_path / "customers.csv").write_text(
        "customer,age\n" + "".join(f"c{i:03d},{20 + n % 60}\n" for n, i in enumerate(twice))
    )
    said = draft_files(tmp_path, [tmp_path / "orders.csv", tmp_path / "customers.csv"])
    assert any(
        "of its rows share" in why and "1.0 rows" not in why for why in said["left"].values()
    ), said["left"]


def test_private_values_among_few_texts_are_found_and_decimals_are_no_cards(tmp_path: Path) -> None:
    memos = ["wire", "contact jane.doe@corp.example", "SSN 536-90-4399", "ok", "per Post"]
    lines = [
        f'{i},{memos[i % 5]},"[0.{14577168518500805 + i * 7919},0.{5294325995576006 + i}]",'
        f"{i * 37 % 101},{'HIGH' if i == 7 else ('low', 'high')[i % 2]}\n"
        for i in range(200)
    ]
    (tmp_path / "a.csv").write_text("id,memo,scores,amount,severity\n" + "".join(lines))
    made = draft_files(tmp_path, [tmp_path / "a.csv"], target="severity")
    fields = made["dataset"]["fields"]
    assert fields["memo"] == {"type": "text", "private": "redact"}
    assert "private" not in fields["scores"]
    assert sorted(made["aim"]["classes"]) == ["high", "low"] and made["aim"]["rarest"] > 90
