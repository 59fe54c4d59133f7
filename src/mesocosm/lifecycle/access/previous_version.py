"""The previous version of a model, as training needs it: to start from, to replay its rows, and to
compare with.

Knows version records, snapshots and their rows. Where files of it are missing, training continues
without it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import SnapshotRow, VersionRow
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.registry import find_recorded_task, recorded_task
from mesocosm.lifecycle.access.data_access import Columns, pick_columns, read_columns
from mesocosm.lifecycle.access.model_access import load_row_version
from mesocosm.lifecycle.access.training_job import TrainingJob

if TYPE_CHECKING:
    import pyarrow as pa

    from mesocosm.learning.evaluation.comparison import LastVersion
    from mesocosm.learning.export.predictor import Version
    from mesocosm.learning.strategies.continual import PreviousVersion


def find_previous_version(catalog: Catalog, name: str, model: Model) -> VersionRow | None:
    """The record of a model's newest version; None where there is none that predicts the same
    field.
    """
    versions = catalog.versions(name)
    if not versions or versions[-1]["recipe"].get("predict") != model.target:
        return None
    return versions[-1]


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

    model = job.model
    assert model.continual is not None
    last = find_previous_version(job.catalog, job.name, model)
    if last is None:
        return PreviousVersion(model.continual)
    past = PreviousVersion(model.continual, last["id"], job.store / last["path"])
    old = job.catalog.snapshot(last["snapshot"])
    if old is None or not _has_other_rows(old, job.snapshot):
        return past
    try:
        net = _load_to_continue(job, last)
        old_rows, old_split = read_columns(job.spec, old, fields)
    except (
        MesocosmError
    ):  # its files, or its snapshot, are gone; its weights may be there all the same
        return past
    candidates = _replay_candidates(rows, old_rows, old_split, fields, model.target)
    size = min(len(candidates), round(model.continual.replay * split.count("train")))
    replayed = random.Random(model.seed).sample(candidates, size)
    _append(rows, pick_columns(old_rows, fields, replayed))
    split += ["train"] * len(replayed)
    past.before, past.old = net, len(replayed)
    past.known = _test_rows(net, old_rows, old_split, fields)
    return past


def _append(rows: Columns, more: Columns) -> None:
    """Lengthen columns by others."""
    for name, values in more.items():
        rows[name] += values


def _load_to_continue(job: TrainingJob, last: VersionRow) -> Version | None:
    """The previous version, loaded where its task starts from it."""
    if not recorded_task(last["recipe"]).loads_previous:
        return None
    return load_row_version(job.spec, last)


def _test_rows(
    net: Version | None, columns: Columns, split: Sequence[str], fields: Sequence[str]
) -> Columns:
    """The rows that the previous version was evaluated on; none where it reads other fields."""
    if net is not None and not set(net.inputs) <= set(fields):
        return {}
    tested = [i for i, part in enumerate(split) if part == "test"]
    return pick_columns(columns, fields, tested)


def _has_other_rows(old: SnapshotRow, new: SnapshotRow) -> bool:
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
    picked = [columns[field] for field in fields]
    return [tuple(map(str, row)) for row in zip(*picked, strict=True)]


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
    if last is None or not _is_explained(last):
        return None
    try:
        net = load_row_version(job.spec, last)
        fresh = _unseen_since(job, last["snapshot"])
    except MesocosmError:  # its files, or its snapshot, are gone: there is nothing to compare with
        return None
    if fresh is None or not set(net.inputs) <= set(fields):
        return None
    return LastVersion(net.labels, net.inputs, net.outputs, fresh + [False] * appended)


def _unseen_since(job: TrainingJob, ident: str) -> list[bool] | None:
    """Of each row of a training, whether a version of a snapshot was not trained on it; None where
    that cannot be told.
    """
    old = job.catalog.snapshot(ident)
    if old is None or old["dataset"] != job.snapshot["dataset"]:
        return None
    return _unseen_rows(job.spec, job.model, old, job.snapshot)


def _is_explained(version: VersionRow) -> bool:
    """Whether a version has the outputs of a head, which are compared."""
    task = find_recorded_task(version["recipe"])
    return task is not None and task.explains


def _unseen_rows(spec: Spec, model: Model, old: SnapshotRow, new: SnapshotRow) -> list[bool] | None:
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
    trained = set(_trained_keys(then, key))
    return [value not in trained for value in now.column(key).to_pylist()]


def _trained_keys(table: pa.Table, key: str) -> Iterator[object]:
    """The keys of the rows that are not in the test split."""
    parts = zip(table.column(key).to_pylist(), table.column("_split").to_pylist(), strict=True)
    return (value for value, part in parts if part != "test")


def _read_keys(store: Path, snapshot: SnapshotRow, key: str | None) -> pa.Table:
    from mesocosm.data.snapshots.delta_tables import read_table

    columns = "_row, _split"
    if key:
        columns += f', "{key}"'
    return read_table(store / snapshot["path"] / "rows", snapshot["delta"], columns)
