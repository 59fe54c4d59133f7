"""Matrix products of a graph in int8, each row of activations with a scale of its own. Knows ONNX's
nodes.

A scale for a whole tensor (`DynamicQuantizeLinear`) makes a row's prediction depend on the other
rows of its batch and on their padding. Here the scale of a row is the greatest of its own
magnitudes, so that the row gives the same in every batch. Weights have 7 bits: sums of two products
then fit in 16 bits, which processors without VNNI add in, so that every processor gives the same.

Source: Yao et al. 2022, arXiv 2206.01861 (a scale a token).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

MAX_WEIGHT = 63  # the greatest quantized weight
MAX_ACTIVATION = 127  # the greatest quantized activation, beside a zero point of 128
NAME = "int8_"  # prefix of added nodes
# ONNX Runtime's own operators: one of them multiplies in int8 and gives float
RUNTIME = "com.microsoft"
MIN_OPSET = 18


class _Graph:
    """Nodes and constants of a graph that is rewritten."""

    def __init__(self, graph: Any) -> None:
        self.graph, self.nodes, self.known = graph, list[Any](), set[str]()
        self.consts = {i.name: i for i in graph.initializer}
        self.step = self.const(f"{NAME}step", np.float32(1 / MAX_ACTIVATION))
        self.middle = self.const(f"{NAME}middle", np.uint8(128))

    def node(self, kind: str, inputs: list[str], out: str, **more: Any) -> str:
        """Add a node of one output; its name."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [out], **more))
        return out

    def const(self, name: str, value: Any) -> str:
        """Add a constant once; its name."""
        from onnx import numpy_helper

        if name not in self.known:
            self.known.add(name)
            self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def activation(self, x: str) -> tuple[str, str]:
        """A tensor in uint8 around 128, and the greatest magnitude of each of its rows (the last
        axis); added once.

        A row of zeros is divided by zero here and multiplied by zero after the product, so that it
        stays zeros.
        """
        name = NAME + x
        if name not in self.known:
            self.known.add(name)
            self.node(
                "ReduceMax",
                [self.node("Abs", [x], f"{name}_abs"), self.const(f"{NAME}axes", np.array([-1]))],
                f"{name}_size",
                keepdims=1,
            )
            self.node(
                "QuantizeLinear",
                [self.node("Div", [x, f"{name}_size"], f"{name}_share"), self.step, self.middle],
                f"{name}_q",
            )
        return f"{name}_q", f"{name}_size"

    def product(self, x: str, weight: str, value: Any, out: str) -> None:
        """`x` times a weight (inputs, outputs), summed in int32; the weight has a scale for each
        output.
        """
        quantized, size = self.activation(x)
        scale = (np.maximum(np.abs(value).max(0), 1e-12) / MAX_WEIGHT).astype(np.float32)
        levels = np.clip(np.rint(value / scale), -MAX_WEIGHT, MAX_WEIGHT).astype(np.int8)
        w = self.const(f"{NAME}{weight}_q", levels)
        per_output = self.const(f"{NAME}{weight}_scale", scale)
        self.node(
            "MatMulIntegerToFloat",
            [quantized, w, self.step, per_output, self.middle],
            f"{NAME}{out}_part",
            domain=RUNTIME,
        )
        self.node("Mul", [f"{NAME}{out}_part", size], out)

    def quantize_node(self, node: Any) -> bool:
        """Replace a product by a constant weight; False where a node is none, and is kept."""
        from onnx import numpy_helper

        if node.op_type not in ("MatMul", "Gemm") or not self._multiplies_by_weight(node):
            return False
        name, value = node.input[1], numpy_helper.to_array(self.consts[node.input[1]])
        if _attributes(node).get("transB"):
            name, value = f"{name}_t", value.T
        bias = node.input[2] if len(node.input) > 2 else ""
        out = node.output[0]
        if not bias:
            self.product(node.input[0], name, value, out)
            return True
        self.product(node.input[0], name, value, f"{NAME}{out}_product")
        self.node("Add", [f"{NAME}{out}_product", bias], out)
        return True

    def _multiplies_by_weight(self, node: Any) -> bool:
        """Whether the right side is a constant matrix and the left side is not, without factors."""
        weight, attributes = self.consts.get(node.input[1]), _attributes(node)
        if weight is None or len(weight.dims) != 2 or node.input[0] in self.consts:
            return False
        scaled = attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0
        return not (attributes.get("transA") or scaled)


def _attributes(node: Any) -> dict[str, float]:
    """The numbers among a node's attributes."""
    return {a.name: a.f or a.i for a in node.attribute}


def quantize(source: Path, target: Path) -> None:
    """Write a graph with its products by constant weights (`MatMul`, `Gemm`) in int8; one whose
    opset is under 18 is written unchanged.
    """
    import onnx
    from onnx import helper

    model = onnx.load(str(source))
    if next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx")) < MIN_OPSET:
        onnx.save(model, str(target))
        return
    graph = _Graph(model.graph)
    for node in model.graph.node:
        if not graph.quantize_node(node):
            graph.nodes.append(node)
    used = set(_inputs(graph.nodes)) | {o.name for o in model.graph.output}
    tensors = [i for i in model.graph.initializer if i.name in used]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(graph.nodes)
    model.graph.initializer.extend(tensors)
    if all(o.domain != RUNTIME for o in model.opset_import):
        model.opset_import.append(helper.make_opsetid(RUNTIME, 1))
    onnx.save(model, str(target))


def _inputs(nodes: Any) -> Iterator[str]:
    """What nodes read, those of inner graphs too."""
    for node in nodes:
        yield from node.input
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _inputs(graph.node)
                yield from (o.name for o in graph.output)
