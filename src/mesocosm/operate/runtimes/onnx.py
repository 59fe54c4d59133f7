"""ONNX Runtime on the CPU. Knows sessions; knows nothing of requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from mesocosm.base.kinds import Kind


class Onnx(Kind):
    """Run the exported graphs with ONNX Runtime.

    Args:
        precision: `int8` where it agreed with `fp32` at export, which `auto` takes too.
        threads: of one session.

    Source: https://onnxruntime.ai

    >>> Onnx().precision
    'auto'
    """

    short: ClassVar[str] = "type"
    type: Literal["onnx"] = "onnx"
    precision: Literal["auto", "int8", "fp32"] = "auto"
    threads: int = Field(2, ge=1, le=64)

    def session(self, path: Path) -> Any:
        """A session over one graph."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
