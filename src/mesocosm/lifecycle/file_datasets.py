"""The datasets of a file as they are built: drafted, stratified, or made of a source that a service
answers from.

Knows the grammar, the drafts in the store and the revisions of the code that builds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mesocosm.config import Spec
from mesocosm.config.model_tasks import find_data_task
from mesocosm.core.errors import ConfigError, ConfigValueError, RetryableError, belonging_to
from mesocosm.core.hashing import digest
from mesocosm.data.dataset import Dataset
from mesocosm.lifecycle.project_store import locate_project

REVISIONS = {"govern": 6, "learn": 5, "draft": 3}


def resolve_datasets(spec: Spec) -> dict[str, Dataset]:
    """The file's datasets, and one of two texts for every source that is answered from directly."""
    datasets: dict[str, Dataset] = {}
    for name, data in spec.eco.datasets.items():
        if data.auto:
            data, _ = draft_dataset(spec, name)
        datasets[name] = _stratified(spec, name, data)
    for name, columns in _answer_columns(spec).items():
        if name in spec.eco.sources and name not in datasets:
            fields = {column: {"type": "text", "missing": "quarantine"} for column in columns}
            settings = {"from": name, "fields": fields, "duplicates": "row"}
            datasets[name] = Dataset.model_validate(settings)
    return datasets


def _answer_columns(spec: Spec) -> dict[str, tuple[str, str]]:
    """The columns of questions and answers of what services and inhabitants answer from."""
    columns: dict[str, tuple[str, str]] = {}
    for service in spec.eco.services.values():
        if service.answers:
            answers = service.answers
            columns[answers.dataset] = (answers.question, answers.answer)
    for spot in spec.eco.world.places.values():
        if spot.inhabitant and spot.inhabitant.knowledge:
            columns.setdefault(spot.inhabitant.knowledge, ("question", "answer"))
    return columns


def _stratified(spec: Spec, name: str, data: Dataset) -> Dataset:
    """A dataset whose splits keep the shares of the class that the first model of it in the file
    predicts, where its split names no field itself.
    """
    split = data.split
    if split.none or split.stratify or split.group:
        return data
    for model in spec.eco.models.values():
        task = find_data_task(model, data)
        if model.dataset == name and task is not None and task.has_class:
            stratified = split.model_copy(update={"stratify": model.target})
            return data.model_copy(update={"split": stratified})
    return data


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
        wrong = error
        if isinstance(wrong, RetryableError):
            wrong = ConfigValueError("", str(error))
        address, steps = f"datasets.{name}", ["datasets", name]
        if wrong.of:
            address = wrong.of
            steps = [*address.split(".", 1), *filter(None, wrong.key.split("."))]
        raise ConfigError([wrong.at(spec.place(*steps), address)]) from error


def _read_draft(spec: Spec, name: str) -> dict[str, Any]:
    """The draft of a dataset, made where there is none of its sources' content."""
    from mesocosm.core.files import write_json

    data, where = spec.eco.datasets[name], locate_project(spec)
    sources = {source: spec.eco.sources[source] for source in data.source.sources}
    settings = data.model_dump(
        mode="json", by_alias=True, exclude_unset=True, exclude={"fields", "auto"}
    )
    contents = []
    for source, source_settings in sources.items():
        with belonging_to(f"sources.{source}"):
            contents.append([source_settings.made_of(), source_settings.fingerprint(where)])
    mark = digest(contents, settings, REVISIONS["govern"], REVISIONS["draft"])
    path: Path = where.store / "drafts" / f"{mark}.json"
    if not path.is_file():
        from mesocosm.data.profiling.auto_fields import draft_dataset

        draft = draft_dataset(sources, data.source, where)
        kept = {"settings": {**draft.settings(), **settings}, "evidence": draft.evidence}
        write_json(path, kept)
    draft_kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return draft_kept
