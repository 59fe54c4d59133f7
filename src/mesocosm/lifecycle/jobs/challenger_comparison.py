"""A challenger beside the champion: both on the same rows, and whether it takes over.

Knows two versions, the rows that judge and the numbers that decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.lifecycle.access.data_access import columns_of
from mesocosm.lifecycle.access.model_access import net_of

FEW = 20  # labelled rows under which recent feedback decides nothing
MOST_WRITTEN = 40  # held-out rows for which both write
MOST_OFTEN = 0.5  # the share of requests of new classes that a challenger must surely name
MARGIN = 0.02  # held-out accuracy a challenger may lose where recent labels favour it


def verdict(both: Mapping[str, Any], missed: Sequence[str]) -> tuple[bool, str]:
    """Whether the challenger takes over, and why, in a sentence.

    >>> row = {"champion": .8, "challenger": .8, "difference": 0, "interval": [-.1, .1], "rows": 100}
    >>> verdict({"held_out": row, "recent": row | {"rows": 0}}, [])
    (False, 'kept the champion: on 100 held-out rows the challenger is 0.800 against 0.800 (95 % interval of the difference -0.100 to 0.100), no proven gain')
    >>> verdict({"held_out": row, "recent": row | {"rows": 0}, "new": {"labels": ["gift"], "rows": 8, "right": 7}}, [])
    (True, 'promoted the challenger: it names 7 of 8 requests of what the champion cannot say (gift); on 100 held-out rows it is 0.800 against 0.800, no proven loss')
    """
    held, recent, new = both["held_out"], both["recent"], both.get("new")
    if missed:
        return (
            False,
            "kept the champion: the challenger misses its gates (" + "; ".join(missed) + ")",
        )
    loses = held["difference"] < -MARGIN and held["interval"][1] < 0
    if new and least(new["right"], new["rows"]) > MOST_OFTEN:
        named = (
            f"it names {new['right']} of {new['rows']} requests of what the champion cannot say"
            f" ({', '.join(new['labels'])})"
        )
        beside = (
            f"on {held['rows']} held-out rows it is {held['challenger']:.3f} against"
            f" {held['champion']:.3f}"
        )
        return (
            (False, f"kept the champion: {named}, but {beside}, a proven loss")
            if loses
            else (True, f"promoted the challenger: {named}; {beside}, no proven loss")
        )
    where, label = (recent, "recent labelled") if recent["rows"] >= FEW else (held, "held-out")
    low, high = where["interval"]
    said = (
        f"on {where['rows']} {label} rows the challenger is {where['challenger']:.3f} against"
        f" {where['champion']:.3f} (95 % interval of the difference {low:.3f} to {high:.3f})"
    )
    if low <= 0:
        return False, f"kept the champion: {said}, no proven gain"
    if where is recent and loses and recent["difference"] < -held["difference"]:
        return (
            False,
            f"kept the champion: {said}, but it loses {-held['difference']:.3f} on held-out rows",
        )
    return True, f"promoted the challenger: {said}"


def compare(
    spec: Spec,
    catalog: Catalog,
    model: Any,
    champion: Mapping[str, Any],
    challenger: Mapping[str, Any],
    snapshot: Mapping[str, Any],
    judge: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    fields = list(dict.fromkeys([*model.inputs, model.predict]))
    rows, split = columns_of(spec, snapshot, fields)
    held = [
        {f: rows[f][i] for f in fields}
        for i, s in enumerate(split)
        if s == "test" and rows[model.predict][i] is not None
    ]
    readers: dict[Any, Any] = {}
    nets = [net_of(spec, v, shared=readers) for v in (champion, challenger)]
    if nets[0].says == "text":
        held = held[:MOST_WRITTEN]
    return {
        "held_out": _paired(nets, held, model.predict),
        "recent": _paired(nets, judge, model.predict),
    } | _new(nets, judge, model.predict)


def _new(nets: Sequence[Any], judge: Sequence[Mapping[str, Any]], target: str) -> dict[str, Any]:
    """How many requests with a label that the champion cannot say the challenger names; nothing
    where there are none.
    """
    rows = (
        [r for r in judge if str(r[target]) not in nets[0].labels]
        if nets[0].says == "classes"
        else []
    )
    if not rows:
        return {}
    right = sum(
        said["label"] == str(r[target]) for said, r in zip(nets[1].predict(rows), rows, strict=True)
    )
    return {
        "new": {"labels": sorted({str(r[target]) for r in rows}), "rows": len(rows), "right": right}
    }


def least(right: int, rows: int) -> float:
    """The least share that so many right ones leave likely (95 %, one-sided).

    Source: Wilson 1927, Journal of the American Statistical Association 22.

    >>> round(least(4, 4), 2), round(least(9, 10), 2), round(least(3, 5), 2)
    (0.6, 0.65, 0.27)
    """
    z, share = 1.645, right / rows
    wide = z * math.sqrt((share * (1 - share) + z * z / (4 * rows)) / rows)
    return (share + z * z / (2 * rows) - wide) / (1 + z * z / rows)


def _paired(nets: Sequence[Any], rows: Sequence[Mapping[str, Any]], target: str) -> dict[str, Any]:
    """Accuracies (of texts ROUGE-L) of both on the same rows and the bootstrap interval of their
    difference.
    """
    import numpy as np

    if not rows:
        return {
            "rows": 0,
            "champion": 0.0,
            "challenger": 0.0,
            "difference": 0.0,
            "interval": [0.0, 0.0],
        }
    right = []
    for net in nets:
        said = net.predict(rows)
        if net.says == "number":  # the share of a deviation that is not missed stands for accuracy
            right.append(
                np.array(
                    [
                        1 - abs(s["value"] - float(r[target])) / net.scale["sd"]
                        for s, r in zip(said, rows, strict=True)
                    ]
                )
            )
            continue
        if net.says == "tags":
            right.append(
                np.array(
                    [
                        _agreeing(s["text"].split(), str(r[target]).split())
                        for s, r in zip(said, rows, strict=True)
                    ]
                )
            )
            continue
        if net.says == "text":
            from mesocosm.learning.tasks.generation.metrics import rouge_l

            right.append(
                np.array(
                    [rouge_l(s["text"], str(r[target])) for s, r in zip(said, rows, strict=True)]
                )
            )
            continue
        right.append(
            np.array(
                [s["label"] == str(r[target]) for s, r in zip(said, rows, strict=True)], dtype=float
            )
        )
    gap = right[1] - right[0]
    rng = np.random.default_rng(7)
    means = [float(gap[rng.integers(0, len(gap), len(gap))].mean()) for _ in range(2000)]
    low, high = np.percentile(means, [2.5, 97.5])
    return {
        "rows": len(rows),
        "champion": round(float(right[0].mean()), 4),
        "challenger": round(float(right[1].mean()), 4),
        "difference": round(float(gap.mean()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
    }


def _agreeing(said: Sequence[str], wanted: Sequence[str]) -> float:
    """The share of words with the same tag; 0 where there are not as many."""
    return (
        sum(a == b for a, b in zip(said, wanted, strict=True)) / len(said)
        if said and len(said) == len(wanted)
        else 0.0
    )
