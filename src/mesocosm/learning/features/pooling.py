"""Sums over the tokens of a text as products with its mask: the order of a sum's terms depends on
the shape of the whole batch, that of a product's does not.

Knows ONNX's nodes. The difference is one place of a float, which a kernel's weights make thirty
times greater.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def pool_by_product(path: Path) -> None:
    """Rewrite, in its place, a graph's sums over the second axis of states (rows, tokens, width)
    times a mask (rows, tokens, 1).
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    consts = {i.name: i for i in graph.initializer}
    made = {o: n for n in graph.node for o in n.output}
    masks = {v.name for v in graph.value_info if _shape(v)[-1:] == [1] and len(_shape(v)) == 3}
    nodes: list[Any] = []
    for node in graph.node:
        axes = (
            consts.get(node.input[1])
            if node.op_type == "ReduceSum" and len(node.input) > 1
            else None
        )
        product = (
            made.get(node.input[0])
            if axes is not None and numpy_helper.to_array(axes).tolist() == [1]
            else None
        )
        keeps = any(a.name == "keepdims" and a.i == 1 for a in node.attribute) or not any(
            a.name == "keepdims" for a in node.attribute
        )
        mask = (
            next((i for i in product.input if i in masks), None)
            if product is not None and product.op_type == "Mul" and not keeps
            else None
        )
        if product is None or mask is None:
            nodes.append(node)
            continue
        states = next(i for i in product.input if i != mask)
        out = node.output[0]
        nodes += [
            helper.make_node("Transpose", [mask], [f"{out}_mask"], perm=[0, 2, 1]),
            helper.make_node("MatMul", [f"{out}_mask", states], [f"{out}_product"]),
            helper.make_node("Squeeze", [f"{out}_product", node.input[1]], [out]),
        ]
    if len(nodes) == len(graph.node):
        return
    used = {i for n in nodes for i in n.input} | {o.name for o in graph.output}
    nodes = [n for n in nodes if n.op_type != "Mul" or used & set(n.output)]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, str(path))


def _shape(value: Any) -> list[Any]:
    return [d.dim_value or d.dim_param for d in value.type.tensor_type.shape.dim]
