"""A small net of two hidden layers over features; a one-hot column's weights are the embedding of
its value. Knows torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mesocosm.learning.heads.head import Spans, Tensors
from mesocosm.learning.heads.nets.small_nets import NetEnsemble

if TYPE_CHECKING:
    from torch import nn

    from mesocosm.learning.export.graph_builder import GraphBuilder

WIDTH = 128
DROPOUT = 0.2


class Mlp(NetEnsemble):
    """Embeddings and two hidden layers; the mean of four nets.

    Source: Gorishniy et al. 2021, arXiv 2106.11959 (the baseline MLP of tables).
    """

    name: ClassVar[str] = "mlp"

    def net(self, text: int, table: int, spans: Spans, outputs: int) -> nn.Module:
        """An untrained net."""
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.first = nn.Linear(text + table, WIDTH)
                self.second = nn.Linear(WIDTH, WIDTH)
                self.last = nn.Linear(WIDTH, outputs)
                self.drop = nn.Dropout(DROPOUT)

            def forward(self, features: torch.Tensor, rest: torch.Tensor) -> torch.Tensor:
                joined = torch.cat([features * 4.0, rest], 1)
                first: torch.Tensor = self.drop(torch.relu(self.first(joined)))
                second: torch.Tensor = self.drop(torch.relu(self.second(first)))
                logits: torch.Tensor = self.last(second)
                return logits

        del spans
        return Net()


def graph(h: str, tensors: Tensors, builder: GraphBuilder) -> str:
    """The net as ONNX nodes; returns the name of its logits."""
    node, const = builder.node, builder.const
    four = const(f"{h}_four", np.array(4, np.float32))
    scaled = node("Mul", [builder.features, four], f"{h}_scaled")
    x = node("Concat", [scaled, "table"], f"{h}_joined", axis=1)
    for layer in ("first", "second", "last"):
        weights = const(f"{h}_{layer}_w", tensors[f"{layer}.weight"].T)
        product = node("MatMul", [x, weights], f"{h}_{layer}_m")
        bias = const(f"{h}_{layer}_b", tensors[f"{layer}.bias"])
        x = node("Add", [product, bias], f"{h}_{layer}")
        if layer != "last":
            x = node("Relu", [x], f"{h}_{layer}_r")
    return x
