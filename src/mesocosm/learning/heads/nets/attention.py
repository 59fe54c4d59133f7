"""A transformer over the inputs of a row: each column, and each text's features, is a token that
looks at the others. Knows torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mesocosm.learning.arrays import Array
from mesocosm.learning.heads.head import Spans, Tensors
from mesocosm.learning.heads.nets.small_nets import NetEnsemble

if TYPE_CHECKING:
    from torch import nn

    from mesocosm.learning.export.graph_builder import GraphBuilder

WIDTH, HEADS, LAYERS = 32, 4, 2
DROPOUT = 0.1


class Attention(NetEnsemble):
    """FT-Transformer: every input becomes a token, two layers of attention fuse them, a token of
    its own is read out; the mean of four.

    The text's features are one more token, so that text and table are fused before the prediction.

    Source: Gorishniy et al. 2021, arXiv 2106.11959.
    """

    name: ClassVar[str] = "attention"

    def net(self, text: int, table: int, spans: Spans, outputs: int) -> nn.Module:
        """An untrained net."""
        import torch
        from torch import nn

        class Layer(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.norm, self.norm_up = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
                self.q, self.k = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
                self.v, self.o = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
                self.up, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
                self.drop = nn.Dropout(DROPOUT)

            def split_heads(self, projected: torch.Tensor) -> torch.Tensor:
                shape = (len(projected), -1, HEADS, WIDTH // HEADS)
                return projected.reshape(shape).transpose(1, 2)

            def attend(self, y: torch.Tensor) -> torch.Tensor:
                q, k = self.split_heads(self.q(y)), self.split_heads(self.k(y))
                v = self.split_heads(self.v(y))
                scores = q @ k.transpose(2, 3) * (WIDTH // HEADS) ** -0.5
                weights: torch.Tensor = self.drop(torch.softmax(scores, -1))
                mixed: torch.Tensor = self.o(
                    (weights @ v).transpose(1, 2).reshape(len(y), -1, WIDTH)
                )
                return mixed

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                mixed: torch.Tensor = self.drop(self.attend(self.norm(x)))
                x = x + mixed
                widened: torch.Tensor = self.drop(torch.relu(self.up(self.norm_up(x))))
                narrowed: torch.Tensor = self.drop(self.down(widened))
                return x + narrowed

        class Net(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                count = len(spans) + 1  # the last is read out
                self.tokens = nn.Parameter(torch.randn(table, count * WIDTH) * WIDTH**-0.5)
                self.level = nn.Parameter(torch.randn(count * WIDTH) * WIDTH**-0.5)
                self.mask = torch.from_numpy(_mask_columns(table, spans))
                self.read = nn.Linear(text, WIDTH) if text else None
                self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
                self.norm, self.last = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, outputs)

            def embed(self, features: torch.Tensor, rest: torch.Tensor) -> torch.Tensor:
                spread = rest @ (self.tokens * self.mask) + self.level
                columns = spread.reshape(len(rest), -1, WIDTH)
                if self.read is None:
                    return columns
                read: torch.Tensor = self.read(features * 4.0)
                return torch.cat([read[:, None], columns], 1)

            def forward(self, features: torch.Tensor, rest: torch.Tensor) -> torch.Tensor:
                x = self.embed(features, rest)
                for layer in self.layers:
                    x = layer(x)
                logits: torch.Tensor = self.last(torch.relu(self.norm(x[:, -1])))
                return logits

        return Net()

    def tensors(self) -> list[Tensors]:
        """The tensors of the exported graph; a column's weights are zero for the tokens of
        others.
        """
        _, table, spans, _ = self.layout
        mask = _mask_columns(table, spans)
        return [{**net, "tokens": net["tokens"] * mask} for net in super().tensors()]


def _mask_columns(table: int, spans: Spans) -> Array:
    """Which weights of the tokens count, 1 or 0: a column has those of its own input only."""
    mask, at = np.zeros((table, (len(spans) + 1) * WIDTH), np.float32), 0
    for i, width in enumerate(spans):
        mask[at : at + width, i * WIDTH : (i + 1) * WIDTH] = 1
        at += width
    return mask


class _Graph:
    """Writes the net's ONNX nodes.

    Args:
        prefix: of all names.
        tensors: the net's weights by name.
        builder: of the graph that they are added to.
    """

    def __init__(self, prefix: str, tensors: Tensors, builder: GraphBuilder) -> None:
        self.prefix, self.tensors = prefix, tensors
        self.node, self.const = builder.node, builder.const
        self.features = builder.features

    def linear(self, x: str, name: str) -> str:
        """A linear layer."""
        out = f"{self.prefix}_{name}"
        weights = self.const(f"{out}_w", self.tensors[f"{name}.weight"].T)
        product = self.node("MatMul", [x, weights], f"{out}_m")
        bias = self.const(f"{out}_b", self.tensors[f"{name}.bias"])
        return self.node("Add", [product, bias], out)

    def norm(self, x: str, name: str) -> str:
        """A layer normalisation."""
        out = f"{self.prefix}_{name}"
        weights = self.const(f"{out}_w", self.tensors[f"{name}.weight"])
        bias = self.const(f"{out}_b", self.tensors[f"{name}.bias"])
        inputs = [x, weights, bias]
        return self.node("LayerNormalization", inputs, out, axis=-1, epsilon=1e-5)

    def reshape(self, x: str, shape: list[int], out: str) -> str:
        """A reshape."""
        return self.node("Reshape", [x, self.const(f"{out}_shape", np.array(shape))], out)

    def tokens(self) -> str:
        """The tokens of a row's columns, and before them that of its text where there is one."""
        h, width = self.prefix, len(self.tensors["level"]) // WIDTH
        weights = self.const(f"{h}_tokens", self.tensors["tokens"])
        product = self.node("MatMul", ["table", weights], f"{h}_spread")
        level = self.const(f"{h}_level", self.tensors["level"])
        spread = self.node("Add", [product, level], f"{h}_levelled")
        x = self.reshape(spread, [-1, width, WIDTH], f"{h}_columns")
        if "read.weight" not in self.tensors:
            return x
        four = self.const(f"{h}_four", np.array(4, np.float32))
        scaled = self.node("Mul", [self.features, four], f"{h}_scaled")
        text = self.reshape(self.linear(scaled, "read"), [-1, 1, WIDTH], f"{h}_text")
        return self.node("Concat", [text, x], f"{h}_all", axis=1)

    def attend(self, y: str, at: str, count: int) -> str:
        """Multi-head self-attention of `count` tokens, before its output layer."""
        h, width = self.prefix, WIDTH // HEADS
        projected = []
        for name, perm in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
            split = self.reshape(
                self.linear(y, f"{at}.{name}"), [-1, count, HEADS, width], f"{h}_{at}_{name}_r"
            )
            projected.append(self.node("Transpose", [split], f"{h}_{at}_{name}_t", perm=perm))
        q, k, v = projected
        product = self.node("MatMul", [q, k], f"{h}_{at}_s")
        scale = self.const(f"{h}_{at}_scale", np.array(width**-0.5, np.float32))
        scores = self.node("Mul", [product, scale], f"{h}_{at}_scaled")
        weights = self.node("Softmax", [scores], f"{h}_{at}_p", axis=-1)
        mixed = self.node("MatMul", [weights, v], f"{h}_{at}_pv")
        turned = self.node("Transpose", [mixed], f"{h}_{at}_pvt", perm=[0, 2, 1, 3])
        return self.reshape(turned, [-1, count, WIDTH], f"{h}_{at}_mixed")

    def layer(self, x: str, at: str, count: int) -> str:
        """One transformer layer."""
        h = self.prefix
        mixed = self.attend(self.norm(x, f"{at}.norm"), at, count)
        x = self.node("Add", [x, self.linear(mixed, f"{at}.o")], f"{h}_{at}_seen")
        normed = self.norm(x, f"{at}.norm_up")
        up = self.node("Relu", [self.linear(normed, f"{at}.up")], f"{h}_{at}_relu")
        return self.node("Add", [x, self.linear(up, f"{at}.down")], f"{h}_{at}_out")


def graph(h: str, tensors: Tensors, builder: GraphBuilder) -> str:
    """The net as ONNX nodes; returns the name of its logits."""
    net = _Graph(h, tensors, builder)
    x = net.tokens()
    count = len(tensors["level"]) // WIDTH + ("read.weight" in tensors)
    for i in range(LAYERS):
        x = net.layer(x, f"layers.{i}", count)
    last = builder.const(f"{h}_last_at", np.array([count - 1]))
    token = builder.node("Gather", [x, last], f"{h}_token", axis=1)
    first = net.reshape(token, [-1, WIDTH], f"{h}_flat")
    return net.linear(builder.node("Relu", [net.norm(first, "norm")], f"{h}_said"), "last")
