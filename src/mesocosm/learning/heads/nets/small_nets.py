"""What small nets over features share: the mean of four, each trained without a quarter of the
rows. Knows torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from mesocosm.learning.arrays import Array, Ints
from mesocosm.learning.heads.blend import MeanPrediction
from mesocosm.learning.heads.folds import count_held_out, make_folds, shuffle_rows
from mesocosm.learning.heads.head import Groups, HeadSettings, Spans, Tensors
from mesocosm.learning.heads.kernel import select_loss

if TYPE_CHECKING:
    import torch
    from torch import nn

    Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # of outputs and targets

FOLDS = 4
BATCH = 128
EPOCHS = 60
PATIENCE = 8
HELD = 0.15  # of a fold's rows, for early stopping; the fold's held-out rows are not used for it
PREDICTED = 4096  # rows that are predicted at once
LEAST = 8  # rows under which all of them are trained on and none is held out


class NetEnsemble(MeanPrediction, ABC):
    """Nets that are fitted by gradient, each on other three quarters of the rows; its predictions
    for the rest are the held-out scores.

    Source: Breiman 1996, Bagging Predictors; Wolpert 1992, Neural Networks 5 (held-out scores of
    folds).
    """

    name: ClassVar[str]
    rate: ClassVar[float] = 1e-3

    def __init__(self, spans: Spans = ()) -> None:
        self.spans = spans

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Self:
        """A head of the same kind, fitted on other rows."""
        return type(self)(self.spans).fit(text, table, y, classes, seed, groups)

    @abstractmethod
    def net(self, text: int, table: int, spans: Spans, outputs: int) -> nn.Module:
        """An untrained net of `text` and `table` columns, of which `spans` belong together."""

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Self:
        """Train the nets."""
        import torch

        torch.manual_seed(seed)
        rows = NetRows(text, table, y, groups)
        self.classes, self.many, self.y_left = classes, y.ndim == 2, y
        self.left_out: Array = np.zeros((len(y), max(1, classes)))
        self.nets: list[Tensors] = []
        self.epochs: list[int] = []
        self.layout = (text.shape[1], table.shape[1], self._spans_of(table), max(1, classes))
        for fold, out in enumerate(_hold_out(y, classes, seed, groups)):
            self._fit_fold(rows, out, seed + fold)
        self.loss = select_loss(y, classes)(self.left_out, y)
        epochs = round(float(np.mean(self.epochs)))
        self.settings: HeadSettings = {"nets": len(self.nets), "epochs": epochs}
        return self

    def _spans_of(self, table: Array) -> Spans:
        """How many columns each input has; each column is one where that is not known."""
        if sum(self.spans) == table.shape[1]:
            return self.spans
        return (1,) * table.shape[1]

    def _fit_fold(self, rows: NetRows, out: Ints, seed: int) -> None:
        """Train a net without some rows, and keep its weights and its scores of these rows."""
        net = self.net(*self.layout)
        rest = np.setdiff1d(np.arange(len(rows.y)), out)
        self.epochs.append(_train_net(net, rows.take(rest), self.rate, seed))
        self.nets.append({k: v.detach().numpy().copy() for k, v in net.state_dict().items()})
        if len(out):
            self.left_out[out] = _predict(net, rows.text[out], rows.table[out])

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes), or values (rows, 1)."""
        import torch

        predictions = []
        for weights in self.nets:
            net = self.net(*self.layout)
            net.load_state_dict({k: torch.tensor(v) for k, v in weights.items()})
            predictions.append(_predict(net, text, table))
        return self._mean(predictions)

    def tensors(self) -> list[Tensors]:
        """The tensors of the exported graph, a dict per net."""
        return [weights | {"net": np.array(self.name)} for weights in self.nets]

    def shares(self) -> list[float]:
        """How much each of `tensors` counts."""
        return self._beliefs(len(self.nets))


@dataclass(frozen=True)
class NetRows:
    """Rows that nets are trained on."""

    text: Array
    table: Array
    y: Array
    groups: Groups

    def take(self, rows: Ints) -> NetRows:
        """Some of the rows."""
        groups = self.groups
        if groups is not None:
            groups = groups[rows]
        return NetRows(self.text[rows], self.table[rows], self.y[rows], groups)


def _hold_out(y: Array, classes: int, seed: int, groups: Groups) -> list[Ints]:
    """The rows that each net is trained without."""
    order: Ints = np.random.default_rng(seed).permutation(len(y))
    if y.ndim == 1 and classes:
        order = order[np.argsort(y[order], kind="stable")]  # every fold has rows of every class
    if groups is None:
        return [order[fold::FOLDS] for fold in range(FOLDS)]
    pairs = make_folds(y, classes, seed, FOLDS, groups)
    return [out for _, out in pairs] or [order[:0]]


def _forward(net: nn.Module, text: Array, table: Array) -> torch.Tensor:
    """The outputs of a net for rows of arrays."""
    import torch

    outputs: torch.Tensor = net(
        torch.from_numpy(np.ascontiguousarray(text, np.float32)),
        torch.from_numpy(np.ascontiguousarray(table, np.float32)),
    )
    return outputs


def _predict(net: nn.Module, text: Array, table: Array) -> Array:
    """The outputs of a net, computed in batches."""
    import torch

    net.eval()
    with torch.inference_mode():
        outputs = [
            _forward(net, text[i : i + PREDICTED], table[i : i + PREDICTED]).numpy()
            for i in range(0, len(text), PREDICTED)
        ]
    return np.vstack(outputs).astype(np.float64)


def _train_net(net: nn.Module, data: NetRows, rate: float, seed: int) -> int:
    """Train a net, restore the weights of its best epoch, and return that epoch's number."""
    import torch

    rng = np.random.default_rng(seed)
    order = shuffle_rows(len(data.y), rng, data.groups)
    first = count_held_out(order, _count_wanted(len(data.y)), data.groups)
    held, rows = order[:first], order[first:]
    step = _TrainStep(net, data, torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-2))
    best, best_weights, best_epoch = np.inf, _copy_weights(net), 0
    for epoch in range(1, EPOCHS + 1):
        step.run_epoch(rng.permutation(rows))
        if not len(held):
            best_epoch, best_weights = epoch, net.state_dict()
            continue
        held_loss = step.evaluate(held)
        if held_loss < best:
            best, best_epoch, best_weights = held_loss, epoch, _copy_weights(net)
        elif epoch - best_epoch >= PATIENCE:
            break
    net.load_state_dict(best_weights)
    return best_epoch


def _count_wanted(rows: int) -> int:
    """How many rows are to be held out for early stopping."""
    if rows < LEAST:
        return 0
    return int(rows * HELD)


class _TrainStep:
    """Gradient steps of one net over rows, and its loss on others."""

    def __init__(self, net: nn.Module, data: NetRows, optimizer: torch.optim.Optimizer) -> None:
        self.net, self.data, self.optimizer = net, data, optimizer
        self.loss_of, self.target = _choose_loss(data.y)

    def loss(self, pick: Ints) -> torch.Tensor:
        """The loss of some of the rows."""
        outputs = _forward(self.net, self.data.text[pick], self.data.table[pick])
        return self.loss_of(outputs, self.target[pick])

    def run_epoch(self, drawn: Ints) -> None:
        """One step for each batch of rows, in the order given."""
        import torch

        self.net.train()
        for start in range(0, len(drawn), BATCH):
            value = self.loss(drawn[start : start + BATCH])
            self.optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self.optimizer.step()

    def evaluate(self, rows: Ints) -> float:
        """The loss of rows that are not trained on."""
        import torch

        self.net.eval()
        with torch.no_grad():
            return float(self.loss(rows))


def _copy_weights(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in net.state_dict().items()}


def _choose_loss(y: Array) -> tuple[Loss, torch.Tensor]:
    """The loss of predictions and targets, and the targets as a tensor."""
    import torch
    from torch.nn import functional as f

    if y.ndim == 2:
        return f.binary_cross_entropy_with_logits, torch.from_numpy(y.astype(np.float32))
    if y.dtype.kind == "f":
        return _mean_squared_error, torch.from_numpy(y.astype(np.float32))
    return f.cross_entropy, torch.from_numpy(y.astype(np.int64))


def _mean_squared_error(out: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """The squared error of outputs (rows, 1)."""
    from torch.nn import functional as f

    return f.mse_loss(out[:, 0], true)
