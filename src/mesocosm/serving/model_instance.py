"""A model version with its preprocessing and its answer index: in this process, or in a worker's.

Knows shapes. What is swapped, rolled out and rolled back is always a whole instance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mesocosm.catalog.rows import ServedRow
from mesocosm.core.prediction_form import PredictionForm
from mesocosm.core.settings import Predictor
from mesocosm.serving.preprocessing.preprocess import Preprocessor
from mesocosm.serving.requests.fields import Fields
from mesocosm.serving.rollout.recalibration import mark_unsure, recalibrate_prediction
from mesocosm.serving.spoken_answers import AnswerIndex, SpokenAnswer

ROW_METADATA = ("_row", "_why", "_flags")  # columns of a prepared row that are no field


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

    def answer(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]: ...

    def ask(self, question: str) -> SpokenAnswer: ...

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]: ...

    def held(self) -> list[dict[str, Any]]: ...

    def embed(self, rows: Sequence[Mapping[str, Any]]) -> list[list[float]]: ...

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
    kept: Callable[[], list[dict[str, Any]]] = list
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

    def answer(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Of each raw row its `clean` form and the prediction (`out`), or `why` the recipe would
        have quarantined it.
        """
        assert self.predictor is not None and self.preparation is not None
        prepared = self.preparation.prepare(rows)
        predictions = iter(self._predict_valid([r for r in prepared if r["_why"] is None]))
        answers: list[dict[str, Any]] = []
        for row in prepared:
            if row["_why"] is not None:
                answers.append({"why": row["_why"]})
            else:
                clean = {k: v for k, v in row.items() if k not in ROW_METADATA}
                answers.append({"clean": clean, "out": next(predictions)})
        return answers

    def _predict_valid(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
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

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Predict cleaned rows, without recalibration; nothing is logged."""
        assert self.predictor is not None
        if not rows:
            return []
        return self.predictor.predict(rows)

    def held(self) -> list[dict[str, Any]]:
        """Cleaned held-out rows of the version, each with its true label."""
        return self.kept()

    def embed(self, rows: Sequence[Mapping[str, Any]]) -> list[list[float]]:
        """Embeddings of the texts and images of cleaned rows; none where the model has no base
        model for either.
        """
        features = getattr(self.predictor, "features", None)
        names = getattr(self.predictor, "inputs", None)
        embeds = getattr(self.predictor, "reader", None) or getattr(self.predictor, "eye", None)
        if not rows or features is None or names is None or not embeds:
            return []
        text, _ = features({n: [r.get(n) for r in rows] for n in names}, len(rows))
        return [[float(v) for v in row] for row in text]

    def close(self) -> None:
        """Release nothing: only memory is held."""
