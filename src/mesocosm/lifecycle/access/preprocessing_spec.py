"""How one raw row becomes what a model reads, kept with a version for serving.

Knows a dataset's recipe and a snapshot's facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from mesocosm.catalog.rows import SnapshotRow
from mesocosm.config import Spec
from mesocosm.config.model_tasks import find_model_task
from mesocosm.learning.model import Model

if TYPE_CHECKING:
    from mesocosm.data.cleaning.facts import FieldFacts
    from mesocosm.data.dataset import Dataset
    from mesocosm.data.types.field import FieldKind

NO_KEY = "00" * 32  # the key of pseudonyms where a model reveals nothing
DROPS_ROWS = ("drop", "quarantine")  # ways with a missing value that leave no row to predict


def build_preprocessing(spec: Spec, model: Model, snapshot: SnapshotRow) -> Mapping[str, object]:
    """How one raw row becomes what the model reads: the recipe's SQL with the snapshot's facts."""
    task = find_model_task(spec.eco, model)
    own: Mapping[str, object] | None = None
    if task:
        own = task.request_spec()
    if own:
        return own
    from mesocosm.data.pipeline.recipe import serving_sql
    from mesocosm.lifecycle.file_datasets import resolve_datasets

    data = resolve_datasets(spec)[model.dataset]
    names = _needed_fields(data, model)
    fields = {name: data.fields[name] for name in dict.fromkeys([*names, *model.context_fields])}
    facts = cast("dict[str, FieldFacts]", snapshot["facts"]["fields"])  # as JSON has them
    sql = serving_sql(fields, data.rules, facts, _key_of(spec, model), data.repairs, data.anonymity)
    return {
        "sql": sql,
        "days": _day_ranges(fields, snapshot),
        "fields": {
            name: _describe_field(field, facts.get(name, {}), name not in model.features)
            for name, field in fields.items()
        },
        "training": _training_facts(fields, names, snapshot),
        "spellings": _label_spellings(data.fields[model.target]),
    }


def _key_of(spec: Spec, model: Model) -> str:
    """The key of pseudonyms that a model needs: none where it reveals nothing."""
    from mesocosm.lifecycle.access.pseudonym_key import read_private_key

    if not model.allow_private:
        return NO_KEY
    return read_private_key(spec.root / ".mesocosm")


def _label_spellings(target: FieldKind) -> Mapping[str, str]:
    """Other texts that mean a label; none of a private field."""
    if target.private:
        return {}
    return target.label_spellings


def _needed_fields(data: Dataset, model: Model) -> list[str]:
    """The inputs of a model, the fields that they are imputed from, and those that repairs of them
    read.
    """
    names = list(model.features)
    for name in model.features:
        names += data.fields[name].other_fields
    known = set(data.fields) - {model.target}
    return [*names, *(name for name in _repair_reads(data, set(names)) if name in known)]


def _repair_reads(data: Dataset, fields: set[str]) -> Iterator[str]:
    """What the repairs of some fields read."""
    for repair in data.repairs:
        if fields & set(repair.repaired_fields):
            yield from repair.reads


def _training_facts(
    fields: Mapping[str, FieldKind], names: Sequence[str], snapshot: SnapshotRow
) -> dict[str, dict[str, object]]:
    """By field: what its training rows had, the share of missing values, and the bounds that
    outliers are clipped to.
    """
    facts = snapshot["facts"]
    fitted = cast("dict[str, FieldFacts]", facts["fields"])
    training: dict[str, dict[str, object]] = {
        name: {**facts["training"][name]} for name in names if name in facts["training"]
    }
    for name, share in _missing_shares(fields, snapshot).items():
        training.setdefault(name, {})["missing"] = share
    for name, known in training.items():
        known |= _describe_clipping(fields[name], fitted.get(name, {}))
    return training


def _describe_clipping(field: FieldKind, facts: FieldFacts) -> dict[str, object]:
    """The bounds that outliers of a field are clipped to, where they are."""
    bounds = _clip_bounds(field, facts)
    if not bounds:
        return {}
    return {"clip": list(bounds)}


def _missing_shares(fields: Mapping[str, FieldKind], snapshot: SnapshotRow) -> dict[str, float]:
    """The share of missing values of each field that is not private, before cleaning."""
    profiles = (snapshot["report"].get("before") or {}).items()
    return {
        name: round(before["missing"] / before["rows"], 6)
        for name, before in profiles
        if before.get("rows") and _is_public(fields, name)
    }


def _is_public(fields: Mapping[str, FieldKind], name: str) -> bool:
    """Whether a name is one of some fields, and not private."""
    return name in fields and not fields[name].private


def _clip_bounds(field: FieldKind, facts: FieldFacts) -> Sequence[float] | None:
    """The bounds that outliers of a field are clipped to, if they are."""
    outliers = field.outlier_detector
    if not outliers or field.private:
        return None
    return outliers.clips(facts.get("fence"), field.ibis_type == "int64")


def _day_ranges(fields: Mapping[str, FieldKind], snapshot: SnapshotRow) -> dict[str, list[float]]:
    """The first and the last day of each date, as numbers."""
    ranges: dict[str, list[float]] = {}
    for name, known in snapshot["facts"].get("dates", {}).items():
        if _is_public(fields, name):
            ranges[name] = [known["numbers"][0], known["numbers"][-1]]
    return ranges


def _describe_field(field: FieldKind, facts: FieldFacts, extra: bool) -> dict[str, object]:
    """What a request's value of a field must be.

    Args:
        field: its settings.
        facts: what its column proved.
        extra: whether the model itself does not read it.
    """
    from mesocosm.data.types.number import Number

    kind = field.role
    described: dict[str, object] = {
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
