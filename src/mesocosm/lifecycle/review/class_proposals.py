"""Candidate new classes: groups of requests that a model is not confident of, a label for the
requests of one, and the requests so labelled.

Knows the catalog and the door of learning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, TypedDict

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import PredictionRow, SnapshotRow
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.records import JsonObject
from mesocosm.core.values.json_shapes import list_texts
from mesocosm.data.types import role_of
from mesocosm.learning.model import Model
from mesocosm.lifecycle.access.data_access import (
    Columns,
    pick_columns,
    read_columns,
    read_field_types,
    select_held_out,
)
from mesocosm.lifecycle.access.datasets.history import find_version
from mesocosm.lifecycle.review.label_review import (
    format_inputs,
    list_columns,
    list_public,
    load_champion,
    read_unlabelled_requests,
    stack_features,
)
from mesocosm.lifecycle.review.named_rows import read_named_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mesocosm.learning.arrays import Array
    from mesocosm.learning.export.predictor import Version
    from mesocosm.learning.strategies.class_discovery import ClassProposal, KnownClasses

TAUGHT = 2000  # labelled rows that show how alike those of one class are
# held-out rows that show how confident the model usually is, and how like its classes rows are
HELD = 2000
UNSURE = 0.1  # share of them beneath the bound, where the service names no share of its own
SHOWN = 60  # rows of a proposal that are shown
MOST_LABEL = 60  # characters of a label
IDS_EXPECTED = Message("lifecycle.proposal_ids")


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


class ProposedRow(TypedDict):
    """A request of a proposal, and what the model says of it with which probability."""

    prediction: str
    inputs: dict[str, str | None]
    says: str
    probability: float


class ProposedGroup(TypedDict):
    """Requests that no class explains, with a working `name` and the `nearest` class."""

    name: str
    rows: int
    strange: int
    nearest: str
    alike: float
    examples: list[ProposedRow]
    predictions: list[str]


class ProposedClasses(TypedDict):
    """Candidate new classes among `waiting` requests, `strange` ones out of distribution."""

    model: str
    version: str
    labels: list[str]
    waiting: int
    strange: int
    share: float
    groups: list[ProposedGroup]


class AcceptedLabel(TypedDict):
    """A label of some requests; `new` says whether the model lacks it."""

    model: str
    label: str
    new: bool
    rows: int
    services: list[str]


def propose_classes(spec: Spec, catalog: Catalog, model: str) -> ProposedClasses:
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
    shown = list_public(net.inputs, spec.eco.models[model])
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

    requests: Sequence[PredictionRow]
    inputs: Sequence[JsonObject]
    probabilities: Array
    features: Array
    strange: npt.NDArray[np.bool_]


def _score_requests(
    net: Version, requests: Sequence[PredictionRow], usual: Confidence
) -> _ScoredRequests:
    import numpy as np

    inputs = [request["input"]["clean"] for request in requests]
    columns = list_columns(inputs, net.inputs)
    probabilities = np.asarray(net.outputs(columns, len(inputs)))
    features = stack_features(*net.features(columns, len(inputs)))
    strange = probabilities.max(1) < usual.least_probability
    strange |= usual.classes.likeness(features) < usual.least_likeness
    return _ScoredRequests(requests, inputs, probabilities, features, strange)


def _name_groups(
    scored: _ScoredRequests, usual: Confidence, shown: Sequence[str], kinds: Mapping[str, str]
) -> list[tuple[str, ClassProposal]]:
    """Clusters of unusual requests, each with a working name of words that are frequent in it and
    rare in the rest.
    """
    from mesocosm.learning.strategies.class_discovery import name_groups, propose_classes

    found = propose_classes(scored.features, scored.strange, usual.classes)
    texts = [_text_of(row, shown, kinds) for row in scored.inputs]
    others = _list_others(texts, found)
    texts_of = [_pick(texts, group.rows) for group in found]
    return list(zip(name_groups(texts_of, others), found, strict=True))


def _list_others(texts: Sequence[str], groups: Sequence[ClassProposal]) -> list[str]:
    """The texts that are in no group."""
    grouped = set(chain.from_iterable(group.rows for group in groups))
    return [text for i, text in enumerate(texts) if i not in grouped]


def _pick(texts: Sequence[str], rows: Sequence[int]) -> list[str]:
    return [texts[i] for i in rows]


def _describe_group(
    scored: _ScoredRequests, group: ClassProposal, name: str, net: Version, shown: Sequence[str]
) -> ProposedGroup:
    examples: list[ProposedRow] = []
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
) -> AcceptedLabel:
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
    settings, label = spec.eco.models[model], _choose_label(net.labels, label)
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


def _choose_label(known: Sequence[str], label: str) -> str:
    """A label as it was given, or the known one that differs from it in case only.

    Raises:
        ConfigValueError: it is empty, too long or not printable.
    """
    label = _find_known(known, label.strip())
    if not label or len(label) > MOST_LABEL or not label.isprintable():
        found = Message("lifecycle.invalid_label", label=label[:40])
        raise ConfigValueError("label", found, Message("lifecycle.label_length", most=MOST_LABEL))
    return label


def _find_known(known: Sequence[str], label: str) -> str:
    """The known label that differs from one in case only; that one where there is none."""
    return next((other for other in known if other.casefold() == label.casefold()), label)


def _services_of(
    spec: Spec, catalog: Catalog, model: str, predictions: Sequence[str]
) -> dict[str, str]:
    """The service of each prediction of a model.

    Raises:
        ConfigValueError: there is none, or one is not the model's.
    """
    services: dict[str, str] = {}
    for ident in dict.fromkeys(predictions):
        service = _find_service(spec, catalog, model, ident)
        if service is None:
            found = Message("lifecycle.not_a_prediction_of", prediction=ident[:40], model=model)
            raise ConfigValueError("predictions", found, IDS_EXPECTED)
        services[ident] = service
    if not services:
        raise ConfigValueError(
            "predictions", Message("lifecycle.no_prediction_given"), IDS_EXPECTED
        )
    return services


def _find_service(spec: Spec, catalog: Catalog, model: str, prediction: str) -> str | None:
    """The service of a model that a logged prediction is of; None where it is of none."""
    row = catalog.prediction(prediction)
    if row is None:
        return None
    service = spec.eco.services.get(row["service"])
    if service is None or service.model != model:
        return None
    return row["service"]


def _check_new_label(model: Model, snapshot: SnapshotRow, label: str) -> None:
    """Refuse a label that cannot be one more class of a model."""
    field = snapshot["recipe"]["fields"][model.target]
    values = list_texts(field.get("values"))
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


def _measure_confidence(
    spec: Spec, catalog: Catalog, model: str, net: Version, snapshot: SnapshotRow
) -> Confidence:
    """How a model's classes lie, and the bounds under which a request is out of distribution."""
    import numpy as np

    target = spec.eco.models[model].target
    columns, split = read_columns(spec, snapshot, list(dict.fromkeys([*net.inputs, target])))
    held = select_held_out(split)[:HELD]
    for row in read_named_rows(spec, catalog, model, snapshot):
        for name in columns:
            columns[name].append(row.get(name))
    classes = _place_classes(net, columns, split, target)
    tested = pick_columns(columns, net.inputs, held)
    confidence = np.asarray(net.outputs(tested, len(held))).max(1)
    likeness = classes.likeness(_features(net, columns, held))
    share = _abstaining_share(spec, model)
    return Confidence(
        classes,
        least_probability=float(np.sort(confidence)[int(share * len(confidence))]),
        least_likeness=float(np.sort(likeness)[int(share / 2 * len(likeness))]),
        share=share,
    )


def _place_classes(
    net: Version, columns: Columns, split: Sequence[str], target: str
) -> KnownClasses:
    """How the classes of the training rows lie, by a balanced sample of them; requests that people
    named come after the rows of the snapshot, and are trained on.
    """
    import numpy as np

    from mesocosm.learning.strategies.class_discovery import KnownClasses, sample_balanced

    number_of = {label: k for k, label in enumerate(net.labels)}
    y = np.array([number_of.get(str(value), -1) for value in columns[target]])
    tested = np.zeros(len(y), dtype=bool)
    tested[: len(split)] = np.array(split) == "test"
    trained = np.flatnonzero((y >= 0) & ~tested)
    at = trained[sample_balanced(y[trained], TAUGHT)].tolist()
    return KnownClasses(_features(net, columns, at), y[at], len(net.labels))


def _features(net: Version, columns: Columns, rows: Sequence[int]) -> Array:
    """The features of some rows (rows, width)."""
    return stack_features(*net.features(pick_columns(columns, net.inputs, rows), len(rows)))


def _abstaining_share(spec: Spec, model: str) -> float:
    """The largest share of requests on which a service of a model abstains."""
    services = [service for service in spec.eco.services.values() if service.model == model]
    return max((service.abstain or UNSURE for service in services), default=UNSURE)


def _text_of(row: JsonObject, shown: Sequence[str], kinds: Mapping[str, str]) -> str:
    """The texts and categories of a row, joined."""
    fields = [name for name in shown if kinds.get(name) in ("text", "category")]
    return " ".join(str(row[name]) for name in fields if row[name] is not None)
