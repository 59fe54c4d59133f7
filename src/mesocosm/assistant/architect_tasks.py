"""The architect for goals that predict no field: items ranked for somebody, or questions answered
from a table.

Knows drafts and what a service of each kind needs. Trains nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.data.profiling.auto_fields import draft_files
from mesocosm.data.profiling.columns.column import split_name
from mesocosm.data.profiling.goal.task_intent import find_interaction, find_question_and_answer

ORDERED = ("date", "time", "number", "integer")


def ranking(
    root: Path,
    paths: Sequence[Path],
    goal: str,
    item: str | None = None,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What `draft_files` gives of a table of who did what, and under `parts` a model that ranks
    items.

    Args:
        item: the column that names an item, where it is given outright.
        given: as `draft_files` takes it.

    Raises:
        Wrong: no file tells who did something with which item.
    """
    drafts = [draft_files(root, [path], given=given) for path in paths]
    said, (who, what, when) = _first(drafts, lambda d: find_interaction(d["columns"], item))
    fields, name = said["dataset"]["fields"], said["name"]
    said["dataset"].pop("key", None)
    said["evidence"].pop("key", None)
    for field in (who, what):
        fields[field] = {"type": "text", "missing": "quarantine"} | (
            {"private": fields[field]["private"]}
            if field == who and fields[field].get("private") in ("pseudonymise", "hash")
            else {}
        )
        said["evidence"][f"fields.{field}"] = (
            f"it names {'somebody' if field == who else 'an item'}, so it is kept as text"
        )
    gone = {"duplicates", f"fields.{who}", f"fields.{what}"}
    said["proposals"] = [p for p in said["proposals"] if p["where"] not in gone]
    rank: dict[str, Any] = (
        {"when": when}
        if when and fields[when]["type"] in ORDERED and not fields[when].get("private")
        else {}
    )
    for other in drafts:
        other.pop("columns", None)
    items = next(
        (d for d in drafts if d is not said and _same(d["dataset"].get("key"), what)), None
    )
    model: dict[str, Any] = {}
    choose = (
        []
        if rank
        else [
            "no column says when something was done, so the order of the rows is taken for the"
            " order of time"
        ]
    )
    if items:
        texts = [
            n
            for n, f in items["dataset"]["fields"].items()
            if n != items["dataset"]["key"]
            and f["type"] in ("text", "category")
            and not f.get("private")
        ]
        said["sources"] |= items["sources"]
        said["contracts"] |= items["contracts"]
        said["more"] = [items]
        rank |= {"items": f"{items['name']}-data", **({"texts": texts} if texts else {})}
        model = {"base": "minilm"} if texts else {}
    for other in drafts:
        if other is not said and other is not items:
            said["left"] |= {n: f"it has no key that names '{what}'" for n in other["sources"]}
    model |= {
        "learns": f"{name}-data",
        "predict": what,
        "inputs": [who],
        "rank": rank,
        "require": {"gain_over_popular": ">= 0"},
    }
    reasons = {
        "target": f"the goal asks for a ranking: '{what}' names an item, '{who}' names somebody",
        "require": (
            "never worse than what is popular; raise the bound to what you would not go under"
        ),
    }
    parts = {
        "split": "none",
        "models": {f"{name}-model": model},
        "services": {f"{name}-shelf": {"serves": f"{name}-model"}},
        "monitors": {},
        "world": {"places": {f"{name}-shop": {"shows": f"{name}-shelf", "as": "shop"}}},
    }
    return said | {
        "parts": parts,
        "reasons": reasons,
        "choose": choose,
        "goal": goal,
        "aim": {"target": what, "kind": "ranking", "inputs": [who]},
    }


def answers(
    root: Path, paths: Sequence[Path], goal: str, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What `draft_files` gives of a table of questions, and under `parts` a service that answers
    from it.

    Raises:
        Wrong: no file has a column of questions and one of answers.
    """
    drafts = [draft_files(root, [path], given=given) for path in paths]
    said, (question, answer) = _first(drafts, lambda d: find_question_and_answer(d["columns"]))
    fields, name = said["dataset"]["fields"], said["name"]
    said["dataset"].pop("key", None)
    for field in (question, answer):
        fields[field] = {"type": "text", "missing": "quarantine"} | (
            {"private": "redact"} if fields[field].get("private") else {}
        )
        said["evidence"][f"fields.{field}"] = (
            f"it holds {'a question' if field == question else 'an answer'}"
        )
    said["proposals"] = [
        p
        for p in said["proposals"]
        if p["where"] not in ("duplicates", f"fields.{question}", f"fields.{answer}")
    ]
    for other in drafts:
        if other is not said:
            said["left"] |= dict.fromkeys(
                other["sources"], "it has no column of questions and one of answers"
            )
    service = {"answers": {"from": f"{name}-data", "question": question, "answer": answer}}
    parts = {
        "split": "none",
        "models": {},
        "services": {f"{name}-desk": service},
        "monitors": {},
        "world": {"places": {f"{name}-counter": {"shows": f"{name}-desk", "as": "desk"}}},
    }
    hidden = "private" in fields[answer]
    choose = (
        [
            f"'{answer}' shows contacts as '[e-mail]' and the like; where they are your own, remove"
            " 'private: redact' from it, and customers read them"
        ]
        if hidden
        else []
    )
    reasons = {
        "target": (
            f"the goal asks for answers: '{question}' holds the questions, '{answer}' the answers"
        )
    }
    return said | {
        "parts": parts,
        "reasons": reasons,
        "choose": choose,
        "goal": goal,
        "aim": {"target": answer, "kind": "answers", "inputs": [question]},
    }


def _first(drafts: Sequence[dict[str, Any]], find: Any) -> tuple[dict[str, Any], Any]:
    """The first draft in which something is found, and what is; looked-at columns are dropped,
    since a draft is written as JSON.

    Raises:
        Wrong: it is found in none.
    """
    fault: Wrong | None = None
    for said in drafts:
        try:
            return said, find(said)
        except Wrong as error:
            fault = fault or error
        finally:
            said.pop("columns", None)
    assert fault is not None
    raise fault


def _same(key: str | None, item: str) -> bool:
    """Whether a table's key is called as the item's column is, or only `id`.

    >>> _same("movie", "movie_id"), _same("id", "movie"), _same("user", "movie")
    (True, True, False)
    """
    return key is not None and {*split_name(key)} - {"id"} <= {*split_name(item)}
