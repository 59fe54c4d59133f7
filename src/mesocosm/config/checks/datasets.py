"""What a dataset, its fields and its rules require of each other and of sources. Knows the
grammar's objects.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from mesocosm.config.checks.names import check_reference
from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.faults import Fault, Path, fault
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

OF_DATASET = "a field of this dataset"


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
        yield from _check_repairs(at, data)
        for i, rule in enumerate(data.rules):
            yield from _check_rule(eco, (*at, "rules", i), rule, data.fields)
        for field, kind in data.fields.items():
            yield from _check_field(eco, (*at, "fields", field), field, kind, data.fields)


def _check_sources(eco: Ecosystem, at: Path, data: Dataset) -> Iterator[Fault]:
    for source in data.source.lookup:
        yield from check_reference(eco, (*at, "from", "lookup", source), source, "sources")
    if data.ground_truth:
        yield from check_reference(eco, (*at, "ground_truth"), data.ground_truth, "sources")
    where = "join" if data.source.join else "union"
    for i, source in enumerate(data.source.join or data.source.union):
        yield from check_reference(eco, (*at, "from", where, i), source, "sources")
    if data.test_source:
        yield from check_reference(eco, (*at, "split", "test"), data.test_source, "sources")


def _check_spelling(at: Path, fields: Mapping[str, FieldKind]) -> Iterator[Fault]:
    """SQL does not tell names apart by case."""
    alike = find_same_but_case(fields)
    if alike:
        name = alike[1][:60]
        yield fault(
            (*at, "fields", alike[1]),
            f"the fields '{alike[0]}' and '{alike[1]}' differ only in case",
            f"names that differ in more, as '{name}_2', with 'column: {_quote(name)}' for the"
            " column of the source (or 'column: \"#N\"' for its place, from 1)",
        )


def _quote(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _check_own_fields(at: Path, data: Dataset) -> Iterator[Fault]:
    """Settings of a dataset that name its own fields."""
    for path, word in _own_fields(data):
        if word is not None and word not in data.fields:
            found = f"no field is named '{word}'"
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
        yield fault(path, f"'{field}' is not a date", "a date field of this dataset")
    if kind and kind.private:
        found = f"'{field}' is private, so its day is not kept"
        yield fault(path, found, "a date field that is not private")


def _check_anonymity(at: Path, data: Dataset) -> Iterator[Fault]:
    if not data.anonymity:
        return
    for i, quasi in enumerate(data.anonymity.of):
        if quasi in data.fields and data.fields[quasi].private:
            path = (*at, "anonymity", "of", i)
            yield fault(path, f"'{quasi}' is private already", "a field that is not")
    if data.key in data.fields and not data.fields[data.key].private:
        yield fault(
            (*at, "anonymity"),
            f"the key '{data.key}' is in plain text, so every row names its subject",
            f"'private' in the field '{data.key}', or no key",
        )


def _check_repairs(at: Path, data: Dataset) -> Iterator[Fault]:
    for i, repair in enumerate(data.repairs):
        path = (*at, "repairs", i)
        for word in repair.reads:
            if word not in data.fields:
                found = f"the repair names no field '{word}'"
                yield fault(path, found, OF_DATASET, sorted(data.fields), word)
            elif word in repair.repaired_fields and data.fields[word].private:
                found = f"'{word}' is private, and a repair keeps a table of its values"
                yield fault(path, found, "a field that is not private")


def _check_rule(
    eco: Ecosystem, path: Path, rule: RuleKind, fields: Mapping[str, FieldKind]
) -> Iterator[Fault]:
    try:
        named = list(rule.fields())
    except ConfigValueError as wrong:
        yield path, wrong
        return
    text = rule.type
    if isinstance(rule, Condition):
        text = rule.condition
    if "of" in type(rule).model_fields and not named:
        found = f"the rule '{text}' names no field"
        yield fault(path, found, "'of' with a field of this dataset", sorted(fields))
    unknown = [name for name in named if name not in fields]
    for name in unknown:
        found = f"the rule '{text}' names no field '{name}'"
        yield fault(path, found, OF_DATASET, sorted(fields), name)
    if not unknown:
        try:
            bind(rule, {name: fields[name].ibis_type for name in fields})
        except ConfigValueError as wrong:
            yield path, wrong
    if isinstance(rule, ForeignKey):
        yield from check_reference(eco, (*path, "in"), rule.source, "sources")


def _check_field(
    eco: Ecosystem, at: Path, name: str, kind: FieldKind, fields: Mapping[str, FieldKind]
) -> Iterator[Fault]:
    yield from _check_name(at, name)
    for i, rule in enumerate(kind.rules):
        yield from _check_rule(eco, (*at, "rules", i), rule.about_field(name), fields)
    for other in kind.other_fields:
        if other not in fields:
            found = f"a step of '{name}' reads '{other}', which is not a field"
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
    expected = "another name, and 'column: \"#N\"' for the column at place N of the source, from 1"
    if name.lower() in LINEAGE_COLUMNS:
        expected = (
            f"another name, as 'source{name[:60]}', with 'column: {_quote(name[:60])}' for the"
            " column of the source"
        )
    yield fault(at, problem, expected)


def _check_imputation(
    at: Path, name: str, kind: FieldKind, fields: Mapping[str, FieldKind]
) -> Iterator[Fault]:
    order = getattr(kind.missing, "order", None)
    if order is not None and order in fields:
        of_order = fields[order].ibis_type
        if of_order != "date" and not is_number(of_order):
            found = f"'{order}' cannot order rows"
            yield fault((*at, "missing", "order"), found, "a number or date field")
    if kind.missing.numeric and kind.ibis_type not in ("int64", "float64"):
        type_name = kind.model_dump()["type"]
        yield fault(
            (*at, "missing"),
            f"'{kind.missing.method}' needs numbers, and '{name}' is a {type_name}",
            "mode, constant, quarantine or keep",
        )


def _check_aliases(at: Path, aliases: Mapping[str, str], values: Iterable[str]) -> Iterator[Fault]:
    for alias, value in aliases.items():
        if value not in values:
            yield fault(
                (*at, "aliases", alias),
                f"the alias '{alias}' stands for '{value}', which is not a value",
                "one of its values",
                list(values),
                value,
            )
