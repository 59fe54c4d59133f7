"""Kinds of drift test: one file and one line each."""

from mesocosm.operate.drift.chi2 import ChiSquared
from mesocosm.operate.drift.ks import KolmogorovSmirnov

DRIFT = {"chi2": ChiSquared, "ks": KolmogorovSmirnov}
