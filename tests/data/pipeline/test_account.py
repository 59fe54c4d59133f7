"""The account of every source closes: random joins, lookups and unions against an independent count
in pandas.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from conftest import said_of
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.cli.commands.project.build import run_build
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.settings import Collected
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.ingest import ingest_rows
from mesocosm.data.quality.row_account import account_sources, sentences

KEYS = st.lists(st.sampled_from(["1", "2", " 2 ", "3", "4", "x", "", None]), min_size=1, max_size=9)


def collected(con: Any, **tables: dict[str, list[Any]]) -> dict[str, Collected]:
    found = {}
    for name, columns in tables.items():
        table = pd.DataFrame(columns, dtype="string").assign(
            _file=f"{name}.csv", _line=range(2, 2 + len(next(iter(columns.values()))))
        )
        con.register("_given", table)
        con.execute(f'create or replace table "src_{name}" as select * from _given')
        found[name] = Collected(
            list(columns), len(table), {f"{name}.csv": ""}, [(f"{name}.csv", 99, "bad", "width")]
        )
    return found


def plain(keys: list[str | None]) -> pd.Series:
    """Keys as they are compared: trimmed, blank is missing."""
    return pd.Series(
        [None if k is None or not k.strip() else k.strip() for k in keys], dtype="object"
    )


@given(st.lists(KEYS, min_size=1, max_size=2), KEYS, KEYS, st.sampled_from(["left", "inner"]))
@settings(max_examples=15)
def test_the_account_of_each_source_closes_and_is_that_of_pandas(
    leads: list[list[Any]], first: list[Any], second: list[Any], how: str
) -> None:
    with duckdb.connect() as con:
        tables = {
            f"l{i}": {"k": keys, "v": [str(n) for n in range(len(keys))]}
            for i, keys in enumerate(leads)
        }
        tables |= {
            "p": {"k": first, "a": [f"a{n % 2}" for n in range(len(first))]},
            "q": {"k": second, "b": [f"b{n}" for n in range(len(second))]},
        }
        given_ = collected(con, **tables)
        from_: dict[str, Any] = (
            {"join": ["l0", "p"], "on": "k", "how": how, "lookup": {"q": "k"}}
            if len(leads) == 1
            else {"union": ["l0", "l1"], "lookup": {"p": "k", "q": "k"}}
        )
        dataset = Dataset.model_validate(
            {"from": from_, "fields": {n: {"type": "text"} for n in ("k", "v", "a", "b")}}
        )
        rows = ingest_rows(con, dataset, given_)
        found = account_sources(con, dataset, given_, rows.leads)
        lead = pd.concat([plain(keys) for keys in leads], ignore_index=True)
        assert con.execute("select count(*) from _raw").fetchall()[0][0] == len(
            lead
        )  # a join neither drops nor multiplies rows
        for name, keys in (("p", first), ("q", second)):
            theirs = pd.DataFrame({"k": plain(keys)})
            matched = theirs.k.notna() & theirs.k.isin(lead.dropna())
            again = matched & theirs.k.duplicated()
            one = found[name]
            assert (one["used"], one["unmatched"], one["repeated"], one["rejected"]) == (
                (matched & ~again).sum(),
                (~matched).sum(),
                again.sum(),
                1,
            )
            assert (
                one["read"]
                == len(keys) + 1
                == one["used"] + one["unmatched"] + one["repeated"] + one["rejected"]
            )
            assert (
                one["matched"] == (lead.notna() & lead.isin(theirs.k.dropna())).sum()
                and one["without"] == len(lead) - one["matched"]
            )
            assert one["repeated_at"] == [f"{name}.csv:{n + 2}" for n in theirs.index[again]]
        expected = lead.map(
            dict(zip(plain(second)[::-1], [f"b{n}" for n in range(len(second))][::-1], strict=True))
            | {None: None}
        )
        got = [r[0] for r in con.execute("select b from _raw order by _row").fetchall()]
        assert got == [None if pd.isna(e) else e for e in expected]
        assert all(found[f"l{i}"]["read"] == len(keys) + 1 for i, keys in enumerate(leads))
        assert len(sentences(found)) == len(tables)


def test_a_column_of_two_joined_sources_is_refused_and_can_be_chosen() -> None:
    with duckdb.connect() as con:
        given_ = collected(con, s={"k": ["1"], "a": ["left"]}, t={"k": ["1"], "a": ["right"]})
        from_ = {"join": ["s", "t"], "on": "k"}
        with pytest.raises(ConfigValueError, match="the column 'a' is in s and in t") as caught:
            ingest_rows(
                con,
                Dataset.model_validate({"from": from_, "fields": {"a": {"type": "text"}}}),
                given_,
            )
        assert "'s.a' or 't.a'" in str(caught.value)
        ingest_rows(
            con,
            Dataset.model_validate(
                {
                    "from": from_,
                    "fields": {
                        "a": {"type": "text", "column": "t.a"},
                        "A": {"type": "text", "column": "s.a"},
                    },
                }
            ),
            given_,
        )
        assert con.execute('select "s.a", "t.a" from _raw').fetchall() == [("left", "right")]


def test_a_column_of_exactly_that_name_comes_before_an_address() -> None:
    with duckdb.connect() as con:
        given_ = collected(
            con,
            s={"k": ["1"], "a": ["left"], "a#2": ["second"]},
            t={"k": ["1"], "s.a": ["dotted"], "#2": ["hash"]},
        )
        fields = {name: {"type": "text", "column": name} for name in ("s.a", "#2", "a#2", "#3")}
        ingest_rows(
            con,
            Dataset.model_validate({"from": {"join": ["s", "t"], "on": "k"}, "fields": fields}),
            given_,
        )
        assert con.execute('select "s.a", "#2", "a#2", "#3" from _raw').fetchall() == [
            ("dotted", "hash", "second", "second")
        ]


def test_the_way_out_of_a_refused_name_and_the_accounts_of_a_build_as_json(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("k,v,_row\n1,2,7\n2,3,8\n")
    (tmp_path / "b.csv").write_text("k,w\n1,x\n1,y\n5,z\n")
    text = (
        "grammar: 1\necosystem: t\nsources: {a: {type: csv, path: a.csv}, b: {type: csv, path:"
        " b.csv}}\ndatasets:\n  d:\n    from: {join: [a, b], on: k}\n    fields: {k: {type: text},"
        " v: {type: integer}, w: {type: text}, FIELDS}\n"
    )
    (tmp_path / "ecosystem.yaml").write_text(
        text.replace("FIELDS", "_row: {type: integer}, V: {type: integer}")
    )
    said = "\n".join(said_of(tmp_path))
    assert (
        "as 'source_row', with 'column: \"_row\"'" in said
        and "'v' and 'V' differ only in case" in said
        and "as 'V_2', with 'column: \"V\"'" in said
    ), said
    (tmp_path / "ecosystem.yaml").write_text(
        text.replace(
            "FIELDS", 'source_row: {type: integer, column: "_row"}, V_2: {type: integer, column: v}'
        )
    )
    found = run_build(open_ecosystem(tmp_path), quiet=True).to_json()
    one = next(d for d in found["done"] if d["address"] == "datasets.d")
    assert (
        one["account"]["kept"] == 2
        and one["sources"]["b"]
        | {
            "used": 1,
            "unmatched": 1,
            "repeated": 1,
            "repeated_at": ["b.csv:3"],
        }
        == one["sources"]["b"]
    )
    assert not any("account" in d for d in found["done"] if d is not one)


def test_a_plan_finds_what_a_join_lacks_and_a_draft_chooses_a_column_of_two_sources(
    tmp_path: Path,
) -> None:
    from mesocosm.assistant.draft_text import format_draft
    from mesocosm.config.loader import read_text
    from mesocosm.core.errors import ConfigError
    from mesocosm.data.profiling.auto_fields import draft_files
    from mesocosm.lifecycle.graph import list_resources

    (tmp_path / "a.csv").write_text(
        "id,customer_id,name\n" + "".join(f"{i},C{i % 5},n\n" for i in range(20))
    )
    (tmp_path / "b.csv").write_text(
        "customer_id,name,city\n" + "".join(f"C{i},m{i},x\n" for i in range(5))
    )
    text = format_draft(draft_files(tmp_path, [tmp_path / "a.csv", tmp_path / "b.csv"]))
    assert "column: a-source.name" in text
    list_resources(read_text(text, tmp_path / "ecosystem.yaml", {}))
    for old, new, said in (
        (", column: a-source.name", "", "the column 'name' is in a-source and in b-source"),
        ('"on": customer_id', '"on": customer', "'a-source' has no column 'customer'"),
    ):
        assert old in text
        with pytest.raises(ConfigError, match=said):
            list_resources(read_text(text.replace(old, new), tmp_path / "ecosystem.yaml", {}))
