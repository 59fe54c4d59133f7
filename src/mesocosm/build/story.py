"""A story: a day of an ecosystem as its file beside it tells it, played on a copy, with what should
follow of each act.

Knows the file of a story, a gateway's client and the catalog; what is built is never touched.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from httpx import HTTPError
from pydantic import Field, ValidationError

from mesocosm.base.bounds import Bound, holds
from mesocosm.base.errors import Failure, Finding, Invalid, Place, Wrong
from mesocosm.base.kinds import Kind
from mesocosm.build.data_access import columns_of, held_out
from mesocosm.build.drills import copied
from mesocosm.catalog import Catalog
from mesocosm.client import Client, Refused, row_as_json
from mesocosm.spec import Spec
from mesocosm.spec.findings import findings_of
from mesocosm.spec.places import load, place_of, plain

FACTOR = re.compile(r"([*/])\s*(\d+(?:\.\d+)?)")
T = TypeVar("T")
MOST = 100_000  # rows of an act
QUIET = 5.0  # seconds without an alert that count as none


class Expected(Kind):
    """What should follow of an act; what is not named may be as it is.

    Args:
        answered: the share of rows that get an answer.
        refused: words that every refusal says; one at least is refused.
        right: the share of answers that are the label of their row.
        unsure: the share of answers that say they are not sure.
        known: the share of questions that are answered.
        says: words that the alerts, the answers to questions or the shelves say, each somewhere.
        alert: the kind of the alert that is raised (`drift`, `schema`, `surge`, `anomaly`); `none`
            for no alert at all.
        verdict: what the judge said would mend it.
        clears: whether the alerts of the story clear.
        grows: whether a version is trained.
    """

    answered: Bound | None = None
    refused: str | None = None
    right: Bound | None = None
    unsure: Bound | None = None
    known: Bound | None = None
    says: tuple[str, ...] = ()
    alert: Literal["none", "drift", "schema", "surge", "anomaly"] | None = None
    verdict: (
        Literal["mend the source", "recalibrate", "retrain", "label rows", "nothing"] | None
    ) = None
    clears: bool = False
    grows: bool | None = None


class Act(Kind):
    """One act: what is sent to a service, and what should follow.

    Args:
        act: its name.
        service: who is asked.
        rows: how many held-out rows are sent, in turn and over again; or rows as they stand.
        where: held-out rows of these values only; the predicted field counts too.
        upper: held-out rows of the upper half of this number only.
        change: fields that are sent otherwise: `* 1.6` and `/ 38.67` of a number, `{} ({n})` of a
            text (n is the number of the row), another value for all.
        labels: whether the true label is told after each answer; `another` tells a wrong one.
        ask: questions in words.
        wait: seconds for what should follow.
    """

    act: str
    service: str
    rows: int | tuple[dict[str, Any], ...] = Field(0, union_mode="left_to_right")
    where: dict[str, str] = {}
    upper: str | None = None
    change: dict[str, Any] = {}
    labels: bool | str = False
    ask: tuple[str, ...] = ()
    wait: float = Field(60.0, gt=0, le=900)
    expect: Expected = Expected()


class Story(Kind):
    """The file `story.yaml`: acts in their order."""

    about: str = ""
    acts: tuple[Act, ...]


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


def story_of(spec: Spec, file: Path | None = None) -> Story:
    """The story of an ecosystem, checked against it.

    Args:
        file: where it stands; `story.yaml` beside the ecosystem's file where not given.

    Raises:
        Failure: there is none.
        Invalid: it cannot be played; every finding with its place.
    """
    file = file or spec.root / "story.yaml"
    if not file.is_file():
        raise Failure(
            f"there is no {file.name} in {file.parent}; docs/how-to/write-a-story.md tells how to"
            " write one"
        )
    try:
        tree = load(file.read_text(encoding="utf-8-sig"), file.name)
    except UnicodeDecodeError as error:
        raise Invalid(
            [Finding(Place(file.name, 1), "", "the file is not utf-8", "text in utf-8")]
        ) from error
    data = plain(tree)
    try:
        story = Story.model_validate(data)
    except ValidationError as error:
        raise Invalid(
            findings_of(
                list(error.errors(include_url=False)),
                tree,
                data,
                Story.model_json_schema(),
                file.name,
            )
        ) from None
    found = [
        w.at(place_of(tree, ("acts", n, w.key.split(".")[0]), file.name), f"acts.{n}")
        for n, act in enumerate(story.acts)
        for w in _faults(spec, act)
    ]
    if not story.acts:
        found.append(
            Wrong("acts", "a story without an act", "one at least").at(
                place_of(tree, ("acts",), file.name)
            )
        )
    if found:
        raise Invalid(found)
    return story


def _faults(spec: Spec, act: Act) -> Iterator[Wrong]:
    """What of an act this ecosystem cannot play."""
    serving = [n for n, s in spec.eco.services.items() if s.serves]
    if act.service not in serving:
        yield Wrong(
            "service",
            f"no service with a model is named '{act.service}'",
            "one of the file",
            serving,
            act.service,
        )
        return
    model = spec.eco.models[str(spec.eco.services[act.service].serves)]
    fields = [*model.inputs, *model.along, model.predict]
    for key, names in (
        ("where", list(act.where)),
        ("change", list(act.change)),
        ("upper", [act.upper] if act.upper else []),
    ):
        for name in names:
            if isinstance(act.rows, int) and name not in fields:
                yield Wrong(
                    f"{key}.{name}" if key != "upper" else key,
                    f"'{act.service}' takes no field '{name}'",
                    "a field of its model",
                    fields,
                    name,
                )
    if model.rank and isinstance(act.rows, int) and act.rows:
        yield Wrong(
            "rows",
            f"a number was given, and '{act.service}' takes what somebody liked",
            "rows as they stand, such as [{liked: ITEM; ITEM}]",
        )
    if isinstance(act.rows, int) and not 0 <= act.rows <= MOST:
        yield Wrong("rows", f"{act.rows} was given", f"a number of rows up to {MOST}")
    if not act.rows and not act.ask:
        yield Wrong("rows", "nothing is sent and nothing asked", "'rows' or 'ask'")
    if act.ask and not spec.eco.services[act.service].answers:
        yield Wrong(
            "ask", f"'{act.service}' has no table to answer from", "a service with 'answers'"
        )
    if isinstance(act.labels, str) and act.labels != "another":
        yield Wrong("labels", f"'{act.labels}' was given", "true, false or another")


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
        if bound and not holds(bound, count / whole if whole else float("nan")):
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
