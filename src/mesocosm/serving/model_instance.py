"""A version, its preparation and its answers as one unit that serves: in this process, or in a
worker's.

Knows shapes. What is swapped, rolled out and taken back is always a whole unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mesocosm.core.settings import Predictor
from mesocosm.serving.preprocessing.preprocess import Preprocessor
from mesocosm.serving.requests.fields import Fields
from mesocosm.serving.rollout.recalibration import mark_unsure, recalibrate_prediction

ROW_METADATA = ("_row", "_why", "_flags")  # columns of a prepared row that are no field


class AnswerIndex(Protocol):
    """Answers questions from a table."""

    def ask(self, question: str) -> dict[str, Any]: ...


class ModelInstance(Protocol):
    """What a service answers with.

    `fields` is None where it does not predict, `speaks` false where it has no table of answers,
    `broken` says why it can be asked no more.
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
    def says(self) -> str: ...

    @property
    def labels(self) -> Sequence[str]: ...

    @property
    def speaks(self) -> bool: ...

    @property
    def broken(self) -> str: ...

    def answer(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]: ...

    def ask(self, question: str) -> dict[str, Any]: ...

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]: ...

    def held(self) -> list[dict[str, Any]]: ...

    def vectors(self, rows: Sequence[Mapping[str, Any]]) -> list[list[float]]: ...

    def close(self) -> None: ...


Load = Callable[[str, Mapping[str, Any]], ModelInstance]


@dataclass(frozen=True)
class LocalModel:
    """A unit in this process; `kept` reads its held-out rows, `weights` recalibrate what it answers
    and nothing that it is judged by; an answer less probable than `floor` says that it is
    `unsure`."""

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
        """What a row must have."""
        return self.preparation

    @property
    def says(self) -> str:
        """What comes out: `classes`, `labels`, `number`, `text`, ..."""
        return self.predictor.says if self.predictor else ""

    @property
    def labels(self) -> Sequence[str]:
        """The labels that may come out."""
        return list(self.predictor.labels) if self.predictor else []

    @property
    def speaks(self) -> bool:
        """Whether it answers questions."""
        return self.speaker is not None

    @property
    def broken(self) -> str:
        """What is in memory stays whole."""
        return ""

    def answer(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Of each raw row its `clean` form and what comes `out`, or `why` the recipe would have set
        it aside.
        """
        assert self.predictor is not None and self.preparation is not None
        clean = self.preparation.ready(rows)
        good = [row for row in clean if row["_why"] is None]
        said = iter(self.predictor.predict(good) if good else [])
        if self.weights:
            said = (recalibrate_prediction(one, self.weights) for one in said)
        if self.floor is not None:
            said = (mark_unsure(one, self.floor) for one in said)
        return [
            (
                {"why": r["_why"]}
                if r["_why"] is not None
                else {
                    "clean": {k: v for k, v in r.items() if k not in ROW_METADATA},
                    "out": next(said),
                }
            )
            for r in clean
        ]

    def ask(self, question: str) -> dict[str, Any]:
        """What its table of answers says."""
        assert self.speaker is not None
        return self.speaker.ask(question)

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What comes out for cleaned rows; nothing is logged."""
        assert self.predictor is not None
        return self.predictor.predict(rows) if rows else []

    def held(self) -> list[dict[str, Any]]:
        """Cleaned rows that the version never learnt from, each with its `_label`."""
        return self.kept()

    def vectors(self, rows: Sequence[Mapping[str, Any]]) -> list[list[float]]:
        """The features that the model reads of the texts and images of cleaned rows; none where it
        reads neither.
        """
        features = getattr(self.predictor, "features", None)
        names = getattr(self.predictor, "inputs", None)
        if (
            not rows
            or features is None
            or names is None
            or not (getattr(self.predictor, "reader", None) or getattr(self.predictor, "eye", None))
        ):
            return []
        text, _ = features({n: [r.get(n) for r in rows] for n in names}, len(rows))
        return [[float(v) for v in row] for row in text]

    def close(self) -> None:
        """Nothing is held but memory."""
