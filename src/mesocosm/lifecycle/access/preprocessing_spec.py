"""How one raw row becomes what a model reads, kept with a version for serving.

Knows a dataset's recipe and a snapshot's facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mesocosm.config import Spec
from mesocosm.config.model_tasks import find_model_task
from mesocosm.learning.model import Model

if TYPE_CHECKING:
    from mesocosm.data.dataset import Dataset
    from mesocosm.data.types.field import FieldKind

NO_KEY = "00" * 32  # the key of pseudonyms where a model reveals nothing
DROPS_ROWS = ("drop", "quarantine")  # ways with a missing value that leave no row to predict


def build_preprocessing(spec: Spec, model: Model, snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """How one raw row becomes what the model reads: the recipe's SQL with the snapshot's facts."""
    task = find_model_task(spec.eco, model)
    own = task and task.request_spec()
    if own:
        return own
    from mesocosm.data.pipeline.recipe import serving_sql
    from mesocosm.lifecycle.access.pseudonym_key import read_private_key
    from mesocosm.lifecycle.file_datasets import resolve_datasets

    data = resolve_datasets(spec)[model.dataset]
    names = _needed_fields(data, model)
    fields = {name: data.fields[name] for name in dict.fromkeys([*names, *model.context_fields])}
    facts = snapshot["facts"]["fields"]
    key = NO_KEY
    if model.allow_private:
        key = read_private_key(spec.root / ".mesocosm")
    sql = serving_sql(fields, data.rules, facts, key, data.repairs, data.anonymity)
    target = data.fields[model.target]
    spellings: Mapping[str, Any] = {}
    if not target.private:
        spellings = target.label_spellings
    return {
        "sql": sql,
        "days": _day_ranges(fields, snapshot),
        "fields": {
            name: _describe_field(field, facts.get(name, {}), name not in model.features)
            for name, field in fields.items()
        },
        "training": _training_facts(fields, names, snapshot),
        "spellings": spellings,
    }


def _needed_fields(data: Dataset, model: Model) -> list[str]:
    """The inputs of a model, the fields that they are imputed from, and those that repairs of them
    read.
    """
    names = list(model.features)
    for name in model.features:
        names += data.fields[name].other_fields
    needed = set(names)
    for repair in data.repairs:
        if needed & set(repair.repaired_fields):
            names += [n for n in repair.reads if n in data.fields and n != model.target]
    return names


def _training_facts(
    fields: Mapping[str, FieldKind], names: Sequence[str], snapshot: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """By field: what its training rows had, the share of missing values, and the bounds that
    outliers are clipped to.
    """
    facts = snapshot["facts"]
    training = {name: dict(facts["training"][name]) for name in names if name in facts["training"]}
    for name, before in (snapshot["report"].get("before") or {}).items():
        if name in fields and before.get("rows") and not fields[name].private:
            share = round(before["missing"] / before["rows"], 6)
            training.setdefault(name, {})["missing"] = share
    for name, known in training.items():
        outliers = getattr(fields[name], "outliers", None)
        if not outliers or fields[name].private:
            continue
        fence = facts["fields"].get(name, {}).get("fence")
        bounds = outliers.clips(fence, fields[name].ibis_type == "int64")
        if bounds:
            known["clip"] = list(bounds)
    return training


def _day_ranges(
    fields: Mapping[str, FieldKind], snapshot: Mapping[str, Any]
) -> dict[str, list[Any]]:
    """The first and the last day of each date, as numbers."""
    return {
        name: [known["numbers"][0], known["numbers"][-1]]
        for name, known in snapshot["facts"].get("dates", {}).items()
        if name in fields and not fields[name].private
    }


def _describe_field(field: FieldKind, facts: Mapping[str, Any], extra: bool) -> dict[str, Any]:
    """What a request's value of a field must be.

    Args:
        field: its settings.
        facts: what its column proved.
        extra: whether the model itself does not read it.
    """
    from mesocosm.data.types.number import Number

    kind = field.role
    described: dict[str, Any] = {
        "wanted": field.expected,
        "may_miss": field.missing.method not in DROPS_ROWS,
        "extra": extra,
        "most": field.most,
        "image": kind == "image",
        "type": kind,
        "unit": getattr(field, "unit", None),
    }
    if isinstance(field, Number) and field.mark({"decimal": str(facts.get("decimal", "."))}) == ",":
        described["decimal"] = ","
    if field.private:
        described["private"] = True
    return described
