"""Regression: a number in its unit, with a prediction interval of a stated level. Knows the
intervals of evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, TypedDict, cast

import numpy as np
from scipy.stats import binomtest

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Array, Floats, Mask
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.evaluation.interval_widths import fit_widths, interval_ends, quantile
from mesocosm.learning.evaluation.slices import slices_of as slices
from mesocosm.learning.tasks.baseline_settings import build_baseline_features
from mesocosm.learning.tasks.outcome import (
    Metrics,
    Outcome,
    gains_of,
    read_interval,
    round_known,
    round_or_none,
)
from mesocosm.learning.tasks.significance import wilcoxon_p

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits

LEVEL = 0.9
MIN_SLICE_ROWS = 20  # rows of a slice whose coverage is measured
MAX_SLICES = 12  # slices that are listed
EQUAL = 1e-5  # sd within which two errors are one: what float32 leaves of it
NEAR = 0.05  # sd within which two outputs say the same


class CoveredSlice(TypedDict):
    """How many rows of a slice (`where`) are inside their interval, and the p of fewer than
    `LEVEL`.
    """

    where: str
    where_message: dict[str, object]
    rows: int
    covered: float
    p: float


def r2(predictions: Array, y: Array) -> float:
    """The share of the variance that is explained, at most 1; nan where all targets are equal."""
    spread = float(((y - y.mean()) ** 2).sum())
    if not spread:
        return float("nan")
    return 1 - float(((predictions - y) ** 2).sum()) / spread


class NumberOutcome(Outcome):
    """A number or integer; trained standardised, predicted in its unit.

    Its interval is split-conformal: the quantile of the held-out training residuals, in each leaf
    of a small tree where residuals depend on the inputs. A target that is never negative in the
    training rows has no interval below 0.

    Source: Papadopoulos et al. 2002, ECML; Barber et al. 2021, Annals of Statistics 49
    (jackknife+).
    """

    @property
    def scale(self) -> tuple[float, float] | None:
        """Mean and deviation of the training targets."""
        return self.mean, self.sd

    def parse_target(self, value: object) -> float | None:
        """The value as a float."""
        if value is None:
            return None
        return float(cast(float, value))

    def fit(self, name: str, targets: Sequence[object]) -> None:
        """Fit mean and deviation."""
        values: Floats = np.asarray(targets, dtype=float)
        if len(set(values.tolist())) < 2:
            held = Message("learning.no_value")
            if len(values):
                held = Message("learning.only_number", value=values[0])
            raise ConfigValueError(
                "target",
                Message("learning.training_rows_hold", name=name, held=held),
                Message("learning.two_values"),
            )
        self.floor = None
        if values.min() >= 0:
            self.floor = 0.0
        self.mean, self.sd = float(values.mean()), float(values.std())

    def encode(self, targets: Sequence[object]) -> Floats:
        """Standardised numbers, float64."""
        values: Floats = np.asarray(targets, dtype=float)
        return (values - self.mean) / self.sd

    def unscale(self, y: Array) -> Floats:
        """Encoded targets in the field's unit."""
        return np.asarray(y * self.sd + self.mean)

    def decode(self, logits: Array) -> Floats:
        """Values in the field's unit."""
        return np.asarray(logits[:, :1] * self.sd + self.mean, dtype=float)

    def agreement(self, ours: Array, theirs: Array) -> float:
        """The share of rows no more than a twentieth of a deviation apart."""
        return float((np.abs(ours - theirs) <= NEAR * self.sd).mean())

    def spread(self, head: object) -> float | None:
        """Half the width of the interval, in the field's unit; None where no row was left out."""
        left, y = _left_out(head)
        if len(left) == 0 or len(left) != len(y):
            return None
        return quantile(np.abs(left[:, 0] - y), LEVEL) * self.sd

    def widths(self, head: object, parts: Splits, seed: int) -> dict[str, Json] | None:
        """How wide the interval is by row, where residuals of rows left out depend on the inputs;
        None for one width.
        """
        left, y = _left_out(head)
        if not len(left):
            return None
        train_rows: slice | Array = getattr(head, "left_rows", slice(None))
        for part, rows in (("train", train_rows), ("validation", slice(None))):
            targets = parts.y[part][rows]
            if len(left) == len(targets) and np.array_equal(y, targets):
                return fit_widths(
                    parts.table[part][rows],
                    self.decode(left)[:, 0],
                    np.abs(left[:, 0] - y) * self.sd,
                    LEVEL,
                    seed,
                )
        return None

    def measure_coverage(
        self,
        described: Mapping[str, object],
        predictions: Array,
        parts: Splits,
        open_: Mapping[str, Sequence[object]],
        kinds: Mapping[str, str],
    ) -> Metrics:
        """The share of test rows inside their interval, in all and by slice of 20 rows and more,
        the lowest first, with the mean width.

        The p of a slice is corrected for all slices that were tested (Bonferroni).

        Args:
            described: what the version's card holds, with its `scale`.
            predictions: predictions of the test rows (rows, 1).
            open_: columns of the test rows that may be shown; `kinds`, their types.

        Source: Romano et al. 2019, arXiv 1905.03222 (coverage beside width).
        """
        y = self.unscale(parts.y["test"])
        scale = cast("dict[str, Json]", described["scale"])
        both = interval_ends(scale, parts.table["test"], predictions[:, 0])
        if both is None or not len(y):
            return {}
        low, high = both
        slack: Floats = 1e-9 * np.abs(y)
        inside: Mask = (low <= y + slack) & (y - slack <= high)
        slices_by_coverage = sorted(
            _cover_slices(inside, open_, kinds), key=lambda one: (one["covered"], one["p"])
        )
        return {
            "interval_coverage": round(float(inside.mean()), 4),
            "interval_width": round(float((high - low).mean()), 6),
            "interval_level": LEVEL,
            "coverage_by_slice": _correct_p(slices_by_coverage),
        }

    def evaluate(self, predictions: Array, parts: Splits, seed: int) -> Metrics:
        """R2, errors in the unit and the interval's coverage, compared with the mean and a linear
        model.
        """
        y: Floats = self.unscale(parts.y["test"])
        values: Array = predictions[:, 0]
        gap: Floats = np.abs(values - y)
        metrics = round_or_none(_error_metrics(values, y))
        bootstrap_interval = evaluation_metrics.bootstrap_interval
        intervals = {
            "r2": bootstrap_interval(lambda i: r2(values[i], y[i]), len(y), seed),
            "mae": bootstrap_interval(lambda i: float(gap[i].mean()), len(y), seed),
            "rmse": bootstrap_interval(
                lambda i: float(np.sqrt((gap[i] ** 2).mean())), len(y), seed
            ),
        }
        metrics["interval"] = {k: v for k, v in intervals.items() if v}
        metrics |= {"rows": len(y), "classes": {}}
        baselines = {
            name: self.compare(predictions, other[:, None], parts.y["test"])
            for name, other in self._fit_baselines(parts).items()
        }
        metrics["baselines"] = baselines
        return metrics | gains_of(baselines)

    def compare(self, predictions: Array, other: Array, y: Array) -> dict[str, float]:
        """The other's metrics, our gain in R2 and Wilcoxon's p over absolute errors."""
        true = self.unscale(y)
        gap: Floats = np.abs(predictions[:, 0] - true)
        away: Floats = np.abs(other[:, 0] - true)
        metrics = round_known(_error_metrics(other[:, 0], true))
        gain = r2(predictions[:, 0], true) - metrics.get("r2", 0.0)
        if isnan(gain):
            gain = 0.0
        p = 1.0
        if np.any(np.abs(gap - away) > EQUAL * self.sd):
            p = wilcoxon_p(gap, away)
        return metrics | {"gain": round(gain, 4), "p": p}

    def _fit_baselines(self, parts: Splits) -> dict[str, Floats]:
        """Predictions of the test rows by the mean, and by ridge regression."""
        from sklearn.linear_model import Ridge

        train, test = build_baseline_features(parts)
        model = Ridge(alpha=1.0).fit(train, parts.y["train"])
        return {
            "majority": np.full(len(parts.y["test"]), self.mean),
            "linear": self.unscale(model.predict(test)),
        }

    def summarize(self, metrics: Mapping[str, object]) -> Message:
        """R2 and the mean absolute error."""
        score = Message("progress.r2_unknown")
        if metrics["r2"] is not None:
            r2, interval = f"{metrics['r2']:.3f}", str(read_interval(metrics, "r2"))
            score = Message("progress.r2", r2=f"{r2} {interval}".rstrip())
        return Message("progress.regression", score=score, error=f"{metrics['mae']:.4g}")

    def find_errors(self, predictions: Array, parts: Splits) -> Array:
        """Rows among the tenth with the greatest errors."""
        gap: Floats = np.abs(predictions[:, 0] - self.unscale(parts.y["test"]))
        return np.asarray(gap > np.quantile(gap, 0.9))

    def describe(self, head: object, parts: Splits, seed: int) -> dict[str, Json]:
        """The scale, half the interval's width at its level, and how wide it is by row."""
        scale: dict[str, Json] = {
            "mean": self.mean,
            "sd": self.sd,
            "spread": self.spread(head),
            "level": LEVEL,
        }
        if self.floor is not None:
            scale["floor"] = self.floor
        scale["widths"] = self.widths(head, parts, seed)
        return {"labels": [], "scale": scale}


def _left_out(head: object) -> tuple[Array, Array]:
    """Held-out outputs of a head (rows, 1) and their targets; of no rows where it has none."""
    outputs: Array = getattr(head, "left_out", np.zeros((0, 1)))
    targets: Array = getattr(head, "y_left", np.zeros(0))
    return outputs, targets


def _cover_slices(
    inside: Mask, open_: Mapping[str, Sequence[object]], kinds: Mapping[str, str]
) -> list[CoveredSlice]:
    """The coverage of each slice of 20 rows and more."""
    covered: list[CoveredSlice] = []
    for name, values in open_.items():
        for where, rows in slices(name, values, kinds[name]):
            if rows.sum() >= MIN_SLICE_ROWS:
                covered.append(_cover_slice(where, inside[rows]))
    return covered


def _cover_slice(where: Message, inside: Mask) -> CoveredSlice:
    count, rows = int(inside.sum()), len(inside)
    p = float(binomtest(count, rows, LEVEL, alternative="less").pvalue)
    return {
        "where": str(where),
        "where_message": where.as_json(),
        "rows": rows,
        "covered": round(float(inside.mean()), 4),
        "p": p,
    }


def _correct_p(slices_by_coverage: Sequence[CoveredSlice]) -> list[dict[str, Json]]:
    """The slices with the lowest coverage, their p corrected for all that were tested."""
    tests = len(slices_by_coverage)
    corrected: list[dict[str, Json]] = []
    for one in slices_by_coverage[:MAX_SLICES]:
        p = round(min(1.0, one["p"] * tests), 6)
        corrected.append(cast("dict[str, Json]", {**one, "p": p}))
    return corrected


def _error_metrics(predictions: Array, y: Array) -> dict[str, float]:
    gap: Floats = np.abs(predictions - y)
    return {
        "r2": r2(predictions, y),
        "mae": float(gap.mean()),
        "rmse": float(np.sqrt((gap**2).mean())),
        "median_error": float(np.median(gap)),
    }
