"""The section of a model card that says how a version was trained. Knows the record's shape and the
table of tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from mesocosm.catalog.contents import VersionMetrics, VersionRecipe
from mesocosm.catalog.rows import VersionRow
from mesocosm.core.messages import Message, render, render_list
from mesocosm.core.messages.local_time import format_moment
from mesocosm.core.records import Json
from mesocosm.core.values.json_shapes import read_number
from mesocosm.learning.metric_names import name_state
from mesocosm.learning.tasks.registry import find_recorded_task

Lines = list[str]
Record = Mapping[str, object]
_PARTS = {  # of the rows of a dataset
    "in": Message("reports.card.part.in"),
    "kept": Message("reports.card.part.kept"),
    "quarantined": Message("reports.card.part.quarantined"),
    "duplicates": Message("reports.card.part.duplicates"),
    "forgotten": Message("reports.card.part.forgotten"),
    "expired": Message("reports.card.part.expired"),
    "train": Message("reports.card.part.train"),
    "validation": Message("reports.card.part.validation"),
    "test": Message("reports.card.part.test"),
}


def join_pairs(values: Record) -> str:
    """Names with their values, as `train 54, test 20`."""
    return render_list(
        tuple(
            Message("reports.card.pair", name=_PARTS.get(name, name), value=str(value))
            for name, value in values.items()
        )
    )


def render_model(version: VersionRow, metrics: VersionMetrics, recipe: VersionRecipe) -> Lines:
    """The state of a version, and how it was trained."""
    reason = ""
    if version["why"]:
        reason = Message("reports.card.reason", why=render(version["why"])).render()
    licence = recipe["licence"] or Message("reports.card.no_licence").render()
    return [
        Message(
            "reports.card.trained",
            trained=format_moment(float(version["at"])),
            state=name_state(version["state"]),
            reason=reason,
        ).render(),
        Message(
            "reports.card.base",
            base=recipe["base"] or Message("reports.card.none"),
            licence=licence,
            method=recipe["method"],
            head=recipe["head"],
            precision=recipe["precision"],
        ).render(),
        *_render_batches(recipe),
        *_render_image_base(recipe),
        Message(
            "reports.card.task", task=_describe_task(recipe), inputs=tuple(recipe["inputs"])
        ).render(),
        Message(
            "reports.card.seed",
            seed=recipe["seed"],
            seconds=metrics.get("seconds", float("nan")),
            cost=_describe_cost(metrics),
        ).render(),
        *_render_environment(recipe.get("environment", {})),
    ]


def _describe_task(recipe: VersionRecipe) -> str:
    task = find_recorded_task(recipe)
    if task is None:
        return Message("reports.card.unknown_task", task=recipe.get("task")).render()
    return task.describe(recipe)


def _describe_cost(metrics: VersionMetrics) -> str:
    cost = metrics.get("price")
    if not cost:
        return ""
    estimated, actual = cost["said"], cost["took"]
    return Message(
        "reports.card.cost",
        seconds=estimated["seconds"],
        gigabytes=estimated["gigabytes"],
        took=actual["seconds"],
        used=actual["gigabytes"],
    ).render()


def _render_batches(recipe: VersionRecipe) -> Lines:
    """How far predictions depend on the batch."""
    measured = recipe.get("invariance", {}).get(recipe["precision"])
    if not measured or not measured["rows"]:
        return []
    remedy = ""
    if not measured["invariant"]:
        remedy = Message("reports.card.row_by_row").render()
    return [
        Message(
            "reports.card.batches",
            rows=str(measured["rows"]),
            arrangements=str(measured["arrangements"]),
            difference=read_number(measured["difference"]),
            moved=read_number(measured["moved"]),
            remedy=remedy,
        ).render()
    ]


def _render_image_base(recipe: VersionRecipe) -> Lines:
    """What the features of images come from, where an input is an image."""
    if not recipe.get("images"):
        return []
    sees = recipe["sees"]
    if not isinstance(sees, Mapping) or "base" not in sees:
        return [Message("reports.card.filters").render()]
    method = "frozen"
    if "sight_mb" in recipe:
        method = Message(
            "reports.card.tuned", method=recipe["method"], megabytes=recipe["sight_mb"]
        ).render()
    return [
        Message(
            "reports.card.images",
            base=str(sees["base"]),
            licence=str(sees["licence"]),
            method=method,
        ).render()
    ]


def _render_environment(environment: Mapping[str, Json]) -> Lines:
    if not environment:
        return []
    commit = ""
    if environment.get("commit"):
        commit = Message("reports.card.commit", commit=str(environment["commit"])[:12]).render()
        if environment["changed"]:
            commit += Message("reports.card.changed").render()
    libraries = join_pairs(cast(Record, environment["libraries"]))
    return [
        Message(
            "reports.card.environment",
            python=str(environment["python"]),
            machine=str(environment["machine"]),
            libraries=libraries,
            commit=commit,
        ).render()
    ]
