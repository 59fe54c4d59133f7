"""The recipe: a dataset's settings as expressions, in the one documented order of steps.

types and units, duplicates, rules, split, outliers, missing, privacy. Knows expressions and SQL
text; runs nothing. The same expressions read a batch at build and one row at serving.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.govern import expr
from mesocosm.govern.dataset import Dataset
from mesocosm.govern.rules.condition import Condition
from mesocosm.govern.sources.paths import quote
from mesocosm.govern.types.field import FieldKind

Facts = dict[str, dict[str, Any]]
Fields = Mapping[str, FieldKind]
LINEAGE = {"_row": "int64", "_file": "string", "_line": "int64", "_source": "string"}


def columns_of(fields: Fields) -> dict[str, str]:
    """The source's column of each field."""
    return {name: field.column or name for name, field in fields.items()}


def read_sql(fields: Fields, facts: Facts, raw: str, types: Mapping[str, str], carried: Mapping[str, str]) -> str:
    """SQL that reads raw columns as their types; `_why` holds the first reason, else null.

    Each stage is one CTE, so no expression is written out twice: text, its parts, what is read.

    Args:
        raw: the table of raw columns.
        types: the Ibis type of each raw column.
        carried: columns that pass through as they are, with their Ibis types.
    """
    own = columns_of(fields)
    said = {n: f"s{i}" for i, n in enumerate(own)}
    texts = {said[n]: types[c] for n, c in own.items()}
    table = expr.table(raw, {**carried, **types})
    blank = {said[n]: table[c] if types[c] != "string" else expr.blank_to_null(table[c]) for n, c in own.items()}
    stages = [expr.to_sql(table.select(**{c: table[c] for c in carried}, **blank))]
    table = expr.table("_s0", {**carried, **texts})
    parts = {n: {f"{said[n]}_{k}": x for k, x in fields[n].parts(table[said[n]]).items()} for n in own}
    flat = {name: x for mine in parts.values() for name, x in mine.items()}
    stages.append(expr.to_sql(table.mutate(**flat)))
    kinds = {**carried, **texts, **{name: str(x.type()) for name, x in flat.items()}}
    table = expr.table("_s1", kinds)
    read = {
        f"r_{said[n]}": fields[n].read(table[said[n]], {k.split("_", 1)[1]: table[k] for k in parts[n]}, facts.get(n, {}))
        for n in own
    }
    stages.append(expr.to_sql(table.mutate(**read)))
    table = expr.table("_s2", kinds | {name: str(x.type()) for name, x in read.items()})
    done = {n: fields[n].finish(table[f"r_{said[n]}"]).cast(fields[n].ibis_type) for n in own}
    why = [fields[n].reason(table[said[n]], done[n], n) for n in own]
    last = expr.to_sql(table.select(**{c: table[c] for c in carried}, **done, _why=expr.first_of(why)))
    chain = ", ".join(f"_s{i} as ({stage})" for i, stage in enumerate(stages))
    return f"with {chain} {last}"


def rules_sql(table: str, fields: Fields, rules: tuple[str, ...]) -> str:
    """SQL that adds the first broken rule to `_why`; rules over absent fields are left out."""
    wanted = [Condition(rule=r) for name in fields for r in fields[name].rules] + [Condition(rule=r) for r in rules]
    breaks = [rule.breaks() for rule in wanted if set(rule.fields()) <= set(fields)]
    return f"select * replace (coalesce({', '.join(['_why', *breaks, 'null'])}) as _why) from {quote(table)}"


def split_sql(table: str, dataset: Dataset) -> str:
    """SQL that names the part of each row that is still in: `train`, `validation` or `test`.

    Rows are ranked by a keyed hash of what they say, so their order never matters.
    """
    split, names = dataset.split, [dataset.key] if dataset.key else sorted(dataset.fields)
    unit = [split.group] if split.group else names
    said = " || '|' || ".join(f"coalesce({quote(n)}::varchar, '')" for n in unit)
    mark = f"md5('{split.seed}|' || {said})"
    still = f"from {quote(table)} where _why is null"
    judge = f"_source = '{dataset.test_source}'" if dataset.test_source else None
    if split.group:
        share = f"(('0x' || left({mark}, 12))::bigint / 281474976710656.0)"
        test = judge or f"{share} < {split.test}"
        low = 0.0 if judge else split.test
        val = f"{share} < {low} + (1 - {low}) * {split.validation}"
        return f"select _row, case when {test} then 'test' when {val} then 'validation' else 'train' end as _split {still}"
    part = f"partition by ({judge or 'false'}){', ' + quote(split.stratify) if split.stratify else ''}"
    ranked = (
        f"select _row, ({judge or 'false'}) as judge, row_number() over ({part} order by {mark}, _row) as r, "
        f"count(*) over ({part}) as n {still}"
    )
    test = "judge" if judge else f"r <= round(n * {split.test})"
    low_count = "0" if judge else f"round(n * {split.test})"
    val = f"r <= {low_count} + round((n - {low_count}) * {split.validation})"
    return f"select _row, case when {test} then 'test' when {val} then 'validation' else 'train' end as _split from ({ranked})"


def typed(fields: Fields, table: str, *more: str) -> Any:
    """The unbound table of read fields."""
    columns = {name: field.ibis_type for name, field in fields.items()}
    kinds = {**LINEAGE, "_why": "string", "_split": "string", "_also": "string"}
    return expr.table(table, columns | {name: kinds[name] for name in more})


def measures_sql(fields: Fields, table: str, facts: Facts, step: str) -> tuple[str, list[tuple[str, str]]]:
    """One aggregate over the training rows for all fields; `step` is `fence` or `fill`."""
    rows = typed(fields, table, "_split", "_why")
    asked: dict[tuple[str, str], Any] = {}
    rows = rows.filter(rows._split == "train", rows._why.isnull())
    if step == "fill":
        for name, field in fields.items():
            if field.fence and field.fence.action == "quarantine":
                rows = rows.filter(~field.fence.outside(rows[name], facts.get(name, {}).get("fence", {})))
    for name, field in fields.items():
        x, fence = rows[name], field.fence
        if step == "fence":
            found = fence.measures(x) if fence else {}
        else:
            value = fence.value(x, facts.get(name, {}).get("fence", {})) if fence else x
            found = field.missing.measures(value)
        asked |= {(name, key): scalar for key, scalar in found.items()}
    order = list(asked)
    if not order:
        return "", []
    return expr.to_sql(rows.aggregate(**{f"m{i}": asked[k] for i, k in enumerate(order)})), order


def clean_sql(fields: Fields, table: str, facts: Facts, key: str, carried: tuple[str, ...]) -> str:
    """SQL of the last steps: outliers acted on, gaps filled, private values hidden, `_why`, `_flags`."""
    rows = typed(fields, table, "_why", *carried)
    values: dict[str, Any] = {}
    reasons, flags = [rows._why], []
    for name, field in fields.items():
        mine = facts.get(name, {})
        x, fence = rows[name], field.fence
        if fence:
            shown = "a private value" if field.private else name
            reasons.append(fence.reason(x, mine.get("fence", {}), shown if shown == name else f"{name}: {shown}"))
            if fence.action == "flag" and mine.get("fence"):
                outside = fence.outside(x, mine["fence"])
                flags.append(expr.cases((outside, expr.literal(f"{name};")), other=expr.literal("")))
            x = fence.value(x, mine.get("fence", {}))
        reasons.append(field.missing.reason(x, name))
        x = field.missing.value_of(x, mine)
        values[name] = field.private.value(x, key) if field.private else x
    flagged = flags[0] if flags else expr.literal("")
    for more in flags[1:]:
        flagged = flagged + more
    picked = {name: rows[name] for name in carried}
    return expr.to_sql(rows.select(**picked, **values, _flags=flagged, _why=expr.first_of(reasons)))


def serving_sql(fields: Fields, rules: tuple[str, ...], facts: Facts, key: str) -> str:
    """SQL that treats rows of a table `incoming` (`_n` and one text column a field) as the build did.

    Gives `_n`, the fields and `_why`, which holds the reason where a row would not have been kept.
    """
    plain = {name: field.model_copy(update={"column": None}) for name, field in fields.items()}
    read = read_sql(plain, facts, "incoming", dict.fromkeys(plain, "string"), {"_row": "int64"})
    last = clean_sql(plain, "_ruled", facts, key, ("_row",))
    ruled = rules_sql("_read", plain, rules)
    return f'with _read as ({read}), _ruled as ({ruled}), _done as ({last}) select * from _done order by "_row"'
