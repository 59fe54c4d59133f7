"""A story played on a copy of what is built: the result of each act, and which expectations it
misses.

Knows a gateway's client and the catalog; what is built is never touched.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from httpx import HTTPError

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import AlertRow
from mesocosm.client import Client, Refused, row_as_json
from mesocosm.client.predictions import Prediction
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.progress import SayOf
from mesocosm.core.values.json_shapes import read_number
from mesocosm.lifecycle.access.data_access import read_columns, select_held_out
from mesocosm.resilience.act_result import ActResult, find_missed, is_final
from mesocosm.resilience.fault_injection import Copy, start_copy
from mesocosm.resilience.scenario import Act, Story

FACTOR = re.compile(r"([*/])\s*(\d+(?:\.\d+)?)")
T = TypeVar("T")
QUIET = 5.0  # seconds without an alert that count as none
PAUSE = 0.3  # seconds between two looks at the catalog


def play_story(spec: Spec, story: Story, say: SayOf) -> list[ActResult]:
    """Play a story on a copy of what is built.

    Args:
        spec: the ecosystem's file.
        story: its acts.
        say: takes the name of an act and a line, as it begins and ends.

    Raises:
        MesocosmError: nothing is built, or the copy does not come up.
    """
    with start_copy(spec, story.acts[0].service, asked=False) as copy:
        for alert in copy.catalog.alerts(open_only=True):
            copy.catalog.clear(alert["monitor"], "a story begins")
        began = copy.catalog.clock()
        results = []
        for act in story.acts:
            say(act.act, Message("progress.act_starts", service=act.service))
            result = _play_act(spec, copy, act, began)
            results.append(result)
            say(act.act, "; ".join(result.missed) or Message("progress.as_expected"))
        return results


def _play_act(spec: Spec, copy: Copy, act: Act, story_began: float) -> ActResult:
    """Send what an act sends, and wait for what is expected."""
    result, began = ActResult(act.act, act.service), copy.catalog.clock()
    model = str(spec.eco.services[act.service].model)
    before = {version["id"] for version in copy.catalog.versions(model)}
    for row, label in list(_rows(spec, copy.catalog, act)):
        _send(copy.client, act, row, label, result)
    for question in act.ask:
        _ask(copy.client, act, question, result)
    return _wait_for_result(copy.catalog, act, model, result, (story_began, began), before)


def _wait_for_result(
    catalog: Catalog,
    act: Act,
    model: str,
    result: ActResult,
    began: tuple[float, float],
    before: Collection[str],
) -> ActResult:
    """Look at alerts and versions until nothing that comes later changes a result."""
    until, quiet = time.monotonic() + act.wait, time.monotonic() + QUIET
    while True:
        _read_catalog(catalog, result, model, began, before)
        result.missed = list(find_missed(act.expect, result))
        now = time.monotonic()
        if now > until or is_final(act.expect, result, now > quiet):
            return result
        time.sleep(PAUSE)


def _ask(client: Client, act: Act, question: str, result: ActResult) -> None:
    """Ask a question, and count what comes back."""
    result.asked += 1
    answer = _try(result, partial(client.ask, act.service, question))
    if answer is None:
        result.texts.append("")
        return
    result.known += bool(answer.known)
    result.texts.append(answer.answer)


def _read_catalog(
    catalog: Catalog,
    result: ActResult,
    model: str,
    began: tuple[float, float],
    before: Collection[str],
) -> None:
    """Put the alerts and the new versions into a result.

    Args:
        catalog: of the copy.
        result: what there is so far; changed.
        model: the model of the service.
        began: the seconds when the story and the act began.
        before: the versions that there were before the act.
    """
    story_began, act_began = began
    alerts = _alerts_since(catalog.alerts(), result.service, story_began)
    result.alerts = _alerts_since(alerts, result.service, act_began)
    result.cleared = _are_cleared(alerts)
    versions = [version["id"] for version in catalog.versions(model)]
    result.versions = [version for version in versions if version not in before]


def _are_cleared(alerts: Sequence[AlertRow]) -> bool:
    """Whether there were alerts, and none is open."""
    return bool(alerts) and all(alert["cleared_at"] for alert in alerts)


def _alerts_since(alerts: Sequence[AlertRow], service: str, since: float) -> list[AlertRow]:
    """The alerts of a service that were raised since a moment."""
    return [alert for alert in alerts if alert["at"] >= since and alert["service"] == service]


def _rows(spec: Spec, catalog: Catalog, act: Act) -> Iterator[tuple[dict[str, object], str]]:
    """The rows of an act and the true label of each, where it is known."""
    if isinstance(act.rows, int):
        yield from _held_out_rows(spec, catalog, act, act.rows)
        return
    for n, row in enumerate(act.rows):
        yield _change_row(row, act, n), ""


def _held_out_rows(
    spec: Spec, catalog: Catalog, act: Act, count: int
) -> Iterator[tuple[dict[str, object], str]]:
    """Held-out rows in turn and over again, with their labels.

    Raises:
        MesocosmError: no row is as the act asks, or the dataset is not built.
    """
    if not count:
        return
    model = spec.eco.models[str(spec.eco.services[act.service].model)]
    snapshot = catalog.snapshot(dataset=model.dataset)
    if snapshot is None:
        raise MesocosmError(Message("resilience.not_built", dataset=model.dataset))
    names = [*dict.fromkeys([*model.features, *model.context_fields])]
    data, split = read_columns(spec, snapshot, [*names, model.target])
    held = _choose_held_out(data, split, act)
    for n in range(count):
        i = held[n % len(held)]
        row = row_as_json({name: data[name][i] for name in names})
        yield _change_row(row, act, n), str(data[model.target][i])


def _read_upper(data: Mapping[str, Sequence[object]], act: Act) -> list[float | None] | None:
    """The numbers of whose upper half an act sends rows; None where it sends any."""
    if not act.upper:
        return None
    return [read_number(value) for value in data[act.upper]]


def _choose_held_out(
    data: Mapping[str, Sequence[object]], split: Sequence[str], act: Act
) -> list[int]:
    """The held-out rows that are as an act asks, in an order of its own.

    Raises:
        MesocosmError: there is none.
    """
    held = select_held_out(split, _read_upper(data, act))
    held = [i for i in held if _is_like(data, i, act.where)]
    if not held:
        raise MesocosmError(Message("resilience.no_like_row", act=act.act, service=act.service))
    random.Random(act.act).shuffle(held)  # files often have an order that no day has
    return held


def _is_like(data: Mapping[str, Sequence[object]], row: int, values: Mapping[str, str]) -> bool:
    """Whether a row has some values."""
    return all(str(data[name][row]) == value for name, value in values.items())


def _change_row(row: Mapping[str, object], act: Act, n: int) -> dict[str, object]:
    """A row with the changes of an act: a factor, a template or another value. `n` is its number; a
    factor of what is not a number changes nothing.
    """
    changed = dict(row)
    for name, change in act.change.items():
        if isinstance(change, str):
            _change_by_words(changed, name, change, n)
        else:
            changed[name] = change
    return changed


def _change_by_words(row: dict[str, object], name: str, change: str, n: int) -> None:
    """Change a field of a row by a factor or a template."""
    factor, value = FACTOR.fullmatch(change), row.get(name)
    if not factor:
        shown = str(row.get(name, ""))
        row[name] = change.replace("{n}", str(n)).replace("{}", shown)
    elif isinstance(value, int | float):
        row[name] = _scale(value, factor[1], float(factor[2]))


def _scale(value: float, operator: str, factor: float) -> float:
    """A value multiplied (`*`) or divided (`/`) by a factor."""
    if operator == "*":
        return round(value * factor, 6)
    return round(value / factor, 6)


def _try(result: ActResult, call: Callable[[], T]) -> T | None:
    """What a call returns; None where it is refused, or lost by a server error."""
    try:
        return call()
    except Refused as refused:
        if refused.status < 500:
            result.refused += 1
            result.refusals.append(refused.detail)
            return None
    except HTTPError:
        pass
    result.lost += 1
    return None


def _send(client: Client, act: Act, row: dict[str, object], label: str, result: ActResult) -> None:
    """Send a row, count what comes back, and record the label where the act does."""
    result.rows += 1
    began = time.perf_counter()
    response = _try(result, lambda: client.predict(act.service, row))
    if response is None:
        return
    result.times.append((time.perf_counter() - began) * 1000)
    if response.why is not None:
        result.refused += 1
        result.refusals.append(response.why)
        return
    _count_prediction(result, response, label)
    if act.labels and label:
        recorded = _choose_label(act, label, response)
        _try(result, lambda: client.feedback(act.service, response.id, recorded))


def _count_prediction(result: ActResult, response: Prediction, label: str) -> None:
    """Count a prediction, and keep what it says of items."""
    result.answered += 1
    result.unsure += response.unsure
    result.right += response.label == label
    for item in response.items:
        result.texts.append(f"{item['item']} because of {item.get('because')}")


def _choose_label(act: Act, label: str, response: Prediction) -> str:
    """The label that is recorded: the true one, or another where the act records wrong ones."""
    if act.labels != "another":
        return label
    others = sorted(set(response.probabilities) - {label})
    return next(iter(others), label)
