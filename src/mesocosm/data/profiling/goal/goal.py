"""What a goal in words asks of a table: from which fields one is predicted, as classes or as a
number, and what was not sure.

Knows columns of a draft. Knows no models; the fields of the draft are set for what is predicted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, TypedDict

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.pipeline.expressions.typed_rows import read_numbers
from mesocosm.data.profiling.columns.column import FieldSettings
from mesocosm.data.profiling.goal.figures import explain_figures
from mesocosm.data.profiling.goal.target_column import FIGURES, NUMBERS, choose_target
from mesocosm.data.profiling.goal.task_intent import names_people
from mesocosm.data.profiling.profile import BLANK, Column, Draft
from mesocosm.data.sources.path_utils import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PEOPLE = re.compile(
    r"(^|_)(sex|gender|age|race|ethnic\w*|religion|nationality)(_|$)|"
    r"性别|年龄|民族|种族|宗教|国籍|户籍",
    re.I,
)
OFTEN = 10  # rows of one identifier from which on it says something of the rows to come
FEW = 10  # different whole numbers that are classes where nobody asks for a size
ALONE = 0.995  # share of rows that one field tells rightly by itself, from which on it is left out
SHOWN = 20  # classes of an answer
GROUPS = ("category", "boolean", "integer", "number")  # types of fields that tell groups of people


class Aim(TypedDict):
    """What a goal picks of a drafted table.

    `kind` is `classes` or `number`; `people` are fields that tell groups of people; `least` is the
    share of the rarest class; `why` has a sentence for each setting, `choose` sentences for what
    was not sure.
    """

    target: str
    kind: str
    inputs: list[str]
    people: list[str]
    classes: list[str]
    least: float | None
    rarest: int
    texts: list[str]
    rows: int
    why: dict[str, str]
    choose: list[str]
    english: bool


@dataclass(frozen=True)
class _Aim:
    """What is predicted of a table: a column, as `classes` or as a `number`."""

    con: DuckDBPyConnection
    table: str
    found: Draft
    target: Column
    kind: str


def aim(
    con: DuckDBPyConnection,
    table: str,
    found: Draft,
    goal: str,
    target: str | None = None,
    kind: str | None = None,
) -> Aim:
    """Choose what the goal picks of a drafted table; the drafted field of what is predicted is set
    for it.

    Args:
        target: the column that is predicted, where it is given outright.
        kind: `classes` or `number`, where it is given outright.

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
    texts = [name for name in inputs if found.fields[name]["type"] == "text"]
    return {
        "target": target,
        "kind": kind,
        "inputs": inputs,
        "people": _list_groups(found, target),
        **_describe_classes(counts, kind),
        "texts": texts,
        "rows": sum(counts.values()),
        "why": why,
        "choose": choose,
        "english": _are_latin(list(map(found.find_column, texts))),
    }


class _Classes(TypedDict):
    """The classes of a target, and how rare the rarest is."""

    classes: list[str]
    least: float | None
    rarest: int


def _describe_classes(counts: Counter[str], kind: str) -> _Classes:
    rarest = min(counts.values(), default=0)
    if kind != "classes":
        return {"classes": [], "least": None, "rarest": rarest}
    classes = [value for value, _ in counts.most_common(SHOWN)]
    least = rarest / counts.total() if counts.total() else None
    return {"classes": classes, "least": least, "rarest": rarest}


def _set_target(found: Draft, column: Column, kind: str) -> None:
    """Set the drafted field of what is predicted, and withdraw what is proposed for it."""
    name = column.name
    found.fields[name] = _settings_of_target(found, column, kind)
    found.withdraw(name)
    quoted = json.dumps(name, ensure_ascii=False)
    repairs = re.compile(re.escape(f'"to": {quoted}') + "|" + re.escape(f"[{quoted}]"))
    found.proposals = [p for p in found.proposals if not repairs.search(p.line)]


def _settings_of_target(found: Draft, column: Column, kind: str) -> FieldSettings:
    """The settings of the field of what is predicted.

    Raises:
        ConfigValueError: it is to be a number, and is none.
    """
    name = column.name
    settings = dict(found.fields[name])
    if kind == "number" and settings["type"] not in FIGURES:
        raise ConfigValueError(
            "task",
            Message(
                "data.target_not_a_number",
                name=name,
                why=found.open.get(name) or Message("data.values_not_all_numbers"),
            ),
            Message("data.number_column"),
        )
    if kind != "number" and settings["type"] not in ("boolean", "category"):
        settings = {"type": "category"}
    for key in ("private", "outliers", "missing"):
        settings.pop(key, None)
    if column.missing:
        settings["missing"] = "quarantine"
    return settings


def _choose_inputs(aimed: _Aim, why: dict[str, str], choose: list[str]) -> list[str]:
    """The fields that a model reads; the reasons of those left out go to `why` and `choose`."""
    found, target = aimed.found, aimed.target.name
    inputs: list[str] = []
    for name in found.fields:
        if name in (target, found.key):
            continue
        column = found.find_column(name)
        reason = _explain_useless(aimed, column)
        if not reason and (reason := _explain_leak(aimed, column)):
            choose.append(
                f"'{name}' {reason.removeprefix('it ')}; put it into 'features' and 'allow_leakage'"
                f" if it is known before '{target}' is"
            )
        if reason:
            why[f"left.{name}"] = f"'{name}' is left out: {reason}"
        else:
            inputs.append(name)
    _ask_redacted(found, target, choose)
    return inputs


def _ask_redacted(found: Draft, target: str, choose: list[str]) -> None:
    """Add a sentence for each field that is left out since its texts hold private content."""
    for name, field in found.fields.items():
        if name != target and field.get("private") == "redact":
            choose.append(
                f"'{name}' is left out, since its texts hold private content; where a model may"
                " read it, put it into 'features' and into 'allow_private'"
            )


def _count_classes(settings: FieldSettings, column: Column, kind: str) -> Counter[str]:
    """The rows of each value, as a build counts them."""
    aliases = settings.get("aliases") if kind == "classes" else None
    counts = Counter[str]()
    for value, rows in column.counts.items():
        if isinstance(aliases, Mapping):
            value = str(aliases.get(value, value))
        counts[value] += rows
    return counts


def _list_groups(found: Draft, target: str) -> list[str]:
    """The fields that tell groups of people, such as their age."""
    others = {name: field for name, field in found.fields.items() if name != target}
    return [name for name, field in others.items() if _tells_group(name, field)]


def _tells_group(name: str, field: FieldSettings) -> bool:
    """Whether a field that may be shown tells a group of people."""
    if field.get("private") or field["type"] not in GROUPS:
        return False
    return bool(PEOPLE.search(name))


def _choose_kind(settings: FieldSettings, column: Column, goal: str) -> str:
    if settings["type"] not in FIGURES:
        return "classes"
    if column.distinct > FEW or NUMBERS.search(goal):
        return "number"
    numbers = [float(v) for v in column.counts if re.fullmatch(r"-?\d+(\.\d+)?", v)]
    if all(map(float.is_integer, numbers)):
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
        return "it has the same value in every row" if column.seen else "it is empty"
    return (
        _explain_name(column, found.identifiers.get(name, ""))
        or _explain_currencies(found.open.get(name, ""))
        or _explain_gaps(column)
        or explain_figures(column, str(settings["type"]), found.open.get(name, ""))
        or _explain_codes(column, settings, found.open.get(name, ""))
    )


def _explain_currencies(question: str) -> str:
    """An open question of a column, where it is one of currencies."""
    if "currencies" in question:
        return question
    return ""


def _explain_gaps(column: Column) -> str:
    if column.missing > 0.98 * column.rows:
        return "nearly every row lacks it"
    return ""


def _explain_codes(column: Column, settings: FieldSettings, question: str) -> str:
    """Why a column of texts is no input: nearly every row has one of its own."""
    if settings["type"] != "text" or not _are_codes(column):
        return ""
    if question:
        return f"nearly every row has its own value, and {question}"
    return "nearly every row has its own value"


def _explain_name(column: Column, why: str) -> str:
    """Why a column that names something is no input; empty where it names nothing.

    Args:
        why: why it names something.
    """
    if not why:
        return ""
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
    right, rows, most = _count_right(aimed, column)
    if not rows or not right / rows >= ALONE > most / rows:
        return ""
    return (
        f"it tells '{aimed.target.name}' by itself in {right / rows:.1%} of the rows, so it may be"
        " known only after the fact"
    )


def _count_right(aimed: _Aim, column: Column) -> tuple[float, float, float]:
    """The rows whose class a column tells by itself, all rows that have both, and those of the most
    frequent class.
    """
    x, y = quote(column.name), quote(aimed.target.name)
    clean = (
        f"select {BLANK.replace('x', x + '::varchar')} as gap, {x} as x, {y} as y from"
        f" {quote(aimed.table)}"
    )
    counts = read_numbers(
        aimed.con,
        f"with t as ({clean}), n as (select x, y, count(*) as n from t where not coalesce(gap,"
        " true) and y is not null group by 1, 2), m as (select x, max(n) as best, sum(n) as"
        " every from n group by 1) select sum(best), sum(every), (select max(s) from (select"
        " sum(n) as s from n group by y)) from m",
    )
    right, rows, most = (count or 0.0 for count in counts)
    return right, rows, most


def _are_latin(columns: Sequence[Column]) -> bool:
    """Whether texts are mostly written in Latin letters."""
    texts = chain.from_iterable(islice(c.counts, 200) for c in columns)
    letters = list(filter(str.isalpha, "".join(texts)))
    return not letters or sum(map(str.isascii, letters)) > 0.7 * len(letters)
