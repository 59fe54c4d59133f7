"""What a dataset, its fields and its rules say of each other and of sources. Knows the grammar's
objects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mesocosm.config.checks.names import Fault, edge
from mesocosm.config.schema import Ecosystem
from mesocosm.core.errors import Wrong
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


def _rule(
    eco: Ecosystem, path: tuple[Any, ...], rule: RuleKind, fields: Mapping[str, FieldKind]
) -> Iterator[Fault]:
    try:
        named = rule.fields()
    except Wrong as wrong:
        yield path, wrong
        return
    said = rule.condition if isinstance(rule, Condition) else rule.rule
    if "of" in type(rule).model_fields and not named:
        yield (
            path,
            Wrong(
                "",
                f"the rule '{said}' names no field",
                "'of' with a field of this dataset",
                sorted(fields),
            ),
        )
    for name in named:
        if name not in fields:
            yield (
                path,
                Wrong(
                    "",
                    f"the rule '{said}' names no field '{name}'",
                    "a field of this dataset",
                    sorted(fields),
                    name,
                ),
            )
    if all(name in fields for name in named):
        try:
            bind(rule, {name: fields[name].ibis_type for name in fields})
        except Wrong as wrong:
            yield path, wrong
    if isinstance(rule, ForeignKey):
        yield from edge(eco, (*path, "in"), rule.source, "sources")


def check_datasets(eco: Ecosystem) -> Iterator[Fault]:
    """Everything in datasets that does not fit together."""
    for name, data in eco.datasets.items():
        at = ("datasets", name)
        fields = sorted(data.fields)
        for source in data.source.lookup:
            yield from edge(eco, (*at, "from", "lookup", source), source, "sources")
        if data.truth:
            yield from edge(eco, (*at, "truth"), data.truth, "sources")
        for i, source in enumerate(data.source.join or data.source.union):
            where = "join" if data.source.join else "union"
            path = (*at, "from", where, i)
            yield from edge(eco, path, source, "sources")
        if data.test_source:
            yield from edge(eco, (*at, "split", "test"), data.test_source, "sources")
        if data.auto:
            continue  # its fields are known once its source was looked at
        if alike := find_same_but_case(data.fields):
            yield (
                (*at, "fields", alike[1]),
                Wrong(
                    "",
                    f"the fields '{alike[0]}' and '{alike[1]}' differ only in case",
                    f"names that differ in more, as '{alike[1][:60]}_2', with 'column:"
                    f" {json.dumps(alike[1][:60], ensure_ascii=False)}' for the column of the"
                    " source (or 'column: \"#N\"' for its place, from 1)",
                ),
            )
        yield from _own(at, data, fields)
        for i, repair in enumerate(data.repairs):
            for word in repair.reads:
                if word not in data.fields:
                    yield (
                        (*at, "repairs", i),
                        Wrong(
                            "",
                            f"the repair names no field '{word}'",
                            "a field of this dataset",
                            fields,
                            word,
                        ),
                    )
                elif word in repair.repaired_fields and data.fields[word].private:
                    yield (
                        (*at, "repairs", i),
                        Wrong(
                            "",
                            f"'{word}' is private, and a repair keeps a table of its values",
                            "a field that is not private",
                        ),
                    )
        for i, rule in enumerate(data.rules):
            yield from _rule(eco, (*at, "rules", i), rule, data.fields)
        for field, kind in data.fields.items():
            if problem := find_name_problem(field):
                yield (
                    (*at, "fields", field),
                    Wrong(
                        "",
                        problem,
                        (
                            f"another name, as 'source{field[:60]}', with 'column:"
                            f" {json.dumps(field[:60], ensure_ascii=False)}' for the column of the"
                            " source"
                            if field.lower() in LINEAGE_COLUMNS
                            else (
                                "another name, and 'column: \"#N\"' for the column at place N of"
                                " the source, from 1"
                            )
                        ),
                    ),
                )
            for i, rule in enumerate(kind.rules):
                yield from _rule(
                    eco, (*at, "fields", field, "rules", i), rule.about_field(field), data.fields
                )
            for other in kind.other_fields:
                if other not in data.fields:
                    yield (
                        (*at, "fields", field),
                        Wrong(
                            "",
                            f"a step of '{field}' reads '{other}', which is no field",
                            "a field of this dataset",
                            fields,
                            other,
                        ),
                    )
            if isinstance(rates := getattr(kind, "rates", None), Rates):
                yield from edge(
                    eco, (*at, "fields", field, "rates", "from"), rates.source, "sources"
                )
            order = getattr(kind.missing, "order", None)
            if order in data.fields and not (
                is_number(data.fields[order].ibis_type) or data.fields[order].ibis_type == "date"
            ):
                yield (
                    (*at, "fields", field, "missing", "order"),
                    Wrong("", f"'{order}' cannot order rows", "a number or date field"),
                )
            if kind.missing.numeric and kind.ibis_type not in ("int64", "float64"):
                wrong = Wrong(
                    "",
                    f"'{kind.missing.how}' needs numbers, and '{field}' is a"
                    f" {kind.model_dump()['type']}",
                    "mode, constant, quarantine or keep",
                )
                yield (*at, "fields", field, "missing"), wrong
            aliases = getattr(kind, "aliases", {})
            for alias, value in aliases.items():
                if value not in getattr(kind, "values", ()):
                    yield (
                        (*at, "fields", field, "aliases", alias),
                        Wrong(
                            "",
                            f"the alias '{alias}' stands for '{value}', which is not a value",
                            "one of its values",
                            list(getattr(kind, "values", ())),
                            value,
                        ),
                    )


def _own(at: tuple[Any, ...], data: Dataset, fields: list[str]) -> Iterator[Fault]:
    """Settings of a dataset that name its own fields."""
    by = data.duplicates.by if data.duplicates and data.duplicates.by != "row" else ()
    named: list[tuple[tuple[Any, ...], str | None]] = [
        (("key",), data.key),
        (("split", "stratify"), data.split.stratify),
        (("split", "group"), data.split.group),
    ]
    named.append((("duplicates", "block"), data.duplicates.block if data.duplicates else None))
    named += [(("duplicates", "by", i), one) for i, one in enumerate(by)]
    if data.retention:
        kind = data.fields.get(data.retention.by)
        named.append((("retention", "by"), data.retention.by))
        if kind and kind.ibis_type not in ("date", "timestamp"):
            yield (
                (*at, "retention", "by"),
                Wrong("", f"'{data.retention.by}' is no date", "a date field of this dataset"),
            )
        if kind and kind.private:
            yield (
                (*at, "retention", "by"),
                Wrong(
                    "",
                    f"'{data.retention.by}' is private, so its day is not kept",
                    "a date field that is not private",
                ),
            )
    if data.anonymity:
        named += [(("anonymity", "of", i), quasi) for i, quasi in enumerate(data.anonymity.of)]
        named.append((("anonymity", "sensitive"), data.anonymity.sensitive))
        for i, quasi in enumerate(data.anonymity.of):
            if quasi in data.fields and data.fields[quasi].private:
                yield (
                    (*at, "anonymity", "of", i),
                    Wrong("", f"'{quasi}' is private already", "a field that is not"),
                )
        if data.key and data.key in data.fields and not data.fields[data.key].private:
            yield (
                (*at, "anonymity"),
                Wrong(
                    "",
                    f"the key '{data.key}' stands in the clear, so every row names its subject",
                    f"'private' in the field '{data.key}', or no key",
                ),
            )
    for path, word in named:
        if word is not None and word not in data.fields:
            yield (
                (*at, *path),
                Wrong("", f"no field is named '{word}'", "a field of this dataset", fields, word),
            )
