"""What a monitor knows of the version it watches: its held-out rows, the embeddings of their texts
and images, and the calibration of its predictions.

Knows a model instance's protocol; tests nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

from mesocosm.catalog.rows import PredictionRow
from mesocosm.core.messages import Message, Text
from mesocosm.core.values.numbers import to_float
from mesocosm.monitoring.drift.embedding import LEAST, EmbeddingDirections, find_directions
from mesocosm.monitoring.drift.feature_tests import Training
from mesocosm.monitoring.labels.accuracy_test import Answer, Calibration, calibrate_errors
from mesocosm.monitoring.settings import Drift
from mesocosm.monitoring.surge.evidence import HELD_LABEL
from mesocosm.serving.model_instance import ModelInstance
from mesocosm.serving.requests.missing import is_missing

PLAIN = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)
MAX_REFERENCE_ROWS = 300  # held-out or live rows that a diagnosis has predicted again
EMBEDDED = ("text", "image")  # types of fields that are tested by their embeddings
Row = Mapping[str, object]


class ReferenceSample:
    """The held-out rows of one version.

    Args:
        drift: how drift of inputs is detected.
    """

    def __init__(self, drift: Drift | None) -> None:
        self.drift = drift
        self.model: ModelInstance | None = None
        self.directions: EmbeddingDirections | None = None
        self.embedded: list[str] = []  # fields that are texts and images
        self.features: dict[tuple[str, ...], list[float]] = {}  # of the held-out texts and images
        self.rows: list[Row] = []
        self.unwatched: Text = ""
        self._calibration: Calibration | None = None

    def meet(self, model: ModelInstance) -> None:
        """Read the held-out rows of a version and embed their texts and images, once."""
        if self.model is model:
            return
        held: list[Row] = [*model.held()[:MAX_REFERENCE_ROWS]]
        self.rows, self._calibration, self.unwatched = held, None, ""
        self.embedded, self.features, self.directions = [], {}, None
        if model.fields:
            fields = model.fields.fields
            self.embedded = [n for n, f in fields.items() if f.get("type") in EMBEDDED]
        self._embed_held(model)
        self.model = model

    def _embed_held(self, model: ModelInstance) -> None:
        """Embed the texts and images of the held-out rows and find their directions, where there
        are enough of them.
        """
        vectors = self._vectors(model, self.rows)
        self.features = dict(zip(map(self._key, self.rows), vectors, strict=False))
        if self.embedded:
            self.directions = find_directions(", ".join(self.embedded), vectors)
        if 0 < len(vectors) < LEAST:
            self.unwatched = Message(
                "monitoring.too_few_embedded",
                fields=tuple(self.embedded),
                rows=len(vectors),
                needed=LEAST,
            )
        if self.directions:
            placed = zip(self.rows, self.directions.held, strict=True)
            self.rows = [{**row, **more} for row, more in placed]

    def _key(self, row: Row) -> tuple[str, ...]:
        return tuple(str(row.get(n)) for n in self.embedded)

    def _vectors(self, model: ModelInstance, rows: Sequence[Row]) -> list[list[float]]:
        """Embeddings of rows; each text and image is embedded once."""
        if not self.embedded:
            return []
        fresh = {key: row for row in rows if (key := self._key(row)) not in self.features}
        known = self.features
        if fresh:
            vectors = model.embed(list(fresh.values()))
            if not vectors:
                return []  # the model embeds neither
            known = known | dict(zip(fresh, vectors, strict=True))
        return [known[self._key(row)] for row in rows]

    def by_direction(self) -> bool:
        """Whether texts and images are tested direction by direction."""
        return self.drift is not None and self.drift.meaning == "directions"

    def training(self) -> Training:
        """The training distributions: of fields, and of the directions of texts and images."""
        assert self.model and self.model.fields
        if not self.directions:
            return dict(self.model.fields.training)
        return {**self.model.fields.training, **self.directions.training}

    def tested(self) -> Training:
        """The training distributions that are tested one by one."""
        assert self.model and self.model.fields
        if self.by_direction():
            return self.training()
        return dict(self.model.fields.training)

    def add_directions(self, rows: Sequence[Row]) -> list[Row]:
        """Rows with the directions of their texts and images."""
        if not self.directions or not self.model or not rows:
            return list(rows)
        vectors = self._vectors(self.model, rows)
        if not vectors:
            return list(rows)
        placed = zip(rows, self.directions.project(vectors), strict=True)
        return [{**row, **more} for row, more in placed]

    def test_jointly(self, rows: Sequence[Row]) -> dict[str, float]:
        """The p-value of the texts and images of rows, where they are tested together."""
        if not self.directions or not self.model or not self.drift or self.by_direction():
            return {}
        vectors = self._vectors(self.model, rows)
        return self.directions.test_jointly(vectors, self.drift.meaning)

    def calibration(self) -> Calibration:
        """How often the version's predictions are right, measured on its held-out rows."""
        if self._calibration is None:
            assert self.model
            predictions: Sequence[Row] = []
            if self.rows:
                predictions = self.model.predict(self.rows)
            self._calibration = _calibrate(predictions, self.rows)
        return self._calibration


def _calibrate(predictions: Sequence[Row], rows: Sequence[Row]) -> Calibration:
    """Calibrate predictions of held-out rows: errors of numbers, else probabilities."""
    if any("value" in prediction for prediction in predictions):
        return calibrate_errors(_list_errors(predictions, rows))
    answers = []
    for prediction, row in zip(predictions, rows, strict=True):
        if "probability" in prediction:
            label = row[HELD_LABEL]
            right = str(prediction["label"]) == label
            answers.append(Answer(to_float(prediction["probability"]), right, label=str(label)))
    return Calibration(answers)


def _list_errors(predictions: Sequence[Row], rows: Sequence[Row]) -> list[float]:
    """The absolute errors of predictions that are numbers, where the label is a number too."""
    errors = []
    for prediction, row in zip(predictions, rows, strict=True):
        if "value" in prediction:
            errors.append(absolute_error(prediction["value"], row[HELD_LABEL]))
    return [error for error in errors if error is not None]


def absolute_error(value: object, label: object) -> float | None:
    """The absolute error of a prediction that is a number; None where the label is not a number.

    >>> absolute_error(3.5, "4"), absolute_error(3.5, "four"), absolute_error(3.5, "nan")
    (0.5, None, None)
    """
    try:
        error = abs(to_float(value) - to_float(label))
    except (TypeError, ValueError):
        return None
    if not math.isfinite(error):
        return None
    return error


def restore_missing(
    logged: Sequence[PredictionRow], names: Iterable[str]
) -> list[dict[str, object]]:
    """Logged requests by the fields of a version, cleaned, with None where a field was missing,
    though the recipe imputed it.
    """
    rows, names = [], list(names)
    for request in logged:
        raw, clean = request["input"]["raw"], request["input"]["clean"]
        row: dict[str, object] = {n: clean.get(n) for n in names}
        for name in names:
            if name in raw and is_missing(raw[name], row[name]):
                row[name] = None
        rows.append(row)
    return rows


def undo_clipping(logged: Sequence[PredictionRow], training: Training) -> dict[str, list[object]]:
    """The numbers of logged requests as they came, of the fields that the recipe clips to outlier
    bounds (`clip` of what training knew).
    """
    if not logged:
        return {}
    clips = {n: known["clip"] for n, known in training.items() if known.get("clip")}
    rows = restore_missing(logged, clips)
    return {name: _undo_column(name, logged, rows, bounds) for name, bounds in clips.items()}


def _undo_column(
    name: str, logged: Sequence[PredictionRow], rows: Sequence[Row], bounds: Sequence[float]
) -> list[object]:
    """The numbers of one field as they came."""
    column = []
    for request, row in zip(logged, rows, strict=True):
        column.append(undo_clip(request["input"]["raw"].get(name), row[name], bounds))
    return column


def undo_clip(raw: object, clean: object, bounds: Sequence[float]) -> object:
    """A number as it came, where clipping alone makes of it what the recipe did; else as it was
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
    if number is None or not _is_number(clean):
        return clean
    clipped = min(max(number, bounds[0]), bounds[1])
    if not math.isclose(clipped, clean, rel_tol=1e-9):
        return clean
    return number


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _plain_number(value: object) -> float | None:
    """A number, or a text of digits that is one."""
    if isinstance(value, str) and PLAIN.fullmatch(value):
        return float(value)
    if not _is_number(value):
        return None
    return float(value)


def to_columns(rows: Sequence[Row]) -> dict[str, list[object]]:
    """Rows as columns, with None for what is missing."""
    if not rows:
        return {}
    return {name: read_column(rows, name) for name in rows[0]}


def read_column(rows: Sequence[Row], name: str) -> list[object]:
    """The values of a field, with None for what is missing."""
    return [row.get(name) for row in rows]
