"""The end of a training run that every task of its own has: cost, seconds and gates.

Knows metrics and estimates. Knows no task.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from mesocosm.core.records import write_value
from mesocosm.learning.cost.estimate import TrackedEstimate
from mesocosm.learning.evaluation.metrics import check_gates
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.outcome import Metrics
from mesocosm.learning.training.context import TrainResult
from mesocosm.learning.training.loop.records import History


def assemble_result(
    model: Model,
    card: Mapping[str, object],
    metrics: Metrics,
    history: History,
    estimate: TrackedEstimate,
    began: float,
) -> TrainResult:
    """The result of a run that is done, with its cost and the gates that it misses.

    Args:
        metrics: of the test rows; `price` and `seconds` are added.
        history: one record an epoch.
        estimate: of this run; calibrated by what the run took.
        began: when the run began, by `time.perf_counter`.
    """
    metrics["price"] = write_value(estimate.record_actual())
    metrics["seconds"] = round(time.perf_counter() - began, 2)
    failed_gates = check_gates(dict(model.require), metrics)
    return TrainResult({**card, "metrics": metrics}, metrics, history, failed_gates)
