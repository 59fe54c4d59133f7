"""Proposals for classes that a model lacks: groups of requests it is not sure of, a label for the
rows of one, and the rows so labelled.

Knows the catalog and the door of learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.config import Spec
from mesocosm.core.errors import Failure, Wrong
from mesocosm.lifecycle.access.data_access import columns_of, held_out, kinds_of
from mesocosm.lifecycle.access.dataset_history import version_of
from mesocosm.lifecycle.jobs.train import TAUGHT_ID
from mesocosm.lifecycle.review.label_review import beside, champion_of, waiting

TAUGHT = 2000  # labelled rows that tell how alike those of one class are
# held-out rows that tell how sure the model usually is, and how like its classes what is asked
HELD = 2000
UNSURE = 0.1  # of them lie beneath the bound, where the service names no share of its own
SHOWN = 60  # rows of a proposal that are shown
MOST_LABEL = 60  # characters of a label


def proposals(spec: Spec, catalog: Catalog, model: str) -> dict[str, Any]:
    """Groups of requests that no class of a model explains, the largest first.

    Returns:
        `waiting` requests without a label, how many of them are `strange` (less sure than the
        `share` of held-out rows, or less like any class than half that share), and `groups`: each
        with a working `name`, its count of `rows` and of `strange` ones, the `nearest` class with
        how `alike` it is, up to 60 `examples`, the most typical first (revealed private inputs left
        out), and the `predictions` of all its rows, in the same order.

    Raises:
        Wrong: there is no such model, or it predicts no classes.
        Failure: it is not in service, or no request waits for a label.
    """
    import numpy as np

    from mesocosm.learning.strategies.class_discovery import groups, names

    champion, net = champion_of(spec, catalog, model)
    said = spec.eco.models[model]
    snapshot = version_of(catalog, said.learns, "newest")
    rows = waiting(spec, catalog, model, net)
    if not rows:
        raise Failure(f"no request to '{model}' waits for a label")
    inputs = [r["input"]["clean"] for r in rows]
    known, floors, share = _known(spec, catalog, model, net, snapshot)
    columns = {n: [r[n] for r in inputs] for n in net.inputs}
    p = np.asarray(net.outputs(columns, len(rows)))
    x = beside(*net.features(columns, len(rows)))
    strange = (p.max(1) < floors[0]) | (known.likeness(x) < floors[1])
    found = groups(x, strange, known)
    kinds = kinds_of(snapshot)
    shown = [n for n in net.inputs if n not in said.reveal]
    texts = [_words(r, shown, kinds) for r in inputs]
    inside = {i for g in found for i in g.rows}
    named = names(
        [[texts[i] for i in g.rows] for g in found],
        [text for i, text in enumerate(texts) if i not in inside],
    )

    def example(i: int) -> dict[str, Any]:
        told = {n: str(inputs[i][n]) if inputs[i][n] is not None else None for n in shown}
        return {
            "prediction": rows[i]["id"],
            "inputs": told,
            "says": net.labels[int(p[i].argmax())],
            "probability": round(float(p[i].max()), 4),
        }

    return {
        "model": model,
        "version": champion["id"],
        "labels": net.labels,
        "waiting": len(rows),
        "strange": int(strange.sum()),
        "share": share,
        "groups": [
            {
                "name": name,
                "rows": len(g.rows),
                "strange": g.strange,
                "nearest": net.labels[g.nearest],
                "alike": round(g.alike, 3),
                "examples": [example(i) for i in g.rows[:SHOWN]],
                "predictions": [rows[i]["id"] for i in g.rows],
            }
            for g, name in zip(found, named, strict=True)
        ],
    }


def take_up(
    spec: Spec, catalog: Catalog, model: str, predictions: Sequence[str], label: str, who: str
) -> dict[str, Any]:
    """Label requests, most often those of one proposal, with a class that the model may not have
    yet; the next challenger learns it.

    Raises:
        Wrong: a request is none of the model's, or the label cannot be a class of it.
    """
    _, net = champion_of(spec, catalog, model)
    said, label = spec.eco.models[model], label.strip()
    label = next((one for one in net.labels if one.casefold() == label.casefold()), label)
    if not label or len(label) > MOST_LABEL or not label.isprintable():
        raise Wrong(
            "label",
            f"'{label[:40]}' cannot be a label",
            f"1 to {MOST_LABEL} characters that can be printed",
        )
    if label not in net.labels:
        _may_be_new(said, version_of(catalog, said.learns, "newest"), label)
    services = {}
    for ident in dict.fromkeys(predictions):
        row = catalog.prediction(ident)
        if (
            row is None
            or spec.eco.services.get(row["service"]) is None
            or spec.eco.services[row["service"]].serves != model
        ):
            raise Wrong(
                "predictions",
                f"'{ident[:40]}' is no prediction of '{model}'",
                "the ids of a proposal",
            )
        services[ident] = row["service"]
    if not services:
        raise Wrong("predictions", "no request is named", "the ids of a proposal")
    now = catalog.clock()
    catalog.add(
        t.FEEDBACK,
        [
            {"prediction": ident, "service": service, "label": label, "at": now}
            for ident, service in services.items()
        ],
    )
    with catalog.transaction() as con:
        catalog.write_audit(
            con,
            who,
            "name",
            f"models.{model}",
            f"{len(services)} requests are '{label}'"
            + ("" if label in net.labels else ", which is new"),
        )
    return {
        "model": model,
        "label": label,
        "new": label not in net.labels,
        "rows": len(services),
        "services": sorted(set(services.values())),
    }


def _may_be_new(said: Any, snapshot: Mapping[str, Any], label: str) -> None:
    field = snapshot["recipe"]["fields"][said.predict]
    values = list(field.get("values") or ())
    if field["type"] != "category":
        raise Wrong(
            "label",
            f"'{said.predict}' is no category, so '{label}' cannot be one more of it",
            "a label of the model",
        )
    if values:
        raise Wrong(
            "label",
            f"'{label}' is none of the values that the file lists for '{said.predict}'",
            f"it among the field's 'values' first, or one of {', '.join(values[:12])}",
            values,
            label,
        )
    if said.adapts:
        raise Wrong(
            "label",
            f"'{label}' is no class of '{said.adapts}', from whose weights this model starts",
            "one of its classes",
            [],
            label,
        )


def named_rows(
    spec: Spec, catalog: Catalog, model: str, snapshot: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Requests that people gave a label which the data do not have: cleaned inputs and the label.

    What was named so is learnt by every version from then on, until the data have rows of it.
    """
    said = spec.eco.models[model]
    field = snapshot["recipe"]["fields"].get(said.predict, {})
    if said.rank or said.adapts or field.get("type") != "category" or field.get("values"):
        return []
    told = [
        r
        for name, service in spec.eco.services.items()
        if service.serves == model
        for r in catalog.labelled(name)
    ]
    if not told:
        return []
    known = said_in_data(spec, snapshot, said.predict)
    return [
        r["input"]["clean"] | {said.predict: r["label"], TAUGHT_ID: r["id"]}
        for r in told
        if r["label"] not in known and set(said.inputs) <= set(r["input"]["clean"])
    ]


def said_in_data(spec: Spec, snapshot: Mapping[str, Any], field: str) -> set[str]:
    """The values of a field that a snapshot has."""
    return {str(v) for v in columns_of(spec, snapshot, [field])[0][field] if v is not None}


def _known(
    spec: Spec, catalog: Catalog, model: str, net: Any, snapshot: Mapping[str, Any]
) -> tuple[Any, tuple[float, float], float]:
    """How known classes lie; the probability and the likeness under which a row is strange; and the
    share of held-out rows beneath the first.
    """
    import numpy as np

    from mesocosm.learning.strategies.class_discovery import Known, balanced

    said = spec.eco.models[model]
    columns, split = columns_of(spec, snapshot, list(dict.fromkeys([*net.inputs, said.predict])))
    held = held_out(split)[:HELD]
    more = named_rows(spec, catalog, model, snapshot)
    label_of = {label: k for k, label in enumerate(net.labels)}
    for row in more:
        for n in columns:
            columns[n].append(row.get(n))
    y = np.array([label_of.get(str(v), -1) for v in columns[said.predict]])
    train = [i for i in range(len(y)) if y[i] >= 0 and (i >= len(split) or split[i] != "test")]
    at = [train[i] for i in balanced(y[train], TAUGHT)]
    x = beside(*net.features({n: [columns[n][i] for i in at] for n in net.inputs}, len(at)))
    judged = {n: [columns[n][i] for i in held] for n in net.inputs}
    sure = np.asarray(net.outputs(judged, len(held))).max(1)
    share = max(
        (s.abstain or UNSURE for s in spec.eco.services.values() if s.serves == model),
        default=UNSURE,
    )
    known = Known(x, y[at], len(net.labels))
    like = known.likeness(beside(*net.features(judged, len(held))))
    return (
        known,
        (
            float(np.sort(sure)[int(share * len(sure))]),
            float(np.sort(like)[int(share / 2 * len(like))]),
        ),
        share,
    )


def _words(row: Mapping[str, Any], shown: Sequence[str], kinds: Mapping[str, str]) -> str:
    """What is said in a row: its texts and its categories."""
    return " ".join(
        str(row[n]) for n in shown if kinds.get(n) in ("text", "category") and row[n] is not None
    )
