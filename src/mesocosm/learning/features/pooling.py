"""Sums over the tokens of a text as products with its mask: the order of a sum's terms depends on
the shape of the whole batch, that of a product's does not.

Knows ONNX's nodes. The difference is one place of a float, which a kernel's weights make thirty
times greater.
"""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from typing import Any


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
    used = {output.name for output in graph.output}
    for node in nodes:
        used |= set(node.input)
    nodes = [n for n in nodes if n.op_type != "Mul" or used & set(n.output)]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, str(path))


def _replace_sums(graph: Any) -> list[Any]:
    """A graph's nodes with masked sums replaced by products."""
    constants = {i.name: i for i in graph.initializer}
    producers: dict[str, Any] = {}
    for node in graph.node:
        producers |= dict.fromkeys(node.output, node)
    masks = {value.name for value in graph.value_info if _is_mask(value)}
    nodes: list[Any] = []
    for node in graph.node:
        axes = constants.get(node.input[1]) if len(node.input) > 1 else None
        if node.op_type != "ReduceSum" or not _is_second_axis(axes) or _keeps_dimensions(node):
            nodes.append(node)
            continue
        factors = _masked_factors(producers.get(node.input[0]), masks)
        nodes += _product_nodes(node, *factors) if factors else [node]
    return nodes


def _is_second_axis(axes: Any) -> bool:
    from onnx import numpy_helper

    return axes is not None and numpy_helper.to_array(axes).tolist() == [1]


def _masked_factors(product: Any, masks: Set[str]) -> tuple[str, str] | None:
    """The names of states and mask where a node multiplies them."""
    if product is None or product.op_type != "Mul":
        return None
    mask = next((name for name in product.input if name in masks), None)
    if mask is None:
        return None
    return next(name for name in product.input if name != mask), mask


def _product_nodes(node: Any, states: str, mask: str) -> list[Any]:
    """The nodes that replace a masked sum: transposed mask times states."""
    from onnx import helper

    out = node.output[0]
    return [
        helper.make_node("Transpose", [mask], [f"{out}_mask"], perm=[0, 2, 1]),
        helper.make_node("MatMul", [f"{out}_mask", states], [f"{out}_product"]),
        helper.make_node("Squeeze", [f"{out}_product", node.input[1]], [out]),
    ]


def _keeps_dimensions(node: Any) -> bool:
    """Whether a reduction keeps its axis, which is ONNX's default."""
    given = [a.i for a in node.attribute if a.name == "keepdims"]
    return not given or 1 in given


def _is_mask(value: Any) -> bool:
    """Whether a value has the shape (rows, tokens, 1)."""
    shape = _shape(value)
    return len(shape) == 3 and shape[-1] == 1


def _shape(value: Any) -> list[Any]:
    return [d.dim_value or d.dim_param for d in value.type.tensor_type.shape.dim]
