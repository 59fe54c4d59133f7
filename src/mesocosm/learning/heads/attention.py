"""A transformer over the inputs of a row: each column, and each text's features, is a token that
looks at the others. Knows torch.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from mesocosm.learning.heads.small_nets import Nets

Array = np.ndarray[Any, Any]
WIDTH, HEADS, LAYERS = 32, 4, 2
DROPOUT = 0.1


class Attention(Nets):
    """FT-Transformer: every input becomes a token, two layers of attention fuse them, a token of
    its own is read out; the mean of four.

    The text's features are one token more, so that knowledge of several kinds meets before anything
    is told.

    Source: Gorishniy et al. 2021, arXiv 2106.11959.
    """

    name: ClassVar[str] = "attention"

    def net(self, text: int, table: int, spans: tuple[int, ...], outputs: int) -> Any:
        """An untaught net."""
        import torch
        from torch import nn

        class Layer(nn.Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.norm, self.norm_up = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
                self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
                self.up, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
                self.drop = nn.Dropout(DROPOUT)

            def forward(self, x: Any) -> Any:
                y = self.norm(x)
                q, k, v = (
                    turn(y).reshape(len(x), -1, HEADS, WIDTH // HEADS).transpose(1, 2)
                    for turn in (self.q, self.k, self.v)
                )
                belief = self.drop(
                    torch.softmax(q @ k.transpose(2, 3) * (WIDTH // HEADS) ** -0.5, -1)
                )
                x = x + self.drop(self.o((belief @ v).transpose(1, 2).reshape(len(x), -1, WIDTH)))
                return x + self.drop(self.down(self.drop(torch.relu(self.up(self.norm_up(x))))))

        class Net(nn.Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                count = len(spans) + 1  # the last is read out
                self.tokens = nn.Parameter(torch.randn(table, count * WIDTH) * WIDTH**-0.5)
                self.level = nn.Parameter(torch.randn(count * WIDTH) * WIDTH**-0.5)
                mask, at = torch.zeros(table, count * WIDTH), 0
                for i, width in enumerate(spans):
                    mask[at : at + width, i * WIDTH : (i + 1) * WIDTH] = 1
                    at += width
                self.mask = mask
                self.read = nn.Linear(text, WIDTH) if text else None
                self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
                self.norm, self.last = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, outputs)

            def forward(self, features: Any, rest: Any) -> Any:
                x = (rest @ (self.tokens * self.mask) + self.level).reshape(len(rest), -1, WIDTH)
                if self.read is not None:
                    x = torch.cat([self.read(features * 4.0)[:, None], x], 1)
                for layer in self.layers:
                    x = layer(x)
                return self.last(torch.relu(self.norm(x[:, -1])))

        return Net()

    def tensors(self) -> list[dict[str, Array]]:
        """What the exported graph holds; a column's weights are nothing for the tokens of
        others.
        """
        mask = self.net(*self.layout).mask.numpy()
        return [{**one, "tokens": one["tokens"] * mask} for one in super().tensors()]


def graph(h: str, tensors: dict[str, Array], node: Any, const: Any) -> str:
    """The net as ONNX nodes; returns the name of its logits."""

    def linear(x: str, name: str) -> str:
        out = f"{h}_{name}"
        return str(
            node(
                "Add",
                [
                    node("MatMul", [x, const(f"{out}_w", tensors[f"{name}.weight"].T)], f"{out}_m"),
                    const(f"{out}_b", tensors[f"{name}.bias"]),
                ],
                out,
            )
        )

    def norm(x: str, name: str) -> str:
        out = f"{h}_{name}"
        return str(
            node(
                "LayerNormalization",
                [
                    x,
                    const(f"{out}_w", tensors[f"{name}.weight"]),
                    const(f"{out}_b", tensors[f"{name}.bias"]),
                ],
                out,
                axis=-1,
                epsilon=1e-5,
            )
        )

    def shaped(x: str, shape: list[int], out: str) -> str:
        return str(node("Reshape", [x, const(f"{out}_shape", np.array(shape))], out))

    spread = node(
        "Add",
        [
            node("MatMul", ["table", const(f"{h}_tokens", tensors["tokens"])], f"{h}_spread"),
            const(f"{h}_level", tensors["level"]),
        ],
        f"{h}_levelled",
    )
    x = shaped(spread, [-1, len(tensors["level"]) // WIDTH, WIDTH], f"{h}_columns")
    if "read.weight" in tensors:
        scaled = node(
            "Mul", ["features", const(f"{h}_four", np.array(4, np.float32))], f"{h}_scaled"
        )
        x = node(
            "Concat",
            [shaped(linear(scaled, "read"), [-1, 1, WIDTH], f"{h}_text"), x],
            f"{h}_all",
            axis=1,
        )
    count = len(tensors["level"]) // WIDTH + ("read.weight" in tensors)
    for i in range(LAYERS):
        at = f"layers.{i}"
        y = norm(x, f"{at}.norm")
        q, k, v = (
            node(
                "Transpose",
                [
                    shaped(
                        linear(y, f"{at}.{name}"),
                        [-1, count, HEADS, WIDTH // HEADS],
                        f"{h}_{at}_{name}_r",
                    )
                ],
                f"{h}_{at}_{name}_t",
                perm=perm,
            )
            for name, perm in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3]))
        )
        scores = node(
            "Mul",
            [
                node("MatMul", [q, k], f"{h}_{at}_s"),
                const(f"{h}_{at}_scale", np.array((WIDTH // HEADS) ** -0.5, np.float32)),
            ],
            f"{h}_{at}_scaled",
        )
        mixed = node(
            "Transpose",
            [
                node(
                    "MatMul", [node("Softmax", [scores], f"{h}_{at}_p", axis=-1), v], f"{h}_{at}_pv"
                )
            ],
            f"{h}_{at}_pvt",
            perm=[0, 2, 1, 3],
        )
        x = node(
            "Add",
            [x, linear(shaped(mixed, [-1, count, WIDTH], f"{h}_{at}_mixed"), f"{at}.o")],
            f"{h}_{at}_seen",
        )
        up = node("Relu", [linear(norm(x, f"{at}.norm_up"), f"{at}.up")], f"{h}_{at}_relu")
        x = node("Add", [x, linear(up, f"{at}.down")], f"{h}_{at}_out")
    first = shaped(
        node("Gather", [x, const(f"{h}_last_at", np.array([count - 1]))], f"{h}_token", axis=1),
        [-1, WIDTH],
        f"{h}_flat",
    )
    return linear(str(node("Relu", [norm(first, "norm")], f"{h}_said")), "last")
