"""The tree of a model shows what its task names, whatever the task is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mesocosm.app.world.scene_state import _tree_facts
from mesocosm.learning.tasks.registry import TASKS
from mesocosm.world.elements.tree import tree
from mesocosm.world.elements.view import View

RECIPES: dict[str, dict[str, Any]] = {
    "classification": {"labels": ["a", "b"], "texts": ["x"]},
    "ordinal": {"labels": ["a", "b", "c"], "ordered": True},
    "multi_label": {"labels": ["a", "b"], "many": True},
    "regression": {"labels": [], "scale": {"mean": 0.0, "sd": 1.0}},
    "ranking": {"task": "ranking"},
    "retrieval": {"task": "retrieval", "texts": ["x"]},
    "generation": {"task": "text", "texts": ["x"]},
    "tagging": {"task": "tags", "texts": ["x"]},
}
SPECIES = {"classification": "oak", "retrieval": "oak", "tagging": "oak", "generation": "willow"}


def shown(recipe: dict[str, Any], metric: str, value: float | None) -> dict[str, Any]:
    metrics = {metric: value, "rows": 9, "interval": {}, "baselines": {"simple": {metric: 0.25}}}
    version = {
        "id": "m-v1",
        "number": 1,
        "state": "champion",
        "why": "",
        "at": 0.0,
        "snapshot": "d@0",
        "metrics": metrics,
        "recipe": recipe | {"method": "frozen"},
    }
    book: Any = SimpleNamespace(versions=lambda name: [version])
    return tree("m", {}, View(book, {}, [], {}, 1.0, tree_facts=_tree_facts))


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_a_tree(name: str) -> None:
    metric, label = TASKS[name].height
    made = shown(RECIPES[name], metric, 0.75)
    assert made["height"] == 0.75 and made["facts"][metric] == 0.75
    assert f"{label} 0.750 on 9 held-out rows (simple 0.250)" in made["says"]
    assert made["species"] == SPECIES.get(name, "birch")


def test_a_metric_that_is_not_known_is_no_height() -> None:
    made = shown(RECIPES["regression"], "r2", None)
    assert made["height"] == 0.0 and "R2 not known on 9 held-out rows" in made["says"]
