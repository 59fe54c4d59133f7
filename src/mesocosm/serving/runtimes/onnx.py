"""ONNX Runtime on the CPU. Knows sessions; knows nothing of requests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings
from mesocosm.core.values.durations import Duration

if TYPE_CHECKING:
    import onnxruntime

# microseconds that a thread looks for work before it sleeps: longer than between two parts of a
# graph, or two requests of one connection
SPIN = "1000"
SMALL = 4_000_000  # bytes of a graph that one thread runs sooner than two can synchronise


class Workers(Settings):
    """How many processes answer for a service.

    Args:
        min: how many there always are.
        max: how many there may be while they are busy.
        busy: the share of the time in which workers are busy over which another is started; where
            one less would be well under it, one is stopped.

    Source: Kubernetes' Horizontal Pod Autoscaler (up at once, down after minutes).

    >>> Workers(min=1, max=4).busy
    0.8
    """

    short: ClassVar[str] = "min"
    min: int = Field(1, ge=0, le=64)
    max: int = Field(1, ge=0, le=64)
    busy: float = Field(0.8, gt=0, le=1)

    @model_validator(mode="before")
    @classmethod
    def _expand_number(cls, given: object) -> object:
        if isinstance(given, int) and not isinstance(given, bool):
            return {"min": given, "max": given}
        if not isinstance(given, dict):
            return given
        least = given.get("min")
        if isinstance(least, int) and least > 1:
            return {"max": least, **given}
        return given

    @model_validator(mode="after")
    def _check_range(self) -> Workers:
        if self.max < self.min:
            raise ValueError(Message("config.max_of_at_least", min=self.min, max=self.max))
        if not self.min and self.max:
            raise ValueError(Message("config.min_workers"))
        return self


class Onnx(Settings):
    """Run the exported graphs with ONNX Runtime.

    Args:
        precision: `int8` where it agreed with `fp32` at export, which `auto` takes too.
        threads: of one session.
        workers: processes that hold the model: a number, or `{min, max}` by load; 0 holds it in
            the gateway itself.
        memory: gigabytes after which a worker is replaced; twice what it held when it was warm, and
            one more, where not given.
        timeout: how long a worker may take for one batch before it is killed and the batch retried
            on another.

    Source: https://onnxruntime.ai

    >>> Onnx().precision
    'auto'
    """

    short: ClassVar[str] = "type"
    type: Literal["onnx"] = "onnx"
    precision: Literal["auto", "int8", "fp32"] = "auto"
    threads: int = Field(2, ge=1, le=64)
    workers: Workers = Workers()
    memory: float | None = Field(None, gt=0)
    timeout: Duration = "2m"

    def session(self, path: Path) -> onnxruntime.InferenceSession:
        """Open a session over one graph."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        if sum(p.stat().st_size for p in path.parent.glob(f"{path.stem}.*")) > SMALL:
            options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.spin_duration_us", SPIN)
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
