"""The interface of tasks over rows: how a column becomes targets, how a head's output is decoded,
how it is evaluated.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, NoReturn

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message, Text
from mesocosm.core.records import Json

if TYPE_CHECKING:
    from mesocosm.learning.arrays import Array
    from mesocosm.learning.features.splits import Splits

Metrics = dict[str, Json]
"""Metrics of the test rows by their keys, as a version's card holds them."""


class Outcome(ABC):
    """What a model predicts; its facts are fitted on the training targets.

    Attributes:
        classes: outputs of a head that are classes; 0 for a number.
        labels: the classes, or none.
        output: the name of the exported head's output.
        many: whether a row may have several classes.
    """

    classes: int = 0
    labels: list[str] = []
    output = "values"
    many = False

    @property
    def scale(self) -> tuple[float, float] | None:
        """Mean and deviation of a number's training targets; None for classes."""
        return None

    @abstractmethod
    def parse_target(self, value: object) -> object:
        """A cleaned value as a target, None where it is missing."""

    @abstractmethod
    def fit(self, name: str, targets: Sequence[object]) -> None:
        """Fit the facts on the training targets of the field `name`.

        Raises:
            ConfigValueError: they cannot be trained on.
        """

    def is_known(self, target: object) -> bool:
        """Whether a target of another part can be evaluated."""
        return target is not None

    @abstractmethod
    def encode(self, targets: Sequence[object]) -> Array:
        """Targets as a head is trained on them, (rows,), or (rows, labels) for several labels."""

    @abstractmethod
    def decode(self, logits: Array) -> Array:
        """A head's logits as predictions: probabilities (rows, classes), or values (rows, 1) in the
        field's unit.
        """

    @abstractmethod
    def agreement(self, ours: Array, theirs: Array) -> float:
        """The share of rows on which two models predict the same, 0 to 1."""

    @abstractmethod
    def evaluate(self, predictions: Array, parts: Splits, seed: int) -> Metrics:
        """Metrics of predictions of the test rows, compared with baselines, with confidence
        intervals and paired tests.
        """

    @abstractmethod
    def compare(self, predictions: Array, other: Array, y: Array) -> dict[str, float]:
        """Metrics of another model's predictions of the same rows (encoded targets `y`), our `gain`
        over it, and `p` of a paired test.
        """

    @abstractmethod
    def summarize(self, metrics: Mapping[str, object]) -> Text:
        """The metrics in a line."""

    @abstractmethod
    def find_errors(self, predictions: Array, parts: Splits) -> Array:
        """Which test rows count as errors where weak slices are searched, (rows,)."""

    def describe(self, head: object, parts: Splits, seed: int) -> dict[str, Json]:
        """What a version's card must hold to decode its predictions.

        Args:
            head: fitted; what it left out in cross-validation is read where it has it.
        """
        return {"labels": self.labels}

    def measure_coverage(
        self,
        described: Mapping[str, object],
        predictions: Array,
        parts: Splits,
        open_: Mapping[str, Sequence[object]],
        kinds: Mapping[str, str],
    ) -> Metrics:
        """Metrics of the intervals of predictions of the test rows; none where there are none.

        Args:
            described: what the version's card holds of the outcome.
            predictions: predictions of the test rows.
            open_: columns of the test rows that may be shown; `kinds`, their types.
        """
        return {}


def raise_single_value(name: str, values: Sequence[str], expected: Message) -> NoReturn:
    """Refuse training targets of the field `name` that hold one value, or none."""
    held = Message("learning.no_value")
    if values:
        held = Message("learning.only_value", value=values[0])
    raise ConfigValueError(
        "target", Message("learning.training_rows_hold", name=name, held=held), expected
    )


def round_known(metrics: Mapping[str, float]) -> dict[str, float]:
    """Metrics rounded to four places; those that are nan are left out."""
    return {name: round(value, 4) for name, value in metrics.items() if not isnan(value)}


def round_or_none(metrics: Mapping[str, float]) -> Metrics:
    """Metrics rounded to four places; None for those that are nan."""
    return {name: None if isnan(value) else round(value, 4) for name, value in metrics.items()}


def gains_of(baselines: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """By how much a model is better than each baseline, by the key of the metric."""
    return {f"gain_over_{name}": compared["gain"] for name, compared in baselines.items()}


def read_interval(metrics: Mapping[str, object], name: str) -> object:
    """The confidence interval of a metric; empty where it has none."""
    intervals = metrics["interval"]
    assert isinstance(intervals, Mapping)
    return intervals.get(name, "")
