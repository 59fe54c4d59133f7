"""The recipe: a dataset's settings as expressions, in the one documented order of steps.

types and units, duplicates, rules, split, outliers, missing, privacy. Knows expressions and SQL
text; runs nothing. The same expressions read a batch at build and one row at serving.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from mesocosm.data.cleaning.facts import DetectorFacts, FieldFacts, RepairFacts
from mesocosm.data.cleaning.repairs.repair import RepairKind
from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.pipeline.ibis_sql import Column, Scalar, Table
from mesocosm.data.pipeline.internal_names import name_entry, quote, working_column
from mesocosm.data.pipeline.read_query import Facts as Facts
from mesocosm.data.pipeline.read_query import Fields as Fields
from mesocosm.data.pipeline.read_query import columns_of as columns_of
from mesocosm.data.pipeline.read_query import read_sql as read_sql
from mesocosm.data.privacy.anonymity import Anonymity, AnonymityFacts, coarse_sql
from mesocosm.data.quality.rules import RuleSetting
from mesocosm.data.sources.path_utils import text as literal
from mesocosm.data.types.field import FieldKind

LINEAGE = {"_row": "int64", "_part": "int32", "_line": "int64"}
NUMERIC = ("int64", "float64")


def rules_of(fields: Fields, rules: Sequence[RuleSetting]) -> list[RuleSetting]:
    """The rules of the fields, in their order, then those of the dataset."""
    found: list[RuleSetting] = []
    for name, field in fields.items():
        found += [rule.about_field(name) for rule in field.rules]
    return [*found, *rules]


def broken_sql(
    fields: Fields, rules: Sequence[RuleSetting], severities: Sequence[str] = ("quarantine",)
) -> str:
    """A SQL expression: the sentence of the first row rule that is broken, else null.

    Rules over absent fields are left out.
    """
    cases: list[str] = []
    for rule in rules_of(fields, rules):
        test = rule.breaks()
        if test and rule.severity in severities and set(rule.fields()) <= set(fields):
            cases.append(f"case when {test} then {literal(rule.sentence())} end")
    if not cases:
        return "null::varchar"
    return f"coalesce({', '.join(cases)}, null::varchar)"


def needs_other_rows(fields: Fields) -> bool:
    """Whether the last steps look at other rows, so that no part of the rows can be treated
    alone.
    """
    return any(field.missing.needs_other_rows for field in fields.values())


def repair_facts(facts: Facts) -> dict[str, RepairFacts]:
    """What each repair fitted, by its number: an entry of the facts that is of no field."""
    return cast("dict[str, RepairFacts]", facts.get("_repairs", {}))


def start_repair_facts(facts: Facts) -> dict[str, RepairFacts]:
    """The same, empty, as part of the facts: what is put into it is there."""
    facts.setdefault("_repairs", {})
    return repair_facts(facts)


def anonymity_facts(facts: Facts) -> AnonymityFacts | None:
    """The groups that make rows anonymous: an entry of the facts that is of no field."""
    return cast("AnonymityFacts | None", facts.get("_anonymity"))


def keep_anonymity_facts(facts: Facts, groups: AnonymityFacts) -> None:
    """Put the groups that make rows anonymous among the facts."""
    cast("dict[str, object]", facts)["_anonymity"] = groups


def repair_sql(fields: Fields, repairs: Sequence[RepairKind], facts: Facts, table: str) -> str:
    """SQL that repairs the fields of a table, one repair after the other; `_mended` names those
    changed.

    Repairs that read absent fields are left out.
    """
    query = f"select *, '' as _mended from {table}"
    fitted = repair_facts(facts)
    for number, repair in enumerate(repairs):
        if set(repair.reads) <= set(fields):
            values = repair.values(fitted.get(str(number), {}))
            if values:
                query = _replace_sql(fields, values, query)
    return query


def _replace_sql(fields: Fields, values: Mapping[str, str], query: str) -> str:
    """SQL of rows in which some fields have new values, wherever these are not null."""
    computed, marks, swaps = [], [], []
    for number, (name, value) in enumerate(values.items()):
        new, old = working_column(str(number)), quote(name)
        kind = ibis_sql.sql_type(fields[name].ibis_type)
        computed.append(f"try_cast({value} as {kind}) as {new}")
        marks.append(
            f"case when {new} is not null and {new} is distinct from {old} then"
            f" {literal(name_entry(name))} else '' end"
        )
        swaps.append(f"coalesce({new}, {old}) as {old}")
    columns = ", ".join(working_column(str(number)) for number in range(len(values)))
    return (
        f"select * exclude ({columns}) replace ({', '.join(swaps)}, _mended ||"
        f" {' || '.join(marks)} as _mended) from (select *, {', '.join(computed)} from ({query}))"
    )


def typed_table(fields: Fields, table: str, *more: str) -> Table:
    """The unbound table of read fields."""
    columns = {name: field.ibis_type for name, field in fields.items()}
    kinds = {**LINEAGE, "_why": "string", "_split": "string", "_also": "string"}
    return ibis_sql.table(table, columns | {name: kinds[name] for name in more})


def training_rows(fields: Fields, table: str, facts: Facts, step: str) -> Table:
    """The training rows; for the imputers (`step` is `fill`), less those that an outlier detector
    quarantines.
    """
    rows = typed_table(fields, table, "_row", "_split", "_why")
    rows = rows.filter(rows["_split"] == "train", rows["_why"].isnull())
    if step == "fence":
        return rows
    for name, field in fields.items():
        if field.outlier_detector and field.outlier_detector.action == "quarantine":
            bounds = _detector_facts(name, facts)
            rows = rows.filter(~field.outlier_detector.outside(rows[name], bounds, rows))
    return rows


def _detector_facts(name: str, facts: Facts) -> DetectorFacts:
    """What a field's outlier detector fitted."""
    return facts.get(name, FieldFacts()).get("fence", {})


def without_outliers(name: str, field: FieldKind, rows: Table, facts: Facts) -> Column:
    """A field's column as its outlier detector leaves it."""
    if not field.outlier_detector:
        return rows[name]
    return field.outlier_detector.value(rows[name], _detector_facts(name, facts), rows)


def aggregates_of(
    name: str, field: FieldKind, rows: Table, facts: Facts, step: str
) -> dict[str, Scalar]:
    """The aggregates that a field's outlier detector (`step` is `fence`) or its imputer (`fill`)
    needs, by name.
    """
    if step == "fence":
        return field.outlier_detector.measures(rows[name]) if field.outlier_detector else {}
    measure = field.missing.measure(without_outliers(name, field, rows, facts), rows)
    return {} if measure is None else {"fill": measure}


def aggregate_all(
    names: Iterable[str], fields: Fields, table: str, facts: Facts, step: str
) -> tuple[str, list[tuple[str, str]]]:
    """SQL of one aggregate over the training rows for all of some fields, and the field and name of
    each of its columns; empty where there is none.
    """
    rows = training_rows(fields, table, facts, step)
    order: list[tuple[str, str]] = []
    columns: dict[str, Column] = {}
    for name in names:
        for key, scalar in aggregates_of(name, fields[name], rows, facts, step).items():
            columns[f"m{len(order)}"] = scalar
            order.append((name, key))
    if not order:
        return "", []
    return ibis_sql.to_sql(rows.aggregate(**columns)), order


def aggregate_groups(
    fields: Fields, name: str, table: str, facts: Facts, step: str
) -> tuple[str, list[str]]:
    """The same of one field for each value of its `by`; the group as text comes first."""
    field = fields[name]
    by = _group_field(field, step)
    if not by:
        return "", []
    rows = training_rows(fields, table, facts, step)
    aggregates = aggregates_of(name, field, rows, facts, step)
    if not aggregates:
        return "", []
    grouped = rows.group_by(_g=rows[by].cast("string")).aggregate(
        **{f"m{i}": x for i, x in enumerate(aggregates.values())}
    )
    return ibis_sql.to_sql(grouped.filter(grouped["_g"].notnull())), list(aggregates)


def _group_field(field: FieldKind, step: str) -> str | None:
    """The field by whose values a field's outlier detector or imputer is fitted."""
    if step == "fill":
        by: str | None = getattr(field.missing, "by", None)
        return by
    if field.outlier_detector and field.outlier_detector.other_fields:
        return field.outlier_detector.other_fields[0]
    return None


def clean_sql(
    fields: Fields,
    table: str,
    facts: Facts,
    key: str,
    carried: tuple[str, ...],
    serving: bool = False,
) -> str:
    """SQL of the last steps: outliers acted on, missing values imputed, private values hidden,
    `_why`, `_flags`.
    """
    rows = typed_table(fields, table, "_why", *carried)
    columns = {name: rows[name] for name in carried}
    reasons, flags = [rows["_why"]], list[Column]()
    for name, field in fields.items():
        cleaned = _clean_field(name, field, rows, facts.get(name, {}), serving)
        reasons += cleaned.reasons
        flags += cleaned.flags
        columns[name] = cleaned.value
        if field.private:
            columns[name] = field.private.value(cleaned.value, key)
    columns |= {"_flags": _join_flags(flags), "_why": ibis_sql.first_not_null(reasons)}
    return ibis_sql.to_sql(ibis_sql.select_columns(rows, columns))


@dataclass(frozen=True)
class _Cleaned:
    """A field after the last steps: its value, reasons against its row, and flags of its row."""

    value: Column
    reasons: list[Column]
    flags: list[Column]


def _clean_field(
    name: str, field: FieldKind, rows: Table, known: FieldFacts, serving: bool
) -> _Cleaned:
    """A field's outliers acted on and its missing values imputed."""
    x, reasons, flags = rows[name], list[Column](), list[Column]()
    detector, bounds = field.outlier_detector, known.get("fence", DetectorFacts())
    if detector:
        reasons.append(detector.reason(x, bounds, rows, name, field.private is not None))
        if detector.action == "flag" and bounds:
            entry, none = ibis_sql.literal(name_entry(name)), ibis_sql.literal("")
            flags.append(ibis_sql.cases((detector.outside(x, bounds, rows), entry), other=none))
        x = detector.value(x, bounds, rows)
    reasons.append(field.missing.reason(x, name))
    return _Cleaned(field.missing.value_of(x, known, rows, serving), reasons, flags)


def _join_flags(flags: Sequence[Column]) -> Column:
    """The flags of a row one after the other, empty where there is none."""
    if not flags:
        return ibis_sql.literal("")
    joined = flags[0]
    for flag in flags[1:]:
        joined = joined + flag
    return joined


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
    repaired = repair_sql(plain, repairs, facts, "_read")
    ruled = (
        f"select * exclude (_mended) replace (coalesce(_why, {broken}) as _why) from ({repaired})"
    )
    result = "select * from _done"
    groups = anonymity_facts(facts)
    if coarse and set(coarse.of) <= set(fields) and groups is not None:
        types = {n: fields[n].ibis_type for n in coarse.of}
        result = coarse_sql(coarse, groups, types, "_done")
    return (
        f"with _read as ({read}), _ruled as ({ruled}), _done as ({last}) select * from ({result})"
        ' order by "_row"'
    )
