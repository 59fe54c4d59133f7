"""What a dataset, its fields and its rules require of each other and of sources. Knows the
grammar's objects.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mesocosm.config.checks.names import check_reference
from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.faults import Fault, Path, fault
from mesocosm.core.messages import Message
from mesocosm.data.cleaning.repairs.learned import Learned
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.ibis_sql import is_number
from mesocosm.data.pipeline.internal_names import (
    LINEAGE_COLUMNS,
    find_name_problem,
    find_same_but_case,
)
from mesocosm.data.quality.rules.binding import bind
from mesocosm.data.quality.rules.condition import Condition
from mesocosm.data.quality.rules.foreign_key import ForeignKey
from mesocosm.data.quality.rules.rule import RuleKind
from mesocosm.data.types.field import FieldKind
from mesocosm.data.types.number import Rates

OF_DATASET = Message("config.field_of_dataset")


def check_datasets(eco: Ecosystem) -> Iterator[Fault]:
    """Everything in datasets that does not fit together."""
    for name, data in eco.datasets.items():
        at = ("datasets", name)
        yield from _check_sources(eco, at, data)
        if data.auto:
            continue  # its fields are known once its source was read
        yield from _check_spelling(at, data.fields)
        yield from _check_own_fields(at, data)
        yield from _check_retention(at, data)
        yield from _check_anonymity(at, data)
        yield from _check_repairs(eco, at, data)
        for i, rule in enumerate(data.rules):
            yield from _check_rule(eco, (*at, "rules", i), rule, data.fields)
        for field, kind in data.fields.items():
            yield from _check_field(eco, (*at, "fields", field), field, kind, data.fields)


def _check_sources(eco: Ecosystem, at: Path, data: Dataset) -> Iterator[Fault]:
    for source in data.source.lookup:
        path = (*at, "from", "lookup", source)
        yield from check_reference(eco, path, source, "sources", "datasets")
    if data.ground_truth:
        yield from check_reference(eco, (*at, "ground_truth"), data.ground_truth, "sources")
    where = "join" if data.source.join else "union"
    for i, source in enumerate(data.source.join or data.source.union):
        path = (*at, "from", where, i)
        yield from check_reference(eco, path, source, "sources", "datasets")
    if data.test_source:
        yield from check_reference(eco, (*at, "split", "test"), data.test_source, "sources")


def _check_spelling(at: Path, fields: Mapping[str, FieldKind]) -> Iterator[Fault]:
    """SQL does not tell names apart by case."""
    alike = find_same_but_case(fields)
    if alike:
        name = alike[1][:60]
        yield fault(
            (*at, "fields", alike[1]),
            Message("config.fields_differ_in_case", first=alike[0], other=alike[1]),
            Message("config.other_field_name", name=name, column=_quote(name)),
        )


def _quote(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _check_own_fields(at: Path, data: Dataset) -> Iterator[Fault]:
    """Settings of a dataset that name its own fields."""
    for path, word in _own_fields(data):
        if word is not None and word not in data.fields:
            found = Message("config.no_field", name=word)
            yield fault((*at, *path), found, OF_DATASET, sorted(data.fields), word)


def _own_fields(data: Dataset) -> Iterator[tuple[Path, str | None]]:
    yield ("key",), data.key
    yield ("split", "stratify"), data.split.stratify
    yield ("split", "group"), data.split.group
    if data.duplicates:
        yield ("duplicates", "block"), data.duplicates.block
        if data.duplicates.by != "row":
            for i, field in enumerate(data.duplicates.by):
                yield ("duplicates", "by", i), field
    if data.retention:
        yield ("retention", "by"), data.retention.by
    if data.anonymity:
        for i, field in enumerate(data.anonymity.of):
            yield ("anonymity", "of", i), field
        yield ("anonymity", "sensitive"), data.anonymity.sensitive


def _check_retention(at: Path, data: Dataset) -> Iterator[Fault]:
    if not data.retention:
        return
    path, field = (*at, "retention", "by"), data.retention.by
    kind = data.fields.get(field)
    if kind and kind.ibis_type not in ("date", "timestamp"):
        yield fault(
            path, Message("config.not_a_date", field=field), Message("config.date_field_of_dataset")
        )
    if kind and kind.private:
        found = Message("config.private_date", field=field)
        yield fault(path, found, Message("config.public_date_field"))


def _check_anonymity(at: Path, data: Dataset) -> Iterator[Fault]:
    if not data.anonymity:
        return
    for i, quasi in enumerate(data.anonymity.of):
        if quasi in data.fields and data.fields[quasi].private:
            path = (*at, "anonymity", "of", i)
            yield fault(
                path, Message("config.already_private", field=quasi), Message("config.public_field")
            )
    if data.key in data.fields and not data.fields[data.key].private:
        yield fault(
            (*at, "anonymity"),
            Message("config.key_in_plain_text", key=data.key),
            Message("config.private_key_or_none", key=data.key),
        )


def _check_repairs(eco: Ecosystem, at: Path, data: Dataset) -> Iterator[Fault]:
    for i, repair in enumerate(data.repairs):
        path = (*at, "repairs", i)
        if isinstance(repair, Learned) and repair.labels:
            yield from check_reference(eco, (*path, "labels"), repair.labels, "sources")
        for word in repair.reads:
            if word not in data.fields:
                found = Message("config.repair_without_field", name=word)
                yield fault(path, found, OF_DATASET, sorted(data.fields), word)
            elif word in repair.repaired_fields and data.fields[word].private:
                found = Message("config.repair_of_private", field=word)
                yield fault(path, found, Message("config.public_field_long"))


def _check_rule(
    eco: Ecosystem, path: Path, rule: RuleKind, fields: Mapping[str, FieldKind]
) -> Iterator[Fault]:
    try:
        named = list(rule.fields())
    except ConfigValueError as wrong:
        yield path, wrong
        return
    yield from _check_rule_fields(path, rule, named, fields)
    if all(name in fields for name in named):
        try:
            bind(rule, {name: fields[name].ibis_type for name in fields})
        except ConfigValueError as wrong:
            yield path, wrong
    if isinstance(rule, ForeignKey):
        yield from check_reference(eco, (*path, "in"), rule.source, "sources", "datasets")


def _check_rule_fields(
    path: Path, rule: RuleKind, named: Sequence[str], fields: Mapping[str, FieldKind]
) -> Iterator[Fault]:
    """Faults of the fields that a rule names: there must be some, and all of the dataset."""
    text = rule.condition if isinstance(rule, Condition) else rule.type
    if "of" in type(rule).model_fields and not named:
        found = Message("config.rule_without_field", rule=text)
        yield fault(path, found, Message("config.rule_needs_field"), sorted(fields))
    for name in named:
        if name not in fields:
            found = Message("config.rule_of_unknown_field", rule=text, name=name)
            yield fault(path, found, OF_DATASET, sorted(fields), name)


def _check_field(
    eco: Ecosystem, at: Path, name: str, kind: FieldKind, fields: Mapping[str, FieldKind]
) -> Iterator[Fault]:
    yield from _check_name(at, name)
    for i, rule in enumerate(kind.rules):
        yield from _check_rule(eco, (*at, "rules", i), rule.about_field(name), fields)
    for other in kind.other_fields:
        if other not in fields:
            found = Message("config.step_of_unknown_field", name=name, other=other)
            yield fault(at, found, OF_DATASET, sorted(fields), other)
    rates = getattr(kind, "rates", None)
    if isinstance(rates, Rates):
        yield from check_reference(eco, (*at, "rates", "from"), rates.source, "sources")
    yield from _check_imputation(at, name, kind, fields)
    aliases: Mapping[str, str] = getattr(kind, "aliases", {})
    yield from _check_aliases(at, aliases, getattr(kind, "values", ()))


def _check_name(at: Path, name: str) -> Iterator[Fault]:
    """A field's name that the pipeline keeps for itself, or that SQL cannot have."""
    problem = find_name_problem(name)
    if not problem:
        return
    expected = Message("config.other_name_by_place")
    if name.lower() in LINEAGE_COLUMNS:
        expected = Message("config.other_name_by_column", name=name[:60], column=_quote(name[:60]))
    yield fault(at, problem, expected)


def _check_imputation(
    at: Path, name: str, kind: FieldKind, fields: Mapping[str, FieldKind]
) -> Iterator[Fault]:
    order = getattr(kind.missing, "order", None)
    if order is not None and order in fields:
        of_order = fields[order].ibis_type
        if of_order != "date" and not is_number(of_order):
            found = Message("config.cannot_order_rows", field=order)
            yield fault((*at, "missing", "order"), found, Message("config.number_or_date_field"))
    if kind.missing.numeric and kind.ibis_type not in ("int64", "float64"):
        type_name = kind.model_dump()["type"]
        yield fault(
            (*at, "missing"),
            Message(
                "config.imputation_needs_numbers",
                method=kind.missing.method,
                name=name,
                type_name=type_name,
            ),
            Message("config.imputation_choices"),
        )


def _check_aliases(at: Path, aliases: Mapping[str, str], values: Iterable[str]) -> Iterator[Fault]:
    for alias, value in aliases.items():
        if value not in values:
            yield fault(
                (*at, "aliases", alias),
                Message("config.alias_of_unknown_value", alias=alias, value=value),
                Message("config.one_of_its_values"),
                list(values),
                value,
            )
