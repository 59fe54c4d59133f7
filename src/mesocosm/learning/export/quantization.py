"""Matrix products of a graph in int8, each row of activations with a scale of its own. Knows ONNX's
nodes.

A scale for a whole tensor (`DynamicQuantizeLinear`) makes a row's answer depend on the rows beside
it and on their padding. Here the scale of a row is the greatest of its own magnitudes, so that the
row gives the same in every batch. Weights have 7 bits: sums of two products then fit in 16 bits,
which processors without VNNI add in, so that every processor gives the same.

Source: Yao et al. 2022, arXiv 2206.01861 (a scale a token).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

WEIGHT = 63  # the greatest quantised weight
ACTIVATION = 127  # the greatest quantised activation, beside a zero point of 128
NAME = "int8_"
RUNTIME = (  # ONNX Runtime's own operators: one that multiplies in int8 and gives float
    "com.microsoft"
)


class _Graph:
    """Nodes and constants of a graph that is rewritten."""

    def __init__(self, graph: Any) -> None:
        self.graph, self.nodes, self.known = graph, list[Any](), set[str]()
        self.consts = {i.name: i for i in graph.initializer}
        self.step, self.middle = (
            self.const(f"{NAME}step", np.float32(1 / ACTIVATION)),
            self.const(f"{NAME}middle", np.uint8(128)),
        )

    def node(self, kind: str, inputs: list[str], out: str, **more: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [out], **more))
        return out

    def const(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        if name not in self.known:
            self.known.add(name)
            self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def activation(self, x: str) -> tuple[str, str]:
        """A tensor in uint8 around 128, and the greatest magnitude of each of its rows (the last
        axis); made once.

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
        q, size = self.activation(x)
        scale = (np.maximum(np.abs(value).max(0), 1e-12) / WEIGHT).astype(np.float32)
        w = self.const(
            f"{NAME}{weight}_q", np.clip(np.rint(value / scale), -WEIGHT, WEIGHT).astype(np.int8)
        )
        per_output = self.const(f"{NAME}{weight}_scale", scale)
        self.node(
            "MatMulIntegerToFloat",
            [q, w, self.step, per_output, self.middle],
            f"{NAME}{out}_part",
            domain=RUNTIME,
        )
        self.node("Mul", [f"{NAME}{out}_part", size], out)


def quantize(source: Path, target: Path) -> None:
    """Write a graph with its products by constant weights (`MatMul`, `Gemm`) in int8; one whose
    opset is under 18 stays as it is.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(source))
    if next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx")) < 18:
        onnx.save(model, str(target))
        return
    made = _Graph(model.graph)
    for node in model.graph.node:
        weight = made.consts.get(node.input[1]) if node.op_type in ("MatMul", "Gemm") else None
        how = {a.name: a.f or a.i for a in node.attribute}
        if (
            weight is None
            or len(weight.dims) != 2
            or node.input[0] in made.consts
            or how.get("transA")
            or how.get("alpha", 1.0) != 1.0
            or how.get("beta", 1.0) != 1.0
        ):
            made.nodes.append(node)
            continue
        value = numpy_helper.to_array(weight)
        name, turned = node.input[1], bool(how.get("transB"))
        bias = node.input[2] if len(node.input) > 2 and node.input[2] else ""
        product = f"{NAME}{node.output[0]}_product" if bias else node.output[0]
        made.product(
            node.input[0], f"{name}_t" if turned else name, value.T if turned else value, product
        )
        if bias:
            made.node("Add", [product, bias], node.output[0])
    used = set(_inputs(made.nodes)) | {o.name for o in model.graph.output}
    kept = [i for i in model.graph.initializer if i.name in used]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(made.nodes)
    model.graph.initializer.extend(kept)
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
