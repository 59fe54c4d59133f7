"""Which column a goal in words means: by its name, by its values, by what such columns are called.
Knows columns and words, English and Chinese.
"""

from __future__ import annotations

import re
from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.data.profiling.goal.named_columns import named_in, names_in
from mesocosm.data.profiling.profile import Column, Draft

TARGETS = re.compile(
    r"^(target|label|class|y|outcome|grade|default(ed)?|churn(ed)?|survived|sentiment|mood|intent|disease|diagnosis|species|score|result|status|price|rating|quality|category|creditability|progression)$",
    re.I,
)
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
FIGURES = ("number", "integer", "decimal")  # types of fields that a model of numbers may predict
SURE = 1.5  # by how much the first must lead the second to be taken without a question


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
