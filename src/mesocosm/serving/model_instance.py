"""A model version with its preprocessing and its answer index: in this process, or in a worker's.

Knows shapes. What is swapped, rolled out and rolled back is always a whole instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypedDict, cast

from mesocosm.catalog.rows import ServedRow
from mesocosm.core.prediction_form import PredictionForm
from mesocosm.core.records import Json
from mesocosm.core.settings import Predictor
from mesocosm.serving.preprocessing.preprocess import Preprocessor
from mesocosm.serving.requests.fields import Fields
from mesocosm.serving.rollout.recalibration import mark_unsure, recalibrate_prediction
from mesocosm.serving.spoken_answers import AnswerIndex, SpokenAnswer

ROW_METADATA = ("_row", "_why", "_flags")  # columns of a prepared row that are no field


Row = Mapping[str, object]
Prediction = dict[str, Json]


class RowAnswer(TypedDict, total=False):
    """What became of a raw row: its `clean` form and the prediction (`out`), `why` the recipe would
    have quarantined it, or that workers `died` over it.
    """

    clean: dict[str, Json]
    out: Prediction
    why: str
    died: bool


class Embedder(Protocol):
    """A predictor that embeds the texts and images of its `inputs`."""

    inputs: Sequence[str]

    def features(
        self, columns: Mapping[str, Sequence[object]], rows: int
    ) -> tuple[Iterable[Iterable[float]], object]: ...


class ModelInstance(Protocol):
    """What a service predicts and answers with.

    `fields` is None where it does not predict, `speaks` false where it has no answer index, and
    `broken` explains why it cannot be used any more.
    """

    @property
    def version(self) -> str: ...

    @property
    def snapshot(self) -> str: ...

    @property
    def answers(self) -> str: ...

    @property
    def fields(self) -> Fields | None: ...

    @property
    def form(self) -> PredictionForm: ...

    @property
    def labels(self) -> Sequence[str]: ...

    @property
    def speaks(self) -> bool: ...

    @property
    def broken(self) -> str: ...

    def answer(self, rows: Sequence[Row]) -> list[RowAnswer]: ...

    def ask(self, question: str) -> SpokenAnswer: ...

    def predict(self, rows: Sequence[Row]) -> list[Prediction]: ...

    def held(self) -> list[dict[str, Json]]: ...

    def embed(self, rows: Sequence[Row]) -> list[list[float]]: ...

    def close(self) -> None: ...


Load = Callable[[str, ServedRow], ModelInstance]


@dataclass(frozen=True)
class LocalModel:
    """A model instance in this process; `kept` reads its held-out rows, `weights` recalibrate its
    predictions and not those that it is evaluated by; a prediction less probable than `floor` is
    marked `unsure`.
    """

    version: str
    snapshot: str
    predictor: Predictor | None
    preparation: Preprocessor | None
    speaker: AnswerIndex | None
    answers: str
    kept: Callable[[], list[dict[str, Json]]] = list
    weights: Mapping[str, float] | None = None
    floor: float | None = None

    @property
    def fields(self) -> Fields | None:
        """The fields of a row."""
        return self.preparation

    @property
    def form(self) -> PredictionForm:
        """What a prediction holds."""
        if self.predictor is None:
            return PredictionForm()
        return self.predictor.form

    @property
    def labels(self) -> Sequence[str]:
        """The labels that may come out."""
        if self.predictor is None:
            return []
        return list(self.predictor.labels)

    @property
    def speaks(self) -> bool:
        """Whether it answers questions."""
        return self.speaker is not None

    @property
    def broken(self) -> str:
        """Empty: what is in memory does not break."""
        return ""

    def answer(self, rows: Sequence[Row]) -> list[RowAnswer]:
        """Of each raw row its `clean` form and the prediction (`out`), or `why` the recipe would
        have quarantined it.
        """
        assert self.predictor is not None and self.preparation is not None
        prepared = self.preparation.prepare(rows)
        predictions = iter(self._predict_valid([r for r in prepared if r["_why"] is None]))
        answers: list[RowAnswer] = []
        for row in prepared:
            if row["_why"] is not None:
                answers.append({"why": str(row["_why"])})
            else:
                answers.append({"clean": _without_metadata(row), "out": next(predictions)})
        return answers

    def _predict_valid(self, rows: Sequence[Row]) -> list[Prediction]:
        """Predictions of prepared rows, recalibrated, and marked where they are unsure."""
        predictions = self.predict(rows)
        if self.weights:
            weights = self.weights
            predictions = [recalibrate_prediction(p, weights) for p in predictions]
        if self.floor is not None:
            floor = self.floor
            predictions = [mark_unsure(p, floor) for p in predictions]
        return predictions

    def ask(self, question: str) -> SpokenAnswer:
        """Answer a question from its answer index."""
        assert self.speaker is not None
        return self.speaker.ask(question)

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        """Predict cleaned rows, without recalibration; nothing is logged."""
        assert self.predictor is not None
        if not rows:
            return []
        return self.predictor.predict(rows)

    def held(self) -> list[dict[str, Json]]:
        """Cleaned held-out rows of the version, each with its true label."""
        return self.kept()

    def embed(self, rows: Sequence[Row]) -> list[list[float]]:
        """Embeddings of the texts and images of cleaned rows; none where the model has no base
        model for either.
        """
        embedder = _find_embedder(self.predictor)
        if not rows or embedder is None:
            return []
        columns = {name: _column(rows, name) for name in embedder.inputs}
        vectors, _ = embedder.features(columns, len(rows))
        return [list(map(float, vector)) for vector in vectors]

    def close(self) -> None:
        """Release nothing: only memory is held."""


def _without_metadata(row: Mapping[str, Json]) -> dict[str, Json]:
    """The fields of a prepared row alone."""
    return {name: value for name, value in row.items() if name not in ROW_METADATA}


def _find_embedder(predictor: Predictor | None) -> Embedder | None:
    """The predictor where it embeds texts or images by a base model."""
    if getattr(predictor, "features", None) is None or getattr(predictor, "inputs", None) is None:
        return None
    if not getattr(predictor, "reader", None) and not getattr(predictor, "eye", None):
        return None
    return cast(Embedder, predictor)


def _column(rows: Sequence[Row], name: str) -> list[object]:
    return [row.get(name) for row in rows]
