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
from typing import TYPE_CHECKING, Any, Self, TypedDict

import numpy as np

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Array, Floats
from mesocosm.learning.export.graph_builder import list_constants
from mesocosm.learning.heads import Blend, softmax
from mesocosm.learning.heads.folds import make_folds
from mesocosm.learning.heads.head import Groups, Head, HeadSettings, Tensors
from mesocosm.learning.heads.kernel import log_loss
from mesocosm.learning.heads.linear import Linear

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.heads.selection import TrainingRows

PULLS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)  # strengths of the prior at the source's weights
Loss = Callable[[Floats], tuple[float, Floats]]  # of parameters: the loss and its gradient
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
    weights: Floats
    bias: Floats


class Card(TypedDict):
    """What is read of a version's card."""

    head: str
    labels: list[str]
    block: dict[str, Any]


def load_source(folder: Path, version: str) -> SourceModel:
    """What a version's folder holds.

    Raises:
        ConfigValueError: its head is not linear.
    """
    import onnx
    from onnx import numpy_helper

    card: Card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    initializers = list_constants(onnx.load(str(folder / "head.onnx")).graph)
    held: dict[str, Floats] = {t.name: numpy_helper.to_array(t) for t in initializers}
    if card["head"] != "linear" or "h0_weights" not in held:
        raise ConfigValueError(
            "init_from",
            Message("learning.head_of_kind", version=version, head=card["head"]),
            Message("learning.linear_head"),
        )
    return SourceModel(version, card["labels"], card["block"], held["h0_weights"], held["h0_bias"])


class AdaptedHead:
    """What adapted heads share: weights and bias, and each row's held-out score."""

    name = "general"
    weights: Floats = np.zeros((0, 0), np.float32)
    bias: Floats = np.zeros(0, np.float32)
    loss: float
    left_out: Array
    y_left: Array

    def __init__(self, source: SourceModel) -> None:
        self.source = source
        self.settings: HeadSettings = {}

    def _scored(self, left: Array, y: Array) -> None:
        self.left_out, self.y_left, self.loss = left, y, log_loss(left, y)

    def _general(self, text: Array, table: Array) -> tuple[Floats, Floats]:
        """The columns, and the logits of the general model."""
        x: Floats = np.hstack([text, table]).astype(np.float64)
        return x, x @ self.source.weights + self.source.bias

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Head:
        """A head of the same kind, fitted on other rows; a linear one where the columns differ."""
        if text.shape[1] + table.shape[1] == len(self.source.weights):
            return type(self)(self.source).fit(text, table, y, classes, seed, groups)
        return Linear().fit(text, table, y, classes, seed, groups)

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Self:
        """Use the source's weights unchanged."""
        self.weights, self.bias = self.source.weights, self.source.bias
        self._scored(self._general(text, table)[1], y)
        return self

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        return np.hstack([text, table]) @ self.weights + self.bias

    def tensors(self) -> list[Tensors]:
        """The tensors of the exported graph."""
        return [{"weights": self.weights, "bias": self.bias}]


class Unchanged(AdaptedHead):
    """The general model, unchanged."""


class Recalibrated(AdaptedHead):
    """The general model with a slope and an intercept fitted on the local rows.

    Source: Steyerberg et al. 2004, Statistics in Medicine 23 (updating of prediction models:
    recalibration).
    """

    name = "recalibrated"

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Self:
        """Fit slope and level, each held near 1 and 0."""
        _, predictions = self._general(text, table)
        left = predictions.copy()
        for rows, out in make_folds(y, classes, seed, FOLDS, groups):
            slope, level = _recalibrate(predictions[rows], y[rows], classes)
            left[out] = slope * predictions[out] + level
        slope, level = _recalibrate(predictions, y, classes)
        self.weights = (self.source.weights * slope).astype(np.float32)
        self.bias = (self.source.bias * slope + level).astype(np.float32)
        self.settings = {"slope": round(slope, 3)}
        self._scored(left, y)
        return self


def _recalibrate(predictions: Floats, y: Array, classes: int) -> tuple[float, Floats]:
    """The slope and the level of each class that have the lowest loss on some rows."""

    def loss(at: Floats) -> tuple[float, Floats]:
        return _slope_gradient(at[0] * predictions + at[1:], y, predictions)

    start = np.concatenate([[1.0], np.zeros(classes)])
    strength = np.concatenate([[3.0], np.full(classes, 0.1)])
    at = _minimize_from(loss, start, strength)
    return float(at[0]), at[1:]


class Shifted(AdaptedHead):
    """Logistic regression whose weights are shrunk toward the general model's instead of zero; the
    strength is chosen by five-fold log-loss.

    Source: Chelba and Acero 2006, Computer Speech and Language 20 (a prior at the general model's
    weights).
    """

    name = "shifted"

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Self:
        """Choose the pull, then fit all rows."""
        x, predictions = self._general(text, table)
        folds = make_folds(y, classes, seed, FOLDS, groups)
        best, least, self.left_out = PULLS[-1], np.inf, predictions
        for pull in PULLS if folds else ():
            left = predictions.copy()
            for rows, out in folds:
                shift, level = _shift_weights(x[rows], predictions[rows], y[rows], classes, pull)
                left[out] = predictions[out] + x[out] @ shift + level
            if (loss := log_loss(left, y)) < least:
                least, best, self.left_out = loss, pull, left
        shift, level = _shift_weights(x, predictions, y, classes, best)
        self.weights = (self.source.weights + shift).astype(np.float32)
        self.bias = (self.source.bias + level).astype(np.float32)
        self.settings = {"pull": best}
        self._scored(self.left_out, y)
        return self


def _shift_weights(
    x: Floats, predictions: Floats, y: Array, classes: int, pull: float
) -> tuple[Floats, Floats]:
    """What is added to the general model's weights and bias, pulled toward zero."""
    width = x.shape[1]
    size = width * classes

    def loss(v: Floats) -> tuple[float, Floats]:
        shift = v[:size].reshape(width, classes)
        total, out = _logit_gradient(predictions + x @ shift + v[size:], y)
        return total, np.concatenate([(x.T @ out).ravel(), out.sum(0)])

    strength = np.concatenate([np.full(size, pull), np.full(classes, 0.1)])
    at = _minimize_ridge(loss, strength)
    return at[:size].reshape(width, classes), at[size:]


def _logit_gradient(logits: Floats, y: Array) -> tuple[float, Floats]:
    """Summed log-loss, and its gradient by the logits."""
    p: Floats = np.asarray(softmax(logits))
    own: Floats = p[np.arange(len(y)), y]
    total = -float(np.log(np.maximum(own, 1e-13)).sum())
    p[np.arange(len(y)), y] -= 1
    return total, p


def _slope_gradient(logits: Floats, y: Array, predictions: Floats) -> tuple[float, Floats]:
    """Summed log-loss, and its gradient by slope and levels."""
    total, out = _logit_gradient(logits, y)
    return total, np.concatenate([[(out * predictions).sum()], out.sum(0)])


def _minimize_ridge(loss: Loss, strength: Floats) -> Floats:
    """The minimum of the loss and half a weighted square, from zero."""
    from scipy.optimize import minimize

    def whole(v: Floats) -> tuple[float, Floats]:
        total, slope = loss(v)
        return total + 0.5 * float((strength * v * v).sum()), slope + strength * v

    found = minimize(
        whole, np.zeros(len(strength)), jac=True, method="L-BFGS-B", options={"maxiter": 300}
    )
    return np.asarray(found.x)


def _minimize_from(loss: Loss, start: Floats, strength: Floats) -> Floats:
    """The minimum of the loss and half a weighted square distance to `start`."""
    return start + _minimize_ridge(lambda v: loss(start + v), strength)


def adapt_head(source: SourceModel, rows: TrainingRows, say: Say) -> Head:
    """The head of the lowest cross-validated loss: the general one unchanged, recalibrated,
    shifted, one of the local rows alone, or the mean of two.

    A row that a general model never saw is left out of it by itself, so its predictions need no
    folds.
    """
    general: list[Head] = [rows.fit(Unchanged(source)), rows.fit(Recalibrated(source))]
    local = rows.fit(Linear())
    local.name = "local"
    moved: list[Head] = [rows.fit(Shifted(source))]
    if np.isfinite(local.loss):
        moved.append(local)
    for pair in combinations([*general, *moved], 2):
        if pair[1] not in general:
            moved.append(Blend(*pair, classes=rows.classes))
    for head in (*general, *moved):
        say(Message("progress.adapted_loss", head=head.name, loss=head.loss))
    base = min(general, key=_loss_of)
    best = min(moved, key=_loss_of)
    gain = _row_losses(base) - _row_losses(best)
    if float(gain.mean()) > MIN_STANDARD_ERRORS * float(gain.std()) / np.sqrt(len(rows.y)):
        return best
    return base


def _loss_of(head: Head) -> float:
    return head.loss


def _row_losses(head: Head) -> Floats:
    """The log-loss of each held-out row."""
    p = softmax(head.left_out)
    own: Floats = p[np.arange(len(head.y_left)), head.y_left]
    return -np.log(np.maximum(own, 1e-13))


def compare_with_source(
    source: SourceModel,
    head: Head,
    predictions: Array,
    feats: Mapping[str, Array],
    parts: Splits,
    seed: int,
    say: Say,
) -> dict[str, Json]:
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
    key = select_metric(ours, parts.outcome.classes)
    figures = {
        name: _round_present(metrics.classification_metrics(p, y)) for name, p in others.items()
    }
    gains = {
        f"gain_over_{name}": round(ours[key] - found[key], 4) for name, found in figures.items()
    }
    say(
        Message(
            "progress.adapted",
            head=head.name,
            metric=key,
            ours=ours[key],
            source=source.version,
            general=figures["general"][key],
            local=figures["local"][key],
        )
    )
    report: dict[str, Json] = {"from": source.version, "took": head.name, "figure": key}
    return {"adapted": report | figures, **gains}


def select_metric(metrics: Mapping[str, float], classes: int) -> str:
    """The metric that gains are in: AUC for two classes, else accuracy."""
    if classes == 2 and not np.isnan(metrics.get("auc", float("nan"))):
        return "auc"
    return "accuracy"


def _round_present(metrics: Mapping[str, float]) -> dict[str, float]:
    """Metrics to four places, without those that are NaN."""
    return {name: round(value, 4) for name, value in metrics.items() if not np.isnan(value)}
