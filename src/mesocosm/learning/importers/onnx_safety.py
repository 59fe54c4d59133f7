"""Check an ONNX graph of unknown origin before it runs. Knows ONNX's messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.learning.export.graph_builder import list_constants, list_inner_graphs, list_nodes

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

DOMAINS = ("", "ai.onnx", "ai.onnx.ml")


def check_safe(model: ModelProto, name: str) -> None:
    """Refuse functions, operators that are not of the standard, and weights in other files.

    Args:
        name: the file as messages name it.

    Raises:
        ConfigValueError: the graph holds one of them.
    """
    if model.functions:
        raise ConfigValueError(
            "base.onnx",
            Message("learning.own_functions", file=name),
            Message("learning.standard_operators"),
        )
    for graph in _graphs(model.graph):
        for tensor in _tensors(graph):
            _check_tensor(tensor, name)
        for node in list_nodes(graph):
            _check_operator(node, name)


def _check_tensor(tensor: TensorProto, name: str) -> None:
    """Refuse weights in another file."""
    if tensor.external_data or tensor.data_location:
        raise ConfigValueError(
            "base.onnx",
            Message("learning.weights_elsewhere", file=name),
            Message("learning.one_whole_file"),
        )


def _check_operator(node: NodeProto, name: str) -> None:
    """Refuse an operator that is not of the standard."""
    if node.domain not in DOMAINS:
        raise ConfigValueError(
            "base.onnx",
            Message(
                "learning.operator_of_domain", file=name, operator=node.op_type, domain=node.domain
            ),
            Message("learning.standard_operators"),
        )


def shorten_error(error: Exception) -> str:
    """The first line of a library's error; the error's kind where it says nothing."""
    if not str(error):
        return type(error).__name__
    return str(error).splitlines()[0][:160]


def _graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """A graph, and the graphs in its nodes."""
    yield graph
    for node in list_nodes(graph):
        for inner in list_inner_graphs(node):
            yield from _graphs(inner)


def _tensors(graph: GraphProto) -> Iterator[TensorProto]:
    """The constants of a graph."""
    yield from list_constants(graph)
    for node in list_nodes(graph):
        yield from _node_tensors(node)


def _node_tensors(node: NodeProto) -> Iterator[TensorProto]:
    """The constants in a node's attributes."""
    for attribute in node.attribute:
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
