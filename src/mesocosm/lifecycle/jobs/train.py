"""The training of a version: rows, the previous version and labels that came since, handed to
`learning`.

Knows the catalog and the doors of learning. Returns a record and lists nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict, cast

from mesocosm.catalog.contents import VersionMetrics, VersionRecipe
from mesocosm.core.files import folder_appears, write_json
from mesocosm.core.hashing import digest, digest_folder
from mesocosm.core.messages import Message, Text
from mesocosm.core.progress import Say
from mesocosm.core.values.json_shapes import read_object
from mesocosm.learning.strategies.continual import PreviousVersion
from mesocosm.learning.tasks.registry import find_task
from mesocosm.learning.tasks.task import TargetFacts
from mesocosm.learning.training.environment import describe_environment
from mesocosm.lifecycle.access.data_access import (
    Columns,
    TrainingData,
    read_corpus,
    read_field_types,
    read_group_field,
    read_items,
    read_training_rows,
    read_value_order,
)
from mesocosm.lifecycle.access.model_access import load_starting_version
from mesocosm.lifecycle.access.preprocessing_spec import build_preprocessing
from mesocosm.lifecycle.access.previous_version import add_replay, load_comparable_version
from mesocosm.lifecycle.access.text_reading import read_texts_as
from mesocosm.lifecycle.access.training_job import TrainingJob

if TYPE_CHECKING:
    from mesocosm.learning.training.context import TrainContext, TrainResult

# the id of the prediction that a labelled row came with; no field has its name
PREDICTION_ID = "\x1ftaught"


@dataclass
class TrainingRows:
    """The rows of a training: those of the snapshot, then labelled requests, then replayed rows.

    Args:
        fields: the fields that the model reads, predicts or is evaluated by.
        columns: a column of each.
        split: the part of each row.
        ids: the dataset's number of each row; -1 of what is not in the snapshot.
        groups: the group of each row, where rows of one group stay together.
        sites: the site of each row, where a model is federated.
        others: columns that the model does not read.
        added: how many labelled requests were added, repetitions counted.
        repeats: which rows repeat an earlier one, as their class is rare.
        past: the previous version, where training continues from it.
    """

    fields: list[str]
    columns: Columns
    split: list[str]
    ids: list[int]
    groups: list[object]
    sites: list[object]
    others: Columns
    added: int = 0
    repeats: frozenset[int] = field(default_factory=frozenset)
    past: PreviousVersion | None = None

    @property
    def appended(self) -> int:
        """How many rows follow those of the snapshot."""
        replayed = 0
        if self.past:
            replayed = self.past.old
        return self.added + replayed


class NewVersion(TypedDict):
    """The record of a version that is not listed yet."""

    id: str
    model: str
    number: int
    made: str
    snapshot: str
    path: str
    content: str
    metrics: VersionMetrics
    recipe: VersionRecipe
    origin: str
    at: float
    state: NotRequired[str]
    why: NotRequired[str]


@dataclass(frozen=True)
class TrainedVersion:
    """A version's record, and the gates that it `missed`, each as a sentence."""

    record: NewVersion
    missed: Sequence[Text]


def train_version(job: TrainingJob, say: Say) -> TrainedVersion:
    """Train a version; its record is not listed yet.

    Args:
        job: what it is trained from.
        say: takes a line of progress.
    """
    from mesocosm.learning.training.train import train_version

    spec, catalog, model = job.spec, job.catalog, job.model
    rows = _collect_rows(job, say)
    folder = job.store / "models" / job.name / digest(job.made, size=8)
    with folder_appears(folder) as aside:
        kinds, site = read_field_types(job.snapshot), _training_site(job, rows, aside)
        trained = train_version(job.name, model, rows.columns, rows.split, kinds, site, say)
        write_json(aside / "prepare.json", build_preprocessing(spec, model, job.snapshot))
    number = catalog.next_number(job.name)
    content = digest_folder(folder)
    ident = f"{job.name}-v{number}-{content[:6]}"
    _track(job, ident, trained, say)
    record: NewVersion = {
        "id": ident,
        "model": job.name,
        "number": number,
        "made": job.made,
        "snapshot": job.snapshot["id"],
        "path": str(folder.relative_to(job.store)),
        "content": content,
        "metrics": cast(VersionMetrics, trained.metrics),
        "recipe": _describe_training(job, rows, trained),
        "origin": job.origin,
        "at": catalog.clock(),
    }
    return TrainedVersion(record, trained.failed_gates)


def _list_predictions(job: TrainingJob) -> list[str]:
    """The requests whose labels are trained on."""
    return [str(row[PREDICTION_ID]) for row in job.labelled if PREDICTION_ID in row]


def _describe_training(job: TrainingJob, rows: TrainingRows, trained: TrainResult) -> VersionRecipe:
    """How a version was trained, for its record."""
    recipe = {k: v for k, v in trained.card.items() if k not in ("block", "metrics")}
    recipe |= {"history": trained.history, "feedback": rows.added}
    predictions = _list_predictions(job)
    if predictions:
        recipe["taught"] = predictions
    recipe["environment"] = describe_environment(job.spec.root)
    return cast(VersionRecipe, recipe)


def _track(job: TrainingJob, ident: str, trained: TrainResult, say: Say) -> None:
    """Write the run to the trackers that the model names; a tracker that fails stops nothing."""
    from mesocosm.learning.tracking import TRACKERS

    without = ("block", "metrics", "trials", "importance", "labels")
    card = {k: v for k, v in trained.card.items() if k not in without}
    card["snapshot"] = job.snapshot["id"]
    for tracker in job.model.track:
        failed = TRACKERS[tracker](
            job.store, job.name, ident, card, trained.metrics, trained.history
        )
        if failed:
            say(Message("progress.not_tracked", tracker=tracker, error=failed))


def _training_site(job: TrainingJob, rows: TrainingRows, folder: Path) -> TrainContext:
    """Where a version is trained, and what goes along with its rows."""
    from mesocosm.learning.training.context import TrainContext

    spec, catalog, model, snapshot = job.spec, job.catalog, job.model, job.snapshot
    before = load_comparable_version(job, rows.fields, rows.appended)
    corpus, corpus_fields = read_corpus(spec, catalog, model, snapshot)
    return TrainContext(
        spec.root,
        job.store,
        folder,
        job.made,
        before,
        rows.ids,
        catalog.url,
        corpus,
        corpus_fields,
        read_value_order(snapshot, model.target),
        rows.past,
        items=read_items(spec, catalog, model),
        init_from=load_starting_version(spec, catalog, model),
        groups=rows.groups,
        sites=rows.sites,
        random_split=job.is_drawn,
        unused_columns=rows.others,
        repeated=rows.repeats,
        read_texts=read_texts_as(snapshot, model.features),
    )


def _collect_rows(job: TrainingJob, say: Say) -> TrainingRows:
    """The rows of the snapshot, of labelled requests and of the previous version."""
    group = read_group_field(job.snapshot)
    read = _read_rows(job, group, say)
    first = len(read.split)
    labelled, origins = _repeat_rare_classes(job, read)
    rows = TrainingRows(
        read.fields,
        read.rows,
        read.split,
        [*read.ids, *[-1] * len(labelled)],
        read.groups,
        read.sites,
        {},
        added=len(labelled),
    )
    _append_labelled(rows, labelled)
    if job.model.continual:
        rows.past = add_replay(job, rows.fields, rows.columns, rows.split)
        rows.ids += [-1] * rows.past.old
    total = len(rows.ids)
    rows.groups = _row_groups(rows, group, first, origins)
    rows.others = {n: [*column, *[None] * (total - first)] for n, column in read.others.items()}
    if job.model.federated:
        rows.sites += ["asked here"] * (total - len(rows.sites))
    rows.repeats = _list_repeats(origins, first)
    return rows


def _read_rows(job: TrainingJob, group: str | None, say: Say) -> TrainingData:
    """The rows of the snapshot, with other columns where the split is drawn and keeps no groups
    together.
    """
    named_group = read_object(job.snapshot["recipe"].get("split")).get("group")
    if named_group and not group:
        say(Message("progress.group_encrypted"))
    beside = job.is_drawn and not named_group
    return read_training_rows(job.spec, job.model, job.snapshot, beside=beside)


def _append_labelled(rows: TrainingRows, labelled: Sequence[Mapping[str, object]]) -> None:
    """Append labelled requests as training rows."""
    for row in labelled:
        for name in rows.fields:
            rows.columns[name].append(row.get(name))
        rows.split.append("train")


def _list_repeats(origins: Sequence[int], first: int) -> frozenset[int]:
    """The rows that repeat the request of the row before, of those from a number on."""
    later = range(1, len(origins))
    return frozenset(first + at for at in later if origins[at] == origins[at - 1])


def _repeat_rare_classes(
    job: TrainingJob, read: TrainingData
) -> tuple[Sequence[Mapping[str, object]], list[int]]:
    """The labelled requests, those of classes that the snapshot lacks repeated; and which request
    each is.
    """
    from mesocosm.learning.fine_tuning.frozen import Frozen
    from mesocosm.learning.strategies.class_discovery import oversample_classes

    predict = job.model.target
    task = find_task(job.model, TargetFacts(read_field_types(job.snapshot)[predict]))
    if not job.labelled or task is None or not task.has_class:
        return job.labelled, list(range(len(job.labelled)))
    parts = zip(read.rows[predict], read.split, strict=True)
    trained = [value for value, part in parts if part == "train"]
    return oversample_classes(
        job.labelled, predict, trained, isinstance(job.model.fine_tune, Frozen)
    )


def _row_groups(
    rows: TrainingRows, group: str | None, first: int, origins: Sequence[int]
) -> list[object]:
    """The group of each row; repetitions of one request form a group of their own.

    Args:
        rows: the rows.
        group: the field that names the group.
        first: the number of the first row that is not in the snapshot.
        origins: of each row from there, which request it is.
    """
    total = len(rows.ids)
    groups = _named_groups(rows, group)
    if len(origins) > len(set(origins)):
        groups = list(groups) or [None] * total
        groups[first : first + len(origins)] = [f"asked {origin}" for origin in origins]
    return groups


def _named_groups(rows: TrainingRows, group: str | None) -> list[object]:
    """The group that a field names for each row; labelled requests and replayed rows may name
    none.
    """
    if not group:
        return []
    if group in rows.fields:
        return rows.columns[group]
    return rows.groups + [None] * (len(rows.ids) - len(rows.groups))
