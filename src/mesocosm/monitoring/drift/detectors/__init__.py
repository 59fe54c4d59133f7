"""Kinds of drift test: one file and one line each."""

from typing import Any

from mesocosm.monitoring.drift.detectors.chi2 import ChiSquared
from mesocosm.monitoring.drift.detectors.classifier import Distinguished
from mesocosm.monitoring.drift.detectors.ks import KolmogorovSmirnov
from mesocosm.monitoring.drift.detectors.mmd import MeanDiscrepancy
from mesocosm.monitoring.drift.detectors.psi import StabilityIndex

DRIFT: dict[str, Any] = {"chi2": ChiSquared, "ks": KolmogorovSmirnov, "psi": StabilityIndex}
WHOLE: dict[str, Any] = {
    "classifier": Distinguished,
    "mmd": MeanDiscrepancy,
}  # of features that mean something together only
