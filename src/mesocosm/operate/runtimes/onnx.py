"""ONNX Runtime on the CPU. Knows sessions; knows nothing of requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from mesocosm.base.durations import Duration
from mesocosm.base.kinds import Kind

SMALL = 4_000_000  # bytes of a graph that one thread runs sooner than two would agree who does


class Onnx(Kind):
    """Run the exported graphs with ONNX Runtime.

    Args:
        precision: `int8` where it agreed with `fp32` at export, which `auto` takes too.
        threads: of one session.
        workers: processes that hold the model beside the gateway; 0 holds it in the gateway itself.
        memory: gigabytes after which a worker is replaced; twice what it held when it was warm, and one more, where not given.
        stuck: how long a worker may take over one batch before it is killed and the batch given to another.

    Source: https://onnxruntime.ai

    >>> Onnx().precision
    'auto'
    """

    short: ClassVar[str] = "type"
    type: Literal["onnx"] = "onnx"
    precision: Literal["auto", "int8", "fp32"] = "auto"
    threads: int = Field(2, ge=1, le=64)
    workers: Literal[0, 1] = 1
    memory: float | None = Field(None, gt=0)
    stuck: Duration = "2m"

    def session(self, path: Path) -> Any:
        """A session over one graph."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads if sum(p.stat().st_size for p in path.parent.glob(f"{path.stem}.*")) > SMALL else 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # two pools and the gateway share the cores
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
