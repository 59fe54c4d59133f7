"""Sums over the tokens of a text as products with its mask: the order of a sum's terms depends on
the shape of the whole batch, that of a product's does not.

Knows ONNX's nodes. The difference is one place of a float, which a kernel's weights make thirty
times greater.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto


def pool_by_product(path: Path) -> None:
    """Rewrite, in place, a graph's sums over the second axis of states (rows, tokens, width) times
    a mask (rows, tokens, 1).
    """
    import onnx

    model = onnx.load(str(path))
    graph = model.graph
    nodes = _replace_sums(graph)
    if len(nodes) == len(graph.node):
        return
    nodes = _drop_unused_products(graph, nodes)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, str(path))


def _drop_unused_products(graph: GraphProto, nodes: list[NodeProto]) -> list[NodeProto]:
    """The nodes without products that nothing reads any more."""
    used = {output.name for output in graph.output}
    for node in nodes:
        used |= set(node.input)
    return [n for n in nodes if n.op_type != "Mul" or used & set(n.output)]


def _replace_sums(graph: GraphProto) -> list[NodeProto]:
    """A graph's nodes with masked sums replaced by products."""
    values = _Values.of(graph)
    nodes: list[NodeProto] = []
    for node in graph.node:
        factors = values.find_factors(node)
        if factors is None:
            nodes.append(node)
        else:
            nodes += _product_nodes(node, *factors)
    return nodes


@dataclass(frozen=True)
class _Values:
    """What a graph's values are, by their names: constants, outputs of nodes, masks of tokens."""

    constants: dict[str, TensorProto]
    producers: dict[str, NodeProto]
    masks: Set[str]

    @classmethod
    def of(cls, graph: GraphProto) -> _Values:
        """Those of a graph."""
        producers: dict[str, NodeProto] = {}
        for node in graph.node:
            producers |= dict.fromkeys(node.output, node)
        constants = {tensor.name: tensor for tensor in graph.initializer}
        masks = {value.name for value in graph.value_info if _is_mask(value)}
        return cls(constants, producers, masks)

    def find_factors(self, node: NodeProto) -> tuple[str, str] | None:
        """The names of states and mask where a node sums their product over the tokens."""
        if node.op_type != "ReduceSum" or _keeps_dimensions(node) or len(node.input) < 2:
            return None
        if not _is_second_axis(self.constants.get(node.input[1])):
            return None
        return _split_product(self.producers.get(node.input[0]), self.masks)


def _is_second_axis(axes: TensorProto | None) -> bool:
    from onnx import numpy_helper

    if axes is None:
        return False
    numbers: list[int] = numpy_helper.to_array(axes).tolist()
    return numbers == [1]


def _split_product(product: NodeProto | None, masks: Set[str]) -> tuple[str, str] | None:
    """The names of states and mask where a node multiplies them."""
    if product is None or product.op_type != "Mul":
        return None
    names = list(product.input)
    found = [name for name in names if name in masks]
    if not found:
        return None
    return next(name for name in names if name != found[0]), found[0]


def _product_nodes(node: NodeProto, states: str, mask: str) -> list[NodeProto]:
    """The nodes that replace a masked sum: transposed mask times states."""
    from onnx import helper

    out = node.output[0]
    return [
        helper.make_node("Transpose", [mask], [f"{out}_mask"], perm=[0, 2, 1]),
        helper.make_node("MatMul", [f"{out}_mask", states], [f"{out}_product"]),
        helper.make_node("Squeeze", [f"{out}_product", node.input[1]], [out]),
    ]


def _keeps_dimensions(node: NodeProto) -> bool:
    """Whether a reduction keeps its axis, which is ONNX's default."""
    given = [a.i for a in node.attribute if a.name == "keepdims"]
    return not given or 1 in given


def _is_mask(value: ValueInfoProto) -> bool:
    """Whether a value has the shape (rows, tokens, 1)."""
    shape = _shape(value)
    return len(shape) == 3 and shape[-1] == 1


def _shape(value: ValueInfoProto) -> list[int | str]:
    return [d.dim_value or d.dim_param for d in value.type.tensor_type.shape.dim]
