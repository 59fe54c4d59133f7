"""A number in its unit, with an interval that holds at a stated level. Knows judge's intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import binomtest

from mesocosm.core.errors import Wrong
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.evaluation.interval_widths import fit_widths, interval_ends, quantile
from mesocosm.learning.evaluation.slices import slices_of as slices
from mesocosm.learning.tasks.baseline_settings import plain
from mesocosm.learning.tasks.task import Task

Array = np.ndarray[Any, Any]
LEVEL = 0.9
LEAST, MOST = 20, 12  # rows of a slice whose coverage is measured, and slices that are listed
EQUAL = 1e-5  # sd within which two errors are one: what float32 leaves of it
NEAR = 0.05  # sd within which two outputs say the same


def r2(said: Array, y: Array) -> float:
    """The share of the variance that is explained; nan for one value."""
    spread = float(((y - y.mean()) ** 2).sum())
    return 1 - float(((said - y) ** 2).sum()) / spread if spread else float("nan")


class Number(Task):
    """A number or integer; learned standardised, said in its unit.

    Its interval is split-conformal: the quantile of the left-out training residuals, in each leaf
    of a small tree where rows differ in their errors. What is never under 0 in the training rows
    has no end under 0.

    Source: Papadopoulos et al. 2002, ECML; Barber et al. 2021, Annals of Statistics 49
    (jackknife+).
    """

    @property
    def scale(self) -> tuple[float, float] | None:
        """Mean and deviation of the training targets."""
        return self.mean, self.sd

    def plain(self, value: Any) -> Any:
        """The value as a float."""
        return None if value is None else float(value)

    def fit(self, name: str, targets: Sequence[Any]) -> None:
        """Learn mean and deviation."""
        told = np.asarray(targets, dtype=float)
        if len(set(told.tolist())) < 2:
            one = f"{told[0]:g} only" if len(told) else "no value"
            raise Wrong(
                "predict", f"the training rows of '{name}' hold {one}", "two values or more"
            )
        self.floor = 0.0 if told.min() >= 0 else None
        self.mean, self.sd = float(told.mean()), float(told.std())

    def encode(self, targets: Sequence[Any]) -> Array:
        """Standardised numbers, float64."""
        return (np.asarray(targets, dtype=float) - self.mean) / self.sd

    def said(self, logits: Array) -> Array:
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
        """How wide the interval is by row, where rows left out differ in that; None for one
        width.
        """
        left, y = getattr(head, "left_out", np.zeros((0, 1))), getattr(head, "y_left", np.zeros(0))
        for part in ("train", "validation"):
            rows = getattr(head, "left_rows", slice(None)) if part == "train" else slice(None)
            if (
                len(left)
                and len(left) == len(parts.y[part][rows])
                and np.array_equal(y, parts.y[part][rows])
            ):
                return fit_widths(
                    parts.table[part][rows],
                    self.said(left)[:, 0],
                    np.abs(left[:, 0] - y) * self.sd,
                    LEVEL,
                    seed,
                )
        return None

    def covered(
        self,
        scale: dict[str, Any],
        said: Array,
        parts: Any,
        open_: Mapping[str, Sequence[Any]],
        kinds: Mapping[str, str],
    ) -> dict[str, Any]:
        """The share of test rows inside their interval, in all and by slice of 20 rows and more,
        the lowest first, with the mean width.

        The p of a slice is corrected for all slices that were tested (Bonferroni).

        Source: Romano et al. 2019, arXiv 1905.03222 (coverage beside width).
        """
        y = parts.y["test"] * self.sd + self.mean
        both = interval_ends(scale, parts.table["test"], said[:, 0])
        if both is None or not len(y):
            return {}
        inside = (both[0] <= y + 1e-9 * abs(y)) & (y - 1e-9 * abs(y) <= both[1])
        found: list[dict[str, Any]] = [
            {
                "where": where,
                "rows": int(rows.sum()),
                "covered": round(float(inside[rows].mean()), 4),
                "p": float(
                    binomtest(
                        int(inside[rows].sum()), int(rows.sum()), LEVEL, alternative="less"
                    ).pvalue
                ),
            }
            for name, values in open_.items()
            for where, rows in slices(name, values, kinds[name])
            if rows.sum() >= LEAST
        ]
        found.sort(key=lambda f: (f["covered"], f["p"]))
        return {
            "interval_coverage": round(float(inside.mean()), 4),
            "interval_width": round(float((both[1] - both[0]).mean()), 6),
            "interval_level": LEVEL,
            "coverage_by_slice": [
                f | {"p": round(min(1.0, f["p"] * len(found)), 6)} for f in found[:MOST]
            ],
        }

    def report(self, said: Array, parts: Any, seed: int) -> dict[str, Any]:
        """R2, errors in the unit and the interval's coverage, beside the mean and a linear
        model.
        """
        y, told = parts.y["test"] * self.sd + self.mean, said[:, 0]
        gap = np.abs(told - y)
        found: dict[str, Any] = {
            k: round(v, 4) if v == v else None for k, v in _figures(told, y).items()
        }
        found["interval"] = {
            "r2": evaluation_metrics.bootstrap_interval(lambda i: r2(told[i], y[i]), len(y), seed),
            "mae": evaluation_metrics.bootstrap_interval(
                lambda i: float(gap[i].mean()), len(y), seed
            ),
            "rmse": evaluation_metrics.bootstrap_interval(
                lambda i: float(np.sqrt((gap[i] ** 2).mean())), len(y), seed
            ),
        }
        found["interval"] = {k: v for k, v in found["interval"].items() if v}
        found |= {
            "rows": len(y),
            "classes": {},
            "baselines": {
                n: self.against(said, other[:, None], parts.y["test"])
                for n, other in self._beside(parts).items()
            },
        }
        return found | {
            f"gain_over_{name}": figures["gain"] for name, figures in found["baselines"].items()
        }

    def against(self, said: Array, other: Array, y: Array) -> dict[str, Any]:
        """The other's figures, the gain in R2 and Wilcoxon's p over absolute errors."""
        from scipy.stats import wilcoxon

        y = y * self.sd + self.mean
        gap, away = np.abs(said[:, 0] - y), np.abs(other[:, 0] - y)
        found: dict[str, Any] = {
            k: round(v, 4) for k, v in _figures(other[:, 0], y).items() if v == v
        }
        gain = r2(said[:, 0], y) - found.get("r2", 0.0)
        return found | {
            "gain": round(gain if gain == gain else 0.0, 4),
            "p": (
                round(float(wilcoxon(gap, away).pvalue), 6)
                if np.any(np.abs(gap - away) > EQUAL * self.sd)
                else 1.0
            ),
        }

    def _beside(self, parts: Any) -> dict[str, Array]:
        from sklearn.linear_model import Ridge

        train, test = plain(parts)
        net = Ridge(alpha=1.0).fit(train, parts.y["train"])
        return {
            "majority": np.full(len(parts.y["test"]), self.mean),
            "linear": net.predict(test) * self.sd + self.mean,
        }

    def sentence(self, metrics: dict[str, Any]) -> str:
        """R2 and the mean error."""
        told = (
            f"R2 {metrics['r2']:.3f} {metrics['interval'].get('r2', '')}".rstrip()
            if metrics["r2"] is not None
            else "R2 not known (all test rows have one value)"
        )
        return f"{told}, mean error {metrics['mae']:.4g}"

    def wrong(self, said: Array, parts: Any) -> Array:
        """Rows among the tenth with the greatest errors."""
        gap = np.abs(said[:, 0] - (parts.y["test"] * self.sd + self.mean))
        return np.asarray(gap > np.quantile(gap, 0.9))

    def card(self, head: Any) -> dict[str, Any]:
        """The scale, and half the interval's width at its level."""
        return {
            "labels": [],
            "scale": {
                "mean": self.mean,
                "sd": self.sd,
                "spread": self.spread(head),
                "level": LEVEL,
                **({} if self.floor is None else {"floor": self.floor}),
            },
        }


def _figures(said: Array, y: Array) -> dict[str, float]:
    gap = np.abs(said - y)
    return {
        "r2": r2(said, y),
        "mae": float(gap.mean()),
        "rmse": float(np.sqrt((gap**2).mean())),
        "median_error": float(np.median(gap)),
    }
