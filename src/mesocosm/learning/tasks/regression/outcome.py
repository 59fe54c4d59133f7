"""Regression: a number in its unit, with a prediction interval of a stated level. Knows the
intervals of evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import binomtest

from mesocosm.core.errors import ConfigValueError
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.evaluation.interval_widths import fit_widths, interval_ends, quantile
from mesocosm.learning.evaluation.slices import slices_of as slices
from mesocosm.learning.tasks.baseline_settings import build_baseline_features
from mesocosm.learning.tasks.outcome import Outcome, round_known, round_or_none
from mesocosm.learning.tasks.significance import wilcoxon_p

Array = np.ndarray[Any, Any]
LEVEL = 0.9
MIN_SLICE_ROWS, MAX_SLICES = (
    20,
    12,
)  # rows of a slice whose coverage is measured, and slices that are listed
EQUAL = 1e-5  # sd within which two errors are one: what float32 leaves of it
NEAR = 0.05  # sd within which two outputs say the same


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

    def parse_target(self, value: Any) -> Any:
        """The value as a float."""
        if value is None:
            return None
        return float(value)

    def fit(self, name: str, targets: Sequence[Any]) -> None:
        """Fit mean and deviation."""
        values = np.asarray(targets, dtype=float)
        if len(set(values.tolist())) < 2:
            held = f"{values[0]:g} only" if len(values) else "no value"
            raise ConfigValueError(
                "target", f"the training rows of '{name}' hold {held}", "two values or more"
            )
        self.floor = 0.0 if values.min() >= 0 else None
        self.mean, self.sd = float(values.mean()), float(values.std())

    def encode(self, targets: Sequence[Any]) -> Array:
        """Standardised numbers, float64."""
        return (np.asarray(targets, dtype=float) - self.mean) / self.sd

    def decode(self, logits: Array) -> Array:
        """Values in the field's unit."""
        return np.asarray(logits[:, :1] * self.sd + self.mean, dtype=float)

    def agreement(self, ours: Array, theirs: Array) -> float:
        """The share of rows no more than a twentieth of a deviation apart."""
        return float((np.abs(ours - theirs) <= NEAR * self.sd).mean())

    def spread(self, head: Any) -> float | None:
        """Half the width of the interval, in the field's unit; None where no row was left out."""
        left = getattr(head, "left_out", np.zeros((0, 1)))
        if len(left) == 0 or len(left) != len(head.y_left):
            return None
        return quantile(np.abs(left[:, 0] - head.y_left), LEVEL) * self.sd

    def widths(self, head: Any, parts: Any, seed: int) -> dict[str, Any] | None:
        """How wide the interval is by row, where residuals of rows left out depend on the inputs;
        None for one width.
        """
        left, y = getattr(head, "left_out", np.zeros((0, 1))), getattr(head, "y_left", np.zeros(0))
        left_rows = {"train": getattr(head, "left_rows", slice(None)), "validation": slice(None)}
        for part, rows in left_rows.items():
            targets = parts.y[part][rows]
            if len(left) and len(left) == len(targets) and np.array_equal(y, targets):
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
        described: Mapping[str, Any],
        predictions: Array,
        parts: Any,
        open_: Mapping[str, Sequence[Any]],
        kinds: Mapping[str, str],
    ) -> dict[str, Any]:
        """The share of test rows inside their interval, in all and by slice of 20 rows and more,
        the lowest first, with the mean width.

        The p of a slice is corrected for all slices that were tested (Bonferroni).

        Args:
            described: what the version's card holds, with its `scale`.
            predictions: predictions of the test rows (rows, 1).
            open_: columns of the test rows that may be shown; `kinds`, their types.

        Source: Romano et al. 2019, arXiv 1905.03222 (coverage beside width).
        """
        y = parts.y["test"] * self.sd + self.mean
        both = interval_ends(described["scale"], parts.table["test"], predictions[:, 0])
        if both is None or not len(y):
            return {}
        inside = (both[0] <= y + 1e-9 * abs(y)) & (y - 1e-9 * abs(y) <= both[1])
        covered: list[dict[str, Any]] = []
        for name, values in open_.items():
            for where, rows in slices(name, values, kinds[name]):
                if rows.sum() >= MIN_SLICE_ROWS:
                    covered.append({"where": where} | _count_covered(inside[rows]))
        covered.sort(key=lambda c: (c["covered"], c["p"]))
        tests = len(covered)
        return {
            "interval_coverage": round(float(inside.mean()), 4),
            "interval_width": round(float((both[1] - both[0]).mean()), 6),
            "interval_level": LEVEL,
            "coverage_by_slice": [
                c | {"p": round(min(1.0, c["p"] * tests), 6)} for c in covered[:MAX_SLICES]
            ],
        }

    def evaluate(self, predictions: Array, parts: Any, seed: int) -> dict[str, Any]:
        """R2, errors in the unit and the interval's coverage, compared with the mean and a linear
        model.
        """
        y, values = parts.y["test"] * self.sd + self.mean, predictions[:, 0]
        gap = np.abs(values - y)
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
        metrics["baselines"] = {
            name: self.compare(predictions, other[:, None], parts.y["test"])
            for name, other in self._fit_baselines(parts).items()
        }
        return metrics | {f"gain_over_{n}": b["gain"] for n, b in metrics["baselines"].items()}

    def compare(self, predictions: Array, other: Array, y: Array) -> dict[str, Any]:
        """The other's metrics, our gain in R2 and Wilcoxon's p over absolute errors."""
        y = y * self.sd + self.mean
        gap, away = np.abs(predictions[:, 0] - y), np.abs(other[:, 0] - y)
        metrics = round_known(_error_metrics(other[:, 0], y))
        gain = r2(predictions[:, 0], y) - metrics.get("r2", 0.0)
        p = 1.0
        if np.any(np.abs(gap - away) > EQUAL * self.sd):
            p = wilcoxon_p(gap, away)
        return metrics | {"gain": 0.0 if np.isnan(gain) else round(gain, 4), "p": p}

    def _fit_baselines(self, parts: Any) -> dict[str, Array]:
        """Predictions of the test rows by the mean, and by ridge regression."""
        from sklearn.linear_model import Ridge

        train, test = build_baseline_features(parts)
        model = Ridge(alpha=1.0).fit(train, parts.y["train"])
        return {
            "majority": np.full(len(parts.y["test"]), self.mean),
            "linear": model.predict(test) * self.sd + self.mean,
        }

    def summarize(self, metrics: dict[str, Any]) -> str:
        """R2 and the mean absolute error."""
        score = "R2 not known (all test rows have one value)"
        if metrics["r2"] is not None:
            score = f"R2 {metrics['r2']:.3f} {metrics['interval'].get('r2', '')}".rstrip()
        return f"{score}, mean error {metrics['mae']:.4g}"

    def find_errors(self, predictions: Array, parts: Any) -> Array:
        """Rows among the tenth with the greatest errors."""
        gap = np.abs(predictions[:, 0] - (parts.y["test"] * self.sd + self.mean))
        return np.asarray(gap > np.quantile(gap, 0.9))

    def describe(self, head: Any, parts: Any, seed: int) -> dict[str, Any]:
        """The scale, half the interval's width at its level, and how wide it is by row."""
        scale: dict[str, Any] = {
            "mean": self.mean,
            "sd": self.sd,
            "spread": self.spread(head),
            "level": LEVEL,
        }
        if self.floor is not None:
            scale["floor"] = self.floor
        scale["widths"] = self.widths(head, parts, seed)
        return {"labels": [], "scale": scale}


def _count_covered(inside: Array) -> dict[str, Any]:
    """How many rows of a slice are inside their interval, and the p of fewer than `LEVEL`."""
    count, rows = int(inside.sum()), len(inside)
    p = binomtest(count, rows, LEVEL, alternative="less").pvalue
    return {"rows": rows, "covered": round(float(inside.mean()), 4), "p": float(p)}


def _error_metrics(predictions: Array, y: Array) -> dict[str, float]:
    gap = np.abs(predictions - y)
    return {
        "r2": r2(predictions, y),
        "mae": float(gap.mean()),
        "rmse": float(np.sqrt((gap**2).mean())),
        "median_error": float(np.median(gap)),
    }
