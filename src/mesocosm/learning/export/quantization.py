"""Matrix products of a graph in int8, each row of activations with a scale of its own. Knows ONNX's
nodes.

A scale for a whole tensor (`DynamicQuantizeLinear`) makes a row's prediction depend on the other
rows of its batch and on their padding. Here the scale of a row is the greatest of its own
magnitudes, so that the row gives the same in every batch. Weights have 7 bits: sums of two products
then fit in 16 bits, which processors without VNNI add in, so that every processor gives the same.

Source: Yao et al. 2022, arXiv 2206.01861 (a scale a token).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.learning.arrays import Array, Floats
from mesocosm.learning.export.graph_builder import (
    Attribute,
    list_constants,
    list_inner_graphs,
    list_inputs,
    list_nodes,
    list_outputs,
    make_node,
)

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

MAX_WEIGHT = 63  # the greatest quantized weight
MAX_ACTIVATION = 127  # the greatest quantized activation, beside a zero point of 128
NAME = "int8_"  # prefix of added nodes
# ONNX Runtime's own operators: one of them multiplies in int8 and gives float
RUNTIME = "com.microsoft"
MIN_OPSET = 18


class _Graph:
    """Nodes and constants of a graph that is rewritten."""

    def __init__(self, graph: GraphProto) -> None:
        self.graph, self.known = graph, set[str]()
        self.nodes: list[NodeProto] = []
        self.consts = {tensor.name: tensor for tensor in list_constants(graph)}
        self.step = self.const(f"{NAME}step", np.float32(1 / MAX_ACTIVATION))
        self.middle = self.const(f"{NAME}middle", np.uint8(128))

    def node(
        self,
        kind: str,
        inputs: list[str],
        out: str,
        domain: str | None = None,
        **attributes: Attribute,
    ) -> str:
        """Add a node of one output; its name."""
        self.nodes.append(make_node(kind, inputs, out, domain, attributes))
        return out

    def const(self, name: str, value: Array | np.float32 | np.uint8) -> str:
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

    def product(self, x: str, weight: str, value: Array, out: str) -> None:
        """`x` times a weight (inputs, outputs), summed in int32; the weight has a scale for each
        output.
        """
        quantized, size = self.activation(x)
        greatest: Floats = np.abs(value).max(0)
        scale: Floats = (np.maximum(greatest, 1e-12) / MAX_WEIGHT).astype(np.float32)
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

    def quantize_node(self, node: NodeProto) -> bool:
        """Replace a product by a constant weight; False where a node is none, and is kept."""
        from onnx import numpy_helper

        if node.op_type not in ("MatMul", "Gemm") or not self._multiplies_by_weight(node):
            return False
        taken, name, *bias = list_inputs(node)
        value: Array = numpy_helper.to_array(self.consts[name])
        if _attributes(node).get("transB"):
            name, value = f"{name}_t", value.T
        out: str = node.output[0]
        if not any(bias):
            self.product(taken, name, value, out)
            return True
        self.product(taken, name, value, f"{NAME}{out}_product")
        self.node("Add", [f"{NAME}{out}_product", bias[0]], out)
        return True

    def _multiplies_by_weight(self, node: NodeProto) -> bool:
        """Whether the right side is a constant matrix and the left side is not, without factors."""
        taken, name = list_inputs(node)[:2]
        weight, attributes = self.consts.get(name), _attributes(node)
        if weight is None or len(weight.dims) != 2 or taken in self.consts:
            return False
        scaled = attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0
        return not (attributes.get("transA") or scaled)


def _attributes(node: NodeProto) -> dict[str, float]:
    """The numbers among a node's attributes."""
    return {a.name: a.f or a.i for a in node.attribute}


def quantize(source: Path, target: Path) -> None:
    """Write a graph with its products by constant weights (`MatMul`, `Gemm`) in int8; one whose
    opset is under 18 is written unchanged.
    """
    import onnx
    from onnx import helper

    model = onnx.load(str(source))
    if _read_opset(model) >= MIN_OPSET:
        _replace_products(model.graph)
        if RUNTIME not in _list_opsets(model):
            model.opset_import.append(helper.make_opsetid(RUNTIME, 1))
    onnx.save(model, str(target))


def _list_opsets(model: ModelProto) -> dict[str, int]:
    """The version of each set of operators that a graph is written in, by domain."""
    return {opset.domain: opset.version for opset in model.opset_import}


def _read_opset(model: ModelProto) -> int:
    """The version of the standard's operators."""
    return next(v for domain, v in _list_opsets(model).items() if domain in ("", "ai.onnx"))


def _replace_products(graph: GraphProto) -> None:
    """Rewrite a graph in place; constants that no node reads any more are left out."""
    rewritten = _Graph(graph)
    for node in list_nodes(graph):
        if not rewritten.quantize_node(node):
            rewritten.nodes.append(node)
    used = set(_inputs(rewritten.nodes)) | set(list_outputs(graph))
    tensors = [tensor for tensor in list_constants(graph) if tensor.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(rewritten.nodes)
    graph.initializer.extend(tensors)


def _inputs(nodes: Iterable[NodeProto]) -> Iterator[str]:
    """What nodes read, those of inner graphs too."""
    for node in nodes:
        yield from list_inputs(node)
        for graph in list_inner_graphs(node):
            yield from _inputs(list_nodes(graph))
            yield from list_outputs(graph)
