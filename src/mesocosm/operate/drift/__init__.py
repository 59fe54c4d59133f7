"""Kinds of drift test: one file and one line each."""

from typing import Any

from mesocosm.operate.drift.chi2 import ChiSquared
from mesocosm.operate.drift.ks import KolmogorovSmirnov
from mesocosm.operate.drift.psi import StabilityIndex

DRIFT: dict[str, Any] = {"chi2": ChiSquared, "ks": KolmogorovSmirnov, "psi": StabilityIndex}
