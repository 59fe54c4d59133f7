"""A story played on a copy of what is built: the result of each act, and which expectations it
misses.

Knows a gateway's client and the catalog; what is built is never touched.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from httpx import HTTPError

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import AlertRow
from mesocosm.client import Client, Refused, row_as_json
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.values.thresholds import satisfies
from mesocosm.lifecycle.access.data_access import read_columns, select_held_out
from mesocosm.resilience.fault_injection import Copy, start_copy
from mesocosm.resilience.scenario import Act, Expected, Story

FACTOR = re.compile(r"([*/])\s*(\d+(?:\.\d+)?)")
T = TypeVar("T")
QUIET = 5.0  # seconds without an alert that count as none
PAUSE = 0.3  # seconds between two looks at the catalog


@dataclass
class ActResult:
    """The result of one act; times in milliseconds."""

    act: str
    service: str
    rows: int = 0
    answered: int = 0
    refused: int = 0
    lost: int = 0
    right: int = 0
    unsure: int = 0
    asked: int = 0
    known: int = 0
    times: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    alerts: list[AlertRow] = field(default_factory=list)
    cleared: bool = False
    versions: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The result as JSON-ready data."""
        median, accuracy = None, None
        if self.times:
            median = round(sorted(self.times)[len(self.times) // 2], 1)
        if self.answered:
            accuracy = round(self.right / self.answered, 4)
        return {
            "act": self.act,
            "service": self.service,
            "rows": self.rows,
            "answered": self.answered,
            "refused": self.refused,
            "lost": self.lost,
            "unsure": self.unsure,
            "asked": self.asked,
            "known": self.known,
            "right": accuracy,
            "p50_ms": median,
            "why": next(iter(self.refusals), None),
            "alerts": [alert["message"] for alert in self.alerts],
            "cleared": self.cleared,
            "versions": self.versions,
            "missed": self.missed,
        }


def play_story(spec: Spec, story: Story, say: Callable[[str, str], None]) -> list[ActResult]:
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
            say(act.act, f"to {act.service}")
            result = _play_act(spec, copy, act, began)
            results.append(result)
            say(act.act, "; ".join(result.missed) or "as expected")
        return results


def _play_act(spec: Spec, copy: Copy, act: Act, story_began: float) -> ActResult:
    """Send what an act sends, and wait for what is expected."""
    result, began = ActResult(act.act, act.service), copy.catalog.clock()
    model = str(spec.eco.services[act.service].model)
    before = {version["id"] for version in copy.catalog.versions(model)}
    for row, label in list(_rows(spec, copy.catalog, act)):
        _send(copy.client, act, row, label, result)
    for question in act.ask:
        result.asked += 1
        answer = _try(result, partial(copy.client.ask, act.service, question))
        result.known += bool(answer and answer.known)
        result.texts.append(answer.answer if answer else "")
    until, quiet = time.monotonic() + act.wait, time.monotonic() + QUIET
    while True:
        _read_catalog(copy.catalog, result, model, (story_began, began), before)
        result.missed = list(_find_missed(act.expect, result))
        now = time.monotonic()
        if now > until or _is_final(act.expect, result, now > quiet):
            return result
        time.sleep(PAUSE)


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
    alerts = [alert for alert in catalog.alerts() if alert["at"] >= story_began]
    alerts = [alert for alert in alerts if alert["service"] == result.service]
    result.alerts = [alert for alert in alerts if alert["at"] >= act_began]
    result.cleared = bool(alerts) and all(alert["cleared_at"] for alert in alerts)
    versions = [version["id"] for version in catalog.versions(model)]
    result.versions = [version for version in versions if version not in before]


def _is_final(expected: Expected, result: ActResult, quiet: bool) -> bool:
    """Whether nothing that comes later changes a result.

    Args:
        expected: what is expected.
        result: what there is so far.
        quiet: whether enough time passed to say that nothing was raised or trained.
    """
    expects_nothing = expected.alert == "none" or expected.grows is False
    if not result.missed:
        return quiet or not expects_nothing
    if expected.alert == "none" and result.alerts:
        return True
    return not (expected.alert or expected.verdict or expected.clears or expected.grows)


def _rows(spec: Spec, catalog: Catalog, act: Act) -> Iterator[tuple[dict[str, Any], str]]:
    """The rows of an act and the true label of each, where it is known."""
    if not isinstance(act.rows, int):
        for n, row in enumerate(act.rows):
            yield _change_row(row, act, n), ""
        return
    if not act.rows:
        return
    model = spec.eco.models[str(spec.eco.services[act.service].model)]
    snapshot = catalog.snapshot(dataset=model.dataset)
    names = [*dict.fromkeys([*model.features, *model.context_fields])]
    data, split = read_columns(spec, snapshot or {}, [*names, model.target])
    upper = None
    if act.upper:
        upper = data[act.upper]
    held = [i for i in select_held_out(split, upper) if _is_like(data, i, act.where)]
    if not held:
        raise MesocosmError(f"act '{act.act}': no held-out row of '{act.service}' is like that")
    random.Random(act.act).shuffle(held)  # files often have an order that no day has
    for n in range(act.rows):
        i = held[n % len(held)]
        row = row_as_json({name: data[name][i] for name in names})
        yield _change_row(row, act, n), str(data[model.target][i])


def _is_like(data: Mapping[str, Sequence[Any]], row: int, values: Mapping[str, str]) -> bool:
    """Whether a row has some values."""
    return all(str(data[name][row]) == value for name, value in values.items())


def _change_row(row: Mapping[str, Any], act: Act, n: int) -> dict[str, Any]:
    """A row with the changes of an act: a factor, a template or another value. `n` is its number; a
    factor of what is not a number changes nothing.
    """
    changed = dict(row)
    for name, change in act.change.items():
        if not isinstance(change, str):
            changed[name] = change
            continue
        factor, value = FACTOR.fullmatch(change), changed.get(name)
        if not factor:
            shown = str(changed.get(name, ""))
            changed[name] = change.replace("{n}", str(n)).replace("{}", shown)
        elif isinstance(value, (int, float)):
            changed[name] = _scale(value, factor[1], float(factor[2]))
    return changed


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


def _send(client: Client, act: Act, row: dict[str, Any], label: str, result: ActResult) -> None:
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
    result.answered += 1
    result.unsure += response.unsure
    result.right += response.label == label
    for item in response.items:
        result.texts.append(f"{item['item']} because of {item.get('because')}")
    if act.labels and label:
        if act.labels == "another":
            others = sorted(set(response.probabilities) - {label})
            label = next(iter(others), label)
        recorded = label
        _try(result, lambda: client.feedback(act.service, response.id, recorded))


def _find_missed(expected: Expected, result: ActResult) -> Iterator[str]:
    """The expectations that a result misses, each as a sentence."""
    if result.lost:
        yield f"{result.lost} of {result.rows + result.asked} requests failed with a server error"
    yield from _missed_shares(expected, result)
    yield from _missed_refusals(expected, result)
    yield from _missed_alerts(expected, result)
    texts = "\n".join([*result.texts, *(alert["message"] for alert in result.alerts)])
    for words in expected.says:
        if words not in texts:
            yield f"nothing says '{words}'"
    if expected.clears and not result.cleared:
        yield "an alert is still open"
    if expected.grows and not result.versions:
        yield "no version was trained"
    if expected.grows is False and result.versions:
        yield f"expected no training, got {result.versions[0]}"


def _missed_shares(expected: Expected, result: ActResult) -> Iterator[str]:
    shares: Sequence[tuple[str, str | None, int, int]] = (
        ("answered", expected.answered, result.answered, result.rows),
        ("right", expected.right, result.right, result.answered),
        ("unsure", expected.unsure, result.unsure, result.answered),
        ("known", expected.known, result.known, result.asked),
    )
    for name, bound, count, total in shares:
        share = float("nan")
        if total:
            share = count / total
        if bound and not satisfies(bound, share):
            yield f"{name}: {count} of {total}, expected {bound}"


def _missed_refusals(expected: Expected, result: ActResult) -> Iterator[str]:
    if expected.refused is None:
        return
    if not result.refusals:
        yield f"expected refusals with '{expected.refused}', got none"
    elif not all(expected.refused in refusal for refusal in result.refusals):
        yield f"expected refusals with '{expected.refused}', got '{result.refusals[0]}'"


def _missed_alerts(expected: Expected, result: ActResult) -> Iterator[str]:
    """An alert too many, one that is missing, or one with another diagnosis."""
    alerts = result.alerts
    kinds = [alert["what"] for alert in alerts]
    if expected.alert == "none" and alerts:
        yield f"expected no alert, got {kinds[0]}: {alerts[0]['message']}"
    if expected.alert not in (None, "none", *kinds):
        text = f"no alert of {expected.alert} was raised"
        if kinds:
            text += f", but of {kinds[0]}"
        yield text
    details = [alert["detail"] for alert in alerts]
    remedies = [detail["verdict"]["remedy"] for detail in details if "verdict" in detail]
    if expected.verdict is not None and expected.verdict not in remedies:
        got = "none"
        if remedies:
            got = f"'{remedies[0]}'"
        yield f"expected the diagnosis '{expected.verdict}', got {got}"
