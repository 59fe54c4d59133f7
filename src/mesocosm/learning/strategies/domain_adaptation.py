"""A model that starts from another's weights and is moved by few rows of its own. Knows linear
heads and a version's files.

Nothing but weights and facts of the other's training rows is taken over, so its rows stay where
they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.core.errors import Wrong
from mesocosm.learning.heads import Blend, softmax
from mesocosm.learning.heads.folds import Groups, folds
from mesocosm.learning.heads.kernel import log_loss
from mesocosm.learning.heads.linear import Linear

if TYPE_CHECKING:
    from mesocosm.learning.features.splits import Parts

Array = np.ndarray[Any, Any]
PULLS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)  # how strongly weights are held where they were
FOLDS = 5
# standard errors by which moved weights must be better than those of the general model before they
# replace them
SURE = 2.0


@dataclass(frozen=True)
class Taught:
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


def taught(folder: Path, version: str) -> Taught:
    """What a version's folder holds.

    Raises:
        Wrong: its head is not linear.
    """
    import onnx
    from onnx import numpy_helper

    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    held = {
        t.name: numpy_helper.to_array(t)
        for t in onnx.load(str(folder / "head.onnx")).graph.initializer
    }
    if card["head"] != "linear" or "h0_weights" not in held:
        raise Wrong(
            "adapts",
            f"{version} has a head of the kind '{card['head']}'",
            "'tune: {method: frozen, head: linear}' in the model that is adapted",
        )
    return Taught(version, card["labels"], card["block"], held["h0_weights"], held["h0_bias"])


class _Fitted:
    """What moved heads share: weights and bias, and what each row is told while it is left out."""

    name, weights, bias = "general", np.zeros((0, 0), np.float32), np.zeros(0, np.float32)

    def __init__(self, taught: Taught) -> None:
        self.taught = taught
        self.settings: dict[str, Any] = {}

    def _scored(self, left: Array, y: Array) -> None:
        self.left_out, self.y_left, self.loss = left, y, log_loss(left, y)

    def _general(self, text: Array, table: Array) -> tuple[Array, Array]:
        x = np.hstack([text, table]).astype(np.float64)
        return x, x @ self.taught.weights + self.taught.bias

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Any:
        """Another of the kind, fitted on other rows; a plain one where the columns are others."""
        fits = text.shape[1] + table.shape[1] == len(self.taught.weights)
        return (type(self)(self.taught) if fits else Linear()).fit(
            text, table, y, classes, seed, groups
        )

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Any:
        """Take the weights as they are."""
        self.weights, self.bias = self.taught.weights, self.taught.bias
        self._scored(self._general(text, table)[1], y)
        return self

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes)."""
        return np.asarray(np.hstack([text, table]) @ self.weights + self.bias)

    def tensors(self) -> list[dict[str, Array]]:
        """What the exported graph holds."""
        return [{"weights": self.weights, "bias": self.bias}]


class AsItIs(_Fitted):
    """The general model, unmoved."""


class Recalibrated(_Fitted):
    """The general model with a slope and a level of this place's own.

    Source: Steyerberg et al. 2004, Statistics in Medicine 23 (updating of prediction models:
    recalibration).
    """

    name = "recalibrated"

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Recalibrated:
        """Fit slope and level, each held near 1 and 0."""
        _, said = self._general(text, table)

        def moved(rows: Array) -> tuple[float, Array]:
            at = _least(
                lambda v: _loss(v[0] * said[rows] + v[1:], y[rows], said[rows]),
                np.concatenate([[1.0], np.zeros(classes)]),
                np.concatenate([[3.0], np.full(classes, 0.1)]),
            )
            return float(at[0]), at[1:]

        left = said.copy()
        for rows, out in folds(y, classes, seed, FOLDS, groups):
            slope, level = moved(rows)
            left[out] = slope * said[out] + level
        slope, level = moved(np.arange(len(y)))
        self.weights, self.bias = (
            (self.taught.weights * slope).astype(np.float32),
            (self.taught.bias * slope + level).astype(np.float32),
        )
        self.settings = {"slope": round(slope, 3)}
        self._scored(left, y)
        return self


class Shifted(_Fitted):
    """Logistic regression whose weights are held near the general model's instead of near nothing;
    how strongly is chosen by five-fold log-loss.

    Source: Chelba and Acero 2006, Computer Speech and Language 20 (a prior at the general model's
    weights).
    """

    name = "shifted"

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Shifted:
        """Choose the pull, then fit all rows."""
        x, said = self._general(text, table)
        width = x.shape[1]

        def moved(rows: Array, pull: float) -> tuple[Array, Array]:
            def loss(v: Array) -> tuple[float, Array]:
                by = v[: width * classes].reshape(width, classes)
                total, out = _gradient(said[rows] + x[rows] @ by + v[width * classes :], y[rows])
                return total, np.concatenate([(x[rows].T @ out).ravel(), out.sum(0)])

            strength = np.concatenate([np.full(width * classes, pull), np.full(classes, 0.1)])
            at = _minimum(loss, strength)
            return at[: width * classes].reshape(width, classes), at[width * classes :]

        parts, best, least, self.left_out = (
            folds(y, classes, seed, FOLDS, groups),
            PULLS[-1],
            np.inf,
            said,
        )
        for pull in PULLS if parts else ():
            left = said.copy()
            for rows, out in parts:
                by, level = moved(rows, pull)
                left[out] = said[out] + x[out] @ by + level
            if (loss := log_loss(left, y)) < least:
                least, best, self.left_out = loss, pull, left
        by, level = moved(np.arange(len(y)), best)
        self.weights, self.bias = (
            (self.taught.weights + by).astype(np.float32),
            (self.taught.bias + level).astype(np.float32),
        )
        self.settings = {"pull": best}
        self._scored(self.left_out, y)
        return self


def _gradient(logits: Array, y: Array) -> tuple[float, Array]:
    """Summed log-loss, and its gradient by the logits."""
    p = softmax(logits)
    total = -float(np.log(np.maximum(p[np.arange(len(y)), y], 1e-13)).sum())
    p[np.arange(len(y)), y] -= 1
    return total, p


def _loss(logits: Array, y: Array, said: Array) -> tuple[float, Array]:
    """Summed log-loss, and its gradient by slope and levels."""
    total, out = _gradient(logits, y)
    return total, np.concatenate([[(out * said).sum()], out.sum(0)])


def _minimum(loss: Callable[[Array], tuple[float, Array]], strength: Array) -> Array:
    """Where the loss and half a weighted square are least, from nothing."""
    from scipy.optimize import minimize

    def whole(v: Array) -> tuple[float, Array]:
        total, slope = loss(v)
        return total + 0.5 * float((strength * v * v).sum()), slope + strength * v

    return np.asarray(
        minimize(
            whole, np.zeros(len(strength)), jac=True, method="L-BFGS-B", options={"maxiter": 300}
        ).x
    )


def _least(loss: Callable[[Array], tuple[float, Array]], start: Array, strength: Array) -> Array:
    """Where the loss and half a weighted pull to `start` are least."""
    return start + _minimum(lambda v: loss(start + v), strength)


def adapted(
    source: Taught,
    text: Array,
    table: Array,
    y: Array,
    classes: int,
    seed: int,
    say: Callable[[str], None],
    groups: Groups = None,
) -> Any:
    """The head of the lowest left-out loss: the general one as it is, recalibrated, shifted, one of
    this place's own, or the mean of two.

    A row that a general model never saw is left out of it by itself, so what it says needs no
    folds.
    """
    still: list[Any] = [
        kind(source).fit(text, table, y, classes, seed, groups) for kind in (AsItIs, Recalibrated)
    ]
    own = Linear().fit(text, table, y, classes, seed, groups)
    own.name = "local"
    moved: list[Any] = [
        Shifted(source).fit(text, table, y, classes, seed, groups),
        *([own] if np.isfinite(own.loss) else []),
    ]
    moved += [
        Blend(*pair, classes=classes)
        for pair in combinations([*still, *moved], 2)
        if pair[1] not in still
    ]
    for head in (*still, *moved):
        say(f"{head.name}: left-out log-loss {head.loss:.4f}")
    base, best = (min(heads, key=lambda h: h.loss) for heads in (still, moved))
    gain = _losses(base) - _losses(best)
    return best if gain.mean() > SURE * gain.std() / np.sqrt(len(y)) else base


def _losses(head: Any) -> Array:
    """The log-loss of each left-out row."""
    return np.asarray(
        -np.log(np.maximum(softmax(head.left_out)[np.arange(len(head.y_left)), head.y_left], 1e-13))
    )


def beside_general(
    source: Taught,
    head: Any,
    said: Array,
    feats: Mapping[str, Array],
    parts: Parts,
    seed: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """What the general model, and one of this place's rows alone, say on the same test rows; the
    gain is in AUC where there are two classes, else in accuracy.
    """
    from mesocosm.learning.evaluation import metrics

    y, test = parts.y["test"], np.hstack([feats["test"], parts.table["test"]])
    own = Linear().fit(
        feats["train"],
        parts.table["train"],
        parts.y["train"],
        parts.task.classes,
        seed,
        parts.groups.get("train"),
    )
    others = {
        "general": softmax(test @ source.weights + source.bias),
        "local": softmax(own.logits(feats["test"], parts.table["test"])),
    }
    mine = metrics.classification_metrics(said, y)
    key = "auc" if mine.get("auc") == mine.get("auc") and parts.task.classes == 2 else "accuracy"
    told: dict[str, Any] = {"from": source.version, "took": head.name, "figure": key}
    found: dict[str, Any] = {"adapted": told}
    for name, other in others.items():
        told[name] = {
            k: round(v, 4) for k, v in metrics.classification_metrics(other, y).items() if v == v
        }
        found[f"gain_over_{name}"] = round(float(mine[key]) - float(told[name][key]), 4)
    say(
        f"took {head.name}: {key} {mine[key]:.3f}; {source.version} as it is"
        f" {told['general'][key]:.3f}, this place's rows alone {told['local'][key]:.3f}"
    )
    return found
