"""Settings of monitors. Runs nothing."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from mesocosm.core.plugins.choices import KindName
from mesocosm.core.settings import Settings
from mesocosm.core.values.durations import Duration, Rate
from mesocosm.monitoring.drift.detectors import FEATURE_TESTS
from mesocosm.monitoring.notifications import Notify
from mesocosm.monitoring.surge.settings import Surge


class Drift(Settings):
    """When live inputs drift from the training rows.

    Args:
        method: `auto` takes `ks` for numbers and `chi2` for categories; `psi` is the stability
            index of numbers.
        false_alarms: false alarms accepted over all features and looks.
        meaning: how texts and images are tested: `directions` (the principal directions of the
            model's embeddings), `mmd` (maximum mean discrepancy) or `classifier` (a classifier
            two-sample test against the held-out rows).
        window: live rows that a look compares; ten windows together show what one is too small for.
        max_accuracy_loss: accuracy that may be lost before a drift is harmful.
    """

    short: ClassVar[str] = "method"
    method: Annotated[str, KindName(FEATURE_TESTS, ("auto",))] = "auto"
    meaning: Literal["directions", "mmd", "classifier"] = "directions"
    false_alarms: Rate = "1/month"
    window: int = Field(200, ge=30, le=100_000)
    max_accuracy_loss: float = Field(0.02, ge=0, le=1)


class Anomaly(Settings):
    """When a service's own metrics change for the worse.

    Args:
        method: `adwin` or `page_hinkley`.
        on: the metrics that are tested.
    """

    short: ClassVar[str] = "method"
    method: Literal["adwin", "page_hinkley"] = "adwin"
    on: tuple[Literal["p95_ms", "error_rate", "rate"], ...] = ("p95_ms", "error_rate")


class Monitor(Settings):
    """A monitor of a service.

    Args:
        service: the service.
        every: how often it looks.
        drift: how drift of inputs is detected.
        anomaly: how a change of the service's own metrics is detected.
        surge: how a label that becomes far more frequent is detected; the alert has the items.
        on_drift: what follows on drift, in order; `retrain` and `recalibrate` (probabilities
            weighted by how much more frequent each class became) only where that is the
            remediation.
        on_anomaly: what follows on an anomaly, in order: `rollback` to the version before, or
            `fallback` to the service's simpler model.
        notify: where its alerts are sent; shown nowhere, since an address may be a secret.
        about: a description.
    """

    service: str
    every: Duration = "1m"
    drift: Drift | None = None
    anomaly: Anomaly | None = None
    surge: Surge | None = None
    on_drift: tuple[Literal["alert", "recalibrate", "retrain"], ...] = ("alert",)
    on_anomaly: tuple[Literal["alert", "rollback", "fallback"], ...] = ("alert",)
    notify: Notify | None = Field(None, exclude=True)
    about: str = ""

    def reacts_with(self, act: str) -> bool:
        """Whether a drift makes this monitor do something.

        >>> Monitor(service="desk", about="retrain by hand").reacts_with("retrain")
        False
        """
        return act in self.on_drift
