"""Kinds of drift test: one file and one line each."""

from typing import Any

from mesocosm.monitoring.drift.detectors.chi2 import ChiSquared
from mesocosm.monitoring.drift.detectors.classifier import ClassifierTest
from mesocosm.monitoring.drift.detectors.ks import KolmogorovSmirnov
from mesocosm.monitoring.drift.detectors.mmd import MaximumMeanDiscrepancy
from mesocosm.monitoring.drift.detectors.psi import PopulationStabilityIndex

FEATURE_TESTS: dict[str, Any] = {
    "chi2": ChiSquared,
    "ks": KolmogorovSmirnov,
    "psi": PopulationStabilityIndex,
}
# of dimensions that mean something together only
JOINT_TESTS: dict[str, Any] = {"classifier": ClassifierTest, "mmd": MaximumMeanDiscrepancy}
