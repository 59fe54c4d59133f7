"""How the text inputs of a model are read: what is done to a changed text before a model sees it.

Knows a snapshot's recipe and the data room's text type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from mesocosm.catalog.rows import SnapshotRow

if TYPE_CHECKING:
    from mesocosm.data.types.text import Text

ReadTexts = Callable[[Sequence[str]], list[str]]
FORMS = ("unicode", "script", "case", "spaces")  # settings of a text field that change its letters


def read_texts_as(snapshot: SnapshotRow, features: Sequence[str]) -> ReadTexts | None:
    """What reads texts as all text inputs of a model read theirs; None where nothing is done, or
    they are read in different ways.
    """
    from mesocosm.data.types.text import Text

    fields = snapshot["recipe"]["fields"]
    kinds = [
        Text.model_validate({form: fields[name].get(form) for form in FORMS})
        for name in features
        if fields[name].get("type") == "text"
    ]
    if not kinds or any(kind != kinds[0] for kind in kinds) or kinds[0] == Text():
        return None
    return partial(_read, kinds[0])


def _read(kind: Text, texts: Sequence[str]) -> list[str]:
    """Texts by the very expression that the build reads them with."""
    import duckdb

    from mesocosm.data.pipeline import ibis_sql

    rows = ibis_sql.table("_changed", {"number": "int64", "written": "string"})
    read = {"number": rows["number"], "shown": kind.read(rows["written"], {}, {})}
    query = ibis_sql.to_sql(ibis_sql.select_columns(rows, read))
    with duckdb.connect() as con:
        ibis_sql.prepare(con)
        con.execute("create table _changed (number bigint, written varchar)")
        con.executemany("insert into _changed values (?, ?)", list(enumerate(texts)))
        found = con.execute(f"select shown from ({query}) order by number").fetchall()
    return [str(shown) for (shown,) in found]
