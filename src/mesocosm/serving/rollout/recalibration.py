"""Predictions recalibrated for classes that are more or less frequent than in the training rows.

Knows labels and weights. The model is unchanged: only the prior odds move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesocosm.core.records import Json, JsonObject
from mesocosm.core.values.numbers import to_float


def recalibrate_prediction(prediction: JsonObject, weights: Mapping[str, float]) -> dict[str, Json]:
    """Weight the probabilities of a prediction by how many times more frequent each class is than
    in the training rows.

    Probability that is not listed (of unlikely classes) keeps its weight. Predictions without
    probabilities stay as they are.

    Source: Saerens, Latinne and Decaestecker 2002, Neural Computation 14.

    >>> shares = {"good": 0.6, "bad": 0.4}
    >>> prediction = {"label": "good", "probability": 0.6, "probabilities": shares}
    >>> recalibrate_prediction(prediction, {"good": 0.5, "bad": 2.0})
    {'label': 'bad', 'probability': 0.727273, 'probabilities': {'bad': 0.727273, 'good': 0.272727}}
    """
    listed = prediction.get("probabilities")
    if not isinstance(listed, Mapping) or not listed or "labels" in prediction:
        return dict(prediction)
    shares = _weight({label: to_float(p) for label, p in listed.items()}, weights)
    if not shares:
        return dict(prediction)
    first = next(iter(shares))
    return {**prediction, "label": first, "probability": shares[first], "probabilities": shares}


def _weight(listed: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """Probabilities times the weights of their classes, the greatest first; none where nothing is
    left of them.
    """
    scores = {label: p * max(0.0, weights.get(label, 1.0)) for label, p in listed.items()}
    total = sum(scores.values()) + max(0.0, 1.0 - sum(listed.values()))
    if total <= 0:
        return {}
    ordered = sorted(scores.items(), key=lambda e: -e[1])
    return {label: round(score / total, 6) for label, score in ordered}


def mark_unsure(prediction: JsonObject, floor: float) -> dict[str, Json]:
    """Mark a prediction `unsure` where it is less probable than the floor, so that a person should
    review the row.

    >>> mark_unsure({"label": "a", "probability": 0.4}, 0.5)["unsure"]
    True
    >>> mark_unsure({"label": "a", "probability": 0.6}, 0.5)["unsure"]
    False
    """
    return {**prediction, "unsure": to_float(prediction.get("probability", 1.0)) < floor}


def find_abstain_threshold(
    predictions: Sequence[JsonObject], share: float, weights: Mapping[str, float] | None
) -> float:
    """Find the probability under which a given share of held-out predictions lies.

    Source: Chow 1970, IEEE Transactions on Information Theory 16 (the reject option).

    >>> find_abstain_threshold([{"probability": p / 100} for p in range(100)], 0.1, None)
    0.1
    """
    if weights:
        predictions = [recalibrate_prediction(p, weights) for p in predictions]
    ordered = sorted(to_float(p["probability"]) for p in predictions)
    if not ordered:
        return 0.0
    return ordered[int(share * len(ordered))]
