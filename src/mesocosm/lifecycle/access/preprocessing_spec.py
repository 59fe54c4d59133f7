"""How one raw row becomes what a model reads, kept beside a version for serving.

Knows a dataset's recipe and a snapshot's facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.config import Spec
from mesocosm.learning.model import Model


def preparation(spec: Spec, model: Model, snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """How one raw row becomes what the model reads: the recipe's SQL with the snapshot's facts."""
    if model.rank:
        from mesocosm.learning.tasks.ranking.version import preparation as of_ranker

        return of_ranker()
    from mesocosm.data.pipeline.recipe import serving_sql
    from mesocosm.data.types.number import Number
    from mesocosm.lifecycle.access.pseudonym_key import private_key
    from mesocosm.lifecycle.file_datasets import datasets_of

    data = datasets_of(spec)[model.learns]
    names = [*model.inputs, *(n for f in model.inputs for n in data.fields[f].other_fields)]
    names += [
        n
        for r in data.repairs
        if set(r.repaired_fields) & set(names)
        for n in r.reads
        if n in data.fields and n != model.predict
    ]
    fields = {f: data.fields[f] for f in dict.fromkeys([*names, *model.along])}
    sql = serving_sql(
        fields,
        data.rules,
        snapshot["facts"]["fields"],
        private_key(spec.root / ".mesocosm") if model.reveal else "00" * 32,
        data.repairs,
        data.anonymity,
    )
    training = {
        f: dict(snapshot["facts"]["training"][f])
        for f in names
        if f in snapshot["facts"]["training"]
    }
    for f, before in (snapshot["report"].get("before") or {}).items():
        if f in fields and before.get("rows") and not fields[f].private:
            training.setdefault(f, {})["missing"] = round(before["missing"] / before["rows"], 6)
    for f, known in training.items():
        outliers = getattr(fields[f], "outliers", None)
        if (
            outliers
            and not fields[f].private
            and (
                ends := outliers.clips(
                    snapshot["facts"]["fields"].get(f, {}).get("fence"),
                    fields[f].ibis_type == "int64",
                )
            )
        ):
            known["clip"] = list(ends)
    marks = {
        f: {"decimal": ","}
        for f, k in fields.items()
        if isinstance(k, Number) and k.mark(snapshot["facts"]["fields"].get(f, {})) == ","
    }
    days = {
        f: [known["numbers"][0], known["numbers"][-1]]
        for f, known in snapshot["facts"].get("dates", {}).items()
        if f in fields and not fields[f].private
    }
    return {
        "sql": sql,
        "days": days,
        "fields": {
            f: {
                **marks.get(f, {}),
                "wanted": k.expected,
                "may_miss": k.missing.how not in ("drop", "quarantine"),
                "extra": f not in model.inputs,
                "most": k.most,
                "image": k.model_dump()["type"] == "image",
                "type": k.model_dump()["type"],
                "unit": getattr(k, "unit", None),
                **({"private": True} if k.private else {}),
            }
            for f, k in fields.items()
        },
        "training": training,
        "spellings": (
            {} if data.fields[model.predict].private else data.fields[model.predict].label_spellings
        ),
    }
