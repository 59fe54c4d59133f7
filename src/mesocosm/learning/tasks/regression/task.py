"""Regression as a task. Knows what follows from a number with an interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from mesocosm.core.faults import Fault
from mesocosm.core.messages import Message
from mesocosm.core.prediction_form import NUMBER
from mesocosm.core.records import Json
from mesocosm.learning.tasks.row_task import RowTask
from mesocosm.learning.tasks.task import CheckedModel, Leading, Record

if TYPE_CHECKING:
    from mesocosm.core.settings import Predictor
    from mesocosm.learning.arrays import Array
    from mesocosm.learning.export.predictor import Version
    from mesocosm.learning.tasks.regression.outcome import NumberOutcome

METRICS = ("r2", "mae", "rmse", "median_error")
GATED = (*METRICS, "gain_over_majority", "gain_over_linear")


class Regression(RowTask):
    """A number in its unit."""

    name = "regression"
    target_types = ("number", "integer")
    metrics = METRICS
    shown = METRICS
    leading = Leading("r2", "R2", "Wilcoxon, absolute errors")
    height = ("r2", "R2")
    form = NUMBER
    of = "numbers"
    predicts = "a number"

    def has_outputs(self, recipe: Record) -> bool:
        """A value with a scale."""
        return bool(recipe.get("scale"))

    def check(self, checked: CheckedModel) -> Iterator[Fault]:
        """No groups of people, metrics of numbers only, and a loss of numbers."""
        from mesocosm.learning.tasks.row_checks import check_fairness, check_loss, check_metrics

        yield from check_fairness(checked, "config.fairness_not_of_number")
        what = Message("config.regression_metric")
        yield from check_metrics(checked.model, GATED, what, checked.at)
        yield from check_loss(checked, self.of)

    def make_outcome(self, order: Sequence[str]) -> NumberOutcome:
        """Mean and deviation of the training rows."""
        from mesocosm.learning.tasks.regression.outcome import NumberOutcome

        return NumberOutcome()

    def present(
        self, version: Version, columns: Mapping[str, Sequence[object]], outputs: Array
    ) -> list[dict[str, Json]]:
        """`value`, and the `interval` that covers it at `level`."""
        import numpy as np

        from mesocosm.learning.evaluation.interval_widths import interval_ends
        from mesocosm.learning.features import tabular

        values, scale = outputs[:, 0], version.scale
        assert scale is not None
        table: Array = np.zeros((len(values), 0))
        if scale.get("widths"):
            table = tabular.build_block(
                columns, cast("dict[str, tabular.Fact]", version.card["block"]), len(values)
            )
        ends = interval_ends(scale, table, values)
        predictions: list[dict[str, Json]] = []
        for i, value in enumerate(values.tolist()):
            rounded = _round(value)
            prediction: dict[str, Json] = {"label": f"{rounded:g}", "value": rounded}
            if ends:
                low, high = ends
                prediction["interval"] = [_round(float(low[i])), _round(float(high[i]))]
                prediction["level"] = scale["level"]
            predictions.append(prediction)
        return predictions

    def read_label(self, label: str) -> float:
        """The number."""
        return float(label)

    def score(self, version: Predictor, prediction: Record, truth: object) -> float:
        """The share of a standard deviation that is not missed stands for accuracy."""
        scale: Mapping[str, float] = getattr(version, "scale", {})
        value = cast(float, prediction["value"])
        return float(1 - abs(value - float(str(truth))) / scale["sd"])

    def describe(self, recipe: Record) -> str:
        """A number."""
        return "Predicts a number"


def _round(value: float) -> float:
    """To six significant digits."""
    return float(f"{value:.6g}")
