"""What a goal in words asks of a table: which field is predicted, from which others, and what was not sure.

Knows columns and words, English and Chinese. Knows no models; the fields of the draft are set for what is predicted.
"""

from __future__ import annotations

import re
from typing import Any

from mesocosm.base.errors import Wrong
from mesocosm.govern.draft import BLANK, Column, Draft
from mesocosm.govern.sources.paths import quote

TARGETS = re.compile(r"^(target|label|class|y|outcome|grade|default(ed)?|churn(ed)?|survived|sentiment|mood|intent|disease|diagnosis|species|score|result|status|price|rating|quality|category|creditability|progression)$", re.I)
PEOPLE = re.compile(r"(^|_)(sex|gender|age|race|ethnic\w*|religion|nationality)(_|$)", re.I)
WORDS = {
    "违约": "default bad credit risk", "信用": "credit grade", "等级": "grade class", "风险": "risk bad", "价格": "price", "房价": "price", "情感": "sentiment mood", "情绪": "sentiment mood", "意图": "intent",
    "疾病": "disease diagnosis", "患者": "disease", "心脏": "heart disease", "流失": "churn", "评分": "rating score", "品种": "species class", "类别": "class category", "主题": "topic", "质量": "quality", "标签": "label", "结果": "result outcome",
}  # fmt: skip
NUMBERS = re.compile(r"how (much|many|long|far|old)|estimate|price|amount|多少|价格|数量|房价|估计", re.I)
SKIP = {"which", "what", "will", "from", "with", "that", "this", "their", "them", "predict", "tell", "whether", "give", "have", "does", "each", "based", "using", "for", "the", "and", "are", "who"}
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
    return {_stem(w) for w in re.findall(r"[a-z]{3,}", said)} - SKIP | set(re.findall(r"[\u4e00-\u9fff]{2,}", goal))


def _stem(word: str) -> str:
    return re.sub(r"(ing|ed|es|s)$", "", word) if len(word) > 4 else word


def aim(con: Any, table: str, found: Draft, goal: str) -> dict[str, Any]:
    """What the goal picks of a drafted table; the drafted field of what is predicted is set for it.

    Returns:
        `target`, `kind` (`classes` or `number`), `inputs`, `people` (fields that tell groups of people), `least` (the share of the
        rarest class), `rows`, `why` (a sentence for each setting) and `choose` (sentences for what was not sure).

    Raises:
        Wrong: no field can be predicted.
    """
    columns = {c.name: c for c in found.columns}
    ranked = _ranked(found, goal)
    if not ranked:
        raise Wrong("goal", "no column of the file can be predicted", "a column of a few classes, or of numbers")
    best, target = ranked[0]
    why, choose = {"target": f"the goal's words, its name, its values and its place speak for '{target}' ({best:.1f}; the next has {ranked[1][0]:.1f})" if len(ranked) > 1 else "it is the only field that can be predicted"}, []
    near = [n for s, n in ranked[1:4] if best - s < SURE]
    if near:
        choose.append(f"'predict' may also be {', '.join(near)}; the goal does not tell them apart")
    kind = _kind(found.fields[target], columns[target], goal)
    if kind == "classes":
        found.fields[target] = {"type": "boolean" if found.fields[target]["type"] == "boolean" else "category", "missing": "quarantine"}
    else:
        found.fields[target] = {**{k: v for k, v in found.fields[target].items() if k in ("type", "unit", "column", "decimal")}, "missing": "quarantine"}
    why["kind"] = f"{columns[target].distinct} different values in {columns[target].rows - columns[target].missing} rows"
    inputs = []
    for name, settings in found.fields.items():
        reason = "" if name in (target, found.key) else _left_out(con, table, columns[name], settings, target, kind)
        if reason:
            why[f"left.{name}"] = f"'{name}' is left out: {reason}"
            if "tells" in reason:
                choose.append(f"'{name}' {reason.removeprefix('it ')}; put it into 'inputs' and 'trust' if it is known before '{target}' is")
        elif name not in (target, found.key):
            inputs.append(name)
    if not inputs:
        raise Wrong("goal", f"nothing is left to predict '{target}' from", "more columns")
    counts = columns[target].counts
    seen = sum(counts.values())
    return {
        "target": target, "kind": kind, "inputs": inputs, "people": [n for n in found.fields if PEOPLE.search(n) and n != target and not found.fields[n].get("private") and found.fields[n]["type"] in ("category", "boolean", "integer", "number")],
        "classes": sorted(counts, key=lambda v: -counts[v])[:20] if kind == "classes" else [], "least": min(counts.values()) / seen if kind == "classes" and seen else None, "rarest": min(counts.values()) if counts else 0,
        "texts": [n for n in inputs if found.fields[n]["type"] == "text"], "rows": seen, "why": why, "choose": choose,
        "english": _english([columns[n] for n in inputs if found.fields[n]["type"] == "text"]),
    }  # fmt: skip


def aimed_at(found: Draft, goal: str) -> float:
    """How much speaks for the best field of a drafted table as what a goal means."""
    return max((score for score, _ in _ranked(found, goal)), default=-2.0)


def _ranked(found: Draft, goal: str) -> list[tuple[float, str]]:
    """The fields that may be predicted, the likeliest first."""
    words, columns = words_of(goal), {c.name: c for c in found.columns}
    last = list(found.fields)[-1]
    scores = {name: _score(columns[name], settings, words, goal, name == last) for name, settings in found.fields.items() if name != found.key and not settings.get("private")}
    return sorted(((s, n) for n, s in scores.items() if s > -2), reverse=True)


def _score(column: Column, settings: dict[str, Any], words: set[str], goal: str, last: bool) -> float:
    """How much speaks for a column as what is predicted."""
    names = {_stem(w) for w in re.findall(r"[a-z]{3,}", re.sub(r"([a-z])([A-Z])", r"\1 \2", column.name).lower())} | set(re.findall(r"[\u4e00-\u9fff]{2,}", column.name))
    score = sum(3.0 for n in names if n in words or any(len(w) > 4 and len(n) > 4 and (n.startswith(w[:5]) or w.startswith(n[:5])) for w in words))
    score += 2.0 if any(n in goal for n in names if not n.isascii()) else 0.0
    values = {_stem(w) for v in list(column.counts)[:30] for w in re.findall(r"[a-z]{3,}", v.lower())} if column.distinct <= 100 else set()
    score += min(2.0, 1.0 * len(values & words))
    score += 1.5 * bool(TARGETS.match(column.name)) + 0.75 * last
    kind, seen = settings["type"], column.rows - column.missing
    score += 0.5 * (kind in ("category", "boolean")) + 1.0 * (kind in ("number", "integer") and bool(NUMBERS.search(goal))) - 2.5 * (kind == "text") - 4.0 * (kind == "date")
    return float(score - 5.0 * (column.distinct < 2) - 1.5 * (column.missing > 0.3 * column.rows) - 3.0 * (kind not in ("number", "integer") and column.distinct > max(200, seen / 4)))


def _kind(settings: dict[str, Any], column: Column, goal: str) -> str:
    if settings["type"] in ("number", "integer") and not (column.distinct <= FEW and all(float(v).is_integer() for v in column.counts if re.fullmatch(r"-?\d+(\.\d+)?", v)) and not NUMBERS.search(goal)):
        return "number"
    return "classes"


def _left_out(con: Any, table: str, column: Column, settings: dict[str, Any], target: str, kind: str) -> str:
    """Why a column is no input; empty where it is one."""
    seen = column.rows - column.missing
    if settings.get("private"):
        return "it is private"
    if column.distinct < 2:
        return "it says the same in every row" if seen else "it is empty"
    if column.missing > 0.98 * column.rows:
        return "nearly every row lacks it"
    if settings["type"] == "text" and column.distinct > 0.9 * seen and sum(bool(re.fullmatch(r"[!-~]+", v)) for v in list(column.counts)[:200]) > 0.9 * min(200, len(column.counts)):
        return "it is a name or number of its own in every row"
    if kind == "classes" and 2 * column.distinct <= seen:
        x, y = quote(column.name), quote(target)
        clean = f"select {BLANK.replace('x', x + '::varchar')} as gap, {x} as x, {y} as y from {quote(table)}"
        right, rows, most = con.execute(f"with t as ({clean}), n as (select x, y, count(*) as n from t where not coalesce(gap, true) and y is not null group by 1, 2), m as (select x, max(n) as best, sum(n) as every from n group by 1) select sum(best), sum(every), (select max(s) from (select sum(n) as s from n group by y)) from m").fetchall()[0]
        if rows and right / rows >= ALONE > most / rows:
            return f"it tells '{target}' by itself in {right / rows:.1%} of the rows, so it may be known only after the fact"
    return ""


def _english(columns: list[Column]) -> bool:
    """Whether texts are mostly written in Latin letters."""
    text = "".join(v for c in columns for v in list(c.counts)[:200])
    letters = [ch for ch in text if ch.isalpha()]
    return not letters or sum(ch.isascii() for ch in letters) > 0.7 * len(letters)
