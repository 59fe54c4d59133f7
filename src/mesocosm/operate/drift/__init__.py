"""Kinds of drift test: one file and one line each."""

from typing import Any

from mesocosm.operate.drift.chi2 import ChiSquared
from mesocosm.operate.drift.classifier import Distinguished
from mesocosm.operate.drift.ks import KolmogorovSmirnov
from mesocosm.operate.drift.mmd import MeanDiscrepancy
from mesocosm.operate.drift.psi import StabilityIndex

DRIFT: dict[str, Any] = {"chi2": ChiSquared, "ks": KolmogorovSmirnov, "psi": StabilityIndex}
WHOLE: dict[str, Any] = {
    "classifier": Distinguished,
    "mmd": MeanDiscrepancy,
}  # of features that mean something together only
