"""Sessions over exported graphs while a version is evaluated. Knows ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from mesocosm.learning.tasks.graph_session import GraphSession


class GraphInput(Protocol):
    """An input that a graph declares."""

    name: str


class InspectedSession(GraphSession, Protocol):
    """An open graph that names its inputs."""

    def get_inputs(self) -> Sequence[GraphInput]:
        """The inputs that the graph reads."""
        ...


def session(path: Path) -> InspectedSession:
    """A CPU session over one graph, whose threads sleep between batches, which are small."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    opened: InspectedSession = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )
    return opened
