"""k-anonymity and l-diversity: fields that together could name a person made coarse, the loss
reported.

Knows SQL over a table of cleaned rows. The groups are a tree of cuts, so one row alone falls where
it fell in the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from mesocosm.core.errors import Wrong
from mesocosm.core.settings import Kind
from mesocosm.data.pipeline.ibis_sql import is_number, sql_type
from mesocosm.data.pipeline.internal_names import working
from mesocosm.data.sources.path_utils import quote, text

MOST_GROUPS = 4096
MOST_LOOKED = 1_000_000
JOINED = 3  # values of a category named side by side; more become *

GROUP, CLASS = working("group"), working("class")
Node = dict[str, Any]


class Anonymity(Kind):
    """Make groups of at least `k` rows that agree in every field of `of`.

    A number becomes its group's mean, a day its group's first, a category the values of its group
    (`a|b`, or `*` for many). Cuts are made where they keep most, along the widest field.

    Args:
        of: the fields that together could name a person (quasi-identifiers).
        k: the fewest rows of a group.
        sensitive: a field that must have several values in each group.
        l: how many.
        most_loss: the greatest loss that is accepted, 0 (nothing lost) to 1 (all groups one).

    Source: Sweeney 2002 (k-anonymity); Machanavajjhala et al. 2007 (l-diversity); LeFevre et al.
    2006, Mondrian; loss as the normalised certainty penalty of Xu et al. 2006.

    >>> Anonymity(of=["age", "zip"]).k
    5
    """

    of: tuple[str, ...] = Field(min_length=1)
    k: int = Field(5, ge=2)
    sensitive: str | None = None
    l: int = Field(2, ge=2)  # noqa: E741
    most_loss: float = Field(1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _apart(self) -> Anonymity:
        if self.sensitive in self.of:
            raise ValueError("a 'sensitive' field that is not in 'of'")
        return self


def fit_groups(
    setting: Anonymity, con: Any, table: str, kinds: Mapping[str, str]
) -> dict[str, Any]:
    """The groups of a table: a tree of cuts, what each group's fields become, and what was lost.

    Args:
        con: a connection that knows the macros of recipes.
        kinds: the Ibis type of each field.

    Raises:
        Wrong: the rows are too few or too alike for `k` and `l`, or too much would be lost.
    """
    import numpy as np

    count = int(con.execute(f"select count(*) from {table}").fetchall()[0][0])
    every = max(1, count // MOST_LOOKED)
    texts = {
        n: [
            r[0]
            for r in con.execute(
                f"select distinct {quote(n)}::varchar from {table} where {quote(n)} is not null"
                " order by 1"
            ).fetchall()
        ]
        for n in setting.of
        if not _number(kinds[n])
    }
    shown = [_code(n, kinds[n], texts.get(n)) for n in setting.of]
    asked = [*(f"{x} as q{i}" for i, x in enumerate(shown)), f"{_class(setting)} as s"]
    found = con.sql(
        f"select {', '.join(asked)} from {table}"
        + (f" where hash({', '.join(map(quote, setting.of))}) % {every} = 0" if every > 1 else "")
    ).to_arrow_table()
    data = np.column_stack(
        [
            np.asarray(found.column(f"q{i}").to_numpy(zero_copy_only=False), dtype=float)
            for i in range(len(setting.of))
        ]
    )
    classes = np.asarray(found.column("s").to_numpy(zero_copy_only=False)).astype(np.int64)
    tree = _grow(setting, data, classes, max(2, -(-setting.k // every)))
    while True:  # what a sample let pass is judged on every row
        leaves = _number_leaves(tree)
        sizes = dict.fromkeys(range(len(leaves)), (0, 0))
        rows = con.execute(
            f"select {GROUP}, count(*), count(distinct {CLASS}) from (select {_place(tree, shown)}"
            f" as {GROUP}, {_class(setting)} as {CLASS} from {table}) group by {GROUP}"
        ).fetchall()
        sizes |= {g: (n, kinds_) for g, n, kinds_ in rows}
        bad = [
            g
            for g, (n, several) in sizes.items()
            if n < setting.k or (setting.sensitive and several < setting.l)
        ]
        if not bad:
            break
        if len(leaves) == 1:
            less = f"{count} rows" if count < setting.k else f"one value of '{setting.sensitive}'"
            raise Wrong(
                "anonymity",
                f"the table has only {less}",
                f"at least {setting.k} rows"
                + (
                    f" and {setting.l} values of '{setting.sensitive}'" if setting.sensitive else ""
                ),
            )
        _merge(tree, set(bad))
    values = _values(setting, con, table, kinds, tree, shown)
    loss = _loss(setting, con, table, tree, shown)
    if loss > setting.most_loss:
        raise Wrong(
            "anonymity.most_loss",
            f"{loss:.3f} would be lost",
            f"at most {setting.most_loss}: a smaller 'k', fewer fields in 'of', or more rows",
        )
    ints = [n for n, _ in sizes.values()]
    return {
        "tree": tree,
        "texts": texts,
        "values": values,
        "loss": round(loss, 4),
        "groups": len(sizes),
        "smallest": min(ints),
        "risk": round(1 / min(ints), 4),
    }


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


def _number(kind: str) -> bool:
    return is_number(kind) or kind in ("date", "timestamp")


def _code(name: str, kind: str, known: list[str] | None) -> str:
    """SQL of a field as a number to cut along; what is missing lies below everything."""
    x = quote(name)
    if _number(kind):
        return (
            f"coalesce({f'epoch({x}) / 86400.0' if kind in ('date', 'timestamp') else x}::double,"
            " -1e300)"
        )
    listed = ", ".join(map(text, known or []))
    return f"coalesce(list_position([{listed}]::varchar[], {x}::varchar), 0)::double"


def _class(setting: Anonymity) -> str:
    return (
        f"coalesce(hash({quote(setting.sensitive)}) % 9007199254740991, 0)::bigint"
        if setting.sensitive
        else "0"
    )


def _grow(setting: Anonymity, data: Any, classes: Any, k: int) -> Node:
    """Mondrian: cut the widest field at its median as long as both sides hold `k` rows and `l`
    values.
    """
    import numpy as np

    real = np.where(data <= -1e299, np.nan, data)
    with np.errstate(all="ignore"):
        span = (
            np.nanmax(real, axis=0) - np.nanmin(real, axis=0)
            if len(data)
            else np.ones(data.shape[1])
        )
    span = np.where(np.isfinite(span) & (span > 0), span, 1.0)
    root: Node = {}
    waiting: list[tuple[Node, Any]] = [(root, np.arange(len(data)))]
    groups = 1
    while waiting and groups < MOST_GROUPS:
        node, rows = waiting.pop(0)
        mine = data[rows]
        wide = [
            (float(np.ptp(mine[:, j])) / float(span[j]) if len(rows) else 0.0, -j)
            for j in range(data.shape[1])
        ]
        for width, j in sorted(wide, reverse=True):
            if width <= 0:
                break
            column = mine[:, -j]
            cut = float(np.median(column))
            cut = cut if cut < column.max() else float(column[column < cut].max())
            low = column <= cut
            sides = rows[low], rows[~low]
            if all(
                len(s) >= k and (not setting.sensitive or len(np.unique(classes[s])) >= setting.l)
                for s in sides
            ):
                node.update({"of": -j, "cut": cut, "low": {}, "high": {}})
                waiting += [(node["low"], sides[0]), (node["high"], sides[1])]
                groups += 1
                break
    return root


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
    asked = []
    for n in setting.of:
        x, kind = quote(n), kinds[n]
        several = f"list_sort(list_distinct(list({x}::varchar)))"
        if is_number(kind):
            asked.append(
                f"{'round(avg(' + x + '))::bigint' if kind == 'int64' else 'steady_mean(' + x + '::double)'}::varchar"
            )
        elif kind in ("date", "timestamp"):
            asked.append(f"min({x})::varchar")
        elif kind == "boolean":
            asked.append(
                f"case when count(distinct {x}) = 1 and count({x}) = count(*) then"
                f" any_value({x})::varchar end"
            )
        else:
            asked.append(
                f"case when count({x}) < count(*) and count({x}) > 0 then '*' when count(distinct"
                f" {x}) <= {JOINED} then nullif(array_to_string({several}, '|'), '') else '*' end"
            )
    rows = con.execute(
        f"select {GROUP}, {', '.join(asked)} from (select *, {_place(tree, shown)} as {GROUP} from"
        f" {table}) group by {GROUP} order by {GROUP}"
    ).fetchall()
    return {n: [row[i + 1] for row in rows] for i, n in enumerate(setting.of)}


def _loss(setting: Anonymity, con: Any, table: str, tree: Node, shown: list[str]) -> float:
    """The mean over rows and fields of how much of a field's width its group spans."""
    lost = []
    for x in shown:
        real = f"nullif({x}, -1e300)"
        whole = con.execute(f"select max({real}) - min({real}) from {table}").fetchall()[0][0] or 0
        if whole:
            each = (
                f"select max({real}) - min({real}) as w, count(*) as n from (select *,"
                f" {_place(tree, shown)} as {GROUP} from {table}) group by {GROUP}"
            )
            lost.append(
                float(
                    con.execute(
                        f"select coalesce(sum(coalesce(w, 0) * n) / sum(n), 0) from ({each})"
                    ).fetchall()[0][0]
                )
                / float(whole)
            )
        else:
            lost.append(0.0)
    return sum(lost) / len(lost)
