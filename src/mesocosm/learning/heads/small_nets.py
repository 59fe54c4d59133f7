"""What small nets over features share: four of them, each taught without a quarter of the rows, say
their mean. Knows torch.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from mesocosm.learning.heads.blend import Mean
from mesocosm.learning.heads.folds import Groups, cut, folds, mixed
from mesocosm.learning.heads.kernel import loss_for

Array = np.ndarray[Any, Any]
FOLDS = 4
BATCH = 128
EPOCHS = 60
PATIENCE = 8
HELD = 0.15  # of a fold's rows, by which it is seen when to stop; those left out are not looked at
LEAST = 8  # rows under which all of them teach and none is held


class Nets(Mean):
    """Nets that are fitted by gradient, each on another three quarters of the rows; what the fourth
    says of the rest is its left-out score.

    Source: Breiman 1996, Bagging Predictors; Wolpert 1992, Neural Networks 5 (left-out scores of
    folds).
    """

    name: ClassVar[str]
    rate: ClassVar[float] = 1e-3

    def __init__(self, spans: tuple[int, ...] = ()) -> None:
        self.spans = spans

    def again(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Self:
        """Another of the kind, fitted on other rows."""
        return type(self)(self.spans).fit(text, table, y, classes, seed, groups)

    def net(self, text: int, table: int, spans: tuple[int, ...], outputs: int) -> Any:
        """An untaught net of `text` and `table` columns, of which `spans` belong together."""
        raise NotImplementedError

    def fit(
        self, text: Array, table: Array, y: Array, classes: int, seed: int, groups: Groups = None
    ) -> Self:
        """Teach the nets."""
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
        outs = (
            [order[fold::FOLDS] for fold in range(FOLDS)]
            if groups is None
            else [out for _, out in folds(y, classes, seed, FOLDS, groups)] or [order[:0]]
        )
        for fold, out in enumerate(outs):
            rest = np.setdiff1d(order, out)
            net = self.net(text.shape[1], table.shape[1], spans, outputs)
            self.epochs.append(
                _taught(
                    net,
                    text[rest],
                    table[rest],
                    y[rest],
                    self.rate,
                    seed + fold,
                    groups if groups is None else groups[rest],
                )
            )
            self.nets.append({k: v.detach().numpy().copy() for k, v in net.state_dict().items()})
            if len(out):
                self.left_out[out] = _said(net, text[out], table[out])
        self.layout = (text.shape[1], table.shape[1], spans, outputs)
        self.loss = loss_for(y, classes)(self.left_out, y)
        self.settings = {"nets": len(self.nets), "epochs": round(float(np.mean(self.epochs)))}
        return self

    def logits(self, text: Array, table: Array) -> Array:
        """Logits (rows, classes), or values (rows, 1)."""
        import torch

        said = []
        for weights in self.nets:
            net = self.net(*self.layout)
            net.load_state_dict({k: torch.tensor(v) for k, v in weights.items()})
            said.append(_said(net, text, table))
        return self._mean(said)

    def tensors(self) -> list[dict[str, Array]]:
        """What the exported graph holds, a dict a net."""
        return [weights | {"net": np.array(self.name)} for weights in self.nets]

    def shares(self) -> list[float]:
        """How much each of `tensors` counts."""
        return self._beliefs(len(self.nets))


def _given(net: Any, text: Array, table: Array) -> Any:
    import torch

    return net(
        torch.from_numpy(np.ascontiguousarray(text, np.float32)),
        torch.from_numpy(np.ascontiguousarray(table, np.float32)),
    )


def _said(net: Any, text: Array, table: Array) -> Array:
    import torch

    net.eval()
    with torch.inference_mode():
        return np.vstack(
            [
                _given(net, text[i : i + 4096], table[i : i + 4096]).numpy()
                for i in range(0, len(text), 4096)
            ]
        ).astype(float)


def _taught(
    net: Any, text: Array, table: Array, y: Array, rate: float, seed: int, groups: Groups
) -> int:
    """Teach a net and leave the weights of its best epoch in; how many epochs that were."""
    import torch
    from torch.nn import functional as f

    rng = np.random.default_rng(seed)
    order = mixed(len(y), rng, groups)
    first = cut(order, int(len(y) * HELD) if len(y) >= LEAST else 0, groups)
    held, rows = order[:first], order[first:]
    target = torch.from_numpy(
        y.astype(np.float32 if y.dtype.kind == "f" or y.ndim == 2 else np.int64)
    )

    def loss(pick: Array) -> Any:
        out, true = _given(net, text[pick], table[pick]), target[pick]
        return (
            f.binary_cross_entropy_with_logits(out, true)
            if y.ndim == 2
            else f.mse_loss(out[:, 0], true)
            if y.dtype.kind == "f"
            else f.cross_entropy(out, true)
        )

    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-2)
    best, kept, at, epoch = np.inf, {k: v.clone() for k, v in net.state_dict().items()}, 0, 0
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
            at, kept = epoch, net.state_dict()
            continue
        net.eval()
        with torch.no_grad():
            now = float(loss(held))
        if now < best:
            best, at, kept = now, epoch, {k: v.clone() for k, v in net.state_dict().items()}
        elif epoch - at >= PATIENCE:
            break
    net.load_state_dict(kept)
    return at
