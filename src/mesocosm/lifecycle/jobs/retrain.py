"""A challenger: trained on the snapshot and recent labels, compared with the champion, deployed or
not.

Knows the catalog and the training job. The champion stays unless the numbers say otherwise.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from sqlalchemy import insert

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import VersionComparison
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import DeploymentRow, SnapshotRow, VersionRow
from mesocosm.config import Spec
from mesocosm.config.model_tasks import find_model_task
from mesocosm.core.errors import MesocosmError
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.core.values.json_shapes import read_number, read_text
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.registry import find_task
from mesocosm.learning.tasks.task import TargetFacts
from mesocosm.lifecycle.access.data_access import read_columns, read_field_types
from mesocosm.lifecycle.access.training_job import TrainingJob
from mesocosm.lifecycle.graph import collect_build_settings
from mesocosm.lifecycle.jobs.challenger_comparison import compare, decide_promotion
from mesocosm.lifecycle.jobs.deploy import Deployment, deploy_version
from mesocosm.lifecycle.jobs.feedback_split import (
    REQUEST_TIME,
    FeedbackSplit,
    find_test_contents,
    split_feedback,
)
from mesocosm.lifecycle.jobs.train import PREDICTION_ID, NewVersion, TrainedVersion, train_version
from mesocosm.lifecycle.progress_store import ProgressFile
from mesocosm.lifecycle.review.named_rows import read_known_labels
from mesocosm.monitoring.source_faults import faulty_spans, refuse_at_fault, refuse_faulty_rows


@dataclass(frozen=True)
class Retraining:
    """A service whose model is trained again.

    Args:
        spec: the file.
        catalog: where versions and deployments are listed.
        service: the service's name.
        deployment: what it runs now.
        champion: the record of the version that it runs.
        snapshot: the newest snapshot of the model's dataset.
        reason: why it is trained again.
    """

    spec: Spec
    catalog: Catalog
    service: str
    deployment: DeploymentRow
    champion: VersionRow
    snapshot: SnapshotRow
    reason: str

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self.spec.eco.services[self.service].model)

    @property
    def model(self) -> Model:
        """The model's settings."""
        return self.spec.eco.models[self.name]


@dataclass(frozen=True)
class Challenge:
    """A challenger that was trained and compared with the champion.

    Args:
        values: its record, not yet listed.
        comparison: both on the same rows.
        promoted: whether it replaces the champion.
        why: the reason, in a sentence.
    """

    values: NewVersion
    comparison: VersionComparison
    promoted: bool
    why: str


class RetrainResult(TypedDict):
    """Whether a challenger was promoted and why, and what was deployed (`begun`)."""

    promoted: bool
    champion: str
    challenger: str
    why: str
    begun: str
    comparison: VersionComparison


def retrain(spec: Spec, catalog: Catalog, service: str, reason: str, say: Say) -> RetrainResult:
    """Train a challenger for a service, compare it with the champion, and deploy it or keep the
    champion; `begun` is a sentence about what was deployed.

    Where a challenger of this champion was trained and evaluated on the same rows already, its
    result is reused without training.

    Raises:
        MesocosmError: the service runs no model.
    """
    job = _open_retraining(spec, catalog, service, reason)
    parts = _split_feedback(job)
    say(_describe_split(parts))
    made = _fingerprint(job, parts)
    same = (made, digest(made, "whole"))
    before = [v for v in catalog.versions(job.name) if v["made"] in same]
    if before:
        return _reuse_result(job, before[0])
    challenge = _challenge(job, parts, made, say)
    begun = _record(job, challenge)
    return {
        "promoted": challenge.promoted,
        "champion": job.champion["id"],
        "challenger": challenge.values["id"],
        "why": challenge.why,
        "begun": begun,
        "comparison": challenge.comparison,
    }


def _open_retraining(spec: Spec, catalog: Catalog, service: str, reason: str) -> Retraining:
    """What is needed to train the model of a service again.

    Raises:
        MesocosmError: the service runs no model, its model ranks, a source is at fault, or
            something is not built.
    """
    name = spec.eco.services[service].model
    now = catalog.deployment(service)
    if not name or not now or not now["version"]:
        raise MesocosmError(Message("lifecycle.nothing_to_retrain", service=service))
    refuse_at_fault(catalog, service)
    _refuse_task(spec, name)
    champion = catalog.version(now["version"])
    snapshot = catalog.snapshot(dataset=spec.eco.models[name].dataset)
    if champion is None or snapshot is None:
        raise MesocosmError(Message("lifecycle.deployed_unlisted", service=service))
    return Retraining(spec, catalog, service, now, champion, snapshot, reason)


def _refuse_task(spec: Spec, model: str) -> None:
    """Refuse a model whose task has no challengers.

    Raises:
        MesocosmError: it has none.
    """
    task = find_model_task(spec.eco, spec.eco.models[model])
    if task and task.no_retraining:
        raise MesocosmError(Message(task.no_retraining, name=model))


def _split_feedback(job: Retraining) -> FeedbackSplit:
    """The labelled requests of a service: those to train on and those to evaluate with.

    Raises:
        MesocosmError: the rows to train on show a fault of a source.
    """
    spec, catalog, model, snapshot = job.spec, job.catalog, job.model, job.snapshot
    labelled = _labelled_rows(job)
    only_named = set(job.champion["recipe"].get("labels") or ())
    if labelled:
        only_named -= read_known_labels(spec, snapshot, model.target)
    parts = split_feedback(
        labelled,
        model.features,
        model.target,
        find_test_contents(*read_columns(spec, snapshot, list(model.features)), model.features),
        only_named,
        faulty_spans(catalog, job.service),
    )
    _refuse_faulty(job, parts.train)
    return parts


def _refuse_faulty(job: Retraining, rows: Sequence[Mapping[str, object]]) -> None:
    """Refuse rows to train on that show a fault of a source.

    Raises:
        MesocosmError: they do.
    """
    inputs = job.model.features
    fields, training = job.snapshot["recipe"]["fields"], job.snapshot["facts"]["training"]
    refuse_faulty_rows(
        job.catalog,
        job.service,
        {name: facts for name, facts in training.items() if name in inputs},
        rows,
        {name: read_text(fields[name].get("unit")) for name in inputs},
        _list_times(rows),
    )


def _list_times(rows: Sequence[Mapping[str, object]]) -> list[float]:
    """When the request of each row came, in seconds."""
    return [read_number(row[REQUEST_TIME]) or 0.0 for row in rows]


def _labelled_rows(job: Retraining) -> list[dict[str, object]]:
    """The labelled requests with their inputs, label, id and time; labels of numbers as numbers."""
    target = job.model.target
    task = find_task(job.model, TargetFacts(read_field_types(job.snapshot)[target]))
    rows = []
    for request in job.catalog.labelled(job.service):
        label: object = request["label"]
        if task:
            label = task.read_label(request["label"])
        more = {target: label, PREDICTION_ID: request["id"], REQUEST_TIME: request["at"]}
        rows.append({**request["input"]["clean"], **more})
    return rows


def _describe_split(parts: FeedbackSplit) -> Message:
    text = Message("progress.labelled_requests", train=len(parts.train), test=len(parts.test))
    for why, count in parts.left_out.items():
        text = Message("progress.requests_left_out", requests=text, count=count, why=why)
    return text


def _fingerprint(job: Retraining, parts: FeedbackSplit) -> str:
    """The fingerprint of all that decides what challenger would be trained."""
    target = job.model.target
    rows = [_list_labels(part, target) for part in (parts.train, parts.test)]
    return digest(
        job.champion["made"],
        job.snapshot["id"],
        collect_build_settings(job.spec, job.name),
        job.model.model_dump(mode="json", include={"require"}),
        rows,
    )


def _list_labels(rows: Sequence[Mapping[str, object]], target: str) -> list[list[object]]:
    """The request and the label of each row."""
    return [[row[PREDICTION_ID], str(row[target])] for row in rows]


def _reuse_result(job: Retraining, before: VersionRow) -> RetrainResult:
    """The result of a challenger that was trained on the same already; nothing is deployed."""
    why = (
        f"not trained: {before['id']} was trained and evaluated on the same rows, labels and"
        f" settings; it is {before['state']} ({before['why']})"
    )
    with job.catalog.transaction() as con:
        job.catalog.write_audit(con, "retrain", "keep", job.champion["id"], why)
    return {
        "promoted": False,
        "champion": job.champion["id"],
        "challenger": before["id"],
        "why": why,
        "begun": "",
        "comparison": before["metrics"].get("comparison", {}),
    }


def _challenge(job: Retraining, parts: FeedbackSplit, made: str, say: Say) -> Challenge:
    """Train a challenger and compare it with the champion; one that wins by new classes is trained
    once more, with the requests of those that it was evaluated with.
    """
    predict = job.model.target
    origin = f"challenger: {job.reason}"
    training = TrainingJob(
        job.spec, job.catalog, job.name, job.snapshot, made, origin, labelled=parts.train
    )
    with ProgressFile(training.store, f"models.{job.name}") as live:
        trained = train_version(training, live.record(say))
        values = trained.record
        comparison = compare(training, job.champion, values, parts.test)
        promoted, why = decide_promotion(comparison, trained.missed)
        new_rows = _rows_of_new_classes(parts, comparison, predict)
        if promoted and new_rows:  # it is proven that they are named; now train on all of them
            say(Message("progress.new_class_requests", count=len(new_rows)))
            larger = replace(
                training, made=digest(made, "whole"), labelled=[*parts.train, *new_rows]
            )
            values = _keep_better(training, values, train_version(larger, live.record(say)))
    values["state"], values["why"] = "challenger", why
    if promoted:
        values["state"] = "champion"
    values["metrics"]["comparison"] = comparison
    return Challenge(values, comparison, promoted, why)


def _rows_of_new_classes(
    parts: FeedbackSplit, comparison: VersionComparison, target: str
) -> list[dict[str, object]]:
    """The requests that evaluated a challenger and have a label that the champion lacks."""
    new = comparison.get("new")
    if new is None:
        return []
    return [row for row in parts.test if row[target] in new["labels"]]


def _keep_better(training: TrainingJob, first: NewVersion, second: TrainedVersion) -> NewVersion:
    """The second version, or the first where the second misses a gate; the other one's files are
    deleted.
    """
    better, other = second.record, first
    if second.missed:
        better, other = first, second.record
    shutil.rmtree(training.store / other["path"])
    return better


def _record(job: Retraining, challenge: Challenge) -> str:
    """List the challenger, and deploy it or note why the champion stays; a sentence about what was
    deployed.
    """
    catalog, champion, why = job.catalog, job.champion["id"], challenge.why
    settings = job.spec.eco.services[job.service]
    with catalog.transaction() as con:
        con.execute(insert(t.VERSIONS).values(**challenge.values))
        if not challenge.promoted:
            catalog.write_audit(con, "retrain", "keep", champion, why)
            return ""
        version = challenge.values["id"]
        if settings.rollout.method == "direct":
            catalog.set_version_state(con, champion, "retired", f"replaced by {version}: {why}")
        answers = job.deployment["answers"]
        deployment = Deployment(job.service, settings, version, answers, "retrain", why)
        return str(deploy_version(catalog, con, deployment))
