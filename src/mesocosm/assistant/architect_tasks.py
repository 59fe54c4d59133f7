"""Configurations for goals that predict no field: items ranked for a user, or questions answered
from a table.

Knows drafts and what a service of each kind needs. Trains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar, cast

from mesocosm.assistant.base_choice import choose_for_columns
from mesocosm.assistant.files_draft import FilesDraft, Parts
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.records import Json, JsonObject
from mesocosm.data.profiling.auto_fields import draft_files
from mesocosm.data.profiling.columns.column import Column, split_name
from mesocosm.data.profiling.goal.task_intent import find_interaction, find_question_and_answer

Found = TypeVar("Found")
ORDERED = ("date", "time", "number", "integer")
KEEPS_APART = ("pseudonymise", "hash")  # methods of privacy that tell one person from another
NO_TIME = "no column says when something was done, so the order of the rows is taken for it"

BASELINE = (
    "never worse than the popularity baseline; raise the bound to what you would not go under"
)


def draft_ranking(
    root: Path,
    paths: Sequence[Path],
    goal: str,
    item: str | None = None,
    given: Mapping[str, object] | None = None,
) -> FilesDraft:
    """What `draft_files` gives of a table of who did what, and under `parts` a model that ranks
    items.

    Args:
        root: the project's folder.
        paths: the files of the data.
        goal: what is asked for, in words.
        item: the column that names an item, where it is given outright.
        given: as `draft_files` takes it.

    Raises:
        ConfigValueError: no file tells who did something with which item.
    """
    drafts = _draft_each(root, paths, given)
    columns = {each["name"]: each["columns"] for each in drafts}
    draft, (who, what, when) = _find_first(drafts, lambda columns: find_interaction(columns, item))
    name = draft["name"]
    _keep_names(draft, who, what)
    rank = _rank_settings(draft, when)
    choose = []
    if not rank:
        choose.append(NO_TIME)
    items = _find_items(drafts, draft, what)
    if items:
        rank |= _add_items(draft, items)
    unused = [other for other in drafts if other is not draft and other is not items]
    _leave_out(draft, unused, f"it has no key that names '{what}'")
    base = _base_of_items(items, rank, columns)
    draft["parts"] = _ranking_parts(name, who, what, rank, base)
    draft["reasons"] = {
        "target": f"the goal asks for a ranking: '{what}' names an item, '{who}' names somebody",
        "require": BASELINE,
    }
    draft["choose"], draft["goal"] = choose, goal
    draft["aim"] = {"target": what, "kind": "ranking", "inputs": [who]}
    return draft


def _base_of_items(
    items: FilesDraft | None, rank: JsonObject, columns: Mapping[str, Sequence[Column]]
) -> str:
    """The base that knows the language of the items' texts; empty where they have none."""
    texts = rank.get("texts")
    if items is None or not isinstance(texts, list):
        return ""
    return choose_for_columns(columns[items["name"]], [str(text) for text in texts]).base


def _ranking_parts(name: str, who: str, what: str, rank: dict[str, Json], base: str) -> Parts:
    """A model that ranks items, its service and its place."""
    model: dict[str, Json] = {
        "dataset": f"{name}-data",
        "target": what,
        "features": [who],
        "rank": rank,
        "require": {"gain_over_popular": ">= 0"},
    }
    if base:
        model = {"base": base} | model
    return {
        "split": "none",
        "models": {f"{name}-model": model},
        "services": {f"{name}-shelf": {"model": f"{name}-model"}},
        "monitors": {},
        "world": {"places": {f"{name}-shop": {"service": f"{name}-shelf", "as": "shop"}}},
    }


def _draft_each(
    root: Path, paths: Sequence[Path], given: Mapping[str, object] | None
) -> list[FilesDraft]:
    """A draft of each file."""
    return [cast(FilesDraft, draft_files(root, [path], given=given)) for path in paths]


def _leave_out(draft: FilesDraft, others: Sequence[FilesDraft], reason: str) -> None:
    """Note that the sources of other drafts are not used, and why."""
    for other in others:
        draft["left"] |= dict.fromkeys(other["sources"], reason)


def _keep_names(draft: FilesDraft, who: str, what: str) -> None:
    """Keep the columns that name a user and an item as texts; every row stays."""
    fields, evidence = draft["dataset"]["fields"], draft["evidence"]
    draft["dataset"].pop("key", None)
    evidence.pop("key", None)
    private = fields[who].get("private")
    fields[who] = {"type": "text", "missing": "quarantine"}
    if private in KEEPS_APART:
        fields[who]["private"] = private
    evidence[f"fields.{who}"] = "it names somebody, so it is kept as text"
    fields[what] = {"type": "text", "missing": "quarantine"}
    evidence[f"fields.{what}"] = "it names an item, so it is kept as text"
    _drop_proposals(draft, who, what)


def _drop_proposals(draft: FilesDraft, *fields: str) -> None:
    """Drop the proposals for fields that are set by now, and for duplicates."""
    settled = {"duplicates", *(f"fields.{field}" for field in fields)}
    draft["proposals"] = [p for p in draft["proposals"] if p["where"] not in settled]


def _rank_settings(draft: FilesDraft, when: str | None) -> dict[str, Json]:
    """The setting of the time of an interaction, where a column has it."""
    fields = draft["dataset"]["fields"]
    if when and fields[when]["type"] in ORDERED and not fields[when].get("private"):
        return {"when": when}
    return {}


def _find_items(drafts: Sequence[FilesDraft], draft: FilesDraft, item: str) -> FilesDraft | None:
    """The table of the items: another one whose key is named as the item's column is."""
    others = [other for other in drafts if other is not draft]
    return next((other for other in others if _same(other["dataset"].get("key"), item)), None)


def _add_items(draft: FilesDraft, items: FilesDraft) -> dict[str, Json]:
    """Add the table of the items to a draft; the settings of a ranker that read it."""
    draft["sources"] |= items["sources"]
    draft["contracts"] |= items["contracts"]
    draft["more"] = [items]
    settings: dict[str, Json] = {"items": f"{items['name']}-data"}
    key = items["dataset"].get("key")
    fields = items["dataset"]["fields"].items()
    texts = [name for name, field in fields if name != key and _is_public_text(field)]
    if texts:
        settings["texts"] = texts
    return settings


def _is_public_text(field: JsonObject) -> bool:
    """Whether a field holds words that everybody may read."""
    return field["type"] in ("text", "category") and not field.get("private")


def draft_answers(
    root: Path, paths: Sequence[Path], goal: str, given: Mapping[str, object] | None = None
) -> FilesDraft:
    """What `draft_files` gives of a table of questions, and under `parts` a service that answers
    from it.

    Raises:
        ConfigValueError: no file has a column of questions and one of answers.
    """
    drafts = _draft_each(root, paths, given)
    draft, (question, answer) = _find_first(drafts, find_question_and_answer)
    name = draft["name"]
    draft["dataset"].pop("key", None)
    _keep_text(draft, question, "it holds a question")
    is_private = _keep_text(draft, answer, "it holds an answer")
    _drop_proposals(draft, question, answer)
    unused = [other for other in drafts if other is not draft]
    _leave_out(draft, unused, "it has no column of questions and one of answers")
    service: dict[str, Json] = {
        "answers": {"from": f"{name}-data", "question": question, "answer": answer}
    }
    draft["parts"] = {
        "split": "none",
        "models": {},
        "services": {f"{name}-desk": service},
        "monitors": {},
        "world": {"places": {f"{name}-counter": {"service": f"{name}-desk", "as": "desk"}}},
    }
    target = f"the goal asks for answers: '{question}' holds the questions, '{answer}' the answers"
    draft["reasons"], draft["choose"] = {"target": target}, []
    if is_private:
        draft["choose"].append(
            f"'{answer}' shows contacts as '[e-mail]' and the like; where they are your own, remove"
            " 'private: redact' from it, and customers read them"
        )
    draft["goal"], draft["aim"] = goal, {"target": answer, "kind": "answers", "inputs": [question]}
    return draft


def _keep_text(draft: FilesDraft, field: str, evidence: str) -> bool:
    """Keep a column as text, redacted where it is private; whether it is."""
    fields = draft["dataset"]["fields"]
    is_private = bool(fields[field].get("private"))
    fields[field] = {"type": "text", "missing": "quarantine"}
    if is_private:
        fields[field]["private"] = "redact"
    draft["evidence"][f"fields.{field}"] = evidence
    return is_private


def _find_first(
    drafts: Sequence[FilesDraft], find: Callable[[Sequence[Column]], Found]
) -> tuple[FilesDraft, Found]:
    """The first draft in which something is found, and what is; the columns of all are dropped,
    since a draft is written as JSON.

    Raises:
        ConfigValueError: it is found in none.
    """
    faults: list[ConfigValueError] = []
    read = [(draft, draft.pop("columns")) for draft in drafts]
    for draft, columns in read:
        try:
            return draft, find(columns)
        except ConfigValueError as error:
            faults.append(error)
    raise faults[0]


def _same(key: str | None, item: str) -> bool:
    """Whether a table's key is named as the item's column is, or only `id`.

    >>> _same("movie", "movie_id"), _same("id", "movie"), _same("user", "movie")
    (True, True, False)
    """
    return key is not None and {*split_name(key)} - {"id"} <= {*split_name(item)}
