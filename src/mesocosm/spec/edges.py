"""Edges between named things, and what fields and rules say of each other.

Knows the grammar's objects. Each check yields a path, what was found and what would be right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from os.path import isabs, normpath
from pathlib import PurePath
from typing import Any

from mesocosm.base.errors import Wrong
from mesocosm.govern.dataset import Dataset
from mesocosm.govern.expr import is_number
from mesocosm.govern.internal_names import LINEAGE_COLUMNS, problem_of, same_but_case
from mesocosm.govern.rules.bound import bind
from mesocosm.govern.rules.condition import Condition
from mesocosm.govern.rules.foreign_key import ForeignKey
from mesocosm.govern.rules.rule import RuleKind
from mesocosm.govern.types.field import FieldKind
from mesocosm.govern.types.number import Rates
from mesocosm.learn.auto import AUTO
from mesocosm.learn.brought import Brought
from mesocosm.learn.federated import OF_FEDERATED
from mesocosm.learn.losses import LOSSES
from mesocosm.spec.edges_adapt import OF_ADAPTED, of_adapted, of_federated
from mesocosm.spec.edges_outputs import OF_LABELS, OF_ORDERS, OF_TEXTS, of_number, of_text
from mesocosm.spec.edges_rank import OF_RANKS, of_rank
from mesocosm.spec.edges_sight import of_sight
from mesocosm.spec.edges_surge import of_surge
from mesocosm.spec.edges_tags import OF_TAGS, of_tags
from mesocosm.spec.grammar import SECTIONS, Ecosystem
from mesocosm.world.elements import ELEMENTS
from mesocosm.world.place import ENDPOINT, ROWS

Fault = tuple[tuple[Any, ...], Wrong]


def faults(eco: Ecosystem) -> Iterator[Fault]:
    """Everything that does not fit together, in no order."""
    yield from _names(eco)
    yield from _check_paths(eco)
    yield from _datasets(eco)
    yield from _models(eco)
    yield from _services(eco)


def _names(eco: Ecosystem) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for section in SECTIONS:
        for name in getattr(eco, section):
            if name in seen:
                yield (
                    (section, name),
                    Wrong(
                        "",
                        f"the name '{name}' is taken by {seen[name]}.{name}",
                        "a name used once in the file",
                    ),
                )
            seen.setdefault(name, section)


def _check_paths(eco: Ecosystem) -> Iterator[Fault]:
    """Paths that leave the project's folder, whatever lies there."""
    paths = [
        (("sources", name, "path"), getattr(source, "path", None))
        for name, source in eco.sources.items()
    ]
    paths += [(("world", "models", kind), path) for kind, path in eco.world.models.items()]
    for where, path in paths:
        if not isinstance(path, str) or "://" in path:
            continue
        normal = normpath(path)
        if isabs(normal) or normal == ".." or normal.startswith("../"):
            yield (
                where,
                Wrong(where[-1], f"'{path[:80]}' leaves the project's folder", "a path inside it"),
            )


def _speaks(eco: Ecosystem, word: str) -> Wrong | None:
    """What is wrong with who is to word an inhabitant's answers."""
    if (
        word == ROWS or "/" in word or word.startswith(".")
    ):  # a folder or a hub's name is looked for when it is wanted
        return None
    if word == ENDPOINT:
        return (
            None
            if eco.language
            else Wrong(
                "",
                "the file names no language model",
                "'language' with its endpoint and model beside 'world'",
            )
        )
    from mesocosm.learn.bases import BASES

    if word in BASES and not BASES[word].writes:
        return Wrong("", f"'{word}' reads and writes nothing", "one of the choices", _speakers())
    return (
        None
        if word in BASES
        else Wrong("", f"nobody is known as '{word[:60]}'", "one of the choices", _speakers(), word)
    )


def _speakers() -> list[str]:
    from mesocosm.learn.bases import BASES

    return [ROWS, ENDPOINT, *(name for name, base in BASES.items() if base.writes)]


def _edge(eco: Ecosystem, path: tuple[Any, ...], word: str, *sections: str) -> Iterator[Fault]:
    choices = sorted(n for s in sections for n in getattr(eco, s))
    if word in choices:
        return
    other = next((s for s in SECTIONS if word in getattr(eco, s)), None)
    kinds = " or a ".join(s[:-1] for s in sections)
    found = f"'{word}' is a {other[:-1]}" if other else f"no {kinds} is named '{word}'"
    yield path, Wrong("", found, f"a {kinds}" if other else "", choices, word)


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
        yield from _edge(eco, (*path, "in"), rule.source, "sources")


def _datasets(eco: Ecosystem) -> Iterator[Fault]:
    for name, data in eco.datasets.items():
        at = ("datasets", name)
        fields = sorted(data.fields)
        for source in data.source.lookup:
            yield from _edge(eco, (*at, "from", "lookup", source), source, "sources")
        if data.truth:
            yield from _edge(eco, (*at, "truth"), data.truth, "sources")
        for i, source in enumerate(data.source.join or data.source.union):
            where = "join" if data.source.join else "union"
            path = (*at, "from", where, i)
            yield from _edge(eco, path, source, "sources")
        if data.test_source:
            yield from _edge(eco, (*at, "split", "test"), data.test_source, "sources")
        if data.auto:
            continue  # its fields are known once its source was looked at
        if alike := same_but_case(data.fields):
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
                elif word in repair.mends and data.fields[word].private:
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
            if problem := problem_of(field):
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
            for other in kind.leans:
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
                yield from _edge(
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


def _models(eco: Ecosystem) -> Iterator[Fault]:
    for name, model in eco.models.items():
        at = ("models", name)
        yield from _edge(eco, (*at, "learns"), model.learns, "datasets")
        data = eco.datasets.get(model.learns)
        if not data or data.auto:
            continue
        fields = sorted(data.fields)
        kinds = {
            f: "number" if k.ibis_type.startswith("decimal") else str(k.model_dump()["type"])
            for f, k in data.fields.items()
        }
        if model.rank:
            yield from of_rank(eco, model, data, kinds, at)
            continue
        if model.predict not in data.fields:
            yield (
                (*at, "predict"),
                Wrong(
                    "",
                    f"'{model.learns}' has no field '{model.predict}'",
                    "a field of it",
                    fields,
                    model.predict,
                ),
            )
        elif kinds[model.predict] not in (
            "category",
            "boolean",
            "list",
            "number",
            "integer",
            "text",
            "tags",
        ):
            wrong = Wrong(
                "",
                f"'{model.predict}' is a {kinds[model.predict]}",
                "a category, boolean, list, number, text or tags field",
            )
            yield (*at, "predict"), wrong
        elif kinds[model.predict] == "tags":
            yield from of_tags(model, kinds, at)
        elif kinds[model.predict] == "text":
            yield from of_text(model, at)
        else:
            number = kinds[model.predict] in ("number", "integer")
            of = "numbers" if number else "labels" if kinds[model.predict] == "list" else "classes"
            for metric in (
                () if getattr(data.fields[model.predict], "ordered", False) else OF_ORDERS
            ):
                if metric in model.require:
                    yield (
                        (*at, "require", metric),
                        Wrong(
                            "",
                            f"'{metric}' is of classes with an order, and '{model.predict}' has"
                            " none",
                            f"'ordered: true' in the field '{model.predict}', or another metric",
                        ),
                    )
            yield from of_number(model, at) if number else ()
            if of == "labels" and model.fair:
                yield (
                    (*at, "fair"),
                    Wrong(
                        "",
                        f"gaps between groups are of classes, and '{model.predict}' is a list",
                        "no 'fair' here",
                    ),
                )
            for metric in OF_LABELS if of != "labels" else ():
                if metric in model.require:
                    yield (
                        (*at, "require", metric),
                        Wrong(
                            "",
                            f"'{metric}' is of labels of which several may be there, and"
                            f" '{model.predict}' is a {kinds[model.predict]}",
                            "another metric",
                        ),
                    )
            for metric in [m for m in OF_TAGS if m in model.require]:
                yield (
                    (*at, "require", metric),
                    Wrong(
                        "",
                        f"'{metric}' is of tagged words, and '{model.predict}' is a"
                        f" {kinds[model.predict]}",
                        "another metric",
                    ),
                )
            for metric in [m for m in OF_RANKS if m in model.require and m != "mrr"]:
                yield (
                    (*at, "require", metric),
                    Wrong(
                        "",
                        f"'{metric}' is of items that are ranked",
                        "'rank' in the model, or another metric",
                    ),
                )
            for metric in () if number else [m for m in OF_TEXTS if m != "gain_over_linear"]:
                if metric in model.require:
                    yield (
                        (*at, "require", metric),
                        Wrong(
                            "",
                            f"'{metric}' is of a text that is written, and '{model.predict}' is a"
                            f" {kinds[model.predict]}",
                            "a metric of classes",
                        ),
                    )
            for metric in (
                () if model.federated else [m for m in OF_FEDERATED if m in model.require]
            ):
                yield (
                    (*at, "require", metric),
                    Wrong(
                        "",
                        f"'{metric}' is a figure of a model that sites learn together",
                        "'federated' in the model, or another metric",
                    ),
                )
            for metric in () if model.adapts else [m for m in OF_ADAPTED if m in model.require]:
                yield (
                    (*at, "require", metric),
                    Wrong(
                        "",
                        f"'{metric}' is of a model that adapts another",
                        "'adapts' in the model, or another metric",
                    ),
                )
            loss = getattr(model.tune, "loss", None)
            if loss and loss.of != of:
                fits = [n for n, kind in LOSSES.items() if getattr(kind, "of", "") == of]
                yield (
                    (*at, "tune", "loss"),
                    Wrong(
                        "",
                        f"'{loss.kind}' is a loss of {loss.of}, and '{model.predict}' is a"
                        f" {kinds[model.predict]}",
                        "",
                        fits,
                    ),
                )
        for i, field in enumerate(model.inputs):
            path = (*at, "inputs", i)
            if field not in data.fields:
                yield (
                    path,
                    Wrong(
                        "",
                        f"'{model.learns}' has no field '{field}'",
                        "a field of it",
                        fields,
                        field,
                    ),
                )
            elif field == model.predict:
                yield (
                    path,
                    Wrong("", f"'{field}' is what the model predicts", "an input other than it"),
                )
            elif data.fields[field].sealed:
                yield (
                    path,
                    Wrong(
                        "",
                        f"'{field}' is encrypted, so nothing can be learnt from it",
                        "another input, or another 'private' for the field",
                    ),
                )
            elif data.fields[field].private and field not in model.reveal:
                yield (
                    path,
                    Wrong(
                        "",
                        f"'{field}' is private",
                        f"another input, or 'reveal: [{field}]' in the model",
                    ),
                )
        for i, field in enumerate(model.along):
            path = (*at, "along", i)
            if field not in data.fields:
                yield (
                    path,
                    Wrong(
                        "",
                        f"'{model.learns}' has no field '{field}'",
                        "a field of it",
                        fields,
                        field,
                    ),
                )
            elif field in model.inputs or field == model.predict or data.fields[field].private:
                yield (
                    path,
                    Wrong(
                        "",
                        f"'{field}' is"
                        f" {'private' if data.fields[field].private else 'an input' if field in model.inputs else 'what the model predicts'}",
                        "another field",
                    ),
                )
        for key, said in (("fair", model.fair.by if model.fair else ()), ("trust", model.trust)):
            for i, field in enumerate(said):
                spot = (*at, key, "by", i) if key == "fair" else (*at, key, i)
                if field not in data.fields:
                    yield (
                        spot,
                        Wrong(
                            "",
                            f"'{model.learns}' has no field '{field}'",
                            "a field of it",
                            fields,
                            field,
                        ),
                    )
                elif key == "fair" and data.fields[field].private:
                    yield (
                        spot,
                        Wrong(
                            "",
                            f"'{field}' is private, so its groups are not told apart",
                            "a field that is not, such as a coarser one",
                        ),
                    )
        texts = [f for f in model.inputs if kinds.get(f) == "text"]
        if model.pair and sorted(model.pair) != sorted(texts):
            yield (
                (*at, "pair"),
                Wrong(
                    "",
                    f"the pair is {', '.join(model.pair)}, and the inputs that are texts are"
                    f" {', '.join(texts) or 'none'}",
                    "the two inputs that are texts, and no other",
                ),
            )
        if model.fusion == "late" and (
            not texts or len(texts) == len(model.inputs) or model.tune.method != "frozen"
        ):
            yield (
                (*at, "fusion"),
                Wrong(
                    "",
                    "late fusion puts together what a head of texts and a head of a table say, over"
                    " a base that stays as it is",
                    "'early', or 'tune: frozen' with inputs that are texts and others",
                ),
            )
        if model.fusion == "attention" and model.tune.method != "frozen":
            yield (
                (*at, "fusion"),
                Wrong(
                    "",
                    "attention fuses what a base that stays as it is has read",
                    "'early', or 'tune: frozen'",
                ),
            )
        yield from of_sight(model, kinds, at)
        if model.base == AUTO and (
            kinds.get(model.predict) == "text" or model.search or model.pretrain or model.continual
        ):
            yield (
                (*at, "base"),
                Wrong(
                    "",
                    "'auto' tries bases for classes, labels or a number, and nothing else"
                    " beside it",
                    "a base by its name, or no 'search', 'pretrain' or 'continual' here",
                ),
            )
        if model.auto and model.base != AUTO:
            yield (
                (*at, "auto"),
                Wrong("", "the base is given, so none is tried", "'base: auto', or no 'auto' here"),
            )
        if model.self_training and (
            kinds.get(model.predict) not in ("category", "boolean") or model.tune.method != "frozen"
        ):
            yield (
                (*at, "self_training"),
                Wrong(
                    "",
                    "self-training is for classes over a base that stays as it is",
                    "no 'self_training' here, or 'tune: frozen' and a category or boolean field",
                ),
            )
        yield from of_adapted(eco, name, model, kinds, at) if model.adapts else ()
        yield from of_federated(data, model, kinds, at) if model.federated else ()
        if model.continual and (model.tune.method == "frozen" or model.search):
            why = (
                "a search begins anew"
                if model.search
                else (
                    "a base that stays as it is learns nothing from row to row"
                    if kinds.get(model.predict) == "text"
                    else (
                        "a head over a base that stays as it is learns from all rows at once and"
                        " forgets none"
                    )
                )
            )
            yield (
                (*at, "continual"),
                Wrong(
                    "",
                    why,
                    "'continual' with a base tuned by gradient, such as 'tune: lora', for classes,"
                    " labels, a number or a text",
                ),
            )
        if model.continual and model.continual.ewc and getattr(model.tune, "processes", 1) > 1:
            yield (
                (*at, "continual", "ewc"),
                Wrong(
                    "",
                    "what mattered is held by one process",
                    "no 'processes' here, or 'replay' alone",
                ),
            )
        if isinstance(model.base, Brought):
            for i, field in enumerate(model.inputs):
                if kinds.get(field, "number") not in ("number", "integer"):
                    yield (
                        (*at, "inputs", i),
                        Wrong(
                            "",
                            f"'{field}' is a {kinds[field]}, and a model brought in takes numbers",
                            "a number field",
                        ),
                    )
            if model.tune.method != "frozen" or model.search or model.pretrain:
                yield (
                    (*at, "base"),
                    Wrong(
                        "",
                        "a model brought in is served as it is",
                        "no 'tune', 'search' or 'pretrain' beside it",
                    ),
                )
            continue
        if model.pretrain:
            yield from _pretrain(eco, model, at)
        scratch = model.pretrain is not None and model.pretrain.scratch is not None
        if scratch and model.base:
            yield (
                (*at, "base"),
                Wrong(
                    "",
                    f"'{model.base}' is given, and the base begins from nothing",
                    "no 'base', or no 'scratch' in 'pretrain'",
                ),
            )
        if not model.base and not scratch and any(kinds.get(f) == "text" for f in model.inputs):
            yield (
                at,
                Wrong("base", "'base' is missing, and an input is text", "a base such as minilm"),
            )
        for key in model.search.over if model.search else ():
            owner, _, setting = key.partition(".")
            known = sorted(f"tune.{k}" for k in type(model.tune).model_fields if k != "method")
            if owner != "tune" or f"tune.{setting}" not in known:
                yield (
                    (*at, "search", "over", key),
                    Wrong(
                        "",
                        f"'{key}' is no setting of '{model.tune.method}'",
                        "a setting of it",
                        known,
                        key,
                    ),
                )


def _pretrain(eco: Ecosystem, model: Any, at: tuple[Any, ...]) -> Iterator[Fault]:
    """Texts that a base learns from: fields of a dataset that are texts and not private."""
    name = model.pretrain.of or model.learns
    if model.pretrain.of:
        yield from _edge(eco, (*at, "pretrain", "of"), name, "datasets")
    data = eco.datasets.get(name)
    for i, field in enumerate(model.pretrain.on if data and not data.auto else ()):
        path = (*at, "pretrain", "on", i)
        kind = data.fields.get(field) if data else None
        if kind is None:
            yield (
                path,
                Wrong(
                    "",
                    f"'{name}' has no field '{field}'",
                    "a field of it",
                    sorted(data.fields) if data else [],
                    field,
                ),
            )
        elif str(kind.model_dump()["type"]) != "text":
            yield path, Wrong("", f"'{field}' is a {kind.model_dump()['type']}", "a text field")
        elif kind.private and field not in model.reveal:
            yield (
                path,
                Wrong(
                    "",
                    f"'{field}' is private",
                    f"another field, or 'reveal: [{field}]' in the model",
                ),
            )

    for i, field in enumerate(model.pretrain.objective.fields if data and not data.auto else ()):
        path = (*at, "pretrain", "objective", "fields", i)
        kind = data.fields.get(field) if data else None
        if kind is None:
            yield (
                path,
                Wrong(
                    "",
                    f"'{name}' has no field '{field}'",
                    "a field of it",
                    sorted(data.fields) if data else [],
                    field,
                ),
            )
        elif str(kind.model_dump()["type"]) not in (
            "category",
            "boolean",
            "number",
            "integer",
            "decimal",
        ):
            yield (
                path,
                Wrong(
                    "",
                    f"'{field}' is a {kind.model_dump()['type']}",
                    "a category, boolean or number field",
                ),
            )
        elif kind.private and field not in model.reveal:
            yield (
                path,
                Wrong(
                    "",
                    f"'{field}' is private",
                    f"another field, or 'reveal: [{field}]' in the model",
                ),
            )


def _fallback(eco: Ecosystem, name: str, serves: str | None, fallback: str) -> Iterator[Fault]:
    """What a simpler model must share with the one that it stands in for."""
    first, second = eco.models.get(serves or ""), eco.models.get(fallback)
    if first is None or second is None:
        return
    if first.adapts != fallback and (first.learns, first.predict, first.rank is None) != (
        second.learns,
        second.predict,
        second.rank is None,
    ):
        yield (
            ("services", name, "fallback"),
            Wrong(
                "",
                f"'{fallback}' does not answer what '{serves}' answers",
                f"a model that learns '{first.learns}' and predicts '{first.predict}'",
            ),
        )
    more = sorted(set(second.inputs) - set(first.inputs))
    if more:
        yield (
            ("services", name, "fallback"),
            Wrong(
                "",
                f"'{fallback}' reads {', '.join(more)}, and '{serves}' does not",
                "a model of no more inputs",
            ),
        )


def _services(eco: Ecosystem) -> Iterator[Fault]:
    for name, service in eco.services.items():
        if service.serves:
            yield from _edge(eco, ("services", name, "serves"), service.serves, "models")
        if service.fallback:
            yield from _edge(eco, ("services", name, "fallback"), service.fallback, "models")
            yield from _fallback(eco, name, service.serves, service.fallback)
        if service.answers:
            path = ("services", name, "answers", "from")
            yield from _edge(eco, path, service.answers.dataset, "datasets", "sources")
            data = eco.datasets.get(service.answers.dataset)
            for key in ("question", "answer"):
                word = getattr(service.answers, key)
                if data and not data.auto and word not in data.fields:
                    wrong = Wrong(
                        "",
                        f"'{service.answers.dataset}' has no field '{word}'",
                        "a field of it",
                        sorted(data.fields),
                        word,
                    )
                    yield ("services", name, "answers", key), wrong
    for name, monitor in eco.monitors.items():
        yield from _edge(eco, ("monitors", name, "watches"), monitor.watches, "services")
        yield from of_surge(eco, name, monitor) if monitor.surge else ()
        if (
            "fallback" in monitor.on_anomaly
            and (watched := eco.services.get(monitor.watches))
            and not watched.fallback
        ):
            yield (
                ("monitors", name, "on_anomaly"),
                Wrong(
                    "",
                    f"'{monitor.watches}' has no simpler model",
                    f"'fallback' with a model in the service '{monitor.watches}'",
                ),
            )
    for name, place in eco.world.places.items():
        yield from _edge(eco, ("world", "places", name, "shows"), place.shows, "services")
        if place.inhabitant and (fault := _speaks(eco, place.inhabitant.speaks)):
            yield ("world", "places", name, "inhabitant", "speaks"), fault
        if place.inhabitant and place.inhabitant.knows:
            yield from _edge(
                eco,
                ("world", "places", name, "inhabitant", "knows"),
                place.inhabitant.knows,
                "datasets",
                "sources",
            )
    for kind, file in eco.world.models.items():
        kinds = sorted(k for k, _ in ELEMENTS.values())
        if kind not in kinds:
            yield (
                ("world", "models", kind),
                Wrong("", f"no kind of thing is named '{kind}'", "one of the choices", kinds, kind),
            )
        if (
            not file.lower().endswith(".glb")
            or PurePath(file).is_absolute()
            or ".." in PurePath(file).parts
        ):
            yield (
                ("world", "models", kind),
                Wrong("", f"'{file[:60]}' was given", "a .glb file inside the project"),
            )
