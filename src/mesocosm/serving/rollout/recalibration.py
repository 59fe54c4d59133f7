"""Answers recalibrated for classes that come more or less often than in the training rows.

Knows labels and weights. The model is as it was: what moves is the odds that it starts from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def recalibrate_prediction(said: Mapping[str, Any], weights: Mapping[str, float]) -> dict[str, Any]:
    """One answer in the light of how many times more often each class comes than in the training
    rows.

    Probability that is not listed (of unlikely classes) keeps its weight. Answers without
    probabilities stay as they are.

    Source: Saerens, Latinne and Decaestecker 2002, Neural Computation 14.

    >>> recalibrate_prediction({"label": "good", "probability": 0.6, "probabilities": {"good": 0.6, "bad": 0.4}}, {"good": 0.5, "bad": 2.0})
    {'label': 'bad', 'probability': 0.727273, 'probabilities': {'bad': 0.727273, 'good': 0.272727}}
    """
    listed = said.get("probabilities")
    if not listed or "labels" in said:
        return dict(said)
    told = {label: p * max(0.0, weights.get(label, 1.0)) for label, p in listed.items()}
    whole = sum(told.values()) + max(0.0, 1.0 - sum(listed.values()))
    if whole <= 0:
        return dict(said)
    shares = {label: round(p / whole, 6) for label, p in sorted(told.items(), key=lambda e: -e[1])}
    first = next(iter(shares))
    return {**said, "label": first, "probability": shares[first], "probabilities": shares}


def mark_unsure(said: Mapping[str, Any], floor: float) -> dict[str, Any]:
    """One answer, and whether it is less probable than the floor, so that a person should have the
    row.

    >>> mark_unsure({"label": "a", "probability": 0.4}, 0.5)["unsure"]
    True
    >>> mark_unsure({"label": "a", "probability": 0.6}, 0.5)["unsure"]
    False
    """
    return {**said, "unsure": float(said.get("probability", 1.0)) < floor}


def find_abstain_threshold(
    said: Sequence[Mapping[str, Any]], share: float, weights: Mapping[str, float] | None
) -> float:
    """The probability under which so great a share of held-out answers lies.

    Source: Chow 1970, IEEE Transactions on Information Theory 16 (the reject option).

    >>> find_abstain_threshold([{"label": "a", "probability": p / 100} for p in range(100)], 0.1, None)
    0.1
    """
    sure = sorted(
        float((recalibrate_prediction(one, weights) if weights else one)["probability"])
        for one in said
    )
    return sure[int(share * len(sure))] if sure else 0.0
