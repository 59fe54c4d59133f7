"""Kinds of drift test: one file and one line each."""

from collections.abc import Callable, Mapping

from mesocosm.core.messages import Message, Text
from mesocosm.core.plugins.kinds import Kinds
from mesocosm.monitoring.drift.detectors.chi2 import ChiSquared
from mesocosm.monitoring.drift.detectors.classifier import ClassifierTest
from mesocosm.monitoring.drift.detectors.feature_test import FeatureTest, JointTest
from mesocosm.monitoring.drift.detectors.ks import KolmogorovSmirnov
from mesocosm.monitoring.drift.detectors.mmd import MaximumMeanDiscrepancy
from mesocosm.monitoring.drift.detectors.psi import PopulationStabilityIndex

BUILT_IN: dict[str, type[FeatureTest]] = {
    "chi2": ChiSquared,
    "ks": KolmogorovSmirnov,
    "psi": PopulationStabilityIndex,
}


def _find_fault(kind: type[FeatureTest]) -> tuple[Text, Text] | None:
    of: object = getattr(kind, "of", None)
    if of in ("numbers", "counts"):
        return None
    return Message("monitoring.of_of", kind=kind.__name__, value=repr(of)), Message(
        "monitoring.numbers_or_counts"
    )


FEATURE_TESTS = Kinds("drift", BUILT_IN, FeatureTest, find_fault=_find_fault)
# of dimensions that mean something together only
JOINT_TESTS: Mapping[str, Callable[[], JointTest]] = {
    "classifier": ClassifierTest,
    "mmd": MaximumMeanDiscrepancy,
}
