"""The recipe: a dataset's settings as expressions, in the one documented order of steps.

types and units, duplicates, rules, split, outliers, missing, privacy. Knows expressions and SQL
text; runs nothing. The same expressions read a batch at build and one row at serving.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mesocosm.data.cleaning.repairs.repair import RepairKind
from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.pipeline.internal_names import name_entry, quote, raw_names, working_column
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

    Each stage is one CTE, so no expression is written out twice: trimmed, narrowed, without null
    words, its parts, the value read, the value finished.

    Args:
        raw: the table of raw columns.
        types: the Ibis type of each raw column.
        carried: columns that pass through as they are, with their Ibis types.
        columns: the raw column of each field, where `fields` are some of those of the table.
    """
    if columns is None:
        columns = columns_of(fields)
    query = _ReadQuery(fields, facts, raw, types, carried, {n: columns[n] for n in fields})
    query.normalize()
    query.read_parts()
    query.read_values()
    return query.finish()


class _ReadQuery:
    """The stages of a query that reads raw columns, each a CTE over the one before.

    The cell of field number `i` is `s{i}`, its parts are `s{i}_PART`, the value read from it is
    `r_s{i}` and the finished one `d_s{i}`.
    """

    def __init__(
        self,
        fields: Fields,
        facts: Facts,
        raw: str,
        types: Mapping[str, str],
        carried: Mapping[str, str],
        columns: Mapping[str, str],
    ) -> None:
        self.fields, self.facts, self.carried = fields, facts, carried
        self.cells = {name: f"s{i}" for i, name in enumerate(columns)}
        self.texts = {name for name, column in columns.items() if types[column] == "string"}
        self.parts: dict[str, list[str]] = {name: [] for name in columns}
        self.kinds = {**carried, **{self.cells[n]: types[c] for n, c in columns.items()}}
        table = ibis_sql.table(raw, {**carried, **types})
        first = {column: table[column] for column in carried}
        for name, column in columns.items():
            cell = table[column]
            if name in self.texts and fields[name].trims:
                cell = ibis_sql.trim(cell)
            first[self.cells[name]] = cell
        self.stages = [ibis_sql.to_sql(ibis_sql.select_columns(table, first))]
        self.table = ibis_sql.table("_s0", self.kinds)

    def _add_stage(self, changed: Mapping[str, Any]) -> None:
        """Add a stage that computes columns; later stages see them."""
        if changed:
            self.stages.append(ibis_sql.to_sql(self.table.mutate(**changed)))
            for name, column in changed.items():
                self.kinds.setdefault(name, str(column.type()))
        self.table = ibis_sql.table(f"_s{len(self.stages) - 1}", self.kinds)

    def _cell(self, name: str) -> Any:
        return self.table[self.cells[name]]

    def normalize(self) -> None:
        """Narrow full-width text, then make null what stands for no value."""
        fields, cells = self.fields, self.cells
        narrowed = [n for n in cells if fields[n].narrows and n in self.texts]
        self._add_stage({cells[n]: ibis_sql.narrow(self._cell(n)) for n in narrowed})
        nullable = [n for n in cells if self._may_be_null(n)]
        self._add_stage({cells[n]: fields[n].unless_null(self._cell(n)) for n in nullable})
        absent = [n for n in cells if fields[n].absent]
        self._add_stage(
            {cells[n]: ibis_sql.unless_absent(self._cell(n), fields[n].absent) for n in absent}
        )

    def _may_be_null(self, name: str) -> bool:
        """Whether a cell can hold a word for no value: a text, or a number's `nan`."""
        if name in self.texts or self.fields[name].null:
            return True
        return self.kinds[self.cells[name]].startswith("float")

    def read_parts(self) -> None:
        """Read the parts of the cells, as a figure and its unit, until no type asks for more."""
        while True:
            added: dict[str, Any] = {}
            for name, cell in self.cells.items():
                found = self.fields[name].parts(
                    self._cell(name), self._known_parts(name), self.facts.get(name, {})
                )
                added |= {f"{cell}_{part}": column for part, column in found.items()}
                self.parts[name] += [part for part in found if part not in self.parts[name]]
            if not added:
                return
            self._add_stage(added)

    def _known_parts(self, name: str) -> dict[str, Any]:
        return {part: self.table[f"{self.cells[name]}_{part}"] for part in self.parts[name]}

    def read_values(self) -> None:
        """Read each cell from its parts, then finish the value in its field's type."""
        fields, cells = self.fields, self.cells
        values = {}
        for name, cell in cells.items():
            values[f"r_{cell}"] = fields[name].read(
                self._cell(name), self._known_parts(name), self.facts.get(name, {})
            )
        self._add_stage(values)
        finished = {}
        for name, cell in cells.items():
            value = fields[name].finish(self.table[f"r_{cell}"])
            finished[f"d_{cell}"] = value.cast(fields[name].ibis_type)
        self._add_stage(finished)

    def finish(self) -> str:
        """The whole query: carried columns, fields and the first reason."""
        done = {name: self.table[f"d_{cell}"] for name, cell in self.cells.items()}
        reasons = [
            self.fields[name].reason(self._cell(name), value, name, self.facts.get(name, {}))
            for name, value in done.items()
        ]
        carried = {column: self.table[column] for column in self.carried}
        columns = carried | done | {"_why": ibis_sql.first_not_null(reasons)}
        last = ibis_sql.to_sql(ibis_sql.select_columns(self.table, columns))
        chain = ", ".join(f"_s{i} as ({stage})" for i, stage in enumerate(self.stages))
        return f"with {chain} {last}"


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
        if rule.severity not in severities or not set(rule.fields()) <= set(fields):
            continue
        test = rule.breaks()
        if test:
            cases.append(f"case when {test} then {literal(rule.sentence())} end")
    if not cases:
        return "null::varchar"
    return f"coalesce({', '.join(cases)}, null::varchar)"


def needs_other_rows(fields: Fields) -> bool:
    """Whether the last steps look at other rows, so that no part of the rows can be treated
    alone.
    """
    return any(field.missing.needs_other_rows for field in fields.values())


def repair_sql(fields: Fields, repairs: Sequence[RepairKind], facts: Facts, table: str) -> str:
    """SQL that repairs the fields of a table, one repair after the other; `_mended` names those
    changed.

    Repairs that read absent fields are left out.
    """
    query = f"select *, '' as _mended from {table}"
    for number, repair in enumerate(repairs):
        if set(repair.reads) <= set(fields):
            values = repair.values(facts.get("_repairs", {}).get(str(number), {}))
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


def typed_table(fields: Fields, table: str, *more: str) -> Any:
    """The unbound table of read fields."""
    columns = {name: field.ibis_type for name, field in fields.items()}
    kinds = {**LINEAGE, "_why": "string", "_split": "string", "_also": "string"}
    return ibis_sql.table(table, columns | {name: kinds[name] for name in more})


def training_rows(fields: Fields, table: str, facts: Facts, step: str) -> Any:
    """The training rows; for the imputers (`step` is `fill`), less those that an outlier detector
    quarantines.
    """
    rows = typed_table(fields, table, "_row", "_split", "_why")
    rows = rows.filter(rows._split == "train", rows._why.isnull())
    if step == "fence":
        return rows
    for name, field in fields.items():
        if field.outlier_detector and field.outlier_detector.action == "quarantine":
            bounds = facts.get(name, {}).get("fence", {})
            rows = rows.filter(~field.outlier_detector.outside(rows[name], bounds, rows))
    return rows


def without_outliers(name: str, field: FieldKind, rows: Any, facts: Facts) -> Any:
    """A field's column as its outlier detector leaves it."""
    if not field.outlier_detector:
        return rows[name]
    return field.outlier_detector.value(rows[name], facts.get(name, {}).get("fence", {}), rows)


def aggregates_of(
    name: str, field: FieldKind, rows: Any, facts: Facts, step: str
) -> dict[str, Any]:
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
    columns: dict[str, Any] = {}
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
    return ibis_sql.to_sql(grouped.filter(grouped._g.notnull())), list(aggregates)


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
    values: dict[str, Any] = {}
    reasons, flags = [rows._why], []
    for name, field in fields.items():
        known = facts.get(name, {})
        x, detector, bounds = rows[name], field.outlier_detector, known.get("fence", {})
        if detector:
            reasons.append(detector.reason(x, bounds, rows, name, field.private is not None))
            if detector.action == "flag" and bounds:
                entry, none = ibis_sql.literal(name_entry(name)), ibis_sql.literal("")
                flags.append(ibis_sql.cases((detector.outside(x, bounds, rows), entry), other=none))
            x = detector.value(x, bounds, rows)
        reasons.append(field.missing.reason(x, name))
        x = field.missing.value_of(x, known, rows, serving)
        values[name] = x
        if field.private:
            values[name] = field.private.value(x, key)
    if not flags:
        flags.append(ibis_sql.literal(""))
    flagged = flags[0]
    for more in flags[1:]:
        flagged = flagged + more
    columns = {name: rows[name] for name in carried} | values
    columns |= {"_flags": flagged, "_why": ibis_sql.first_not_null(reasons)}
    return ibis_sql.to_sql(ibis_sql.select_columns(rows, columns))


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
    if coarse and set(coarse.of) <= set(fields) and "_anonymity" in facts:
        types = {n: fields[n].ibis_type for n in coarse.of}
        result = coarse_sql(coarse, facts["_anonymity"], types, "_done")
    return (
        f"with _read as ({read}), _ruled as ({ruled}), _done as ({last}) select * from ({result})"
        ' order by "_row"'
    )
