"""What a goal in words asks of a table: from which fields one is predicted, as classes or as a
number, and what was not sure.

Knows columns of a draft. Knows no models; the fields of the draft are set for what is predicted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.profiling.goal.target_column import FIGURES, NUMBERS, choose_target
from mesocosm.data.profiling.goal.task_intent import names_people
from mesocosm.data.profiling.profile import BLANK, Column, Draft
from mesocosm.data.sources.path_utils import quote

PEOPLE = re.compile(r"(^|_)(sex|gender|age|race|ethnic\w*|religion|nationality)(_|$)", re.I)
OFTEN = 10  # rows of one identifier from which on it says something of the rows to come
FEW = 10  # different whole numbers that are classes where nobody asks for a size
ALONE = 0.995  # share of rows that one field tells rightly by itself, from which on it is left out
SHOWN = 20  # classes of an answer
GROUPS = ("category", "boolean", "integer", "number")  # types of fields that tell groups of people


@dataclass(frozen=True)
class _Aim:
    """What is predicted of a table: a column, as `classes` or as a `number`."""

    con: Any
    table: str
    found: Draft
    target: Column
    kind: str


def aim(
    con: Any,
    table: str,
    found: Draft,
    goal: str,
    target: str | None = None,
    kind: str | None = None,
) -> dict[str, Any]:
    """Choose what the goal picks of a drafted table; the drafted field of what is predicted is set
    for it.

    Args:
        target: the column that is predicted, where it is given outright.
        kind: `classes` or `number`, where it is given outright.

    Returns:
        `target`, `kind` (`classes` or `number`), `inputs`, `people` (fields that tell groups of
        people), `least` (the share of the rarest class), `rows`, `why` (a sentence for each
        setting) and `choose` (sentences for what was not sure).

    Raises:
        ConfigValueError: no field can be predicted, or the goal fits none.
    """
    target, why, choose = choose_target(found, goal, target)
    column = found.find_column(target)
    kind = kind or _choose_kind(found.fields[target], column, goal)
    _set_target(found, column, kind)
    if column.missing:
        choose.append(
            f"'{target}' is missing in {column.missing} of {column.rows} rows, which"
            " are not used for training and are quarantined; 'missing: keep' keeps them"
        )
    why["kind"] = f"{column.distinct} different values in {column.seen} rows"
    inputs = _choose_inputs(_Aim(con, table, found, column, kind), why, choose)
    if not inputs:
        raise ConfigValueError(
            "goal", Message("data.no_inputs_left", target=target), Message("data.more_columns")
        )
    counts = _count_classes(found.fields[target], column, kind)
    seen = sum(counts.values())
    texts = [name for name in inputs if found.fields[name]["type"] == "text"]
    rarest = min(counts.values(), default=0)
    classes: list[str] = []
    least: float | None = None
    if kind == "classes":
        classes = [value for value, _ in counts.most_common(SHOWN)]
        least = rarest / seen if seen else None
    return {
        "target": target,
        "kind": kind,
        "inputs": inputs,
        "people": _list_groups(found, target),
        "classes": classes,
        "least": least,
        "rarest": rarest,
        "texts": texts,
        "rows": seen,
        "why": why,
        "choose": choose,
        "english": _are_latin([found.find_column(name) for name in texts]),
    }


def _set_target(found: Draft, column: Column, kind: str) -> None:
    """Set the drafted field of what is predicted, and withdraw what is proposed for it."""
    name = column.name
    settings = {k: v for k, v in found.fields[name].items() if k not in ("private", "outliers")}
    if kind == "number" and settings["type"] not in FIGURES:
        raise ConfigValueError(
            "task",
            f"'{name}' is to be a number, and"
            f" {found.open.get(name) or 'its values are not all numbers'}",
            Message("data.number_column"),
        )
    if kind != "number" and settings["type"] not in ("boolean", "category"):
        settings = {"type": "category"}
    settings.pop("missing", None)
    if column.missing:
        settings["missing"] = "quarantine"
    found.fields[name] = settings
    quoted = json.dumps(name, ensure_ascii=False)
    found.withdraw(name)
    found.proposals = [
        p
        for p in found.proposals
        if f'"to": {quoted}' not in p.line and f"[{quoted}]" not in p.line
    ]


def _choose_inputs(aimed: _Aim, why: dict[str, str], choose: list[str]) -> list[str]:
    """The fields that a model reads; the reasons of those left out go to `why` and `choose`."""
    found, target = aimed.found, aimed.target.name
    inputs = []
    for name in found.fields:
        if name in (target, found.key):
            continue
        column = found.find_column(name)
        leak = ""
        reason = _explain_useless(aimed, column)
        if not reason:
            reason = leak = _explain_leak(aimed, column)
        if not reason:
            inputs.append(name)
            continue
        why[f"left.{name}"] = f"'{name}' is left out: {reason}"
        if leak:
            choose.append(
                f"'{name}' {leak.removeprefix('it ')}; put it into 'features' and 'allow_leakage'"
                f" if it is known before '{target}' is"
            )
    for name, field in found.fields.items():
        if name != target and field.get("private") == "redact":
            choose.append(
                f"'{name}' is left out, since its texts hold private content; where a model may"
                " read it, put it into 'features' and into 'allow_private'"
            )
    return inputs


def _count_classes(settings: dict[str, Any], column: Column, kind: str) -> Counter[str]:
    """The rows of each value, as a build counts them."""
    aliases = settings.get("aliases", {}) if kind == "classes" else {}
    counts = Counter[str]()
    for value, rows in column.counts.items():
        counts[aliases.get(value, value)] += rows
    return counts


def _list_groups(found: Draft, target: str) -> list[str]:
    """The fields that tell groups of people, such as their age."""
    return [
        name
        for name, field in found.fields.items()
        if name != target
        and PEOPLE.search(name)
        and not field.get("private")
        and field["type"] in GROUPS
    ]


def _choose_kind(settings: dict[str, Any], column: Column, goal: str) -> str:
    if settings["type"] not in FIGURES:
        return "classes"
    numbers = [v for v in column.counts if re.fullmatch(r"-?\d+(\.\d+)?", v)]
    few_whole = column.distinct <= FEW and all(float(v).is_integer() for v in numbers)
    if few_whole and not NUMBERS.search(goal):
        return "classes"
    return "number"


def _explain_useless(aimed: _Aim, column: Column) -> str:
    """Why a column says nothing that a model may use; empty where it does."""
    found, name = aimed.found, column.name
    settings = found.fields[name]
    if settings["type"] == "image":
        return ""
    if settings.get("private"):
        return "it is private"
    if column.distinct < 2:
        if column.seen:
            return "it has the same value in every row"
        return "it is empty"
    if name in found.identifiers and (why := _explain_name(column, found.identifiers[name])):
        return why
    if "currencies" in found.open.get(name, ""):
        return found.open[name]
    if column.missing > 0.98 * column.rows:
        return "nearly every row lacks it"
    if settings["type"] == "text" and _are_codes(column):
        if name in found.open:
            return f"nearly every row has its own value, and {found.open[name]}"
        return "nearly every row has its own value"
    return ""


def _explain_name(column: Column, why: str) -> str:
    """Why a column that names something is no input."""
    if names_people(column.name):
        return f"{why}, and it names somebody; a model would memorise people"
    if column.distinct > max(20, column.seen / OFTEN):
        return (
            f"{why}; {column.distinct} values in {column.seen} rows say nothing of one that is new"
        )
    return ""


def _are_codes(column: Column) -> bool:
    """Whether nearly every row has a value of its own, of one word in plain letters."""
    if column.distinct <= 0.9 * column.seen:
        return False
    first = list(islice(column.counts, 200))
    return sum(bool(re.fullmatch(r"[!-~]+", v)) for v in first) > 0.9 * len(first)


def _explain_leak(aimed: _Aim, column: Column) -> str:
    """Why a column tells the target by itself, so that it may be known only after the fact; empty
    where it does not.
    """
    is_image = aimed.found.fields[column.name]["type"] == "image"
    if is_image or aimed.kind != "classes" or 2 * column.distinct > column.seen:
        return ""
    x, y = quote(column.name), quote(aimed.target.name)
    clean = (
        f"select {BLANK.replace('x', x + '::varchar')} as gap, {x} as x, {y} as y from"
        f" {quote(aimed.table)}"
    )
    right, rows, most = aimed.con.execute(
        f"with t as ({clean}), n as (select x, y, count(*) as n from t where not coalesce(gap,"
        " true) and y is not null group by 1, 2), m as (select x, max(n) as best, sum(n) as"
        " every from n group by 1) select sum(best), sum(every), (select max(s) from (select"
        " sum(n) as s from n group by y)) from m"
    ).fetchall()[0]
    if not rows or not right / rows >= ALONE > most / rows:
        return ""
    return (
        f"it tells '{aimed.target.name}' by itself in {right / rows:.1%} of the rows, so it may be"
        " known only after the fact"
    )


def _are_latin(columns: Sequence[Column]) -> bool:
    """Whether texts are mostly written in Latin letters."""
    texts = chain.from_iterable(islice(c.counts, 200) for c in columns)
    letters = [ch for ch in "".join(texts) if ch.isalpha()]
    return not letters or sum(ch.isascii() for ch in letters) > 0.7 * len(letters)
