"""What is read of TensorFlow's graphs and SavedModels, which have no types of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Operation(Protocol):
    """A node of a graph."""

    op: str


class Function(Protocol):
    """A function in a graph."""

    node_def: Sequence[Operation]


class Library(Protocol):
    """The functions of a graph."""

    function: Sequence[Function]


class Graph(Protocol):
    """A graph of TensorFlow."""

    node: Sequence[Operation]
    library: Library


class SavedObject(Protocol):
    """An object that a SavedModel restores."""

    def WhichOneof(self, group: str) -> str | None: ...


class ObjectGraph(Protocol):
    """The objects of a SavedModel."""

    nodes: Sequence[SavedObject]


class Signature(Protocol):
    """The inputs and outputs of a graph."""

    inputs: Mapping[str, object]
    outputs: Mapping[str, object]


class MetaGraph(Protocol):
    """A graph of a SavedModel, with its objects and signatures."""

    graph_def: Graph
    object_graph_def: ObjectGraph
    asset_file_def: Sequence[object]
    signature_def: Mapping[str, Signature]


class SavedModel(Protocol):
    """A parsed SavedModel."""

    meta_graphs: Sequence[MetaGraph]


class Tensor(Protocol):
    """An input or an output of a function."""

    name: str


class ConcreteGraph(Protocol):
    """The graph of a function."""

    def as_graph_def(self) -> Graph: ...


class ConcreteFunction(Protocol):
    """A function of one signature."""

    graph: ConcreteGraph
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]


class Converted(Protocol):
    """An ONNX graph."""

    def SerializeToString(self) -> bytes: ...
