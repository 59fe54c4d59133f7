"""A story: a day of an ecosystem as its file beside it tells it, and what should follow of it.

Knows the file of a story and how to check it against an ecosystem.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from mesocosm.config import Spec
from mesocosm.config.diagnostics import Document, explain_errors
from mesocosm.config.source_map import find_place, load_tree, to_plain_data
from mesocosm.core.errors import Failure, Finding, Invalid, Place, Wrong
from mesocosm.core.settings import Kind
from mesocosm.core.thresholds import Bound

MOST = 100_000  # rows of an act


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
        tree = load_tree(file.read_text(encoding="utf-8-sig"), file.name)
    except UnicodeDecodeError as error:
        raise Invalid(
            [Finding(Place(file.name, 1), "", "the file is not utf-8", "text in utf-8")]
        ) from error
    data = to_plain_data(tree)
    try:
        story = Story.model_validate(data)
    except ValidationError as error:
        document = Document(tree, data, Story.model_json_schema(), file.name)
        raise Invalid(explain_errors(error.errors(include_url=False), document)) from None
    found = [
        w.at(find_place(tree, ("acts", n, w.key.split(".")[0]), file.name), f"acts.{n}")
        for n, act in enumerate(story.acts)
        for w in _faults(spec, act)
    ]
    if not story.acts:
        found.append(
            Wrong("acts", "a story without an act", "one at least").at(
                find_place(tree, ("acts",), file.name)
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
