"""Domain adaptation: a model starts from another's weights and is adapted on few rows of its own.
Knows linear heads and a version's files.

Only weights and facts of the other's training rows are used, so its rows stay where they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.core.errors import ConfigValueError
from mesocosm.learning.heads import Blend, softmax
from mesocosm.learning.heads.folds import Groups, make_folds
from mesocosm.learning.heads.kernel import log_loss
from mesocosm.learning.heads.linear import Linear

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.heads.selection import TrainingRows

Array = np.ndarray[Any, Any]
PULLS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)  # strengths of the prior at the source's weights
FOLDS = 5
# standard errors by which moved weights must be better than those of the general model before they
# replace them
MIN_STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class SourceModel:
    """A version of another model that this one starts from.

    Args:
        version: its id.
        labels: its classes.
        facts: of its table block.
        weights: of its linear head (features and table, classes).
        bias: likewise.
    """

    version: str
    labels: Sequence[str]
    facts: Mapping[str, Any]
    weights: Array
    bias: Array


def load_source(folder: Path, version: str) -> SourceModel:
    """What a version's folder holds.

    Raises:
        ConfigValueError: its head is not linear.
    """
    import onnx
    from onnx import numpy_helper

    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    held = {
        t.name: numpy_helper.to_array(t)
        for t in onnx.load(str(folder / "head.onnx")).graph.initializer
    }
    if card["head"] != "linear" or "h0_weights" not in held:
        raise ConfigValueError(
            "init_from",
            f"{version} has a head of the kind '{card['head']}'",
            "'fine_tune: {method: frozen, head: linear}' in the model that is adapted",
        )
    return SourceModel(version, card["labels"], card["block"], held["h0_weights"], held["h0_bias"])


class _AdaptedHead:
    """What adapted heads share: weights and bias, and each row's held-out score."""

    name, weights, bias = "general", np.zeros((0, 0), np.float32), np.zeros(0, np.float32)

    def __init__(self, source: SourceModel) -> None:
        self.source = source
        self.settings: dict[str, Any] = {}

    def _scored(self, left: Array, y: Array) -> None:
        self.left_out, self.y_left, self.loss = left, y, log_loss(left, y)

    def _general(self, text: Array, table: Array) -> tuple[Array, Array]:
        x = np.hstack([text, table]).astype(np.float64)
        return x, x @ self.source.weights + self.source.bias

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Any:
        """A head of the same kind, fitted on other rows; a linear one where the columns differ."""
        head: Any = Linear()
        if text.shape[1] + table.shape[1] == len(self.source.weights):
            head = type(self)(self.source)
        return head.fit(text, table, y, classes, seed, groups)

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Any:
        """Use the source's weights unchanged."""
        self.weights, self.bias = self.source.weights, self.source.bias
        self._scored(self._general(text, table)[1], y)
        return self

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        return np.asarray(np.hstack([text, table]) @ self.weights + self.bias)

    def tensors(self) -> list[dict[str, Array]]:
        """The tensors of the exported graph."""
        return [{"weights": self.weights, "bias": self.bias}]


class Unchanged(_AdaptedHead):
    """The general model, unchanged."""


class Recalibrated(_AdaptedHead):
    """The general model with a slope and an intercept fitted on the local rows.

    Source: Steyerberg et al. 2004, Statistics in Medicine 23 (updating of prediction models:
    recalibration).
    """

    name = "recalibrated"

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Recalibrated:
        """Fit slope and level, each held near 1 and 0."""
        _, predictions = self._general(text, table)

        def moved(rows: Array) -> tuple[float, Array]:
            at = _minimize_from(
                lambda v: _slope_gradient(
                    v[0] * predictions[rows] + v[1:], y[rows], predictions[rows]
                ),
                np.concatenate([[1.0], np.zeros(classes)]),
                np.concatenate([[3.0], np.full(classes, 0.1)]),
            )
            return float(at[0]), at[1:]

        left = predictions.copy()
        for rows, out in make_folds(y, classes, seed, FOLDS, groups):
            slope, level = moved(rows)
            left[out] = slope * predictions[out] + level
        slope, level = moved(np.arange(len(y)))
        self.weights, self.bias = (
            (self.source.weights * slope).astype(np.float32),
            (self.source.bias * slope + level).astype(np.float32),
        )
        self.settings = {"slope": round(slope, 3)}
        self._scored(left, y)
        return self


class Shifted(_AdaptedHead):
    """Logistic regression whose weights are shrunk toward the general model's instead of zero; the
    strength is chosen by five-fold log-loss.

    Source: Chelba and Acero 2006, Computer Speech and Language 20 (a prior at the general model's
    weights).
    """

    name = "shifted"

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Shifted:
        """Choose the pull, then fit all rows."""
        x, predictions = self._general(text, table)
        width = x.shape[1]

        def moved(rows: Array, pull: float) -> tuple[Array, Array]:
            def loss(v: Array) -> tuple[float, Array]:
                by = v[: width * classes].reshape(width, classes)
                total, out = _logit_gradient(
                    predictions[rows] + x[rows] @ by + v[width * classes :], y[rows]
                )
                return total, np.concatenate([(x[rows].T @ out).ravel(), out.sum(0)])

            strength = np.concatenate([np.full(width * classes, pull), np.full(classes, 0.1)])
            at = _minimize_ridge(loss, strength)
            return at[: width * classes].reshape(width, classes), at[width * classes :]

        folds = make_folds(y, classes, seed, FOLDS, groups)
        best, least, self.left_out = PULLS[-1], np.inf, predictions
        for pull in PULLS if folds else ():
            left = predictions.copy()
            for rows, out in folds:
                by, level = moved(rows, pull)
                left[out] = predictions[out] + x[out] @ by + level
            if (loss := log_loss(left, y)) < least:
                least, best, self.left_out = loss, pull, left
        by, level = moved(np.arange(len(y)), best)
        self.weights, self.bias = (
            (self.source.weights + by).astype(np.float32),
            (self.source.bias + level).astype(np.float32),
        )
        self.settings = {"pull": best}
        self._scored(self.left_out, y)
        return self


def _logit_gradient(logits: Array, y: Array) -> tuple[float, Array]:
    """Summed log-loss, and its gradient by the logits."""
    p = softmax(logits)
    total = -float(np.log(np.maximum(p[np.arange(len(y)), y], 1e-13)).sum())
    p[np.arange(len(y)), y] -= 1
    return total, p


def _slope_gradient(logits: Array, y: Array, predictions: Array) -> tuple[float, Array]:
    """Summed log-loss, and its gradient by slope and levels."""
    total, out = _logit_gradient(logits, y)
    return total, np.concatenate([[(out * predictions).sum()], out.sum(0)])


def _minimize_ridge(loss: Callable[[Array], tuple[float, Array]], strength: Array) -> Array:
    """The minimum of the loss and half a weighted square, from zero."""
    from scipy.optimize import minimize

    def whole(v: Array) -> tuple[float, Array]:
        total, slope = loss(v)
        return total + 0.5 * float((strength * v * v).sum()), slope + strength * v

    return np.asarray(
        minimize(
            whole, np.zeros(len(strength)), jac=True, method="L-BFGS-B", options={"maxiter": 300}
        ).x
    )


def _minimize_from(
    loss: Callable[[Array], tuple[float, Array]], start: Array, strength: Array
) -> Array:
    """The minimum of the loss and half a weighted square distance to `start`."""
    return start + _minimize_ridge(lambda v: loss(start + v), strength)


def adapt_head(source: SourceModel, rows: TrainingRows, say: Callable[[str], None]) -> Any:
    """The head of the lowest cross-validated loss: the general one unchanged, recalibrated,
    shifted, one of the local rows alone, or the mean of two.

    A row that a general model never saw is left out of it by itself, so its predictions need no
    folds.
    """
    general: list[Any] = [rows.fit(kind(source)) for kind in (Unchanged, Recalibrated)]
    local = rows.fit(Linear())
    local.name = "local"
    moved: list[Any] = [rows.fit(Shifted(source))]
    if np.isfinite(local.loss):
        moved.append(local)
    pairs = combinations([*general, *moved], 2)
    blended = [pair for pair in pairs if pair[1] not in general]
    moved += [Blend(*pair, classes=rows.classes) for pair in blended]
    for head in (*general, *moved):
        say(f"{head.name}: cross-validated log-loss {head.loss:.4f}")
    base, best = (min(heads, key=lambda h: h.loss) for heads in (general, moved))
    gain = _row_losses(base) - _row_losses(best)
    if gain.mean() > MIN_STANDARD_ERRORS * gain.std() / np.sqrt(len(rows.y)):
        return best
    return base


def _row_losses(head: Any) -> Array:
    """The log-loss of each held-out row."""
    return np.asarray(
        -np.log(np.maximum(softmax(head.left_out)[np.arange(len(head.y_left)), head.y_left], 1e-13))
    )


def compare_with_source(
    source: SourceModel,
    head: Any,
    predictions: Array,
    feats: Mapping[str, Array],
    parts: Splits,
    seed: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Metrics of the general model, and of one of the local rows alone, on the same test rows; the
    gain is in AUC for two classes, else in accuracy.

    Args:
        predictions: the adapted model's probabilities of the test rows (rows, classes).
        feats: text features by part.
    """
    from mesocosm.learning.evaluation import metrics

    y, test = parts.y["test"], np.hstack([feats["test"], parts.table["test"]])
    local = Linear().fit(
        feats["train"],
        parts.table["train"],
        parts.y["train"],
        parts.outcome.classes,
        seed,
        parts.groups.get("train"),
    )
    others = {
        "general": softmax(test @ source.weights + source.bias),
        "local": softmax(local.logits(feats["test"], parts.table["test"])),
    }
    ours = metrics.classification_metrics(predictions, y)
    auc = ours.get("auc", float("nan"))
    key = "auc" if parts.outcome.classes == 2 and not np.isnan(auc) else "accuracy"
    report: dict[str, Any] = {"from": source.version, "took": head.name, "figure": key}
    result: dict[str, Any] = {"adapted": report}
    for name, other in others.items():
        classification_metrics = metrics.classification_metrics(other, y)
        report[name] = {
            k: round(v, 4) for k, v in classification_metrics.items() if not np.isnan(v)
        }
        result[f"gain_over_{name}"] = round(float(ours[key]) - float(report[name][key]), 4)
    say(
        f"selected {head.name}: {key} {ours[key]:.3f} (baselines: {source.version} unchanged"
        f" {report['general'][key]:.3f}, local-only {report['local'][key]:.3f})"
    )
    return result
