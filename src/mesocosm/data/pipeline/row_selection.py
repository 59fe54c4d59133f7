"""Which rows stay: duplicates are dropped, rules set rows aside, and what is left is cut into
parts. Knows the tables that `stage.py` makes.
"""

from __future__ import annotations

from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.data.cleaning.duplicates import SLICE
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline import recipe
from mesocosm.data.pipeline.ingest import Raw
from mesocosm.data.pipeline.split import split_sql
from mesocosm.data.quality.rules.binding import name_failing_rule
from mesocosm.data.quality.rules.rule import Known
from mesocosm.data.sources.path_utils import quote, text


def drop_duplicates(con: Any, dataset: Dataset) -> None:
    """Create `_drops`: the rows that are copies, each with the row that stays for it."""
    con.execute("create table _drops (_row bigint, kept bigint)")
    if dataset.duplicates:
        count = con.execute("select count(*) from _stage").fetchone()[0]
        parts = max(1, -(-count // SLICE))
        con.execute("create table _twins (_row bigint)")
        for part in range(parts):
            con.execute(
                f"insert into _twins {dataset.duplicates.candidates('_stage', part, parts)}"
            )
        con.execute(
            "insert into _drops"
            f" {dataset.duplicates.drops('_stage', '_twins', list(dataset.fields))}"
        )
        if dataset.duplicates.like is not None:
            from mesocosm.data.cleaning.near_duplicates import near

            found = near(
                dataset.duplicates,
                con,
                "(select * from _stage where _row not in (select _row from _drops))",
                list(dataset.fields),
            )
            for start in range(0, len(found), 10_000):
                con.execute(
                    "insert into _drops values"
                    f" {', '.join(f'({a}, {b})' for a, b in found[start : start + 10_000])}"
                )


def judge(con: Any, dataset: Dataset, known: Known) -> dict[str, int]:
    """Apply the rules; `_aside` gets the rows that rules over several rows set aside.

    Raises:
        Wrong: a rule of severity `stop` is broken.
    """
    fields = dataset.fields
    con.execute("create table _aside (_row bigint, _reason varchar)")
    less = ", _h" if dataset.duplicates else ""
    less += ", _mended" if dataset.repairs else ""
    still = (
        f"select * exclude (_why{less}), coalesce(_why, _broken) as _why from _stage where _row not"
        " in (select _row from _drops)"
    )
    con.execute(f"create view _judged as {still}")
    if dataset.key:
        k, sentence = (
            quote(dataset.key),
            text(f"{dataset.key} names an earlier row too, and it is the key"),
        )
        twice = f"select hash({k}) from _judged where _why is null group by 1 having count(*) > 1"
        con.execute(
            f"insert into _aside select _row, {sentence} from _judged where _why is null and"
            f" hash({k}) in ({twice}) qualify row_number() over (partition by {k} order by"
            " _row) > 1"
        )
    warned: dict[str, int] = {}
    for rule in recipe.rules_of(fields, dataset.rules):
        listed, broken = rule.rows("_judged", known), rule.breaks()
        if rule.severity == "quarantine":
            if listed:
                con.execute(
                    f"insert into _aside select _row, {text(rule.sentence())} from ({listed}) where"
                    " _row not in (select _row from _aside)"
                )
            continue
        query = listed or (
            f"select _row from _judged where _why is null and {broken}" if broken else None
        )
        said = rule.verdict(con, "_judged", known) if query is None else None
        with name_failing_rule(con, [rule], "_judged"):
            count = (
                con.execute(f"select count(*) from ({query})").fetchone()[0]
                if query
                else int(said is not None)
            )
        if count and rule.severity == "stop":
            raise Wrong(
                "rules",
                said or f"{count} rows: {rule.sentence()}",
                "rows that keep it; the last snapshot stays",
            )
        if count:
            warned[said or rule.sentence()] = count
    return warned


def cut_parts(con: Any, dataset: Dataset, rows: Raw) -> None:
    """Create `_parted`: the rows still there, `_why`, and `_split` of those without a reason."""
    aside = con.execute("select count(*) from _aside").fetchone()[0]
    plain = (
        "select j.* exclude (_broken) replace (coalesce(j._why, a._reason) as _why) from _judged j"
        " left join _aside a using (_row)"
        if aside
        else "select * exclude (_broken) from _judged"
    )
    if dataset.split.none:
        con.execute(
            "create view _parted as select *, case when _why is null then 'train' end as _split"
            f" from ({plain})"
        )
        return
    con.execute(f"create view _still as {plain}")
    con.execute(
        f"create table _splits as {split_sql('_still', dataset, rows.judge(dataset.test_source))}"
    )
    con.execute(
        "create view _parted as select t.*, s._split from _still t left join _splits s using (_row)"
    )
