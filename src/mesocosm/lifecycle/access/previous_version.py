"""The previous version of a model, as training needs it: to start from, to replay its rows, and to
compare with.

Knows version records, snapshots and their rows. Where files of it are missing, training continues
without it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.registry import find_recorded_task, recorded_task
from mesocosm.lifecycle.access.data_access import read_columns
from mesocosm.lifecycle.access.model_access import load_version
from mesocosm.lifecycle.access.training_job import TrainingJob

if TYPE_CHECKING:
    import pyarrow as pa

    from mesocosm.learning.evaluation.comparison import LastVersion
    from mesocosm.learning.strategies.continual import PreviousVersion

Columns = dict[str, list[Any]]


def find_previous_version(catalog: Catalog, name: str, model: Model) -> Mapping[str, Any] | None:
    """The record of a model's newest version; None where there is none that predicts the same
    field.
    """
    versions = catalog.versions(name)
    if not versions or versions[-1]["recipe"].get("predict") != model.target:
        return None
    newest: Mapping[str, Any] = versions[-1]
    return newest


def add_replay(
    job: TrainingJob, fields: Sequence[str], rows: Columns, split: list[str]
) -> PreviousVersion:
    """Start continual training from the previous version: append a sample of its training rows that
    the new snapshot lacks to `rows` and `split`, as training rows.

    Args:
        job: the training.
        fields: the fields that the model reads or predicts.
        rows: a column of each; lengthened.
        split: the part of each row; lengthened.

    Returns:
        The version to start from, how many rows are replayed, and the test rows it was evaluated
        on.
    """
    from mesocosm.learning.strategies.continual import PreviousVersion

    model, snapshot = job.model, job.snapshot
    assert model.continual is not None
    last = find_previous_version(job.catalog, job.name, model)
    if last is None:
        return PreviousVersion(model.continual)
    past = PreviousVersion(model.continual, last["id"], job.store / last["path"])
    old = job.catalog.snapshot(last["snapshot"])
    if old is None or not _has_other_rows(old, snapshot):
        return past
    net = None
    try:
        if recorded_task(last["recipe"]).loads_previous:
            net = load_version(job.spec, last)
        old_rows, old_split = read_columns(job.spec, old, fields)
    except (
        MesocosmError
    ):  # its files, or its snapshot, are gone; its weights may be there all the same
        return past
    candidates = _replay_candidates(rows, old_rows, old_split, fields, model.target)
    size = min(len(candidates), round(model.continual.replay * split.count("train")))
    replayed = random.Random(model.seed).sample(candidates, size)
    for field in fields:
        rows[field] += [old_rows[field][i] for i in replayed]
    split += ["train"] * len(replayed)
    past.before, past.old = net, len(replayed)
    past.known = {}
    if net is None or set(net.inputs) <= set(fields):
        past.known = _test_rows(old_rows, old_split, fields)
    return past


def _test_rows(columns: Columns, split: Sequence[str], fields: Sequence[str]) -> Columns:
    tested = [i for i, part in enumerate(split) if part == "test"]
    return {field: [columns[field][i] for i in tested] for field in fields}


def _has_other_rows(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a snapshot is an earlier one of the same dataset."""
    return bool(old["id"] != new["id"] and old["dataset"] == new["dataset"])


def _replay_candidates(
    rows: Columns, old_rows: Columns, old_split: Sequence[str], fields: Sequence[str], predict: str
) -> list[int]:
    """The labelled training rows of the old snapshot that the new one does not have."""
    now = set(_row_contents(rows, fields))
    then = _row_contents(old_rows, fields)
    return [
        i
        for i, part in enumerate(old_split)
        if part == "train" and then[i] not in now and old_rows[predict][i] is not None
    ]


def _row_contents(columns: Columns, fields: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(map(str, row)) for row in zip(*(columns[f] for f in fields), strict=True)]


def load_comparable_version(
    job: TrainingJob, fields: Sequence[str], appended: int
) -> LastVersion | None:
    """The previous version to compare with, and which rows it was not trained on.

    Args:
        job: the training.
        fields: the fields at hand.
        appended: how many rows were appended to those of the snapshot.

    Returns:
        None where it predicts something else, its inputs are not at hand, it has a task of its
        own, or its rows cannot be distinguished from the new ones.
    """
    from mesocosm.learning.evaluation.comparison import LastVersion

    last = find_previous_version(job.catalog, job.name, job.model)
    old = last and job.catalog.snapshot(last["snapshot"])
    if not last or not old or old["dataset"] != job.snapshot["dataset"]:
        return None
    task = find_recorded_task(last["recipe"])
    if task is None or not task.explains:
        return None
    try:
        net = load_version(job.spec, last)
        fresh = _unseen_rows(job.spec, job.model, old, job.snapshot)
    except MesocosmError:  # its files, or its snapshot, are gone: there is nothing to compare with
        return None
    if fresh is None or not set(net.inputs) <= set(fields):
        return None
    return LastVersion(net.labels, net.inputs, net.outputs, fresh + [False] * appended)


def _unseen_rows(
    spec: Spec, model: Model, old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[bool] | None:
    """Of each row of a snapshot, whether it was outside the training rows of the old one; None
    where the dataset has no key to tell by, or its type changed.
    """
    key = spec.eco.datasets[model.dataset].key
    store = spec.root / ".mesocosm"
    now = _read_keys(store, new, key)
    if old["id"] == new["id"]:
        return [True] * int(now.num_rows)
    if not key:
        return None
    then = _read_keys(store, old, key)
    if now.schema.field(key).type != then.schema.field(key).type:
        return None
    parts = zip(then.column(key).to_pylist(), then.column("_split").to_pylist(), strict=True)
    trained = {value for value, part in parts if part != "test"}
    return [value not in trained for value in now.column(key).to_pylist()]


def _read_keys(store: Path, snapshot: Mapping[str, Any], key: str | None) -> pa.Table:
    from mesocosm.data.snapshots.delta_tables import read_table

    columns = "_row, _split"
    if key:
        columns += f', "{key}"'
    return read_table(store / snapshot["path"] / "rows", snapshot["delta"], columns)
