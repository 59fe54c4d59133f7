"""A scenario test (a story): what is sent to the services of an ecosystem, and what is expected.

Knows the file of a story and how to check it against an ecosystem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from mesocosm.config import Spec
from mesocosm.config.diagnostics import Document, explain_errors
from mesocosm.config.model_tasks import sends_rows
from mesocosm.config.schema import Ecosystem
from mesocosm.config.source_map import find_place, load_tree, to_plain_data
from mesocosm.core.errors import ConfigError, ConfigValueError, Finding, MesocosmError, Place
from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings
from mesocosm.core.values.thresholds import Bound
from mesocosm.learning.model import Model
from mesocosm.serving.settings import Service

MOST = 100_000  # rows of an act


class Expected(Settings):
    """What is expected of an act; what is not named is not tested.

    Args:
        answered: the share of rows that get a prediction.
        refused: words that every refusal contains; at least one row is refused.
        right: the accuracy of the predictions.
        unsure: the share of predictions on which the service abstains.
        known: the share of questions that are answered.
        says: words that the alerts, the answers to questions or the recommendations contain, each
            somewhere.
        alert: the kind of the alert that is raised (`drift`, `schema`, `surge`, `anomaly`); `none`
            for no alert at all.
        verdict: the remediation that the diagnosis names.
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
    verdict: Literal["fix the source", "recalibrate", "retrain", "label rows", "nothing"] | None = (
        None
    )
    clears: bool = False
    grows: bool | None = None


class Act(Settings):
    """One act: what is sent to a service, and what is expected.

    Args:
        act: its name.
        service: the service that gets the requests.
        rows: how many held-out rows are sent, in turn and over again; or the rows themselves.
        where: held-out rows of these values only; the target may be among them.
        upper: held-out rows of the upper half of this number only.
        change: fields that are changed: `* 1.6` and `/ 38.67` of a number, `{} ({n})` of a text (n
            is the number of the row), another value for all.
        labels: whether the true label is recorded after each prediction; `another` records a wrong
            one.
        ask: questions in words.
        wait: seconds for what is expected to happen.
        expect: what is expected.
    """

    act: str
    service: str
    rows: int | tuple[dict[str, object], ...] = Field(0, union_mode="left_to_right")
    where: dict[str, str] = {}
    upper: str | None = None
    change: dict[str, object] = {}
    labels: bool | str = False
    ask: tuple[str, ...] = ()
    wait: float = Field(60.0, gt=0, le=900)
    expect: Expected = Expected()


class Story(Settings):
    """The file `story.yaml`: acts in their order."""

    about: str = ""
    acts: tuple[Act, ...]


def read_story(spec: Spec, file: Path | None = None) -> Story:
    """The story of an ecosystem, checked against it.

    Args:
        spec: the ecosystem's file.
        file: the story's file; `story.yaml` next to the ecosystem's file where not given.

    Raises:
        MesocosmError: there is none.
        ConfigError: it cannot be played; every finding with its place.
    """
    file = file or spec.root / "story.yaml"
    if not file.is_file():
        raise MesocosmError(Message("resilience.no_story", file=file.name, folder=str(file.parent)))
    tree = load_tree(_read_utf8(file), file.name)
    story = _validate(tree, file.name)
    findings = []
    for steps, address, wrong in _check_story(spec, story):
        findings.append(wrong.at(find_place(tree, steps, file.name), address))
    if findings:
        raise ConfigError(findings)
    return story


def _read_utf8(file: Path) -> str:
    """The text of a file.

    Raises:
        ConfigError: it is not utf-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(file.name, 1)
        finding = Finding(place, "", Message("resilience.not_utf8"), Message("resilience.utf8"))
        raise ConfigError([finding]) from error


def _check_story(
    spec: Spec, story: Story
) -> Iterator[tuple[tuple[str | int, ...], str, ConfigValueError]]:
    """What of a story this ecosystem cannot play, each with the path and the address of it."""
    for number, act in enumerate(story.acts):
        for wrong in _check_act(spec, act):
            yield ("acts", number, wrong.key.split(".")[0]), f"acts.{number}", wrong
    if not story.acts:
        yield (
            ("acts",),
            "",
            ConfigValueError("acts", Message("resilience.no_act"), Message("resilience.one_act")),
        )


def _validate(tree: Mapping[str, object], file: str) -> Story:
    """A story of a parsed file.

    Raises:
        ConfigError: with a finding for every setting that is not as it must be.
    """
    data = to_plain_data(tree)
    try:
        return Story.model_validate(data)
    except ValidationError as error:
        errors, schema = list(error.errors(include_url=False)), Story.model_json_schema()
        document = Document(tree, data, lambda: schema, file)
        raise ConfigError(explain_errors(errors, document)) from None


def _check_act(spec: Spec, act: Act) -> Iterator[ConfigValueError]:
    """What of an act this ecosystem cannot play."""
    services = spec.eco.services
    serving = [name for name, service in services.items() if service.model]
    if act.service not in serving:
        found = Message("resilience.no_model_service", service=act.service)
        yield ConfigValueError(
            "service", found, Message("resilience.one_of_file"), serving, act.service
        )
        return
    model = spec.eco.models[str(services[act.service].model)]
    yield from _check_fields(act, [*model.features, *model.context_fields, model.target])
    yield from _check_rows(act, spec.eco, model)
    yield from _check_questions(act, services[act.service])
    if isinstance(act.labels, str) and act.labels != "another":
        yield ConfigValueError(
            "labels",
            Message("resilience.got", value=act.labels),
            Message("resilience.label_choice"),
        )


def _check_rows(act: Act, eco: Ecosystem, model: Model) -> Iterator[ConfigValueError]:
    """Rows that cannot be sent, and an act that sends nothing."""
    if isinstance(act.rows, int):
        yield from _check_count(act, act.rows, eco, model)
    if not act.rows and not act.ask:
        yield ConfigValueError(
            "rows", Message("resilience.act_does_nothing"), Message("resilience.rows_or_ask")
        )


def _check_questions(act: Act, service: Service) -> Iterator[ConfigValueError]:
    """Questions to a service that answers none."""
    if act.ask and not service.answers:
        found = Message("resilience.no_answers", service=act.service)
        yield ConfigValueError("ask", found, Message("resilience.answering_service"))


def _check_fields(act: Act, fields: Sequence[str]) -> Iterator[ConfigValueError]:
    """Fields that an act names and its service does not take."""
    if not isinstance(act.rows, int):
        return
    for key, name in _named_fields(act):
        if name not in fields:
            found = Message("resilience.no_field", service=act.service, name=name)
            yield ConfigValueError(key, found, Message("resilience.a_field"), fields, name)


def _named_fields(act: Act) -> Iterator[tuple[str, str]]:
    """The fields that an act names, each with the key that names it."""
    yield from ((f"where.{name}", name) for name in act.where)
    yield from ((f"change.{name}", name) for name in act.change)
    if act.upper:
        yield "upper", act.upper


def _check_count(act: Act, count: int, eco: Ecosystem, model: Model) -> Iterator[ConfigValueError]:
    """A number of rows that cannot be sent."""
    if count and not sends_rows(eco, model):
        found = Message("resilience.takes_liked", service=act.service)
        yield ConfigValueError("rows", found, Message("resilience.rows_themselves"))
    if not 0 <= count <= MOST:
        yield ConfigValueError(
            "rows",
            Message("resilience.got_number", count=count),
            Message("resilience.row_count", most=MOST),
        )
