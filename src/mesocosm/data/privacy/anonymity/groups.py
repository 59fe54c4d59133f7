"""k-anonymity and l-diversity: fields that together could name a person made coarse, the loss
reported.

Knows SQL over a table of cleaned rows. The groups are a tree of cuts, so one row alone falls where
it fell in the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.pipeline.expressions.typed_rows import read_numbers, read_texts
from mesocosm.data.pipeline.ibis_sql import is_number, sql_type
from mesocosm.data.pipeline.internal_names import working_column
from mesocosm.data.privacy.anonymity.cut_tree import (
    Node,
    grow_tree,
    merge_leaves,
    number_leaves,
    place_sql,
)
from mesocosm.data.privacy.anonymity.setting import Anonymity
from mesocosm.data.sources.path_utils import quote, text
from mesocosm.data.sources.query_results import count_rows

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from mesocosm.data.privacy.anonymity.cut_tree import Data, Numbers

MOST_LOOKED = 1_000_000
JOINED = 3  # values of a category named side by side; more become *

GROUP, CLASS = working_column("group"), working_column("class")


class AnonymityFacts(TypedDict):
    """The groups of a table and what was lost by them.

    `texts` are the values of each field of words, in the order of their numbers; `values` what each
    field becomes in each group.
    """

    tree: Node
    texts: dict[str, list[str]]
    values: dict[str, list[str | None]]
    loss: float
    groups: int
    smallest: int
    risk: float


def fit_groups(
    setting: Anonymity, con: DuckDBPyConnection, table: str, kinds: Mapping[str, str]
) -> AnonymityFacts:
    """The groups of a table: a tree of cuts, what each group's fields become, and what was lost.

    Args:
        con: a connection that knows the macros of recipes.
        kinds: the Ibis type of each field.

    Raises:
        ConfigValueError: the rows are too few or too alike for `k` and `l`, or too much would be
            lost.
    """
    count = count_rows(con, table)
    texts: dict[str, list[str]] = {}
    for name in setting.of:
        if not _is_numeric(kinds[name]):
            texts[name] = _distinct_texts(con, table, name)
    codes = [_code(name, kinds[name], texts.get(name)) for name in setting.of]
    rows = _Rows(setting, con, table, codes)
    tree = _cut_sample(rows, count)
    sizes = _merge_small(rows, tree, count)
    values = _values(rows, kinds, tree)
    loss = _loss(rows, tree)
    if loss > setting.max_loss:
        raise ConfigValueError(
            "anonymity.max_loss",
            Message("data.would_be_lost", loss=loss),
            Message("data.loss_at_most", most=setting.max_loss),
        )
    return {
        "tree": tree,
        "texts": texts,
        "values": values,
        "loss": round(loss, 4),
        "groups": len(sizes),
        "smallest": min(sizes),
        "risk": round(1 / min(sizes), 4),
    }


@dataclass(frozen=True)
class _Rows:
    """The rows that are made anonymous.

    Args:
        table: SQL of them.
        codes: SQL of each field as a number.
    """

    setting: Anonymity
    con: DuckDBPyConnection
    table: str
    codes: Sequence[str]


def _distinct_texts(con: DuckDBPyConnection, table: str, name: str) -> list[str]:
    """The different values of a field as texts, sorted."""
    return read_texts(
        con,
        f"select distinct {quote(name)}::varchar from {table} where {quote(name)} is not null"
        " order by 1",
    )


def _cut_sample(rows: _Rows, count: int) -> Node:
    """The tree of cuts over a seeded share of the rows.

    Args:
        count: how many rows the table has.
    """
    import numpy as np

    setting = rows.setting
    every = max(1, count // MOST_LOOKED)
    columns = [f"{code} as q{i}" for i, code in enumerate(rows.codes)]
    query = f"select {', '.join([*columns, f'{_class(setting)} as s'])} from {rows.table}"
    if every > 1:
        query += f" where hash({', '.join(map(quote, setting.of))}) % {every} = 0"
    found: pa.Table = rows.con.sql(query).to_arrow_table()
    data: Data = np.column_stack([_as_array(found, f"q{i}") for i in range(len(columns))])
    classes: Numbers = _as_array(found, "s").astype(np.int64)
    return grow_tree(setting, data, classes, max(2, -(-setting.k // every)))


def _as_array(found: pa.Table, name: str) -> Data:
    """A column of numbers as an array."""
    import numpy as np

    return np.asarray(found.column(name).to_numpy(zero_copy_only=False), dtype=float)


def _merge_small(rows: _Rows, tree: Node, count: int) -> list[int]:
    """Undo cuts until every group holds over all rows, as a sample may let a small one pass;
    returns how many rows each group has.

    Raises:
        ConfigValueError: all rows together are too few or too alike.
    """
    while True:
        sizes = _measure_groups(rows, tree)
        bad = {group for group, size in sizes.items() if _is_small(rows.setting, *size)}
        if not bad:
            return [size for size, _ in sizes.values()]
        if len(sizes) == 1:
            raise _too_alike(rows.setting, count)
        merge_leaves(tree, bad)


def _measure_groups(rows: _Rows, tree: Node) -> dict[int, tuple[int, int]]:
    """How many rows, and different classes, each group of a tree has."""
    sizes = dict.fromkeys(range(len(number_leaves(tree))), (0, 0))
    measured = rows.con.execute(
        f"select {GROUP}, count(*), count(distinct {CLASS}) from (select"
        f" {place_sql(tree, rows.codes)} as {GROUP}, {_class(rows.setting)} as {CLASS} from"
        f" {rows.table}) group by {GROUP}"
    ).fetchall()
    for group, size, several in measured:
        sizes[int(group)] = (int(size), int(several))
    return sizes


def _is_small(setting: Anonymity, size: int, several: int) -> bool:
    """Whether a group has too few rows, or too few values of the sensitive field."""
    return size < setting.k or bool(setting.sensitive and several < setting.l)


def _too_alike(setting: Anonymity, count: int) -> ConfigValueError:
    name = setting.sensitive
    found = Message("data.one_sensitive_value", name=name)
    if count < setting.k:
        found = Message("data.too_few_rows", rows=count)
    expected = Message("data.rows_of_group", rows=setting.k)
    if name:
        expected = Message(
            "data.rows_and_values_of_group", rows=setting.k, values=setting.l, name=name
        )
    return ConfigValueError("anonymity", found, expected)


def coarse_sql(
    setting: Anonymity, facts: AnonymityFacts, kinds: Mapping[str, str], table: str
) -> str:
    """SQL that gives a table with its fields made coarse."""
    shown = [_code(n, kinds[n], facts["texts"].get(n)) for n in setting.of]
    swap: list[str] = []
    for n in setting.of:
        listed = ", ".join(map(_text_or_null, facts["values"][n]))
        swap.append(
            f"try_cast(([{listed}]::varchar[])[{GROUP} + 1] as {sql_type(kinds[n])}) as {quote(n)}"
        )
    return (
        f"select * exclude ({GROUP}) replace ({', '.join(swap)}) from (select *,"
        f" {place_sql(facts['tree'], shown)} as {GROUP} from {table})"
    )


def _text_or_null(value: str | None) -> str:
    """A value as SQL."""
    if value is None:
        return "null"
    return text(value)


def _is_numeric(kind: str) -> bool:
    return is_number(kind) or kind in ("date", "timestamp")


def _code(name: str, kind: str, known: list[str] | None) -> str:
    """SQL of a field as a number to cut along; what is missing lies below everything."""
    x = quote(name)
    if kind in ("date", "timestamp"):
        x = f"epoch({x}) / 86400.0"
    if _is_numeric(kind):
        return f"coalesce({x}::double, -1e300)"
    listed = ", ".join(map(text, known or []))
    return f"coalesce(list_position([{listed}]::varchar[], {x}::varchar), 0)::double"


def _class(setting: Anonymity) -> str:
    """SQL of the class of a row's sensitive value."""
    if not setting.sensitive:
        return "0"
    return f"coalesce(hash({quote(setting.sensitive)}) % 9007199254740991, 0)::bigint"


def _values(rows: _Rows, kinds: Mapping[str, str], tree: Node) -> dict[str, list[str | None]]:
    """What each field becomes in each group, as text."""
    names = rows.setting.of
    asked = [_coarse_value(quote(name), kinds[name]) for name in names]
    groups: list[tuple[str | None, ...]] = rows.con.execute(
        f"select {', '.join(asked)} from (select *, {place_sql(tree, rows.codes)} as {GROUP} from"
        f" {rows.table}) group by {GROUP} order by {GROUP}"
    ).fetchall()
    return dict(zip(names, map(list, zip(*groups, strict=True)), strict=True))


def _coarse_value(x: str, kind: str) -> str:
    """SQL of what the values of a group become, as text."""
    if kind == "int64":
        return f"round(avg({x}))::bigint::varchar"
    if is_number(kind):
        return f"steady_mean({x}::double)::varchar"
    if kind in ("date", "timestamp"):
        return f"min({x})::varchar"
    if kind == "boolean":
        return (
            f"case when count(distinct {x}) = 1 and count({x}) = count(*) then"
            f" any_value({x})::varchar end"
        )
    several = f"list_sort(list_distinct(list({x}::varchar)))"
    return (
        f"case when count({x}) < count(*) and count({x}) > 0 then '*' when count(distinct"
        f" {x}) <= {JOINED} then nullif(array_to_string({several}, '|'), '') else '*' end"
    )


def _loss(rows: _Rows, tree: Node) -> float:
    """The mean over rows and fields of how much of a field's width its group spans, 0 to 1."""
    lost = [_loss_of(rows, tree, code) for code in rows.codes]
    return sum(lost) / len(lost)


def _loss_of(rows: _Rows, tree: Node, code: str) -> float:
    """The same of one field."""
    width = f"max(nullif({code}, -1e300)) - min(nullif({code}, -1e300))"
    (whole,) = read_numbers(rows.con, f"select {width} from {rows.table}")
    if not whole:
        return 0.0
    groups = (
        f"select {width} as w, count(*) as n from (select *, {place_sql(tree, rows.codes)} as"
        f" {GROUP} from {rows.table}) group by {GROUP}"
    )
    query = f"select coalesce(sum(coalesce(w, 0) * n) / sum(n), 0) from ({groups})"
    (mean,) = read_numbers(rows.con, query)
    return (mean or 0.0) / whole
