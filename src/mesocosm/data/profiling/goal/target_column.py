"""Which column a goal in words means: by its name, by its values, by what such columns are called.
Knows columns and words, English and Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.profiling.columns.column import FieldSettings
from mesocosm.data.profiling.goal.named_columns import find_named_columns
from mesocosm.data.profiling.profile import Column, Draft

TARGETS = re.compile(
    r"^(target|label|class|y|outcome|grade|default(ed)?|churn(ed)?|survived|sentiment|mood|intent|"
    r"disease|diagnosis|species|score|result|status|price|rating|quality|category|creditability|"
    r"progression|标签|类别|分类|结果|目标|等级|是否.+)$",
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
    "销售": "sales revenue",
    "销量": "sales volume",
    "收入": "income revenue",
    "工资": "salary income",
    "欺诈": "fraud",
    "逾期": "overdue default",
    "退货": "return",
    "点击": "click",
    "购买": "purchase",
    "转化": "conversion",
    "故障": "failure fault",
    "满意": "satisfaction",
    "打分": "rating score 评分 得分",
    "离职": "attrition",
    "垃圾": "spam",
    "诊断": "diagnosis",
    "生存": "survived",
}
NUMBERS = re.compile(
    r"how (much|many|long|far|old)|estimate|price|amount|多少|价格|数量|房价|估计|预估|回归|销量|"
    r"销售额|金额",
    re.I,
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


UNFIT = -2.0  # a score up to which a column is not predicted
NO_TARGET = Message("data.no_target")
TARGET = Message("data.target_expected")
HAN_WORD = re.compile(r"[\u4e00-\u9fff]{2,}")
LATIN_WORD = re.compile(r"[a-z]{3,}")


def stem_words(goal: str) -> set[str]:
    """The stems of a goal's words; Chinese ones as what they are called in tables.

    >>> sorted(stem_words("Predict which applicants default"))
    ['applicant', 'default']
    >>> "churn" in stem_words("预测客户流失")
    True
    """
    text = goal.lower()
    for word, means in WORDS.items():
        if word in text:
            text += f" {means}"
    return (set(map(_stem, LATIN_WORD.findall(text))) - SKIP).union(HAN_WORD.findall(goal))


def _stem(word: str) -> str:
    if len(word) > 4:
        return re.sub(r"(ing|ed|es|s)$", "", word)
    return word


def choose_target(
    found: Draft, goal: str, target: str | None = None
) -> tuple[str, dict[str, str], list[str]]:
    """The column that is predicted, why, and what was not sure.

    Raises:
        ConfigValueError: no column is named so, or the goal fits none.
    """
    names = list(found.fields)
    if target is not None:
        if target not in names:
            raise ConfigValueError(
                "target",
                Message("data.no_column_named", column=target),
                Message("data.column_of_file"),
                names,
                target,
            )
        return target, {"target": "it is given as the target"}, []
    own = [c.name for c in found.columns if _names_rows(found, c)]
    texts = [name for name, field in found.fields.items() if field["type"] == "text"]
    named = find_named_columns(goal, names, own, texts)
    if named:
        return _choose_named(found, named)
    return _choose_fitting(found, goal)


def _names_rows(found: Draft, column: Column) -> bool:
    if column.name == found.key:
        return True
    return column.name in found.identifiers and column.distinct > column.seen / 2


def _choose_named(found: Draft, named: Sequence[str]) -> tuple[str, dict[str, str], list[str]]:
    """The first of the columns that the goal names."""
    first, *others = named
    if found.find_column(first).distinct < 2:
        raise ConfigValueError(
            "goal", Message("data.target_constant", problem=NO_TARGET, name=first), TARGET
        )
    also = [name for name in others if found.find_column(name).distinct > 1]
    choose = []
    if also:
        each = "both" if len(also) == 1 else "each of them"
        choose.append(f"'target' may also be {', '.join(also)}; the goal names {each}")
    return first, {"target": f"the goal names the column '{first}'"}, choose


def _choose_fitting(found: Draft, goal: str) -> tuple[str, dict[str, str], list[str]]:
    """The column whose name and values fit the goal best."""
    fits = _rank_fitting(found, goal)
    best, name = fits[0]
    near = [other for score, other in fits[1:4] if best - score < SURE]
    choose: list[str] = []
    if near:
        choose.append(f"'target' may also be {', '.join(near)}; the goal does not tell them apart")
    why = f"of all columns the name and the values of '{name}' fit the goal best"
    return name, {"target": why}, choose


def _rank_fitting(found: Draft, goal: str) -> list[tuple[float, str]]:
    """The fields that fit a goal with their scores, the best first.

    Raises:
        ConfigValueError: none does.
    """
    ranked = _rank_targets(found, goal)
    if not ranked:
        raise ConfigValueError("goal", NO_TARGET, TARGET)
    fits = [(score, name) for score, name in ranked if _fits(found, name, goal)]
    if not fits:
        nearest = tuple(name for _, name in ranked[:5])
        raise ConfigValueError(
            "goal",
            Message("data.no_fitting_column", names=nearest),
            Message("data.goal_naming_one"),
        )
    return fits


def _fits(found: Draft, name: str, goal: str) -> bool:
    """Whether a word of the goal matches a column, or its name is one that targets have."""
    if GENERIC.match(name):
        return True
    return _score_words(found.find_column(name), stem_words(goal), goal) > 0


def score_table(found: Draft, goal: str) -> float:
    """The score of the best field of a drafted table as what a goal means."""
    return max((score for score, _ in _rank_targets(found, goal)), default=UNFIT)


def _rank_targets(found: Draft, goal: str) -> list[tuple[float, str]]:
    """The fields that may be predicted, the likeliest first."""
    words = stem_words(goal)
    last = list(found.fields)[-1]
    ranked: list[tuple[float, str]] = []
    for name, settings in found.fields.items():
        if not _may_be_predicted(found, name):
            continue
        score = _score(found.find_column(name), settings, words, goal)
        if name == last:
            score += 0.75
        if score > UNFIT:
            ranked.append((score, name))
    return sorted(ranked, reverse=True)


def _may_be_predicted(found: Draft, name: str) -> bool:
    """Whether a field names nothing and is not private."""
    if name == found.key or name in found.identifiers:
        return False
    return not found.fields[name].get("private")


def _score_words(column: Column, words: set[str], goal: str) -> float:
    """How well the goal's words match a column's name and values."""
    name = re.sub(r"([a-z])([A-Z])", r"\1 \2", column.name).lower()
    names = set(map(_stem, LATIN_WORD.findall(name))).union(HAN_WORD.findall(column.name))
    score = 3.0 * sum(_is_meant(n, words) for n in names)
    if any(n in goal for n in names if not n.isascii()):
        score += 2.0
    if column.distinct > 100:
        return score
    return score + min(2.0, 1.0 * len(_stem_values(column) & words))


def _stem_values(column: Column) -> set[str]:
    """The stems of the words of a column's most frequent values."""
    stems = set[str]()
    for value in islice(column.counts, 30):
        stems.update(map(_stem, LATIN_WORD.findall(value.lower())))
    return stems


def _is_meant(name: str, words: Iterable[str]) -> bool:
    """Whether a word of a name is one of the goal's words, or begins like one of them."""
    if name in words:
        return True
    if len(name) <= 4:
        return False
    return any(word[:5] == name[:5] for word in words if len(word) > 4)


def _score(column: Column, settings: FieldSettings, words: set[str], goal: str) -> float:
    """The score of a column as what is predicted."""
    kind = settings["type"]
    is_figure = kind in FIGURES
    parts = (
        (1.5, TARGETS.match(column.name)),
        (0.5, kind in ("category", "boolean")),
        (1.0, is_figure and NUMBERS.search(goal)),
        (-2.5, kind == "text"),
        (-4.0, kind == "date"),
        (-5.0, column.distinct < 2),
        (-1.5, column.missing > 0.3 * column.rows),
        (-3.0, not is_figure and column.distinct > max(200, column.seen / 4)),
    )
    return _score_words(column, words, goal) + sum(points for points, holds in parts if holds)
