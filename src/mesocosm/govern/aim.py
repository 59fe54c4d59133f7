"""What a goal in words asks of a table: which field is predicted, from which others, and what was
not sure.

Knows columns and words, English and Chinese. Knows no models; the fields of the draft are set for
what is predicted.
"""

from __future__ import annotations

import re
from typing import Any

from mesocosm.base.errors import Wrong
from mesocosm.govern.draft import BLANK, Column, Draft
from mesocosm.govern.drafts.asked import of_people
from mesocosm.govern.drafts.named import named_in, names_in
from mesocosm.govern.sources.paths import quote

TARGETS = re.compile(
    r"^(target|label|class|y|outcome|grade|default(ed)?|churn(ed)?|survived|sentiment|mood|intent|disease|diagnosis|species|score|result|status|price|rating|quality|category|creditability|progression)$",
    re.I,
)
PEOPLE = re.compile(r"(^|_)(sex|gender|age|race|ethnic\w*|religion|nationality)(_|$)", re.I)
WORDS = {
    "违约": "default bad credit risk",
    "信用": "credit grade",
    "等级": "grade class",
    "风险": "risk bad",
    "价格": "price",
    "房价": "price",
    "情感": "sentiment mood",
    "情绪": "sentiment mood",
    "意图": "intent",
    "疾病": "disease diagnosis",
    "患者": "disease",
    "心脏": "heart disease",
    "流失": "churn",
    "评分": "rating score",
    "品种": "species class",
    "类别": "class category",
    "主题": "topic",
    "质量": "quality",
    "标签": "label",
    "结果": "result outcome",
}
NUMBERS = re.compile(
    r"how (much|many|long|far|old)|estimate|price|amount|多少|价格|数量|房价|估计", re.I
)
SKIP = {
    "which",
    "what",
    "will",
    "from",
    "with",
    "that",
    "this",
    "their",
    "them",
    "predict",
    "tell",
    "whether",
    "give",
    "have",
    "does",
    "each",
    "based",
    "using",
    "for",
    "the",
    "and",
    "are",
    "who",
}
GENERIC = re.compile(r"^(target|label|class|y|outcome|标签|目标)$", re.I)
OFTEN = 10  # rows of one identifier from which on it says something of the rows to come
FIGURES = ("number", "integer", "decimal")  # types of fields that a model of numbers may predict
FEW = 10  # different whole numbers up to which a number that nobody asks the size of is taken for classes
SURE = 1.5  # by how much the first must lead the second to be taken without a question
ALONE = 0.995  # share of rows that one field tells rightly by itself, from which on it is left out


def words_of(goal: str) -> set[str]:
    """The stems of a goal's words; Chinese ones as what they are called in tables.

    >>> sorted(words_of("Predict which applicants default")), "churn" in words_of("预测客户流失")
    (['applicant', 'default'], True)
    """
    said = goal.lower()
    for word, means in WORDS.items():
        if word in said:
            said += f" {means}"
    return {_stem(w) for w in re.findall(r"[a-z]{3,}", said)} - SKIP | set(
        re.findall(r"[\u4e00-\u9fff]{2,}", goal)
    )


def _stem(word: str) -> str:
    return re.sub(r"(ing|ed|es|s)$", "", word) if len(word) > 4 else word


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
    counts = columns[target].counts
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


def target_of(
    found: Draft, goal: str, target: str | None = None
) -> tuple[str, dict[str, str], list[str]]:
    """The column that is predicted, why, and what was not sure.

    Raises:
        Wrong: no column is named so, or the goal fits none.
    """
    names = list(found.fields)
    if target is not None:
        if target not in names:
            raise Wrong(
                "target", f"no column is named '{target}'", "a column of the file", names, target
            )
        return target, {"target": "it is given as the target"}, []
    own = {
        c.name
        for c in found.columns
        if c.name == found.key or (c.name in found.identifiers and c.distinct > c.seen / 2)
    }
    if (exact := named_in(goal, names, own)) and next(
        c for c in found.columns if c.name == exact
    ).distinct < 2:
        raise Wrong(
            "goal",
            f"no column of the file can be predicted: '{exact}' says the same in every row",
            "a column of a few classes, or of numbers",
        )
    if exact:
        also = [
            n
            for n in names_in(goal, names, own)
            if n != exact and next(c for c in found.columns if c.name == n).distinct > 1
        ]
        choose = (
            [
                f"'predict' may also be {', '.join(also)}; the goal names"
                f" {'both' if len(also) == 1 else 'each of them'}"
            ]
            if also
            else []
        )
        return exact, {"target": f"the goal names the column '{exact}'"}, choose
    ranked = _ranked(found, goal)
    if not ranked:
        raise Wrong(
            "goal",
            "no column of the file can be predicted",
            "a column of a few classes, or of numbers",
        )
    fits = [(s, n) for s, n in ranked if _fits(found, n, goal)]
    if not fits:
        raise Wrong(
            "goal",
            f"no column fits the goal; the nearest are {', '.join(n for _, n in ranked[:5])}",
            "a goal that names one of them, or '--target COLUMN'",
        )
    best, name = fits[0]
    near = [n for s, n in fits[1:4] if best - s < SURE]
    choose = (
        [f"'predict' may also be {', '.join(near)}; the goal does not tell them apart"]
        if near
        else []
    )
    return (
        name,
        {"target": f"of all columns the name and the values of '{name}' fit the goal best"},
        choose,
    )


def _fits(found: Draft, name: str, goal: str) -> bool:
    """Whether a word of the goal speaks for a column, or its name is one that targets have."""
    column = next(c for c in found.columns if c.name == name)
    return bool(GENERIC.match(name)) or _spoken(column, words_of(goal), goal) > 0


def _json(value: str) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def aimed_at(found: Draft, goal: str) -> float:
    """How much speaks for the best field of a drafted table as what a goal means."""
    return max((score for score, _ in _ranked(found, goal)), default=-2.0)


def _ranked(found: Draft, goal: str) -> list[tuple[float, str]]:
    """The fields that may be predicted, the likeliest first."""
    words, columns = words_of(goal), {c.name: c for c in found.columns}
    last = list(found.fields)[-1]
    scores = {
        name: _score(columns[name], settings, words, goal, name == last)
        for name, settings in found.fields.items()
        if name != found.key and name not in found.identifiers and not settings.get("private")
    }
    return sorted(((s, n) for n, s in scores.items() if s > -2), reverse=True)


def _spoken(column: Column, words: set[str], goal: str) -> float:
    """How much the goal's words speak for a column's name and values."""
    names = {
        _stem(w)
        for w in re.findall(r"[a-z]{3,}", re.sub(r"([a-z])([A-Z])", r"\1 \2", column.name).lower())
    } | set(re.findall(r"[\u4e00-\u9fff]{2,}", column.name))
    score = sum(
        3.0
        for n in names
        if n in words
        or any(
            len(w) > 4 and len(n) > 4 and (n.startswith(w[:5]) or w.startswith(n[:5]))
            for w in words
        )
    )
    score += 2.0 if any(n in goal for n in names if not n.isascii()) else 0.0
    values = (
        {_stem(w) for v in list(column.counts)[:30] for w in re.findall(r"[a-z]{3,}", v.lower())}
        if column.distinct <= 100
        else set()
    )
    return score + min(2.0, 1.0 * len(values & words))


def _score(
    column: Column, settings: dict[str, Any], words: set[str], goal: str, last: bool
) -> float:
    """How much speaks for a column as what is predicted."""
    score = _spoken(column, words, goal)
    score += 1.5 * bool(TARGETS.match(column.name)) + 0.75 * last
    kind, seen = settings["type"], column.rows - column.missing
    score += (
        0.5 * (kind in ("category", "boolean"))
        + 1.0 * (kind in FIGURES and bool(NUMBERS.search(goal)))
        - 2.5 * (kind == "text")
        - 4.0 * (kind == "date")
    )
    return float(
        score
        - 5.0 * (column.distinct < 2)
        - 1.5 * (column.missing > 0.3 * column.rows)
        - 3.0 * (kind not in FIGURES and column.distinct > max(200, seen / 4))
    )


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
