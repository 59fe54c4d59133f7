"""A row as JSON, and the prediction that comes back. Knows shapes only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import cast

from mesocosm.core.records import Json, JsonObject, Record

KNOWN = (
    "id",
    "version",
    "label",
    "probability",
    "probabilities",
    "value",
    "why",
    "warnings",
)  # keys of a prediction that are attributes of their own names


@dataclass(frozen=True, slots=True)
class Prediction(Record):
    """The prediction of one row; `why` is set, and nothing else, where the row is refused;
    `warnings` name values that are not in the training data, or a row without values: each has a
    `field`, a `warning` (`unseen category`, `out of range` or `empty row`) and a `detail`. `more`
    has what only some tasks answer, `answer` the whole of it as the gateway gave it.
    """

    id: str = ""
    version: str = ""
    label: str = ""
    probability: float | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    value: float | None = None
    interval: tuple[float, float] | None = None
    why: str | None = None
    warnings: Sequence[Mapping[str, str]] = ()
    more: JsonObject = field(default_factory=dict)
    answer: JsonObject = field(default_factory=dict, repr=False, compare=False)

    @property
    def unsure(self) -> bool:
        """Whether the service abstains: the row is better decided by a person."""
        return bool(self.more.get("unsure"))

    @property
    def items(self) -> tuple[JsonObject, ...]:
        """The ranked items or found texts, the best first; none of other tasks."""
        found = self.more.get("items")
        if isinstance(found, Sequence) and not isinstance(found, str):
            return tuple(item for item in found if isinstance(item, Mapping))
        return ()

    def to_json(self) -> dict[str, Json]:
        """The prediction as the gateway gave it."""
        return dict(self.answer)


def prediction_of(answer: Mapping[str, object]) -> Prediction:
    """A prediction from the gateway's JSON."""
    whole = cast(JsonObject, answer)
    known: dict[str, object] = {key: answer[key] for key in KNOWN if key in answer}
    more = {key: value for key, value in whole.items() if key not in (*KNOWN, "interval")}
    interval = answer.get("interval")
    if isinstance(interval, Sequence) and interval:
        known["interval"] = (interval[0], interval[1])
    return Prediction.from_json({**known, "more": more, "answer": whole})


def row_as_json(row: Mapping[str, object]) -> dict[str, Json]:
    """A row as JSON: dates, moments and hours in ISO 8601, a decimal as a number where a double is
    exact and as its digits where not, everything else unchanged.

    >>> row_as_json({"day": date(2024, 2, 29), "sum": Decimal("1.10"), "n": 3})
    {'day': '2024-02-29', 'sum': 1.1, 'n': 3}
    >>> row_as_json({"long": Decimal("0.12345678901234567890")})
    {'long': '0.12345678901234567890'}
    """
    return {name: _as_json(value) for name, value in row.items()}


def _decimal_as_json(value: Decimal) -> float | str:
    """A decimal as a number where a double is exact; else its digits."""
    if value.is_finite() and Decimal(repr(float(value))) == value:
        return float(value)
    return str(value)


def _as_json(value: object) -> Json:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _decimal_as_json(value)
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    if isinstance(value, dict):
        return {name: _as_json(one) for name, one in value.items()}
    return cast(Json, value)
