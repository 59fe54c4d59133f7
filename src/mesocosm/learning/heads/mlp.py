"""A small net of two hidden layers over features; a one-hot column's weights are the embedding of
its value. Knows torch.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from mesocosm.learning.heads.small_nets import NetEnsemble

Array = np.ndarray[Any, Any]
WIDTH = 128
DROPOUT = 0.2


class Mlp(NetEnsemble):
    """Embeddings and two hidden layers; the mean of four nets.

    Source: Gorishniy et al. 2021, arXiv 2106.11959 (the baseline MLP of tables).
    """

    name: ClassVar[str] = "mlp"

    def net(self, text: int, table: int, spans: tuple[int, ...], outputs: int) -> Any:
        """An untrained net."""
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.first, self.second, self.last = (
                    nn.Linear(text + table, WIDTH),
                    nn.Linear(WIDTH, WIDTH),
                    nn.Linear(WIDTH, outputs),
                )
                self.drop = nn.Dropout(DROPOUT)

            def forward(self, features: Any, rest: Any) -> Any:
                x = self.drop(torch.relu(self.first(torch.cat([features * 4.0, rest], 1))))
                return self.last(self.drop(torch.relu(self.second(x))))

        del spans
        return Net()


def graph(h: str, tensors: dict[str, Array], node: Any, const: Any) -> str:
    """The net as ONNX nodes; returns the name of its logits."""
    x = node(
        "Concat",
        [
            node("Mul", ["features", const(f"{h}_four", np.array(4, np.float32))], f"{h}_scaled"),
            "table",
        ],
        f"{h}_joined",
        axis=1,
    )
    for layer in ("first", "second", "last"):
        x = node(
            "Add",
            [
                node(
                    "MatMul",
                    [x, const(f"{h}_{layer}_w", tensors[f"{layer}.weight"].T)],
                    f"{h}_{layer}_m",
                ),
                const(f"{h}_{layer}_b", tensors[f"{layer}.bias"]),
            ],
            f"{h}_{layer}",
        )
        if layer != "last":
            x = node("Relu", [x], f"{h}_{layer}_r")
    return str(x)
