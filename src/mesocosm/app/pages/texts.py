"""The sentences of what the pages are sent, in the reader's language. In English every answer is as
it was made.

Knows which parts of an answer hold sentences; the others, as the rows and labels of people, are
never read as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

from mesocosm.core.messages import Message, render, render_stored
from mesocosm.core.messages.language import SOURCE, current_language
from mesocosm.core.messages.stored import render_text, render_texts_of
from mesocosm.core.values.json_shapes import list_objects
from mesocosm.monitoring.alert_message import render_alert
from mesocosm.world.wire import Element, Sapling, Scene, Stall

Data = TypeVar("Data")
Record = Mapping[str, object]

# keys of records whose values are sentences, in whatever depth
SENTENCES = frozenset(
    (
        *("advice", "change", "error", "evidence", "fault", "labels", "message", "problem"),
        *("reason", "rollout", "says", "text", "trouble", "unwatched", "warnings", "why"),
    )
)
SLICES = ("slices", "coverage_by_slice")  # of metrics: named parts of the rows
# keys of records whose keys are sentences
COUNTED = frozenset(("reasons",))


def render_texts(data: Data) -> Data:
    """JSON-ready data with the sentences of its records in the reader's language.

    >>> render_texts({"why": "passes all gates", "label": "by hand"})
    {'why': 'passes all gates', 'label': 'by hand'}
    """
    if current_language() == SOURCE:
        return data
    return cast(Data, _render_value(data))


def _render_value(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _render_entry(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_render_value(inner) for inner in value]
    return value


def _render_entry(key: str, value: object) -> object:
    if key in SENTENCES and isinstance(value, str):
        return render(value)
    if key in SENTENCES and isinstance(value, (list, tuple)):
        return [render(each) if isinstance(each, str) else _render_value(each) for each in value]
    if key in COUNTED and isinstance(value, Mapping):
        return _count_texts(value)
    return _render_value(value)


def _count_texts(reasons: Record) -> dict[str, object]:
    """Reasons with how many rows each has, in the reader's language."""
    found: dict[str, object] = {}
    for reason, rows in reasons.items():
        text = render(reason)
        before = found.get(text, 0)
        if isinstance(rows, int) and isinstance(before, int):
            found[text] = before + rows
        else:
            found[text] = rows
    return found


def render_metrics(metrics: Record) -> Record:
    """Metrics of a version with their warnings and the names of slices in the reader's language;
    names of classes and groups stay as they are.
    """
    if current_language() == SOURCE:
        return metrics
    found = dict(metrics)
    for key in SLICES:
        slices = list_objects(metrics.get(key))
        if slices:
            found[key] = [{**part, "where": render_text(part, "where")} for part in slices]
    if "warnings" in metrics:
        found["warnings"] = render_texts_of(metrics, "warnings")
    return found


def render_alerts(alerts: Iterable[Record]) -> list[dict[str, object]]:
    """Alerts with their messages in the reader's language, and the reasons of their diagnoses."""
    if current_language() == SOURCE:
        return [dict(alert) for alert in alerts]
    return [render_texts({**alert, "message": render_alert(alert)}) for alert in alerts]


def render_recommendations(advised: Iterable[Record]) -> list[dict[str, object]]:
    """Recommendations in the reader's language."""
    return [{**each, "text": render_stored(each, str(each["text"]))} for each in advised]


def render_plan(changes: Iterable[Record]) -> list[dict[str, object]]:
    """Changes of a plan with their reasons in the reader's language."""
    if current_language() == SOURCE:
        return [dict(change) for change in changes]
    return [_render_change(change) for change in changes]


def _render_change(change: Record) -> dict[str, object]:
    texts = [_render_reason(each) for each in list_objects(change.get("reasons"))]
    return {**change, "because": texts}


def _render_reason(reason: Record) -> str:
    if "id" in reason:
        return Message.from_json(reason).render()
    return render(str(reason["text"]))


def render_scene(scene: Scene) -> Scene:
    """A scene with its sentences in the reader's language."""
    if current_language() == SOURCE:
        return scene
    elements = [_render_element(element) for element in scene.elements]
    return scene.model_copy(
        update={"elements": elements, "alerts": [render_texts(alert) for alert in scene.alerts]}
    )


def _render_element(element: Element) -> Element:
    sapling = element.sapling
    return element.model_copy(
        update={
            "says": render(element.says),
            "facts": render_texts(element.facts),
            "stalls": [_render_stall(stall) for stall in element.stalls],
            "sapling": _render_sapling(sapling) if sapling else None,
        }
    )


def _render_stall(stall: Stall) -> Stall:
    return stall.model_copy(update={"says": render(stall.says)})


def _render_sapling(sapling: Sapling) -> Sapling:
    name = render(sapling.name) if sapling.state == "growing" else sapling.name
    return sapling.model_copy(update={"says": render(sapling.says), "name": name})
