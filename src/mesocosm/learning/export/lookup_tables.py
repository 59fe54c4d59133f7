"""Tables whose rows a graph looks up, in float16 where that loses nothing: of a vocabulary of many
languages they are most of a base. Knows ONNX's nodes.

The row that is looked up is cast to float32, so that the graph gives the same numbers as before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.learning.arrays import Array
from mesocosm.learning.export.graph_builder import (
    list_constants,
    list_inner_graphs,
    list_inputs,
    list_nodes,
    list_outputs,
    make_node,
)

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

MIN_NUMBERS = 1_000_000  # of a table that is worth it
AT_ONCE = 65_536  # rows that are compared together


def narrow_tables(path: Path) -> None:
    """Rewrite, in place, a graph's large tables in float16 that lose nothing by it."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    narrowed = set[str]()
    for tensor in _list_tables(graph):
        value: Array = numpy_helper.to_array(tensor)
        if is_exact_half(value):
            tensor.CopyFrom(numpy_helper.from_array(value.astype(np.float16), tensor.name))
            narrowed.add(tensor.name)
    if not narrowed:
        return
    nodes = [added for node in list_nodes(graph) for added in _cast_rows(node, narrowed)]
    shapes = [value for value in graph.value_info if value.name not in narrowed]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.value_info.extend(shapes)
    onnx.save(model, str(path))


def is_exact_half(value: Array) -> bool:
    """Whether numbers are the same in float16.

    >>> is_exact_half(np.float32([[0.5], [-2048]])), is_exact_half(np.float32([[0.1], [1e6]]))
    (True, False)
    """
    starts = range(0, len(value), AT_ONCE)
    return all(_is_exact(value[start : start + AT_ONCE]) for start in starts)


def _is_exact(value: Array) -> bool:
    with np.errstate(over="ignore"):
        return np.array_equal(value.astype(np.float16).astype(value.dtype), value)


def _list_tables(graph: GraphProto) -> list[TensorProto]:
    """The large constants in float32 whose rows are looked up, and that nothing else reads."""
    from onnx import TensorProto

    looked_up = Counter(list_inputs(node)[0] for node in list_nodes(graph) if _looks_up(node))
    read = Counter(_list_read(graph))
    return [
        tensor
        for tensor in list_constants(graph)
        if looked_up[tensor.name] == read[tensor.name] > 0
        and tensor.data_type == TensorProto.FLOAT
        and len(tensor.dims) == 2
        and tensor.dims[0] * tensor.dims[1] >= MIN_NUMBERS
    ]


def _looks_up(node: NodeProto) -> bool:
    """Whether a node takes rows of a table."""
    return node.op_type == "Gather" and not any(a.name == "axis" and a.i for a in node.attribute)


def _list_read(graph: GraphProto) -> Iterator[str]:
    """What is read in a graph and in the graphs in it, as often as it is read."""
    yield from list_outputs(graph)
    for node in list_nodes(graph):
        yield from list_inputs(node)
        for inner in list_inner_graphs(node):
            yield from _list_read(inner)


def _cast_rows(node: NodeProto, narrowed: set[str]) -> Iterable[NodeProto]:
    """A node, and a cast behind it where it takes rows of a table in float16."""
    from onnx import TensorProto

    if not _looks_up(node) or list_inputs(node)[0] not in narrowed:
        return [node]
    out = node.output[0]
    node.output[0] = f"{out}_half"
    return [node, make_node("Cast", [f"{out}_half"], out, None, {"to": TensorProto.FLOAT})]
