"""Nodes and constants of an ONNX graph, written one after the other. Knows ONNX's helpers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

    from mesocosm.learning.arrays import Array

Attribute: TypeAlias = str | int | float | Sequence[int] | Sequence[float] | Sequence[str]


def make_node(
    kind: str, inputs: Sequence[str], out: str, domain: str | None, attributes: dict[str, Attribute]
) -> NodeProto:
    """A node of one output."""
    from onnx import helper

    return helper.make_node(kind, inputs, [out], None, None, domain, None, **attributes)


def list_inner_graphs(node: NodeProto) -> Iterator[GraphProto]:
    """The graphs in a node: branches and bodies."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def list_inputs(node: NodeProto) -> list[str]:
    """The names of what a node reads."""
    return list(node.input)


def list_nodes(graph: GraphProto) -> list[NodeProto]:
    """The nodes of a graph."""
    return list(graph.node)


def list_outputs(graph: GraphProto) -> list[str]:
    """The names of what a graph gives."""
    return [output.name for output in graph.output]


def list_constants(graph: GraphProto) -> list[TensorProto]:
    """The constants of a graph."""
    return list(graph.initializer)


class GraphBuilder:
    """Nodes and constants of a graph, in the order in which they are added.

    Attributes:
        features: the name of what a head reads of the texts.
    """

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.features = "features"

    def node(
        self,
        kind: str,
        inputs: Sequence[str],
        out: str,
        domain: str | None = None,
        **attributes: Attribute,
    ) -> str:
        """Add a node of one output; its name."""
        self.nodes.append(make_node(kind, inputs, out, domain, attributes))
        return out

    def const(self, name: str, value: Array) -> str:
        """Add a constant; its name."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name
