"""The datasets of a file as they are built: drafted, stratified, or made of a source that a service
answers from.

Knows the grammar, the drafts in the store and the revisions of the code that builds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict, cast

from mesocosm.config import Spec
from mesocosm.config.model_tasks import find_data_task
from mesocosm.core.errors import (
    ConfigError,
    ConfigValueError,
    Finding,
    RetryableError,
    belonging_to,
)
from mesocosm.core.hashing import digest
from mesocosm.core.records import Json
from mesocosm.data.dataset import Dataset
from mesocosm.learning.model import Model
from mesocosm.lifecycle.project_store import locate_project

# redact: that of the detector of private values in texts
REVISIONS = {"govern": 6, "learn": 5, "draft": 3, "redact": 2}


class KeptDraft(TypedDict):
    """The drafted settings of a dataset, and the evidence for each."""

    settings: dict[str, Json]
    evidence: dict[str, str]


def resolve_datasets(spec: Spec) -> dict[str, Dataset]:
    """The file's datasets, and one of two texts for every source that is answered from directly."""
    datasets: dict[str, Dataset] = {}
    for name in spec.eco.datasets:
        datasets[name] = _stratified(spec, name, _read_dataset(spec, name))
    for name, columns in _answer_columns(spec).items():
        if name in spec.eco.sources and name not in datasets:
            datasets[name] = _dataset_of_answers(name, columns)
    return datasets


def _read_dataset(spec: Spec, name: str) -> Dataset:
    """A dataset as the file has it, drafted where that asks for a draft."""
    data = spec.eco.datasets[name]
    if not data.auto:
        return data
    return draft_dataset(spec, name)[0]


def _dataset_of_answers(source: str, columns: tuple[str, str]) -> Dataset:
    """A dataset of the questions and answers of a source."""
    fields = {column: {"type": "text", "missing": "quarantine"} for column in columns}
    settings = {"from": source, "fields": fields, "duplicates": "row"}
    return Dataset.model_validate(settings)


def _answer_columns(spec: Spec) -> dict[str, tuple[str, str]]:
    """The columns of questions and answers of what services and inhabitants answer from."""
    columns: dict[str, tuple[str, str]] = {}
    for service in spec.eco.services.values():
        if service.answers:
            answers = service.answers
            columns[answers.dataset] = (answers.question, answers.answer)
    for source in _list_knowledge(spec):
        columns.setdefault(source, ("question", "answer"))
    return columns


def _list_knowledge(spec: Spec) -> Iterator[str]:
    """What inhabitants of the world answer from."""
    for spot in spec.eco.world.places.values():
        if spot.inhabitant and spot.inhabitant.knowledge:
            yield spot.inhabitant.knowledge


def _stratified(spec: Spec, name: str, data: Dataset) -> Dataset:
    """A dataset whose splits keep the shares of the class that the first model of it in the file
    predicts, where its split names no field itself.
    """
    split = data.split
    if split.none or split.stratify or split.group:
        return data
    target = _find_class_target(spec, name, data)
    if target is None:
        return data
    stratified = split.model_copy(update={"stratify": target})
    return data.model_copy(update={"split": stratified})


def _find_class_target(spec: Spec, name: str, data: Dataset) -> str | None:
    """The class that the first model of a dataset predicts; None where none does."""
    for model in spec.eco.models.values():
        if model.dataset == name and _predicts_classes(model, data):
            return model.target
    return None


def _predicts_classes(model: Model, data: Dataset) -> bool:
    task = find_data_task(model, data)
    return task is not None and task.has_class


def draft_dataset(spec: Spec, name: str) -> tuple[Dataset, dict[str, str]]:
    """A dataset with `fields: auto` as drafted, and the evidence; drafted again only where its
    source changed.

    Raises:
        ConfigError: its source cannot be read.
    """
    try:
        draft = _read_draft(spec, name)
        return Dataset.model_validate(draft["settings"]), draft["evidence"]
    except (ConfigValueError, RetryableError) as error:
        raise ConfigError([_draft_finding(spec, name, error)]) from error


def _draft_finding(spec: Spec, name: str, error: ConfigValueError | RetryableError) -> Finding:
    """An error of a draft as a finding at the setting that it is about."""
    wrong = error
    if isinstance(wrong, RetryableError):
        wrong = ConfigValueError("", str(error))
    if not wrong.of:
        return wrong.at(spec.place("datasets", name), f"datasets.{name}")
    steps = [*wrong.of.split(".", 1), *filter(None, wrong.key.split("."))]
    return wrong.at(spec.place(*steps), wrong.of)


def _describe_source(spec: Spec, name: str) -> list[object]:
    """The settings of a source, and the fingerprint of its content."""
    source = spec.eco.sources[name]
    with belonging_to(f"sources.{name}"):
        return [source.made_of(), source.fingerprint(locate_project(spec))]


def _read_draft(spec: Spec, name: str) -> KeptDraft:
    """The draft of a dataset, made where there is none of its sources' content."""
    from mesocosm.core.files import write_json

    data, where = spec.eco.datasets[name], locate_project(spec)
    sources = {source: spec.eco.sources[source] for source in data.source.sources}
    settings = data.model_dump(
        mode="json", by_alias=True, exclude_unset=True, exclude={"fields", "auto"}
    )
    contents = [_describe_source(spec, source) for source in sources]
    mark = digest(contents, settings, REVISIONS["govern"], REVISIONS["draft"])
    path: Path = where.store / "drafts" / f"{mark}.json"
    if not path.is_file():
        from mesocosm.data.profiling.auto_fields import draft_dataset

        draft = draft_dataset(sources, data.source, where)
        kept = {"settings": {**draft.settings(), **settings}, "evidence": draft.evidence}
        write_json(path, kept)
    return cast(KeptDraft, json.loads(path.read_text(encoding="utf-8")))
