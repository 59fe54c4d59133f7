"""What a monitor knows of the version it watches: its held-out rows, what their texts and images
mean, and how its answers are calibrated.

Knows a unit's shape and the directions of meaning; judges nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mesocosm.monitoring.drift.embedding import LEAST, EmbeddingDirections, find_directions
from mesocosm.monitoring.labels.accuracy_test import Answer, Calibration, calibrate_errors
from mesocosm.monitoring.settings import Drift
from mesocosm.monitoring.surge.evidence import HELD_LABEL
from mesocosm.serving.model_instance import ModelInstance
from mesocosm.serving.requests.missing import is_missing

PLAIN = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)
MAX_REFERENCE_ROWS = 300  # rows that the judge has predicted again
Row = Mapping[str, Any]


class ReferenceSample:
    """One version as a monitor knows it.

    Args:
        drift: how drift of inputs is seen.
    """

    def __init__(self, drift: Drift | None) -> None:
        self.drift = drift
        self.unit: ModelInstance | None = None
        self.meaning: EmbeddingDirections | None = None
        self.read: list[str] = []  # texts and images, by name
        self.features: dict[tuple[Any, ...], list[float]] = {}  # of the held-out texts and images
        self.rows: list[dict[str, Any]] = []
        self.unwatched = ""
        self._calibration: Calibration | None = None

    def meet(self, unit: ModelInstance) -> None:
        """Get to know what the held-out rows of a version mean, once."""
        if self.unit is unit:
            return
        self.rows, self._calibration, self.unwatched = unit.held()[:MAX_REFERENCE_ROWS], None, ""
        self.read, self.features = (
            [
                n
                for n, f in (unit.fields.fields if unit.fields else {}).items()
                if f.get("type") in ("text", "image")
            ],
            {},
        )
        vectors = self._vectors(unit, self.rows)
        self.features = dict(zip(map(self._key, self.rows), vectors, strict=False))
        self.meaning = find_directions(", ".join(self.read), vectors) if self.read else None
        if 0 < len(vectors) < LEAST:
            self.unwatched = (
                f"{', '.join(self.read)}: {len(vectors)} rows are held out, and {LEAST} are needed"
            )
        if self.meaning:
            self.rows = [row | more for row, more in zip(self.rows, self.meaning.held, strict=True)]
        self.unit = unit

    def _key(self, row: Row) -> tuple[Any, ...]:
        return tuple(str(row.get(n)) for n in self.read)

    def _vectors(self, unit: ModelInstance, rows: Sequence[Row]) -> list[list[float]]:
        """Features of rows; each text and image is read once."""
        if not self.read:
            return []
        fresh = {key: row for row in rows if (key := self._key(row)) not in self.features}
        vectors = unit.vectors(list(fresh.values())) if fresh else []
        if fresh and not vectors:
            return []  # the model reads neither
        known = self.features | dict(zip(fresh, vectors, strict=True))
        return [known[self._key(row)] for row in rows]

    def along(self) -> bool:
        """Whether texts and images are tested by directions."""
        return self.drift is not None and self.drift.meaning == "directions"

    def training(self) -> dict[str, Any]:
        """What is known of the training rows: of fields, and of the directions of texts and
        images.
        """
        assert self.unit and self.unit.fields
        return self.unit.fields.training | (self.meaning.training if self.meaning else {})

    def tested(self) -> dict[str, Any]:
        """What of it is tested field by field."""
        assert self.unit and self.unit.fields
        return self.unit.fields.training | (
            self.meaning.training if self.meaning and self.along() else {}
        )

    def meant(self, rows: Sequence[Row]) -> list[Row]:
        """Rows with what their texts and images mean."""
        if not self.meaning or not self.unit or not rows:
            return list(rows)
        vectors = self._vectors(self.unit, rows)
        return (
            [dict(row) | more for row, more in zip(rows, self.meaning.along(vectors), strict=True)]
            if vectors
            else list(rows)
        )

    def whole(self, rows: Sequence[Row]) -> dict[str, float]:
        """The p-value of the texts and images of rows, where they are tested together."""
        if not self.meaning or not self.unit or not self.drift or self.along():
            return {}
        return self.meaning.whole(self._vectors(self.unit, rows), self.drift.meaning)

    def calibration(self) -> Calibration:
        """How often the version's answers are right, measured on its held-out rows."""
        if self._calibration is None:
            assert self.unit
            said = self.unit.predict(self.rows) if self.rows else []
            pairs = [(one, row) for one, row in zip(said, self.rows, strict=True) if "value" in one]
            if pairs:
                errors = [
                    away
                    for one, row in pairs
                    if (away := absolute_error(one["value"], row[HELD_LABEL])) is not None
                ]
                self._calibration = calibrate_errors(errors)
                return self._calibration
            told = [
                (one, row) for one, row in zip(said, self.rows, strict=True) if "probability" in one
            ]
            self._calibration = Calibration(
                [
                    Answer(
                        float(one["probability"]),
                        str(one["label"]) == row[HELD_LABEL],
                        label=row[HELD_LABEL],
                    )
                    for one, row in told
                ]
            )
        return self._calibration


def absolute_error(value: Any, label: Any) -> float | None:
    """How far an answer that is a number is from its label; None where the label is no number.

    >>> absolute_error(3.5, "4"), absolute_error(3.5, "four"), absolute_error(3.5, "nan")
    (0.5, None, None)
    """
    try:
        away = abs(float(value) - float(label))
    except (TypeError, ValueError):
        return None
    return away if math.isfinite(away) else None


def restore_missing(logged: Sequence[Row], names: Iterable[str]) -> list[dict[str, Any]]:
    """Logged requests by the fields of a version, cleaned, with None where a field was missing,
    though the recipe filled it.
    """
    found, names = [], list(names)
    for row in logged:
        raw, clean = row["input"]["raw"], row["input"]["clean"]
        found.append(
            {
                n: None if n in raw and is_missing(raw[n], clean.get(n)) else clean.get(n)
                for n in names
            }
        )
    return found


def undo_clipping(
    logged: Sequence[Row], training: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[Any]]:
    """The numbers of logged requests as they came, of the fields that the recipe clips to a fence
    (`clip` of what training knew).
    """
    sent = restore_missing(logged, [n for n, known in training.items() if known.get("clip")])
    return {
        n: [
            undo_clip(row["input"]["raw"].get(n), one[n], training[n]["clip"])
            for row, one in zip(logged, sent, strict=True)
        ]
        for n in (sent[0] if sent else ())
    }


def undo_clip(raw: Any, clean: Any, fence: Sequence[float]) -> Any:
    """A number as it came, where the fence alone makes of it what the recipe did; else as it was
    cleaned.

    >>> undo_clip(900, 60.0, (1, 60))
    900.0
    >>> undo_clip("900", 60.0, (1, 60))
    900.0
    >>> undo_clip(900, 9.0, (1, 60))
    9.0
    >>> undo_clip("0.9 k", 60.0, (1, 60))
    60.0
    """
    number = _plain_number(raw)
    if (
        number is None
        or not _is_number(clean)
        or not math.isclose(min(max(number, fence[0]), fence[1]), clean, rel_tol=1e-9)
    ):
        return clean
    return number


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _plain_number(value: Any) -> float | None:
    """A number, or a text of digits that is one."""
    if isinstance(value, str) and PLAIN.fullmatch(value):
        return float(value)
    return float(value) if _is_number(value) else None


def to_columns(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Rows as columns, with None for what is missing."""
    names = dict.fromkeys(n for row in rows[:1] for n in row)
    return {name: [row.get(name) for row in rows] for name in names}
