"""The architect: a drafted table and what a goal picked of it become a model, a service, a monitor
and a place, each with its reason.

Knows what fits which data and machine. Trains nothing; what it writes passes `check`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mesocosm.assistant.architect_tasks import answers, ranking
from mesocosm.data.profiling.auto_fields import draft_files
from mesocosm.data.profiling.goal.task_intent import classify_goal

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
    r"^(neg(ative)?|bad|yes|true|1|default(ed)?|fraud|churn(ed)?|ill|malignant|负面|坏|是)$", re.I
)
GOOD = re.compile(r"^(pos(itive)?|good|paid|approved?|accept(ed)?|hired?|好|正面)$", re.I)
LEAST_WINDOW, MOST_WINDOW = 30, 200


def architect(
    root: Path,
    paths: Sequence[Path],
    goal: str,
    target: str | None = None,
    kind: str | None = None,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What `draft_files` gives, and under `parts` the sections that a goal asks for; under
    `reasons` and `choose` sentences for them.

    Args:
        target: the column to predict, where it is given outright.
        kind: `classes`, `number`, `ranking` or `answers`, where it is given outright.
        given: as `draft_files` takes it.

    Raises:
        Wrong: nothing of the files can be predicted.
    """
    work = kind or ("" if target else classify_goal(goal))
    if work == "ranking":
        return ranking(root, paths, goal, target, given)
    if work == "answers":
        return answers(root, paths, goal, given)
    said = draft_files(root, paths, goal, target, kind, given)
    said.pop("columns")  # objects, and a draft is written as JSON
    aim: Mapping[str, Any] = said["aim"]
    name, classes = said["name"], aim["kind"] == "classes"
    reasons, choose = dict(aim["why"]), list(aim["choose"])
    model: dict[str, Any] = {}
    if aim["texts"]:
        model["base"] = "minilm"
        reasons["base"] = (
            f"{', '.join(aim['texts'])} {'is' if len(aim['texts']) == 1 else 'are'} text; minilm is"
            " small, here, and reads a few hundred texts a second on two cores"
        )
        if not aim["english"]:
            choose.append(
                "'base' reads English, and the texts are mostly in other letters; a multilingual"
                " one by its hub id or folder would read them better"
            )
    model |= {"learns": f"{name}-data", "predict": aim["target"], "inputs": aim["inputs"]}
    model["tune"] = "frozen"
    reasons["tune"] = (
        f"{aim['rows']} rows: heads in closed form, chosen by what each row is told while it is"
        " left out, take seconds and are hard to beat; 'lora' or 'full' would pay with thousands"
        " of texts whose classes need reading"
    )
    if classes and len(aim["classes"]) == 2 and aim["least"] is not None:
        model["require"] = {"auc": ">= 0.55"}
        reasons["require"] = (
            f"two classes, the rarer {aim['least']:.0%} of the rows: AUC does not hang on the"
            " shares; raise the bound to what you would not go under"
            if aim["least"] < 0.4
            else "two classes of like size; raise the bound to what you would not go under"
        )
        if aim["least"] < 0.4:
            choose.append(
                "what a mistake of each kind costs: the answer's probability is given, and the cut"
                " at a half may not be yours"
            )
    elif classes:
        model["require"] = {"gain_over_majority": ">= 0"}
        reasons["require"] = (
            f"{len(aim['classes'])}{'+' if len(aim['classes']) == 20 else ''} classes: never worse"
            " than always saying the commonest; raise the bound to what you would not go under"
        )
    else:
        model["require"] = {"gain_over_majority": ">= 0"}
        reasons["require"] = (
            "a number: never worse than always saying the mean; raise the bound to what you would"
            " not go under"
        )
    if classes and aim["people"]:
        good = next((c for c in aim["classes"] if GOOD.match(str(c))), None)
        model["fair"] = {"by": aim["people"], **({"favours": good} if good else {})}
        reasons["fair"] = (
            f"{', '.join(aim['people'])} {'tells' if len(aim['people']) == 1 else 'tell'} groups of"
            " people, so the model is compared between them"
        )
        if not good:
            choose.append("'fair.favours': which class is good for the person")
        choose.append(
            "'require' has no bound between groups yet: parity_gap, odds_gap or accuracy_gap, if"
            " the law or you want one"
        )
    split: dict[str, Any] = {"test": 0.2, "validation": 0.1}
    if classes and aim["rarest"] >= 5:
        split["stratify"] = aim["target"]
        reasons["split"] = "every class keeps its share in each part"
    elif classes and aim["rarest"] < 3:
        choose.append(
            f"the rarest class has {aim['rarest']} rows; put it together with another, or find more"
        )
    window = max(LEAST_WINDOW, min(MOST_WINDOW, aim["rows"] // 5))
    monitor: dict[str, Any] = {
        "watches": f"{name}-desk",
        "every": "1m",
        "drift": {"false_alarms": "1/month", "window": window},
        "on_drift": ["alert", "retrain"],
    }
    reasons["monitor"] = (
        f"{window} live rows a look; a challenger is trained only where the verdict is that"
        " training would mend it"
    )
    form = next(
        (f for f, words in FORMS if re.search(words, f"{goal} {aim['target']} {name}", re.I)),
        "counter",
    )
    bad = next((c for c in aim["classes"] if BAD.match(str(c))), None)
    if form == "market" and bad:
        monitor["surge"] = {"label": bad}
        reasons["surge"] = (
            f"'{bad}' coming three times as often as usual is what a market wants to know"
        )
    said["parts"] = {
        "split": split,
        "models": {f"{name}-model": model},
        "services": {f"{name}-desk": {"serves": f"{name}-model"}},
        "monitors": {f"{name}-watch": monitor},
        "world": {"places": {f"{name}-{form}": {"shows": f"{name}-desk", "as": form}}},
    }
    return said | {"reasons": reasons, "choose": choose, "goal": goal}
