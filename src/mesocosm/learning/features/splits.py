"""A dataset cut for a model: texts, table and targets by part. Knows tasks and the block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mesocosm.core.errors import Wrong
from mesocosm.learning.features import tabular
from mesocosm.learning.heads.folds import numbered, together
from mesocosm.learning.importers.onnx import ImportedModel, plain_facts
from mesocosm.learning.model import Model
from mesocosm.learning.strategies.domain_adaptation import Taught
from mesocosm.learning.tasks.by_field_type import TASKS, Ordinal, Task

Array = np.ndarray[Any, Any]
PARTS = ("train", "validation", "test")


@dataclass
class Parts:
    """A dataset cut for a model: per part its texts, block and labels; `bare` are training rows
    without a label, where they teach too.

    `sites` holds the number of each training row's site, and `site_names` what they are called,
    where sites learn apart. `groups` holds the number of each row's group by part, nothing where
    each row is one of its own. `again` are training rows that come again.
    """

    texts: dict[str, list[str]]
    table: dict[str, Array]
    y: dict[str, Array]
    labels: list[str]
    facts: dict[str, Any]
    text_names: list[str]
    where: dict[str, list[int]]
    task: Task
    images: dict[str, dict[str, list[str | None]]]
    groups: dict[str, Array]
    sites: Array | None = None
    site_names: Sequence[str] = ()
    again: Sequence[int] = ()


def cut(
    model: Model,
    rows: Mapping[str, Sequence[Any]],
    split: Sequence[str],
    kinds: Mapping[str, str],
    order: Sequence[str] = (),
    taught: Taught | None = None,
    groups: Sequence[Any] = (),
    sites: Sequence[Any] = (),
) -> Parts:
    """Cut cleaned columns into parts; facts come from the training rows only.

    Args:
        taught: what the model starts from, whose classes and facts are then taken.
        groups: the group of each row, where rows of one group are left out together.
        sites: the site of each row, where sites learn apart.

    Raises:
        Wrong: the target has one value, or a part has no rows.
    """
    task = Ordinal(order) if order else TASKS[kinds[model.predict]]()
    target = [task.plain(v) for v in rows[model.predict]]
    where = {p: [i for i, s in enumerate(split) if s == p and target[i] is not None] for p in PARTS}
    task.fit(model.predict, [target[i] for i in where["train"]])
    if taught:
        if strange := [label for label in task.labels if label not in taught.labels]:
            raise Wrong(
                "adapts",
                f"{taught.version} knows no class '{strange[0]}'",
                "rows of the classes that it knows",
                taught.labels,
                strange[0],
            )
        task.fit(model.predict, taught.labels)
    if not where["test"]:
        raise Wrong(
            "learns", "its split leaves no test rows", "more rows, or a larger share in split.test"
        )
    for name in model.inputs:
        if not taught and not any(rows[name][i] is not None for i in where["train"]):
            raise Wrong(
                "inputs",
                f"the training rows of '{name}' hold no value at all",
                "an input with values",
            )
    for part in ("validation", "test"):
        where[part] = [i for i in where[part] if task.known(target[i])]
    if not where["test"]:
        raise Wrong(
            "predict",
            f"no test row has a value of '{model.predict}' that a training row has",
            "a field whose values come more than once, or more rows",
        )
    if model.self_training:
        where["bare"] = [i for i, s in enumerate(split) if s == "train" and target[i] is None]
    mine = {n: kinds[n] for n in model.inputs}
    facts = (
        dict(taught.facts)
        if taught
        else (
            plain_facts(model.inputs)
            if isinstance(model.base, ImportedModel)
            else tabular.fit({n: [rows[n][i] for i in where["train"]] for n in mine}, mine)
        )
    )
    names = list(model.pair or [n for n in model.inputs if kinds[n] == "text"])
    at = [str(sites[i]) for i in where["train"]] if len(sites) else []
    called = sorted(set(at))
    picked = {p: {n: [rows[n][i] for i in where[p]] for n in mine} for p in where}
    texts = {p: tabular.text_of(picked[p], names, len(where[p]), model.apart) for p in where}
    table = {p: tabular.build(picked[p], facts, len(where[p])) for p in where}
    shown = {p: {n: picked[p][n] for n in mine if kinds[n] == "image"} for p in where}
    return Parts(
        texts,
        table,
        {p: task.encode([target[i] for i in where[p]]) for p in PARTS},
        task.labels,
        facts,
        names,
        where,
        task,
        shown,
        _grouped(texts, table, shown, where, numbered(groups)),
        np.array([called.index(s) for s in at]) if at else None,
        called,
    )


def _grouped(
    texts: Mapping[str, list[str]],
    table: Mapping[str, Array],
    images: Mapping[str, Mapping[str, list[str | None]]],
    where: Mapping[str, list[int]],
    groups: Array | None,
) -> dict[str, Array]:
    """The number of each row's group by part: rows of one group of the split, and copies of each
    other, are together; nothing where none are.
    """
    parts, ends = list(where), np.cumsum([0, *(len(i) for i in where.values())])
    seen = [
        tuple(columns[n][k] for n in columns)
        for p in parts
        for columns in (images[p],)
        for k in range(len(where[p]))
    ]
    number = together(
        [t for p in parts for t in texts[p]],
        seen,
        np.vstack([table[p] for p in parts]),
        None if groups is None else np.concatenate([groups[where[p]] for p in parts]),
    )
    return {} if number is None else {p: number[ends[i] : ends[i + 1]] for i, p in enumerate(parts)}
