"""A story played on a copy of what is built: what each act came to, and what it missed.

Knows a gateway's client and the catalog; what is built is never touched.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from httpx import HTTPError

from mesocosm.catalog import Catalog
from mesocosm.client import Client, Refused, row_as_json
from mesocosm.config import Spec
from mesocosm.core.errors import Failure
from mesocosm.core.thresholds import satisfies
from mesocosm.lifecycle.access.data_access import columns_of, held_out
from mesocosm.resilience.fault_injection import copied
from mesocosm.resilience.scenario import Act, Story

FACTOR = re.compile(r"([*/])\s*(\d+(?:\.\d+)?)")
T = TypeVar("T")
QUIET = 5.0  # seconds without an alert that count as none


@dataclass
class Played:
    """What one act came to; times in milliseconds."""

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
    said: list[str] = field(default_factory=list)
    whys: list[str] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    cleared: bool = False
    versions: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The act as JSON-ready data."""
        middle = sorted(self.times)[len(self.times) // 2] if self.times else None
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
            "right": round(self.right / self.answered, 4) if self.answered else None,
            "p50_ms": middle and round(middle, 1),
            "why": self.whys[0] if self.whys else None,
            "alerts": [a["message"] for a in self.alerts],
            "cleared": self.cleared,
            "versions": self.versions,
            "missed": self.missed,
        }


def played(spec: Spec, story: Story, say: Callable[[str, str], None]) -> list[Played]:
    """Play a story on a copy of what is built.

    Args:
        say: told of each act as it begins and ends.

    Raises:
        Failure: nothing is built, or the copy does not come up.
    """
    with copied(spec, story.acts[0].service, asked=False) as copy:
        catalog, done = copy.catalog, []
        for alert in catalog.alerts(open_only=True):
            catalog.clear(alert["monitor"], "a story begins")
        began = catalog.clock()
        for act in story.acts:
            say(act.act, f"to {act.service}")
            one = _act(spec, catalog, copy.client, act, began)
            done.append(one)
            say(act.act, "as it should be" if not one.missed else "; ".join(one.missed))
        return done


def _act(spec: Spec, catalog: Catalog, client: Client, act: Act, story_began: float) -> Played:
    one, began, want = Played(act.act, act.service), catalog.clock(), act.expect
    model = str(spec.eco.services[act.service].serves)
    before = [v["id"] for v in catalog.versions(model)]
    rows = list(_rows(spec, catalog, act))
    for row, label in rows:
        _send(client, act, row, label, one)
    for question in act.ask:
        one.asked += 1
        said = _tried(one, lambda asked=question: client.ask(act.service, asked)) or {}  # type: ignore[misc]
        one.known += bool(said.get("known"))
        one.said.append(str(said.get("answer", "")))
    until, quiet = time.monotonic() + act.wait, time.monotonic() + QUIET
    while True:
        mine = [
            a for a in catalog.alerts() if a["at"] >= story_began and a["service"] == act.service
        ]
        one.alerts = [a for a in mine if a["at"] >= began]
        one.cleared = bool(mine) and all(a["cleared_at"] for a in mine)
        one.versions = [v["id"] for v in catalog.versions(model) if v["id"] not in before]
        one.missed = list(_missed(act, one))
        late = time.monotonic() > until
        if (
            late
            or not one.missed
            and (want.alert != "none" and want.grows is not False or time.monotonic() > quiet)
        ):
            return one
        if one.missed and (
            want.alert == "none"
            and one.alerts
            or not (want.alert or want.verdict or want.clears or want.grows)
        ):
            return one  # nothing that comes would mend it
        time.sleep(0.3)


def _rows(spec: Spec, catalog: Catalog, act: Act) -> Iterator[tuple[dict[str, Any], str]]:
    """The rows of an act and the true label of each, where it is known."""
    if not isinstance(act.rows, int):
        for n, row in enumerate(act.rows):
            yield _changed(row, act, n), ""
        return
    if not act.rows:
        return
    model = spec.eco.models[str(spec.eco.services[act.service].serves)]
    snapshot = catalog.snapshot(dataset=model.learns)
    names = [*dict.fromkeys([*model.inputs, *model.along])]
    data, split = columns_of(spec, snapshot or {}, [*names, model.predict])
    held = [
        i
        for i in held_out(split, data[act.upper] if act.upper else None)
        if all(str(data[f][i]) == value for f, value in act.where.items())
    ]
    if not held:
        raise Failure(f"act '{act.act}': no held-out row of '{act.service}' is like that")
    random.Random(act.act).shuffle(held)  # a file often lies in an order that no day has
    for n in range(act.rows):
        i = held[n % len(held)]
        row = row_as_json({f: data[f][i] for f in names})
        yield _changed(row, act, n), str(data[model.predict][i])


def _changed(row: Mapping[str, Any], act: Act, n: int) -> dict[str, Any]:
    """A row as the act sends it."""
    found = dict(row)
    for name, change in act.change.items():
        factor = FACTOR.fullmatch(change) if isinstance(change, str) else None
        if factor and isinstance(found.get(name), (int, float)):
            found[name] = round(
                (
                    found[name] * float(factor[2])
                    if factor[1] == "*"
                    else found[name] / float(factor[2])
                ),
                6,
            )
        elif isinstance(change, str) and not factor:
            found[name] = change.replace("{n}", str(n)).replace("{}", str(found.get(name, "")))
        elif not factor:
            found[name] = change
    return found


def _tried(one: Played, call: Callable[[], T]) -> T | None:
    """What a call says; nothing where it is refused, or lost because of us."""
    try:
        return call()
    except Refused as refused:
        if refused.status < 500:
            one.refused += 1
            one.whys.append(refused.detail)
            return None
    except HTTPError:
        pass
    one.lost += 1
    return None


def _send(client: Client, act: Act, row: dict[str, Any], label: str, one: Played) -> None:
    one.rows += 1
    began = time.perf_counter()
    said = _tried(one, lambda: client.predict(act.service, row))
    if said is None:
        return
    one.times.append((time.perf_counter() - began) * 1000)
    if said.why is not None:
        one.refused += 1
        one.whys.append(said.why)
        return
    one.answered += 1
    one.unsure += bool(said.more.get("unsure"))
    one.right += said.label == label
    one.said += [
        f"{item['item']} because of {item.get('because')}" for item in said.more.get("items", ())
    ]
    if act.labels and label:
        told = (
            label
            if act.labels is True
            else next((k for k in sorted(said.probabilities) if k != label), label)
        )
        _tried(one, lambda: client.feedback(act.service, said.id, told))


def _missed(act: Act, one: Played) -> Iterator[str]:
    """What did not follow as the act expects, each as a sentence."""
    want = act.expect
    if one.lost:
        yield f"{one.lost} of {one.rows + one.asked} requests failed because of us"
    shares: Sequence[tuple[str, str | None, int, int]] = (
        ("answered", want.answered, one.answered, one.rows),
        ("right", want.right, one.right, one.answered),
        ("unsure", want.unsure, one.unsure, one.answered),
        ("known", want.known, one.known, one.asked),
    )
    for name, bound, count, whole in shares:
        if bound and not satisfies(bound, count / whole if whole else float("nan")):
            yield f"{name}: {count} of {whole}, expected {bound}"
    if want.refused is not None and not (one.whys and all(want.refused in why for why in one.whys)):
        yield f"refusals say '{one.whys[0] if one.whys else 'nothing'}', expected '{want.refused}'"
    if want.alert == "none" and one.alerts:
        yield (
            f"an alert of {one.alerts[0]['what']} was raised, expected none:"
            f" {one.alerts[0]['message']}"
        )
    if want.alert not in (None, "none") and not any(a["what"] == want.alert for a in one.alerts):
        yield f"no alert of {want.alert} was raised" + (
            f", but of {one.alerts[0]['what']}" if one.alerts else ""
        )
    verdicts = [a["detail"]["verdict"]["remedy"] for a in one.alerts if "verdict" in a["detail"]]
    if want.verdict is not None and want.verdict not in verdicts:
        yield (
            f"the verdict is '{verdicts[0] if verdicts else 'not there'}', expected"
            f" '{want.verdict}'"
        )
    everything = "\n".join([*one.said, *(a["message"] for a in one.alerts)])
    for words in want.says:
        if words not in everything:
            yield f"nothing says '{words}'"
    if want.clears and not one.cleared:
        yield "an alert is still open"
    if want.grows is not None and want.grows != bool(one.versions):
        yield (
            "no version was trained"
            if want.grows
            else f"{one.versions[0]} was trained, expected none"
        )
