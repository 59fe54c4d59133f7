"""Tasks are asked, not told apart: the protocol is whole, and nothing outside `learning/tasks`
decides by the name of a task.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from mesocosm.core.errors import MesocosmError
from mesocosm.data.types import TYPES
from mesocosm.learning.model import METRICS, Model
from mesocosm.learning.tasks.registry import (
    TASKS,
    describe_targets,
    find_task,
    recorded_task,
    target_types,
)
from mesocosm.learning.tasks.row_task import RowTask
from mesocosm.learning.tasks.task import TargetFacts

SOURCE = ROOT / "src" / "mesocosm"
OWN = SOURCE / "learning" / "tasks"
NAMES = {*TASKS, *(task.recorded for task in TASKS.values()), "vision"} - {"", *TYPES}
TOLD_BY = {"task", "says"}  # keys and attributes that name a task
VERSIONS = {"RankingVersion", "TaggingVersion", "RetrievalVersion", "GenerationVersion"}
EXCEPTIONS = {
    # the assistant's words for a goal: it writes the file that a task is found by later
    "assistant/architect.py",
}


def constants(node: ast.expr) -> set[str]:
    """The texts that an expression compares with: itself, or the parts of a tuple, list or set."""
    parts = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return {p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)}


def index_of(node: ast.expr) -> ast.expr | None:
    """What an expression looks up, by brackets or by `get`; None for any other."""
    if isinstance(node, ast.Subscript):
        return node.slice
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
    if called and node.func.attr == "get":  # type: ignore[attr-defined]
        return node.args[0]  # type: ignore[attr-defined, no-any-return]
    return None


def key_of(node: ast.expr) -> str:
    """The key or attribute that an expression reads; empty for any other."""
    if isinstance(node, ast.Attribute):
        return node.attr
    index = index_of(node)
    return next(iter(constants(index)), "") if index else ""


def reads_target_type(node: ast.expr) -> bool:
    """Whether an expression looks up the type of what a model predicts."""
    index = index_of(node)
    return (isinstance(index, ast.Attribute) and index.attr == "target") or (
        isinstance(index, ast.Name) and index.id in ("target", "predict")
    )


def looked_up(node: ast.Subscript) -> set[str]:
    """The texts that brackets look up; none where they are the choices of a type."""
    is_type = isinstance(node.value, ast.Name) and node.value.id == "Literal"
    return set() if is_type else constants(node.slice)


def of_self(node: ast.Attribute) -> bool:
    """Whether an attribute is of the object's own."""
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def told_apart(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines that decide by a task's name, and how."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            texts = set().union(*map(constants, sides))
            if texts & NAMES or (texts and any(key_of(s) in TOLD_BY for s in sides)):
                yield node.lineno, f"compares with {sorted(texts)}"
            if texts and any(map(reads_target_type, sides)):
                yield node.lineno, f"compares the target's type with {sorted(texts)}"
        elif isinstance(node, ast.Subscript) and looked_up(node) & NAMES:
            yield node.lineno, "looks a task up by its name"
        elif isinstance(node, ast.MatchValue) and constants(node.value) & NAMES:
            yield node.value.lineno, "matches a task's name"
        elif isinstance(node, ast.Match) and (
            key_of(node.subject) in TOLD_BY or reads_target_type(node.subject)
        ):
            yield node.lineno, "matches a task"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            kinds = {
                n.id for arg in node.args[1:] for n in ast.walk(arg) if isinstance(n, ast.Name)
            }
            if node.func.id == "isinstance" and kinds & VERSIONS:
                yield node.lineno, "tells versions apart"
        elif isinstance(node, ast.Attribute) and node.attr == "rank" and not of_self(node):
            yield node.lineno, "asks for the settings of a ranking"


def outside() -> list[Path]:
    """The source outside the tasks."""
    files = sorted(SOURCE.rglob("*.py"))
    return [file for file in files if not file.is_relative_to(OWN) and "web" not in file.parts]


def test_nothing_outside_the_tasks_decides_by_their_names() -> None:
    found = []
    for file in outside():
        where = str(file.relative_to(SOURCE))
        if where in EXCEPTIONS:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found += [f"{where}:{line} {how}" for line, how in told_apart(tree)]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        'recipe["task"] == "text"',
        'recipe.get("task") in ("text", "tags")',
        'kinds[model.target] == "text"',
        'kinds.get(model.target) in ("category", "boolean")',
        'name == "ranking"',
        'TABLE["retrieval"]',
        "model.rank and model.features",
        "isinstance(net, RankingVersion)",
        'net.says == "classes"',
        'match recipe.get("task"):\n    case "x":\n        pass',
        'match word:\n    case "generation":\n        pass',
    ],
)
def test_what_decides_by_a_name_is_seen(line: str) -> None:
    assert list(told_apart(ast.parse(line)))


@pytest.mark.parametrize(
    "line", ['field.type == "text"', 'settings["type"] == "tags"', "self.rank", 'x["task"]']
)
def test_what_asks_for_something_else_is_not(line: str) -> None:
    assert not list(told_apart(ast.parse(line)))


def test_every_exception_is_needed() -> None:
    for where in EXCEPTIONS:
        assert list(told_apart(ast.parse((SOURCE / where).read_text(encoding="utf-8")))), where


def model(**settings: object) -> Model:
    return Model.model_validate({"dataset": "d", "target": "y", "features": ["x"]} | settings)


@pytest.mark.parametrize(
    ("target", "task"),
    [
        (TargetFacts("category"), "classification"),
        (TargetFacts("boolean"), "classification"),
        (TargetFacts("category", ordered=True), "ordinal"),
        (TargetFacts("list"), "multi_label"),
        (TargetFacts("number"), "regression"),
        (TargetFacts("integer"), "regression"),
        (TargetFacts("text"), "retrieval"),
        (TargetFacts("text", generates=True), "generation"),
        (TargetFacts("tags"), "tagging"),
    ],
)
def test_a_target_has_one_task(target: TargetFacts, task: str) -> None:
    assert [name for name, one in TASKS.items() if one.fits(model(), target)] == [task]
    ranked = [name for name, one in TASKS.items() if one.fits(model(rank={}), target)]
    assert ranked == ["ranking"]


def test_a_target_of_another_type_has_none() -> None:
    assert (
        find_task(model(), TargetFacts("image")) is None
        and find_task(model(), TargetFacts()) is None
    )
    assert set(target_types()) <= set(TYPES) and "integer" in str(describe_targets())


@pytest.mark.parametrize(
    ("recipe", "task"),
    [
        ({"labels": ["a", "b"]}, "classification"),
        ({"labels": ["a", "b"], "ordered": True}, "ordinal"),
        ({"labels": ["a", "b"], "many": True}, "multi_label"),
        ({"labels": [], "scale": {"mean": 0.0, "sd": 1.0}}, "regression"),
        ({"task": "text"}, "generation"),
        ({"task": "retrieval"}, "retrieval"),
        ({"task": "tags"}, "tagging"),
        ({"task": "ranking"}, "ranking"),
    ],
)
def test_a_stored_version_has_one_task(recipe: dict[str, object], task: str) -> None:
    assert [name for name, one in TASKS.items() if one.is_recorded(recipe)] == [task]
    assert recorded_task(recipe) is TASKS[task]


def test_a_version_of_a_task_that_is_not_installed_says_so() -> None:
    with pytest.raises(MesocosmError, match="task 'delay' is listed, and no such task"):
        recorded_task({"task": "delay"})


@pytest.mark.parametrize("name", TASKS)
def test_a_task_brings_what_is_asked_of_it(name: str) -> None:
    task = TASKS[name]
    assert task.name == name and (task.recorded or isinstance(task, RowTask))
    assert set(task.metrics) <= set(METRICS) and set(task.shown) <= set(METRICS)
    assert task.leading.metric in task.shown
    assert task.explains or task.no_sum
    assert task.foreign is None or set(task.foreign.metrics) <= set(METRICS)
    folder = OWN / name
    assert (folder / "task.py").is_file() and (folder / "__init__.py").is_file()
