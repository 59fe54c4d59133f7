"""From a goal to a configuration: a drafted table and what the goal picked of it become a model, a
service, a monitor and a place, each with its reason.

Knows what fits which data and machine. Trains nothing; what it writes passes `check`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from mesocosm.assistant.architect_tasks import draft_answers, draft_ranking
from mesocosm.assistant.base_choice import choose_for_columns, explain_choice, list_missing
from mesocosm.assistant.files_draft import FilesDraft, PredictionAim
from mesocosm.core.records import Json
from mesocosm.data.profiling.auto_fields import draft_files
from mesocosm.data.profiling.goal.task_intent import classify_goal
from mesocosm.learning.base_models.encoder_choice import EncoderChoice

FORMS = (
    (
        "clinic",
        r"patient|disease|diagnos|hospital|clinic|heart|cancer|tumou?r|diabet|患者|疾病|医院|心脏",
    ),
    ("market", r"sentiment|mood|headline|news|stock|opinion|market|情感|情绪|舆情|新闻"),
    ("shop", r"recommend|purchase|product|basket|shop|推荐|购买|商品"),
    ("desk", r"intent|message|ticket|question|support|complaint|topic|意图|客服|消息|主题"),
)
BAD = re.compile(
    r"^(neg(ative)?|bad|yes|true|1|default(ed)?|fraud|churn(ed)?|ill|malignant|负面|坏|是|违约|逾期|"
    r"流失|欺诈|退货|差评|阳性|高风险)$",
    re.I,
)
GOOD = re.compile(
    r"^(pos(itive)?|good|paid|approved?|accept(ed)?|hired?|好|正面|通过|批准|录用|好评)$", re.I
)
LEAST_WINDOW, MOST_WINDOW = 30, 200  # requests
MOST_CLASSES = 20  # that a draft counts
RARE = 0.4  # share of the rarer of two classes under which they are of unlike size
STRATIFIED, TOO_RARE = 5, 3  # rows of the rarest class
RAISE_IT = "raise the bound to what you would not go under"


@dataclass
class Advice:
    """What is written beside the settings: the `reasons`, and what is left to `choose`."""

    reasons: dict[str, str] = field(default_factory=dict)
    choose: list[str] = field(default_factory=list)


def architect(
    root: Path,
    paths: Sequence[Path],
    goal: str,
    target: str | None = None,
    kind: str | None = None,
    given: Mapping[str, object] | None = None,
) -> FilesDraft:
    """What `draft_files` gives, and under `parts` the sections that a goal asks for; under
    `reasons` and `choose` sentences for them.

    Args:
        root: the project's folder.
        paths: the files of the data.
        goal: what is to be predicted, ranked or answered, in words.
        target: the column to predict, where it is given outright.
        kind: `classes`, `number`, `ranking` or `answers`, where it is given outright.
        given: as `draft_files` takes it.

    Raises:
        ConfigValueError: nothing of the files can be predicted.
    """
    task = kind or ""
    if not kind and not target:
        task = classify_goal(goal)
    if task == "ranking":
        return draft_ranking(root, paths, goal, target, given)
    if task == "answers":
        return draft_answers(root, paths, goal, given)
    draft = cast(FilesDraft, draft_files(root, paths, goal, target, kind, given))
    columns = draft.pop("columns")  # objects, and a draft is written as JSON
    aim = cast(PredictionAim, draft["aim"])  # a file is drafted for a goal
    name = draft["name"]
    advice = Advice(dict(aim["why"]), list(aim["choose"]))
    choice = choose_for_columns(columns, aim["texts"])
    model = _propose_model(name, aim, choice, advice)
    split = _propose_split(aim, advice)
    form = _choose_form(f"{goal} {aim['target']} {name}")
    monitor = _propose_monitor(name, aim, form, advice)
    draft["parts"] = {
        "split": split,
        "models": {f"{name}-model": model},
        "services": {f"{name}-desk": {"model": f"{name}-model"}},
        "monitors": {f"{name}-watch": monitor},
        "world": {"places": {f"{name}-{form}": {"service": f"{name}-desk", "as": form}}},
    }
    draft["reasons"], draft["choose"] = advice.reasons, advice.choose
    draft["goal"] = goal
    return draft


def _propose_model(
    name: str, aim: PredictionAim, choice: EncoderChoice, advice: Advice
) -> dict[str, Json]:
    """The settings of a model that predicts what a goal asks for."""
    model: dict[str, Json] = {}
    if aim["texts"]:
        model["base"] = choice.base
        names = _list_with_verb(aim["texts"], "is", "are")
        advice.reasons["base"] = explain_choice(choice, names)
        advice.choose += list_missing(choice)
    model |= {"dataset": f"{name}-data", "target": aim["target"], "features": aim["inputs"]}
    model["fine_tune"] = "frozen"
    advice.reasons["fine_tune"] = (
        f"{aim['rows']} rows: heads in closed form, selected by their leave-one-out loss, take"
        " seconds and are hard to beat; 'lora' or 'full' pays with thousands of texts whose"
        " classes need reading"
    )
    model["require"] = _propose_gate(aim, advice)
    if aim["kind"] == "classes" and aim["people"]:
        model["fairness"] = _propose_fairness(aim, advice)
    return model


def _list_with_verb(names: Sequence[str], one: str, many: str) -> str:
    """Names with the verb in their number, such as `age and sex are`."""
    verb = many
    if len(names) == 1:
        verb = one
    return f"{', '.join(names)} {verb}"


def _propose_gate(aim: PredictionAim, advice: Advice) -> dict[str, str]:
    """The gate that every version must pass."""
    if aim["kind"] != "classes":
        return _propose_gain("a number", "the mean baseline", advice)
    if len(aim["classes"]) == 2 and aim["least"] is not None:
        return _propose_auc(aim["least"], advice)
    more = ""
    if len(aim["classes"]) == MOST_CLASSES:
        more = "+"
    return _propose_gain(f"{len(aim['classes'])}{more} classes", "the majority baseline", advice)


def _propose_gain(subject: str, baseline: str, advice: Advice) -> dict[str, str]:
    """The gate that a version is not worse than its baseline."""
    advice.reasons["require"] = f"{subject}: never worse than {baseline}; {RAISE_IT}"
    return {"gain_over_majority": ">= 0"}


def _propose_auc(rarer: float, advice: Advice) -> dict[str, str]:
    """The gate for two classes, of which the rarer has a share of the rows."""
    reason = f"two classes of like size; {RAISE_IT}"
    if rarer < RARE:
        reason = (
            f"two classes, the rarer {rarer:.0%} of the rows: AUC does not depend on the"
            f" shares; {RAISE_IT}"
        )
        advice.choose.append(
            "what an error of each kind costs: the probability is given, and a threshold of a"
            " half may not be yours"
        )
    advice.reasons["require"] = reason
    return {"auc": ">= 0.55"}


def _propose_fairness(aim: PredictionAim, advice: Advice) -> dict[str, Json]:
    """Groups of people between which the model is compared, and the class that favours them."""
    fairness: dict[str, Json] = {"groups": aim["people"]}
    advice.reasons["fairness"] = (
        f"{_list_with_verb(aim['people'], 'names', 'name')} groups of people, so the model is"
        " compared between them"
    )
    good = _find_label(aim, GOOD)
    if good:
        fairness["positive"] = good
    else:
        advice.choose.append("'fairness.positive': which class is good for the person")
    advice.choose.append(
        "'require' has no gate of fairness yet: parity_gap, odds_gap or accuracy_gap, if the law"
        " or you want one"
    )
    return fairness


def _propose_split(aim: PredictionAim, advice: Advice) -> dict[str, Json]:
    """The shares of the test and validation rows."""
    split: dict[str, Json] = {"test": 0.2, "validation": 0.1}
    if aim["kind"] != "classes":
        return split
    if aim["rarest"] >= STRATIFIED:
        split["stratify"] = aim["target"]
        advice.reasons["split"] = "every class keeps its share in each split"
    elif aim["rarest"] < TOO_RARE:
        advice.choose.append(
            f"the rarest class has {aim['rarest']} rows; merge it with another, or collect more"
        )
    return split


def _choose_form(text: str) -> str:
    """The place of the world that suits the words of a goal."""
    for form, words in FORMS:
        if re.search(words, text, re.I):
            return form
    return "counter"


def _propose_monitor(name: str, aim: PredictionAim, form: str, advice: Advice) -> dict[str, Json]:
    """A drift monitor, with surge alerts for a market that has a bad class."""
    window = max(LEAST_WINDOW, min(MOST_WINDOW, aim["rows"] // 5))
    monitor: dict[str, Json] = {
        "service": f"{name}-desk",
        "every": "1m",
        "drift": {"false_alarms": "1/month", "window": window},
        "on_drift": ["alert", "retrain"],
    }
    advice.reasons["monitor"] = (
        f"{window} requests per test; a challenger is trained only where the diagnosis is that"
        " retraining would help"
    )
    bad = _find_label(aim, BAD)
    if form == "market" and bad:
        monitor["surge"] = {"label": bad}
        advice.reasons["surge"] = f"alerts where '{bad}' is three times as frequent as usual"
    return monitor


def _find_label(aim: PredictionAim, words: re.Pattern[str]) -> str | None:
    """The first class whose name is one of some words."""
    return next((label for label in aim["classes"] if words.match(str(label))), None)
