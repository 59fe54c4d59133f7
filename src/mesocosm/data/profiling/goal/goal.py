"""What a goal in words asks of a table: from which fields one is predicted, as classes or as a
number, and what was not sure.

Knows columns of a draft. Knows no models; the fields of the draft are set for what is predicted.
"""

from __future__ import annotations

import re
from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.data.profiling.goal.target_column import FIGURES, NUMBERS, target_of
from mesocosm.data.profiling.goal.task_intent import of_people
from mesocosm.data.profiling.profile import BLANK, Column, Draft
from mesocosm.data.sources.path_utils import quote

PEOPLE = re.compile(r"(^|_)(sex|gender|age|race|ethnic\w*|religion|nationality)(_|$)", re.I)
OFTEN = 10  # rows of one identifier from which on it says something of the rows to come
FEW = 10  # different whole numbers up to which a number that nobody asks the size of is taken for classes
ALONE = 0.995  # share of rows that one field tells rightly by itself, from which on it is left out


def aim(
    con: Any,
    table: str,
    found: Draft,
    goal: str,
    target: str | None = None,
    kind: str | None = None,
) -> dict[str, Any]:
    """What the goal picks of a drafted table; the drafted field of what is predicted is set for it.

    Args:
        target: the column that is predicted, where it is given outright.
        kind: `classes` or `number`, where it is given outright.

    Returns:
        `target`, `kind` (`classes` or `number`), `inputs`, `people` (fields that tell groups of
        people), `least` (the share of the rarest class), `rows`, `why` (a sentence for each
        setting) and `choose` (sentences for what was not sure).

    Raises:
        Wrong: no field can be predicted, or the goal fits none.
    """
    columns = {c.name: c for c in found.columns}
    target, why, choose = target_of(found, goal, target)
    kind = kind or _kind(found.fields[target], columns[target], goal)
    settings = {k: v for k, v in found.fields[target].items() if k not in ("private", "outliers")}
    if kind == "number" and settings["type"] not in FIGURES:
        raise Wrong(
            "task",
            f"'{target}' is to be a number, and"
            f" {found.open.get(target) or 'its values are not all numbers'}",
            "a column of numbers, or '--task classification'",
        )
    found.fields[target] = (
        settings
        if kind == "number" or settings["type"] in ("boolean", "category")
        else {"type": "category"}
    )
    found.fields[target]["missing"] = "quarantine"
    if columns[target].missing:
        choose.append(
            f"'{target}' is missing in {columns[target].missing} of {columns[target].rows} rows,"
            " which teach nothing and are quarantined; 'missing: keep' keeps them"
        )
    else:
        del found.fields[target]["missing"]
    found.proposals = [
        p
        for p in found.proposals
        if p.where != f"fields.{target}"
        and f'"to": {_json(target)}' not in p.line
        and f"[{_json(target)}]" not in p.line
    ]
    why["kind"] = (
        f"{columns[target].distinct} different values in"
        f" {columns[target].rows - columns[target].missing} rows"
    )
    inputs = []
    for name, settings in found.fields.items():
        reason = (
            ""
            if name in (target, found.key)
            else _left_out(con, table, columns[name], settings, target, kind, found)
        )
        if reason:
            why[f"left.{name}"] = f"'{name}' is left out: {reason}"
            if "tells" in reason:
                choose.append(
                    f"'{name}' {reason.removeprefix('it ')}; put it into 'inputs' and 'trust' if it"
                    f" is known before '{target}' is"
                )
        elif name not in (target, found.key):
            inputs.append(name)
    for name, field in found.fields.items():
        if name != target and field.get("private") == "redact":
            choose.append(
                f"'{name}' is left out, since its texts hold private content; where a model may"
                " read it, put it into 'inputs' and into 'reveal'"
            )
    if not inputs:
        raise Wrong("goal", f"nothing is left to predict '{target}' from", "more columns")
    aliases = found.fields[target].get("aliases", {}) if kind == "classes" else {}
    counts: dict[str, int] = {}
    for value, rows in columns[target].counts.items():  # as a build counts them
        counts[aliases.get(value, value)] = counts.get(aliases.get(value, value), 0) + rows
    seen = sum(counts.values())
    return {
        "target": target,
        "kind": kind,
        "inputs": inputs,
        "people": [
            n
            for n in found.fields
            if PEOPLE.search(n)
            and n != target
            and not found.fields[n].get("private")
            and found.fields[n]["type"] in ("category", "boolean", "integer", "number")
        ],
        "classes": sorted(counts, key=lambda v: -counts[v])[:20] if kind == "classes" else [],
        "least": min(counts.values()) / seen if kind == "classes" and seen else None,
        "rarest": min(counts.values()) if counts else 0,
        "texts": [n for n in inputs if found.fields[n]["type"] == "text"],
        "rows": seen,
        "why": why,
        "choose": choose,
        "english": _english([columns[n] for n in inputs if found.fields[n]["type"] == "text"]),
    }


def _json(value: str) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def _kind(settings: dict[str, Any], column: Column, goal: str) -> str:
    if settings["type"] in FIGURES and not (
        column.distinct <= FEW
        and all(float(v).is_integer() for v in column.counts if re.fullmatch(r"-?\d+(\.\d+)?", v))
        and not NUMBERS.search(goal)
    ):
        return "number"
    return "classes"


def _left_out(
    con: Any,
    table: str,
    column: Column,
    settings: dict[str, Any],
    target: str,
    kind: str,
    found: Draft,
) -> str:
    """Why a column is no input; empty where it is one."""
    seen = column.rows - column.missing
    if settings["type"] == "image":
        return ""
    if settings.get("private"):
        return "it is private"
    if column.distinct < 2:
        return "it says the same in every row" if seen else "it is empty"
    if column.name in found.identifiers and of_people(column.name):
        return (
            f"{found.identifiers[column.name]}, and it names somebody; a model would learn people"
            " by heart"
        )
    if column.name in found.identifiers and column.distinct > max(20, seen / OFTEN):
        return (
            f"{found.identifiers[column.name]}; {column.distinct} values in {seen} rows say nothing"
            " of one that is new"
        )
    if column.name in found.open and "currencies" in found.open[column.name]:
        return found.open[column.name]
    if column.missing > 0.98 * column.rows:
        return "nearly every row lacks it"
    if (
        settings["type"] == "text"
        and column.distinct > 0.9 * seen
        and sum(bool(re.fullmatch(r"[!-~]+", v)) for v in list(column.counts)[:200])
        > 0.9 * min(200, len(column.counts))
    ):
        return (
            "nearly every row has its own"
            f" value{f', and {found.open[column.name]}' if column.name in found.open else ''}"
        )
    if kind == "classes" and 2 * column.distinct <= seen:
        x, y = quote(column.name), quote(target)
        clean = (
            f"select {BLANK.replace('x', x + '::varchar')} as gap, {x} as x, {y} as y from"
            f" {quote(table)}"
        )
        right, rows, most = con.execute(
            f"with t as ({clean}), n as (select x, y, count(*) as n from t where not coalesce(gap,"
            " true) and y is not null group by 1, 2), m as (select x, max(n) as best, sum(n) as"
            " every from n group by 1) select sum(best), sum(every), (select max(s) from (select"
            " sum(n) as s from n group by y)) from m"
        ).fetchall()[0]
        if rows and right / rows >= ALONE > most / rows:
            return (
                f"it tells '{target}' by itself in {right / rows:.1%} of the rows, so it may be"
                " known only after the fact"
            )
    return ""


def _english(columns: list[Column]) -> bool:
    """Whether texts are mostly written in Latin letters."""
    text = "".join(v for c in columns for v in list(c.counts)[:200])
    letters = [ch for ch in text if ch.isalpha()]
    return not letters or sum(ch.isascii() for ch in letters) > 0.7 * len(letters)
