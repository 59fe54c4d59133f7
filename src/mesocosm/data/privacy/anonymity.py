"""k-anonymity and l-diversity: fields that together could name a person made coarse, the loss
reported.

Knows SQL over a table of cleaned rows. The groups are a tree of cuts, so one row alone falls where
it fell in the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings
from mesocosm.data.pipeline.ibis_sql import is_number, sql_type
from mesocosm.data.pipeline.internal_names import working_column
from mesocosm.data.sources.path_utils import quote, text

MOST_GROUPS = 4096
MOST_LOOKED = 1_000_000
JOINED = 3  # values of a category named side by side; more become *

GROUP, CLASS = working_column("group"), working_column("class")
Node = dict[str, Any]


class Anonymity(Settings):
    """Make groups of at least `k` rows that agree in every field of `of`.

    A number becomes its group's mean, a day its group's first, a category the values of its group
    (`a|b`, or `*` for many). Cuts are made where they keep most, along the widest field.

    Args:
        of: the fields that together could name a person (quasi-identifiers).
        k: the fewest rows of a group.
        sensitive: a field that must have several values in each group.
        l: how many.
        max_loss: the greatest loss that is accepted, 0 (nothing lost) to 1 (all groups one).

    Source: Sweeney 2002 (k-anonymity); Machanavajjhala et al. 2007 (l-diversity); LeFevre et al.
    2006, Mondrian; loss as the normalised certainty penalty of Xu et al. 2006.

    >>> Anonymity(of=["age", "zip"]).k
    5
    """

    of: tuple[str, ...] = Field(min_length=1)
    k: int = Field(5, ge=2)
    sensitive: str | None = None
    l: int = Field(2, ge=2)  # noqa: E741
    max_loss: float = Field(1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _apart(self) -> Anonymity:
        if self.sensitive in self.of:
            raise ValueError(Message("config.sensitive_not_in_of"))
        return self


def fit_groups(
    setting: Anonymity, con: Any, table: str, kinds: Mapping[str, str]
) -> dict[str, Any]:
    """The groups of a table: a tree of cuts, what each group's fields become, and what was lost.

    Args:
        con: a connection that knows the macros of recipes.
        kinds: the Ibis type of each field.

    Raises:
        ConfigValueError: the rows are too few or too alike for `k` and `l`, or too much would be
            lost.
    """
    count = int(con.execute(f"select count(*) from {table}").fetchall()[0][0])
    texts = {
        name: _distinct_texts(con, table, name)
        for name in setting.of
        if not _is_numeric(kinds[name])
    }
    codes = [_code(name, kinds[name], texts.get(name)) for name in setting.of]
    tree = _cut_sample(setting, con, table, codes, count)
    sizes = _merge_small(setting, con, table, tree, codes, count)
    values = _values(setting, con, table, kinds, tree, codes)
    loss = _loss(con, table, tree, codes)
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


def _distinct_texts(con: Any, table: str, name: str) -> list[str]:
    """The different values of a field as texts, sorted."""
    rows = con.execute(
        f"select distinct {quote(name)}::varchar from {table} where {quote(name)} is not null"
        " order by 1"
    ).fetchall()
    return [row[0] for row in rows]


def _cut_sample(setting: Anonymity, con: Any, table: str, codes: list[str], count: int) -> Node:
    """The tree of cuts over a seeded share of the rows.

    Args:
        codes: SQL of each field as a number.
        count: how many rows the table has.
    """
    import numpy as np

    every = max(1, count // MOST_LOOKED)
    columns = [f"{code} as q{i}" for i, code in enumerate(codes)]
    query = f"select {', '.join([*columns, f'{_class(setting)} as s'])} from {table}"
    if every > 1:
        query += f" where hash({', '.join(map(quote, setting.of))}) % {every} = 0"
    found = con.sql(query).to_arrow_table()
    arrays = [found.column(f"q{i}").to_numpy(zero_copy_only=False) for i in range(len(codes))]
    data = np.column_stack([np.asarray(array, dtype=float) for array in arrays])
    classes = np.asarray(found.column("s").to_numpy(zero_copy_only=False)).astype(np.int64)
    return _grow(setting, data, classes, max(2, -(-setting.k // every)))


def _merge_small(
    setting: Anonymity, con: Any, table: str, tree: Node, codes: list[str], count: int
) -> list[int]:
    """Undo cuts until every group holds over all rows, as a sample may let a small one pass;
    returns how many rows each group has.

    Raises:
        ConfigValueError: all rows together are too few or too alike.
    """
    while True:
        leaves = _number_leaves(tree)
        sizes = dict.fromkeys(range(len(leaves)), (0, 0))
        rows = con.execute(
            f"select {GROUP}, count(*), count(distinct {CLASS}) from (select {_place(tree, codes)}"
            f" as {GROUP}, {_class(setting)} as {CLASS} from {table}) group by {GROUP}"
        ).fetchall()
        sizes |= {group: (size, several) for group, size, several in rows}
        bad = {
            group
            for group, (size, several) in sizes.items()
            if size < setting.k or (setting.sensitive and several < setting.l)
        }
        if not bad:
            return [size for size, _ in sizes.values()]
        if len(leaves) == 1:
            raise _too_alike(setting, count)
        _merge(tree, bad)


def _too_alike(setting: Anonymity, count: int) -> ConfigValueError:
    what = f"{count} rows" if count < setting.k else f"one value of '{setting.sensitive}'"
    expected = f"at least {setting.k} rows"
    if setting.sensitive:
        expected += f" and {setting.l} values of '{setting.sensitive}'"
    return ConfigValueError("anonymity", f"the table has only {what}", expected)


def coarse_sql(
    setting: Anonymity, facts: Mapping[str, Any], kinds: Mapping[str, str], table: str
) -> str:
    """SQL that gives a table with its fields made coarse."""
    shown = [_code(n, kinds[n], facts["texts"].get(n)) for n in setting.of]
    swap = []
    for n in setting.of:
        listed = ", ".join("null" if v is None else text(v) for v in facts["values"][n])
        swap.append(
            f"try_cast(([{listed}]::varchar[])[{GROUP} + 1] as {sql_type(kinds[n])}) as {quote(n)}"
        )
    return (
        f"select * exclude ({GROUP}) replace ({', '.join(swap)}) from (select *,"
        f" {_place(facts['tree'], shown)} as {GROUP} from {table})"
    )


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


def _grow(setting: Anonymity, data: Any, classes: Any, k: int) -> Node:
    """Mondrian: cut the widest field at its median as long as both sides hold `k` rows and `l`
    values.
    """
    import numpy as np

    spans = _spans(data)
    root: Node = {}
    waiting: list[tuple[Node, Any]] = [(root, np.arange(len(data)))]
    groups = 1
    while waiting and groups < MOST_GROUPS:
        node, rows = waiting.pop(0)
        if not len(rows):
            continue
        widths = np.ptp(data[rows], axis=0) / spans
        for _, field in sorted((-float(width), j) for j, width in enumerate(widths) if width > 0):
            cut, low, high = _halves(data[:, field], rows)
            if all(_holds(setting, classes, side, k) for side in (low, high)):
                node.update({"of": field, "cut": cut, "low": {}, "high": {}})
                waiting += [(node["low"], low), (node["high"], high)]
                groups += 1
                break
    return root


def _spans(data: Any) -> Any:
    """How wide each field is over all rows, missing values left out; 1 where it has one value."""
    import numpy as np

    if not len(data):
        return np.ones(data.shape[1])
    real = np.where(data <= -1e299, np.nan, data)
    with np.errstate(all="ignore"):
        spans = np.nanmax(real, axis=0) - np.nanmin(real, axis=0)
    return np.where(np.isfinite(spans) & (spans > 0), spans, 1.0)


def _halves(values: Any, rows: Any) -> tuple[float, Any, Any]:
    """A cut at the median of some rows, and the rows below and above it; both sides hold rows where
    the values differ.
    """
    import numpy as np

    column = values[rows]
    cut = float(np.median(column))
    if cut >= column.max():
        cut = float(column[column < cut].max())
    low = column <= cut
    return cut, rows[low], rows[~low]


def _holds(setting: Anonymity, classes: Any, rows: Any, k: int) -> bool:
    """Whether rows can be a group: at least `k`, with `l` values of the sensitive field."""
    import numpy as np

    if len(rows) < k:
        return False
    return not setting.sensitive or len(np.unique(classes[rows])) >= setting.l


def _number_leaves(tree: Node) -> list[Node]:
    found: list[Node] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        if "of" in node:
            stack += [node["high"], node["low"]]
        else:
            node["group"] = len(found)
            found.append(node)
    return found


def _place(tree: Node, shown: list[str]) -> str:
    """SQL of the number of the group a row falls into."""
    if "of" not in tree:
        return str(tree["group"])
    return (
        f"case when {shown[tree['of']]} <= {tree['cut']!r} then {_place(tree['low'], shown)} else"
        f" {_place(tree['high'], shown)} end"
    )


def _merge(node: Node, bad: set[int]) -> bool:
    """Undo the cuts right above groups that do not hold; true where one hangs below."""
    if "of" not in node:
        return node["group"] in bad
    low, high = _merge(node["low"], bad), _merge(node["high"], bad)
    leaf = "of" not in node["low"], "of" not in node["high"]
    if (low and leaf[0]) or (high and leaf[1]):
        node.clear()
        node["group"] = -1
    return False


def _values(
    setting: Anonymity, con: Any, table: str, kinds: Mapping[str, str], tree: Node, shown: list[str]
) -> dict[str, list[Any]]:
    """What each field becomes in each group, as text."""
    asked = [_coarse_value(quote(name), kinds[name]) for name in setting.of]
    rows = con.execute(
        f"select {GROUP}, {', '.join(asked)} from (select *, {_place(tree, shown)} as {GROUP} from"
        f" {table}) group by {GROUP} order by {GROUP}"
    ).fetchall()
    return {name: [row[i + 1] for row in rows] for i, name in enumerate(setting.of)}


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


def _loss(con: Any, table: str, tree: Node, codes: list[str]) -> float:
    """The mean over rows and fields of how much of a field's width its group spans, 0 to 1."""
    lost = []
    for code in codes:
        real = f"nullif({code}, -1e300)"
        whole = con.execute(f"select max({real}) - min({real}) from {table}").fetchall()[0][0]
        if not whole:
            lost.append(0.0)
            continue
        groups = (
            f"select max({real}) - min({real}) as w, count(*) as n from (select *,"
            f" {_place(tree, codes)} as {GROUP} from {table}) group by {GROUP}"
        )
        mean = con.execute(
            f"select coalesce(sum(coalesce(w, 0) * n) / sum(n), 0) from ({groups})"
        ).fetchall()[0][0]
        lost.append(float(mean) / float(whole))
    return sum(lost) / len(lost)
