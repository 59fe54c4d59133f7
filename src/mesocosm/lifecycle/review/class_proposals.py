"""Candidate new classes: groups of requests that a model is not confident of, a label for the
requests of one, and the requests so labelled.

Knows the catalog and the door of learning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.config import Spec
from mesocosm.config.model_tasks import find_model_task
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.data.types import role_of
from mesocosm.learning.model import Model
from mesocosm.lifecycle.access.data_access import read_columns, read_field_types, select_held_out
from mesocosm.lifecycle.access.dataset_history import find_version
from mesocosm.lifecycle.jobs.train import PREDICTION_ID
from mesocosm.lifecycle.review.label_review import (
    format_inputs,
    load_champion,
    read_unlabelled_requests,
    stack_features,
)

if TYPE_CHECKING:
    from mesocosm.learning.strategies.class_discovery import KnownClasses

TAUGHT = 2000  # labelled rows that show how alike those of one class are
# held-out rows that show how confident the model usually is, and how like its classes rows are
HELD = 2000
UNSURE = 0.1  # share of them beneath the bound, where the service names no share of its own
SHOWN = 60  # rows of a proposal that are shown
MOST_LABEL = 60  # characters of a label
IDS_EXPECTED = "the ids of a proposal"


@dataclass(frozen=True)
class Confidence:
    """How confident a model is on held-out rows, and how its classes lie.

    Args:
        classes: the classes of labelled rows, by their features.
        least_probability: under it, a request is out of distribution.
        least_likeness: under it too.
        share: the share of held-out rows beneath the probability.
    """

    classes: KnownClasses
    least_probability: float
    least_likeness: float
    share: float


def propose_classes(spec: Spec, catalog: Catalog, model: str) -> dict[str, Any]:
    """Groups of requests that no class of a model explains, the largest first.

    Returns:
        `waiting` requests without a label, how many of them are `strange` (out of distribution:
        less confident than the `share` of held-out rows, or less like any class than half that
        share), and `groups`: each with a working `name`, its count of `rows` and of `strange` ones,
        the `nearest` class with how `alike` it is, up to 60 `examples`, the most typical first
        (revealed private inputs left out), and the `predictions` of all its rows, in the same
        order.

    Raises:
        ConfigValueError: there is no such model, or it predicts no classes.
        MesocosmError: it is not deployed, or every request has a label.
    """
    champion, net = load_champion(spec, catalog, model)
    requests = read_unlabelled_requests(spec, catalog, model, net)
    if not requests:
        raise MesocosmError(Message("lifecycle.all_labelled", model=model))
    snapshot = find_version(catalog, spec.eco.models[model].dataset, "newest")
    usual = _measure_confidence(spec, catalog, model, net, snapshot)
    scored = _score_requests(net, requests, usual)
    hidden = spec.eco.models[model].allow_private
    shown = [name for name in net.inputs if name not in hidden]
    groups = _name_groups(scored, usual, shown, read_field_types(snapshot))
    return {
        "model": model,
        "version": champion["id"],
        "labels": net.labels,
        "waiting": len(requests),
        "strange": int(scored.strange.sum()),
        "share": usual.share,
        "groups": [_describe_group(scored, group, name, net, shown) for name, group in groups],
    }


@dataclass(frozen=True)
class _ScoredRequests:
    """Requests with their `inputs`, the `probabilities` of each class (rows, classes), the
    `features` (rows, width), and which are `strange` (rows,).
    """

    requests: Sequence[Mapping[str, Any]]
    inputs: Sequence[Mapping[str, Any]]
    probabilities: Any
    features: Any
    strange: Any


def _score_requests(
    net: Any, requests: Sequence[Mapping[str, Any]], usual: Confidence
) -> _ScoredRequests:
    import numpy as np

    inputs = [request["input"]["clean"] for request in requests]
    columns = {name: [row[name] for row in inputs] for name in net.inputs}
    probabilities = np.asarray(net.outputs(columns, len(inputs)))
    features = stack_features(*net.features(columns, len(inputs)))
    strange = probabilities.max(1) < usual.least_probability
    strange |= usual.classes.likeness(features) < usual.least_likeness
    return _ScoredRequests(requests, inputs, probabilities, features, strange)


def _name_groups(
    scored: _ScoredRequests, usual: Confidence, shown: Sequence[str], kinds: Mapping[str, str]
) -> list[tuple[str, Any]]:
    """Clusters of unusual requests, each with a working name of words that are frequent in it and
    rare in the rest.
    """
    from mesocosm.learning.strategies.class_discovery import name_groups, propose_classes

    found = propose_classes(scored.features, scored.strange, usual.classes)
    texts = [_text_of(row, shown, kinds) for row in scored.inputs]
    grouped = set[int]().union(*(group.rows for group in found))
    others = [text for i, text in enumerate(texts) if i not in grouped]
    texts_of = [_pick(texts, group.rows) for group in found]
    return list(zip(name_groups(texts_of, others), found, strict=True))


def _pick(texts: Sequence[str], rows: Sequence[int]) -> list[str]:
    return [texts[i] for i in rows]


def _describe_group(
    scored: _ScoredRequests, group: Any, name: str, net: Any, shown: Sequence[str]
) -> dict[str, Any]:
    examples = []
    for i in group.rows[:SHOWN]:
        probabilities = scored.probabilities[i]
        examples.append(
            {
                "prediction": scored.requests[i]["id"],
                "inputs": format_inputs(scored.inputs[i], shown),
                "says": net.labels[int(probabilities.argmax())],
                "probability": round(float(probabilities.max()), 4),
            }
        )
    return {
        "name": name,
        "rows": len(group.rows),
        "strange": group.outliers,
        "nearest": net.labels[group.nearest],
        "alike": round(group.alike, 3),
        "examples": examples,
        "predictions": [scored.requests[i]["id"] for i in group.rows],
    }


def accept_proposal(
    spec: Spec, catalog: Catalog, model: str, predictions: Sequence[str], label: str, who: str
) -> dict[str, Any]:
    """Label requests, most often those of one proposal, with a class that the model may not have
    yet; the next challenger is trained on it.

    Args:
        spec: the file.
        catalog: where predictions are logged.
        model: the model's name.
        predictions: the ids of logged predictions.
        label: the class.
        who: who labels them, for the audit.

    Raises:
        ConfigValueError: a request is none of the model's, or the label cannot be a class of it.
    """
    _, net = load_champion(spec, catalog, model)
    settings, label = spec.eco.models[model], label.strip()
    label = next((known for known in net.labels if known.casefold() == label.casefold()), label)
    if not label or len(label) > MOST_LABEL or not label.isprintable():
        found = Message("lifecycle.invalid_label", label=label[:40])
        raise ConfigValueError("label", found, Message("lifecycle.label_length", most=MOST_LABEL))
    is_new = label not in net.labels
    if is_new:
        _check_new_label(settings, find_version(catalog, settings.dataset, "newest"), label)
    services = _services_of(spec, catalog, model, predictions)
    now = catalog.clock()
    feedback = [
        {"prediction": ident, "service": service, "label": label, "at": now}
        for ident, service in services.items()
    ]
    catalog.add(t.FEEDBACK, feedback)
    why = f"{len(services)} requests are '{label}'"
    if is_new:
        why += ", which is new"
    with catalog.transaction() as con:
        catalog.write_audit(con, who, "name", f"models.{model}", why)
    return {
        "model": model,
        "label": label,
        "new": is_new,
        "rows": len(services),
        "services": sorted(set(services.values())),
    }


def _services_of(
    spec: Spec, catalog: Catalog, model: str, predictions: Sequence[str]
) -> dict[str, str]:
    """The service of each prediction of a model.

    Raises:
        ConfigValueError: there is none, or one is not the model's.
    """
    services: dict[str, str] = {}
    for ident in dict.fromkeys(predictions):
        row = catalog.prediction(ident)
        service = row and spec.eco.services.get(row["service"])
        if not row or not service or service.model != model:
            found = Message("lifecycle.not_a_prediction_of", prediction=ident[:40], model=model)
            raise ConfigValueError("predictions", found, IDS_EXPECTED)
        services[ident] = row["service"]
    if not services:
        raise ConfigValueError(
            "predictions", Message("lifecycle.no_prediction_given"), IDS_EXPECTED
        )
    return services


def _check_new_label(model: Model, snapshot: Mapping[str, Any], label: str) -> None:
    """Refuse a label that cannot be one more class of a model."""
    field = snapshot["recipe"]["fields"][model.target]
    values = list(field.get("values") or ())
    if role_of(field) != "category":
        found = Message("lifecycle.no_new_label", target=model.target, label=label)
        raise ConfigValueError("label", found, Message("lifecycle.label_of_model"))
    if values:
        found = Message("lifecycle.unlisted_label", label=label, target=model.target)
        expected = Message("lifecycle.list_label_first", values=tuple(values[:12]))
        raise ConfigValueError("label", found, expected, values, label)
    if model.init_from:
        found = Message("lifecycle.not_a_general_class", label=label, general=model.init_from)
        raise ConfigValueError("label", found, Message("lifecycle.one_of_its_classes"), [], label)


def read_named_rows(
    spec: Spec, catalog: Catalog, model: str, snapshot: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Requests that people gave a label which the data lack: cleaned inputs and the label.

    Every version from then on is trained on them, until the data have rows of the label.
    """
    settings = spec.eco.models[model]
    field = snapshot["recipe"]["fields"].get(settings.target, {})
    task = find_model_task(spec.eco, settings)
    is_open = role_of(field) == "category" and not field.get("values")
    if not is_open or settings.init_from or (task and not task.has_class):
        return []
    labelled: list[Mapping[str, Any]] = []
    for name, service in spec.eco.services.items():
        if service.model == model:
            labelled += catalog.labelled(name)
    if not labelled:
        return []
    known = read_known_labels(spec, snapshot, settings.target)
    return [
        row["input"]["clean"] | {settings.target: row["label"], PREDICTION_ID: row["id"]}
        for row in labelled
        if row["label"] not in known and set(settings.features) <= set(row["input"]["clean"])
    ]


def read_known_labels(spec: Spec, snapshot: Mapping[str, Any], field: str) -> set[str]:
    """The values of a field that a snapshot has."""
    return {str(v) for v in read_columns(spec, snapshot, [field])[0][field] if v is not None}


def _measure_confidence(
    spec: Spec, catalog: Catalog, model: str, net: Any, snapshot: Mapping[str, Any]
) -> Confidence:
    """How a model's classes lie, and the bounds under which a request is out of distribution."""
    import numpy as np

    from mesocosm.learning.strategies.class_discovery import KnownClasses, sample_balanced

    target = spec.eco.models[model].target
    columns, split = read_columns(spec, snapshot, list(dict.fromkeys([*net.inputs, target])))
    held = select_held_out(split)[:HELD]
    for row in read_named_rows(spec, catalog, model, snapshot):
        for name in columns:
            columns[name].append(row.get(name))
    number_of = {label: k for k, label in enumerate(net.labels)}
    y = np.array([number_of.get(str(value), -1) for value in columns[target]])
    # requests that people named come after the rows of the snapshot, and are trained on
    trained = [i for i in range(len(y)) if y[i] >= 0 and split[i : i + 1] != ["test"]]
    at = [trained[i] for i in sample_balanced(y[trained], TAUGHT)]
    classes = KnownClasses(_features(net, columns, at), y[at], len(net.labels))
    tested = {name: [columns[name][i] for i in held] for name in net.inputs}
    confidence = np.asarray(net.outputs(tested, len(held))).max(1)
    likeness = classes.likeness(_features(net, columns, held))
    share = _abstaining_share(spec, model)
    return Confidence(
        classes,
        least_probability=float(np.sort(confidence)[int(share * len(confidence))]),
        least_likeness=float(np.sort(likeness)[int(share / 2 * len(likeness))]),
        share=share,
    )


def _features(net: Any, columns: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> Any:
    """The features of some rows (rows, width)."""
    picked = {name: [columns[name][i] for i in rows] for name in net.inputs}
    return stack_features(*net.features(picked, len(rows)))


def _abstaining_share(spec: Spec, model: str) -> float:
    """The largest share of requests on which a service of a model abstains."""
    services = [service for service in spec.eco.services.values() if service.model == model]
    return max((service.abstain or UNSURE for service in services), default=UNSURE)


def _text_of(row: Mapping[str, Any], shown: Sequence[str], kinds: Mapping[str, str]) -> str:
    """The texts and categories of a row, joined."""
    fields = [name for name in shown if kinds.get(name) in ("text", "category")]
    return " ".join(str(row[name]) for name in fields if row[name] is not None)
