"""The recipe: a dataset's settings as expressions, in the one documented order of steps.

types and units, duplicates, rules, split, outliers, missing, privacy. Knows expressions and SQL
text; runs nothing. The same expressions read a batch at build and one row at serving.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.data.cleaning.repairs.repair import RepairKind
from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.pipeline.internal_names import listed, quote, raw_names, working
from mesocosm.data.privacy.anonymity import Anonymity, coarse_sql
from mesocosm.data.quality.rules import RuleSetting
from mesocosm.data.sources.path_utils import text as literal
from mesocosm.data.types.field import FieldKind

Facts = dict[str, dict[str, Any]]
Fields = Mapping[str, FieldKind]
LINEAGE = {"_row": "int64", "_part": "int32", "_line": "int64"}
NUMERIC = ("int64", "float64")


def columns_of(fields: Fields) -> dict[str, str]:
    """The column of each field in the table of raw rows."""
    known = raw_names(field.column or name for name, field in fields.items())
    return {name: known[field.column or name] for name, field in fields.items()}


def read_sql(
    fields: Fields,
    facts: Facts,
    raw: str,
    types: Mapping[str, str],
    carried: Mapping[str, str],
    columns: Mapping[str, str] | None = None,
) -> str:
    """SQL that reads raw columns as their types; `_why` holds the first reason, else null.

    Each stage is one CTE, so no expression is written out twice: trimmed, narrowed, said, its
    parts, what is read.

    Args:
        raw: the table of raw columns.
        types: the Ibis type of each raw column.
        carried: columns that pass through as they are, with their Ibis types.
        columns: the raw column of each field, where `fields` are some of those of the table.
    """
    own = columns_of(fields) if columns is None else {n: columns[n] for n in fields}
    said = {n: f"s{i}" for i, n in enumerate(own)}
    texts = {said[n]: types[c] for n, c in own.items()}
    words = [said[n] for n, c in own.items() if types[c] == "string"]
    table = ibis_sql.table(raw, {**carried, **types})
    first = {
        said[n]: ibis_sql.trimmed(table[c])
        if types[c] == "string" and fields[n].trims
        else table[c]
        for n, c in own.items()
    }
    stages = [ibis_sql.to_sql(ibis_sql.picked(table, {c: table[c] for c in carried} | first))]
    kinds = {**carried, **texts}

    def stage(changed: dict[str, Any]) -> None:
        if changed:
            stages.append(ibis_sql.to_sql(table.mutate(**changed)))

    table = ibis_sql.table("_s0", kinds)
    stage(
        {
            said[n]: ibis_sql.narrow(table[said[n]])
            for n in own
            if fields[n].narrows and said[n] in words
        }
    )
    table = ibis_sql.table(f"_s{len(stages) - 1}", kinds)
    stage(
        {
            said[n]: fields[n].unless_null(table[said[n]])
            for n in own
            if said[n] in words or fields[n].null or kinds[said[n]].startswith("float")
        }
    )
    table = ibis_sql.table(f"_s{len(stages) - 1}", kinds)
    stage(
        {
            said[n]: ibis_sql.unless_absent(table[said[n]], fields[n].absent)
            for n in own
            if fields[n].absent
        }
    )
    table = ibis_sql.table(f"_s{len(stages) - 1}", kinds)
    known: dict[str, dict[str, Any]] = {n: {} for n in own}
    while True:
        parts = {
            n: (
                fields[n].parts(
                    table[said[n]], {k: table[f"{said[n]}_{k}"] for k in known[n]}, facts.get(n, {})
                )
            )
            for n in own
        }
        flat = {f"{said[n]}_{k}": x for n, found in parts.items() for k, x in found.items()}
        if not flat:
            break
        stage(flat)
        kinds |= {name: str(x.type()) for name, x in flat.items()}
        table = ibis_sql.table(f"_s{len(stages) - 1}", kinds)
        for n, found in parts.items():
            known[n] |= found
    read = {
        f"r_{said[n]}": (
            fields[n].read(
                table[said[n]], {k: table[f"{said[n]}_{k}"] for k in known[n]}, facts.get(n, {})
            )
        )
        for n in own
    }
    stage(read)
    table = ibis_sql.table(
        f"_s{len(stages) - 1}", kinds | {name: str(x.type()) for name, x in read.items()}
    )
    done = {n: fields[n].finish(table[f"r_{said[n]}"]).cast(fields[n].ibis_type) for n in own}
    stages.append(ibis_sql.to_sql(table.mutate(**{f"d_{said[n]}": x for n, x in done.items()})))
    table = ibis_sql.table(
        f"_s{len(stages) - 1}", kinds | {f"d_{said[n]}": fields[n].ibis_type for n in own}
    )
    why = [
        fields[n].reason(table[said[n]], table[f"d_{said[n]}"], n, facts.get(n, {})) for n in own
    ]
    last = ibis_sql.to_sql(
        ibis_sql.picked(
            table,
            {c: table[c] for c in carried}
            | {n: table[f"d_{said[n]}"] for n in own}
            | {"_why": ibis_sql.first_of(why)},
        )
    )
    chain = ", ".join(f"_s{i} as ({text})" for i, text in enumerate(stages))
    return f"with {chain} {last}"


def rules_of(fields: Fields, rules: Sequence[RuleSetting]) -> list[RuleSetting]:
    """The rules of the fields, in their order, then those of the dataset."""
    mine = [rule.about_field(name) for name, field in fields.items() for rule in field.rules]
    return [*mine, *rules]


def broken_sql(
    fields: Fields, rules: Sequence[RuleSetting], severities: Sequence[str] = ("quarantine",)
) -> str:
    """A SQL expression: the sentence of the first row rule that is broken, else null.

    Rules over absent fields are left out.
    """
    wanted = [
        r
        for r in rules_of(fields, rules)
        if r.severity in severities and set(r.fields()) <= set(fields)
    ]
    tests = [(r.breaks(), r.sentence()) for r in wanted]
    said = [
        f"case when {test} then '{sentence.replace(chr(39), chr(39) * 2)}' end"
        for test, sentence in tests
        if test
    ]
    return f"coalesce({', '.join([*said, 'null::varchar'])})" if said else "null::varchar"


def looks_around(fields: Fields) -> bool:
    """Whether the last steps look at other rows, so that no part of the rows can be treated
    alone.
    """
    return any(field.missing.looks_around for field in fields.values())


def repair_sql(fields: Fields, repairs: Sequence[RepairKind], facts: Facts, table: str) -> str:
    """SQL that mends the fields of a table, one repair after the other; `_mended` names those
    changed.

    Repairs that read absent fields are left out.
    """
    query = f"select *, '' as _mended from {table}"
    for number, repair in enumerate(repairs):
        if not set(repair.reads) <= set(fields):
            continue
        values = repair.values(facts.get("_repairs", {}).get(str(number), {}))
        if not values:
            continue
        new = {
            name: f"try_cast({value} as {ibis_sql.sql_type(fields[name].ibis_type)})"
            for name, value in values.items()
        }
        own = {name: working(str(i)) for i, name in enumerate(new)}
        marks = " || ".join(
            f"case when {own[n]} is not null and {own[n]} is distinct from {quote(n)} then"
            f" {literal(listed(n))} else '' end"
            for n in new
        )
        swap = ", ".join(f"coalesce({own[n]}, {quote(n)}) as {quote(n)}" for n in new)
        less = ", ".join(own.values())
        found = ", ".join(f"{value} as {own[n]}" for n, value in new.items())
        query = (
            f"select * exclude ({less}) replace ({swap}, _mended || {marks} as _mended) from"
            f" (select *, {found} from ({query}))"
        )
    return query


def typed(fields: Fields, table: str, *more: str) -> Any:
    """The unbound table of read fields."""
    columns = {name: field.ibis_type for name, field in fields.items()}
    kinds = {**LINEAGE, "_why": "string", "_split": "string", "_also": "string"}
    return ibis_sql.table(table, columns | {name: kinds[name] for name in more})


def teaching(fields: Fields, table: str, facts: Facts, fenced: bool) -> Any:
    """The training rows; with `fenced`, less those that a fence sets aside."""
    rows = typed(fields, table, "_row", "_split", "_why")
    rows = rows.filter(rows._split == "train", rows._why.isnull())
    for name, field in fields.items():
        if fenced and field.fence and field.fence.action == "quarantine":
            rows = rows.filter(
                ~field.fence.outside(rows[name], facts.get(name, {}).get("fence", {}), rows)
            )
    return rows


def measured(name: str, field: FieldKind, rows: Any, facts: Facts, step: str) -> dict[str, Any]:
    """The aggregates that a field's fence (`step` is `fence`) or fill needs, by name."""
    fence = field.fence
    if step == "fence":
        return fence.measures(rows[name]) if fence else {}
    x = fence.value(rows[name], facts.get(name, {}).get("fence", {}), rows) if fence else rows[name]
    one = field.missing.measure(x, rows)
    return {} if one is None else {"fill": one}


def measures_sql(
    fields: Fields, table: str, facts: Facts, step: str
) -> tuple[str, list[tuple[str, str]]]:
    """One aggregate over the training rows for all fields."""
    rows = teaching(fields, table, facts, step == "fill")
    asked = {
        (n, key): scalar
        for n, f in fields.items()
        for key, scalar in measured(n, f, rows, facts, step).items()
    }
    order = list(asked)
    if not order:
        return "", []
    return ibis_sql.to_sql(
        rows.aggregate(**{f"m{i}": asked[k] for i, k in enumerate(order)})
    ), order


def groups_sql(
    fields: Fields, name: str, table: str, facts: Facts, step: str
) -> tuple[str, list[str]]:
    """The same of one field for each value of its `by`; the group as text comes first."""
    field = fields[name]
    by = (
        (field.fence.leans if field.fence else ())
        if step == "fence"
        else (getattr(field.missing, "by", None),)
    )
    if not by or not by[0]:
        return "", []
    rows = teaching(fields, table, facts, step == "fill")
    asked = measured(name, field, rows, facts, step)
    if not asked:
        return "", []
    grouped = rows.group_by(_g=rows[by[0]].cast("string")).aggregate(
        **{f"m{i}": x for i, x in enumerate(asked.values())}
    )
    return ibis_sql.to_sql(grouped.filter(grouped._g.notnull())), list(asked)


def clean_sql(
    fields: Fields,
    table: str,
    facts: Facts,
    key: str,
    carried: tuple[str, ...],
    serving: bool = False,
) -> str:
    """SQL of the last steps: outliers acted on, gaps filled, private values hidden, `_why`,
    `_flags`.
    """
    rows = typed(fields, table, "_why", *carried)
    values: dict[str, Any] = {}
    reasons, flags = [rows._why], []
    for name, field in fields.items():
        mine = facts.get(name, {})
        x, fence = rows[name], field.fence
        if fence:
            fenced = mine.get("fence", {})
            reasons.append(fence.reason(x, fenced, rows, name, field.private is not None))
            if fence.action == "flag" and fenced:
                flags.append(
                    ibis_sql.cases(
                        (fence.outside(x, fenced, rows), ibis_sql.literal(listed(name))),
                        other=ibis_sql.literal(""),
                    )
                )
            x = fence.value(x, fenced, rows)
        reasons.append(field.missing.reason(x, name))
        x = field.missing.value_of(x, mine, rows, serving)
        values[name] = field.private.value(x, key) if field.private else x
    flagged = flags[0] if flags else ibis_sql.literal("")
    for more in flags[1:]:
        flagged = flagged + more
    picked = {name: rows[name] for name in carried}
    return ibis_sql.to_sql(
        ibis_sql.picked(
            rows, picked | values | {"_flags": flagged, "_why": ibis_sql.first_of(reasons)}
        )
    )


def serving_sql(
    fields: Fields,
    rules: Sequence[RuleSetting],
    facts: Facts,
    key: str,
    repairs: Sequence[RepairKind] = (),
    coarse: Anonymity | None = None,
) -> str:
    """SQL that treats rows of a table `incoming` (`_row` and one text column a field) as the build
    did.

    Gives `_row`, the fields and `_why`, which holds the reason where a row would not have been
    kept.
    """
    plain = {name: field.model_copy(update={"column": None}) for name, field in fields.items()}
    read = read_sql(plain, facts, "incoming", dict.fromkeys(plain, "string"), {"_row": "int64"})
    last = clean_sql(plain, "_ruled", facts, key, ("_row",), serving=True)
    broken = broken_sql(plain, rules)
    mended = repair_sql(plain, repairs, facts, "_read")
    ruled = f"select * exclude (_mended) replace (coalesce(_why, {broken}) as _why) from ({mended})"
    made = "select * from _done"
    if coarse and set(coarse.of) <= set(fields) and "_anonymity" in facts:
        made = coarse_sql(
            coarse, facts["_anonymity"], {n: fields[n].ibis_type for n in coarse.of}, "_done"
        )
    return (
        f"with _read as ({read}), _ruled as ({ruled}), _done as ({last}) select * from ({made})"
        ' order by "_row"'
    )
