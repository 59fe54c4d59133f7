"""What small nets over features share: the mean of four, each trained without a quarter of the
rows. Knows torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np

from mesocosm.learning.heads.blend import MeanPrediction
from mesocosm.learning.heads.folds import Groups, count_held_out, make_folds, shuffle_rows
from mesocosm.learning.heads.kernel import select_loss

Array = np.ndarray[Any, Any]
FOLDS = 4
BATCH = 128
EPOCHS = 60
PATIENCE = 8
HELD = 0.15  # of a fold's rows, for early stopping; the fold's held-out rows are not used for it
LEAST = 8  # rows under which all of them are trained on and none is held out


class NetEnsemble(MeanPrediction, ABC):
    """Nets that are fitted by gradient, each on other three quarters of the rows; its predictions
    for the rest are the held-out scores.

    Source: Breiman 1996, Bagging Predictors; Wolpert 1992, Neural Networks 5 (held-out scores of
    folds).
    """

    name: ClassVar[str]
    rate: ClassVar[float] = 1e-3

    def __init__(self, spans: tuple[int, ...] = ()) -> None:
        self.spans = spans

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Self:
        """A head of the same kind, fitted on other rows."""
        return type(self)(self.spans).fit(text, table, y, classes, seed, groups)

    @abstractmethod
    def net(self, text: int, table: int, spans: tuple[int, ...], outputs: int) -> Any:
        """An untrained net of `text` and `table` columns, of which `spans` belong together."""

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Self:
        """Train the nets."""
        import torch

        torch.manual_seed(seed)
        order = np.random.default_rng(seed).permutation(len(y))
        if y.ndim == 1 and classes:
            order = order[np.argsort(y[order], kind="stable")]  # every fold has rows of every class
        outputs = max(1, classes)
        spans = self.spans if sum(self.spans) == table.shape[1] else (1,) * table.shape[1]
        self.classes, self.many, self.y_left = classes, y.ndim == 2, y
        self.left_out = np.zeros((len(y), outputs))
        self.nets: list[dict[str, Array]] = []
        self.epochs: list[int] = []
        self.layout = (text.shape[1], table.shape[1], spans, outputs)
        if groups is None:
            held_out = [order[fold::FOLDS] for fold in range(FOLDS)]
        else:
            pairs = make_folds(y, classes, seed, FOLDS, groups)
            held_out = [out for _, out in pairs] or [order[:0]]
        for fold, out in enumerate(held_out):
            rest = np.setdiff1d(order, out)
            net = self.net(*self.layout)
            rest_groups = None if groups is None else groups[rest]
            rows = (text[rest], table[rest], y[rest])
            self.epochs.append(_train_net(net, rows, self.rate, seed + fold, rest_groups))
            self.nets.append({k: v.detach().numpy().copy() for k, v in net.state_dict().items()})
            if len(out):
                self.left_out[out] = _predict(net, text[out], table[out])
        self.loss = select_loss(y, classes)(self.left_out, y)
        self.settings = {"nets": len(self.nets), "epochs": round(float(np.mean(self.epochs)))}
        return self

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes), or values (rows, 1)."""
        import torch

        predictions = []
        for weights in self.nets:
            net = self.net(*self.layout)
            net.load_state_dict({k: torch.tensor(v) for k, v in weights.items()})
            predictions.append(_predict(net, text, table))
        return self._mean(predictions)

    def tensors(self) -> list[dict[str, Array]]:
        """The tensors of the exported graph, a dict per net."""
        return [weights | {"net": np.array(self.name)} for weights in self.nets]

    def shares(self) -> list[float]:
        """How much each of `tensors` counts."""
        return self._beliefs(len(self.nets))


def _forward(net: Any, text: Array, table: Array) -> Any:
    import torch

    return net(
        torch.from_numpy(np.ascontiguousarray(text, np.float32)),
        torch.from_numpy(np.ascontiguousarray(table, np.float32)),
    )


def _predict(net: Any, text: Array, table: Array) -> Array:
    import torch

    net.eval()
    with torch.inference_mode():
        return np.vstack(
            [
                _forward(net, text[i : i + 4096], table[i : i + 4096]).numpy()
                for i in range(0, len(text), 4096)
            ]
        ).astype(float)


def _train_net(
    net: Any, data: tuple[Array, Array, Array], rate: float, seed: int, groups: Groups
) -> int:
    """Train a net, restore the weights of its best epoch, and return that epoch's number.

    Args:
        data: text features, table and targets of the rows.
    """
    import torch

    text, table, y = data
    rng = np.random.default_rng(seed)
    order = shuffle_rows(len(y), rng, groups)
    wanted = int(len(y) * HELD) if len(y) >= LEAST else 0
    first = count_held_out(order, wanted, groups)
    held, rows = order[:first], order[first:]
    loss_of, target = _choose_loss(y)

    def loss(pick: Array) -> Any:
        return loss_of(_forward(net, text[pick], table[pick]), target[pick])

    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-2)
    best, best_weights, best_epoch = np.inf, _copy_weights(net), 0
    for epoch in range(1, EPOCHS + 1):
        net.train()
        drawn = rng.permutation(rows)
        for start in range(0, len(drawn), BATCH):
            value = loss(drawn[start : start + BATCH])
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
        if not len(held):
            best_epoch, best_weights = epoch, net.state_dict()
            continue
        net.eval()
        with torch.no_grad():
            held_loss = float(loss(held))
        if held_loss < best:
            best, best_epoch, best_weights = held_loss, epoch, _copy_weights(net)
        elif epoch - best_epoch >= PATIENCE:
            break
    net.load_state_dict(best_weights)
    return best_epoch


def _copy_weights(net: Any) -> dict[str, Any]:
    return {name: weight.clone() for name, weight in net.state_dict().items()}


def _choose_loss(y: Array) -> tuple[Callable[[Any, Any], Any], Any]:
    """The loss of predictions and targets, and the targets as a tensor."""
    import torch
    from torch.nn import functional as f

    if y.ndim == 2:
        return f.binary_cross_entropy_with_logits, torch.from_numpy(y.astype(np.float32))
    if y.dtype.kind == "f":
        target = torch.from_numpy(y.astype(np.float32))
        return lambda out, true: f.mse_loss(out[:, 0], true), target
    return f.cross_entropy, torch.from_numpy(y.astype(np.int64))
